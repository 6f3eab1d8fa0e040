from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Finds the same person under two numbers while a batch is written.
    _person_index = models.Index("(birth_date, name) WHERE is_patient")
