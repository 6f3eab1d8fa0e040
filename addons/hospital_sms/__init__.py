from . import models, protocols, services, wizards
