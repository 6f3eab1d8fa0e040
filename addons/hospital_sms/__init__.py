from . import controllers, models, protocols, services, wizards
