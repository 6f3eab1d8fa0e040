from . import test_gateway, test_queue
