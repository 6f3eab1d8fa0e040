"""Statements whose failure does not reach the log: Odoo's message would show the row, and the row a patient."""

from psycopg2 import extras


class QuietCursor:
    """A cursor of Odoo's that leaves it to the caller to say what went wrong."""

    def __init__(self, cr):
        self._cr = cr

    def execute(self, query, params=None):
        """Like the cursor's own."""
        self._cr.execute(query, params, log_exceptions=False)

    def execute_values(self, query, rows, template=None):
        """Like the cursor's own."""
        extras.execute_values(self, query, rows, template=template)

    def __getattr__(self, name):
        return getattr(self._cr, name)
