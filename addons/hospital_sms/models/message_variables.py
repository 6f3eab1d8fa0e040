from odoo import api, fields, models
from odoo.tools import SQL


def _day(records, day):
    return records.env._("%(month)s/%(day)s", month=day.month, day=day.day)


class ResPartner(models.Model):
    """What a text may say of a patient."""

    _inherit = "res.partner"

    message_title = fields.Char(string="Mr or Ms", compute="_compute_message_title")
    message_department = fields.Char(string="Department of the Last Visit", compute="_compute_message_last_visit")
    message_visit_day = fields.Char(string="Day of the Last Visit", compute="_compute_message_last_visit")

    @api.depends("gender")
    @api.depends_context("lang")
    def _compute_message_title(self):
        titles = {"male": self.env._("Mr"), "female": self.env._("Ms")}
        for partner in self:
            partner.message_title = titles.get(partner.gender, "")

    @api.depends_context("uid", "lang")
    def _compute_message_last_visit(self):
        """Of the last visit that took place; the visits that the reader may not see stay unsaid."""
        self.message_department = self.message_visit_day = False
        patients = self.filtered("is_patient")
        visits = self.env["hospital.encounter"]._search(
            [("patient_id", "in", patients.ids), ("state", "!=", "cancelled")]
        )
        found = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (patient_id) patient_id, department_id, admitted_at FROM hospital_encounter
                    WHERE id IN %s ORDER BY patient_id, admitted_at DESC""",
                visits.subselect(),
            )
        )
        departments = self.env["hr.department"].browse({row[1] for row in found if row[1]})
        names = {department.id: department.name for department in departments.sudo()}
        company = self.env["res.company"]
        last = {patient_id: (names.get(department_id), admitted) for patient_id, department_id, admitted in found}
        for partner in patients:
            if partner.id in last:
                partner.message_department, admitted = last[partner.id]
                partner.message_visit_day = _day(self, company._to_hospital_clock(admitted))


class HospitalAppointment(models.Model):
    _inherit = "hospital.appointment"

    message_time = fields.Char(string="Time in Words", compute="_compute_message_time")

    @api.depends("starts_at", "date", "day_part")
    @api.depends_context("lang")
    def _compute_message_time(self):
        """By the hospital's clock, whoever sends it."""
        parts = dict(self._fields["day_part"]._description_selection(self.env))
        for appointment in self:
            if appointment.starts_at:
                local = self.env["res.company"]._to_hospital_clock(appointment.starts_at)
                appointment.message_time = f"{_day(self, local)} {local:%H:%M}"
            elif appointment.date:
                part = parts.get(appointment.day_part, "")
                appointment.message_time = f"{_day(self, appointment.date)} {part}".strip()
            else:
                appointment.message_time = False
