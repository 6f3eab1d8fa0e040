from . import hospital_message_compose, sms_composer
