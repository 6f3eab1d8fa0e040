"""What happens in a HIS after the fact, each before and after."""

from datetime import date, timedelta

import pytest
from exchange_kit import odoo, pair  # noqa: F401
from his_small import NOW

VISIT = "SELECT state, discharged_at, discharge_date::text FROM hospital_encounter WHERE external_id = %s"


def changed(runs):
    return {code: (run["new"], run["changed"]) for code, run in runs.items() if run["new"] or run["changed"]}


# Which transaction wrote each row.
WRITTEN = " UNION ALL ".join(
    f"SELECT '{table}', id, xmin::text FROM {table}"
    for table in (
        "res_partner",
        "hospital_patient_phone",
        "hospital_quality_issue",
        "hospital_encounter",
        "hospital_encounter_diagnosis",
        "hospital_his_link",
    )
)


def test_second_run_changes_nothing(pair):  # noqa: F811
    before = pair.read(WRITTEN)
    assert changed(pair.run()) == {}
    pair.do('env["hospital.his.feed"].search([]).write({"mark": False})')
    runs = pair.run()
    assert changed(runs) == {}
    assert runs["patient"]["unchanged"] == 6
    assert sorted(before) == sorted(pair.read(WRITTEN))


def test_everything_arrived(pair):  # noqa: F811
    patient = pair.read(
        """SELECT name, complete_name, commercial_partner_id = id, gender, birth_date, phone_masked, active,
            lang IS NULL OR lang <> ''
             FROM res_partner WHERE external_id = 'P1'"""
    )
    assert patient == [("张丁", "张丁", True, "female", date(1941, 2, 15), "139****0001", True, True)]
    doctor = (
        "SELECT employee.staff_no "
        "FROM hospital_encounter visit "
        "JOIN hr_employee employee ON employee.id = visit.attending_id "
        "WHERE visit.external_id = 'Z1'"
    )
    assert pair.value(doctor) == "D2"
    assert pair.value("SELECT length_of_stay FROM hospital_encounter WHERE external_id = 'Z1'") == 7
    assert (
        pair.value("SELECT discharge_orders FROM hospital_encounter WHERE external_id = 'Z1'")
        == "1. 低盐饮食\n2. 按时服药"
    )
    assert pair.value("SELECT count(*) FROM hospital_encounter_diagnosis") == 6
    ward = (
        "SELECT ward.code, parent.code, boss.staff_no "
        "FROM hr_department ward JOIN hr_department parent ON parent.id = ward.parent_id "
        "JOIN hr_employee boss ON boss.id = ward.manager_id"
    )
    assert pair.read(ward) == [("02", "01", "D1")]
    # whoever treats sees: the patient's keys hold the department, and the visit is dated
    assert pair.value(
        "SELECT -d.id = ANY(p.care_keys) AND p.last_visit_at IS NOT NULL "
        "FROM res_partner p, hr_department d WHERE p.external_id = 'P1' AND d.code = '01'"
    )


def test_discharge_cancelled_and_front_page_sent_again(pair):  # noqa: F811
    (before,) = pair.read(VISIT, "Z1")
    assert before[0] == "finished"
    pair.his.put("zy", "Z1", zt="0")  # the date stays behind in the HIS
    pair.his.put("sy", "Z1", jbmc="心衰")
    pair.run()
    assert pair.read(VISIT, "Z1") == [("in_progress", None, None)]
    assert pair.events() == [("Z1", "cancelled", str(before[1]), None)]
    left = NOW - timedelta(hours=1)
    pair.his.put("zy", "Z1", zt="1", cysj=str(left))
    pair.run()
    assert pair.read(VISIT, "Z1")[0][2] == left.date().isoformat()


def test_discharge_date_changed(pair):  # noqa: F811
    pair.his.put("zy", "Z1", cysj=str(NOW - timedelta(days=10)))
    pair.run()
    assert [event[:2] for event in pair.events()] == [("Z1", "discharge_changed")]
    assert pair.read(VISIT, "Z1")[0][2] == (NOW - timedelta(days=10)).date().isoformat()


def test_transfer(pair):  # noqa: F811
    pair.his.put("ks", "03", mc="心外科", lb="1")
    pair.his.put("zy", "Z1", ks="03")
    pair.run()
    assert pair.events() == [("Z1", "transferred", "01", "03")]
    keys = (
        "SELECT array_agg(d.code ORDER BY d.code) "
        "FROM res_partner p, hr_department d "
        "WHERE p.external_id = 'P1' AND -d.id = ANY(p.care_keys)"
    )
    assert pair.value(keys) == ["01", "02", "03"]  # 01 by the out-patient visit


