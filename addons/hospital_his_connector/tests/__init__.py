from . import test_alarm, test_feed, test_pruning, test_pure, test_reconcile, test_rights, test_run
from . import test_feed, test_hl7, test_inbox, test_pure, test_push, test_rights, test_run
