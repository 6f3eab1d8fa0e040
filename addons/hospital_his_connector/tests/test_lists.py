import sqlite3

from ..loading import merging
from .common import ExchangeCase


def field(target, transform="text", argument="", column=""):
    return {"target": target, "column": column or target, "transform": transform, "argument": argument}


class TestLists(ExchangeCase):
    """What the hospital offers, how it is reached and what is done for a patient: read from the HIS."""

    def feed_of(self, kind, *fields, **values):
        columns = ", ".join(["id", *(line["column"] for line in fields), "gxsj"])
        self.his(f"DROP TABLE IF EXISTS t_{kind}", f"CREATE TABLE t_{kind} ({columns})")
        return self.source._import_definition(
            {
                "source": {"code": "test_his"},
                "feeds": [
                    {
                        "code": kind, "name": kind, "kind": kind, "query": f"SELECT * FROM t_{kind}",
                        "key_column": "id", "watermark_column": "gxsj", "fields": list(fields),
                    } | values
                ],
            }
        ).feed_ids.filtered(lambda feed: feed.code == kind)  # fmt: skip

    def row(self, kind, *values):
        places = ", ".join("?" * len(values))
        self.execute(f"DELETE FROM t_{kind} WHERE id = ?", values[:1])
        self.execute(f"INSERT INTO t_{kind} VALUES ({places}, ?)", (*values, self.clock()))

    def execute(self, statement, values):
        with sqlite3.connect(self.path) as connection:
            connection.execute(statement, values)

    def clock(self):
        self.ticks = getattr(self, "ticks", 0) + 1
        return f"2026-03-01 08:{self.ticks // 60:02}:{self.ticks % 60:02}"

    def found(self, model, key):
        return (
            self.env[model]
            .with_context(active_test=False)
            .search([("source_id", "=", self.source.id), ("external_id", "=", key)])
        )

    def person(self, key="P1"):
        self.execute("INSERT INTO br VALUES (?, '张三', '1', '1960-01-01', NULL, ?)", (key, self.clock()))
        self.execute(
            "INSERT INTO zy VALUES (?, ?, '2026-02-27 09:00:00', ?)", (key.replace("P", "Z"), key, self.clock())
        )
        self.run_feeds()
        return self.patient(key)

    def test_drugs_with_price_and_share_are_found_by_pinyin(self):
        feed = self.feed_of(
            "drug", field("name"), field("price", "decimal"), field("self_pay_share", "decimal"),
            field("in_stock", "boolean", "1"), field("active", "boolean", "1"),
        )  # fmt: skip
        self.row("drug", "Y1", "阿莫西林胶囊", "12.50", "0", "1", "1")
        self.row("drug", "Y2", "长春新碱", "面议", "100", "1", "1")
        self.row("drug", "Y3", "布洛芬", "￥8.05 ", "１０％", "0", "1")
        run = self.run_feeds(feed)
        self.assertEqual((run.new_count, run.rejected_count), (2, 1))
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", feed.id)])
        self.assertIn("面议", letter.reason)
        drug, other = self.found("hospital.drug", "Y1"), self.found("hospital.drug", "Y3")
        self.assertEqual((drug.price, drug.in_stock), (12.5, True))
        self.assertEqual((other.price, other.self_pay_share, other.in_stock), (8.05, 10, False))
        self.assertEqual(self.env["hospital.drug"].search([("search_text", "ilike", "amxl")]), drug)
        self.row("drug", "Y1", "头孢克洛", "20", "0", "1", "0")
        self.run_feeds(feed)
        self.assertEqual((drug.name, drug.price, drug.active), ("头孢克洛", 20, False))
        drug.active = True
        self.assertEqual(self.env["hospital.drug"].search([("search_text", "ilike", "tbkl")]), drug)

    def test_a_phone_waits_for_its_department_an_item_does_not(self):
        items = self.feed_of("exam_item", field("name"), field("department"), field("price", "decimal"))
        phones = self.feed_of("department_phone", field("department"), field("number"), field("purpose"))
        self.row("exam_item", "X1", "血常规", "77", "20")
        self.row("department_phone", "T1", "77", "0620-1", "登记处")
        self.run_feeds(items | phones)
        item, phone = self.found("hospital.exam.item", "X1"), self.found("hospital.department.phone", "T1")
        self.assertTrue(item)
        self.assertFalse(item.department_id)
        self.assertFalse(phone)
        department = self.env["hr.department"].create({"name": "检验科", "code": "77"})
        self.run_feeds(items | phones)
        self.assertEqual(item.department_id, department)
        phone = self.found("hospital.department.phone", "T1")
        self.assertEqual(phone.department_id, department)
        self.assertEqual(self.env["hospital.department.phone"].search([("search_text", "ilike", "jyk")]), phone)

    def test_leaders(self):
        feed = self.feed_of("directory", field("name"), field("post"), field("level"), field("mobile"))
        self.row("directory", "L1", "白岩", "院长", "upper", "16011112222")
        self.row("directory", "L2", "李四", "", "middle", "16011113333")
        self.assertEqual(self.run_feeds(feed).rejected_count, 1)
        self.assertEqual(self.found("hospital.directory.entry", "L1").mobile, "16011112222")

    def test_a_report_goes_on_and_moves_with_its_patient(self):
        feed = self.feed_of(
            "report", field("patient"), field("name"), field("encounter"), field("item"), field("state"),
            field("requested_at", "datetime"), field("reported_at", "datetime"), field("conclusion"),
        )  # fmt: skip
        self.row("report", "R1", "P1", "血常规", "Z1", "X1", "requested", "2026-02-28 09:00:00", None, None)
        self.row("report", "R2", "P1", "CT", None, None, "reported", "2026-02-28 09:00:00", "2026-02-27 09:00:00", None)
        self.row("report", "R3", "P1", "CT", None, None, "lost", "2026-02-28 09:00:00", None, None)
        self.assertEqual(self.run_feeds(feed).waiting_count, 2, "the patient is not known yet")
        patient = self.person()
        self.run_feeds()
        report = self.found("hospital.report", "R1")
        self.assertEqual((report.patient_id, report.state), (patient, "requested"))
        self.assertEqual(report.encounter_id.external_id, "Z1")
        self.assertFalse(report.item_id)
        letters = self.env["hospital.his.deadletter"].search([("feed_id", "=", feed.id), ("state", "=", "open")])
        self.assertEqual(
            dict(letters.mapped(lambda letter: (letter.external_id, letter.code))),
            {"R2": "report_before_request", "R3": "bad_choice"},
        )
        item = self.env["hospital.exam.item"].create(
            {"name": "血常规", "source_id": self.source.id, "external_id": "X1"}
        )
        self.row(
            "report", "R1", "P1", "血常规", "Z1", "X1", "reported", "2026-02-28 09:00:00", "2026-02-28 11:00:00", "好"
        )
        self.run_feeds(feed)
        self.assertEqual((report.state, report.item_id, report.conclusion), ("reported", item, "好"))
        survivor = self.person("P2")
        merging.merge(self.env, {patient.id: survivor.id})
        self.assertEqual(report.patient_id, survivor)

    def test_the_plan_of_the_theatre(self):
        feed = self.feed_of(
            "surgery", field("patient"), field("encounter"), field("name"), field("scheduled_at", "datetime"),
            field("surgeon"), field("room"), field("sequence", "integer"), field("state"),
        )  # fmt: skip
        patient = self.person()
        self.row("surgery", "S1", "P1", "Z1", "阑尾切除术", "2026-03-01 08:30:00", "D9", "3", "2", None)
        self.run_feeds(feed)
        surgery = self.found("hospital.surgery", "S1")
        self.assertEqual((surgery.patient_id, surgery.state, surgery.room), (patient, "scheduled", "3"))
        self.assertFalse(surgery.surgeon_id)
        surgeon = self.env["hr.employee"].create({"name": "刀", "staff_no": "D9"})
        self.row("surgery", "S1", "P1", "Z1", "阑尾切除术", "2026-03-01 09:00:00", "D9", "5", "1", "done")
        self.run_feeds(feed)
        self.assertEqual((surgery.surgeon_id, surgery.state, surgery.room), (surgeon, "done", "5"))

    def test_an_operation_that_vanished_is_called_off_until_it_comes_back(self):
        feed = self.feed_of(
            "surgery", field("patient"), field("name"), field("scheduled_at", "datetime"), field("state"), complete=True
        )  # fmt: skip
        self.person()
        self.source.vanish_limit = 100
        self.row("surgery", "S1", "P1", "阑尾切除术", "2026-03-01 08:30:00", "scheduled")
        self.row("surgery", "S2", "P1", "阑尾切除术", "2026-03-02 08:30:00", "done")
        self.run_feeds(feed)
        surgery = self.found("hospital.surgery", "S1")
        self.execute("DELETE FROM t_surgery WHERE id = ?", ("S1",))
        checks = self.env["hospital.his.reconciliation"]
        check = checks._queue(feed)
        checks._work()
        self.assertEqual((check.taken_out_count, surgery.state), (1, "cancelled"))
        self.assertEqual(self.found("hospital.surgery", "S2").state, "done")
        self.row("surgery", "S1", "P1", "阑尾切除术", "2026-03-01 08:30:00", "scheduled")
        self.run_feeds(feed)
        self.assertEqual(surgery.state, "scheduled")

    def test_transfers_and_beds(self):
        transfers = self.feed_of(
            "transfer", field("encounter"), field("transferred_at", "datetime"), field("from_bed"), field("to_bed"),
            field("to_ward"), field("removed", "boolean"),
        )  # fmt: skip
        # Who lies in which bed is a second feed of the same visits that fills nothing else.
        beds = self.feed_of("inpatient", field("bed", column="ch"))
        self.row("transfer", "T1", "Z1", "2026-02-28 10:00:00", "12", "30", "W2", "0")
        self.row("inpatient", "Z1", "30")
        runs = self.run_feeds(transfers | beds)
        self.assertEqual(runs.mapped("waiting_count"), [1, 1])
        self.person()
        self.run_feeds()
        stay = self.env["hospital.encounter"].search([("external_id", "=", "Z1")])
        self.assertEqual(stay.bed, "30")
        self.assertEqual(stay.transfer_ids.mapped("to_bed"), ["30"])
        ward = self.env["hr.department"].create({"name": "二病区", "code": "W2", "kind": "ward"})
        self.run_feeds(transfers)
        self.assertEqual(stay.transfer_ids.to_ward_id, ward)
        self.row("transfer", "T1", "Z1", "2026-02-28 10:00:00", "12", "31", "W2", "1")
        self.run_feeds(transfers)
        self.assertFalse(stay.transfer_ids)
