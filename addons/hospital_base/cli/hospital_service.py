import asyncio
import optparse
import sys
import threading

from odoo.cli import Command
from odoo.cli import server as cli_server
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


class HospitalService(Command):
    """Run the services of the hospital suite for one database"""

    name = "hospital_service"

    def run(self, args):
        config.parser.prog = self.prog
        group = optparse.OptionGroup(config.parser, "Hospital service options")
        group.add_option("--only", dest="only", help="names of the services to run here, e.g. sync,messages")
        config.parser.add_option_group(group)
        only = config.parse_config(args, setup_logging=True).only or ""
        cli_server.check_postgres_user()
        if len(config["db_name"]) != 1:
            sys.exit("Name one database: -d DATABASE")
        (database,) = config["db_name"]
        threading.current_thread().dbname = database
        cli_server.report_configuration()
        server.load_server_wide_modules()
        # loading the database's addons imports them, and with them the services that they register
        if "hospital.service" not in Registry(database):
            sys.exit(f"hospital_base is not installed in the database {database}")
        asyncio.run(self._serve(database, only))

    async def _serve(self, database, only):
        from odoo.addons.hospital_base.service import REGISTERED  # noqa: PLC0415
        from odoo.addons.hospital_base.service.kernel import Kernel  # noqa: PLC0415
        from odoo.addons.hospital_base.service.odoo_side import connector, transactor  # noqa: PLC0415

        names = [name.strip() for name in only.split(",") if name.strip()] or list(REGISTERED)
        if unknown := sorted(set(names) - set(REGISTERED)):
            known = ", ".join(sorted(REGISTERED)) or "none"
            sys.exit(f"Unknown service {', '.join(unknown)}; the addons of {database} have: {known}")
        kernel = Kernel(connector(database), [REGISTERED[name] for name in names], transactor(database))
        kernel.stop_on_signals()
        await kernel.run()
