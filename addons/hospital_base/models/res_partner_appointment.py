from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    appointment_ids = fields.One2many("hospital.appointment", "patient_id", string="Appointments")
    no_show_count = fields.Integer(string="Missed Appointments", readonly=True, copy=False)

    def _count_missed(self):
        """Bring the number of missed appointments into line; set-based."""
        self.env["hospital.appointment"].flush_model(["patient_id", "state"])
        self.env.cr.execute(
            """
            UPDATE res_partner partner SET no_show_count = missed.number
              FROM (SELECT wanted.id, count(appointment.id) AS number
                      FROM unnest(%s::int[]) AS wanted (id) LEFT JOIN hospital_appointment appointment
                           ON appointment.patient_id = wanted.id AND appointment.state = 'missed'
                     GROUP BY wanted.id) missed
             WHERE partner.id = missed.id AND partner.no_show_count IS DISTINCT FROM missed.number
            """,
            [list(self._ids)],
        )
        self.invalidate_recordset(["no_show_count"])
