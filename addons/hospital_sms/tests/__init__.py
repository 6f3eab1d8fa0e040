from . import test_batch, test_compose, test_inbound, test_odoo_sms, test_queue, test_template
