"""The PDUs of CMPP, SGIP and SMGP: there and back, against bytes put together by hand, under fire; texts in parts."""

import hashlib
import random
import re
import struct

import odoo_here  # noqa: F401
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.hospital_sms.protocols import cmpp, sgip, smgp, text
from odoo.addons.hospital_sms.protocols.frames import Malformed, Reader

V20, V30 = cmpp.V20, cmpp.V30
LARGEST_NUMBER = {"B": 255, "I": 2**32 - 1}
PLAIN = st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=("Zs", "Cc", "Cf"))


def field(kind):
    """Values of one field of a layout: ``kind`` as the codecs' tables have it."""
    width = int(re.sub(r"\D", "", kind) or 0)
    match kind[0]:
        case "s":
            return st.text(PLAIN, max_size=width)
        case "h":
            return st.binary(min_size=width, max_size=width).map(bytes.hex)
        case "r":
            return st.binary(min_size=width, max_size=width)
        case "*":
            return st.lists(st.text(PLAIN, max_size=width), max_size=4).map(tuple)
        case "+":
            return st.binary(max_size=160)
        case "t":
            return st.dictionaries(st.integers(0, 65535), st.binary(max_size=30), max_size=4)
    return st.integers(0, LARGEST_NUMBER[kind])


def pdus(cls, spec):
    return st.fixed_dictionaries(
        {word.split(":")[0]: field(word.split(":")[1]) for word in spec.split() if word != "|"}
    ).map(lambda values: cls(**values))


U32 = st.integers(0, 2**32 - 1)
# Each: (module, further arguments, the sequences, the PDUs, their name)
KINDS = [
    *((cmpp, (V20,), U32, pdus(cls, older), cls.__name__) for _command, cls, older, _newer in cmpp.SPECS),
    *((cmpp, (V30,), U32, pdus(cls, newer or older), cls.__name__) for _command, cls, older, newer in cmpp.SPECS),
    *((sgip, (), field("h12"), pdus(cls, spec), cls.__name__) for _command, cls, spec in sgip.SPECS),
    *((smgp, (), U32, pdus(cls, spec), cls.__name__) for _command, cls, spec in smgp.SPECS),
]
ANY = st.one_of([st.tuples(st.just(kind[0]), st.just(kind[1]), kind[2], kind[3]) for kind in KINDS])


@pytest.mark.parametrize("kind", KINDS, ids=[f"{kind[4]}-{n}" for n, kind in enumerate(KINDS)])
def test_every_pdu_there_and_back(kind):
    module, arguments, sequences, made, _name = kind

    @settings(max_examples=30, deadline=None)
    @given(sequences, made)
    def check(sequence, pdu):
        frame = module.encode(pdu, sequence, *arguments)
        assert int.from_bytes(frame[:4], "big") == len(frame)
        got_sequence, got = module.decode(frame, *arguments)
        assert (type(got), got, got_sequence) == (type(pdu), pdu, sequence)

    check()


@given(st.sampled_from([V20, V30]), pdus(cmpp.Deliver, cmpp.SPECS[6][2]), pdus(cmpp.SubmitResp, "msg_id:h8 result:B"))
def test_a_peer_of_the_other_version_is_understood(version, deliver, answer):
    for pdu in (deliver._replace(reserve=""), answer):
        other = V30 if version == V20 else V20
        assert cmpp.decode(cmpp.encode(pdu, 7, other), version) == (7, pdu)


def test_a_failed_login_answered_in_the_other_version():
    frame = struct.pack(">IIII16sB", 33, 0x80000001, 1, 3, bytes(16), 0x30)
    assert cmpp.decode(frame, V20) == (1, cmpp.ConnectResp(3, bytes(16), 0x30))


