import hashlib
import logging
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..exchange import parent
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed
from ..twophase.decision import COMMITTED, DECIDED, PREPARING, ROLLED_BACK
from ..twophase.support import INCAPABLE
from ..writing.delivery import REFUSALS
from .hospital_his_outbox_sending import ANSWER

_logger = logging.getLogger(__name__)

# The HIS has answered, and holds nothing of ours.
ANSWERED = REFUSALS | INCAPABLE | {"nothing_matched"}


class HospitalHisTransaction(models.Model):
    """The record of a transaction that changes the HIS and us together: what was decided, and whether it is done.

    Odoo's commit is the decision, for this record is part of it; the HIS follows. In order:

    1. the record, *preparing*, is committed: the name of what may now be found in the HIS;
    2. Odoo's transaction sets it to *decided*, and so locks it as long as it lives;
    3. the local change;
    4. the HIS does its part and prepares it: from here on only a decision ends it;
    5. Odoo commits;
    6. the HIS commits; the record says *committed*.

    Whatever dies in between: a record that nobody locks and that still says *preparing* is rolled back in the HIS, a
    *decided* one is committed there. Nothing of this hangs on the hooks of a cursor, which savepoints would fire early.
    """

    _name = "hospital.his.transaction"
    _inherit = ["hospital.his.message"]
    _description = "Transaction with the HIS"
    _order = "id desc"
    _rec_name = "gid"

    gid = fields.Char(string="Name in the HIS", required=True, readonly=True)
    source_id = fields.Many2one("hospital.his.source", required=True, ondelete="restrict", readonly=True)
    delivery_id = fields.Many2one("hospital.his.delivery", required=True, ondelete="restrict", readonly=True)
    operation = fields.Selection(related="delivery_id.operation", string="What Is Told")
    key = fields.Char(string="Idempotency Key", required=True, readonly=True)
    state = fields.Selection(
        [
            (PREPARING, "Not decided"),
            (DECIDED, "Committed here, to be committed in the HIS"),
            (COMMITTED, "Committed on both sides"),
            (ROLLED_BACK, "Taken back on both sides"),
            ("mixed", "Settled by hand: the two sides differ"),
        ],
        required=True,
        default=PREPARING,
        readonly=True,
    )
    in_doubt = fields.Boolean(compute="_compute_in_doubt", search="_search_in_doubt")
    age = fields.Float(compute="_compute_in_doubt", string="Age (minutes)", digits=(12, 1))
    settled_at = fields.Datetime(readonly=True)
    settled_by = fields.Many2one("res.users", readonly=True)
    note = fields.Char(readonly=True, string="Why Settled by Hand")
    code = fields.Char(string="Reason (code)", readonly=True)
    arguments = fields.Json(readonly=True, export_string_translation=False)
    reason = fields.Char(compute="_compute_reason")

    _gid_unique = models.UniqueIndex("(gid)")
    _one_per_key = models.UniqueIndex("(source_id, key) WHERE state != 'rolled_back'")
    _doubt_index = models.Index("(create_date) WHERE state IN ('preparing', 'decided')")
    _recent_index = models.Index("(create_date)")

    @api.depends("state", "create_date")
    def _compute_in_doubt(self):
        now = fields.Datetime.now()
        for transaction in self:
            transaction.in_doubt = transaction.state in (PREPARING, DECIDED)
            end = now if transaction.in_doubt else transaction.settled_at or now
            transaction.age = max(0, (end - transaction.create_date) / timedelta(minutes=1))

    @api.model
    def _search_in_doubt(self, operator, value):
        return [("state", "in", (PREPARING, DECIDED))] if operator == "in" else NotImplemented

    @api.depends("code", "arguments")
    @api.depends_context("lang")
    def _compute_reason(self):
        for transaction in self:
            transaction.reason = self._sentence(transaction.code, transaction.arguments)

    def write(self, vals):
        if not self.env.su and vals:
            raise AccessError(self.env._("A transaction is settled with the buttons."))
        return super().write(vals)

    # -- the coordinator --------------------------------------------------------------------------------------

    @api.model
    def _together(self, source, operation, key, payload, work, session=None):
        """``work(env)`` here and the delivery's write in the HIS: both are committed, or neither is.

        ``env`` is a transaction of its own: the caller's must not hold what ``work`` writes. A key that has gone
        through is not done again. Raise what ``work`` raises, or ReadingFailed if the HIS does not do its part.
        """
        if session is None:
            with parent.Session() as session:
                return self._together(source, operation, key, payload, work, session)
        transaction_id = self._intend(source, operation, f"{operation}:{key}")
        if not transaction_id:
            return None
        try:
            with self.env.registry.cursor() as cr:
                own = self.with_env(self.env(cr=cr, su=True)).browse(transaction_id)
                own._decide()
                work(self.env(cr=cr))
                cr.flush()
                own._prepare(session, payload)
        except BaseException as error:
            # Odoo may or may not have come to its commit: the record knows.
            self._end(transaction_id, session, error)
            raise
        self._end(transaction_id, session)
        return transaction_id

    @api.model
    def _intend(self, source, operation, key):
        """Commit a record before anything of the name can exist in the HIS; nothing if the key has gone through."""
        with self.env.registry.cursor() as cr:
            env = self.env(cr=cr, su=True)
            if stop := env["hospital.his.stop"]._of(source):
                raise ReadingFailed("stopped", message=stop.reason)
            delivery = env["hospital.his.delivery"]._for(source, operation)
            if delivery.way != "together":
                raise ReadingFailed("no_delivery")
            rows = env.execute_query(
                SQL(
                    """INSERT INTO hospital_his_transaction (gid, source_id, delivery_id, key, state,
                            create_uid, create_date, write_uid, write_date)
                       VALUES (%(gid)s, %(source)s, %(delivery)s, %(key)s, 'preparing',
                            %(user)s, %(now)s, %(user)s, %(now)s)
                       ON CONFLICT (source_id, key) WHERE state != 'rolled_back' DO NOTHING RETURNING id""",
                    gid=env[self._name]._prefix() + uuid.uuid4().hex,
                    source=source.id,
                    delivery=delivery.id,
                    key=key,
                    user=self.env.uid,
                    now=fields.Datetime.now(),
                )
            )
            if rows:
                return rows[0][0]
            mine = [("source_id", "=", source.id), ("key", "=", key)]
            if env[self._name].search_count([*mine, ("state", "=", PREPARING)], limit=1):
                raise ReadingFailed("together_busy")
            return None

    def _decide(self):
        """Valid only with the commit of this cursor, and locked until then: whoever finds it free finds us dead."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospital_his_transaction SET state = %s WHERE id = %s AND state = %s",
                DECIDED,
                self.id,
                PREPARING,
            )
        )
        if not self.env.cr.rowcount:
            raise ReadingFailed("together_busy")

    def _prepare(self, session, payload):
        write = self.delivery_id._write_of(payload | {"key": self.key, "version": self.id})
        for _head in self._ask(session, self.source_id, {"work": "prepare", "gid": self.gid, "write": write}):
            pass

    def _end(self, transaction_id, session, error=None):
        """Finish at once what can be; the service does the rest."""
        if not isinstance(error, ReadingFailed) or error.code in ANSWERED:
            try:
                self._settle(transaction_id, session, error)
                return
            except Exception as failure:  # what is done is done: nothing may make it look otherwise
                _logger.warning("Transaction %s is left to the service: %s", transaction_id, type(failure).__name__)
        self.env["hospital.service"]._wake("exchange", "recover")

    @api.model
    def _ask(self, session, source, job):
        """Frames of one job at one system."""
        limits = Limits(source.connect_timeout, ANSWER, source.total_timeout)
        with session.reading(job | {"source": source._connection()}, limits) as frames:
            yield from (head for head, _blobs in frames)

    @api.model
    def _prefix(self):
        """Two databases of ours on one HIS must not mistake each other's transactions for their own."""
        database = self.env["ir.config_parameter"].get_param("database.uuid")
        return f"hf{hashlib.sha256(database.encode()).hexdigest()[:12]}-"