def test_withdrawn_admission(pair):  # noqa: F811
    pair.his.put("zy", "Z1", zt="9")
    pair.run()
    assert pair.read(VISIT, "Z1")[0][0] == "cancelled"
    pair.his.put("zy", "Z1", zt="1")
    pair.run()
    assert [event[1] for event in pair.events()] == ["cancelled", "reopened"]


def test_late_front_page(pair):  # noqa: F811
    """The page may come before its visit, and long after it."""
    pair.his.put("sy", "Z9", lyfs="1", jbdm="J18.900", bmsj=str(NOW))
    assert pair.run()["discharge"]["waiting"] == 1
    pair.his.put(
        "zy", "Z9", br="P1", rysj=str(NOW - timedelta(days=3)), cysj=str(NOW - timedelta(days=1)), zt="1", ks="01"
    )
    pair.run()
    assert pair.value("SELECT diagnosis_code FROM hospital_encounter WHERE external_id = 'Z9'") == "J18.900"
    assert pair.value("SELECT count(*) FROM hospital_his_deadletter WHERE state IN ('open', 'waiting')") == 0


def test_department_made_by_hand(pair):  # noqa: F811
    """The HIS names a department that its own list lacks: once somebody has entered it, the visit comes in."""
    pair.his.put("zy", "Z9", br="P1", rysj=str(NOW), zt="0", ks="77")
    assert pair.run()["inpatient"]["waiting"] == 1
    pair.do('env["hr.department"].create({"name": "新科室", "code": "77", "kind": "clinical"})')
    pair.run()
    department = """SELECT department.code FROM hospital_encounter visit
                      JOIN hr_department department ON department.id = visit.department_id
                     WHERE visit.external_id = 'Z9'"""
    assert pair.value(department) == "77"


def test_merged_patient(pair):  # noqa: F811
    """P1 turns out to be P2; visits that still come for P1 are P2's; a chain ends at its last."""
    pair.his.put("br", "P1", hb="P2")
    pair.run()
    owner = (
        "SELECT patient.external_id "
        "FROM hospital_encounter visit "
        "JOIN res_partner patient ON patient.id = visit.patient_id WHERE visit.external_id = %s"
    )
    assert pair.value(owner, "Z1") == "P2"
    assert pair.read("SELECT active FROM res_partner WHERE external_id = 'P1'") == [(False,)]
    assert ("Z1", "merged", "P1", "P2") in pair.events()
    phones = (
        "SELECT array_agg(phone.number ORDER BY 1) "
        "FROM hospital_patient_phone phone JOIN res_partner p ON p.id = phone.patient_id "
        "WHERE p.external_id = 'P2'"
    )
    assert pair.value(phones) == ["13900000001", "13900000002"]
    pair.his.put("mz", "M9", br="P1", jzsj=str(NOW), ks="01", ys="D1")
    pair.run()
    assert pair.value(owner, "M9") == "P2"
    assert ("M9", "merged", "P1", "P2") in pair.events()
    pair.his.put("br", "P2", hb="P3")
    pair.run()
    assert pair.value(owner, "Z1") == pair.value(owner, "M9") == "P3"
    merges = [event for event in pair.events() if event[0] in ("Z1", "Z2", "M9")]
    assert sorted(merges) == [("M9", "merged", "P1", "P3"), ("Z1", "merged", "P1", "P3"), ("Z2", "merged", "P2", "P3")]
    assert (
        pair.value(
            "SELECT s.external_id "
            "FROM res_partner l JOIN res_partner s ON s.id = l.merged_into_id "
            "WHERE l.external_id = 'P1'"
        )
        == "P3"
    )


def test_merge_taken_back(pair):  # noqa: F811
    """The patient is back; a person is asked to look through the visits, of which those sent again find theirs."""
    pair.his.put("br", "P1", hb="P2")
    pair.run()
    pair.his.put("br", "P1", hb=None)
    pair.his.put("zy", "Z1", ch="99")
    pair.run()
    assert pair.read("SELECT active FROM res_partner WHERE external_id = 'P1'") == [(True,)]
    assert ("P1", "unmerged", "open", "01") in pair.read(RELATED[2])
    owner = """SELECT patient.external_id FROM hospital_encounter visit
                 JOIN res_partner patient ON patient.id = visit.patient_id WHERE visit.external_id = 'Z1'"""
    assert pair.value(owner) == "P1"