def test_cmpp_golden():
    proof = hashlib.md5(b"901234" + b"\0" * 9 + b"shared" + b"0301000000").digest()
    assert cmpp.authenticator("901234", "shared", "0301000000") == proof
    connect = cmpp.encode(cmpp.Connect("901234", proof, 0x20, 301000000), 1)
    assert connect == b"\0\0\0\x27\0\0\0\1\0\0\0\1" + b"901234" + proof + b"\x20\x11\xf0\xe5\x40"
    assert cmpp.answer_authenticator(0, proof, "shared", V20) == hashlib.md5(b"\0" + proof + b"shared").digest()
    assert cmpp.answer_authenticator(0, proof, "shared", V30) == hashlib.md5(bytes(4) + proof + b"shared").digest()
    content = "您好".encode("utf-16-be")
    submit = cmpp.Submit(
        service_id="HOSP", msg_src="901234", src_id="10657777", dest_terminal_ids=("13900001234",), content=content
    )
    head = b"\0" * 8 + b"\1\1\1\0" + b"HOSP".ljust(10, b"\0") + b"\2"
    middle = b"901234" + b"01" + b"000000" + bytes(34) + b"10657777".ljust(21, b"\0") + b"\1"
    older = head + bytes(21) + b"\0\0\x08" + middle + b"13900001234".ljust(21, b"\0") + b"\4" + content + bytes(8)
    newer = head + bytes(33) + b"\0\0\x08" + middle + b"13900001234".ljust(32, b"\0") + b"\0\4" + content + bytes(20)
    assert (len(older), len(newer)) == (126 + 21 + 4, 151 + 32 + 4)
    assert cmpp.encode(submit, 258, V20)[4:] == b"\0\0\0\4\0\0\1\2" + older
    assert cmpp.encode(submit, 258, V30)[4:] == b"\0\0\0\4\0\0\1\2" + newer
    assert [len(cmpp.encode(cmpp.SubmitResp("00" * 8, 8), 1, version)) - 12 for version in (V20, V30)] == [9, 12]


@pytest.mark.parametrize("version", [V20, V30])
@pytest.mark.parametrize("width", [21, 32])
def test_cmpp_reports_of_both_widths_on_both_versions(version, width):
    content = (
        bytes.fromhex("0102030405060708")
        + b"UNDELIV"
        + b"2611271530"
        + b"2611271531"
        + b"13900001234".ljust(width, b"\0")
        + b"\0\0\0\7"
    )
    assert len(content) == {21: 60, 32: 71}[width]
    frame = cmpp.encode(cmpp.Deliver("ff" * 8, "10657777", registered_delivery=1, content=content), 1, version)
    assert len(frame) - 12 == {V20: 73, V30: 97}[version] + len(content)
    receipt = cmpp.Receipt.decode(cmpp.decode(frame, version)[1].content)
    assert receipt == cmpp.Receipt("0102030405060708", "UNDELIV", "2611271530", "2611271531", "13900001234", 7)
    assert receipt.encode({21: V20, 32: V30}[width]) == content
    assert cmpp.Receipt.decode(content[:20])[:2] == ("0102030405060708", "UNDELIV")  # the rest was cut off


def test_sgip_golden():
    sequence = sgip.sequence(3010099999, "0301000000", 2)
    header = struct.pack(">III", 3010099999, 301000000, 2)
    assert bytes.fromhex(sequence) == header
    bind = sgip.encode(sgip.Bind(1, "hospital", "shared"), sequence)
    assert bind == b"\0\0\0\x3d\0\0\0\1" + header + b"\1" + b"hospital" + bytes(8) + b"shared" + bytes(10) + bytes(8)
    content = "您好".encode("utf-16-be")
    submit = sgip.Submit("10655777", user_numbers=("8613000001234",), corp_id="99999", content=content)
    body = (
        b"10655777".ljust(21, b"\0")
        + b"0" * 21
        + b"\1"
        + b"8613000001234".ljust(21, b"\0")
        + b"99999"
        + bytes(10)
        + b"\1"
        + b"0\0\0\0\0\0" * 2
        + b"\0\2\0"
        + bytes(32)
        + b"\1\0\0\x08\0"
        + b"\0\0\0\4"
        + content
        + bytes(8)
    )
    assert len(body) == 144 + 4
    assert sgip.encode(submit, sequence) == struct.pack(">II", 20 + len(body), 3) + header + body
    report = b"\0\0\0\x40\0\0\0\5" + header + header + b"\0" + b"8613000001234".ljust(21, b"\0") + b"\2\x17" + bytes(8)
    assert sgip.decode(report) == (sequence, sgip.Report(sequence, 0, "8613000001234", sgip.FAILED, 23))
    answers = [sgip.encode(cls(), sequence) for cls in (sgip.BindResp, sgip.SubmitResp, sgip.ReportResp, sgip.Unbind)]
    assert [len(answer) for answer in answers] == [29, 29, 29, 20]


