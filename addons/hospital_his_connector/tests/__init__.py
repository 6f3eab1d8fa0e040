from . import test_feed, test_pure, test_rights, test_run, test_source
