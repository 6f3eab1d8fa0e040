import sqlite3
import tempfile
from pathlib import Path

from odoo.tests import TransactionCase


class ExchangeCase(TransactionCase):
    """A HIS of two tables in a SQLite file, and the feeds that read it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = str(Path(folder.name, "his.sqlite"))
        cls.his("CREATE TABLE br (djh, xm, xb, csrq, dh, gxsj)", "CREATE TABLE zy (lsh, djh, rysj, gxsj)")
        cls.env["hospital.his.feed"].search([]).active = False
        cls.source = cls.env["hospital.his.source"]._import_definition(
            {
                "source": {"code": "test_his", "name": "Test", "driver": "sqlite", "database": cls.path},
                "codemaps": [{"code": "xb", "name": "性别", "lines": [{"source_value": "1", "target_value": "male"}]}],
                "feeds": [
                    {
                        "code": "br", "name": "患者", "kind": "patient", "query": "SELECT * FROM br;",
                        "key_column": "djh", "watermark_column": "gxsj",
                        "fields": [
                            {"target": "name", "column": "xm"},
                            {"target": "gender", "column": "xb", "transform": "code", "codemap": "xb"},
                            {"target": "birth_date", "column": "csrq", "transform": "date"},
                            {"target": "phone", "column": "dh", "transform": "phones"},
                        ],
                    },
                    {
                        "code": "zy", "name": "住院", "kind": "inpatient", "query": "SELECT * FROM zy",
                        "key_column": "lsh", "watermark_column": "gxsj",
                        "fields": [
                            {"target": "patient", "column": "djh"},
                            {"target": "admitted_at", "column": "rysj", "transform": "datetime"},
                        ],
                    },
                ],
            }
        )  # fmt: skip
        cls.feed = cls.source.feed_ids.filtered(lambda feed: feed.code == "br")

    @classmethod
    def his(cls, *statements):
        with sqlite3.connect(cls.path) as connection:
            for statement in statements:
                connection.execute(statement)

    def run_feeds(self, feeds=None):
        return self.env["hospital.his.feed"]._run_all(feeds or self.source.feed_ids)

    def patient(self, external_id):
        return (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("source_id", "=", self.source.id), ("external_id", "=", external_id)])
        )