def test_smgp_golden():
    proof = hashlib.md5(b"35700001" + b"\0" * 7 + b"shared" + b"0301000000").digest()
    assert smgp.authenticator("35700001", "shared", "0301000000") == proof
    for padding, padded in ((7, False), (12, True)):
        proof_of_short = hashlib.md5(b"333" + bytes(padding) + b"shared0301000000").digest()
        assert smgp.authenticator("333", "shared", "0301000000", padded) == proof_of_short
    login = smgp.encode(smgp.Login("35700001", proof, smgp.BOTH, int("0301000000")), 1)
    assert login == b"\0\0\0\x2a\0\0\0\1\0\0\0\1" + b"35700001" + proof + b"\2" + b"\x11\xf0\xe5\x40" + b"\x30"
    content = b"\5\0\3\7\2\1" + "您好".encode("utf-16-be")
    tlvs = {smgp.TP_UDHI: b"\1", smgp.PK_TOTAL: b"\2", smgp.PK_NUMBER: b"\1"}
    submit = smgp.Submit(msg_format=8, src_term_id="10659", dest_term_ids=("18900001234",), content=content, tlvs=tlvs)
    body = (
        b"\6\1\1"
        + bytes(10)
        + b"00"
        + b"000000" * 2
        + b"\x08"
        + bytes(34)
        + b"10659".ljust(21, b"\0")
        + bytes(21)
        + b"\1"
        + b"18900001234".ljust(21, b"\0")
        + b"\x0a"
        + content
        + bytes(8)
    )
    assert len(body) == 114 + 21 + len(content)
    body += b"\0\2\0\1\1" + b"\0\x09\0\1\2" + b"\0\x0a\0\1\1"
    assert smgp.encode(submit, 9) == struct.pack(">III", 12 + len(body), 2, 9) + body
    # A parameter whose length is wrong ends them; the message itself is whole.
    broken = body + b"\0\x10\0\xff123"
    assert smgp.decode(struct.pack(">III", 12 + len(broken), 2, 9) + broken)[1] == submit


@pytest.mark.parametrize(
    ("names", "stat", "tail"),
    [
        ("sub: dlvrd: submit date: done date: stat: err: text:", "DELIVRD", bytes(20)),
        ("sub: dlvrd: Submit_date: done_date: Stat: ERR: Text:", "DELIVERED", b"short"),
        ("Sub: Dlvrd: submit_date: Done date: stat: err: txt:", "UNDELIV", b"stat:FAKE err:999"),
    ],
)
@pytest.mark.parametrize("raw", [bytes(range(48, 58)), b"a sub:1 : ", b"\0 \xffstat:XY", b" err:text:"])
@pytest.mark.parametrize("in_hex", [False, True])
def test_smgp_reports_in_every_spelling(names, stat, tail, raw, in_hex):
    words = re.findall(r"[^:]+:", names)
    values = [b"001", b"001", b"2611271529", b"2611271530", stat.encode(), b"003", tail]
    content = b"id:" + (raw.hex().encode() if in_hex else raw)
    content += b"".join(b" " + word.strip().encode() + value for word, value in zip(words, values, strict=True))
    receipt = smgp.Receipt.decode(content)
    assert receipt[:5] == (raw.hex(), stat, "003", "2611271529", "2611271530")


def test_smgp_report_as_specified_has_122_bytes():
    receipt = smgp.Receipt("00010011271530000001", "DELIVRD", "000", "2611271529", "2611271530")
    assert len(receipt.encode()) == 122
    assert smgp.Receipt.decode(receipt.encode()) == receipt


STREAM = [
    cmpp.encode(cmpp.ActiveTest(), 1),
    cmpp.encode(cmpp.Deliver("01" * 8, "10657777", content=b"TD"), 2),
    cmpp.encode(cmpp.SubmitResp("02" * 8, 0), 3),
]


