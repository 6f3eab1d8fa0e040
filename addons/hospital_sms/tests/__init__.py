from . import test_batch
from . import test_queue
