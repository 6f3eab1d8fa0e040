from . import hospital_gateway_test
