"""Rows that refer to what is not there yet, or to each other in a circle; and what fails on the way."""

from exchange_kit import odoo, pair  # noqa: F401
from his_small import NOW

TREE = """SELECT department.external_id, parent.external_id FROM hr_department department
            LEFT JOIN hr_department parent ON parent.id = department.parent_id
           WHERE department.external_id IS NOT NULL ORDER BY 1"""
MISSING = "SELECT count(*) FROM hospital_his_link WHERE missing IS NOT NULL"
# How many of the feeds' locks this very connection still holds.
LOCKS = """
from odoo.addons.hospital_his_connector.models.hospital_his_feed_reading import LOCK
env.cr.execute("SELECT count(*) FROM pg_locks WHERE classid = %s AND pid = pg_backend_pid()", [LOCK])
result = env.cr.fetchone()[0]
"""


def test_department_that_is_part_of_itself(pair):  # noqa: F811
    pair.his.put("ks", "01", sj="01")
    pair.his.put("ks", "05", mc="老年科", lb="1", sj="05")
    run = pair.run()["department"]
    assert (run["state"], run["code"], run["rejected"]) == ("done", "", 0)
    assert pair.read(TREE) == [("01", None), ("02", "01"), ("05", None)]
    assert pair.value(MISSING) == 0


def test_departments_in_a_circle(pair):  # noqa: F811
    """They stand without a parent and are named, the rest of the tree is right; mended, they find their place."""
    pair.his.put("ks", "A", mc="甲", lb="1", sj="C")
    pair.his.put("ks", "B", mc="乙", lb="1", sj="A")
    pair.his.put("ks", "C", mc="丙", lb="1", sj="B")
    pair.his.put("ks", "D", mc="丁", lb="2", sj="A")
    runs = [pair.run()["department"] for _run in range(2)]
    assert {run["state"] for run in runs} == {"done"} and {run["code"] for run in runs} == {"parent_circle"}
    assert "A, B, C" in runs[1]["message"]
    tree = [("01", None), ("02", "01"), ("A", None), ("B", None), ("C", None), ("D", "A")]
    assert pair.read(TREE) == tree
    pair.his.put("ks", "A", sj="01")
    run = pair.run()["department"]
    assert (run["state"], run["code"]) == ("done", "")
    assert pair.read(TREE)[2:] == [("A", "01"), ("B", "A"), ("C", "B"), ("D", "A")]
    assert pair.value(MISSING) == 0


def test_departments_that_change_places(pair):  # noqa: F811
    pair.his.put("ks", "01", sj="02")
    pair.his.put("ks", "02", sj=None)
    run = pair.run()["department"]
    assert (run["state"], run["code"]) == ("done", "")
    assert pair.read(TREE) == [("01", "02"), ("02", None)]


def test_known_departments_that_become_a_circle(pair):  # noqa: F811
    pair.his.put("ks", "01", sj="02")
    run = pair.run()["department"]
    assert (run["state"], run["code"]) == ("done", "parent_circle")
    assert pair.read(TREE) == [("01", None), ("02", "01")]


def test_doctor_named_by_number_who_comes_later(pair):  # noqa: F811
    """The HIS knows its people by one key and names them by another: the number on the badge."""
    pair.do(
        """feed = env["hospital.his.feed"].search([("code", "=", "employee")])
feed.field_ids.filtered(lambda line: line.target == "staff_no").column = "xm" """
    )
    pair.his.put("zy", "Z1", ys="工号9")
    pair.his.put("ks", "02", fzr="工号9")
    pair.run()
    doctor = """SELECT doctor.external_id FROM hospital_encounter visit
                  LEFT JOIN hr_employee doctor ON doctor.id = visit.attending_id WHERE visit.external_id = 'Z1'"""
    assert pair.value(doctor) is None
    pair.his.put("ry", "K9", xm="工号9", zy="1", ks="01", zt="1")
    pair.run()
    assert pair.value(doctor) == "K9"
    assert (
        pair.value(
            "SELECT boss.external_id FROM hr_department ward JOIN hr_employee boss ON boss.id = ward.manager_id "
            "WHERE ward.external_id = '02'"
        )
        == "K9"
    )
    assert pair.value(MISSING) == 0


