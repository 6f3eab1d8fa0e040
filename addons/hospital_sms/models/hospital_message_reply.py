import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..messaging.refusal import is_refusal
from .hospital_message_queue import Draft, Terms

# A text is taken for an answer to the last message to its number for so long.
ANSWERS = "72 hours"
# A refusal that answers nothing of late is of what came last.
REMEMBERED = "365 days"
# Messages to the number or follower of a text, while they are remembered.
_WRITTEN_TO = """
    (number = %(number)s OR patient_id = ANY(%(patients)s) AND openid = %(openid)s)
    AND create_date > %(at)s - %(remembered)s::interval AND state NOT IN ('draft', 'excluded', 'cancelled')
"""
# A person decides what is a complaint; these words bring a text to the top.
ATTENTION = re.compile(
    r"投诉|举报|差评|态度|骗|事故|律师|赔|12345|12320|疼得|出血|流血|高烧|昏|喘不上|救命|急救|自杀|不想活"
)


class HospitalMessageInbound(models.Model):
    """What becomes of a text that came in: whom it is from, what it answers, whether it refuses, who reads it."""

    _inherit = "hospital.message.inbound"

    user_id = fields.Many2one(
        "res.users", string="For", readonly=True, ondelete="set null", help="Who sent what it answers."
    )
    # Never NULL, which would stand before TRUE in the order of what is to be read.
    attention = fields.Boolean(readonly=True, default=False, help="Words of a complaint or of an emergency.")
    handled_by = fields.Many2one("res.users", readonly=True, ondelete="set null", index="btree_not_null")
    handled_at = fields.Datetime(readonly=True)

    _unread_index = models.Index("(user_id) WHERE kind = 'new'")
    _unread_order_index = models.Index("(attention DESC, id) WHERE kind = 'new'")
    _at_index = models.Index("(at)")

    @api.model
    def _handle(self, ids):
        """Thread these texts, act on refusals (which are few), leave the others to be read."""
        super()._handle(ids)
        texts = self.browse(ids)
        texts._thread()
        texts.invalidate_recordset()
        refusals = texts.filtered(lambda text: text.kind == "new" and is_refusal(text.text))
        refusals.kind = "refusal"
        for refusal in refusals:
            refusal._stop()
        attention = (texts - refusals).filtered(lambda text: ATTENTION.search(text.text or ""))
        attention.attention = True
        texts.filtered("patient_id")._write_ledger()

    # -- whom it is from, what it answers ----------------------------------------------------------------------

    def _thread(self):
        """By the extension, which belongs to one message; else the last message to the number or follower.

        A number or a follower may stand for several patients: then the message says which it is, or nobody does.
        """
        self.flush_recordset()
        self.env.cr.execute(
            """
            UPDATE hospital_message_inbound inbound
               SET message_id = answered.id,
                   patient_id = COALESCE(answered.patient_id, follower.only, owner.patient_id),
                   department_id = answered.department_id,
                   user_id = answered.sender_id,
                   attention = FALSE
              FROM hospital_message_inbound one
              LEFT JOIN LATERAL (
                    SELECT array_agg(patient_id) AS patients,
                           CASE WHEN count(*) = 1 THEN min(patient_id) END AS only
                      FROM hospital_wechat_follower
                     WHERE gateway_id = one.gateway_id AND openid = one.openid AND patient_id IS NOT NULL
                   ) follower ON TRUE
              LEFT JOIN LATERAL (
                    SELECT min(phone.patient_id) AS patient_id FROM hospital_patient_phone phone
                     WHERE phone.number = one.number HAVING count(DISTINCT phone.patient_id) = 1
                   ) owner ON TRUE
              LEFT JOIN LATERAL (
                    SELECT message.id, message.patient_id, message.department_id, message.sender_id
                      FROM hospital_message message
                     WHERE (message.number = one.number
                            OR message.patient_id = ANY(follower.patients) AND message.openid = one.openid)
                       AND message.create_date > one.at - %(answers)s::interval * 10
                       AND COALESCE(message.sent_at, message.create_date) > one.at - %(answers)s::interval
                       AND message.state NOT IN ('draft', 'excluded', 'queued', 'cancelled')
                     ORDER BY COALESCE(message.extension <> '' AND one.destination LIKE '%%' || message.extension,
                                       FALSE) DESC, message.sent_at DESC NULLS LAST, message.id DESC
                     LIMIT 1
                   ) answered ON TRUE
             WHERE inbound.id = one.id AND one.id = ANY(%(ids)s)
            """,
            {"ids": self.ids, "answers": ANSWERS},
        )

    def _write_ledger(self):
        """The patient's contacts have what the patient wrote."""
        self.env["hospital.contact"].create(
            [
                {
                    "patient_id": text.patient_id.id,
                    "at": text.at,
                    "channel": text.channel,
                    "direction": "in",
                    "purpose": text.message_id.purpose or "notice",
                    "user_id": False,
                    "department_id": text.department_id.id,
                    "res_model": text._name,
                    "res_id": text.id,
                }
                for text in self
            ]
        )

    # -- refusals ----------------------------------------------------------------------------------------------

    def _stop(self):
        """The number gets nothing more for the purpose, the patients written to there have refused; said once."""
        purpose = self._refused_purpose()
        patients = self._patients_written_to(purpose)
        refusals = self.env["hospital.contact.refusal"]
        known = refusals.search([("patient_id", "in", patients.ids), ("purpose", "=", purpose)]).patient_id
        refusals.create(
            [
                {
                    "patient_id": patient.id,
                    "purpose": purpose,
                    "reason": self.env._("Text: %(text)s", text=self.text),
                    "at": self.at,
                    "user_id": False,
                    "inbound_id": self.id,
                }
                for patient in patients - known
            ]
        )
        if not self.number:
            return
        self.env.cr.execute(
            """INSERT INTO hospital_message_stop
                      (number, number_masked, purpose, at, inbound_id, create_date, write_date)
               VALUES (%s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                   ON CONFLICT DO NOTHING RETURNING id""",
            [self.number, self.number_masked, purpose, self.at, self.id],
        )
        if stop := self.env.cr.fetchone():
            self._drop_waiting(purpose)
            self._confirm(stop[0], purpose)

    def action_take_back(self):
        """Button: it was not meant as a refusal. The number and the patients may be written to again."""
        if not self.env.user.has_group("hospital_base.group_functional"):
            raise AccessError(self.env._("Only the functional department takes back a refusal."))
        self.check_access("read")
        for text in self.sudo().filtered(lambda text: text.kind == "refusal"):
            text._take_back()
            text.write({"kind": "reply", "handled_by": self.env.uid, "handled_at": fields.Datetime.now()})

    def _take_back(self):
        """Remove the stop of the number and the refusals of patients that came of this sender's texts."""
        refusals, stops = self.env["hospital.contact.refusal"], self.env["hospital.message.stop"]
        made = Domain("inbound_id", "=", self.id)
        purposes = {*refusals.search(made).mapped("purpose"), *stops.search(made).mapped("purpose")}
        purpose = Domain("purpose", "in", list(purposes) or [self._refused_purpose()])
        if self.number:
            made |= Domain("inbound_id.number", "=", self.number)
            stops.search(purpose & Domain("number", "=", self.number)).unlink()
        refusals.search(purpose & made).unlink()

    def _refused_purpose(self):
        if self.message_id:
            return self.message_id.purpose
        self.env.cr.execute(
            f"""SELECT purpose FROM hospital_message WHERE {_WRITTEN_TO} ORDER BY create_date DESC LIMIT 1""",
            self._written_to(),
        )
        row = self.env.cr.fetchone()
        return row[0] if row else "marketing"

    def _patients_written_to(self, purpose):
        """Whom messages of this purpose to the number were for; the patient of the text in any case."""
        self.env.cr.execute(
            f"""SELECT DISTINCT patient_id FROM hospital_message
                 WHERE {_WRITTEN_TO} AND purpose = %(purpose)s AND patient_id IS NOT NULL""",
            self._written_to() | {"purpose": purpose},
        )
        patients = self.patient_id.browse(row[0] for row in self.env.cr.fetchall()) | self.patient_id
        # Who follows for several and was not written to refuses for all of them, rather than for nobody.
        return patients or self._followed_for()

    def _written_to(self):
        """Values of ``_WRITTEN_TO``."""
        return {
            "number": self.number or None,
            "openid": self.openid or None,
            "patients": self._followed_for().ids,
            "at": self.at,
            "remembered": REMEMBERED,
        }

    def _followed_for(self):
        """The patients whom the follower that wrote this stands for."""
        followers = self.env["hospital.wechat.follower"]
        if not self.openid:
            return followers.patient_id
        return followers.search([("gateway_id", "=", self.gateway_id.id), ("openid", "=", self.openid)]).patient_id

    def _drop_waiting(self, purpose):
        """What waits for this number is not sent; what the service holds at this moment asks the gate itself."""
        self.env.cr.execute(
            """SELECT part.message_id FROM hospital_message_part part
                 JOIN hospital_message message ON message.id = part.message_id
                WHERE message.number = %s AND message.purpose = %s AND message.state = 'queued'
                  AND part.state = 'queued'
                  AND NOT EXISTS (SELECT FROM hospital_message_part other
                                   WHERE other.message_id = message.id AND other.state <> 'queued')
                  FOR UPDATE OF part SKIP LOCKED""",
            [self.number, purpose],
        )
        if ids := {row[0] for row in self.env.cr.fetchall()}:
            self.env["hospital.message"]._exclude(dict.fromkeys(ids, "stopped"))

    def _confirm(self, stop_id, purpose):
        """At most one confirmation, by a template that the hospital may withdraw."""
        template = self.env.ref("hospital_sms.template_receipt", raise_if_not_found=False)
        if not template or template.approval != "approved" or template.purpose == purpose:
            return
        draft = Draft(template.body, number=self.number, key=f"stop:{stop_id}", origin=(self._name, self.id))
        self.env["hospital.message"]._enqueue(
            [draft], Terms(template.purpose, template_id=template.id, department_id=self.department_id.id or None)
        )

    # -- who reads it ------------------------------------------------------------------------------------------

    def action_done(self):
        """Button: it has been read and needs nothing more."""
        self._set_handled()

    def action_open_case(self):
        """Button: open a case with these words; its kind is for a person to say."""
        self.ensure_one()
        self.check_access("read")
        if self.case_id:
            raise UserError(self.env._("There is a case of this text already."))
        case = self.env["hospital.case"].create(
            {
                "kind": "complaint" if self.attention else "enquiry",
                "patient_id": self.patient_id.id,
                "department_id": self.department_id.id,
                "description": self.text,
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        self.sudo().case_id = case
        self._set_handled()
        return {
            "type": "ir.actions.act_window",
            "res_model": case._name,
            "res_id": case.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_open_conversation(self):
        """Button: the messages with this patient."""
        self.ensure_one()
        self.check_access("read")
        return self.patient_id.action_open_conversation()

    def _set_handled(self):
        self.check_access("read")
        unread = self.sudo().filtered(lambda text: text.kind == "new")
        unread.write({"kind": "reply", "handled_by": self.env.uid, "handled_at": fields.Datetime.now()})


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _visible_patient_queries(self, user):
        """Whose message a patient has answered sees the patient until the answer has been read."""
        self.env["hospital.message.inbound"].flush_model(["kind", "user_id"])
        return super()._visible_patient_queries(user) + [
            SQL(
                "SELECT patient_id FROM hospital_message_inbound WHERE user_id = %s AND kind = 'new'"
                " AND patient_id IS NOT NULL",
                user.id,
            )
        ]

    def action_open_conversation(self):
        """Button: the messages with this patient."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.client",
            "tag": "hospital_sms.conversations",
            "name": self.env._("Messages"),
            "context": {"patient_id": self.id},
        }
