from . import test_gateway, test_history, test_queue
