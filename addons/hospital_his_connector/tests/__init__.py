from . import (
    test_alarm,
    test_feed,
    test_hl7,
    test_inbox,
    test_pruning,
    test_pure,
    test_push,
    test_reconcile,
    test_rights,
    test_run,
)