def test_birth_date_in_the_future(pair):  # noqa: F811
    pair.his.put("br", "P1", csrq="2941-02-15")
    pair.run()
    assert pair.read("SELECT birth_date FROM res_partner WHERE external_id = 'P1'") == [(None,)]
    found = "SELECT detail, state FROM hospital_quality_issue WHERE kind = 'birth_impossible'"
    assert pair.read(found) == [("2941-02-15", "open")]
    pair.his.put("br", "P1", csrq="1941-02-15")
    pair.run()
    assert pair.read(found) == [("2941-02-15", "resolved")]


def test_merged_into_somebody_not_known_yet(pair):  # noqa: F811
    pair.his.put("br", "P1", hb="P77")
    pair.run()
    assert pair.read("SELECT active FROM res_partner WHERE external_id = 'P1'") == [(True,)]
    pair.his.put("br", "P77", xm="后来", xb="2")
    pair.run()
    assert pair.read("SELECT active FROM res_partner WHERE external_id = 'P1'") == [(False,)]


def test_circle_of_merges_is_left_alone(pair):  # noqa: F811
    pair.his.put("br", "P1", hb="P2")
    pair.his.put("br", "P2", hb="P1")
    pair.run()
    assert pair.value("SELECT count(*) FROM res_partner WHERE is_patient AND active") == 6


def test_newborn_before_the_mother(pair):  # noqa: F811
    pair.his.put("br", "N1", xm="李梅之女", xb="2", mq="P88")
    pair.run()
    pair.his.put("br", "P88", xm="李梅", xb="2", dh="13900009988")
    pair.run()
    assert (
        pair.value(
            "SELECT mother.name FROM res_partner child "
            "JOIN res_partner mother ON mother.id = child.mother_id WHERE child.external_id = 'N1'"
        )
        == "李梅"
    )


BY_BATCHES = """
import odoo.addons.hospital_his_connector.exchange.batch as batching
usual, batching.ROWS = batching.ROWS, rows
env["hospital.his.feed"]._run_all()
batching.ROWS = usual
"""
RELATED = (
    "SELECT visit.external_id, event.old_value, event.new_value FROM hospital_encounter_event event "
    "JOIN hospital_encounter visit ON visit.id = event.encounter_id WHERE event.kind = 'merged' ORDER BY 1, 2",
    "SELECT child.external_id, mother.external_id FROM res_partner child "
    "JOIN res_partner mother ON mother.id = child.mother_id ORDER BY 1",
    "SELECT patient.external_id, issue.kind, issue.state, department.code FROM hospital_quality_issue issue "
    "JOIN res_partner patient ON patient.id = issue.patient_id "
    "LEFT JOIN hr_department department ON department.id = issue.department_id ORDER BY 1, 2",
)


@pytest.mark.parametrize("rows", [1, 2, 5000])
@pytest.mark.parametrize("visits_first", [False, True])
def test_merges_and_mothers_are_the_same_however_the_rows_are_cut(pair, rows, visits_first):  # noqa: F811
    pair.his.put("br", "N1", xm="李梅之女", xb="2", mq="Q1")
    pair.his.put("br", "Q1", xm="李梅", xb="2", hb="Q2")
    pair.his.put("br", "Q2", xm="李梅", xb="2", hb=None if visits_first else "Q3")
    pair.his.put("br", "Q3", xm="李梅", xb="2", dh="13900009988")
    for number in (1, 2, 3):
        pair.his.put("zy", f"Y{number}", br=f"Q{number}", rysj=str(NOW), zt="0", ks="01")
    if visits_first:
        pair.do(BY_BATCHES, rows=rows)
        pair.his.put("br", "Q2", hb="Q3")
    pair.do(BY_BATCHES, rows=rows)
    merged, mothers, issues = map(pair.read, RELATED)
    assert merged == [("Y1", "Q1", "Q3"), ("Y2", "Q2", "Q3")]
    assert mothers == [("N1", "Q3")]
    assert ("N1", "no_phone", "open", None) in issues
    assert not [issue for issue in issues if issue[0] in ("Q1", "Q2") and issue[2] == "open"]


def test_issue_found_late_belongs_to_the_department(pair):  # noqa: F811
    pair.his.put("br", "P1", dh=None)
    pair.run()
    assert ("P1", "no_phone", "open", "01") in pair.read(RELATED[2])


def test_shared_number_is_no_issue_once_it_is_not(pair):  # noqa: F811
    for number in range(6):
        pair.his.put("br", f"P{number}", dh="13900005555")
    pair.run()
    shared = "SELECT state, count(*) FROM hospital_quality_issue WHERE kind = 'phone_shared' GROUP BY 1"
    assert pair.read(shared) == [("open", 6)]
    pair.his.put("br", "P0", dh="13900006666")
    pair.run()
    assert pair.read(shared) == [("resolved", 6)]


