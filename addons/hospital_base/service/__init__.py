"""The services beside the web server: what must live longer than a request or a scheduled action.

Pure asyncio and psycopg2; only `odoo_side` knows Odoo. An addon registers one class and imports its file:

    from odoo.addons.hospital_base.service import Service, register

    @register
    class Sync(Service):
        name = "sync"

        async def run(self):
            while not self.context.stopping:
                await self.context.transaction(self._tick, deadline=60)  # self._tick(env), then commit
                await self.context.wait(15)  # or until NOTIFY hospital_sync
"""

from .base import REGISTERED, Problem, Service, register

__all__ = ["REGISTERED", "Problem", "Service", "register"]
