"""The demonstration HIS: the same each time, growing by the day, with its faults where the list says."""

import getpass
import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from demo import dirt, his, schema
from demo.day import HORIZON, stories
from demo.logins import personas
from demo.people import LEFT, PERSONAS, World

SINCE = date(2026, 3, 2)
UNTIL = datetime(2026, 6, 2, 12)
FEEDS = json.loads(Path(his.__file__).with_name("feeds.json").read_text(encoding="utf-8"))["feeds"]


def make(path, *moments, since=SINCE, seed=7):
    engine = sa.create_engine(f"sqlite:///{path}")
    for until in moments:
        his.write(engine, "small", until, seed, since)
    return engine


def content(engine):
    """Every table, row for row in the order of its key."""
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in schema.metadata.tables.values()
        }


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return make(tmp_path_factory.mktemp("his") / "his.sqlite", UNTIL)


@pytest.fixture(scope="module")
def planted(hospital):
    return his.planted(hospital)


def query(engine, statement, **values):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement), values)]


def rows_of(engine, table, keys):
    """The rows with these keys, as dictionaries."""
    column = list(table.primary_key.columns)[0]
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).where(column.in_(keys))).mappings()]


def test_same_seed_gives_same_rows_and_another_seed_others(tmp_path):
    until = datetime(2026, 3, 12, 12)
    first, second = (content(make(tmp_path / name, until)) for name in ("a", "b"))
    assert first == second
    assert first != content(make(tmp_path / "c", until, seed=8))


def test_going_on_day_by_day_equals_going_at_once(tmp_path):
    end = datetime(2026, 4, 20, 12)
    steps = [datetime(2026, 4, 1, 12), datetime(2026, 4, 2, 3, 17), datetime(2026, 4, 2, 12), datetime(2026, 4, 9, 8)]
    stepwise, at_once = content(make(tmp_path / "a", *steps, end)), content(make(tmp_path / "b", end))
    for table in at_once:
        assert stepwise[table] == at_once[table], table


def test_same_moment_again_writes_nothing(tmp_path):
    until = datetime(2026, 3, 12, 12)
    engine = make(tmp_path / "a", until)
    before = content(engine)
    assert his.write(engine, until=until) == {}
    assert his.write(engine, until=until - timedelta(days=1)) == {}
    assert content(engine) == before


def test_no_story_outlasts_the_horizon():
    world = World.of(7, "small", SINCE)
    for day in range(0, 90, 3):
        begin = SINCE + timedelta(days=day)
        for story in stories(world, begin):
            assert max(at for at, *_rest in story.versions).date() - begin < HORIZON


def test_size_is_what_the_ward_lists_need(hospital):
    (discharged,) = query(hospital, "SELECT count(*) FROM zy_brxx WHERE zt = '2'")[0]
    (visits,) = query(hospital, "SELECT count(*) FROM mz_jzxx")[0]
    (people,) = query(hospital, "SELECT count(*) FROM br_zsy")[0]
    assert 2600 < discharged < 3300
    assert 11000 < visits < 16000
    assert 10000 < people < 14000


def test_today_there_are_patients_in_hospital_and_discharges_of_yesterday_and_this_morning(hospital):
    in_hospital = query(hospital, "SELECT count(*) FROM zy_brxx WHERE zt = '1'")[0][0]
    by_day = dict(query(hospital, "SELECT substr(cysj, 1, 10), count(*) FROM zy_brxx WHERE zt = '2' GROUP BY 1"))
    assert in_hospital > 100
    assert by_day["2026-06-01"] > 15
    assert by_day["2026-06-02"] > 5


@pytest.mark.parametrize(
    ("family", "table", "tolerance"),
    [(dirt.PHONE, "br_zsy", 0.35), (dirt.IDENTITY, "br_zsy", 0.5), (dirt.NAME, "br_zsy", 0.6)],
)
def test_shares_of_patients(hospital, planted, family, table, tolerance):
    (people,) = query(hospital, "SELECT count(*) FROM br_zsy WHERE mqdjh IS NULL")[0]
    for kind, share in family.items():
        found = len(planted[kind][table]) / people
        assert share * (1 - tolerance) - 0.0007 < found < share * (1 + tolerance) + 0.0007, (kind, found)


