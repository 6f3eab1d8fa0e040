"""China Telecom's gateway: SMGP 3.0.3 from the specification, with the spellings that real gateways have."""

import hashlib
import struct
import time

import sms_peers
from sms_peers import Peer, Submit, text

LOGIN, SUBMIT, DELIVER, ACTIVE_TEST, EXIT = 1, 2, 3, 4, 6
ANSWER = 0x80000000
HEADER = struct.Struct(">III")
SUBMIT_HEAD = struct.Struct(">3B10s2s6s6sB17s17s21s21sB21sB")
# How reports are written; the identifier goes in as raw bytes after "id:".
SPELLINGS = {
    "book": b"id:%b sub:001 dlvrd:001 submit date:%b done date:%b stat:%b err:%b text:%b",
    "capital": b"id:%b sub:001 dlvrd:001 Submit date:%b Done date:%b Stat:%b Err:%b Text:%b",
    "underline": b"id:%b sub:asf dlvrd:001 submit_date:%b done_date:%b stat:%b err:%b txt:%b",
}


def frame(command, sequence, body=b""):
    return HEADER.pack(12 + len(body), command, sequence) + body


def tlvs(raw):
    found, start = {}, 0
    while start < len(raw):
        tag, length = struct.unpack_from(">HH", raw, start)
        found[tag] = raw[start + 4 : start + 4 + length]
        start += 4 + length
    return found


class Connection(sms_peers.Connection):
    WRONG = 21

    def frame(self, raw):
        _length, command, sequence = HEADER.unpack_from(raw)
        if command == SUBMIT and self.logged_in:
            self.submit(sequence, raw)
        elif command == DELIVER | ANSWER:
            self.acknowledged(sequence, int.from_bytes(raw[22:26]))
        elif command == LOGIN:
            self.login(sequence, raw)
        elif command == ACTIVE_TEST:
            self.heartbeat_seen(frame(ACTIVE_TEST | ANSWER, sequence))
        elif command == ACTIVE_TEST | ANSWER:
            self.peer.heartbeat_answers += 1
        elif command == EXIT:
            self.goodbye_seen(frame(self.peer.exit_answer | ANSWER, sequence))
        elif command == EXIT | ANSWER:
            self.peer.goodbye_answers += 1
            self.transport.close()
        else:
            self.transport.abort()

    def login(self, sequence, raw):
        peer = self.peer
        client, authenticator, mode, stamp, _version = struct.unpack_from(">8s16sBIB", raw, 12)
        name = client if peer.padded else client.rstrip(b"\0")
        wanted = hashlib.md5(name + bytes(7) + peer.secret.encode() + b"%010d" % stamp).digest()
        right = text(client) == peer.login and authenticator == wanted and mode == 2

        def answer(status):
            own = hashlib.md5(status.to_bytes(4) + authenticator + peer.secret.encode()).digest()
            return frame(LOGIN | ANSWER, sequence, status.to_bytes(4) + (bytes(16) if status else own) + b"\x30")

        self.login_seen(text(client), right, answer)

    def submit(self, sequence, raw):
        fields = SUBMIT_HEAD.unpack_from(raw, 12)
        form, sender, count, receiver, length = fields[7], fields[10], fields[12], fields[13], fields[14]
        start = 12 + SUBMIT_HEAD.size
        extra = tlvs(raw[start + length + 8 :])
        if fields[0] != 6 or count != 1 or len(raw) < start + length + 8:
            self.transport.abort()
            return
        digits = f"311000{time.strftime('%m%d%H%M')}{len(self.peer.submits) % 1000000:06d}"
        key = bytes.fromhex(digits) if not self.peer.odd_ids else b" sub::" + len(self.peer.submits).to_bytes(4)
        seen = Submit(self.number, f"{sequence:08x}", text(receiver), text(sender), raw[start : start + length],
                      extra.get(2, b"\0")[0], form, key.hex(), 0, time.time())  # fmt: skip
        self.submit_seen(seen, lambda result: frame(SUBMIT | ANSWER, sequence, key + result.to_bytes(4)))

    # -- what it says by itself ------------------------------------------------------------------------------------

    def a_report(self, submit, stat, err=None, done=None):
        key = submit.key.encode() if self.peer.hex_ids else bytes.fromhex(submit.key)
        stamp = time.strftime("%y%m%d%H%M", done or time.localtime()).encode()
        error = (err or ("000" if stat == "DELIVRD" else "001")).encode()
        words = bytes(self.peer.text_width)
        content = SPELLINGS[self.peer.spelling] % (key, stamp, stamp, stat.encode(), error, words)
        return self.a_deliver(submit.number, submit.sender, content, 1, 0)

    def a_text(self, number, destination, text, format=8, udh=b""):
        content = text.encode({0: "ascii", 8: "utf-16-be", 15: "gb18030"}[format])
        extra = struct.pack(">HHB", 2, 1, 1) if udh else b""
        return self.a_deliver(number, destination, udh + content, 0, format, extra)

    def a_deliver(self, number, destination, content, is_report, format, extra=b""):
        sequence = self.next()
        key = bytes.fromhex(f"311000{time.strftime('%m%d%H%M')}{sequence % 1000000:06d}")
        stamp = time.strftime("%Y%m%d%H%M%S").encode()
        head = struct.pack(
            ">10sBB14s21s21sB", key, is_report, format, stamp, number.encode(), destination.encode(), len(content)
        )
        body = head + content + bytes(8) + extra
        raw = frame(DELIVER, sequence, body)
        self.unacknowledged[sequence] = raw
        return raw

    def a_heartbeat(self):
        return frame(ACTIVE_TEST, self.next())

    def a_goodbye(self):
        return frame(EXIT, self.next())


class SmgpPeer(Peer):
    """spelling: of SPELLINGS; text_width: of the report's last field (20, or 13 as some have it); hex_ids: reports
    name the submit in 20 hex characters; odd_ids: identifiers that look like the text around them; padded: the login
    is hashed with its padding; exit_answer: the command that answers Exit (some answer 4)."""

    THROTTLED = 1
    Connection = Connection
    DEFAULTS = Peer.DEFAULTS | {
        "login": "10690001",
        "spelling": "book",
        "text_width": 20,
        "hex_ids": False,
        "odd_ids": False,
        "padded": False,
        "exit_answer": EXIT,
    }
