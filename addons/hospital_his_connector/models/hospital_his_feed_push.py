import hashlib
import json
import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..exchange import batch as batching
from ..exchange import mapping, pushed
from ..exchange.mapping import Mapper
from ..exchange.problems import ReadingFailed, Rejected
from ..loading import letters
from ..loading.letters import Letter
from ..loading.outcome import Outcome

# Longer numbers of a call are cut.
LONGEST = 200


class HospitalHisFeed(models.Model):
    """Rows that are brought to us: the same mapping, the same writing, the same dead letters."""

    _name = "hospital.his.feed"
    _inherit = ["hospital.his.feed", "hospital.his.message"]

    way = fields.Selection(
        [("query", "Query of the HIS"), ("push", "Rows pushed to us"), ("hl7", "HL7 messages")],
        string="Rows Come By",
        required=True,
        default="query",
    )
    query = fields.Text(required=False)
    push_example = fields.Text(compute="_compute_push_example", export_string_translation=False)

    _query_there = models.Constraint(
        "CHECK (way <> 'query' OR query IS NOT NULL)", "A feed that queries the HIS needs a query."
    )

    @api.depends("code", "way", "key_column", "field_ids.column")
    def _compute_push_example(self):
        for feed in self:
            row = dict.fromkeys(pushed.known(feed._mapping()) if feed.way == "push" and feed.key_column else (), "…")
            body = {"source": feed.source_id.code, "feed": feed.code, "rows": [row]}
            feed.push_example = (
                f"POST {feed.get_base_url()}/json/2/hospital.his.feed/push\n"
                "Authorization: bearer …\nContent-Type: application/json\n\n"
                + json.dumps(body, ensure_ascii=False, indent=2)
            )

    @api.model
    def push(self, source, feed, rows, request=None):
        """Bring rows into a feed; for the accounts that the source names as its machines.

        ``source`` and ``feed`` are codes, ``rows`` a list of objects: column of the mapping → value. A column that
        a row leaves out stays as it is; columns that the feed does not know are an error. ``request``, if given,
        names this call of the feed for good: sent again, it is answered as the first time and nothing is done, with
        other rows it is an error.

        The call is one transaction: it answers when everything is written, or nothing is. The answer says for each
        row, in order, its ``key``, its ``result`` (new, changed, unchanged, repeated, waiting, rejected) and the
        ``reason`` of the last two: such a row is kept by the hospital, with what it waits for or what is wrong.
        """
        if not self.env.user.has_group("hospital_his_connector.group_machine"):
            raise AccessError(self.env._("This account may not push rows."))
        feeds = self.sudo().search(
            [
                ("source_id.code", "=", source),
                ("source_id.machine_ids", "in", self.env.uid),
                ("code", "=", feed),
                ("way", "=", "push"),
            ]
        )
        if not feeds:
            raise UserError(self._sentence("push_no_feed", {"source": source, "feed": feed}))
        feeds._check_rows(rows)
        inbox = self.env["hospital.his.inbox"].sudo()
        number = f"{feeds.code}:{request or uuid.uuid4()}"[:LONGEST]
        message, is_new = inbox._receive(feeds.source_id, "rpc", feeds.code, number, None)
        digest = hashlib.blake2b(json.dumps(rows, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
        if not is_new:
            if message.request_digest != digest:
                raise UserError(self._sentence("soap_reused", {"request": request}))
            return message._answer()
        message.request_digest = digest
        try:
            outcomes = feeds._push(rows)
        except ReadingFailed as failure:
            raise UserError(self._sentence(failure.code, failure.arguments)) from None
        if any(outcome.result == "new" for outcome in outcomes) and feeds._unsettled():
            self.env["hospital.his.run"]._call()
        return message._close_push(outcomes)

    def _check_rows(self, rows):
        """What is wrong with the call itself, and not with a row."""
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row for row in rows):
            raise UserError(self._sentence("push_no_rows", {}))
        if len(rows) > batching.ROWS:
            raise UserError(self._sentence("push_too_many", {"count": len(rows), "limit": batching.ROWS}))
        known = pushed.known(self._mapping())
        there = {name.casefold() for name in known}
        for number, row in enumerate(rows, 1):
            if unknown := [str(name) for name in row if str(name).casefold() not in there]:
                arguments = {"number": number, "column": ", ".join(unknown)[:200], "columns": ", ".join(known)}
                raise UserError(self._sentence("push_columns", arguments))

    def _push(self, rows):
        """Take rows (column → value) as if they had been read; return an ``Outcome`` for each, in their order."""
        self.ensure_one()
        spec = self._mapping()
        outcomes = {}
        for stretch in pushed.stretches(spec, rows):
            for shape, numbered in stretch.items():
                outcomes |= self._push_alike(self._mapper(shape, spec), shape, numbered)
        return [outcomes[number] for number in range(len(rows))]

    def _push_alike(self, mapper, shape, numbered):
        outcomes, good, refused = {}, {}, []
        for number, row in numbered:
            values = tuple(row.values())
            try:
                for name, value in row.items():
                    if isinstance(value, (list, dict)):
                        raise Rejected("bad_value", column=name)
                key, line = mapper.line(values)
            except Rejected as problem:
                key = mapper.external_id(values)
                refused.append(Letter(key, problem.code, problem.arguments, mapping.raw(shape.names, values)))
                outcomes[number] = Outcome(key, "rejected", problem.code, problem.arguments)
            else:
                if key in good:  # the last one counts
                    outcomes[good.pop(key)[0]] = Outcome(key, "repeated")
                good[key] = number, line, values
        letters.store(self.env.cr, self.id, None, refused)
        loader = self._loader(mapper.sql_columns, list(shape.names))
        loader.outcomes = {}
        copy = b"".join(b"%d\t%s" % (place, line) for place, (_number, line, _values) in enumerate(good.values()))
        self._apply(loader, copy, batching.raw_rows(values for _number, _line, values in good.values()))
        self._collect_unmapped([(table, value, count) for (table, value), count in mapper.unmapped.items()])
        for key, (number, _line, _values) in good.items():
            outcomes[number] = loader.outcomes.get(key) or Outcome(key, "unchanged")
        return outcomes

    def _shape(self, row):
        return super()._shape(row) if self.way == "query" else pushed.shape(self._mapping(), row)

    def _mapper(self, shape, spec=None):
        if self.way == "query":
            return super()._mapper(shape, spec)
        return Mapper(pushed.reduced(spec or self._mapping(), shape), shape.names)

    @api.model
    def _unsettled(self):
        """Feeds with rows that wait for others, or that refer to what was unknown when they came."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT feed_id FROM hospital_his_deadletter WHERE state = 'waiting'
                   UNION SELECT feed_id FROM hospital_his_link WHERE missing IS NOT NULL"""
            )
        )
        return self.browse([feed_id for (feed_id,) in rows])
