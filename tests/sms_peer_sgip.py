"""China Unicom's gateway: SGIP 1.2 from the specification. It reports on a connection of its own, to our listener."""

import struct
import time

import sms_peers
from sms_peers import Peer, Submit, text

BIND, UNBIND, SUBMIT, DELIVER, REPORT, USERRPT = 1, 2, 3, 4, 5, 0x11
ANSWER = 0x80000000
HEADER = struct.Struct(">II12s")
SUBMIT_HEAD = struct.Struct(">21s21sB21s5s10sB6s6s3B16s16s5BI")


def frame(command, sequence, body=b""):
    return HEADER.pack(20 + len(body), command, sequence) + body


def result(code):
    return bytes([code]) + bytes(8)


class Connection(sms_peers.Connection):
    WRONG = 1

    def connection_made(self, transport):
        super().connection_made(transport)
        self.heard = self.peer.loop.time()
        self.watch()

    def watch(self):
        """The server closes what has been idle."""
        rest = self.heard + self.peer.idle - self.peer.loop.time()
        if rest > 0:
            self.peer.loop.call_later(rest, self.watch)
        else:
            self.transport.close()

    def data_received(self, data):
        self.heard = self.peer.loop.time()
        super().data_received(data)

    def frame(self, raw):
        _length, command, sequence = HEADER.unpack_from(raw)
        if command == SUBMIT and self.logged_in:
            self.submit(sequence, raw)
        elif command in (DELIVER | ANSWER, REPORT | ANSWER, USERRPT | ANSWER):
            self.acknowledged(sequence, raw[20])
        elif command == BIND:
            kind, name, password = struct.unpack_from(">B16s16s", raw, 20)
            right = (kind, text(name), text(password)) == (1, self.peer.login, self.peer.secret)
            self.login_seen(text(name), right, lambda status: frame(BIND | ANSWER, sequence, result(status)))
        elif command == UNBIND:
            # Some real ones put another time into the middle word.
            self.goodbye_seen(frame(UNBIND | ANSWER, sequence[:4] + bytes(4) + sequence[8:]))
        elif command == UNBIND | ANSWER:
            self.peer.goodbye_answers += 1
            self.transport.close()
        elif command == BIND | ANSWER:
            self.bound(raw[20])
        else:
            self.transport.abort()

    def submit(self, sequence, raw):
        fields = SUBMIT_HEAD.unpack_from(raw, 20)
        count, receiver, length = fields[2], text(fields[3]), fields[-1]
        start = 20 + SUBMIT_HEAD.size
        if count != 1 or not receiver.startswith("86") or len(raw) != start + length + 8:
            self.transport.abort()
            return
        key = sequence.hex()
        udhi, form = fields[16:18]
        seen = Submit(self.number, key, receiver[2:], text(fields[0]), raw[start : start + length], udhi, form, key, 0,
                      time.time())  # fmt: skip
        self.submit_seen(seen, lambda code: frame(SUBMIT | ANSWER, sequence, result(code)))

    def answer(self, submit, raw):
        super().answer(submit, raw)
        stat = self.peer.stat(submit) if callable(self.peer.stat) else self.peer.stat
        if self.peer.listener and stat and not submit.result:
            for _ in range(self.peer.times):
                self.peer.push(self.peer.pusher.a_report(submit, stat))

    # -- what it says by itself ------------------------------------------------------------------------------------

    def a_report(self, submit, stat, error=0):
        state = {"DELIVRD": 0, "ACCEPTD": 1}.get(stat, 2)
        number = "" if self.peer.blank else "86" + submit.number
        body = struct.pack(">12sB21sBB8x", bytes.fromhex(submit.key), 0, number.encode(), state,
                           error or (25 if state == 2 else 0))  # fmt: skip
        return self._asked(REPORT, body)

    def a_text(self, number, destination, text, format=8, udh=b""):
        content = text.encode({0: "ascii", 8: "utf-16-be", 15: "gb18030"}[format])
        body = struct.pack(">21s21sBBBI", f"86{number}".encode(), destination.encode(), 0, bool(udh), format,
                           len(udh) + len(content)) + udh + content + bytes(8)  # fmt: skip
        return self._asked(DELIVER, body)

    def a_goodbye(self):
        return self._asked(UNBIND, b"", False)

    def _asked(self, command, body, noted=True):
        sequence = struct.pack(">III", 3010000000, int(time.strftime("%m%d%H%M%S")), self.next())
        raw = frame(command, sequence, body)
        if noted:
            self.unacknowledged[sequence] = raw
        return raw


class Pusher(Connection):
    """The gateway's own connection to the hospital's listener; it binds, sends what waits, and stays."""

    def __init__(self, peer):
        super().__init__(peer)
        peer.connected -= 1
        self.waiting = []

    def connection_made(self, transport):
        self.transport = transport
        name, password = self.peer.listener_login, self.peer.listener_secret
        body = struct.pack(">B16s16s8x", self.peer.listener_type, name.encode(), password.encode())
        self.send(frame(BIND, struct.pack(">III", 3010000000, 0, self.next()), body))

    def connection_lost(self, _error):
        self.transport = None

    def bound(self, status):
        self.peer.bound.append(status)
        self.logged_in = not status
        if self.logged_in:
            self.out += self.waiting
            self.waiting = []


class SgipPeer(Peer):
    """listener: (host, port) of the hospital's, to which reports go then (with reports=None: only there), with
    listener_login, listener_secret and the login type; idle: seconds after which it closes; blank: reports name no
    number. ``bound``: what the listener has answered to its Binds."""

    THROTTLED = 33
    Connection = Connection
    DEFAULTS = Peer.DEFAULTS | {
        "listener": None,
        "listener_login": "smg",
        "listener_secret": "push",
        "listener_type": 2,
        "idle": 60.0,
        "blank": False,
    }

    def __init__(self, **settings):
        super().__init__(**settings)
        self.bound = []
        self.pusher = Pusher(self)

    @property
    def unacknowledged(self):
        return super().unacknowledged + len(self.pusher.unacknowledged)

    def push(self, raw):
        """To the listener; connects and binds when needed. In the peer's thread."""
        pusher = self.pusher
        if pusher.logged_in and pusher.transport:
            pusher.send(raw)
            return
        pusher.waiting.append(raw)
        if not pusher.transport:
            pusher.transport = self.loop.create_task(self._connect())

    async def _connect(self):
        self.pusher.logged_in, self.pusher.buffer, self.pusher.cut = False, b"", False
        try:
            await self.loop.create_connection(lambda: self.pusher, *self.listener)
        except OSError:
            self.pusher.transport = None

    def push_report(self, submit, stat="DELIVRD", **more):
        self.do(lambda: self.push(self.pusher.a_report(submit, stat, **more)))

    def push_text(self, number, text, destination="10690001", **more):
        self.do(lambda: self.push(self.pusher.a_text(number, destination, text, **more)))

    def push_again(self):
        """What the listener has not acknowledged, once more."""
        self.do(lambda: [self.push(raw) for raw in list(self.pusher.unacknowledged.values())])
