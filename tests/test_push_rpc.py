"""Rows pushed over JSON-2 and XML-RPC into a real server: who may, what is answered, what stays undone."""

import json
import urllib.error
import urllib.request
import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import database, odoo_shell, server
from hl7_kit import Hospital

PREPARE = """
from datetime import datetime, timedelta
fields = [{"target": "name", "column": "xm"}, {"target": "gender", "column": "xb", "transform": "code",
    "codemap": "xb"}, {"target": "phone", "column": "dh", "transform": "phones"}]
source = env["hospital.his.source"]._import_definition({
    "source": {"code": "his", "name": "HIS"},
    "codemaps": [{"code": "xb", "name": "xb", "lines": [{"source_value": "1", "target_value": "male"}]}],
    "feeds": [
        {"code": "br", "name": "br", "kind": "patient", "way": "push", "key_column": "djh", "fields": fields},
        {"code": "zy", "name": "zy", "kind": "inpatient", "way": "push", "key_column": "lsh", "fields": [
            {"target": "patient", "column": "djh"},
            {"target": "admitted_at", "column": "rysj", "transform": "datetime"}]}]})
group = env.ref("hospital_his_connector.group_machine")
machine, other = env["res.users"].create([
    {"name": login, "login": login, "password": "geheim-" + login, "group_ids": [(6, 0, group.ids)]}
    for login in ("his_machine", "other_machine")])
source.machine_ids = machine
engineer = env["res.users"].create({"name": "engineer", "login": "engineer", "password": "geheim-engineer",
    "group_ids": [(6, 0, env.ref("hospital_base.group_integration").ids)]})
keys = {user.login: env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "test",
    datetime.now() + timedelta(days=1)) for user in (machine, other, engineer)}
env.cr.commit()
print("KEYS", __import__("json").dumps(keys))
"""


class Place(Hospital):
    """A server with a feed of patients and one of stays, both pushed."""

    def __init__(self, name, url, keys):
        super().__init__(name, None)
        self.url, self.keys = url, keys

    def post(self, body, login="his_machine", key=None, method="hospital.his.feed/push"):
        """Status and answer of a call of JSON-2."""
        key = key or self.keys.get(login)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"bearer {key}"} if key else {})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/json/2/{method}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def push(self, rows, feed="br", login="his_machine", **more):
        return self.post({"source": "his", "feed": feed, "rows": rows} | more, login)

    def call(self, login, *args):
        """The same over XML-RPC, with the password."""
        common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common")
        uid = common.authenticate(self.name, login, f"geheim-{login}", {})
        models = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True)
        return models.execute_kw(self.name, uid, f"geheim-{login}", *args)

    def patients(self):
        return self.value("SELECT count(*) FROM res_partner WHERE is_patient")


@pytest.fixture(scope="module")
def running():
    with database("push") as name:
        printed = odoo_shell(name, PREPARE)
        keys = json.loads(printed.split("KEYS ", 1)[1].splitlines()[0])
        with server(name) as url:
            yield Place(name, url, keys)


@pytest.fixture
def place(running):
    running.write("TRUNCATE hospital_his_inbox, hospital_his_deadletter, hospital_his_link, hospital_encounter CASCADE")
    running.write("DELETE FROM res_partner WHERE is_patient")
    return running


def test_json_2(place):
    status, answer = place.push([{"djh": "1", "xm": "王小明", "xb": 1, "dh": "13900001234"}, {"djh": "2", "xm": None}])
    assert status == 200 and answer["counts"] == {"new": 1, "rejected": 1}
    assert [row["result"] for row in answer["rows"]] == ["new", "rejected"] and "xm" in answer["rows"][1]["reason"]
    assert place.read("SELECT external_id, payload FROM hospital_his_deadletter") == [("2", {"djh": "2", "xm": None})]
    assert place.push([{"djh": "1", "xm": "王小明"}, {"djh": "1", "xb": "1"}])[1]["counts"] == {
        "changed": 1,
        "rejected": 1,
    }


def test_xml_rpc(place):
    rows = [{"djh": "1", "xm": "王小明", "xb": "1"}]
    assert place.call("his_machine", "hospital.his.feed", "push", ["his", "br", rows])["counts"] == {"new": 1}
    stay = [{"lsh": "9", "djh": "1", "rysj": xmlrpc.client.DateTime("20261101T08:00:00")}]
    answer = place.call("his_machine", "hospital.his.feed", "push", ["his", "zy", stay])
    assert answer["counts"] == {"new": 1}, answer
    assert str(place.value("SELECT admitted_at FROM hospital_encounter")) == "2026-11-01 00:00:00"


