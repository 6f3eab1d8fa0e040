from odoo import api, fields, models, tools

from ..messaging.checks import Word


class HospitalMessageWord(models.Model):
    """A word that gives away an illness, or that operators and the law do not let pass."""

    _name = "hospital.message.word"
    _description = "Sensitive Word"
    _order = "kind, word"
    _rec_name = "word"

    word = fields.Char(required=True)
    kind = fields.Selection(
        [
            ("illness", "Illness"),
            ("drug", "Drug"),
            ("department", "Department that reveals an illness"),
            ("promise", "Advertising"),
            ("other", "Other"),
        ],
        required=True,
        default="illness",
        help="Advertising words matter in commercial messages only.",
    )
    level = fields.Selection([("block", "Is not sent"), ("warn", "Warning")], required=True, default="warn")
    note = fields.Char(string="Say Instead")
    active = fields.Boolean(default=True)

    _word_unique = models.UniqueIndex("(lower(word))", "This word is in the list already.")

    @api.model
    @tools.ormcache()
    def _banned(self):
        words = self.sudo().search([("active", "=", True)])
        return tuple(Word(word.word, word.level, word.note or "", word.kind == "promise") for word in words)

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