def test_corrected_phone_line_stays(pair):  # noqa: F811
    pair.do(
        """line = env["hospital.patient.phone"].search([("patient_id.external_id", "=", "P1")])
line.write({"relation": "child", "contact_name": "小张", "sequence": 7})"""
    )
    pair.his.put("br", "P1", xm="张改名")
    pair.run()
    line = """SELECT relation, contact_name, phone.sequence FROM hospital_patient_phone phone
                JOIN res_partner patient ON patient.id = phone.patient_id WHERE patient.external_id = 'P1'"""
    assert pair.read(line) == [("child", "小张", 7)]


def test_death_after_discharge(pair):  # noqa: F811
    pair.his.put("br", "P1", sw="1")
    pair.his.put("sy", "Z2", lyfs="5")
    pair.run()
    assert pair.read("SELECT external_id FROM res_partner WHERE deceased ORDER BY 1") == [("P1",), ("P2",)]
    assert sorted(event[1] for event in pair.events()) == ["died", "died"]
    pair.his.put("br", "P1", sw="0", dh="13900001111")
    pair.run()
    assert pair.value("SELECT deceased FROM res_partner WHERE external_id = 'P1'")
    contradicted = "SELECT state FROM hospital_quality_issue WHERE kind = 'death_contradicted'"
    assert pair.read(contradicted) == [("open",)]
    pair.his.put("br", "P1", sw="1")
    pair.run()
    assert pair.read(contradicted) == [("resolved",)]


def test_death_taken_back_on_the_front_page(pair):  # noqa: F811
    """The patient stays dead until a person has looked; one front page that tells of the death is enough."""
    contradicted = """SELECT patient.external_id, issue.state FROM hospital_quality_issue issue
                        JOIN res_partner patient ON patient.id = issue.patient_id
                       WHERE issue.kind = 'death_contradicted' ORDER BY issue.id"""
    for number in (1, 2):
        pair.his.put("sy", f"Z{number}", lyfs="5")
        pair.his.put("br", f"P{number}", sw="0")
    pair.run()
    assert pair.read("SELECT external_id FROM res_partner WHERE deceased ORDER BY 1") == [("P1",), ("P2",)]
    pair.his.put("br", "P2", sw="0", dh="13900002222")  # the master data never tells of a death in hospital
    pair.run()
    assert pair.read(contradicted) == []
    pair.his.put("sy", "Z1", lyfs="1")
    pair.run()
    assert pair.value("SELECT deceased FROM res_partner WHERE external_id = 'P1'")
    assert pair.read(contradicted) == [("P1", "open")]
    pair.his.put("sy", "Z1", lyfs="5")
    pair.run()
    assert pair.read(contradicted) == [("P1", "resolved")]


def test_in_patients_without_a_time_of_discharge(pair):  # noqa: F811
    """The front page brings the time, before the in-patient list says that the patient has left."""
    pair.do(
        """feeds = env["hospital.his.feed"].search([("active", "=", True)])
stays, page = (feeds.filtered(lambda feed, kind=kind: feed.kind == kind) for kind in ("inpatient", "discharge"))
stays.field_ids.filtered(lambda line: line.target == "discharged_at").unlink()
page.field_ids.create({"feed_id": page.id, "target": "discharged_at", "column": "cyyz", "transform": "datetime"})"""
    )
    left = NOW - timedelta(days=1)
    pair.his.put("zy", "Z9", br="P1", rysj=str(NOW - timedelta(days=3)), zt="0", ks="01")
    pair.his.put("sy", "Z9", lyfs="1", cyyz=str(left))
    pair.run()
    pair.his.put("zy", "Z9", zt="1")
    pair.run()
    ((state, _time, day),) = pair.read(VISIT, "Z9")
    assert (state, day) == ("finished", left.date().isoformat())


def test_test_patient(pair):  # noqa: F811
    pair.his.put("br", "P1", cs="1")
    pair.run()
    assert pair.value("SELECT is_test_patient FROM res_partner WHERE external_id = 'P1'")


