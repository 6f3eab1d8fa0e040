import base64
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.hospital_base.statistics import workbook

from ..models.hospital_followup_rule import MODES
from ..statistics import measures

# As in _read_group, so that a pivot hands over its grouping.
GROUPS = [
    ("department_id", "Department"),
    ("ward_id", "Ward"),
    ("doctor_id", "Treating Doctor"),
    ("user_id", "Worker"),
    ("plan_id", "Plan"),
    ("mode", "Mode"),
    ("discharge_date:month", "Month of Discharge"),
    ("due_date:month", "Month Due"),
]
FIGURES = [
    "due_count",
    "done_count",
    "followup_rate",
    "in_time_count",
    "in_time_rate",
    "attempted_count",
    "covered_rate",
]
FIGURES += ["lost_count", "lost_rate", "refused_count", "refused_rate", "with_number_count", "with_number_rate"]
FIGURES += ["open_count", "overdue_count", "expired_count", "not_needed_count", "attempt_count"]
COHORTS = [f"day{days}_{what}" for days in measures.COHORT_DAYS for what in ("count", "done_count", "rate")]
DRAWN = ("followup_rate", "in_time_rate")
# Odoo's own count of rows is no figure: nobody misses it.
SHOWN = {*FIGURES, *COHORTS, "__count"}


