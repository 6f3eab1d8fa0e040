from odoo import api, fields, models


class HospitalWechatFollower(models.Model):
    """Who follows an official account, and which patient that is; one row for each patient somebody stands for."""

    _name = "hospital.wechat.follower"
    _description = "WeChat Follower"
    _order = "id desc"

    gateway_id = fields.Many2one(
        "hospital.gateway", string="Official Account", required=True, ondelete="cascade", readonly=True
    )
    openid = fields.Char(required=True, readonly=True, groups="hospital_base.group_identity")
    patient_id = fields.Many2one("res.partner", ondelete="cascade", index="btree_not_null", readonly=True)
    follows = fields.Boolean(default=True, readonly=True)
    bound_at = fields.Datetime(string="Bound", readonly=True)
    changed_at = fields.Datetime(readonly=True, help="When WeChat last said whether the person follows.")

    _openid_unique = models.UniqueIndex("(gateway_id, openid, patient_id) NULLS NOT DISTINCT")

    @api.depends("patient_id", "gateway_id")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for follower in self:
            # The label masks the name of a patient whom the reader may not see.
            follower.display_name = follower.sudo().patient_id.display_name or follower.gateway_id.name

    @api.model
    def _openid_of(self, patients, gateway):
        """Return ``{patient id: openid}``: who follows ``gateway``, for each patient the one bound last."""
        self.flush_model()
        self.env.cr.execute(
            """SELECT DISTINCT ON (patient_id) patient_id, openid FROM hospital_wechat_follower
                WHERE patient_id = ANY(%s) AND gateway_id = %s AND follows
                ORDER BY patient_id, bound_at DESC NULLS LAST, id DESC""",
            [patients.ids, gateway.id],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _set_follows(self, gateway, openid, follows, at):
        """The person has begun or ceased to follow; events may come twice and in any order."""
        self.flush_model()
        self.env.cr.execute(
            """INSERT INTO hospital_wechat_follower
                      (gateway_id, openid, follows, changed_at, create_uid, write_uid, create_date, write_date)
               SELECT %(gateway)s, %(openid)s, %(follows)s, %(at)s, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC',
                      now() AT TIME ZONE 'UTC'
                WHERE NOT EXISTS (SELECT FROM hospital_wechat_follower
                                   WHERE gateway_id = %(gateway)s AND openid = %(openid)s)
                   ON CONFLICT DO NOTHING;
               UPDATE hospital_wechat_follower SET follows = %(follows)s, changed_at = %(at)s
                WHERE gateway_id = %(gateway)s AND openid = %(openid)s
                  AND (changed_at IS NULL OR changed_at < %(at)s)""",
            {"gateway": gateway.id, "openid": openid, "follows": follows, "at": at, "uid": self.env.uid},
        )
        self.invalidate_model()

    @api.model
    def _bind(self, gateway, openid, patient):
        """This person stands for the patient from now on; returns the follower."""
        known = self.search([("gateway_id", "=", gateway.id), ("openid", "=", openid)])
        follower = known.filtered(lambda row: row.patient_id == patient) or known.filtered(
            lambda row: not row.patient_id
        )
        values = {"patient_id": patient.id, "bound_at": fields.Datetime.now()}
        if follower:
            follower.write(values)
            return follower
        follows = {"follows": known[:1].follows, "changed_at": known[:1].changed_at} if known else {}
        return self.create({"gateway_id": gateway.id, "openid": openid} | values | follows)

    def action_unbind(self):
        """The person no longer stands for this patient, or never did; messages go to the telephone again."""
        self.check_access("read")
        bound = self.filtered("patient_id").sudo()
        for follower in bound:
            self.env["hospital.access.log"]._log("change", follower, patient=follower.patient_id, field="patient_id")
        bound.unlink()
