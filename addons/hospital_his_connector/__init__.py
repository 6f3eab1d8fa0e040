from . import controllers, models, services, wizards
from . import controllers, models, wizards
