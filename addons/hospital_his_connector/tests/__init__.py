from . import test_alarm, test_feed, test_pruning, test_pure, test_reconcile, test_rights, test_run
