from typing import Any, NamedTuple

from odoo import api, models
from odoo.fields import Domain

from odoo.addons.hospital_base.identity import mask, phone

CHUNK = 1000


class Recipient(NamedTuple):
    """Somebody to write to.

    id: its place in the walk, which goes by growing ids; number: "" when there is none
    record: what the text is about, of the source's model; values: the words' values, where no patient has them
    """

    id: int
    number: str
    patient_id: int | None
    record: Any = None
    values: dict[str, str] | None = None
    name: str = ""


class HospitalMessageBatch(models.Model):
    """Who gets it: the next receivers after an id, with the rights of who wrote it."""

    _inherit = "hospital.message.batch"

    def _as_author(self):
        """The batch with the rights, the language and the clock of who wrote it."""
        author = self.create_uid or self.env.user
        context = {"lang": author.lang, "tz": author.tz, "active_test": True}
        return self.with_env(self.env(user=author.id, su=False, context=context))

    def _recipients(self, after=0, limit=CHUNK):
        """Up to ``limit`` receivers whose id is greater than ``after``; call it on ``_as_author``."""
        if self.source == "list":
            return self._recipients_of_list(after, limit)
        if self.source == "staff":
            return self._recipients_of_staff(after, limit)
        records = self.env[self.source].search(self._domain() & Domain("id", ">", after), order="id", limit=limit)
        # A visit names its patient, whom its reader may not see as such.
        patients = {record_id: patient.id for record_id, patient in records.sudo()._message_patients().items()}
        numbers = self.env["hospital.message"]._numbers_of(self.env["res.partner"].browse(set(patients.values())))
        return [
            Recipient(record.id, numbers.get(patients[record.id], ""), patients[record.id], record)
            for record in records
        ]

    def _count_recipients(self):
        """How many receivers there are; of a list ``_load_list`` says it."""
        if self.source == "staff":
            return self.env["hr.employee.public"].search_count(self._staff_domain())
        return self.env[self.source].search_count(self._domain())

    # -- staff -----------------------------------------------------------------------------------------------

    def _staff_domain(self):
        return Domain("department_id", "child_of", self.staff_department_ids.ids) | Domain(
            "id", "in", self.staff_group_ids.sudo().employee_ids.ids
        )

    def _recipients_of_staff(self, after, limit):
        staff = self.env["hr.employee.public"].search(
            self._staff_domain() & Domain("id", ">", after), order="id", limit=limit
        )
        return [
            Recipient(
                employee.id,
                self._mobile_in(employee.sudo().mobile_phone),
                None,
                employee,
                {"姓名": employee.name, "科室": employee.department_id.sudo().name, "医院": self.env.company.name},
                employee.name,
            )
            for employee in staff
        ]

    @api.model
    def _mobile_in(self, text):
        """The first mobile number of a field, "" when there is none."""
        return next((found.number for found in phone.split(text) if found.kind == "mobile" and found.valid), "")

    # -- a list ----------------------------------------------------------------------------------------------

    def _recipients_of_list(self, after, limit):
        rows = (
            self.env["hospital.message.batch.row"]
            .sudo()
            .search([("batch_id", "=", self.id), ("problem", "=", False), ("id", ">", after)], order="id", limit=limit)
        )
        known = self._patients_behind({row.number: row.name or "" for row in rows})
        return [
            Recipient(row.id, row.number, known.get(row.number), None, row.values or {}, row.name or "") for row in rows
        ]

    @api.model
    def _patients_behind(self, names):
        """Whom numbers of a list belong to, so that the gate is asked for them: ``{number: patient id}``.

        names: ``{number: name}``. One of several patients with the same number is told by the name.
        """
        self.env["hospital.patient.phone"].flush_model()
        self.env.cr.execute(
            """SELECT phone.number, array_agg(DISTINCT partner.id), array_agg(DISTINCT partner.id) FILTER (
                          WHERE partner.name = names.name)
                 FROM unnest(%s::text[], %s::text[]) AS names (number, name)
                 JOIN hospital_patient_phone phone USING (number)
                 JOIN res_partner partner ON partner.id = phone.patient_id
                WHERE partner.active AND phone.state <> 'invalid'
                GROUP BY phone.number""",
            [list(names), list(names.values())],
        )
        found = {}
        for number, everybody, namesakes in self.env.cr.fetchall():
            if len(everybody) == 1:
                found[number] = everybody[0]
            elif namesakes and len(namesakes) == 1:
                found[number] = namesakes[0]
        return found

    # -- how they are shown ----------------------------------------------------------------------------------

    def _shown(self, recipient):
        """Name and number as the reader may see them."""
        name = recipient.name
        if recipient.patient_id:
            name = self.env["res.partner"].browse(recipient.patient_id).display_name
        return name, mask.phone(recipient.number)
