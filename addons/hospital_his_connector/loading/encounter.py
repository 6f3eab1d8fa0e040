"""Visits: several feeds write the same one, each only the columns it maps."""

from odoo.tools import SQL

from . import issues
from .loader import Loader

_PLAIN = (
    "encounter_class",
    "state",
    "medical_record_no",
    "admission_no",
    "admitted_at",
    "discharged_at",
    "discharge_date",
    "length_of_stay",
    "bed",
    "clinic_type",
    "admission_source",
    "disposition",
    "diagnosis_code",
    "diagnosis_name",
    "coded_at",
    "revisit_date",
    "planned_readmission",
    "admission_condition",
    "treatment_course",
    "discharge_condition",
    "discharge_orders",
)
_STAFF = ("attending", "resident", "nurse")


class EncounterLoader(Loader):
    """``hospital.encounter``."""

    model = "hospital.encounter"
    grows = ("hospital_encounter_event",)

    def _assignments(self):
        own = {name: SQL("stage.%s", SQL.identifier(name)) for name in _PLAIN if name in self.names}
        for name in ("patient", "department", "ward"):
            if name in self.names:
                own[f"{name}_id"] = SQL("stage.%s", SQL.identifier(f"{name}_id"))
        for name in _STAFF:
            if name in self.names:
                column = SQL.identifier(f"{name}_id")
                own[f"{name}_id"] = SQL("stage.%s", column)
                own[f"{name}_user_id"] = SQL("(SELECT user_id FROM hr_employee WHERE id = stage.%s)", column)
        if self._yields():
            # Whether the patient is in hospital is for the in-patient feed to say, if it knows the discharge too:
            # a front page that is sent again must not undo a cancelled discharge.
            for name in {"state", "discharged_at", "discharge_date"} & own.keys():
                own[name] = SQL(
                    "CASE WHEN target.id IS NULL OR target.state = 'finished' THEN %s ELSE target.%s END",
                    own[name],
                    SQL.identifier(name),
                )
        elif "state" in own and "discharged_at" not in own:
            for name in ("discharged_at", "discharge_date"):
                own[name] = SQL("CASE WHEN stage.state <> 'in_progress' THEN target.%s END", SQL.identifier(name))
        return own

    def _yields(self) -> bool:
        return self.kind == "discharge" and bool(
            self.env["hospital.his.feed"].search_count(
                [
                    ("source_id", "=", self.source_id),
                    ("kind", "=", "inpatient"),
                    ("field_ids.target", "=", "discharged_at"),
                ],
                limit=1,
            )
        )

    def _check(self):
        letters = []
        patient = SQL("patient_id") if "patient" in self.names else SQL("NULL::int")
        admitted = SQL("admitted_at") if "admitted_at" in self.names else SQL("NULL::timestamp")
        incomplete = SQL("is_new AND (%s IS NULL OR %s IS NULL)", patient, admitted)
        # A feed of details may run before the one that opens the visit: its rows wait for that.
        waits_for = "" if {"patient", "admitted_at"} <= set(self.names) else "encounter"
        letters += self._set_aside(
            incomplete, "unknown_encounter" if waits_for else "incomplete_visit", SQL("external_id"), waits_for
        )
        if "discharged_at" in self.names and "admitted_at" not in self.names:
            letters += self._set_aside(
                SQL(
                    """discharged_at < (SELECT admitted_at FROM hospital_encounter visit
                        WHERE visit.id = his_stage.res_id)"""
                ),
                "discharge_before_admission",
                SQL("discharged_at"),
            )
        elif "admitted_at" in self.names and "discharged_at" not in self.names:
            letters += self._set_aside(
                SQL(
                    """admitted_at > (SELECT discharged_at FROM hospital_encounter visit
                        WHERE visit.id = his_stage.res_id)"""
                ),
                "discharge_before_admission",
                SQL("admitted_at"),
            )
        return letters

    def _write(self):
        self._take_ids()
        self.cr.execute(
            """CREATE TEMP TABLE his_visit ON COMMIT DROP AS
               SELECT visit.id, visit.patient_id, visit.state, visit.discharged_at, visit.department_id, visit.ward_id,
                      visit.coded_at, visit.disposition
                 FROM hospital_encounter visit JOIN his_stage stage ON stage.res_id = visit.id AND NOT stage.is_new"""
        )
        self._update()
        self._insert({"encounter_class": "inpatient", "state": "in_progress"})
        self._stay()
        self._deaths()
        self._events()
        if "patient" in self.names:
            self._came_for_loser()
        self.cr.execute("DROP TABLE his_visit")

    def _stay(self):
        if "length_of_stay" in self.names or not {"discharged_at", "admitted_at"} & set(self.names):
            return
        self.cr.execute(
            """UPDATE hospital_encounter visit
                  SET length_of_stay = GREATEST(1,
                      visit.discharge_date - (visit.admitted_at AT TIME ZONE 'UTC' AT TIME ZONE %s)::date)
                 FROM his_stage stage
                WHERE visit.id = stage.res_id AND visit.encounter_class = 'inpatient'
                  AND (visit.discharge_date IS NOT NULL OR visit.length_of_stay IS NOT NULL)""",
            [self.zone],
        )

    def _deaths(self):
        if "disposition" not in self.names:
            return
        self.cr.execute(
            """UPDATE res_partner patient
                  SET deceased = TRUE, deceased_at = COALESCE(patient.deceased_at, visit.discharged_at)
                 FROM his_stage stage JOIN hospital_encounter visit ON visit.id = stage.res_id
                WHERE patient.id = visit.patient_id AND stage.disposition = '5' AND patient.deceased IS NOT TRUE
            RETURNING patient.id"""
        )
        if dead := [patient_id for (patient_id,) in self.cr.fetchall()]:
            patients = self.env["res.partner"].browse(dead)
            patients.invalidate_recordset(["deceased", "deceased_at"])
            patients.modified(["deceased"])
            patients._after_exchange(patients.browse(), patients)
        # Nobody rises from the dead by a feed, but a person should look.
        issues.resolve(
            self.cr,
            "death_contradicted",
            """SELECT visit.patient_id FROM his_stage stage JOIN hospital_encounter visit ON visit.id = stage.res_id
                WHERE stage.disposition = '5'""",
        )
        issues.open_all(
            self.cr,
            f"""SELECT DISTINCT patient.id, 'death_contradicted', to_char(patient.deceased_at, 'YYYY-MM-DD')
                  FROM his_visit old JOIN hospital_encounter visit ON visit.id = old.id
                  JOIN res_partner patient ON patient.id = visit.patient_id
                 WHERE old.disposition = '5' AND visit.disposition IS DISTINCT FROM '5' AND patient.deceased
                   AND NOT {issues.died_in_stay("patient.id")}""",
        )

    def _events(self):
        """What the HIS changed after the fact, old beside new."""
        time = "to_char({}, 'YYYY-MM-DD HH24:MI:SS')"
        place = "(SELECT COALESCE(code, external_id) FROM hr_department WHERE id = {})"
        discharge = time.format("old.discharged_at"), time.format("visit.discharged_at")
        active = "visit.state <> 'cancelled' AND old.state <> 'cancelled'"
        kinds = (
            ("cancelled", "visit.state = 'cancelled' AND old.state <> 'cancelled'", "old.state", "visit.state"),
            ("cancelled", "visit.state = 'in_progress' AND old.state = 'finished'", *discharge),
            ("reopened", "visit.state <> 'cancelled' AND old.state = 'cancelled'", "old.state", "visit.state"),
            ("discharge_changed", f"{active} AND visit.discharged_at <> old.discharged_at", *discharge),
            (
                "transferred",
                "visit.department_id <> old.department_id",
                place.format("old.department_id"),
                place.format("visit.department_id"),
            ),
            (
                "transferred",
                "visit.ward_id <> old.ward_id AND visit.department_id IS NOT DISTINCT FROM old.department_id",
                place.format("old.ward_id"),
                place.format("visit.ward_id"),
            ),
            ("coded", "visit.coded_at IS NOT NULL AND old.coded_at IS NULL", "NULL", time.format("visit.coded_at")),
            ("died", "visit.disposition = '5' AND old.disposition IS DISTINCT FROM '5'", "old.disposition", "'5'"),
            (
                "merged",
                "visit.patient_id <> old.patient_id",
                "(SELECT COALESCE(patient_no, external_id) FROM res_partner WHERE id = old.patient_id)",
                "(SELECT COALESCE(patient_no, external_id) FROM res_partner WHERE id = visit.patient_id)",
            ),
        )
        for kind, condition, old_value, new_value in kinds:
            self.cr.execute(
                f"""INSERT INTO hospital_encounter_event
                           (encounter_id, patient_id, kind, old_value, new_value, at, create_date)
                    SELECT visit.id, visit.patient_id, %s, {old_value}, {new_value}, stamp, stamp
                      FROM his_visit old JOIN hospital_encounter visit ON visit.id = old.id,
                           (SELECT now() AT TIME ZONE 'UTC') AS clock (stamp)
                     WHERE {condition} ORDER BY visit.id""",
                [kind],
            )

    def _came_for_loser(self):
        """A new visit of a key that was merged before: the event it would have got if it had come earlier."""
        self._run(
            """INSERT INTO hospital_encounter_event
                      (encounter_id, patient_id, kind, old_value, new_value, at, create_date)
               SELECT stage.res_id, survivor.id, 'merged', COALESCE(loser.patient_no, loser.external_id),
                      COALESCE(survivor.patient_no, survivor.external_id), stamp, stamp
                 FROM his_stage stage
                 JOIN res_partner loser ON loser.source_id = %s AND loser.external_id = stage.patient
                 JOIN res_partner survivor ON survivor.id = loser.merged_into_id,
                      (SELECT now() AT TIME ZONE 'UTC') AS clock (stamp)
                WHERE stage.is_new ORDER BY stage.line""",
            self.source_id,
        )

    def _vanish(self, ids):
        """Cancelled, as if the HIS had said so."""
        self._move(
            """UPDATE hospital_encounter visit SET state = 'cancelled' FROM hospital_encounter old
                WHERE visit.id = ANY(%s) AND old.id = visit.id AND visit.state <> 'cancelled'
            RETURNING visit.id, visit.patient_id, old.state, visit.state""",
            "cancelled",
            ids,
        )
        visits = self.env[self.model].browse(ids)
        self._hook(visits.browse(), visits)

    def _revive(self, ids):
        """In hospital or not, by what is known; a row that has a state of its own says so next."""
        self._move(
            """UPDATE hospital_encounter visit
                  SET state = CASE WHEN visit.discharged_at IS NULL AND visit.encounter_class = 'inpatient'
                                   THEN 'in_progress' ELSE 'finished' END
                WHERE visit.id = ANY(%s) AND visit.state = 'cancelled'
            RETURNING visit.id, visit.patient_id, 'cancelled', visit.state""",
            "reopened",
            ids,
        )

    def _move(self, update, event, ids):
        """Change the state of visits by SQL, with the event and all that depends on it."""
        self.cr.execute(
            f"""WITH moved (id, patient_id, old_state, new_state) AS ({update})
                INSERT INTO hospital_encounter_event
                       (encounter_id, patient_id, kind, old_value, new_value, at, create_date)
                SELECT id, patient_id, %s, old_state, new_state, stamp, stamp
                  FROM moved, (SELECT now() AT TIME ZONE 'UTC') AS clock (stamp) ORDER BY id
             RETURNING patient_id""",
            [ids, event],
        )
        patients = [patient_id for (patient_id,) in self.cr.fetchall()]
        visits = self.env[self.model].browse(ids)
        visits.invalidate_recordset(["state"])
        visits.modified(["state"])
        self.env["res.partner"]._refresh_care(patients)

    def _notify(self):
        self.cr.execute(
            """SELECT DISTINCT visit.patient_id FROM his_stage stage
                JOIN hospital_encounter visit ON visit.id = stage.res_id"""
        )
        patients = [patient_id for (patient_id,) in self.cr.fetchall()]
        self.env["res.partner"]._refresh_care(patients)
        issues.place(self.cr, patients)
        super()._notify()

    def settle(self):
        touched, visits = set(), set()
        for name in _STAFF:
            self._run(
                """UPDATE hospital_encounter visit
                      SET %s = late.id, %s = (SELECT user_id FROM hr_employee WHERE id = late.id)
                     FROM %s late WHERE visit.id = late.res_id
                RETURNING visit.patient_id, visit.id""",
                SQL.identifier(f"{name}_id"),
                SQL.identifier(f"{name}_user_id"),
                self._late(name),
            )
            for patient_id, visit_id in self.cr.fetchall():
                touched.add(patient_id)
                visits.add(visit_id)
        if visits:
            self.env.invalidate_all(flush=False)
            self.env["res.partner"]._refresh_care(list(touched))
            changed = self.env[self.model].browse(sorted(visits))
            changed.modified([f"{name}_id" for name in _STAFF])
            changed._after_exchange(changed.browse(), changed)
        self._forget_missing(*_STAFF)
        return ()
