from . import hl7
from . import exchange
