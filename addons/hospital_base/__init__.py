from . import logs, models, services, wizards
