from odoo import api, models

# What was written is known for a while, for a HIS that is put back; the row stays, so that its key does.
_DONE_WRITES = """
    UPDATE hospital_his_outbox SET payload = NULL WHERE id IN (
        SELECT write.id FROM hospital_his_outbox write
          JOIN hospital_his_source source ON source.id = write.source_id
         WHERE write.state IN ('done', 'discarded') AND write.payload IS NOT NULL
           AND write.done_at < now() AT TIME ZONE 'UTC' - source.keep_rows_days * interval '1 day'
         LIMIT %s)
"""


class HospitalHisPruning(models.AbstractModel):
    _inherit = "hospital.his.pruning"

    @api.model
    def _statements(self):
        return [*super()._statements(), _DONE_WRITES]
