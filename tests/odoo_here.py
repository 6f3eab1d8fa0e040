"""Imported before ``odoo.addons``: makes the addons importable in this very process, without a server."""

import odoo.modules.module
from odoo.tools import config

config.parse_config([], setup_logging=False)
odoo.modules.module.initialize_sys_path()
