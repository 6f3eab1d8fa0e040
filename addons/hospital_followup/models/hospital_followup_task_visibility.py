from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from .hospital_followup_task import OPEN_STATES


class HospitalFollowupTaskVisibility(models.Model):
    _inherit = "hospital.followup.task"

    @api.model
    def _in_hand_queries(self, user, column):
        """Queries giving ``column`` of the tasks that let ``user`` see whom they are about.

        One's own open tasks from the day before they are due, what one has closed a day longer, and
        for the supervisor the open tasks of the centre. Each is answered from an index of its own.
        """
        self.flush_model(["user_id", "state", "done_by", "done_at"])
        tomorrow = self._today() + timedelta(days=1)
        conditions = [
            SQL("user_id = %s AND state IN %s AND earliest_date <= %s", user.id, OPEN_STATES, tomorrow),
            SQL("done_by = %s AND done_at > now() AT TIME ZONE 'UTC' - interval '1 day'", user.id),
        ]
        if user._has_hospital_role("supervisor"):
            conditions.append(
                SQL(
                    "mode IN ('central', 'outpatient') AND state IN %s AND earliest_date <= %s",
                    OPEN_STATES,
                    tomorrow,
                )
            )
        column = SQL.identifier(column)
        return [SQL("SELECT %s FROM hospital_followup_task WHERE %s", column, condition) for condition in conditions]
