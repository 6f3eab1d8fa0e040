from odoo import api, models


class HospitalMessage(models.Model):
    """Why a message is not sent, or not yet, and what became of it, as sentences."""

    _inherit = "hospital.message"

    # The messages of a task, an appointment, ...
    _origin_index = models.Index("(res_id, res_model) WHERE res_id IS NOT NULL")

    @api.model
    def _reason_sentence(self, reason):
        """The sentence of a reason code: the gate's or the queue's; an unknown code is its own sentence."""
        return {
            "deceased": self.env._("the patient has died"),
            "do_not_contact": self.env._("the patient wants no contact"),
            "refused": self.env._("the patient refuses messages of this kind"),
            "consent_withdrawn": self.env._("the consent was withdrawn"),
            "no_consent": self.env._("the patient has not agreed to commercial messages"),
            "open_complaint": self.env._("a complaint is open"),
            "cap": self.env._("written to often enough lately"),
            "hours": self.env._("outside the hours for messages"),
            "stopped": self.env._("this number wants no more messages of this kind"),
            "no_number": self.env._("there is no number to write to"),
            "repeated": self.env._("the same text went to this number a moment ago"),
            "too_long": self.env._("the text is too long for a message"),
            "no_value": self.env._("a word of the text has no value"),
        }.get(reason, reason or "")

    @api.model
    def _explanations(self, asked):
        """``{(protocol, state, code, reason): sentence or None}``: why it was not sent, or what the code means."""
        meanings = self.env["hospital.message.code"]._meanings({(one[0], one[2]) for one in asked})
        found = {}
        for one in asked:
            protocol, state, code, reason = one
            sentence = self._reason_sentence(reason) or meanings.get((protocol, code))
            found[one] = sentence if state != "delivered" else None
        return found

    @api.model
    def _verdict_sentence(self, verdict):
        """What the gate's answer means for a message; False where nothing is to be said."""
        if verdict.verdict == "yes":
            return False
        reason = self._reason_sentence(verdict.reason)
        if verdict.verdict == "no":
            return self.env._("Refused: %(reason)s.", reason=reason)
        at = self.env["res.company"]._to_hospital_clock(verdict.at)
        return self.env._("Not before %(time)s: %(reason)s.", time=f"{at:%m-%d %H:%M}", reason=reason)
