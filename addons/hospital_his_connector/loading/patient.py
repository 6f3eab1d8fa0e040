"""Patients: partner rows, their phone numbers, merges, deaths."""

# pylint: disable=sql-injection
# Statements are put together from the constants of this file, never from what a HIS sent.

import json

from odoo.tools import SQL

from . import issues, merging
from .loader import QUIET
from .patient_issues import PatientIssues


class PatientLoader(PatientIssues):
    """``res.partner`` with ``is_patient``."""

    model = "res.partner"
    grows = ("hospital_patient_phone", "hospital_quality_issue")

    def _assignments(self):
        own = {
            name: SQL("stage.%s", SQL.identifier(name))
            for name in (
                "name",
                "patient_no",
                "birth_date",
                "id_type",
                "id_number",
                "id_number_masked",
                "is_test_patient",
            )
            if name in self.names
        }
        own["complete_name"] = own["name"]
        if "phone_masked" in self.names:
            own["phone_masked"] = SQL("stage.phone_masked")
        if "gender" in self.names:
            own["gender"] = SQL("COALESCE(stage.gender, 'unknown')")
        # Never taken back by a feed: a worker may know of the death before the HIS does.
        if "deceased" in self.names:
            own["deceased"] = SQL("COALESCE(stage.deceased, FALSE) OR COALESCE(target.deceased, FALSE)")
        if "deceased_at" in self.names:
            own["deceased_at"] = SQL("COALESCE(stage.deceased_at, target.deceased_at)")
            own["deceased"] = SQL(
                "%s OR stage.deceased_at IS NOT NULL", own.get("deceased", SQL("COALESCE(target.deceased, FALSE)"))
            )
        if "mother" in self.names:
            own["mother_id"] = SQL("stage.mother_id")
        if "disclosure" in self.names:
            own["disclosure"] = SQL("COALESCE(stage.disclosure, target.disclosure)")
        return own

    def _write(self):
        self._take_ids()
        self.cr.execute(
            """CREATE TEMP TABLE IF NOT EXISTS his_before (id int, deceased boolean) ON COMMIT DROP;
               TRUNCATE his_before;
               INSERT INTO his_before
               SELECT partner.id, partner.deceased FROM res_partner partner
                   JOIN his_stage stage ON stage.res_id = partner.id"""
        )
        self._update()
        self.cr.execute("SELECT 1 FROM his_stage WHERE is_new LIMIT 1")
        if self.cr.fetchone():
            self._insert(self._defaults())
        self._refer_within()
        if "phones" in self.names:
            self._write_phones()
        self._analyze()
        self._deaths()
        self._issues()
        if "merged_into" in self.names:
            self._merge()
        self.env["res.partner"]._refresh_care(self._unmerged())

    def _refer_within(self):
        """Mothers and survivors that came in this very batch are there only now."""
        for name in {"mother", "merged_into"} & self.references.keys():
            self._refer(name, self.references[name])
        if "mother" in self.names:
            self.cr.execute(
                """UPDATE res_partner child SET mother_id = stage.mother_id FROM his_stage stage
                    WHERE child.id = stage.res_id AND child.mother_id IS DISTINCT FROM stage.mother_id"""
            )

    def _unmerged(self):
        """New patients have no visits: only the keys of changed ones may be out of date."""
        self.cr.execute("SELECT res_id FROM his_stage WHERE NOT is_new")
        return [res_id for (res_id,) in self.cr.fetchall()]

    def _defaults(self):
        """What every patient has in common, as the installed addons would fill it.

        One patient is made by the ORM and taken back; her row shows every default and every stored
        computed value, whatever addons there are.
        """
        with self.cr.savepoint() as savepoint:
            pattern = (
                self.env["res.partner"]
                .with_context(**QUIET)
                .create({"name": "x", "is_patient": True, "company_id": False})
            )
            self.env.flush_all()
            self.cr.execute("SELECT to_jsonb(res_partner) AS row FROM res_partner WHERE id = %s", [pattern.id])
            row = self.cr.fetchone()[0]
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        self.cr.execute(
            """SELECT column_name, udt_name FROM information_schema.columns
                WHERE table_schema = current_schema AND table_name = 'res_partner' AND is_generated = 'NEVER'"""
        )
        per_row = {"id", "name", "complete_name", "commercial_partner_id", "source_id", "external_id"}
        defaults = {
            name: SQL("%s::%s", _literal(row[name]), SQL.identifier(kind))
            for name, kind in self.cr.fetchall()
            if row[name] is not None and name not in per_row and not name.endswith(("_uid", "_date"))
        }
        return defaults | {"commercial_partner_id": SQL("stage.res_id"), "care_keys": SQL("'{}'::int[]")}

    def _vanish(self, ids):
        super()._vanish(ids)
        patients = self.env["res.partner"].browse(ids)
        self._hook(patients.browse(), patients)

    def _revive(self, ids):
        """Whoever was merged meanwhile stays merged."""
        self.cr.execute("SELECT id FROM res_partner WHERE id = ANY(%s) AND merged_into_id IS NULL", [ids])
        super()._revive([patient_id for (patient_id,) in self.cr.fetchall()])

    # -- phone numbers -------------------------------------------------------------------------------------

    def _write_phones(self):
        lines = """his_stage stage CROSS JOIN LATERAL jsonb_to_recordset(stage.phones) AS given
                   (number text, masked text, kind text, relation text, contact text, reason text, sequence int)"""
        # Numbers the HIS no longer has go, unless a person entered or tried them (what a feed wrote has no author).
        self.cr.execute(
            """DELETE FROM hospital_patient_phone phone USING his_stage stage
                 WHERE phone.patient_id = stage.res_id AND NOT stage.is_new AND phone.create_uid IS NULL
                   AND (phone.state = 'unverified' OR phone.invalid_reason IN ('format', 'placeholder'))
                   AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(stage.phones) AS given (value)
                                    WHERE given.value->>'number' = phone.number)"""
        )
        # A line that a person corrected (write_uid) stays as it is.
        self.cr.execute(
            f"""
            INSERT INTO hospital_patient_phone AS phone
                   (patient_id, number, number_masked, kind, relation, contact_name, state, invalid_reason, sequence,
                    is_best, create_date, write_date)
            SELECT stage.res_id, given.number, given.masked, given.kind, given.relation, given.contact,
                   CASE WHEN given.reason IS NULL THEN 'unverified' ELSE 'invalid' END, given.reason, given.sequence,
                   FALSE, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM {lines}
             ORDER BY stage.line, given.sequence
            ON CONFLICT (patient_id, number) DO UPDATE
               SET kind = excluded.kind, relation = excluded.relation, contact_name = excluded.contact_name,
                   sequence = excluded.sequence, write_date = excluded.write_date
             WHERE phone.write_uid IS NULL
               AND (phone.kind, phone.relation, phone.contact_name, phone.sequence)
                   IS DISTINCT FROM (excluded.kind, excluded.relation, excluded.contact_name, excluded.sequence)
            """
        )
        # New patients have the mask of their first number; of the others people may know more.
        self.cr.execute(
            """
            UPDATE res_partner partner SET phone_masked = best.number_masked
              FROM (SELECT patient.id, phone.number_masked
                      FROM (SELECT res_id FROM his_stage WHERE NOT is_new) AS patient (id)
                      LEFT JOIN LATERAL (SELECT number_masked FROM hospital_patient_phone
                                          WHERE patient_id = patient.id AND state <> 'invalid'
                                          ORDER BY is_best DESC NULLS LAST, sequence, id LIMIT 1) phone ON TRUE) best
             WHERE partner.id = best.id AND partner.phone_masked IS DISTINCT FROM best.number_masked
            """
        )

    # -- events of the HIS -----------------------------------------------------------------------------------

    def _merge(self):
        # The key found by the loader is already the survivor's, should that one have been merged too.
        self.cr.execute(
            """SELECT stage.res_id, stage.merged_into_id FROM his_stage stage
                 JOIN res_partner loser ON loser.id = stage.res_id
                WHERE stage.merged_into_id IS NOT NULL AND stage.merged_into_id <> stage.res_id
                ORDER BY stage.line"""
        )
        merging.merge(self.env, dict(self.cr.fetchall()))
        # Whose visits are whose again, only a person can tell: those the HIS sends anew find their patient.
        issues.open_all(
            self.cr,
            """SELECT stage.res_id, 'unmerged', survivor.patient_no
                 FROM his_stage stage JOIN res_partner partner ON partner.id = stage.res_id
                 JOIN res_partner survivor ON survivor.id = partner.merged_into_id
                WHERE stage.merged_into IS NULL ORDER BY stage.line""",
        )
        self.cr.execute(
            """UPDATE res_partner partner SET merged_into_id = NULL, active = TRUE FROM his_stage stage
                WHERE partner.id = stage.res_id AND stage.merged_into IS NULL AND partner.merged_into_id IS NOT NULL"""
        )

    def _deaths(self):
        self.cr.execute(
            """
            INSERT INTO hospital_encounter_event (encounter_id, patient_id, kind, new_value, at, create_date)
            SELECT visit.id, partner.id, 'died', to_char(partner.deceased_at, 'YYYY-MM-DD HH24:MI:SS'),
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM his_before before JOIN res_partner partner ON partner.id = before.id
              JOIN LATERAL (SELECT id FROM hospital_encounter WHERE patient_id = partner.id
                             ORDER BY admitted_at DESC, id DESC LIMIT 1) visit ON TRUE
             WHERE partner.deceased AND before.deceased IS NOT TRUE
            """
        )

    def settle(self):
        self._run("SELECT res_id, id FROM %s late", self._late("merged_into"))
        merging.merge(self.env, dict(self.cr.fetchall()))
        self._run(
            """UPDATE res_partner child SET mother_id = late.id FROM %s late
                WHERE child.id = late.res_id AND child.mother_id IS DISTINCT FROM late.id
            RETURNING child.id""",
            self._late("mother"),
        )
        children = self.env["res.partner"].browse([child_id for (child_id,) in self.cr.fetchall()])
        self._unshare()
        self.env.invalidate_all(flush=False)
        children.modified(["mother_id"])
        children._after_exchange(children.browse(), children)
        self._forget_missing("merged_into", "mother")
        return ()


def _literal(value):
    """A value of to_jsonb as a parameter."""
    return json.dumps(value) if isinstance(value, (dict, list)) else value
