from datetime import timedelta

from odoo import api, fields, models

from ..exchange import parent
from ..exchange.problems import ReadingFailed
from .hospital_his_booking import ENDED

DAYS = 30


class HospitalHisBooking(models.Model):
    """Comparing our bookings with the HIS's, every night."""

    _inherit = "hospital.his.booking"

    @api.model
    def _compare_all(self):
        """Note where the two sides differ, at every system with a delivery that lists its bookings; return failures."""
        failed = []
        for delivery in self.env["hospital.his.delivery"].search([("operation", "=", "list_bookings")]):
            try:
                there = self._booked_there(delivery)
            except ReadingFailed as failure:
                failed.append(f"{delivery.source_id.code}: {failure.code}")
            else:
                self._compare(delivery.source_id, there)
        return failed

    @api.model
    def _since(self):
        return fields.Datetime.now() - timedelta(days=DAYS)

    @api.model
    def _booked_there(self, delivery):
        """Our booking numbers that are booked in the HIS."""
        write = delivery._write_of({"since": fields.Datetime.to_string(self._since())})
        source = delivery.source_id
        job = {"work": "ask", "source": source._connection(), "write": write}
        with parent.Session() as session, session.reading(job, source._limits()) as frames:
            return {key for head, _blobs in frames if head["type"] == "rows" for (key, *_rest) in head["rows"]}

    @api.model
    def _compare(self, source, there):
        bookings = self.search(
            [("source_id", "=", source.id), ("state", "in", ENDED), ("create_date", ">=", self._since())]
        )
        gone = bookings.filtered(lambda booking: booking.appointment_id.state in ("cancelled", "stopped"))
        for difference, wrong in {
            "only_here": (bookings - gone).filtered(lambda b: b.state == "confirmed" and b.key not in there),
            "only_there": bookings.filtered(lambda b: (b.state == "released" or b in gone) and b.key in there),
        }.items():
            wrong.filtered(lambda booking, d=difference: booking.difference != d).difference = difference
            bookings -= wrong
        bookings.filtered("difference").difference = False