def test_shares_of_stays(hospital, planted):
    (stays,) = query(hospital, "SELECT count(*) FROM zy_brxx WHERE cfxh = 0")[0]
    for kind, share in dirt.EPISODE.items():
        table = "br_zsy" if kind == "died_after" else "zy_brxx"
        found = len(planted[kind][table]) / stays
        assert share * 0.4 - 0.0015 < found < share * 1.6 + 0.0015, (kind, found)
    assert len(planted["coded_late"]["ba_basy"]) / stays == pytest.approx(dirt.CODED_LATE, rel=0.2)
    assert len(planted["duplicate_person"]["br_zsy"]) > 50


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("phone_none", lambda row: row["dh"] in (None, "", "无") and not row["lxrdh"]),
        ("phone_malformed", lambda row: not re.fullmatch(r"1[3-9]\d{9}", row["dh"])),
        ("phone_empty", lambda row: row["dh"].startswith(dirt.EMPTY_PREFIX)),
        ("phone_placeholder", lambda row: row["dh"] in dirt.PLACEHOLDERS),
        ("phone_landline", lambda row: re.fullmatch(r"0620-\d{8}", row["dh"])),
        ("phone_two", lambda row: len(re.findall(r"1[3-9]\d{9}", row["dh"])) == 2),
        ("phone_fullwidth", lambda row: re.fullmatch(r"[０-９]{11}", row["dh"])),
        ("phone_prefix", lambda row: re.fullmatch(r"(\+86|86-|0086|0)1\d{10}", row["dh"])),
        ("phone_spaced", lambda row: " " in row["dh"].strip()),
        ("id_checksum", lambda row: dirt.check_digit(row["sfzjhm"][:17]) != row["sfzjhm"][17]),
        ("gender_mismatch", lambda row: int(row["sfzjhm"][16]) % 2 != int(row["xb"]) % 2),
        ("foreigner", lambda row: row["zjlx"] == "03"),
        ("birth_impossible", lambda row: row["csrq"] == "0000-00-00"),
        ("birth_1900", lambda row: row["csrq"] == "1900-01-01"),
        ("name_dotted", lambda row: "·" in row["xm"]),
        ("name_single", lambda row: len(row["xm"]) == 1),
        ("newborn", lambda row: row["mqdjh"] and row["xm"].endswith(("之子", "之女"))),
        ("merged", lambda row: row["hbdjh"]),
        ("died_after", lambda row: row["swbz"] == "1" and row["swsj"]),
        ("test_patient", lambda row: row["csbz"] == "1"),
    ],
)
def test_planted_patients_are_as_the_list_says(hospital, planted, kind, check):
    rows = rows_of(hospital, schema.patients, planted[kind]["br_zsy"])
    assert rows
    assert all(check(row) for row in rows)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("date_impossible", lambda row: row["rysj"].startswith("0000")),
        ("discharge_before_admission", lambda row: row["cysj"] < row["rysj"]),
        ("discharge_future", lambda row: row["cysj"] > str(UNTIL)),
        ("unknown_department", lambda row: row["ksdm"] == dirt.UNKNOWN_DEPARTMENT),
        ("admission_cancelled", lambda row: row["zt"] == "3" and not row["cysj"]),
    ],
)
def test_planted_stays_are_as_the_list_says(hospital, planted, kind, check):
    rows = rows_of(hospital, schema.inpatients, planted[kind]["zy_brxx"])
    assert rows
    assert all(check(row) for row in rows)


def test_stays_of_unknown_patients_have_none(hospital, planted):
    keys = planted["unknown_patient"]["zy_brxx"]
    numbers = {row["djh"] for row in rows_of(hospital, schema.inpatients, keys)}
    assert numbers and not rows_of(hospital, schema.patients, numbers)


def test_patients_without_a_planted_fault_are_clean(hospital, planted):
    dirty = set().union(*(tables.get("br_zsy", set()) for tables in planted.values()))
    for djh, sex, number, phone in query(hospital, "SELECT djh, xb, sfzjhm, dh FROM br_zsy"):
        if djh not in dirty:
            assert re.fullmatch(r"16[01348]\d{8}", phone)
            if number:
                assert dirt.check_digit(number[:17]) == number[17]
                assert int(number[16]) % 2 == int(sex) % 2


def test_all_id_numbers_are_of_no_province_and_of_one_person(hospital, planted):
    doubles = planted["duplicate_person"]["br_zsy"]
    numbers = [
        n for djh, n in query(hospital, "SELECT djh, sfzjhm FROM br_zsy WHERE zjlx = '01'") if djh not in doubles
    ]
    assert all(number.startswith("990000") for number in numbers)
    assert len({number[:17] for number in numbers}) == len(numbers)


