from . import exchange, hl7
