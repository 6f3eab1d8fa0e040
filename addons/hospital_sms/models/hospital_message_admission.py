from odoo import api, fields, models

from odoo.addons.hospital_base.gate import admission

from ..messaging.arrays import array

# Minutes within which the same text is not sent to the same number again.
REPEATED = 10


class HospitalMessage(models.Model):
    """Which messages may go: the contact gate, numbers that have refused, the same text twice."""

    _inherit = "hospital.message"

    @api.model
    def _verdicts(self, wanted, channel, purpose, at=None):
        """The gate's answer for each of ``wanted`` (they have ``patient_id`` and ``number``), in order.

        A number without a patient has no say of its own, but hours apply to it, and it may have refused.
        """
        at = at or fields.Datetime.now()
        contacts, company = self.env["hospital.contact"], self.env["res.company"]
        patients = self.env["res.partner"].browse({one.patient_id for one in wanted if one.patient_id})
        verdicts = contacts._admit(patients, channel, purpose, at)
        local = company._to_hospital_clock(at)
        allowed = admission.next_allowed(contacts._policy(channel, purpose).hours, local)
        stranger = admission.Verdict("yes")
        if allowed > local:
            stranger = admission.Verdict("later", company._from_hospital_clock(allowed), "hours")
        stopped = self._stopped_numbers([one.number for one in wanted if one.number], purpose)
        refused = admission.Verdict("no", reason="stopped")
        return [
            refused
            if one.number in stopped and verdicts.get(one.patient_id, stranger).verdict != "no"
            else verdicts.get(one.patient_id, stranger)
            for one in wanted
        ]

    @api.model
    def _overtakes(self, message):
        """Whether it waits neither for hours nor for a cap: a code, a clinic that has been stopped."""
        return message.priority == "0" and message.purpose != "marketing"

    @api.model
    def _stopped_numbers(self, numbers, purpose):
        """Which of ``numbers`` want nothing more for this purpose, or nothing at all."""
        self.env.cr.execute(
            """SELECT number FROM hospital_message_stop WHERE number = ANY(%s::text[]) AND purpose = %s
                UNION SELECT right(number, 11) FROM phone_blacklist
                       WHERE active AND number = ANY(SELECT '+86' || number FROM unnest(%s::text[]) AS number)""",
            [array(numbers), purpose, array(numbers)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _repeated(self, drafts):
        """Places of drafts whose text has gone to the same number within minutes, or is among the drafts twice.

        What stands for another message (``root_id``) is meant to be sent again.
        """
        minutes = int(self.env["ir.config_parameter"].sudo().get_param("hospital_sms.repeated_minutes", REPEATED))
        if not minutes:
            return set()
        self.env.cr.execute(
            """SELECT message.number, message.text FROM hospital_message message
                WHERE message.number = ANY(%s::text[])
                  AND message.state NOT IN ('draft', 'excluded', 'cancelled', 'failed')
                  AND message.create_date > now() AT TIME ZONE 'UTC' - %s * interval '1 minute'""",
            [array({draft.number for draft in drafts if draft.number}), minutes],
        )
        seen, places = set(self.env.cr.fetchall()), set()
        for place, draft in enumerate(drafts):
            if draft.root_id or not draft.number:
                continue
            if (draft.number, draft.text) in seen:
                places.add(place)
            seen.add((draft.number, draft.text))
        return places

    @api.model
    def _exclude(self, reasons, state="excluded"):
        """``{message id: reason}``: these are not sent after all."""
        if not reasons:
            return
        self.env.cr.execute(
            """WITH refused AS (SELECT * FROM unnest(%s::int[], %s::text[]) AS refused (id, reason)),
                    parts AS (UPDATE hospital_message_part part SET state = 'cancelled' FROM refused
                               WHERE part.message_id = refused.id AND part.state = 'queued')
               UPDATE hospital_message message
                  SET state = %s, reason = refused.reason, write_date = now() AT TIME ZONE 'UTC'
                 FROM refused WHERE message.id = refused.id
            RETURNING message.id, message.watched""",
            [array(reasons), array(reasons.values()), state],
        )
        self._tell([message_id for message_id, watched in self.env.cr.fetchall() if watched])

    @api.model
    def _postpone(self, ids, at):
        """These wait until ``at``."""
        self.env.cr.execute(
            """WITH parts AS (UPDATE hospital_message_part SET due_at = %(at)s
                               WHERE message_id = ANY(%(ids)s) AND state = 'queued')
               UPDATE hospital_message SET plan_at = %(at)s WHERE id = ANY(%(ids)s)""",
            {"ids": ids, "at": at},
        )
