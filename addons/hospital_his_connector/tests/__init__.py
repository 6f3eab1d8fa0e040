from . import test_feed, test_pure, test_reconcile, test_rights, test_run
