from odoo import fields, models


class HospitalMessageBatch(models.Model):
    """How far it is, in figures and words."""

    _inherit = "hospital.message.batch"

    def progress_now(self):
        """Endpoint of the form's bar, asked once a second while something moves.

        Returns ``{"state", "total", "read", "counts": {state: messages}, "parts", "doubles", "bad_rows",
        "excluded": [{"reason", "words", "count"}], "until": when allowed hours begin that it waits for, or False}``.
        """
        self.ensure_one()
        self.check_access("read")
        counts = self._counts()
        now = fields.Datetime.now()
        until = self._quiet_until(now)
        return {
            "state": self.state,
            "total": max(self.total, 0),
            "read": self.read_count,
            "counts": counts,
            "parts": self.part_count,
            "doubles": self.double_count,
            "bad_rows": self.bad_row_count,
            "until": fields.Datetime.to_string(until) if self.state == "sending" and until > now else False,
            "excluded": self._excluded() if counts.get("excluded") and self.state != "checking" else [],
        }

    def _excluded(self):
        self.env.cr.execute(
            """SELECT reason, count(*) FROM hospital_message WHERE batch_id = %s AND state = 'excluded'
                GROUP BY reason ORDER BY count(*) DESC""",
            [self.id],
        )
        return [
            {"reason": reason, "words": self.env["hospital.message"]._reason_sentence(reason), "count": count}
            for reason, count in self.env.cr.fetchall()
        ]
