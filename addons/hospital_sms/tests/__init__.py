from . import test_gateway, test_queue
from . import test_fallback, test_queue
from . import test_batch
from . import test_queue
from . import test_compose, test_inbound, test_odoo_sms, test_queue, test_template
from . import test_gateway, test_gateway_vendor, test_queue
from . import test_gateway, test_history, test_queue
from . import test_batch, test_compose, test_inbound, test_odoo_sms, test_queue, test_template
