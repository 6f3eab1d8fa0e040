from . import (
    test_batch,
    test_compose,
    test_fallback,
    test_gateway,
    test_gateway_vendor,
    test_history,
    test_inbound,
    test_odoo_sms,
    test_queue,
    test_template,
)
