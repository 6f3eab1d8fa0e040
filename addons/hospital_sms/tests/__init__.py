from . import test_gateway, test_queue
from . import test_fallback, test_queue
