from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Schedules do what these scheduled actions did."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name in ("ir_cron_queue_all", "ir_cron_exchange"):
        if cron := env.ref(f"hospital_his_connector.{name}", raise_if_not_found=False):
            cron.unlink()
