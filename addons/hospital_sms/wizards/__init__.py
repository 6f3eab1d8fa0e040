from . import hospital_gateway_test, hospital_message_compose, hospital_message_delete, sms_composer
