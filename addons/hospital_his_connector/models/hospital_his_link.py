from odoo import fields, models


class HospitalHisLink(models.Model):
    """Which record a row of a feed became, and what the row looked like then.

    Written by SQL only, one row per row of the HIS. Several feeds may write the same record, so the hash lives
    here and not there.
    """

    _name = "hospital.his.link"
    _description = "Row of the HIS"
    _log_access = False

    feed_id = fields.Many2one("hospital.his.feed", required=True, ondelete="cascade")
    external_id = fields.Char(required=True, string="HIS Key")
    res_id = fields.Many2oneReference(model_field="model", string="Record")
    model = fields.Char(related="feed_id.model")
    missing = fields.Json(help="References that were unknown when the row came: name and HIS key.")

    missed_at = fields.Datetime(
        string="Not Found", help="A comparison did not find the row in the HIS; nothing was changed here yet."
    )
    vanished_at = fields.Datetime(string="Vanished", help="Since when the HIS no longer has the row.")
    taken_out = fields.Boolean(help="The record was archived or cancelled because its last row had vanished.")

    _row_unique = models.UniqueIndex("(feed_id, external_id)")
    _missing_index = models.Index("(feed_id) WHERE missing IS NOT NULL")
    _missed_index = models.Index("(feed_id) WHERE missed_at IS NOT NULL")
    _vanished_index = models.Index("(feed_id, external_id) WHERE vanished_at IS NOT NULL")

    def init(self):
        # 16 bytes instead of 32 characters, a million times over.
        self.env.cr.execute("ALTER TABLE hospital_his_link ADD COLUMN IF NOT EXISTS row_hash uuid")