def test_frames_split_and_joined_at_every_byte():
    stream = b"".join(STREAM)
    for first in range(len(stream) + 1):
        for second in (first, first + 1, (first + len(stream)) // 2, len(stream)):
            reader = Reader()
            chunks = stream[:first], stream[first:second], stream[second:]
            assert [frame for chunk in chunks for frame in reader.feed(chunk)] == STREAM
    reader = Reader()
    assert [frame for byte in stream for frame in reader.feed(bytes((byte,)))] == STREAM


@pytest.mark.parametrize("length", [0, 11, 4097, 2**32 - 1])
def test_a_length_that_cannot_be_ends_the_connection_after_the_good_frames(length):
    reader, got = Reader(), []
    with pytest.raises(Malformed):
        for frame in reader.feed(STREAM[1] + struct.pack(">I", length) + bytes(20)):
            got.append(frame)
    assert got == [STREAM[1]]


@settings(max_examples=400, deadline=None)
@given(ANY, st.randoms(use_true_random=False))
def test_damaged_frames_are_read_or_refused(made, chance: random.Random):
    module, arguments, sequence, pdu = made
    frame = bytearray(module.encode(pdu, sequence, *arguments))
    for _ in range(chance.randrange(6)):
        frame[chance.randrange(len(frame))] = chance.randrange(256)
    frame = bytes(frame[: chance.randrange(len(frame) + 1)]) if chance.random() < 0.5 else bytes(frame)
    frame += chance.randbytes(chance.choice([0, 0, 1, 8]))
    for reader in (module, cmpp, sgip, smgp):
        try:
            got = reader.decode(frame)[1]
            if isinstance(got, smgp.Deliver | cmpp.Deliver):
                type(got).__module__.endswith("smgp") and smgp.Receipt.decode(got.content)
                type(got).__module__.endswith("cmpp") and cmpp.Receipt.decode(got.content)
        except Malformed:
            pass


@given(st.binary(max_size=200))
def test_any_content_is_read_or_refused(content):
    for receipt in (cmpp.Receipt, smgp.Receipt):
        try:
            assert receipt.decode(content).msg_id
        except Malformed:
            pass
    piece = text.unwrap(content)
    assert 1 <= piece.index <= piece.total and content.endswith(piece.body)
    for fmt in (0, 3, 4, 8, 15, 99):
        assert "\0" not in text.decode(content, fmt)
        text.decode(content, fmt).encode()


def test_a_value_too_long_is_refused_not_cut():
    for pdu in (
        cmpp.Submit(dest_terminal_ids=("1" * 22,)),
        cmpp.Submit(service_id="x" * 11),
        cmpp.Submit(pk_total=256),
    ):
        with pytest.raises(Malformed):
            cmpp.encode(pdu, 1)
    with pytest.raises(Malformed):
        smgp.encode(smgp.SubmitResp("00" * 9 + "zz", 0), 1)


# Names of patients: common, rare in GBK, outside the BMP; digits that move the double bytes by one; an emoji.
WORDS = st.lists(st.sampled_from(["张伟", "𠮷", "龘", "1", "a", "，", "😀", "㐂", "\n"]), max_size=400).map("".join)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.sampled_from(["ucs2", "gbk", "ascii"]), st.booleans(), st.sampled_from([0, 6]), st.integers(0, 70000))
def test_the_parts_of_a_text_are_the_text(written, alphabet, wide, reserved, ref):
    parts = text.split(written, alphabet, ref, wide, reserved)
    assert len(parts) == text.count(written, alphabet, wide, reserved)
    encoding = {"ucs2": "utf-16-be", "gbk": "gbk", "ascii": "ascii"}[parts[0].alphabet]
    # Each part by itself is readable: nothing was cut in two.
    assert "".join(part.body.decode(encoding) for part in parts) == written
    room = 160 if parts[0].alphabet == "ascii" and len(parts) == 1 else 153 + 7 if parts[0].alphabet == "ascii" else 140
    assert all(len(part.header) + len(part.body) + 2 * reserved <= room for part in parts)
    pieces = [text.unwrap(part.header + part.body) for part in parts if part.header]
    assert [piece[:3] for piece in pieces] == [
        (ref & (0xFFFF if wide else 0xFF), len(parts), number) for number in range(1, len(pieces) + 1)
    ]


@pytest.mark.parametrize(
    ("written", "arguments", "sizes"),
    [
        ("好" * 70, {}, [140]),
        ("好" * 71, {}, [134, 8]),
        ("好" * 71, {"wide": True}, [132, 10]),
        ("好" * 66 + "𠮷" * 3, {}, [132, 12]),
        ("好" * 70, {"alphabet": "gbk"}, [140]),
        ("a" + "好" * 70, {"alphabet": "gbk"}, [133, 8]),
        ("a" * 160, {"alphabet": "ascii"}, [160]),
        ("a" * 161, {"alphabet": "ascii"}, [153, 8]),
        ("a" * 161, {"alphabet": "ascii", "wide": True}, [152, 9]),
        ("好" * 64, {"reserved": 6}, [128]),
        ("好" * 65, {"reserved": 6}, [122, 8]),
        ("a" * 71, {"alphabet": "gbk", "long": "ucs2"}, [71]),
        ("a" * 141, {"alphabet": "gbk", "long": "ucs2"}, [134, 134, 14]),
        ("", {}, [0]),
    ],
)
def test_limits_of_each_alphabet(written, arguments, sizes):
    assert [len(part.body) for part in text.split(written, **arguments)] == sizes


def test_more_parts_than_can_be_counted():
    assert len(text.split("好" * 67 * 255)) == 255
    with pytest.raises(text.TooLong):
        text.split("好" * (67 * 255 + 1))
