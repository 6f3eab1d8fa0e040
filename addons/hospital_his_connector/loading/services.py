"""What is done for a patient, and how far it is: reports and planned operations."""

from odoo.tools import SQL

from .loader import Loader


class _ServiceLoader(Loader):
    """``plain`` is copied as it is, ``links`` are the records it names; those that come late are filled in."""

    plain: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    defaults: dict[str, str] = {}
    # From which states a row that the HIS no longer has is cancelled; what was done stays done.
    open_states: tuple[str, ...] = ()

    def _assignments(self):
        own = {name: SQL("stage.%s", SQL.identifier(name)) for name in self.plain if name in self.names}
        # An empty value of a column that must not be empty leaves what there is.
        for name in self.defaults.keys() & own.keys():
            own[name] = SQL("COALESCE(%s, target.%s, %s)", own[name], SQL.identifier(name), self.defaults[name])
        for name in ("patient", *self.links):
            if name in self.names:
                own[f"{name}_id"] = SQL("stage.%s", SQL.identifier(f"{name}_id"))
        return own

    def _write(self):
        self._take_ids()
        self._update()
        self._insert(self.defaults)

    def settle(self):
        for name in self.links:
            self._run(
                "UPDATE %s target SET %s = late.id FROM %s late WHERE target.id = late.res_id",
                SQL.identifier(self.table),
                SQL.identifier(f"{name}_id"),
                self._late(name),
            )
        self.env.invalidate_all(flush=False)
        self._forget_missing(*self.links)
        return ()

    def _vanish(self, ids):
        """Cancelled, as if the HIS had said so."""
        self._set_state(ids, self.open_states, "cancelled")

    def _revive(self, ids):
        """As if it had just come; a row that has a state of its own says so next."""
        self._set_state(ids, ("cancelled",), self.defaults["state"])

    def _set_state(self, ids, states, state):
        records = self.env[self.model].browse(ids).filtered(lambda record: record.state in states)
        records.write({"state": state})
        self.env.flush_all()
        self._hook(records.browse(), records)


class ReportLoader(_ServiceLoader):
    """``hospital.report``."""

    model = "hospital.report"
    plain = ("name", "kind", "state", "requested_at", "reported_at", "conclusion")
    links = ("encounter", "item", "department")
    defaults = {"kind": "lab", "state": "requested"}
    open_states = ("requested", "sampled", "in_progress")

    def _check(self):
        if "reported_at" not in self.names:
            return []
        return self._set_aside(SQL("reported_at < requested_at"), "report_before_request", SQL("reported_at"))


class SurgeryLoader(_ServiceLoader):
    """``hospital.surgery``."""

    model = "hospital.surgery"
    plain = ("name", "scheduled_at", "room", "sequence", "anaesthesia", "state")
    links = ("encounter", "department", "surgeon")
    defaults = {"state": "scheduled"}
    open_states = ("scheduled", "in_progress")
