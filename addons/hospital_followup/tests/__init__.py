from . import (
    test_assign,
    test_buttons,
    test_message,
    test_planning,
    test_reconcile_events,
    test_reconcile_rules,
    test_record,
    test_report,
    test_rights,
    test_statistics,
    test_walk,
    test_wizards,
)
