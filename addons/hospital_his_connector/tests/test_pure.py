"""The exchange without a database: whatever a HIS sends is mapped or rejected, never a crash."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..exchange import batch, copytext, drivers, frames, marks
from ..exchange.mapping import Mapper, raw
from ..exchange.problems import Rejected, safe_message
from ..exchange.targets import KINDS

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
    st.sampled_from(
        ("0000-00-00", "2026-02-30", "1e400", "１９９０年１月５日", "13900001234/0731-85551234", "\x00", "\ud800")
    ),
)


def unescape(field):
    """COPY text back into a value, as PostgreSQL reads it."""
    if field == "\\N":
        return None
    out, chars = [], iter(field)
    for char in chars:
        if char == "\\":
            char = next(chars)
            char = {"t": "\t", "n": "\n", "r": "\r"}.get(char, char)
        out.append(char)
    return "".join(out)


@tagged("post_install", "-at_install")
class TestPure(BaseCase):
    def mapper(self, kind):
        spec = {
            "kind": kind,
            "key": "k",
            "timezone": "Asia/Shanghai",
            "codemaps": {},
            "fields": [
                {"target": name, "column": name, "transform": target.type}
                for name, target in KINDS[kind].items()
                if name != "external_id"
            ],
        }
        names = ["k", *(name for name in KINDS[kind] if name != "external_id")]
        return Mapper(spec, names), names

    def test_anything_is_mapped_or_rejected(self):
        for kind in KINDS:
            self.check_anything(kind)

    def check_anything(self, kind):
        mapper, names = self.mapper(kind)

        @settings(max_examples=60, deadline=None, database=None)
        @given(row=st.lists(ANYTHING, min_size=len(names), max_size=len(names)))
        def check(row):
            try:
                key, line = mapper.line(row)
            except Rejected as problem:
                self.assertTrue(problem.code)
            else:
                self.assertEqual(line.count(b"\n"), 1)
                self.assertEqual(line.count(b"\t"), len(mapper.columns))
                self.assertNotIn(b"\x00", line)
                # a dead letter that is replayed is the same row
                again = raw(names, row)
                self.assertEqual(mapper.line(list(again.values())), (key, line))

        check()

    def test_copy_text_round_trip(self):
        @settings(max_examples=200, deadline=None, database=None)
        @given(texts=st.lists(st.text(), min_size=1, max_size=4))
        def check(texts):
            fields = copytext.line(texts).split("\t")
            self.assertEqual([unescape(field) for field in fields], [text.replace("\x00", "") for text in texts])

        check()

    def test_marks_survive(self):
        for value in (1, "x", Decimal("1.5"), 2.5, date(2026, 1, 1), datetime(2026, 1, 1, 8), b"\x00\xff", None):
            self.assertEqual(marks.unpack(marks.pack(value)), value)
        aware = datetime(2026, 1, 1, 8, tzinfo=UTC)
        self.assertEqual(marks.unpack(marks.pack(aware)), aware)
        self.assertEqual(marks.earlier(aware, 60), aware - timedelta(minutes=1))

    def test_a_batch_ends_at_its_size_in_bytes_too(self):
        mapper = Mapper({"kind": "department", "key": "k", "fields": [{"target": "name", "column": "n"}]}, ["k", "n"])
        rows = ((str(number), "长" * 100_000) for number in range(100))
        sizes = [part.read for part in batch.batches(mapper, ["k", "n"], rows)]
        self.assertEqual(sum(sizes), 100)
        self.assertLess(max(sizes), 25)

    def test_frames_that_break_off(self):
        stream = io.BytesIO()
        frames.write(stream, {"type": "batch", "copy": b"x" * 100})
        whole = stream.getvalue()
        for length in range(1, len(whole)):
            with self.assertRaises(EOFError):
                frames.read(io.BytesIO(whole[:length]))

    def test_no_way_to_a_host_is_no_closed_port(self):
        """As Linux says it through each driver, and Oracle's own client."""
        for kind in ("mysql", "postgresql", "sqlserver", "db2", "oracle"):
            for words, code in (("No route to host", "unreachable"), ("Connection refused", "refused")):
                self.assertEqual(drivers.get(kind).explain(f"(2003, [Errno 113] {words})"), code, kind)
        self.assertEqual(drivers.get("oracle").explain("ORA-12543: TNS:destination host unreachable"), "unreachable")

    def test_messages_hold_no_data(self):
        message = safe_message("invalid input syntax for type integer: \"张三\" LINE 1: 'SELECT'", "SELECT 1")
        self.assertNotIn("张三", message)
