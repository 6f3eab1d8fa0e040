from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Schedules do what these scheduled actions did."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name in ("cron_generate", "cron_assign", "cron_release"):
        if cron := env.ref(f"hospital_followup.{name}", raise_if_not_found=False):
            cron.unlink()
