from . import test_fallback
from . import test_queue