def test_phones_follow_the_his_but_not_over_people(pair):  # noqa: F811
    pair.his.put("br", "P1", dh="１３９００００２２２２/0731-85551234", lxr="王芳", lxrgx="1", lxrdh="13900003333")
    pair.run()
    lines = """SELECT number, kind, relation, contact_name, state FROM hospital_patient_phone phone
                 JOIN res_partner p ON p.id = phone.patient_id WHERE p.external_id = 'P1' ORDER BY sequence"""
    assert pair.read(lines) == [
        ("13900002222", "mobile", "self", None, "unverified"),
        ("073185551234", "landline", "self", None, "unverified"),
        ("13900003333", "mobile", "spouse", "王芳", "unverified"),
    ]
    pair.write("UPDATE hospital_patient_phone SET state = 'valid' WHERE number = '13900003333'")
    pair.his.put("br", "P1", dh="13900004444", lxr=None, lxrgx=None, lxrdh=None)
    pair.run()
    assert {row[0] for row in pair.read(lines)} == {"13900003333", "13900004444"}


def test_doctor_who_comes_later(pair):  # noqa: F811
    pair.his.put("zy", "Z1", ys="D9")
    assert pair.run()["inpatient"]["changed"] == 1
    doctor = "SELECT attending_id IS NULL FROM hospital_encounter WHERE external_id = 'Z1'"
    assert pair.value(doctor) is True
    pair.his.put("ry", "D9", xm="新医生", zy="1", ks="01", zt="1")
    pair.run()
    assert pair.value(doctor) is False


def test_employee_leaves(pair):  # noqa: F811
    pair.his.put("ry", "D3", zt="0")
    pair.run()
    assert pair.value("SELECT active FROM hr_employee WHERE staff_no = 'D3'") is False


def test_diagnoses_move_and_go(pair):  # noqa: F811
    pair.his.put("zd", "Z1-2", zy="Z1", lb="2", xh="1", dm="E11.900", mc="糖尿病")
    pair.his.put("zd", "Z1-3", zy="Z1", lb="2", xh="2", dm="I10.x00", mc="高血压")
    pair.run()
    pair.his.put("zd", "Z1-2", xh="2")
    pair.his.put("zd", "Z1-3", xh="1")
    pair.his.put("zd", "Z2-1", zf="1")
    pair.run()
    codes = """SELECT d.code FROM hospital_encounter_diagnosis d JOIN hospital_encounter e ON e.id = d.encounter_id
                WHERE e.external_id = %s AND d.kind = 'other' ORDER BY d.sequence"""
    assert pair.read(codes, "Z1") == [("I10.x00",), ("E11.900",)]
    assert pair.value("SELECT count(*) FROM hospital_encounter_diagnosis") == 7


def test_displaced_diagnosis_sent_again(pair):  # noqa: F811
    """Another row takes its place by mistake and leaves again: unchanged as it is, it comes back."""
    codes = """SELECT d.kind, d.code FROM hospital_encounter_diagnosis d
                 JOIN hospital_encounter e ON e.id = d.encounter_id WHERE e.external_id = 'Z1' ORDER BY 1 DESC"""
    pair.his.put("zd", "Z1-2", zy="Z1", lb="1", xh="1", dm="E11.900", mc="糖尿病")
    pair.run()
    assert pair.read(codes) == [("principal", "E11.900")]
    pair.his.put("zd", "Z1-2", lb="2")
    pair.his.put("zd", "Z1-1")  # nothing but its time is new
    pair.run()
    assert pair.read(codes) == [("principal", "I50.900"), ("other", "E11.900")]


def test_late_commit_within_the_overlap_and_rows_without_watermark(pair):  # noqa: F811
    pair.his.put("br", "P90", xm="迟到", gxsj=pair.his.clock - timedelta(minutes=4))
    pair.his.put("br", "P91", xm="无时间", gxsj=None)
    pair.run()
    assert pair.value("SELECT count(*) FROM res_partner WHERE external_id IN ('P90', 'P91')") == 2


def test_a_row_from_the_future_hides_nothing(pair):  # noqa: F811
    pair.his.put("br", "P90", xm="未来", gxsj=NOW + timedelta(days=400))
    pair.run()
    pair.his.put("br", "P91", xm="现在", gxsj=NOW - timedelta(seconds=1))
    pair.run()
    assert pair.value("SELECT count(*) FROM res_partner WHERE external_id = 'P91'") == 1


def test_changed_mapping_reaches_rows_already_read(pair):  # noqa: F811
    pair.do(
        """feed = env["hospital.his.feed"].search([("code", "=", "patient"), ("active", "=", True)])
feed.field_ids.filtered(lambda line: line.target == "patient_no").write({"transform": "digits"})"""
    )
    assert pair.run()["patient"]["changed"] == 6
    assert pair.value("SELECT patient_no FROM res_partner WHERE external_id = 'P1'") == "1"