def test_a_cancelled_discharge_goes_in_out_in_out(tmp_path):
    """Hour by hour the row of a cancelled discharge changes as the ward would see it."""
    world = World.of(7, "small", SINCE)
    states = []
    for day in range(40):
        for story in stories(world, SINCE + timedelta(days=day)):
            keys = [
                row["lsh"]
                for _at, table, _key, row in story.versions
                if table == "demo_planted" and row["kind"] == "discharge_cancelled"
            ]
            for key in keys:
                stay = [
                    row["zt"] for _at, table, _key, row in story.versions if table == "zy_brxx" and row["zylsh"] == key
                ]
                states.append(stay)
    assert states
    assert all(stay[-3:] == ["2", "1", "2"] for stay in states)


def test_summaries_are_as_long_as_real_ones_and_name_the_revisit(hospital):
    rows = query(hospital, "SELECT ryqk, zljg, cyqk, cyyz, fzrq FROM cy_cyxj")
    for *sections, revisit in rows:
        assert 300 <= sum(map(len, sections)) <= 900
        assert date.fromisoformat(revisit).strftime("%Y年%m月%d日") in sections[3]


def test_every_reference_of_a_stay_resolves_unless_planted(hospital, planted):
    staff = {number for (number,) in query(hospital, "SELECT gh FROM ry_zd")}
    places = {code for (code,) in query(hospital, "SELECT ksdm FROM ks_zd")}
    unknown = planted["unknown_department"]["zy_brxx"]
    for key, department, ward, *people in query(
        hospital, "SELECT zylsh, ksdm, bqdm, zzysgh, zyysgh, zrhsgh FROM zy_brxx"
    ):
        assert ward in places
        assert (department in places) == (key not in unknown)
        assert staff.issuperset(people)


def test_a_doctor_who_left_has_former_patients_only(hospital):
    assert query(hospital, "SELECT zgzt FROM ry_zd WHERE gh = :gh", gh=LEFT) == [("2",)]
    last = query(hospital, "SELECT max(rysj) FROM zy_brxx WHERE zzysgh = :gh", gh=LEFT)[0][0]
    assert str(SINCE) < last < "2026-05-17"


def test_personas_are_staff_of_every_size():
    for size in ("small", "1x"):
        found = personas(World.of(his.SEED, size, SINCE))
        assert [number for *_rest, number in found] == [persona.number for persona in PERSONAS]
        assert all(all(cells) for cells in found)


def test_lists_are_as_long_as_a_hospital_needs_them_with_their_planted_faults(hospital, planted):
    sizes = {table: query(hospital, f"SELECT count(*) FROM {table}")[0][0] for table in ("yp_zd", "jcjy_zd", "dh_ks")}
    assert sizes["yp_zd"] > 600 and sizes["jcjy_zd"] > 250 and sizes["dh_ks"] > 150
    prices = {row["dj"] for row in rows_of(hospital, schema.drugs, planted["drug_price_text"]["yp_zd"])}
    assert prices == {"面议"}
    assert len(planted["drug_class_unknown"]["yp_zd"]) == 3
    assert all(re.fullmatch(r"16[01348]\d{8}", number) for (number,) in query(hospital, "SELECT sj FROM txl_ld"))
    assert query(hospital, "SELECT count(*) FROM txl_ld WHERE jb = '1'")[0][0] == 2


def test_reports_are_on_their_way_and_a_few_are_dated_wrongly(hospital, planted):
    states = dict(query(hospital, "SELECT zt, count(*) FROM jcjy_bg GROUP BY 1"))
    assert set(states) == {"1", "2", "3", "4", "5"}
    wrong = {key for (key,) in query(hospital, "SELECT bgdh FROM jcjy_bg WHERE bgsj < sqsj")}
    assert wrong and wrong == planted["report_before_request"]["jcjy_bg"]


def test_the_theatre_of_the_day_agrees_with_what_is_coded_later(hospital):
    today = query(hospital, "SELECT zt FROM ss_ap WHERE apsj LIKE '2026-06-02%'")
    assert len(today) > 3 and len(set(today)) > 1
    coded = query(
        hospital,
        "SELECT plan.ssmc, done.ssjczmc, plan.zt FROM ba_ssmx done JOIN ss_ap plan ON plan.zylsh = done.zylsh",
    )
    assert len(coded) > 300 and all(plan == done and state == "3" for plan, done, state in coded)
    assert query(hospital, "SELECT count(*) FROM ss_ap WHERE zt = '9'")[0][0] > 10


