import re

from odoo import api, fields, models

from ..exchange import parent
from ..exchange.problems import ReadingFailed
from .hospital_his_source import CONNECTION

# Character sets without Chinese letters, by the names the databases give them.
WESTERN = re.compile(r"ascii|WE8|latin|_CP1_", re.IGNORECASE)


class HospitalHisSource(models.Model):
    """What only some kinds of databases need to be told, and the test whether it was right."""

    _inherit = "hospital.his.source"

    oracle_name = fields.Selection(
        [("service", "Service name"), ("sid", "SID")],
        string="The Database Is Named by",
        default="service",
        groups=CONNECTION,
        help="How the listener knows the database. Older servers often have a SID only.",
    )
    oracle_thick = fields.Boolean(
        string="Through Oracle's Client",
        groups=CONNECTION,
        help="Needed for servers older than 12.1, and where the server demands Oracle's own network encryption. "
        "Oracle Instant Client has to be installed on this server: version 19 for Oracle 11.2, 12.1 for 10.2, "
        "11.2 for 9.2.",
    )
    oracle_client = fields.Char(
        string="Folder of the Client",
        groups=CONNECTION,
        help="Where Instant Client was unpacked on this server. On Linux its libraries must be known to the system "
        "too (ldconfig); the folder may then stay empty.",
    )
    tds_version = fields.Selection(
        [
            ("7.0", "7.0 (SQL Server 7)"),
            ("7.1", "7.1 (SQL Server 2000)"),
            ("7.2", "7.2 (SQL Server 2005)"),
            ("7.3", "7.3 (SQL Server 2008)"),
            ("7.4", "7.4 (SQL Server 2012 and later)"),
        ],
        string="TDS Version",
        groups=CONNECTION,
        help="Version of the network protocol; empty: both sides agree on one. An old server may need to be told.",
    )
    tds_encryption = fields.Selection(
        [("require", "Always"), ("request", "If the server can"), ("off", "Never")],
        string="Encryption",
        default="request",
        groups=CONNECTION,
        help="SQL Server 2005 to 2012 without updates knows only encryption that is refused today: then choose never, "
        "in a network of your own only.",
    )
    text_repair = fields.Selection(
        [
            ("western", "Western letters are GBK (ÕÅÈý → 张三)"),
            ("bytes", "Undecoded bytes are GBK (Oracle US7ASCII)"),
        ],
        groups=CONNECTION,
        help="For a HIS that keeps Chinese in columns of a Western character set. Rows already read are read again.",
    )

    @api.model
    def _connection_names(self):
        names = super()._connection_names()
        names += ["oracle_name", "oracle_thick", "oracle_client", "tds_version", "tds_encryption", "text_repair"]
        return names

    def action_test_connection(self):
        """Connect and say in a sentence what is wrong, or which server answered."""
        self.ensure_one()
        self.check_access("write")
        try:
            job = {"work": "test", "source": self._connection()}
            with parent.Session() as session, session.reading(job, self._limits()) as frames:
                heads = {head["type"]: head for head, _blobs in frames}
        except ReadingFailed as failure:
            return self._notice(self._sentence(failure.code, failure.arguments), "danger")
        version, charset = heads["server"]["version"], heads["server"]["charset"]
        if not charset:
            return self._notice(self.env._("Connected. The server is version %s.", version), "success")
        message = self.env._(
            "Connected. The server is version %(version)s, its character set %(charset)s.",
            version=version,
            charset=charset,
        )
        if self.text_repair or not WESTERN.search(charset):
            return self._notice(message, "success")
        doubt = self.env._(
            "It has no Chinese: if names come as Western letters or question marks, choose a text repair."
        )
        return self._notice(f"{message} {doubt}", "warning")
