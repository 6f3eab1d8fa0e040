from . import test_clinic, test_feed, test_inbox, test_lists, test_pure, test_rights, test_run
