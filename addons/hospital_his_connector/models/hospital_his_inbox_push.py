import json
from collections import Counter

from odoo import models


class HospitalHisInbox(models.Model):
    """Calls that push rows: answered in the transaction that writes them, so none is ever left to be handled.

    The rows themselves are not kept: what was taken is in the records, what was not is in the dead letters.
    """

    _inherit = "hospital.his.inbox"

    def _close_push(self, outcomes):
        """Note and return the answer: what became of each row."""
        rows = [
            {
                "key": outcome.key,
                "result": outcome.result,
                "reason": self._sentence(outcome.code, outcome.arguments) if outcome.code else None,
            }
            for outcome in outcomes
        ]
        answer = {"counts": Counter(outcome.result for outcome in outcomes), "rows": rows}
        self._close("done", response=json.dumps(answer))
        return self._answer()

    def _answer(self):
        return json.loads(self.response)
