"""China Mobile's gateway: CMPP 2.0 and 3.0 from the specification."""

import hashlib
import struct
import time

import sms_peers
from sms_peers import Peer, Submit, text

CONNECT, TERMINATE, SUBMIT, DELIVER, ACTIVE_TEST = 1, 2, 4, 5, 8
ANSWER = 0x80000000
HEADER = struct.Struct(">III")
SUBMITS = {
    0x20: struct.Struct(">8x4B10sB21sBBB6s2s6s17s17s21sB21sB"),
    0x30: struct.Struct(">8x4B10sB32sBBBB6s2s6s17s17s21sB32sBB"),
}


def frame(command, sequence, body=b""):
    return HEADER.pack(12 + len(body), command, sequence) + body


class Connection(sms_peers.Connection):
    WRONG = 3

    def frame(self, raw):
        _length, command, sequence = HEADER.unpack_from(raw)
        if command == SUBMIT and self.logged_in:
            self.submit(sequence, raw)
        elif command == DELIVER | ANSWER:
            self.acknowledged(sequence, int.from_bytes(raw[20:]))
        elif command == CONNECT:
            self.connect(sequence, raw)
        elif command == ACTIVE_TEST:
            self.heartbeat_seen(frame(ACTIVE_TEST | ANSWER, sequence, b"\0"))
        elif command == ACTIVE_TEST | ANSWER:
            self.peer.heartbeat_answers += 1
        elif command == TERMINATE:
            self.goodbye_seen(frame(TERMINATE | ANSWER, sequence))
        elif command == TERMINATE | ANSWER:
            self.peer.goodbye_answers += 1
            self.transport.close()
        else:
            self.transport.abort()

    def connect(self, sequence, raw):
        peer = self.peer
        source, authenticator, version, stamp = struct.unpack_from(">6s16sBI", raw, 12)
        wanted = hashlib.md5(source + bytes(9) + peer.secret.encode() + b"%010d" % stamp).digest()
        right = text(source) == peer.login and authenticator == wanted

        def answer(status):
            shown = peer.answer_version or peer.version
            wide = shown >= 0x30
            own = hashlib.md5((b"\0\0\0\0" if wide else b"\0") + authenticator + peer.secret.encode()).digest()
            return frame(
                CONNECT | ANSWER,
                sequence,
                status.to_bytes(4 if wide else 1) + (bytes(16) if status else own) + bytes([shown]),
            )

        self.login_seen(text(source), right and version == peer.version, answer)

    def submit(self, sequence, raw):
        version = self.peer.version
        fields = SUBMITS[version].unpack_from(raw, 12)
        wide = version >= 0x30
        # pk_total pk_number registered level service fee_type fee_number [fee_kind] pid udhi format source ...
        udhi, form = fields[9:11] if wide else fields[8:10]
        sender, receiver, length = (
            (fields[16], fields[18], fields[20]) if wide else (fields[15], fields[17], fields[18])
        )
        start = 12 + SUBMITS[version].size
        if len(raw) != start + length + (20 if wide else 8):
            self.transport.abort()
            return
        now = time.localtime()
        stamp = (((now.tm_mon * 32 + now.tm_mday) * 32 + now.tm_hour) * 64 + now.tm_min) * 64 + now.tm_sec
        key = ((stamp << 22 | 4711) << 16 | len(self.peer.submits) & 0xFFFF).to_bytes(8)
        seen = Submit(self.number, f"{sequence:08x}", text(receiver), text(sender), raw[start : start + length], udhi,
                      form, key.hex(), 0, time.time())  # fmt: skip
        self.submit_seen(seen, lambda result: frame(SUBMIT | ANSWER, sequence, key + result.to_bytes(4 if wide else 1)))

    # -- what it says by itself ------------------------------------------------------------------------------------

    def a_report(self, submit, stat, done=None):
        width = self.peer.report_width or (32 if self.peer.version >= 0x30 else 21)
        stamp = time.strftime("%y%m%d%H%M", done or time.localtime()).encode()
        content = struct.pack(f">8s7s10s10s{width}sI", bytes.fromhex(submit.key), stat.encode(), stamp, stamp,
                              submit.number.encode(), 1)  # fmt: skip
        return self.a_deliver(submit.number, submit.sender, content, 1, 0, 0)

    def a_text(self, number, destination, text, format=8, udh=b""):
        content = text.encode({0: "ascii", 8: "utf-16-be", 15: "gb18030"}[format])
        return self.a_deliver(number, destination, udh + content, 0, format, bool(udh))

    def a_deliver(self, number, destination, content, is_report, format, udhi):
        sequence = self.next()
        kind, trailer = ("32sB", 20) if self.peer.version >= 0x30 else ("21s", 8)
        key = struct.pack(">II", int(time.time()) & 0xFFFFFFFF, sequence)
        values = [key, destination.encode(), b"", 0, udhi, format, number.encode()]
        if trailer == 20:
            values.append(0)
        body = struct.pack(f">8s21s10sBBB{kind}BB", *values, is_report, len(content)) + content + bytes(trailer)
        raw = frame(DELIVER, sequence, body)
        self.unacknowledged[sequence] = raw
        return raw

    def a_heartbeat(self):
        return frame(ACTIVE_TEST, self.next())

    def a_goodbye(self):
        return frame(TERMINATE, self.next())


class CmppPeer(Peer):
    """version: 0x20 or 0x30; answer_version: what its login's answer looks like; report_width: 21 or 32 bytes for the
    number in reports, 0 as the version has it."""

    Connection = Connection
    DEFAULTS = Peer.DEFAULTS | {"version": 0x20, "answer_version": 0, "report_width": 0}
