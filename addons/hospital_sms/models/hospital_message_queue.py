from typing import Any, NamedTuple

from psycopg2.extras import Json, execute_values

from odoo import api, fields, models

from ..protocols import text as texts


class Draft(NamedTuple):
    """One receiver's message, before it is put into the queue.

    number: digits, "" on WeChat; key: the same key is sent once; origin: (model, id)
    """

    text: str
    number: str = ""
    patient_id: int | None = None
    openid: str = ""
    values: dict[str, str] | None = None
    key: str | None = None
    origin: tuple[str, int] | None = None
    root_id: int | None = None


class Terms(NamedTuple):
    """What all messages of one call have in common. ``state``: "queued", or "draft" until the batch is released.

    gateway_id: the only one they may leave by, whatever it serves
    """

    purpose: str
    channel: str = "sms"
    priority: str = "2"
    at: Any = None
    template_id: int | None = None
    department_id: int | None = None
    batch_id: int | None = None
    state: str = "queued"
    watched: bool = False
    gateway_id: int | None = None


class HospitalMessage(models.Model):
    """How a message gets into the queue: gate, route, count, one INSERT."""

    _inherit = "hospital.message"

    @api.model
    def _enqueue(self, drafts, terms):
        """Put messages into the queue, in the caller's transaction; the service is woken at the commit.

        drafts: list of Draft; terms: Terms. Returns one id per draft, None where its key is known already.
        Each passes the contact gate: what it refuses is kept as "excluded" with its reason, what may go only later
        is planned for then. Set-based: the number of queries does not depend on the number of drafts.
        """
        at = terms.at or fields.Datetime.now()
        patients = self.env["res.partner"].browse({draft.patient_id for draft in drafts if draft.patient_id})
        verdicts = self.env["hospital.contact"]._admit(patients, terms.channel, terms.purpose, at)
        stopped = self._stopped_numbers([draft.number for draft in drafts], terms.purpose)
        routes = self.env["hospital.gateway"]._route([draft.number for draft in drafts], terms)
        self.env.cr.execute(
            "SELECT nextval('hospital_message_id_seq') FROM generate_series(1, %s)", [len(drafts)]
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        rows = []
        for message_id, draft in zip(ids, drafts, strict=True):
            verdict = verdicts.get(draft.patient_id)
            reason = verdict.reason if verdict and verdict.verdict == "no" else None
            reason = reason or ("stopped" if draft.number in stopped else None)
            gateway_id, operator = routes[draft.number]
            model, res_id = draft.origin or (None, None)
            rows.append(
                (
                    message_id,
                    terms.channel,
                    draft.patient_id,
                    draft.number or None,
                    self._masked(draft.number) or None,
                    draft.openid or None,
                    draft.text,
                    Json(draft.values) if draft.values else None,
                    terms.purpose,
                    terms.priority,
                    terms.department_id,
                    self.env.uid,
                    terms.template_id,
                    terms.batch_id,
                    gateway_id,
                    operator,
                    "excluded" if reason else terms.state,
                    reason,
                    len(texts.split(draft.text)) if terms.channel == "sms" else 1,
                    verdict.at if verdict and verdict.verdict == "later" else at,
                    model,
                    res_id,
                    draft.key,
                    terms.watched,
                    draft.root_id,
                    self.env.uid,
                    self.env.uid,
                )
            )
        execute_values(
            self.env.cr._obj,
            """INSERT INTO hospital_message (id, channel, patient_id, number, number_masked, openid, text, "values",
                   purpose, priority, department_id, sender_id, template_id, batch_id, gateway_id, operator, state,
                   reason, part_count, plan_at, res_model, res_id, key, watched, root_id, create_uid, write_uid,
                   create_date, write_date)
               VALUES %s ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING""",
            rows,
            template=f"({', '.join(['%s'] * 27)}, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
            page_size=1000,
        )
        self._make_parts(ids)
        self.env.cr.execute("SELECT id FROM hospital_message WHERE id = ANY(%s)", [ids])
        made = {row[0] for row in self.env.cr.fetchall()}
        return [message_id if message_id in made else None for message_id in ids]

    @api.model
    def _make_parts(self, ids):
        """The parts of these messages, as far as they wait to be sent."""
        self.env.cr.execute(
            """INSERT INTO hospital_message_part
                   (message_id, number, total, gateway_id, batch_id, priority, due_at, state, attempts, throttled)
               SELECT message.id, part.number, message.part_count, message.gateway_id, message.batch_id,
                      message.priority, message.plan_at, 'queued', 0, 0
                 FROM hospital_message message, generate_series(1, message.part_count) AS part (number)
                WHERE message.id = ANY(%s) AND message.state = 'queued'
                ORDER BY message.id, part.number""",
            [ids],
        )
        self.env["hospital.service"]._wake("messages")

    @api.model
    def _stopped_numbers(self, numbers, purpose):
        """Which of ``numbers`` want nothing more for this purpose, or nothing at all."""
        self.env.cr.execute(
            """SELECT number FROM hospital_message_stop WHERE number = ANY(%s) AND purpose = %s
                UNION SELECT right(number, 11) FROM phone_blacklist
                       WHERE active AND number = ANY(SELECT '+86' || number FROM unnest(%s::text[]) AS number)""",
            [list(numbers), purpose, list(numbers)],
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _release(self, batch):
        """Let up to 1,000 drafts of a checked batch go; returns how many did."""
        self.env.cr.execute(
            """UPDATE hospital_message SET state = 'queued'
                WHERE id IN (SELECT id FROM hospital_message WHERE batch_id = %s AND state = 'draft'
                              ORDER BY id LIMIT 1000) RETURNING id""",
            [batch.id],
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self._make_parts(ids)
        return len(ids)

    @api.model
    def _numbers_of(self, patients):
        """Return ``{patient id: mobile number}``, the number to write to first; who has none is missing."""
        self.env["hospital.patient.phone"].flush_model()
        self.env.cr.execute(
            """SELECT DISTINCT ON (patient_id) patient_id, number FROM hospital_patient_phone
                WHERE patient_id = ANY(%s) AND kind = 'mobile' AND state <> 'invalid'
                ORDER BY patient_id, is_best DESC NULLS LAST, sequence, id""",
            [patients.ids],
        )
        return dict(self.env.cr.fetchall())
