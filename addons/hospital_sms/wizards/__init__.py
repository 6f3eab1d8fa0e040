from . import hospital_gateway_test, hospital_message_delete
from . import hospital_message_compose
from . import hospital_gateway_test, hospital_message_compose, sms_composer
from . import hospital_gateway_test, hospital_message_compose