def test_failure_behind_the_rows_leaves_no_lock(pair):  # noqa: F811
    """What fails between the runs, in the database at that, is logged; the feed is free for the next run."""
    breaking = """
from unittest.mock import patch
from odoo.addons.hospital_his_connector.loading import DepartmentLoader
runs = env["hospital.his.run"]._queue(env["hospital.his.feed"].search([("code", "=", "department")]), "schedule")
with patch.object(DepartmentLoader, "settle", lambda loader: loader.cr.execute("SELECT 1 / 0")):
    env["hospital.his.feed"]._run_queued(runs)
"""
    assert pair.do(breaking + LOCKS) == 0
    assert pair.read("SELECT state, code FROM hospital_his_run ORDER BY id DESC LIMIT 1") == [("failed", "internal")]
    assert pair.run()["department"]["state"] == "done"


def test_failed_replay_leaves_no_lock(pair):  # noqa: F811
    pair.his.put("br", "D1", xm="坏标志", sw="maybe")
    pair.run()
    breaking = """
from unittest.mock import patch
letter = env["hospital.his.deadletter"].search([("state", "=", "open")])
with patch.object(type(letter.feed_id), "_apply", lambda feed, *rest: env.cr.execute("SELECT 1 / 0")):
    try:
        letter.action_replay()
    except Exception as error:
        failed = type(error).__name__
assert failed == "DivisionByZero", failed
"""
    assert pair.do(breaking + LOCKS) == 0


def test_deleted_runs(pair):  # noqa: F811
    """One before its turn, one while it is at work, one while the HIS is silent: the others do not notice."""
    pair.his.put("br", "P9", xm="新")
    states = pair.do(
        """
from unittest.mock import patch
feeds = env["hospital.his.feed"].search([("active", "=", True)])
runs = env["hospital.his.run"]._queue(feeds, "schedule")
from odoo.addons.hospital_his_connector.exchange.problems import ReadingFailed
victims = {"department": "employee", "patient": "patient", "outpatient": "outpatient"}
deleted = runs.filtered(lambda run: run.feed_id.code in victims.values())
ids = {run.feed_id.code: run.id for run in runs}
env.cr.commit()
usual, reading = type(feeds)._begin, type(feeds)._read
def begin(feed, run):
    usual(feed, run)
    if feed.code in ("department", "patient"):
        delete(feed)
def read(feed, run, *rest):
    if feed.code == "outpatient":
        delete(feed)
        raise ReadingFailed("silence", seconds=5)
    reading(feed, run, *rest)
def delete(feed):
    feed.flush_recordset()
    with env.registry.cursor() as another:
        another.execute("DELETE FROM hospital_his_run WHERE id = %s", [ids[victims[feed.code]]])
with patch.object(type(feeds), "_begin", begin), patch.object(type(feeds), "_read", read):
    feeds._run_queued(runs)
assert not deleted.exists()
result = (runs - deleted).mapped("state")"""
    )
    assert states == ["done"] * 4
    assert pair.run()["patient"]["state"] == "done"
    assert pair.value("SELECT count(*) FROM res_partner WHERE external_id = 'P9'") == 1


def test_visit_named_again_before_its_ward(pair):  # noqa: F811
    """A ward named by its code, in the HIS a key of its own: the visit waits and comes in by itself."""
    pair.his.put("zy", "Z9", br="P1", rysj=str(NOW), zt="0", ks="心外")
    assert pair.run()["inpatient"]["waiting"] == 1
    pair.do(
        """feed = env["hospital.his.feed"].search([("code", "=", "department")])
feed.field_ids.filtered(lambda line: line.target == "code").column = "mc" """
    )
    pair.his.put("ks", "77", mc="心外", lb="1")
    pair.run()
    assert pair.value("SELECT count(*) FROM hospital_encounter WHERE external_id = 'Z9'") == 1
