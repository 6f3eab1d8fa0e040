from . import models, services
from . import models, services, wizards
