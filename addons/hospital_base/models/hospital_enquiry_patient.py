import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# A patient's or record's number, not a name.
NUMBER = re.compile(r"(?=.*\d)[0-9A-Za-z-]{4,}")
SHORTEST_NAME = 2


class HospitalEnquiry(models.AbstractModel):
    """Enquiries about patients: who may be told of, and the line each look leaves in the access log.

    Who treats patients asks about the own ones. An agent may be asked about anybody, so he or she must know a
    name or a number, is told where the patient lies and nothing else, and not of a patient who is confidential.
    """

    _inherit = "hospital.enquiry"

    @api.model
    def _asks_for_callers(self):
        return self.env.user._has_hospital_role("agent") and not self.env.user._has_hospital_role("functional")

    @api.model
    def _refusal(self, kind, text):
        """Why a question is not answered, or an empty string."""
        if kind not in ("inpatient", "surgery") or not self._asks_for_callers():
            return ""
        if NUMBER.fullmatch(text) or len(text) >= SHORTEST_NAME and not text.isdigit():
            return ""
        return self.env._("Enter the patient's name (two characters or more) or the full number.")

    @api.model
    def _patient_records(self, model, text, domain, limit, order):
        model = self.env[model]
        if self._asks_for_callers():
            model = model.sudo()
        return model.search(Domain(domain) & self._patient_domain(text), limit=limit, order=order).sudo()

    @api.model
    def _patient_domain(self, text):
        self.env["res.partner"].flush_model(["name", "patient_no", "disclosure", "active"])
        if not text:
            match = SQL("TRUE")
        elif NUMBER.fullmatch(text):
            match = SQL(
                """(patient.patient_no = %(number)s OR EXISTS (
                    SELECT FROM hospital_encounter visit
                     WHERE visit.patient_id = patient.id AND visit.medical_record_no = %(number)s))""",
                number=text.upper(),
            )
        else:
            match = SQL("strpos(upper(patient.name), %s) > 0", text.upper())
        told = SQL("patient.disclosure IS DISTINCT FROM 'confidential'") if self._asks_for_callers() else SQL("TRUE")
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "EXISTS (SELECT FROM res_partner patient WHERE patient.id = %s AND patient.active AND %s AND %s)",
                SQL.identifier(alias, "patient_id"),
                told,
                match,
            )
        )

    @api.model
    def _tellable(self, rows):
        """What the HIS answered by itself obeys the same rules as what the tables here answer."""
        patients = self.env["res.partner"].browse({row["patient_id"] for row in rows if row["patient_id"]})
        if not self._asks_for_callers():
            own = set(patients._filtered_access("read").ids)
            return [row for row in rows if row["patient_id"] in own]
        told = set(patients.sudo().filtered(lambda patient: patient.disclosure != "confidential").ids)
        return [
            row
            for row in rows
            if (row["patient_id"] in told and row.get("tell") is not False)
            or (not row["patient_id"] and row.get("tell"))
        ]

    @api.model
    def _log_looks(self, rows, text):
        patients = self.env["res.partner"].browse(dict.fromkeys(row["patient_id"] for row in rows if row["patient_id"]))
        if patients:
            self.env["hospital.access.log"]._log_each("open", patients, self.env._("Enquiry: %s", text))
