from . import hl7
