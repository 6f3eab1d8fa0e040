from . import hospital_gateway_test, hospital_message_compose
