from . import test_gateway, test_gateway_vendor, test_queue
