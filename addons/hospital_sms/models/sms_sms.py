from odoo import api, models

from odoo.addons.hospital_base.identity import phone as identity_phone
from odoo.addons.sms.tools.sms_api import SmsApiBase

from .hospital_message_queue import Draft, Terms

KEY = "sms:"


class HospitalSmsApi(SmsApiBase):
    """Odoo's way out: its texts are put into the hospital's queue, each once whatever Odoo does.

    A transaction of Odoo's that is rolled back and repeated, a test that is also sent by the queue: the uuid is the
    message's key, and a key is sent once.
    """

    PROVIDER_TO_SMS_FAILURE_TYPE = SmsApiBase.PROVIDER_TO_SMS_FAILURE_TYPE | {
        "forbidden": "sms_acc",
    }

    def _get_sms_api_error_messages(self):
        return super()._get_sms_api_error_messages() | {
            "processing": self.env._("It has been put into the hospital's queue."),
            "not_allowed": self.env._("The receiver may not be written to."),
            "forbidden": self.env._("Your role does not send messages."),
            "sms_number_missing": self.env._("There is no number to write to."),
        }

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        """See Odoo's SmsApi for the shape; every text that was taken, now or before, is *processing*."""
        wanted = [(entry["uuid"], entry["number"], one["content"]) for one in messages for entry in one["numbers"]]
        user = self.env.user
        if not (user._is_superuser() or user.has_group("hospital_sms.group_send")):
            return [{"uuid": uuid, "state": "forbidden"} for uuid, _number, _text in wanted]
        return self.env["sms.sms"].sudo()._put_into_queue(wanted)


class SmsSms(models.Model):
    _inherit = "sms.sms"

    @api.model
    def _put_into_queue(self, wanted):
        """``wanted``: (uuid, number, text); returns Odoo's results. Set-based."""
        rows = self.search([("uuid", "in", [uuid for uuid, _number, _text in wanted])]).grouped("uuid")
        numbers = self._real_numbers(rows, wanted)
        drafts = {"notice": [], "marketing": []}
        for uuid, _number, text in wanted:
            row = rows.get(uuid, self.browse())
            number, patient_id = numbers[uuid]
            mailing = "mailing_id" in row._fields and row.mailing_id
            about = row.mail_message_id
            drafts["marketing" if mailing else "notice"].append(
                Draft(
                    text or "",
                    number=number,
                    patient_id=patient_id,
                    key=KEY + uuid,
                    origin=(about.model, about.res_id) if about.model else None,
                )
            )
        results = []
        messages = self.env["hospital.message"]
        for purpose, own in drafts.items():
            ids = messages._enqueue(own, Terms(purpose, priority="3" if purpose == "marketing" else "2", watched=True))
            made = {message.id: message for message in messages.browse(filter(None, ids))}
            for draft, message_id in zip(own, ids, strict=True):
                message = made.get(message_id)
                result = {"uuid": draft.key.removeprefix(KEY), "state": "processing"}
                if message and message.state == "excluded":
                    result["state"] = "sms_number_missing" if message.reason == "no_number" else "not_allowed"
                    result["failure_reason"] = messages._reason_sentence(message.reason)
                results.append(result)
        return results

    @api.model
    def _real_numbers(self, rows, wanted):
        """``{uuid: (number, patient id or None)}``.

        The number of a patient never was in Odoo's tables: it is looked up here. A number that belongs to one patient
        is a message to that patient, for the gate.
        """
        partners = {uuid: row.partner_id for uuid, row in rows.items()}
        patients = self.env["res.partner"].union(*partners.values()).filtered("is_patient")
        best = self.env["hospital.message"]._numbers_of(patients)
        typed = {uuid: self._digits(number) for uuid, number, _text in wanted}
        owners = {
            line_number: owners
            for line_number, owners in self.env["hospital.patient.phone"]._read_group(
                [("number", "in", [number for number in typed.values() if number])],
                ["number"],
                ["patient_id:recordset"],
            )
        }
        found = {}
        for uuid, number in typed.items():
            partner = partners.get(uuid)
            if partner and partner.is_patient:
                found[uuid] = best.get(partner.id, ""), partner.id
            else:
                owner = owners.get(number, self.env["res.partner"])
                found[uuid] = number, owner.id if len(owner) == 1 else None
        return found

    @api.model
    def _digits(self, number):
        """Odoo's +86 139 … as the queue has it; "" for what is no number."""
        phones = identity_phone.split(number)
        return phones[0].number if phones and phones[0].valid else ""

    def _split_by_api(self):
        """One way out for all companies: nothing to be divided."""
        yield HospitalSmsApi(self.env), self

    @api.model
    def _process_queue(self):
        """Odoo's own gives up where texts of two companies wait together; each text goes our way anyway."""
        return super(SmsSms, self.with_context(sms_api=HospitalSmsApi(self.env)))._process_queue()


class HospitalMessage(models.Model):
    _inherit = "hospital.message"

    def _settled(self):
        """Odoo's notifications and mailings are told what became of their texts."""
        super()._settled()
        own = self.filtered(lambda message: (message.key or "").startswith(KEY))
        uuids = {message.key.removeprefix(KEY): message for message in own}
        trackers = self.env["sms.tracker"].search([("sms_uuid", "in", list(uuids))])
        for outcome, group in trackers.grouped(lambda tracker: _outcome(uuids[tracker.sms_uuid])).items():
            state, error, reason = outcome
            if state:
                group._action_update_from_sms_state(state)
            elif error:
                reason = self._reason_sentence(reason) if error == "not_allowed" else reason
                group.with_context(sms_known_failure_reason=reason or False)._action_update_from_provider_error(error)


def _outcome(message):
    """What Odoo calls it: (state, provider's error, reason); its "pending" is sent, its "sent" delivered."""
    match message.state:
        case "delivered":
            return "sent", None, None
        case "silent" | "partial" | "unknown":
            return "pending", None, None
        case "failed":
            return None, "not_delivered", message.code
        case "excluded" | "cancelled":
            return None, "not_allowed", message.reason
    return None, None, None
