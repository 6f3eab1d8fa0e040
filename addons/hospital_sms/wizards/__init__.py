from . import hospital_message_compose
