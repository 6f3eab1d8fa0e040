from . import controllers, models, protocols, services, wizards
from . import models, protocols, services, wizards
