import json
import time
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.hospital_base.models.hospital_enquiry import KINDS as ENQUIRY_KINDS
from odoo.addons.hospital_base.models.hospital_enquiry_answer import KIND_LABELS

from ..exchange import asking, standby
from ..exchange.breaker import Breaker
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed

LONGEST_DEADLINE = 10
ANSWERS_KEPT = timedelta(days=7)


class HospitalHisEnquiry(models.Model):
    """A kind of enquiry that the HIS answers itself while the caller waits.

    Every question has a deadline; after some failures in a row the HIS is left alone for a while
    (``exchange/breaker.py``). Meanwhile the last good answer to the same question is told with its time, and where
    there is none, what the tables here know. State and answers are written in transactions of their own: they hold
    whatever becomes of the request.
    """

    _name = "hospital.his.enquiry"
    _inherit = ["hospital.his.message"]
    _description = "Live Enquiry"
    _order = "kind, id"
    _rec_name = "kind"

    kind = fields.Selection(
        selection=lambda self: [(kind, self.env._(KIND_LABELS[kind])) for kind in ENQUIRY_KINDS], required=True
    )
    active = fields.Boolean(default=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="cascade", index=True)
    query = fields.Text(
        required=True,
        help="A SELECT in the language of the HIS's database. :text stands for what was typed, :pattern for the same "
        "with % before and after it, for LIKE.",
    )
    deadline = fields.Integer(required=True, default=3, help="Seconds that a caller may wait for the HIS.")
    field_ids = fields.One2many("hospital.his.enquiry.field", "enquiry_id", string="Mapping", copy=True)
    failures = fields.Integer(readonly=True, copy=False, string="Failures in a Row")
    retry_at = fields.Datetime(readonly=True, copy=False, string="Asked Again at")
    code = fields.Char(readonly=True, copy=False, export_string_translation=False)
    arguments = fields.Json(readonly=True, copy=False, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason", string="Last Failure")
    answered_at = fields.Datetime(readonly=True, copy=False, string="Last Answer")

    _kind_unique = models.UniqueIndex("(kind) WHERE active", "This kind of enquiry is already answered live.")
    _deadline_short = models.Constraint(
        f"CHECK (deadline BETWEEN 1 AND {LONGEST_DEADLINE})", "A caller waits between one and ten seconds."
    )

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for enquiry in self:
            enquiry.reason = self._sentence(enquiry.code, enquiry.arguments)

    def _answer(self, text, limit):
        """Rows (None: there are none to tell), from when they are, their origin, a remark for the reader."""
        self.ensure_one()
        if self._may_ask():
            try:
                found = self._ask_his(text, limit)
            except ReadingFailed as failure:
                self._note_failure(failure)
            else:
                asked_at = self._note_answer(text, found["rows"])
                remark = self.env._("%s rows could not be read.", found["skipped"]) if found["skipped"] else ""
                return self._resolve(found["rows"]), asked_at, "live", remark
        remark = self.env._("The HIS does not answer.")
        last = self._last_answer(text)
        if not last:
            return None, False, "synchronised", remark
        rows, asked_at = last
        return self._resolve(rows[:limit]), asked_at, "last_good", remark

    def _ask_his(self, text, limit):
        """Raises ReadingFailed, after ``deadline`` seconds at the latest."""
        if not self.field_ids:
            raise ReadingFailed("nothing_mapped")
        job = self._mapping() | {
            "work": "enquire",
            "source": self.source_id._connection(),
            "query": self.query,
            "text": text,
            "limit": limit,
        }
        limits = Limits(min(self.deadline, self.source_id.connect_timeout), self.deadline, self.deadline)
        end = time.monotonic() + self.deadline
        with standby.session() as session, session.reading(job, limits, end) as frames:
            return [head for head, _blobs in frames if head["type"] == "answer"][0]

    def _mapping(self):
        codemaps = self.field_ids.codemap_id
        return {
            "kind": f"enquiry_{self.kind}",
            "timezone": self.source_id.tz,
            "fields": [
                {
                    "target": line.target,
                    "column": line.column or "",
                    "transform": line.transform,
                    "argument": line.argument or "",
                    "codemap": line.codemap_id.code or "",
                }
                for line in self.field_ids
            ],
            "codemaps": {codemap.code: codemap._codes() for codemap in codemaps},
        }

    # -- what is remembered ------------------------------------------------------------------------------------

    @contextmanager
    def _breaker(self):
        """The circuit breaker under a lock of its own transaction: yields it and a function that stores the next."""
        with self.pool.cursor() as cr:
            cr.execute("SELECT failures, retry_at FROM hospital_his_enquiry WHERE id = %s FOR UPDATE", [self.id])
            failures, retry_at = cr.fetchone()

            def store(breaker, **values):
                values |= {"failures": breaker.failures, "retry_at": breaker.retry_at}
                assignments = ", ".join(f"{name} = %({name})s" for name in values)
                cr.execute(f"UPDATE hospital_his_enquiry SET {assignments} WHERE id = %(id)s", values | {"id": self.id})

            yield Breaker(failures or 0, retry_at), store, cr
        self.invalidate_recordset(["failures", "retry_at", "code", "arguments", "answered_at"], flush=False)

    def _may_ask(self):
        with self._breaker() as (breaker, store, _cr):
            may, meanwhile = breaker.ask(fields.Datetime.now())
            if meanwhile != breaker:
                store(meanwhile)
        return may

    def _note_failure(self, failure):
        with self._breaker() as (breaker, store, _cr):
            store(breaker.failed(fields.Datetime.now()), code=failure.code, arguments=json.dumps(failure.arguments))

    def _note_answer(self, text, rows):
        asked_at = fields.Datetime.now()
        with self._breaker() as (breaker, store, cr):
            store(breaker.succeeded(), code=None, arguments=None, answered_at=asked_at)
            cr.execute(
                """INSERT INTO hospital_his_enquiry_answer (enquiry_id, text, rows, asked_at) VALUES (%s, %s, %s, %s)
                   ON CONFLICT (enquiry_id, text) DO UPDATE SET rows = excluded.rows, asked_at = excluded.asked_at""",
                [self.id, text, json.dumps(rows), asked_at],
            )
        return asked_at

    def _last_answer(self, text):
        with self.pool.cursor() as cr:
            cr.execute(
                "SELECT rows, asked_at FROM hospital_his_enquiry_answer WHERE enquiry_id = %s AND text = %s",
                [self.id, text],
            )
            return cr.fetchone()

    # -- from keys to names ------------------------------------------------------------------------------------

    def _resolve(self, rows):
        """The values of an answer as the tables here would give them."""
        kind = f"enquiry_{self.kind}"
        rows = [asking.decode(kind, row) for row in rows]
        for model, code, names in (
            ("hr.department", "code", ("department", "ward")),
            ("hr.employee", "staff_no", ("doctor", "substitute", "surgeon")),
        ):
            known = self._known(model, code, {row[name] for row in rows for name in names if row.get(name)})
            for row in rows:
                row |= {name: known[row[name]].name for name in names if row.get(name) in known}
        if kind in ("enquiry_inpatient", "enquiry_surgery"):
            patients = self._known("res.partner", "patient_no", {row["patient_key"] for row in rows})
            for row in rows:
                patient = patients.get(row["patient_key"])
                patient = patient and (patient.merged_into_id or patient)
                row["patient_id"] = patient and patient.id
                row["patient"] = row.get("patient") or patient and patient.name
                row["tell"] = row.get("disclosure") and row["disclosure"] != "confidential"
        return rows

    def _known(self, model, code, keys):
        """The records that the HIS calls by these keys, or by a code of ours."""
        records = self.env[model].sudo().with_context(active_test=False)
        of_source = [("source_id", "=", self.source_id.id), ("external_id", "in", list(keys))]
        by_code = {record[code]: record for record in records.search([(code, "in", list(keys))])}
        return by_code | {record.external_id: record for record in records.search(of_source)}

    # -- buttons -----------------------------------------------------------------------------------------------

    def action_try(self):
        """Ask the HIS for anything and say what came, or what is wrong."""
        self.ensure_one()
        self.check_access("write")
        began = time.monotonic()
        try:
            found = self.sudo()._ask_his("", 20)
        except ReadingFailed as failure:
            raise UserError(self._sentence(failure.code, failure.arguments)) from None
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if found["skipped"] else "success",
                "message": self.env._(
                    "%(rows)s rows in %(seconds)s seconds, %(skipped)s could not be read.",
                    rows=len(found["rows"]),
                    seconds=f"{time.monotonic() - began:.1f}",
                    skipped=found["skipped"],
                ),
            },
        }

    def action_ask_again(self):
        """Do not wait for the pause to end."""
        self.check_access("write")
        self.sudo().write({"failures": 0, "retry_at": False, "code": False, "arguments": False})