def test_who_may_not(place):
    row = [{"djh": "1", "xm": "王"}]
    body = {"source": "his", "feed": "br", "rows": row}
    assert place.post(body, login=None)[0] == 401
    assert place.post(body, key="0" * 40)[0] == 401
    assert place.push(row, login="engineer")[0] == 403
    status, answer = place.push(row, login="other_machine")
    assert status == 422 and "his" in answer["message"]
    with pytest.raises(xmlrpc.client.Fault, match="may not push"):
        place.call("engineer", "hospital.his.feed", "push", ["his", "br", row])
    assert place.patients() == 0


@pytest.mark.parametrize("model", ["res.partner", "res.users", "hospital.encounter", "hospital.his.feed",
                                   "hospital.his.inbox", "hospital.his.deadletter", "ir.attachment"])  # fmt: skip
def test_a_machine_can_do_nothing_else(place, model):
    place.push([{"djh": "1", "xm": "王小明"}])
    status, answer = place.post({"domain": [], "fields": ["display_name"]}, method=f"{model}/search_read")
    assert status == 403 or "王" not in json.dumps(answer, ensure_ascii=False) and answer in ([], None), answer
    assert place.post({"vals_list": [{"name": "x"}]}, method=f"{model}/create")[0] in (403, 422)


def test_a_wrong_call_says_what_is_wrong(place):
    good = [{"djh": "1", "xm": "王"}]
    for body, word in (
        ({"source": "his", "feed": "br", "rows": [*good, {"djh": "2", "xmm": "李"}]}, "xmm"),
        ({"source": "his", "feed": "br", "rows": good * 10_001}, "10001"),
        ({"source": "his", "feed": "br", "rows": {"djh": "1"}}, "list"),
        ({"source": "his", "feed": "nix", "rows": good}, "nix"),
        ({"source": "his", "rows": good}, "feed"),
    ):
        status, answer = place.post(body)
        assert status == 422 and word in json.dumps(answer), (status, answer)
    assert place.post(b"{")[0] == 400
    assert place.patients() == 0
    assert place.value("SELECT count(*) FROM hospital_his_inbox") == 0


def test_odd_values_are_rows_refused_and_not_errors(place):
    rows = [
        {"djh": "1", "xm": ["王"]}, {"djh": "2", "xm": {"a": 1}}, {"djh": "3", "xm": "\ud800"}, {"djh": "4", "xm": 3.5},
        {"djh": None, "xm": "无号"}, {"djh": "6", "xm": "a\x00b"}, {"djh": True, "xm": "王"},
    ]  # fmt: skip
    status, answer = place.push(rows)
    assert status == 200, answer
    assert [row["result"] for row in answer["rows"]] == [*["rejected"] * 3, "new", "rejected", "new", "new"]
    assert place.read("SELECT name FROM res_partner WHERE external_id = '6'") == [("ab",)]


def test_a_huge_batch(place):
    rows = [{"djh": str(n), "xm": f"王{n}", "xb": "1", "dh": f"139{n:08}"} for n in range(10_000)]
    assert place.push(rows)[1]["counts"] == {"new": 10_000}
    assert place.push(rows)[1]["counts"] == {"unchanged": 10_000}


def test_a_repeated_request_is_answered_as_the_first_time(place):
    first = place.push([{"djh": "1", "xm": "王"}], request="r1")
    assert first[1]["counts"] == {"new": 1}
    assert place.push([{"djh": "1", "xm": "王"}], request="r1") == first


def test_the_same_rows_from_many_at_once_have_one_effect(place):
    rows = [{"djh": str(n), "xm": f"王{n}"} for n in range(30)] + [{"djh": "99", "xm": None}]

    def one(_number):
        for _attempt in range(5):
            status, answer = place.push(rows)
            if status == 200:
                return answer["counts"]
        raise AssertionError((status, answer))

    with ThreadPoolExecutor(6) as clients:
        counts = list(clients.map(one, range(6)))
    assert sorted(count.get("new", 0) for count in counts) == [0] * 5 + [30]
    assert place.patients() == 30
    assert place.value("SELECT count(*) FROM hospital_his_deadletter") == 1


def test_a_row_that_waits_is_taken_up_later(place):
    stay = [{"lsh": "9", "djh": "1", "rysj": "2026-11-01 08:00"}]
    assert place.push(stay, "zy")[1]["counts"] == {"waiting": 1}
    place.push([{"djh": "1", "xm": "王"}])
    asked = "SELECT count(*) FROM hospital_schedule_slot WHERE state = 'due' AND schedule_id = %s"
    runs = "SELECT res_id FROM ir_model_data WHERE module = 'hospital_his_connector' AND name = 'schedule_his_runs'"
    assert place.value(asked, place.value(runs)) == 1, "the job will take it up"
    odoo_shell(place.name, "env.ref('hospital_his_connector.schedule_his_runs')._run_his_runs()")
    assert place.value("SELECT count(*) FROM hospital_encounter") == 1
