import asyncio

from odoo import fields, models

from ..protocols import aliyun

# How long ago a part without a report has left when its vendor is asked, in minutes.
AGES = (5, 60, 6 * 60, 24 * 60, 71 * 60)
# Each time those of so many minutes: a little more than between two times.
SPAN = 6
# Parts asked for in one transaction.
BATCH = 500


class HospitalSchedule(models.Model):
    _inherit = "hospital.schedule"

    job = fields.Selection(
        selection_add=[("ask_vendors", "Ask vendors what became of messages")], ondelete={"ask_vendors": "cascade"}
    )

    def _run_ask_vendors(self):
        self.env["hospital.gateway"].search([("protocol", "=", "aliyun"), ("enabled", "=", True)])._ask_vendor()


class HospitalGateway(models.Model):
    """Reports that a vendor has not brought: it cannot, where no address of ours is reached from outside."""

    _inherit = "hospital.gateway"

    def _ask_vendor(self):
        """Ask for each part without a report, at the ages above. Commits: nothing is open while a vendor is asked."""
        for gateway in self:
            account = gateway._account()
            questions = gateway._questions() if account else []
            for start in range(0, len(questions), BATCH):
                self.env.cr.commit()  # pylint: disable=invalid-commit
                reports = asyncio.run(aliyun.ask(account, questions[start : start + BATCH]))
                self.env["hospital.message"]._keep(gateway.id, reports)

    def _questions(self):
        """Each part that has just come to one of the ages and of which no report is known."""
        self.env.cr.execute(
            """SELECT message.number, COALESCE(part.provider_id, ''), part.reference, part.sending_at
                 FROM unnest(%(ages)s::int[]) AS age,
                      hospital_message_part part JOIN hospital_message message ON message.id = part.message_id
                WHERE part.gateway_id = %(gateway)s AND part.state IN ('sent', 'unknown')
                  AND part.sending_at <= (now() AT TIME ZONE 'UTC') - age * interval '1 minute'
                  AND part.sending_at > (now() AT TIME ZONE 'UTC') - (age + %(span)s) * interval '1 minute'
                ORDER BY part.id""",
            {"ages": list(AGES), "gateway": self.id, "span": SPAN},
        )
        return [aliyun.Question(*row) for row in self.env.cr.fetchall()]
