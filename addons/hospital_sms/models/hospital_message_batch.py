from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

from odoo.addons.hospital_base.models.hospital_contact import PURPOSES

from .hospital_message import PRIORITIES

BATCH_STATES = [
    ("draft", "Draft"),
    ("checking", "Being checked"),
    ("ready", "Checked"),
    ("approval", "Waits for approval"),
    ("scheduled", "Planned"),
    ("sending", "Being sent"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
# Where a batch takes its receivers from: subjects of messages (``hospital.message.subject``), the staff, a file.
SOURCES = [
    ("res.partner", "Patients"),
    ("hospital.encounter", "Visits"),
    ("hospital.appointment", "Appointments"),
    ("hospital.report", "Laboratory and examination reports"),
    ("staff", "Staff"),
    ("list", "Excel list"),
]
PRIORITY_OF = {"appointment": "1", "marketing": "3", "survey": "3"}
# What its author writes; everything else is set by the buttons and by the service.
WRITABLE = {
    "name",
    "source",
    "domain",
    "filter_id",
    "staff_department_ids",
    "staff_group_ids",
    "file",
    "file_name",
    "template_id",
    "text",
    "purpose",
    "priority",
    "department_id",
    "plan_at",
}


class HospitalMessageBatch(models.Model):
    """A message to many: to a selection, a saved filter, a list, the staff.

    Its life is in ``_life``; the service ``batches`` makes its messages (``_check``) and lets them go (``_release``).
    Receivers are looked for with the rights of who wrote it, so nobody else changes it, and nobody once it is checked.
    """

    _name = "hospital.message.batch"
    _description = "Batch of Messages"
    _order = "id desc"

    name = fields.Char(required=True, default=lambda self: self._default_name())
    create_uid = fields.Many2one("res.users", string="Written By", readonly=True, index=True)
    state = fields.Selection(BATCH_STATES, required=True, default="draft", readonly=True, copy=False)
    source = fields.Selection(SOURCES, string="Send To", required=True, default="res.partner")
    res_model = fields.Char(compute="_compute_res_model")
    domain = fields.Text(default="[]", string="Which")
    filter_id = fields.Many2one("ir.filters", string="Saved Filter", ondelete="set null", index="btree_not_null")
    staff_department_ids = fields.Many2many(
        "hr.department", "hospital_message_batch_staff_department_rel", string="Staff of Departments"
    )
    staff_group_ids = fields.Many2many("hospital.staff.group", string="Staff Groups")
    file = fields.Binary(
        string="List",
        compute="_compute_file",
        inverse="_inverse_file",
        help="Its numbers are shown to its author only.",
    )
    file_data = fields.Binary(attachment=True, copy=False, groups=fields.NO_ACCESS)
    file_name = fields.Char(copy=False)
    template_id = fields.Many2one(
        "sms.template",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('approval', '=', 'approved'), ('subject', 'in', (source, 'res.partner'))]",
    )
    text = fields.Text(compute="_compute_text", store=True, readonly=False)
    purpose = fields.Selection(PURPOSES, required=True, default="notice")
    priority = fields.Selection(
        PRIORITIES, required=True, compute="_compute_priority", store=True, readonly=False, precompute=True
    )
    department_id = fields.Many2one(
        "hr.department",
        ondelete="restrict",
        index="btree_not_null",
        default=lambda self: self.env.user.employee_id.sudo().department_id,
        help="For whom it is sent: its head sees the batch, gateways and templates may depend on it.",
    )
    plan_at = fields.Datetime(string="Send At", help="Empty: at once.", copy=False)
    message_ids = fields.One2many("hospital.message", "batch_id", readonly=True)
    # What the check has found
    read_count = fields.Integer(string="Receivers", readonly=True, copy=False)
    message_count = fields.Integer(string="Messages", readonly=True, copy=False)
    part_count = fields.Integer(string="Parts", readonly=True, copy=False, help="What the operators bill.")
    excluded_count = fields.Integer(string="Excluded", readonly=True, copy=False)
    double_count = fields.Integer(string="Doubles", readonly=True, copy=False)
    bad_row_count = fields.Integer(string="Rows Returned", readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False, help="Why it could not be checked.")
    checked_at = fields.Datetime(string="Checked", readonly=True, copy=False)
    # Who let it go, and what became of it
    approver_id = fields.Many2one("res.users", string="Decided By", readonly=True, copy=False)
    approved_at = fields.Datetime(string="Decided", readonly=True, copy=False)
    started_at = fields.Datetime(string="Began", readonly=True, copy=False)
    done_at = fields.Datetime(string="Ended", readonly=True, copy=False)
    out_count = fields.Integer(string="Sent", readonly=True, copy=False)
    delivered_count = fields.Integer(string="Delivered", readonly=True, copy=False)
    failed_count = fields.Integer(string="Failed", readonly=True, copy=False)
    progress = fields.Integer(string="Out in Percent", readonly=True, copy=False, aggregator=None)
    # The service's place in its work
    last_id = fields.Integer(readonly=True, copy=False, help="The last receiver whose message was made.")
    total = fields.Integer(readonly=True, copy=False, help="How many receivers there were when the check began.")
    stale = fields.Boolean(readonly=True, copy=False, help="Has messages of an earlier check, to be thrown away.")

    _work_index = models.Index("(state, id)")

    @api.model
    def _default_name(self):
        return self.env._("Message of %s", self.env["res.company"]._hospital_today())

    @api.depends("source")
    def _compute_res_model(self):
        for batch in self:
            batch.res_model = batch.source if batch.source in self.env else False

    @api.depends("file_data")
    @api.depends_context("uid")
    def _compute_file(self):
        for batch in self:
            batch.file = batch.sudo().file_data if batch.create_uid == self.env.user else False

    def _inverse_file(self):
        for batch in self:
            batch.sudo().file_data = batch.file

    @api.depends("template_id")
    def _compute_text(self):
        for batch in self:
            batch.text = batch.template_id.body or batch.text

    @api.depends("purpose")
    def _compute_priority(self):
        for batch in self:
            batch.priority = PRIORITY_OF.get(batch.purpose, "2")

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id:
            self.purpose = self.template_id.purpose

    @api.onchange("filter_id")
    def _onchange_filter_id(self):
        if self.filter_id:
            self.domain = str(self.filter_id._get_eval_domain())

    @api.onchange("source")
    def _onchange_source(self):
        """What was chosen of one model says nothing of another."""
        given = self.env.context
        self.domain = given.get("default_domain") if given.get("default_source") == self.source else "[]"
        self.filter_id = False

    @api.constrains("domain", "source")
    def _check_domain(self):
        for batch in self.filtered("res_model"):
            try:
                self.env[batch.res_model].with_user(batch.create_uid)._search(batch._domain())
            except AccessError:
                raise
            except Exception as error:
                raise ValidationError(self.env._("The choice of receivers cannot be understood.")) from error

    def _domain(self):
        """The choice of receivers; of partners only the patients."""
        domain = Domain(safe_eval(self.domain or "[]", {"uid": self.create_uid.id or self.env.uid}))
        return domain & Domain("is_patient", "=", True) if self.res_model == "res.partner" else domain

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self._refuse_unwritable({name for values in vals_list for name in values})
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._refuse_unwritable(vals.keys())
            if any(batch.state != "draft" for batch in self):
                raise UserError(self.env._("A batch that has been checked stays as it is; take it back to change it."))
        return super().write(vals)

    @api.model
    def _refuse_unwritable(self, names):
        if unknown := names - WRITABLE:
            raise AccessError(self.env._("Not to be written: %s", ", ".join(sorted(unknown))))

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(batch.state != "draft" for batch in self):
            raise UserError(self.env._("Only a draft can be deleted; what was sent is kept."))
        # The messages of an earlier check, which never left.
        self.env.cr.execute(
            "DELETE FROM hospital_message WHERE batch_id = ANY(%s) AND state IN ('draft', 'excluded')", [self.ids]
        )
