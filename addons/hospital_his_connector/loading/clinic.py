"""Clinic sessions and their slots. What patients have booked stands, whatever a number table says of the slot."""

from odoo.tools import SQL

from odoo.addons.hospital_base.clinic.states import FREE, TAKEN

from .services import _ServiceLoader

# How long a slot is held if the HIS does not say.
HELD = SQL("now() AT TIME ZONE 'UTC' + interval '15 minutes'")


class _ClinicLoader(_ServiceLoader):
    def _hold(self, session: SQL) -> None:
        """Whoever books waits until the batch is written, or the other way round."""
        self._run(
            """SELECT id FROM hospital_clinic_session WHERE id IN (SELECT %s FROM his_stage)
                ORDER BY id FOR NO KEY UPDATE""",
            session,
        )

    def _hook(self, created, changed):
        """Nothing derives from sessions and slots; what becomes of appointments tells ``_after_change``."""


class ClinicSessionLoader(_ClinicLoader):
    """``hospital.clinic.session``. A clinic that was stopped does what stopping it by a message does."""

    model = "hospital.clinic.session"
    plain = ("clinic_type", "date", "day_part", "starts_at", "ends_at", "room", "fee", "capacity")
    links = ("department", "employee")
    defaults = {"state": "open"}

    def _check(self):
        if not {"starts_at", "ends_at"} <= set(self.names):
            return []
        return self._set_aside(SQL("ends_at < starts_at"), "clinic_ends_before_start", SQL("ends_at"))

    def _write(self):
        self._hold(SQL("res_id"))
        super()._write()
        if "state" in self.names:
            self._stop_and_open()

    def settle(self):
        """The department is known when the row is taken; the doctor may come later."""
        self._run(
            "UPDATE hospital_clinic_session target SET employee_id = late.id FROM %s late "
            "WHERE target.id = late.res_id",
            self._late("employee"),
        )
        self.env.invalidate_all(flush=False)
        self._forget_missing("employee")
        return ()

    def _vanish(self, ids):
        """Stopped, as if the HIS had said so, with all who had booked to be called; what is over stays as it was."""
        today = self.env["res.company"]._hospital_today()
        reason = self._gone()
        for session in self._locked(ids):
            if session.date >= today and session.state != "stopped":
                self.env["hospital.appointment"]._stop(session, reason)
        self.env.flush_all()

    def _revive(self, ids):
        """Takes place again, unless it was stopped for another reason than that it had vanished."""
        gone = self._locked(ids).filtered(lambda s: s.state == "stopped" and s.stop_reason == self._gone())
        gone.write({"state": "open", "stop_reason": False})
        self.env.flush_all()
        self._free(gone.ids)

    def _gone(self):
        company = self.env.company
        return self.env(context={"lang": company.partner_id.lang})._("The HIS no longer has this clinic.")

    def _stop_and_open(self):
        reason = SQL("stage.stop_reason") if "stop_reason" in self.names else SQL("NULL")
        self._run(
            """SELECT session.id, %s
                 FROM his_stage stage JOIN hospital_clinic_session session ON session.id = stage.res_id
                WHERE stage.state = 'stopped' AND session.state <> 'stopped' ORDER BY session.id""",
            reason,
        )
        stopped = self.cr.fetchall()
        self.cr.execute(
            """UPDATE hospital_clinic_session session SET state = 'open', stop_reason = NULL
                 FROM his_stage stage
                WHERE session.id = stage.res_id AND stage.state = 'open' AND session.state = 'stopped'
            RETURNING session.id"""
        )
        self._free([session_id for (session_id,) in self.cr.fetchall()])
        sessions = self.env[self.model]
        for session_id, why in stopped:
            self.env["hospital.appointment"]._stop(sessions.browse(session_id), why)
        self.env.flush_all()

    def _locked(self, ids):
        sessions = self.env[self.model].browse(ids)
        sessions._lock()
        return sessions

    def _free(self, ids):
        """The slots of these sessions can be had again, but for those that the HIS no longer has."""
        self.cr.execute(
            """UPDATE hospital_clinic_slot slot SET state = 'available'
                WHERE session_id = ANY(%s) AND state = 'stopped'
                  AND NOT EXISTS (SELECT 1 FROM hospital_his_link link
                                    JOIN hospital_his_feed feed ON feed.id = link.feed_id
                                   WHERE link.taken_out AND link.res_id = slot.id AND feed.kind = 'clinic_slot')""",
            [ids],
        )
        self.env.invalidate_all(flush=False)
        self.env[self.model].browse(ids)._count_slots()


class ClinicSlotLoader(_ClinicLoader):
    """``hospital.clinic.slot``."""

    model = "hospital.clinic.slot"
    plain = ("number", "starts_at")

    def _assignments(self):
        asked = SQL("stage.state") if "state" in self.names else SQL("NULL::text")
        until = SQL("stage.locked_until, ") if "locked_until" in self.names else SQL()
        state = SQL(
            """CASE WHEN target.id IS NULL THEN
                        CASE WHEN (SELECT state FROM hospital_clinic_session WHERE id = stage.session_id) = 'stopped'
                             THEN 'stopped' ELSE COALESCE(%(asked)s, 'available') END
                    WHEN %(asked)s IS NULL OR target.state = 'stopped' OR EXISTS (
                         SELECT 1 FROM hospital_appointment WHERE slot_id = target.id AND state IN %(taken)s)
                    THEN target.state
                    ELSE %(asked)s END""",
            asked=asked,
            taken=TAKEN,
        )
        return super()._assignments() | {
            # A slot stays in its session: its appointment was made there.
            "session_id": SQL("COALESCE(target.session_id, stage.session_id)"),
            "state": state,
            "locked_until": SQL(
                "CASE WHEN %s = 'locked' THEN COALESCE(%starget.locked_until, %s) END", state, until, HELD
            ),
        }

    def _write(self):
        self._hold(SQL("session_id"))
        super()._write()
        self.cr.execute(
            """SELECT DISTINCT slot.session_id
                 FROM his_stage stage JOIN hospital_clinic_slot slot ON slot.id = stage.res_id"""
        )
        sessions = self.env["hospital.clinic.session"].browse([session_id for (session_id,) in self.cr.fetchall()])
        self.env.invalidate_all(flush=False)
        sessions._count_slots()

    def _vanish(self, ids):
        """Not to be had any more; what patients have booked stands until the HIS says so of the booking."""
        self._move(ids, FREE, "stopped")

    def _revive(self, ids):
        """To be had again, if the clinic takes place; a row that has a state of its own says so next."""
        self._move(ids, ("stopped",), "available")

    def _move(self, ids, states, state):
        slots = self.env[self.model].browse(ids)
        slots.session_id._lock()
        slots = slots.filtered(lambda slot: slot.state in states)
        if state == "available":
            slots = slots.filtered(lambda slot: slot.session_id.state != "stopped")
        slots._move(state)
        self.env.flush_all()
