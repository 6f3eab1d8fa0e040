"""An SMPP 3.4 gateway from the specification, with the faults of real ones. ``sms_peers`` says what it can be told."""

import struct
import time

import sms_peers
from sms_peers import Peer, Submit

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 9, 4, 5, 6, 0x15
ANSWER = 0x80000000
HEADER = struct.Struct(">IIII")


def frame(command, sequence, body=b"", status=0):
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def strings(raw, at, count):
    """``count`` C-strings from ``at``; then where they end."""
    found = []
    for _ in range(count):
        end = raw.index(b"\0", at)
        found.append(raw[at:end].decode("ascii"))
        at = end + 1
    return *found, at


class Connection(sms_peers.Connection):
    WRONG = 0x0E

    def frame(self, raw):
        _length, command, status, sequence = HEADER.unpack_from(raw)
        if command == SUBMIT and self.logged_in:
            self.submit(sequence, raw)
        elif command == DELIVER | ANSWER:
            self.acknowledged(sequence, status)
        elif command == BIND:
            name, password, system_type, at = strings(raw, 16, 3)
            right = (name, password) == (self.peer.login, self.peer.secret) and raw[at] == 0x34
            self.peer.system_type = system_type
            self.login_seen(
                name, right, lambda result: frame(BIND | ANSWER, sequence, b"" if result else b"SMSC\0", result)
            )
        elif command == ENQUIRE:
            self.heartbeat_seen(frame(ENQUIRE | ANSWER, sequence))
        elif command == ENQUIRE | ANSWER:
            self.peer.heartbeat_answers += 1
        elif command == UNBIND:
            self.goodbye_seen(frame(UNBIND | ANSWER, sequence))
        elif command == ANSWER:
            self.peer.nacks.append((sequence, status))
        elif command == UNBIND | ANSWER:
            self.peer.goodbye_answers += 1
        else:
            self.transport.abort()

    def submit(self, sequence, raw):
        _service, at = strings(raw, 16, 1)
        sender, at = strings(raw, at + 2, 1)
        ton, npi = raw[at : at + 2]
        number, at = strings(raw, at + 2, 1)
        esm_class = raw[at]
        _schedule, _validity, at = strings(raw, at + 3, 2)
        registered, _replace, coding, _default, length = raw[at : at + 5]
        content = raw[at + 5 : at + 5 + length]
        if len(raw) != at + 5 + length or (ton, npi, registered) != (1, 1, 1) or not 0 < sequence < ANSWER:
            self.transport.abort()
            return
        key = 0x1A2B0000 + len(self.peer.submits)
        seen = Submit(self.number, f"{sequence:08x}", number, sender, content, esm_class >> 6 & 1, coding,
                      f"{key:08x}", 0, time.time())  # fmt: skip
        said = seen.key.upper() if self.peer.form == "decimal" else seen.key
        self.submit_seen(
            seen, lambda result: frame(SUBMIT | ANSWER, sequence, b"" if result else said.encode() + b"\0", result)
        )

    def a_deliver(self, source, destination, esm_class, coding, content, tlvs=b""):
        sequence = self.next()
        body = b"\0\1\1" + source.encode() + b"\0\0\0" + destination.encode() + b"\0" + bytes((esm_class, 0, 0))
        body += b"\0\0" + bytes((0, 0, coding, 0, len(content))) + content + tlvs
        self.unacknowledged[sequence] = whole = frame(DELIVER, sequence, body)
        return whole

    def a_report(self, submit, stat, err="000"):
        form, key = self.peer.form, submit.key
        if form == "decimal":
            key = str(int(key, 16))
        text = (
            f"id:{key} sub:001 dlvrd:001 submit date:2611271530 done date:2611271531 stat:{stat} err:{err} Text:id:9"
        ).encode()
        tlvs = b""
        if form == "tlv":
            state = {"DELIVRD": 2, "ENROUTE": 1, "EXPIRED": 3}.get(stat, 5)
            text = b""
            tlvs = struct.pack(">HH", 0x1E, len(key) + 1) + key.encode() + b"\0" + struct.pack(">HHB", 0x427, 1, state)
            tlvs += struct.pack(">HHH", 0x1400, 2, 1)  # a vendor's own
        return self.a_deliver(submit.number, submit.sender, 4, 0, text, tlvs)

    def a_text(self, number, destination, text, coding=8, esm_class=0, head=b"", tlvs=b""):
        content = text if isinstance(text, bytes) else text.encode({8: "utf-16-be", 3: "latin-1"}[coding])
        return self.a_deliver(number, destination, esm_class, coding, head + content, tlvs)

    def a_heartbeat(self):
        return frame(ENQUIRE, self.next())

    def a_goodbye(self):
        return frame(UNBIND, self.next())


class SmppPeer(Peer):
    """form: how reports name a submit: "text" as the answer did, "decimal", "tlv" (and then no text at all)"""

    Connection = Connection
    THROTTLED = 0x58
    DEFAULTS = Peer.DEFAULTS | {"form": "text"}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.nacks, self.system_type = [], None
