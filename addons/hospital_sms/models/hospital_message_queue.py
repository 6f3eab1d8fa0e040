import json
import re
from typing import Any, NamedTuple

from odoo import api, fields, models

from odoo.addons.hospital_base.identity import mask

from ..messaging import checks
from ..messaging.arrays import array
from ..protocols import text as texts

# Vendors and WeChat are given a text or a template as a whole; the operators' own protocols carry parts.
WHOLE = ("aliyun", "tencent", "wechat")
SIGNED = re.compile("【[^【】]+】")


class Draft(NamedTuple):
    """One receiver's message, before it is put into the queue.

    number: digits; on WeChat nothing is sent to it, but it tells who that is: in lists, and among the numbers for tests
    key: the same key is sent once; origin: (model, id)
    refused: why whoever sends it does not let it go: it is kept as excluded with this reason
    """

    text: str
    number: str = ""
    patient_id: int | None = None
    openid: str = ""
    values: dict[str, str] | None = None
    key: str | None = None
    origin: tuple[str, int] | None = None
    root_id: int | None = None
    refused: str | None = None


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


class _Style(NamedTuple):
    """How texts leave by a gateway. whole: not in parts; split: arguments of ``text.count``"""

    prefix: str
    whole: bool
    split: dict[str, Any]


# What is different for each draft: columns of hospital_message and their types.
_COLUMNS = {
    "id": "int",
    "patient_id": "int",
    "number": "text",
    "number_masked": "text",
    "openid": "text",
    "text": "text",
    "values": "jsonb",
    "gateway_id": "int",
    "operator": "text",
    "state": "text",
    "reason": "text",
    "part_count": "int",
    "plan_at": "timestamp",
    "res_model": "text",
    "res_id": "int",
    "key": "text",
    "root_id": "int",
}


