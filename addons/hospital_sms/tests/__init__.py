from . import test_fallback, test_queue
