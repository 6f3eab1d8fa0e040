import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..exchange import parent
from ..exchange.problems import ReadingFailed
from ..twophase.decision import COMMITTED, DECIDED, PREPARING, ROLLED_BACK, commits
from ..twophase.support import INCAPABLE

_logger = logging.getLogger(__name__)

# A coordinator needs a moment between its record and the lock on it.
YOUNG = timedelta(seconds=5)
# In doubt for longer: somebody has to know, for what is prepared holds locks in the HIS.
LATE = timedelta(minutes=1)
# As long as this a server may sit on what it was told.
LATELY = timedelta(hours=1)


class HospitalHisTransaction(models.Model):
    """Finding and finishing what was broken off; by the service, or by a person who gives a reason."""

    _inherit = "hospital.his.transaction"

    @api.model
    def _recover(self):
        """Finish what can be finished at every system; return how many stay in doubt too long."""
        with self.env.registry.cursor() as cr:
            source_ids = self.with_env(self.env(cr=cr))._concerned()
        for source in self.env["hospital.his.source"].browse(source_ids):
            try:
                self._recover_at(source)
            except ReadingFailed as failure:
                _logger.warning("Transactions at %s cannot be finished: %s", source.code, failure.code)
        with self.env.registry.cursor() as cr:
            late = fields.Datetime.now() - LATE
            return self.with_env(self.env(cr=cr)).search_count([("in_doubt", "=", True), ("create_date", "<", late)])

    @api.model
    def _concerned(self):
        """Where something may be prepared that is ours; also where no record says so, after a backup was put back.

        And where a delivery went together lately: a server may come to a PREPARE after we have given up waiting.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT source_id FROM hospital_his_delivery WHERE active AND way = 'together'
                    UNION SELECT source_id FROM hospital_his_transaction WHERE state IN (%s, %s)
                    UNION SELECT source_id FROM hospital_his_transaction WHERE create_date > %s""",
                PREPARING,
                DECIDED,
                fields.Datetime.now() - LATELY,
            )
        )
        return [source_id for (source_id,) in rows]

    @api.model
    def _recover_at(self, source):
        with parent.Session() as session:
            # First what the HIS holds: every name in it had its record before. A server lists the names of all its
            # databases, so that of another source of ours too: what has a record is that source's to settle.
            job, refusal = {"work": "branches", "prefix": self.sudo()._prefix()}, None
            try:
                (gids,) = [head["gids"] for head in self._ask(session, source, job) if head["type"] == "branches"]
            except ReadingFailed as failure:
                if failure.code not in INCAPABLE:
                    raise
                gids, refusal = [], failure
            with self.env.registry.cursor() as cr:
                rows = self.with_env(self.env(cr=cr)).env.execute_query(
                    SQL(
                        """SELECT id, gid, source_id FROM hospital_his_transaction
                            WHERE state != 'mixed'
                              AND (gid = ANY(%s)
                                   OR source_id = %s AND (state = %s OR state = %s AND create_date < %s))""",
                        gids,
                        source.id,
                        DECIDED,
                        PREPARING,
                        fields.Datetime.now() - YOUNG,
                    )
                )
            for transaction_id, _gid, source_id in rows:
                if source_id == source.id:
                    self._settle(transaction_id, session, refusal)
            for gid in set(gids) - {gid for _id, gid, _source_id in rows}:
                self._finish(session, source, gid, commits(None))

    @api.model
    def _settle(self, transaction_id, session, error=None, by_hand=None, note=False):
        """Finish one in the HIS as its record says, or as a person does; not while its coordinator lives."""
        with self.env.registry.cursor() as cr:
            transaction = self.with_env(self.env(cr=cr, su=True)).browse(transaction_id).try_lock_for_update()
            if not transaction:
                return False
            state = transaction.state
            commit = commits(state) if by_hand is None else by_hand
            if error is None or commit:  # else the HIS has said that it holds nothing
                self._finish(session, transaction.source_id, transaction.gid, commit)
            ended = COMMITTED if commit else ROLLED_BACK
            values = {"state": ended if commit == commits(state) else "mixed", "settled_at": fields.Datetime.now()}
            if by_hand is not None:
                values |= {"note": note, "settled_by": self.env.uid}
            if isinstance(error, ReadingFailed):
                values |= {"code": error.code, "arguments": error.arguments}
            transaction.write(values)
            return True

    @api.model
    def _finish(self, session, source, gid, commit):
        for _head in self._ask(session, source, {"work": "finish", "gid": gid, "commit": commit}):
            pass

    def action_recover(self):
        """Try at once what the service does every half minute."""
        self.check_access("write")
        try:
            for source in self.sudo().source_id:
                self.sudo()._recover_at(source)
        except ReadingFailed as failure:
            raise UserError(self._sentence(failure.code, failure.arguments)) from None

    def _settle_by_hand(self, commit, note):
        """A person decides what nothing else can; where this contradicts the record, it says so for ever after."""
        self.ensure_one()
        self.check_access("write")
        if not self.in_doubt:
            raise UserError(self.env._("This transaction is settled already."))
        try:
            with parent.Session() as session:
                if not self._settle(self.id, session, by_hand=commit, note=note):
                    raise UserError(self.env._("This transaction is still under way."))
        except ReadingFailed as failure:
            raise UserError(self._sentence(failure.code, failure.arguments)) from None
        self.invalidate_recordset()
