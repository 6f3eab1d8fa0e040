from . import test_booking, test_feed, test_inbox, test_outbox, test_pure, test_rights, test_run
