from datetime import timedelta

from odoo import api, fields, models

from ..messaging.arrays import array
from .hospital_message_queue import Draft, Terms

# Hours without a report after which nobody expects one.
SILENT = 72
# What one transaction of the slow care looks at.
MOST = 5000
# A parked report that belongs to nobody is forgotten after so many days.
STRANGERS = 30


class HospitalMessage(models.Model):
    """What the service looks after from time to time, and what people do about messages that did not arrive."""

    _inherit = "hospital.message"

    @api.model
    def _recover(self, held=(), minutes=0):
        """Parts that stand as *sending* without anybody who will settle them may have left: they are *unknown*.

        Called by whoever leads now, for what a process that died has left; and from time to time, for what was taken
        so many ``minutes`` ago and is not among those ``held``: its transaction was committed after we had given it up.
        """
        self.env.cr.execute(
            """UPDATE hospital_message_part SET state = 'unknown', attempts = attempts + 1
                WHERE state = 'sending' AND NOT id = ANY(%s::int[])
                  AND (%s = 0 OR sending_at < statement_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 minute')
            RETURNING id, message_id""",
            [array(held), minutes, minutes],
        )
        rows = self.env.cr.fetchall()
        if rows:
            touched = {row[1] for row in rows} | self._match_parked([row[0] for row in rows])
            self._follow(touched)
        return len(rows)

    @api.model
    def _give_up_waiting(self):
        """Parts of which nothing was reported in three days are *silent*; returns whether there may be more."""
        hours = int(self.env["ir.config_parameter"].sudo().get_param("hospital_sms.silent_hours", SILENT))
        self.env.cr.execute(
            """UPDATE hospital_message_part SET state = 'silent'
                WHERE id IN (SELECT id FROM hospital_message_part
                              WHERE state = 'sent'
                                AND sent_at < statement_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 hour'
                              ORDER BY sent_at LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING message_id""",
            [hours, MOST],
        )
        rows = self.env.cr.fetchall()
        self._follow({row[0] for row in rows})
        return len(rows) == MOST

    @api.model
    def _route_waiting(self):
        """Messages that no gateway served when they were put in, or whose gateway is no more: perhaps one does now."""
        self.env.cr.execute(
            """SELECT DISTINCT message_id FROM (
                   SELECT message_id FROM hospital_message_part part
                    WHERE state = 'queued'
                      AND (gateway_id IS NULL OR gateway_id IN (SELECT id FROM hospital_gateway WHERE NOT active))
                      AND NOT EXISTS (SELECT FROM hospital_message_part sibling
                                       WHERE sibling.message_id = part.message_id AND sibling.state <> 'queued')
                    LIMIT %s) AS waiting""",
            [MOST],
        )
        messages = self.browse([row[0] for row in self.env.cr.fetchall()])
        for (channel, purpose, department), group in messages.grouped(
            lambda message: (message.channel, message.purpose, message.department_id)
        ).items():
            terms = Terms(purpose, channel, department_id=department.id)
            routes = self.env["hospital.gateway"]._route(group.mapped("number"), terms)
            found = {message.id: routes[message.number][0] for message in group if routes[message.number][0]}
            self._move(found)

    @api.model
    def _care(self):
        """What need not be done at once; returns whether there is more of it."""
        for gateway_id, reply in self.env["hospital.message.piece"]._overdue():
            self.env["hospital.message.inbound"]._receive(gateway_id, [reply])
        self._route_waiting()
        return self._give_up_waiting()

    @api.autovacuum
    def _gc_strangers(self):
        limit = fields.Datetime.now() - timedelta(days=STRANGERS)
        self.env.cr.execute("DELETE FROM hospital_message_report WHERE at < %s", [limit])

    def _send_again(self):
        """Put messages that failed or of which nothing certain is known into the queue once more.

        Each becomes a new message that stands for the old one (``root_id``) and has to pass the gate like any other;
        returns the new ones.
        """
        made = self.browse()
        again = self.filtered(lambda message: message.state in ("failed", "partial", "unknown", "silent"))
        for terms, group in again.grouped(HospitalMessage._terms).items():
            drafts = [
                Draft(
                    message.text,
                    message.sudo().number or "",
                    message.patient_id.id or None,
                    message.sudo().openid or "",
                    message.values or None,
                    origin=(message.res_model, message.res_id) if message.res_model else None,
                    root_id=message.root_id.id or message.id,
                )
                for message in group
            ]
            made |= self.browse(filter(None, self._enqueue(drafts, terms)))
        return made

    def _terms(self):
        return Terms(
            self.purpose,
            self.channel,
            self.priority,
            template_id=self.template_id.id or None,
            department_id=self.department_id.id or None,
            watched=self.watched,
        )
