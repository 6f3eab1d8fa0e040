from . import controllers, models, protocols, services
