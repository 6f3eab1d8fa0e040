from . import test_feed, test_inbox, test_pure, test_push, test_rights, test_run
