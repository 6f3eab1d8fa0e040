from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.hospital_base.statistics import workbook

from .hospital_message_figure import COUNTS, RATES

FIGURES = ["message_count", *COUNTS, *RATES, "part_count", "cost_count"]
DRAWN = ("delivered_rate",)
DEFAULT_GROUP = "department_id"


class HospitalMessageFigureSheet(models.AbstractModel):
    """The message figures as an Excel file: aggregates only, no patient."""

    _name = "hospital.message.figure.sheet"
    _description = "Export of the Message Figures"

    @api.model
    def _download(self, domain, groups, filters):
        if not self.env.user.has_group("base.group_allow_export"):
            raise AccessError(self.env._("Your role does not export."))
        figures = self.env["hospital.message.figure"]
        [(first, last, count)] = figures._read_group(domain, [], ["day:min", "day:max", "message_count:sum"])
        if not count:
            raise UserError(self.env._("There are no figures for these filters."))
        filters = f"{first} – {last}" + (f"; {filters}" if filters else "")
        content = self._workbook(domain, list(dict.fromkeys(groups))[:2] or [DEFAULT_GROUP], filters)
        self.env["hospital.access.log"]._log("export", figures, reason=filters, count=count)
        name = self.env._("Message figures %(from)s to %(to)s", **{"from": first, "to": last}) + ".xlsx"
        file = self.env["ir.attachment"].create({"name": name, "raw": content})
        return {"type": "ir.actions.act_url", "url": f"/web/content/{file.id}?download=true", "target": "self"}

    @api.model
    def _workbook(self, domain, groups, filters):
        titles = self.env["hospital.message.figure"].fields_get([], ["string", "help", "type"])
        now = self.env["res.company"]._to_hospital_clock(fields.Datetime.now())
        columns = [
            workbook.Column(titles[name]["string"], *RATES.get(name, (name,)), drawn=name in DRAWN) for name in FIGURES
        ]
        labels = [titles[group.partition(":")[0]]["string"] for group in groups]
        table = workbook.Table(self.env._("Figures"), labels, columns, self._rows(domain, groups), self.env._("Chart"))
        facts = [
            self.env._("Hospital: %s", self.env.company.name),
            self.env._("Filters: %s", filters),
            self.env._(
                "Exported by %(user)s (%(login)s) at %(time)s",
                user=self.env.user.name,
                login=self.env.user.login,
                time=f"{now:%Y-%m-%d %H:%M}",
            ),
        ]
        definitions = workbook.TextSheet(
            self.env._("Definitions"),
            [self.env._("Figure"), self.env._("Meaning")],
            [[titles[name]["string"], titles[name]["help"]] for name in FIGURES if titles[name].get("help")],
        )
        return workbook.build(self.env._("Message Figures"), facts, [table], definitions, self.env._("Total"))

    @api.model
    def _rows(self, domain, groups):
        figures = self.env["hospital.message.figure"]
        counts = [name for name in FIGURES if name not in RATES]
        return [
            (
                [self._label(group, value) for group, value in zip(groups, row, strict=False)],
                {name: total or 0 for name, total in zip(counts, row[len(groups) :], strict=True)},
            )
            for row in figures._read_group(domain, groups, [f"{name}:sum" for name in counts])
        ]

    @api.model
    def _label(self, group, value):
        if not value:
            return self.env._("None")
        if isinstance(value, models.BaseModel):
            return value.sudo().display_name
        name, _colon, grain = group.partition(":")
        field = self.env["hospital.message.figure"]._fields[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        return f"{value:%Y-%m}" if grain in ("month", "quarter", "year") else str(value)
