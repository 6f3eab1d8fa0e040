from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get
from odoo.addons.hospital_base import secrets

from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed

DRIVERS = [
    ("oracle", "Oracle"),
    ("sqlserver", "SQL Server"),
    ("mysql", "MySQL or MariaDB"),
    ("db2", "DB2"),
    ("postgresql", "PostgreSQL"),
    ("sqlite", "SQLite file"),
]
# Who sees where the HIS is.
CONNECTION = "hospital_base.group_admin,hospital_base.group_integration"


class HospitalHisSource(models.Model):
    """The connection to a HIS. The password is not stored: the record names where it is found."""

    _name = "hospital.his.source"
    _inherit = ["hospital.his.source", "hospital.his.message"]

    driver = fields.Selection(DRIVERS, string="Kind of Database")
    host = fields.Char(groups=CONNECTION)
    port = fields.Integer(groups=CONNECTION, help="0: the usual port of this kind of database.")
    database = fields.Char(
        groups=CONNECTION,
        help="Name of the database; for Oracle its service name or SID; for SQLite the path of the file on the server.",
    )
    username = fields.Char(groups=CONNECTION)
    secret_ref = fields.Char(
        string="Password Name",
        groups=CONNECTION,
        help="The password is read from the environment variable HOSPITAL_SECRET_<name> or from the file <name> in "
        "the server's folder of secrets. It is never stored here.",
    )
    tz = fields.Selection(_tz_get, string="Time Zone", required=True, default="Asia/Shanghai")
    connect_timeout = fields.Integer(required=True, default=10, help="Seconds to wait for a connection.")
    silence_timeout = fields.Integer(required=True, default=120, help="Seconds to wait for the next rows.")
    total_timeout = fields.Integer(required=True, default=3600, help="Seconds that one reading may wait altogether.")
    overlap_minutes = fields.Integer(
        required=True,
        default=5,
        help="Rows this much older than the newest one are read again: the HIS may commit late.",
    )
    rejected_limit = fields.Integer(
        string="Stop above (% rejected)",
        required=True,
        default=50,
        help="A run that rejects more than this share of at least 100 rows stops: something is wrong with the query.",
    )
    # Those not in use too: a new feed is not in use before a person has seen what it does.
    feed_ids = fields.One2many("hospital.his.feed", "source_id", string="Feeds", context={"active_test": False})
    feed_count = fields.Integer(compute="_compute_feed_count")

    _limits_positive = models.Constraint(
        "CHECK (connect_timeout > 0 AND silence_timeout > 0 AND total_timeout > 0 AND overlap_minutes >= 0)",
        "Deadlines must be longer than nothing.",
    )
    _rejected_limit_percent = models.Constraint(
        "CHECK (rejected_limit BETWEEN 0 AND 100)", "The limit of rejected rows is a percentage."
    )

    @api.depends("feed_ids")
    def _compute_feed_count(self):
        counts = dict(
            self.env["hospital.his.feed"]._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"])
        )
        for source in self:
            source.feed_count = counts.get(source, 0)

    @api.constrains("secret_ref")
    def _check_secret_ref(self):
        for source in self:
            if source.secret_ref and not secrets.SECRET_NAME.fullmatch(source.secret_ref):
                raise ValidationError(self.env._("The password name may hold only letters, digits and underscores."))

    def _secret(self):
        return self._read_secret(self.secret_ref)

    @api.model
    def _read_secret(self, secret_ref):
        """The password, from outside the database."""
        if not secret_ref:
            return ""
        try:
            return secrets.read(secret_ref)
        except secrets.NoSecret as error:
            raise ReadingFailed("no_secret", secret=error.name, variable=error.variable, file=str(error.file)) from None

    def _connection(self):
        return {name: self[name] for name in self._connection_names()} | {"password": self._secret()}

    @api.model
    def _connection_names(self):
        """The fields that say where the HIS is and how it is talked to; all but the password."""
        return ["driver", "host", "port", "database", "username"]

    def _limits(self):
        return Limits(self.connect_timeout, self.silence_timeout, self.total_timeout)

    def _notice(self, message, kind):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": kind, "sticky": kind != "success"},
        }

    def action_run(self):
        """Queue a run of every active feed."""
        return self.feed_ids.action_run()

    # -- as a file --------------------------------------------------------------------------------------------

    @api.model
    def _import_definition(self, definition):
        """Create or bring up to date a source with its code tables and feeds; return the source.

        ``{"source": {"code", "name", …}, "codemaps": [{"code", "name", "lines": [{"source_value", "target_value"}]}],
        "feeds": [{"code", "name", "kind", "query", "key_column", "watermark_column",
        "fields": [{"target", "column", "transform", "argument", "codemap"}]}]}``
        """
        values = dict(definition["source"])
        source = self.with_context(active_test=False).search([("code", "=", values["code"])])
        if source:
            source.write(values)
        else:
            source = self.create(values)
        codemaps = {
            codemap["code"]: self.env["hospital.his.codemap"]._import_definition(source, codemap)
            for codemap in definition.get("codemaps", [])
        }
        for feed in definition.get("feeds", []):
            self.env["hospital.his.feed"]._import_definition(source, feed, codemaps)
        return source

    def _export_definition(self):
        """What ``_import_definition`` takes; without password and without data."""
        self.ensure_one()
        names = ("code", "name", *self._connection_names(), "secret_ref", "tz")
        names += ("connect_timeout", "silence_timeout", "total_timeout", "overlap_minutes", "rejected_limit")
        return {
            "source": {name: self[name] for name in names if self[name] is not False},
            "codemaps": [
                codemap._export_definition()
                for codemap in self.env["hospital.his.codemap"].search([("source_id", "=", self.id)])
            ],
            "feeds": [feed._export_definition() for feed in self.feed_ids],
        }
