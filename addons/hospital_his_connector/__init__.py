from . import controllers, models, services, wizards
from . import models, wizards
from . import controllers, models
