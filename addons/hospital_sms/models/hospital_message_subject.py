from odoo import models

WEEKDAYS = "一二三四五六日"


def day_text(day):
    """A date as a text says it: 3月2日（周一）."""
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）" if day else None


class HospitalMessageSubject(models.AbstractModel):
    """What a message can be about: a patient, a visit, an appointment, a report, a follow-up.

    The words are Chinese, whatever the user's language: they are part of a text for Chinese patients.
    """

    _name = "hospital.message.subject"
    _description = "Subject of Messages"

    def _message_words(self):
        """``{word: what it stands for}``: what a text about such a record may contain in braces."""
        return {
            "姓名": self.env._("The patient's name"),
            "称呼": self.env._("先生, 女士 or 小朋友; nothing where the gender is not known"),
            "医院": self.env._("The hospital's name"),
            "医院电话": self.env._("The hospital's telephone"),
        }

    def _message_patients(self):
        """``{record id: the patient who is written to}``."""
        return {record.id: record.patient_id for record in self}

    def _message_values(self):
        """``{record id: {word: text, or None where there is none}}``.

        Read with the rights of its environment. What is sent is read with sudo, once the records themselves have been
        checked.
        """
        company = self.env.company.sudo()
        today = self.env["res.company"]._hospital_today()
        return {
            record_id: {
                "姓名": patient.name or None,
                "称呼": self._form_of_address(patient, today),
                "医院": company.name,
                "医院电话": company.phone or None,
            }
            for record_id, patient in self._message_patients().items()
        }

    def _form_of_address(self, patient, today):
        if patient.birth_date and (today - patient.birth_date).days < 14 * 365:
            return "小朋友"
        return {"male": "先生", "female": "女士"}.get(patient.gender, "")

    def _message_subjects(self):
        """``{model: record}``: what the templates may be about that are offered at this record."""
        self.ensure_one()
        return {self._name: self, "res.partner": self._message_patients()[self.id]}

    def _message_terms(self):
        """What a message about this record is for, by default: values of the compose wizard."""
        self.ensure_one()
        return {"purpose": "notice", "priority": "2"}

    def _message_department(self):
        """The department that a message about this record belongs to."""
        self.ensure_one()
        return self.department_id if "department_id" in self._fields else self.env["hr.department"]

    def action_compose_message(self):
        """Button: write a message to the patient of this record."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send a Message"),
            "res_model": "hospital.message.compose",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "hospital.message.subject"]

    def _message_patients(self):
        return {patient.id: patient for patient in self}


class HospitalEncounter(models.Model):
    _name = "hospital.encounter"
    _inherit = ["hospital.encounter", "hospital.message.subject"]

    def _message_words(self):
        return super()._message_words() | {
            "科室": self.env._("The department"),
            "病区": self.env._("The ward"),
            "主管医生": self.env._("The treating doctor"),
            "责任护士": self.env._("The responsible nurse"),
            "入院日期": self.env._("The day of admission"),
            "出院日期": self.env._("The day of discharge"),
            "复诊日期": self.env._("The day of the next visit"),
        }

    def _message_values(self):
        values = super()._message_values()
        for visit in self:
            admitted = self.env["res.company"]._to_hospital_clock(visit.admitted_at).date()
            values[visit.id] |= {
                "科室": visit.department_id.name or None,
                "病区": visit.ward_id.name or None,
                # Who treats a patient is no secret, though an employee's record is.
                "主管医生": visit.attending_id.sudo().name or None,
                "责任护士": visit.nurse_id.sudo().name or None,
                "入院日期": day_text(admitted),
                "出院日期": day_text(visit.discharge_date),
                "复诊日期": day_text(visit.revisit_date),
            }
        return values


class HospitalAppointment(models.Model):
    _name = "hospital.appointment"
    _inherit = ["hospital.appointment", "hospital.message.subject"]

    def _message_words(self):
        return super()._message_words() | {
            "科室": self.env._("The department"),
            "医生": self.env._("The doctor of the clinic"),
            "就诊日期": self.env._("The day of the appointment"),
            "就诊时间": self.env._("The time of the appointment, else the part of the day"),
            "诊室": self.env._("The room"),
        }

    def _message_values(self):
        values = super()._message_values()
        parts = {"am": "上午", "pm": "下午", "night": "晚上"}
        for appointment in self:
            at = appointment.starts_at and self.env["res.company"]._to_hospital_clock(appointment.starts_at)
            values[appointment.id] |= {
                "科室": appointment.department_id.name or None,
                "医生": appointment.employee_id.sudo().name or None,
                "就诊日期": day_text(appointment.date),
                "就诊时间": at and f"{at:%H:%M}" or parts.get(appointment.day_part),
                "诊室": appointment.session_id.room or None,
            }
        return values

    def _message_terms(self):
        return super()._message_terms() | {"purpose": "appointment", "priority": "1"}


class HospitalReport(models.Model):
    _name = "hospital.report"
    _inherit = ["hospital.report", "hospital.message.subject"]

    def _message_words(self):
        return super()._message_words() | {
            "检查项目": self.env._("What was examined"),
            "申请日期": self.env._("The day of the request"),
        }

    def _message_values(self):
        values = super()._message_values()
        for report in self:
            requested = self.env["res.company"]._to_hospital_clock(report.requested_at).date()
            values[report.id] |= {"检查项目": report.name, "申请日期": day_text(requested)}
        return values
