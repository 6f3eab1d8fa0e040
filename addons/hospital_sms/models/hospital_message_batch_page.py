from odoo import api, fields, models


class HospitalMessageBatch(models.Model):
    """What the form needs beside the fields: who may press what, where its buttons lead."""

    _inherit = "hospital.message.batch"

    is_mine = fields.Boolean(compute="_compute_is_mine", export_string_translation=False)
    may_decide = fields.Boolean(compute="_compute_is_mine", export_string_translation=False)
    needs_approval = fields.Boolean(compute="_compute_send_label", export_string_translation=False)
    send_label = fields.Char(compute="_compute_send_label", export_string_translation=False)

    @api.depends("create_uid")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        approves = self.env.user.has_group("hospital_sms.group_approve")
        for batch in self:
            batch.is_mine = not batch.create_uid or batch.create_uid == self.env.user
            batch.may_decide = approves and not batch.is_mine

    @api.depends("message_count", "purpose", "plan_at")
    @api.depends_context("lang")
    def _compute_send_label(self):
        for batch in self:
            count = f"{batch.message_count:,}"
            batch.needs_approval = batch._needs_approval()
            if batch.needs_approval:
                batch.send_label = self.env._("Ask for approval to send to %s people", count)
            elif batch.plan_at and batch.plan_at > fields.Datetime.now():
                batch.send_label = self.env._("Plan for %s people", count)
            else:
                batch.send_label = self.env._("Send to %s people", count)

    @api.model
    def _compose_for(self, model):
        """The form of a new batch for what is chosen in a list: its ids or, with everything chosen, its filter."""
        domain = self.env.context.get("active_domain")
        if domain is None:
            domain = [("id", "in", self.env.context.get("active_ids", []))]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Message to Many"),
            "res_model": self._name,
            "views": [(False, "form")],
            "target": "current",
            "context": {"default_source": model, "default_domain": str(domain)},
        }

    def action_messages(self):
        self.ensure_one()
        return self._list_of_messages(self.env._("Messages of %s", self.name), "list,form")

    def action_outcome(self):
        """What became of them, as a chart of Odoo's own."""
        self.ensure_one()
        return self._list_of_messages(self.env._("Outcome of %s", self.name), "graph,list,form") | {
            "context": {"graph_mode": "pie", "graph_groupbys": ["state"]}
        }

    def _list_of_messages(self, name, view_mode):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "hospital.message",
            "view_mode": view_mode,
            "domain": [("batch_id", "=", self.id)],
        }