def test_clinics_are_published_two_weeks_ahead(hospital):
    last, kinds = query(hospital, "SELECT max(czrq), count(DISTINCT hb) FROM mz_pb WHERE czrq > '2026-06-02'")[0]
    assert last == "2026-06-16" and kinds == 4
    orphans = query(hospital, "SELECT count(*) FROM mz_hy WHERE pbid NOT IN (SELECT pbid FROM mz_pb)")[0][0]
    assert orphans == 0
    past = query(
        hospital, "SELECT DISTINCT hy.zt FROM mz_hy hy JOIN mz_pb pb USING (pbid) WHERE pb.czrq < '2026-06-01'"
    )
    assert {state for (state,) in past} <= {"1", "5", "6", "9"}


def test_clinics_grow_day_by_day_as_at_once(tmp_path):
    since, end = date(2026, 4, 1), datetime(2026, 7, 2, 12)
    steps = [datetime(2026, 6, 25, 12), datetime(2026, 6, 28, 9), end]
    stepwise, at_once = (content(make(tmp_path / name, *moments, since=since)) for name, moments in
                         (("a", steps), ("b", [end])))  # fmt: skip
    for table in ("mz_pb", "mz_hy", "ss_ap", "jcjy_bg", "zk_jl"):
        assert at_once[table] and stepwise[table] == at_once[table], table


# Other databases


@pytest.fixture(scope="module")
def postgresql():
    if not os.environ.get("PGHOST"):
        pytest.skip("PGHOST names no PostgreSQL (script/test starts one)")
    name = f"{os.environ.get('TEST_DB_PREFIX', 'test_')}his"
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
    subprocess.run(["createdb", name], check=True)
    host, user = os.environ["PGHOST"], os.environ.get("PGUSER", getpass.getuser())
    engine = sa.create_engine(f"postgresql+psycopg2://{user}@/{name}?host={host}")
    yield engine
    engine.dispose()
    subprocess.run(["dropdb", "--force", name], check=True)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    if not (server := shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin")):
        pytest.skip("no mariadbd (apt-get install mariadb-server-core)")
    place = tmp_path_factory.mktemp("mariadb")
    me, socket = f"--user={getpass.getuser()}", place / "s"
    install = ["mariadb-install-db", me, f"--datadir={place}/data", "--auth-root-authentication-method=normal"]
    subprocess.run(install, check=True, capture_output=True)
    options = [f"--datadir={place}/data", f"--socket={socket}", "--skip-networking", "--innodb-buffer-pool-size=64M"]
    process = subprocess.Popen([server, "--no-defaults", me, *options], stderr=subprocess.DEVNULL)
    engine = sa.create_engine(f"mysql+pymysql://root@localhost/?unix_socket={socket}&charset=utf8mb4")
    try:
        deadline = time.monotonic() + 60
        while not answers(engine):
            assert process.poll() is None and time.monotonic() < deadline, "MariaDB does not start"
        yield engine
    finally:
        engine.dispose()
        process.terminate()
        process.wait(timeout=60)


def answers(engine):
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False


@contextmanager
def mariadb_database(server, name):
    with server.begin() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    engine = sa.create_engine(server.url.set(database=name))
    yield engine
    engine.dispose()


def test_the_same_rows_and_feeds_on_every_database(tmp_path, postgresql, mariadb):
    day, later = datetime(2026, 3, 14, 12), datetime(2026, 3, 16, 9)
    expected = make(tmp_path / "a", day, later)
    with mariadb_database(mariadb, "his") as other:
        for engine in (postgresql, other):
            his.write(engine, "small", day, 7, SINCE)
            his.write(engine, until=later)
            assert content(engine) == content(expected)
            for feed in FEEDS:
                statement = f"SELECT * FROM ({feed['query']}) q ORDER BY {feed['key_column']}, gxsj"
                as_text = [{tuple(map(str, row)) for row in query(each, statement)} for each in (engine, expected)]
                assert as_text[0] == as_text[1], feed["code"]


def test_an_old_code_page_loses_only_what_it_does_not_know(mariadb):
    with mariadb_database(mariadb, "his_gbk") as engine:
        his.write(engine, "small", datetime(2026, 3, 31, 12), 7, SINCE, "gbk")
        rare = his.planted(engine)["name_rare"]["br_zsy"]
        names = [row["xm"] for row in rows_of(engine, schema.patients, rare)]
        assert any(name.endswith("?") for name in names)
        (summary,) = query(engine, "SELECT zljg FROM cy_cyxj LIMIT 1")[0]
        assert "入院后完善" in summary


def test_feeds_name_columns_of_their_queries(hospital):
    for feed in FEEDS:
        with hospital.connect() as connection:
            columns = set(connection.execute(sa.text(feed["query"])).keys())
        used = {feed["key_column"], feed["watermark_column"], *(line["column"] for line in feed["fields"])}
        assert used <= columns, feed["code"]
