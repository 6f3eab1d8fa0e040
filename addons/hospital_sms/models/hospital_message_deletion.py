from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# The rules for short messages ask to keep what was sent for five months at least.
LEGAL_MONTHS = 5
DEFAULT_MONTHS = 36
MONTHS = "hospital_sms.retention_months"
CHUNK, MOST = 5_000, 100_000


class HospitalMessageDeletion(models.Model):
    """Who removed how many messages from the history, and why. Append only."""

    _name = "hospital.message.deletion"
    _description = "Deletion of Messages"
    _order = "id desc"
    _log_access = False

    at = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True)
    user_id = fields.Many2one("res.users", string="By", required=True, ondelete="restrict", readonly=True)
    origin = fields.Selection(
        [("hand", "By a person"), ("retention", "End of the time they are kept")], required=True, readonly=True
    )
    reason = fields.Char(required=True, readonly=True)
    count = fields.Integer(string="Messages", required=True, readonly=True)
    inbound_count = fields.Integer(string="Incoming", required=True, default=0, readonly=True)
    first_at = fields.Datetime(string="Oldest", readonly=True)
    last_at = fields.Datetime(string="Newest", readonly=True)

    def write(self, vals):  # pylint: disable=method-required-super; nothing is ever written
        raise AccessError(self.env._("The record of deletions cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("The record of deletions cannot be changed."))

    @api.model
    def _oldest_kept(self, months):
        return fields.Datetime.now() - relativedelta(months=max(months, LEGAL_MONTHS))

    @api.model
    def _run_retention(self):
        """Job: remove what is older than the time for which messages are kept; returns how many.

        Commits after each ``MOST`` with their record, so that a setting made shorter leaves no night too long.
        """
        months = int(self.env["ir.config_parameter"].sudo().get_param(MONTHS) or DEFAULT_MONTHS)
        limit, total = self._oldest_kept(months), 0
        while True:
            count = self._remove_older(limit, months)
            total += count
            if count < MOST:
                return total
            self.env.cr.commit()  # pylint: disable=invalid-commit; what is removed is recorded

    @api.model
    def _remove_older(self, limit, months):
        count, first, last = 0, None, None
        while count < MOST and (found := self._old_ids(limit)):
            removed, oldest, newest = self._remove(found, limit)
            count, first, last = count + removed, first or oldest, newest
            if removed < len(found):
                break
        self.env.cr.execute("DELETE FROM hospital_message_inbound WHERE at < %s", [limit])
        inbound = self.env.cr.rowcount
        if count or inbound:
            self.sudo().create(
                {
                    "user_id": self.env.uid,
                    "origin": "retention",
                    "reason": self.env._("Kept for %s months.", months),
                    "count": count,
                    "inbound_count": inbound,
                    "first_at": first,
                    "last_at": last,
                }
            )
        self.env.invalidate_all()
        return count

    @api.model
    def _old_ids(self, limit):
        self.env.cr.execute(
            """SELECT id FROM hospital_message
                WHERE COALESCE(sent_at, plan_at) < %s AND state NOT IN ('draft', 'queued')
                ORDER BY COALESCE(sent_at, plan_at) LIMIT %s""",
            [limit, CHUNK],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _remove(self, ids, limit):
        """Remove those of these messages that are over and older than ``limit``: how many, the oldest, the newest."""
        self.env.cr.execute(
            """WITH gone AS (SELECT id FROM hospital_message WHERE id = ANY(%(ids)s)
                                AND COALESCE(sent_at, plan_at) < %(limit)s AND state NOT IN ('draft', 'queued')),
                    stands AS (UPDATE hospital_message SET root_id = NULL
                                WHERE root_id IN (SELECT id FROM gone) AND id NOT IN (SELECT id FROM gone))
               SELECT id FROM gone""",
            {"ids": list(ids), "limit": limit},
        )
        gone = [row[0] for row in self.env.cr.fetchall()]
        self.env.cr.execute(
            """WITH gone AS (DELETE FROM hospital_message WHERE id = ANY(%s)
                         RETURNING COALESCE(sent_at, plan_at) AS moment)
               SELECT count(*), min(moment), max(moment) FROM gone""",
            [gone],
        )
        removed = self.env.cr.fetchone()
        self.env["hospital.message.block"]._forget(gone)
        return removed


class HospitalMessage(models.Model):
    _inherit = "hospital.message"

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Messages are deleted from the history by its button, which records it."))
