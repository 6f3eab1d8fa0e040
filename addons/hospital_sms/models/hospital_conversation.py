from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

PAGE = 30
CONVERSATIONS = 50
# Conversations in which nothing has come in for so long are in the history.
LIVE = timedelta(days=60)


class HospitalConversation(models.AbstractModel):
    """What was written to a patient and what the patient wrote, as one reads it on a phone.

    ``recent``, ``thread``, ``answer`` and ``done`` are the endpoints of the page; each reads with the user's rights.
    """

    _name = "hospital.conversation"
    _description = "Conversation with a Patient"

    @api.model
    def recent(self):
        """The conversations in which something came in, those with unread texts first.

        Returns ``[{"patient_id", "name", "number", "text", "at" (UTC), "unread", "attention"}]``.
        """
        inbound = self.env["hospital.message.inbound"]
        since = fields.Datetime.now() - LIVE
        domain = Domain("patient_id", "!=", False) & Domain("kind", "in", ("new", "reply", "refusal"))
        unread = {
            patient.id: (count, attention, last)
            for patient, count, attention, last in inbound._read_group(
                domain & Domain("kind", "=", "new"),
                ["patient_id"],
                ["__count", "attention:bool_or", "id:max"],
                order="attention:bool_or desc, id:max desc",
                limit=CONVERSATIONS,
            )
        }
        read = {
            patient.id: (0, False, last)
            for patient, last in inbound._read_group(
                domain & Domain("at", ">", since) & Domain("patient_id", "not in", list(unread)),
                ["patient_id"],
                ["id:max"],
                order="id:max desc",
                limit=CONVERSATIONS,
            )
        }
        entries = unread | read
        texts = inbound.browse(last for _count, _attention, last in entries.values())
        return [
            {
                "patient_id": patient_id,
                "name": text.patient_id.display_name,
                "number": text.number_masked or "",
                "text": text.text or "",
                "at": fields.Datetime.to_string(text.at),
                "unread": count,
                "attention": bool(attention),
            }
            for (patient_id, (count, attention, _last)), text in zip(entries.items(), texts, strict=True)
        ]

    @api.model
    def thread(self, patient_id, before=None):
        """A page of the conversation, the oldest first, and where the page before it ends.

        before: ``[id of the oldest message, id of the oldest incoming text]`` of the page at hand.
        Returns ``{"patient": {...}, "entries": [...], "before": [..] or None, "may_send"}``.
        """
        patient = self._patient(patient_id)
        self.env["hospital.access.log"]._log_look(patient)
        sent_before, come_before = before or (None, None)
        sent = self._page("hospital.message", patient, sent_before)
        come = self._page("hospital.message.inbound", patient, come_before)
        entries = sorted(
            [self._sent_entry(message) for message in sent] + [self._come_entry(text) for text in come],
            key=lambda entry: (entry["at"], entry["id"]),
        )
        page = entries[-PAGE:]
        more = len(entries) > PAGE
        if more:
            sent_ids = [entry["id"] for entry in page if entry["direction"] == "out"]
            come_ids = [entry["id"] for entry in page if entry["direction"] == "in"]
            more = [min(sent_ids, default=sent_before), min(come_ids, default=come_before)]
        return {
            "patient": {
                "id": patient.id,
                "name": patient.display_name,
                "number": patient.phone_masked or "",
                "age": patient.age or "",
            },
            "entries": page,
            "before": more or None,
            "may_send": self.env.user.has_group("hospital_sms.group_send"),
        }

    def _patient(self, patient_id):
        patient = self.env["res.partner"].browse(int(patient_id)).exists()
        if not patient.is_patient:
            raise UserError(self.env._("There is no such patient."))
        patient.check_access("read")
        return patient

    def _page(self, model, patient, before):
        """The newest of one side; one more than a page tells whether there are older ones."""
        domain = Domain("patient_id", "=", patient.id)
        if model == "hospital.message":
            domain &= Domain("state", "!=", "draft")
        if before:
            domain &= Domain("id", "<", before)
        return self.env[model].search(domain, order="id desc", limit=PAGE + 1)

    def _sent_entry(self, message):
        labels = dict(message._fields["state"]._description_selection(self.env))
        return {
            "direction": "out",
            "id": message.id,
            "text": message.text,
            "at": fields.Datetime.to_string(message.sent_at or message.create_date),
            "plan_at": fields.Datetime.to_string(message.plan_at)
            if message.state == "queued" and message.plan_at and message.plan_at > fields.Datetime.now()
            else False,
            "state": message.state,
            "label": labels[message.state],
            "reason": message._reason_sentence(message.reason) if message.reason else "",
            "who": message.sender_id.sudo().name or "",
            "channel": message.channel,
        }

    def _come_entry(self, text):
        return {
            "direction": "in",
            "id": text.id,
            "text": text.text or "",
            "at": fields.Datetime.to_string(text.at),
            "kind": text.kind,
            "attention": text.attention,
            "case": text.case_id.sudo().number or "",
            "channel": text.channel,
        }

    @api.model
    def answer(self, patient_id, text=None, template_id=None):
        """Write to the patient, by template or in free words, to the number that he or she wrote from.

        What is unread in the conversation has been answered by it. Returns the sentence that says when it goes, if
        it does not go now; raises with the reason if it may not go at all.
        """
        patient = self._patient(patient_id)
        wizard = self.env["hospital.message.compose"].create(
            {
                "res_model": "res.partner",
                "res_id": patient.id,
                "template_id": template_id or False,
                "text": text or False,
                **self._terms_of_answer(patient),
            }
        )
        message = wizard._send()
        if message.state == "excluded":
            raise UserError(self.env._("Refused: %(reason)s.", reason=message._reason_sentence(message.reason)))
        self.done(patient_id)
        if message.plan_at > fields.Datetime.now():
            at = self.env["res.company"]._to_hospital_clock(message.plan_at)
            return self.env._("The message goes out at %(time)s.", time=f"{at:%m-%d %H:%M}")
        return False

    def _terms_of_answer(self, patient):
        """By the channel and to the number of the patient's last text.

        A notice, whatever it answers: who has asked must not wait because enough follow-ups were sent this week.
        """
        last = self.env["hospital.message.inbound"].search([("patient_id", "=", patient.id)], limit=1).sudo()
        values = {"purpose": "notice", "channel": last.channel or "sms"}
        line = patient.sudo().phone_line_ids.filtered(lambda line: line.number == last.number)
        return values | ({"phone_id": line.id} if last.number and line else {})

    @api.model
    def done(self, patient_id):
        """What came in from this patient has been read."""
        patient = self._patient(patient_id)
        self.env["hospital.message.inbound"].search(
            [("patient_id", "=", patient.id), ("kind", "=", "new")]
        )._set_handled()

    @api.model
    def templates(self):
        """``[{"id", "name", "purpose", "body"}]``: what may be sent to a patient as it stands."""
        if not self.env.user.has_group("hospital_sms.group_send"):
            raise AccessError(self.env._("Your role does not send messages."))
        return self.env["sms.template"].search_read(
            [("approval", "=", "approved"), ("subject", "=", "res.partner")], ["name", "purpose", "body"]
        )
