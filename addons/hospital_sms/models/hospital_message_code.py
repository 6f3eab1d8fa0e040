from odoo import api, fields, models

from ..protocols import codes

FAMILIES = [
    ("cmpp", "CMPP"),
    ("sgip", "SGIP"),
    ("smgp", "SMGP"),
    ("smpp", "SMPP"),
    ("aliyun", "Aliyun"),
    ("tencent", "Tencent Cloud"),
    ("wechat", "WeChat"),
    ("report", "Reports of All"),
]
KINDS = [
    ("throttled", "Sent again after a pause"),
    ("busy", "Tried again, or by another gateway"),
    ("later", "Tried again much later"),
    ("elsewhere", "Tried with another operator"),
    ("failed", "Failed"),
]


class HospitalMessageCode(models.Model):
    """What an operator's code means. Operators have hundreds of their own: the hospital adds what it is told."""

    _name = "hospital.message.code"
    _description = "Meaning of an Operator's Code"
    _order = "family, code"
    _rec_name = "code"

    family = fields.Selection(FAMILIES, string="Protocol", required=True)
    code = fields.Char(required=True)
    meaning = fields.Char(required=True, translate=True)
    own_kind = fields.Selection(
        KINDS, string="Treat As", help="What is done with a message that is refused with this code. Empty: as usual."
    )
    kind = fields.Selection(KINDS, string="What Is Done", compute="_compute_kind")

    _code_unique = models.UniqueIndex("(family, code)", "This code is already in the list.")

    @api.depends("family", "code", "own_kind")
    def _compute_kind(self):
        for code in self:
            code.kind = code.own_kind or codes.kind(code.family, code.code or "")

    @api.model
    def _kinds(self, protocol):
        """``{code: kind}``, as far as the hospital has set it itself."""
        own = self.sudo().search([("family", "=", codes.family(protocol)), ("own_kind", "!=", False)])
        return {code.code: code.own_kind for code in own}

    @api.model
    def _meanings(self, pairs):
        """``{(protocol, code): sentence}`` for lists; a code that nobody knows is left out."""
        known = {(code.family, code.code): code.meaning for code in self.sudo().search([])}
        found = {}
        for protocol, code in pairs:
            family = codes.family(protocol)
            for word in codes.lookups(code or ""):
                if meaning := known.get((family, word)) or known.get(("report", word)):
                    found[protocol, code] = meaning
                    break
        return found