class HospitalMessage(models.Model):
    """How a message gets into the queue: gate, route, sign, count, one INSERT."""

    _inherit = "hospital.message"

    @api.model
    def _enqueue(self, drafts, terms):
        """Put ``drafts`` (of one purpose, see Terms) into the queue; returns their ids, in order.

        None stands where the key is known already: that message has been put in before. One that may not be sent is
        kept as *excluded* with the reason: what the gate says, ``stopped`` (the number wants nothing more),
        ``no_number``, ``too_long``, ``repeated`` (the same text to the same number within minutes). One that may only
        be sent later waits until then. One that no gateway serves waits until one does. The text is kept as it leaves:
        signed, with the way to refuse where it is commercial.

        Set-based: the number of queries does not depend on the number of drafts. Up to some 10,000 at once; the service
        is woken when the transaction commits.
        """
        if not drafts:
            return []
        at = terms.at or fields.Datetime.now()
        verdicts = self._verdicts(drafts, terms.channel, terms.purpose, at)
        routes = self.env["hospital.gateway"]._route([draft.number for draft in drafts], terms)
        styles = self._styles({gateway_id for gateway_id, _operator in routes.values()})
        drafts = [
            draft._replace(text=self._signed(draft.text, styles[routes[draft.number][0]], terms)) for draft in drafts
        ]
        repeated = self._repeated(drafts) if terms.channel == "sms" else set()
        self.env.cr.execute("SELECT nextval('hospital_message_id_seq') FROM generate_series(1, %s)", [len(drafts)])
        ids = [row[0] for row in self.env.cr.fetchall()]
        counts = {}
        rows = []
        for place, (message_id, draft, verdict) in enumerate(zip(ids, drafts, verdicts, strict=True)):
            reason = verdict.reason if verdict.verdict == "no" else None
            if not reason and terms.channel == "sms" and not draft.number:
                reason = "no_number"
            reason = reason or draft.refused
            if not reason and place in repeated:
                reason = "repeated"
            gateway_id, operator = routes[draft.number]
            counted = draft.text, gateway_id
            if counted not in counts:
                counts[counted] = self._count_parts(draft.text, styles[gateway_id], terms)
            if not reason and not counts[counted]:
                reason = "too_long"
            later = verdict.verdict == "later" and not self._overtakes(terms)
            model, res_id = draft.origin or (None, None)
            rows.append(
                (
                    message_id,
                    draft.patient_id,
                    draft.number or None,
                    mask.phone(draft.number) or None,
                    draft.openid or None,
                    draft.text,
                    json.dumps(draft.values) if draft.values else None,
                    gateway_id,
                    operator,
                    "excluded" if reason else terms.state,
                    reason,
                    counts[counted],
                    verdict.at if later else at,
                    model,
                    res_id,
                    draft.key,
                    draft.root_id,
                )
            )
        own = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
        # What all have in common is one value, not an array of thousands.
        common = {name: values[0] for name, values in own.items() if len(set(values)) == 1 and name != "id"}
        own = {name: array(values) for name, values in own.items() if name not in common}
        common = {name: value for name, value in common.items() if value is not None}
        self.env.cr.execute(
            f"""INSERT INTO hospital_message
                       ({", ".join(f'"{name}"' for name in (*own, *common))}, channel, purpose, priority, department_id,
                        sender_id, template_id, batch_id, watched, create_date, write_date)
                SELECT draft.*, {"".join(f"%s::{_COLUMNS[name]}, " for name in common)}
                       %s, %s, %s, %s::int, %s, %s::int, %s::int, %s, moment, moment
                  FROM unnest({", ".join(f"%s::{_COLUMNS[name]}[]" for name in own)}) AS draft,
                       (SELECT now() AT TIME ZONE 'UTC') AS now (moment)
                    ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING
             RETURNING id""",
            [
                *common.values(),
                *(terms.channel, terms.purpose, terms.priority, terms.department_id, self.env.uid),
                *(terms.template_id, terms.batch_id, terms.watched),
                *own.values(),
            ],
        )
        made = {row[0] for row in self.env.cr.fetchall()}
        if terms.state == "queued":
            self._make_parts(ids)
        return [message_id if message_id in made else None for message_id in ids]

    # -- how it looks --------------------------------------------------------------------------------------------

    @api.model
    def _styles(self, gateway_ids):
        """``{gateway id: _Style}``, with None for messages that no gateway serves yet."""
        gateways = self.env["hospital.gateway"].sudo().browse(filter(None, gateway_ids))
        styles = {None: _Style("", False, {})}
        for gateway in gateways:
            signed = gateway.signature and not gateway.signature_by_gateway
            prefix = f"【{gateway.signature.strip('【】')}】" if signed else ""
            styles[gateway.id] = _Style(prefix, gateway.protocol in WHOLE, gateway._split_style())
        return styles

    @api.model
    def _signed(self, text, style, terms):
        """The text as the receiver is to see it: exactly one signature in front, the way to refuse at the end."""
        if terms.channel != "sms":
            return text
        if terms.purpose == "marketing":
            text = checks.with_opt_out(text)
        return text if SIGNED.match(text) else style.prefix + text

    @api.model
    def _count_parts(self, text, style, terms):
        """Parts of the text, 0 for one that is too long for any number of them."""
        if terms.channel != "sms" or style.whole:
            return 1
        try:
            return texts.count(text, **style.split)
        except texts.TooLong:
            return 0

    # -- parts ---------------------------------------------------------------------------------------------------

    @api.model
    def _make_parts(self, ids):
        """The parts of these messages, as far as they wait to be sent."""
        self.env.cr.execute(
            """INSERT INTO hospital_message_part
                   (message_id, number, total, gateway_id, batch_id, priority, due_at, state, attempts, throttled)
               SELECT message.id, part.number, message.part_count, message.gateway_id, message.batch_id,
                      message.priority, message.plan_at, 'queued', 0, 0
                 FROM hospital_message message, generate_series(1, message.part_count) AS part (number)
                WHERE message.id = ANY(%s::int[]) AND message.state = 'queued'
                ORDER BY message.id, part.number""",
            [array(ids)],
        )
        self.env["hospital.service"]._wake("messages")

    @api.model
    def _release(self, batch):
        """Let up to 1,000 drafts of a checked batch go, those whose time has come; returns how many did."""
        self.env.cr.execute(
            """UPDATE hospital_message SET state = 'queued'
                WHERE id IN (SELECT id FROM hospital_message WHERE batch_id = %s AND state = 'draft'
                              AND plan_at <= statement_timestamp() AT TIME ZONE 'UTC'
                              ORDER BY id LIMIT 1000)
            RETURNING id""",
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