class HospitalFollowupExport(models.TransientModel):
    """The figures as an Excel file: aggregates only, no patient."""

    _name = "hospital.followup.export"
    _description = "Export of the Follow-up Figures"

    period_by = fields.Selection(
        [("discharge_date", "Date of Discharge"), ("due_date", "Due date")], required=True, default="discharge_date"
    )
    date_from = fields.Date(
        string="Period from", default=lambda self: self.env["res.company"]._hospital_today().replace(day=1)
    )
    date_to = fields.Date(string="Period to", default=lambda self: self.env["res.company"]._hospital_today())
    mode = fields.Selection(MODES, help="Empty: all.")
    department_ids = fields.Many2many("hr.department", string="Departments or Wards", help="Empty: all.")
    group_by = fields.Selection(GROUPS, required=True, default="department_id", string="One Line per")
    then_by = fields.Selection(GROUPS, string="and per")
    view_domain = fields.Char(help="The filters of the view from which the export was asked for.")
    view_filters = fields.Char(string="Filters", help="The same in words.")
    view_notice = fields.Char(readonly=True, help="What of the view the sheet does not show.")
    file_name = fields.Char(readonly=True)
    content = fields.Binary(readonly=True, attachment=False)

    @api.model
    def default_get(self, fields_list):
        """A view hands over its grouping; what the sheet cannot show of the view is named."""
        values = super().default_get(fields_list)
        groups = self.env.context.get("view_groups", ())
        taken = [group for group in groups if group in dict(GROUPS)][:2]
        left = [group for group in groups if group not in taken]
        left += [name for name in self.env.context.get("view_measures", ()) if name not in SHOWN]
        if left:
            titles = self.env["hospital.followup.report"].fields_get([], ["string"])
            names = dict(self._fields["group_by"]._description_selection(self.env))
            names = [names.get(name) or titles[name.partition(":")[0]]["string"] for name in left]
            values["view_notice"] = self.env._("Not taken over from the view: %s", ", ".join(dict.fromkeys(names)))
        return values | dict(zip(("group_by", "then_by"), taken, strict=False))

    def action_export(self):
        """Button: build the file, log the export, start the download."""
        self.ensure_one()
        domain = self._domain()
        first, last, due = self._extent(domain)
        if not due:
            raise UserError(self.env._("There are no figures for these filters."))
        filters = self._filters_in_words(first, last)
        self.content = base64.b64encode(self._workbook(domain, filters))
        self.file_name = self.env._("Follow-up figures %(from)s to %(to)s", **{"from": first, "to": last}) + ".xlsx"
        self.env["hospital.access.log"]._log("export", self.env["hospital.followup.report"], reason=filters, count=due)
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/content/{self.file_name}?download=true",
            "target": "self",
        }

    def _domain(self):
        if self.view_domain:
            return Domain(json.loads(self.view_domain))
        domain = Domain.TRUE
        if self.date_from:
            domain &= Domain(self.period_by, ">=", self.date_from)
        if self.date_to:
            domain &= Domain(self.period_by, "<=", self.date_to)
        if self.mode:
            domain &= Domain("mode", "=", self.mode)
        if self.department_ids:
            domain &= Domain("department_id", "child_of", self.department_ids.ids) | Domain(
                "ward_id", "child_of", self.department_ids.ids
            )
        return domain

    def _extent(self, domain):
        """Return the first and the last day of what is exported, and how many contacts it is."""
        names = [f"{self.period_by}:min", f"{self.period_by}:max", "due_count:sum"]
        [(first, last, due)] = self.env["hospital.followup.report"]._read_group(domain, [], names)
        return first, last, due

    def _rows(self, domain, counts):
        groups = [group for group in dict.fromkeys((self.group_by, self.then_by)) if group]
        rows = self.env["hospital.followup.report"]._read_group(domain, groups, [f"{name}:sum" for name in counts])
        return [
            (
                [self._label(group, value) for group, value in zip(groups, row, strict=False)],
                {name: total or 0 for name, total in zip(counts, row[len(groups) :], strict=True)},
            )
            for row in rows
        ]

    def _label(self, group, value):
        if not value:
            return self.env._("None")
        if isinstance(value, models.BaseModel):
            return value.sudo().display_name
        return f"{value:%Y-%m}" if group.endswith(":month") else self._choice("mode", value)

    def _choice(self, field, value):
        return dict(self._fields[field]._description_selection(self.env))[value]

    def _sheet(self, name, shown, domain, chart=""):
        titles = self.env["hospital.followup.report"].fields_get(shown, ["string"])
        columns = []
        for figure in shown:
            part, whole = measures.RATES.get(figure, (figure, ""))
            columns.append(workbook.Column(titles[figure]["string"], part, whole, drawn=figure in DRAWN))
        counts = [figure for figure in shown if figure not in measures.RATES]
        labels = [self._choice("group_by", group) for group in dict.fromkeys((self.group_by, self.then_by)) if group]
        return workbook.Table(name, labels, columns, self._rows(domain, counts), chart)

    def _workbook(self, domain, filters):
        now = self.env["res.company"]._to_hospital_clock(fields.Datetime.now())
        return workbook.build(
            self.env._("Follow-up Figures"),
            [
                self.env._("Hospital: %s", self.env.company.name),
                self.env._("Filters: %s", filters),
                self.env._(
                    "Exported by %(user)s (%(login)s) at %(time)s",
                    user=self.env.user.name,
                    login=self.env.user.login,
                    time=f"{now:%Y-%m-%d %H:%M}",
                ),
            ],
            [
                self._sheet(self.env._("Figures"), FIGURES, domain, chart=self.env._("Chart")),
                self._sheet(self.env._("By Discharge"), COHORTS, domain),
            ],
            self._definitions(FIGURES + COHORTS),
            self.env._("Total"),
        )

    def _definitions(self, shown):
        names = ["name", "formula", "population", "note", "version_date"]
        kpis = self.env["hospital.kpi"].search([("code", "in", shown)])
        titles = kpis.fields_get(names, ["string"])
        return workbook.TextSheet(
            self.env._("Definitions"),
            [titles[name]["string"] for name in names],
            [[str(kpi[name] or "") for name in names] for kpi in kpis],
        )

    def _filters_in_words(self, first, last):
        if self.view_domain:
            period = f"{self._choice('period_by', self.period_by)} {first} – {last}"
            parts = [period, self.view_filters, self.view_notice]
            return "; ".join(part for part in parts if part)
        parts = [f"{self._choice('period_by', self.period_by)} {self.date_from or first} – {self.date_to or last}"]
        if self.mode:
            parts.append(self._choice("mode", self.mode))
        if self.department_ids:
            parts.append(", ".join(self.department_ids.mapped("display_name")))
        return "; ".join(parts)
