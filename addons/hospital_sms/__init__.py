from . import models, protocols, services
