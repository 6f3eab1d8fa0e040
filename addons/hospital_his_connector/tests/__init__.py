from . import (
    test_codemap,
    test_dry_run,
    test_feed,
    test_inbox,
    test_lists,
    test_mapping,
    test_pure,
    test_rights,
    test_run,
    test_source,
    test_version,
)
