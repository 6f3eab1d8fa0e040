import binascii
import hmac as compare
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import hmac
from odoo.tools.misc import hash_sign, verify_hash_signed

LINK = "hospital_sms.wechat.link"
LINK_DAYS = 30
VISIT = timedelta(minutes=15)
TRIES = 5
LOCKED = timedelta(days=1)


class HospitalWechatVisit(models.Model):
    """One opening of a patient's link: from the authorize page of WeChat to the proof that it is the right person.

    The link is signed and names the patient; the ``nonce`` that travels through WeChat is good once, in the browser
    that began, for a quarter of an hour. Nothing of the patient is shown before the proof.
    """

    _name = "hospital.wechat.visit"
    _description = "Opening of a WeChat Link"

    nonce = fields.Char(required=True, groups=fields.NO_ACCESS, default=lambda self: secrets.token_hex(16))
    gateway_id = fields.Many2one("hospital.gateway", required=True, ondelete="cascade")
    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade", index=True)
    target = fields.Char(help="What the link leads to, in the words of the addon that made it.")
    openid = fields.Char(groups=fields.NO_ACCESS)
    used = fields.Boolean(help="WeChat has sent the person back: this does not happen twice.")

    _nonce_unique = models.UniqueIndex("(nonce)")

    # -- links -------------------------------------------------------------------------------------------------------

    @api.model
    def _links_of(self, patients, gateway, target=""):
        """Return ``{patient id: address}``, to be sent to each of them; good for 30 days.

        target: a word of the caller's, handed to ``_landing`` when the right person has come
        """
        start = f"{gateway.get_base_url()}/hospital_sms/wechat/{gateway.wechat_key}/open"
        env, days = self.sudo().env, timedelta(days=LINK_DAYS)
        return {
            patient.id: f"{start}/{hash_sign(env, LINK, [patient.id, gateway.id, target], days)}"
            for patient in patients
        }

    def _landing(self):
        """Hook: the address that the proven person is led to, for ``target``; empty: a word of thanks."""
        return ""

    # -- the way -----------------------------------------------------------------------------------------------------

    @api.model
    def _open(self, gateway, link):
        """Begin a visit; none if the link is not ours or too old."""
        try:
            patient_id, gateway_id, target = verify_hash_signed(self.env, LINK, link) or (0, 0, "")
        except (ValueError, IndexError, TypeError, binascii.Error):
            return self.browse()
        if gateway_id != gateway.id or not self.env["res.partner"].browse(patient_id).exists():
            return self.browse()
        return self.create({"gateway_id": gateway.id, "patient_id": patient_id, "target": target})

    def _pass(self, stage):
        """What the browser carries for one ``stage``: the nonce and our seal under it; letters and digits only."""
        return self.nonce + hmac(self.env, f"hospital_sms.wechat.{stage}", self.nonce)

    @api.model
    def _of_pass(self, gateway, stage, text, cookie):
        """The visit that a pass belongs to; none if it is forged, too old, or of another browser."""
        nonce = text[:32]
        for name, sealed in ((stage, text), ("cookie", cookie)):
            expected = nonce + hmac(self.env, f"hospital_sms.wechat.{name}", nonce)
            if not compare.compare_digest(sealed.encode(), expected.encode()):
                return self.browse()
        oldest = fields.Datetime.now() - VISIT
        return self.search(
            [("nonce", "=", nonce), ("gateway_id", "=", gateway.id), ("create_date", ">", oldest)], limit=1
        )

    def _use(self):
        """Whether WeChat has sent the person back for the first time; two at once: one of them is begun anew."""
        self.env.cr.execute(
            "UPDATE hospital_wechat_visit SET used = TRUE WHERE id = %s AND used IS NOT TRUE RETURNING id", [self.id]
        )
        self.invalidate_recordset(["used"])
        return bool(self.env.cr.fetchone())

    def _is_bound(self):
        """Whether the visitor stands for the patient already."""
        return bool(
            self.env["hospital.wechat.follower"].search_count(
                [
                    ("gateway_id", "=", self.gateway_id.id),
                    ("openid", "=", self.openid),
                    ("patient_id", "=", self.patient_id.id),
                ],
                limit=1,
            )
        )

    def _prove(self, digits):
        """Bind the visitor if ``digits`` end one of the patient's numbers: "bound", "wrong" or "locked".

        Five tries a day for each patient, whoever makes them.
        """
        if not self.env["hospital.wechat.guard"]._try(self.patient_id):
            return "locked"
        numbers = self.patient_id.phone_line_ids.filtered(lambda line: line.state != "invalid").mapped("number")
        if len(digits) != 4 or digits not in {number[-4:] for number in numbers}:
            return "wrong"
        self.env["hospital.wechat.guard"]._forget(self.patient_id)
        self.env["hospital.wechat.follower"]._bind(self.gateway_id, self.openid, self.patient_id)
        return "bound"

    @api.autovacuum
    def _gc_visits(self):
        self.search([("create_date", "<", fields.Datetime.now() - timedelta(days=1))], limit=10_000).unlink()


class HospitalWechatGuard(models.Model):
    """How often somebody has tried to prove to be a patient."""

    _name = "hospital.wechat.guard"
    _description = "Tries to Bind a Patient"
    _log_access = False

    patient_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    tries = fields.Integer(required=True, default=1)
    since = fields.Datetime(required=True, default=fields.Datetime.now)

    _patient_unique = models.UniqueIndex("(patient_id)")

    @api.model
    def _try(self, patient):
        """Count a try; False when there have been too many. Of tries at once each is counted."""
        self.env.cr.execute(
            """INSERT INTO hospital_wechat_guard AS guard (patient_id, tries, since)
               VALUES (%(patient)s, 1, now() AT TIME ZONE 'UTC')
                   ON CONFLICT (patient_id) DO UPDATE
                  SET tries = CASE WHEN guard.since < %(oldest)s THEN 1 ELSE guard.tries + 1 END,
                      since = CASE WHEN guard.since < %(oldest)s THEN excluded.since ELSE guard.since END
            RETURNING tries""",
            {"patient": patient.id, "oldest": fields.Datetime.now() - LOCKED},
        )
        return self.env.cr.fetchone()[0] <= TRIES

    @api.model
    def _forget(self, patient):
        self.env.cr.execute("DELETE FROM hospital_wechat_guard WHERE patient_id = %s", [patient.id])
