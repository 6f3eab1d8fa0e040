from odoo import fields, models
from odoo.exceptions import AccessError, UserError

APPROVE_ABOVE = 500


class HospitalMessageBatch(models.Model):
    """The buttons: from the draft to its end. Each only turns the state; the work is the service's."""

    _inherit = "hospital.message.batch"

    def action_check(self):
        """Have the receivers found, asked for by the gate, and counted."""
        self.ensure_one()
        self._require_author()
        self._require_state("draft")
        if problems := self._problems():
            raise UserError("\n".join(problems))
        if self.template_id:
            self.sudo().text = self.template_id.body
        self._turn("checking", problem=False, last_id=0, total=0, **dict.fromkeys(self._counts_of_check(), 0))

    def action_change(self):
        """Back to the draft: what the check made is thrown away."""
        self.ensure_one()
        self._require_author()
        self._require_state("checking", "ready", "approval", "scheduled")
        self._turn("draft", stale=True, approver_id=False, approved_at=False)

    def action_send(self):
        """Let it go, or ask for the approval that it needs."""
        self.ensure_one()
        self._require_author()
        self._require_state("ready")
        if not self.message_count:
            raise UserError(self.env._("Nobody is left to write to."))
        if self._needs_approval():
            self._turn("approval")
        else:
            self._go()

    def action_approve(self):
        self._decide()
        self._go()

    def action_refuse(self):
        """Back to its author, who may change it."""
        self._decide()
        self._turn("draft", stale=True)

    def action_pause(self):
        """Nothing more is taken out of the queue (see ``hospital.message.part._lanes``)."""
        self._require_steering()
        self._require_state("sending")
        self._turn("paused")

    def action_resume(self):
        self._require_steering()
        self._require_state("paused")
        self._turn("sending")

    def action_cancel(self):
        """Nothing more leaves, for good; says how many had gone."""
        self._require_steering()
        self._require_state("scheduled", "sending", "paused")
        self._turn("cancelled", stale=True, done_at=fields.Datetime.now())
        self._withdraw()
        self._refresh_counts()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if self.out_count else "success",
                "message": self.env._(
                    "Cancelled. %(gone)s of %(all)s messages had gone already.",
                    gone=self.out_count,
                    all=self.message_count,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # -- what the buttons share ------------------------------------------------------------------------------

    def _turn(self, state, **values):
        """To the next state. The service is woken when this is committed."""
        self.sudo().write({"state": state, **values})
        self.env["hospital.service"]._wake("batches")

    def _go(self):
        later = self.plan_at and self.plan_at > fields.Datetime.now()
        self._turn("scheduled" if later else "sending")

    def _needs_approval(self):
        """By what it is, not by who wrote it: many receivers, or a commercial message."""
        above = self.env["ir.config_parameter"].sudo().get_param("hospital_sms.approve_above", APPROVE_ABOVE)
        return self.purpose == "marketing" or self.message_count > int(above)

    def _decide(self):
        """Approved or refused: by somebody with that right, who is not its author."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("hospital_sms.group_approve"):
            raise AccessError(self.env._("You may not approve messages to many."))
        if self.create_uid == self.env.user:
            raise AccessError(self.env._("Who wrote it does not approve it."))
        self._require_state("approval")
        self.sudo().write({"approver_id": self.env.uid, "approved_at": fields.Datetime.now()})

    def _require_author(self):
        self.check_access("read")
        if self.create_uid != self.env.user and not self.env.su:
            raise AccessError(self.env._("Only %s, who wrote it, may do this.", self.create_uid.sudo().name))

    def _require_steering(self):
        """Its author, and whoever may send to many and sees it, can stop it."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("hospital_sms.group_send_many"):
            raise AccessError(self.env._("You may not steer messages to many."))

    def _require_state(self, *states):
        if self.state not in states:
            names = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(self.env._("It has gone on meanwhile: %s", names[self.state]))

    def _withdraw(self):
        """Cancel messages in the queue none of whose parts has left; what is being taken right now goes out.

        There are never more than ``AHEAD`` of them. What was not let go yet is swept by the service.
        """
        self.env.cr.execute(
            """WITH waiting AS (
                   SELECT id, message_id FROM hospital_message_part
                    WHERE batch_id = %s AND state = 'queued' FOR UPDATE SKIP LOCKED
               ), whole AS (
                   SELECT message.id FROM waiting JOIN hospital_message message ON message.id = waiting.message_id
                    WHERE message.state = 'queued' GROUP BY message.id HAVING count(*) = message.part_count
               ), parts AS (
                   UPDATE hospital_message_part part SET state = 'cancelled' FROM whole WHERE part.message_id = whole.id
               )
               UPDATE hospital_message message SET state = 'cancelled' FROM whole WHERE message.id = whole.id""",
            [self.id],
        )
