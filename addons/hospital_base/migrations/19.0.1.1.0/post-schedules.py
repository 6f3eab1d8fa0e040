from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Schedules do what these scheduled actions did."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name in ("cron_refresh_care",):
        if cron := env.ref(f"hospital_base.{name}", raise_if_not_found=False):
            cron.unlink()
