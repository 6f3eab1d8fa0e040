from . import test_feed, test_hl7, test_inbox, test_pure, test_push, test_rights, test_run
