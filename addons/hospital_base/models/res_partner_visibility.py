from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL

# Up to this many patients are handed to the planner as a list of ids; above, it may walk an order
# index. Without the probe a user with no patients makes it walk all of them (measured: 2 s at 1M).
PROBE_LIMIT = 2000

# A ward's nurses see a patient this long after the discharge.
WARD_DAYS_AFTER_DISCHARGE = 90


class ResPartner(models.Model):
    """Who sees which patient.

    ``care_keys`` (a column of SQL, not a field) holds the ids of the users who treat the patient
    and, negated, of the departments he or she was in. ``visible_keys`` is generated from it: an
    ordinary partner is visible to all (key 0), a patient whose keys are not yet known to nobody.
    """

    _inherit = "res.partner"

    hospital_visible = fields.Boolean(
        compute="_compute_hospital_visible", search="_search_hospital_visible", export_string_translation=False
    )

    # The predicates as the ORM writes them, or the planner does not see that an index serves.
    _last_visit_index = models.Index("(last_visit_at DESC NULLS LAST, id) WHERE active IS TRUE AND is_patient IS TRUE")
    _ordinary_index = models.Index("(complete_name, id DESC) WHERE is_patient IS NOT TRUE")
    _ordinary_id_index = models.Index("(id) WHERE is_patient IS NOT TRUE")

    def init(self):
        super().init()
        # The index of the characters has no predicate: the statistics of a partial one are not used.
        self.env.cr.execute(
            """
            ALTER TABLE res_partner ADD COLUMN IF NOT EXISTS care_keys int[];
            ALTER TABLE res_partner ADD COLUMN IF NOT EXISTS visible_keys int[] GENERATED ALWAYS AS (
                CASE WHEN is_patient THEN COALESCE(care_keys, '{}') ELSE '{0}' END) STORED;
            CREATE INDEX IF NOT EXISTS res_partner_visible_keys_index ON res_partner USING gin (visible_keys);
            CREATE INDEX IF NOT EXISTS res_partner_name_characters_index ON res_partner
                USING gin (string_to_array(name, NULL));
            """
        )

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """The latest visit first, who never came last."""
        if field_name == "last_visit_at" and direction.code == "DESC" and not nulls.code:
            nulls = SQL("NULLS LAST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    @api.depends_context("uid")
    def _compute_hospital_visible(self):
        """Answer as the search does, for these records only."""
        user = self.env.user
        if user._has_hospital_role(*self._roles_with_all_patients()):
            self.hospital_visible = True
            return
        self.flush_model(["is_patient"])
        # OFFSET 0: these rows by their ids, whatever else the planner knows about the keys.
        sources = [
            SQL(
                """SELECT id FROM (SELECT id, visible_keys FROM res_partner WHERE id = ANY(%s) OFFSET 0) AS these
                    WHERE visible_keys && %s::int[]""",
                list(self.ids),
                [0, *self._visible_keys_of(user)],
            )
        ]
        for query in self._visible_patient_queries(user):
            sources.append(SQL("SELECT id FROM (%s) AS visible(id) WHERE id = ANY(%s)", query, list(self.ids)))
        visible = {partner_id for (partner_id,) in self.env.execute_query(SQL(" UNION ALL ").join(sources))}
        for partner in self:
            partner.hospital_visible = partner.id in visible

    @api.model
    def _search_hospital_visible(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._visible_domain(self.env.user)

    @api.model
    def _visible_domain(self, user):
        if user._has_hospital_role(*self._roles_with_all_patients()):
            return Domain.TRUE
        ids, keys = self._visible_sources(user, [0])

        def to_sql(model, alias, query):
            conditions = []
            if ids:
                conditions.append(SQL("%s = ANY(%s)", SQL.identifier(alias, "id"), ids))
            if keys:
                conditions.append(SQL("%s && %s::int[]", SQL.identifier(alias, "visible_keys"), keys))
            return SQL("(%s)", SQL(" OR ").join(conditions))

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _visible_sources(self, user, others=()):
        """Return what leads to the patients of a user who does not see all: an array of ids in SQL or None, and keys.

        others: keys of partners besides the patients'. Who has many patients gets keys, who has few their ids:
        ARRAY(..) is answered once, before the rows are looked for, and its ids are met by an index.
        """
        own, queries = self._visible_keys_of(user), self._visible_patient_queries(user)
        keys = [*others, *own]
        if keys and not (own and self._has_many_patients(tuple(own), self.env["res.company"]._hospital_today())):
            queries = [SQL("SELECT id FROM res_partner WHERE visible_keys && %s::int[]", keys), *queries]
            keys = []
        return SQL("ARRAY(%s)", SQL(" UNION ALL ").join(queries)) if queries else None, keys

    @api.model
    @tools.ormcache("keys", "day")
    def _has_many_patients(self, keys, day):
        """Whether the planner may walk an order index: asked once a day, a wrong answer only costs time."""
        rows = self.env.execute_query(
            SQL("SELECT FROM res_partner WHERE visible_keys && %s::int[] LIMIT %s", list(keys), PROBE_LIMIT + 1)
        )
        return len(rows) > PROBE_LIMIT

    @api.model
    def _roles_with_all_patients(self):
        return ("functional",)

    @api.model
    def _visible_keys_of(self, user):
        """The keys of who treats patients: the own one and those of the departments in charge."""
        if not user._has_hospital_role("doctor", "nurse"):
            return []
        departments = self.env["hospital.scope"]._clinical_department_ids_of(user)
        return [user.id] + [-department_id for department_id in departments]

    @api.model
    def _visible_patient_queries(self, user):
        """Hook: queries, each a ``SELECT`` of ids of patients that ``user`` sees for another reason.

        Overriders append theirs (the patients of a worker's open tasks, of a running call). Each
        must be answered from an index and give few: it runs at every search.
        """
        return []

    @api.model
    def _refresh_care(self, patient_ids):
        """Bring ``care_keys`` and ``last_visit_at`` of these patients into line with their visits; set-based."""
        if not patient_ids:
            return
        self.env["hospital.encounter"].flush_model()
        self.env.cr.execute(
            """
            WITH touched AS (SELECT unnest(%(ids)s) AS patient_id),
            visit AS (
                SELECT encounter.patient_id, encounter.attending_user_id, encounter.resident_user_id,
                       encounter.nurse_user_id, -encounter.department_id AS department_key,
                       CASE WHEN encounter.discharged_at IS NULL
                              OR encounter.discharged_at > now() AT TIME ZONE 'UTC' - %(days)s * interval '1 day'
                            THEN -encounter.ward_id END AS ward_key,
                       COALESCE(encounter.discharged_at, encounter.admitted_at) AS visit_at
                  FROM hospital_encounter encounter
                 WHERE encounter.patient_id = ANY(%(ids)s) AND encounter.state <> 'cancelled'
            ), care AS (
                SELECT visit.patient_id, max(visit.visit_at) AS last_visit_at,
                       array_agg(DISTINCT entry.value ORDER BY entry.value)
                           FILTER (WHERE entry.value IS NOT NULL) AS care_keys
                  FROM visit CROSS JOIN LATERAL (VALUES (attending_user_id), (resident_user_id), (nurse_user_id),
                                                        (department_key), (ward_key)) AS entry(value)
                 GROUP BY visit.patient_id
            )
            UPDATE res_partner partner
               SET care_keys = COALESCE(care.care_keys, '{}'), last_visit_at = care.last_visit_at
              FROM touched LEFT JOIN care USING (patient_id)
             WHERE partner.id = touched.patient_id AND partner.is_patient
               AND (partner.care_keys IS DISTINCT FROM COALESCE(care.care_keys, '{}')
                    OR partner.last_visit_at IS DISTINCT FROM care.last_visit_at)
            """,
            {"ids": list(patient_ids), "days": WARD_DAYS_AFTER_DISCHARGE},
        )
        self.browse(patient_ids).invalidate_recordset(["last_visit_at", "hospital_visible"])

    @api.model
    def _refresh_care_after_discharge(self):
        """A ward loses sight of its patients some time after the discharge: take the key back."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT encounter.patient_id FROM hospital_encounter encounter
                     JOIN res_partner partner ON partner.id = encounter.patient_id
                    WHERE encounter.discharge_date BETWEEN current_date - %(days)s - 7 AND current_date - %(days)s + 1
                      AND partner.care_keys @> ARRAY[-encounter.ward_id]""",
                days=WARD_DAYS_AFTER_DISCHARGE,
            )
        )
        self._refresh_care([patient_id for (patient_id,) in rows])
