from odoo import api, models, modules

# Rows of one transaction.
PART = 10_000

# A run is empty when it brought nothing and nothing was the matter; the latest good one says how late a feed is.
_EMPTY_RUNS = """
    DELETE FROM hospital_his_run WHERE id IN (
        SELECT run.id FROM hospital_his_run run JOIN hospital_his_source source ON source.id = run.source_id
         WHERE run.state = 'done' AND run.code IS NULL
           AND run.finished_at < now() AT TIME ZONE 'UTC' - source.keep_runs_days * interval '1 day'
           AND COALESCE(run.new_count, 0) + COALESCE(run.changed_count, 0) + COALESCE(run.rejected_count, 0)
               + COALESCE(run.waiting_count, 0) = 0
           AND EXISTS (SELECT 1 FROM hospital_his_run later
                        WHERE later.feed_id = run.feed_id AND later.state = 'done' AND later.id > run.id)
           AND NOT EXISTS (SELECT 1 FROM hospital_his_reconciliation WHERE run_id = run.id)
         LIMIT %s)
"""
# Ignored is not settled: whether the row changes in the HIS is told by its contents.
_SETTLED_LETTERS = """
    UPDATE hospital_his_deadletter SET payload = NULL WHERE id IN (
        SELECT letter.id FROM hospital_his_deadletter letter
          JOIN hospital_his_feed feed ON feed.id = letter.feed_id
          JOIN hospital_his_source source ON source.id = feed.source_id
         WHERE letter.state IN ('replayed', 'resolved') AND letter.payload IS NOT NULL
           AND letter.write_date < now() AT TIME ZONE 'UTC' - source.keep_rows_days * interval '1 day'
         LIMIT %s)
"""
# What was handled is masked already; number and answer stay, so that a resend is known and answered the same.
_HANDLED_MESSAGES = """
    UPDATE hospital_his_inbox SET payload = NULL WHERE id IN (
        SELECT message.id FROM hospital_his_inbox message
          JOIN hospital_his_source source ON source.id = message.source_id
         WHERE message.state IN ('done', 'ignored') AND message.payload IS NOT NULL
           AND message.handled_at < now() AT TIME ZONE 'UTC' - source.keep_rows_days * interval '1 day'
         LIMIT %s)
"""
# Comparisons at which both agreed.
_EMPTY_COMPARISONS = """
    DELETE FROM hospital_his_reconciliation WHERE id IN (
        SELECT one.id FROM hospital_his_reconciliation one JOIN hospital_his_source source ON source.id = one.source_id
         WHERE one.state = 'done' AND COALESCE(one.missing_count, 0) + COALESCE(one.vanished_count, 0) = 0
           AND one.finished_at < now() AT TIME ZONE 'UTC' - source.keep_runs_days * interval '1 day'
           AND EXISTS (SELECT 1 FROM hospital_his_reconciliation later
                        WHERE later.feed_id = one.feed_id AND later.state = 'done' AND later.id > one.id)
         LIMIT %s)
"""


class HospitalHisPruning(models.AbstractModel):
    """Clears away what nobody needs any more: never an error, never anything open, never a link."""

    _name = "hospital.his.pruning"
    _description = "Clearing Away"

    @api.model
    def _statements(self):
        """Hook: statements with a limit as their parameter, each repeated until it finds nothing more."""
        return [_EMPTY_RUNS, _SETTLED_LETTERS, _HANDLED_MESSAGES, _EMPTY_COMPARISONS]

    @api.model
    def _prune(self):
        """Part by part: memory does not grow, and killed in between it goes on the next time."""
        self.env.flush_all()
        for statement in self._statements():
            found = PART
            while found == PART:
                self.env.cr.execute(statement, [PART])
                found = self.env.cr.rowcount
                if not modules.module.current_test:
                    self.env.cr.commit()  # pylint: disable=invalid-commit; each part stands for itself
        self.env.invalidate_all()
