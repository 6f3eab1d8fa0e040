from . import (
    test_alarm,
    test_booking,
    test_feed,
    test_hl7,
    test_inbox,
    test_outbox,
    test_pruning,
    test_pure,
    test_push,
    test_reconcile,
    test_rights,
    test_run,
    test_transaction,
)
from . import test_feed, test_pure, test_rights, test_run, test_schedule
    test_codemap,
    test_dry_run,
    test_feed,
    test_mapping,
    test_pure,
    test_rights,
    test_run,
    test_source,
    test_version,
)
from . import test_feed, test_inbox, test_lists, test_pure, test_rights, test_run
from . import test_clinic, test_feed, test_inbox, test_pure, test_rights, test_run
