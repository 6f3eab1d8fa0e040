"""Gateways of operators, written straight from the specifications with struct: nothing of the addon's codecs in here.

One file per protocol derives from ``Peer`` (``sms_peer_cmpp``, ``sms_peer_sgip``, ``sms_peer_smgp``):

    with CmppPeer(reports="before") as peer:   # a thread of its own, on a free port of loopback
        ...                                    # connect to peer.port as peer.login with peer.secret
        peer.wait(lambda: len(peer.submits) == 5)
        assert [submit.number for submit in peer.submits] == [...]

    with apart(CmppPeer) as peer:              # a process of its own, for benchmarks and for killing the service
        peer.port, peer.look("numbers")        # look: the value of an attribute or property at this moment

What it does wrong is an attribute, given to the constructor or set at any time (see ``Peer``).
"""

import asyncio
import contextlib
import multiprocessing
import threading
import time
from collections import Counter
from typing import NamedTuple

PATIENCE = 20


class Submit(NamedTuple):
    """What the peer saw of a submit. key: the id that it gave it, as its report names it (hex)"""

    connection: int
    sequence: str
    number: str
    sender: str
    content: bytes
    udhi: int
    format: int
    key: str
    result: int
    at: float


class Peer:
    """What all peers have in common. The attributes that make it misbehave:

    refuse: the status of each login's answer; 0: as name and password say
    result: the result of a submit, or a function of the Submit
    limit: submits per second; above it they are answered with ``THROTTLED``
    hold: answers are kept back until ``release()``
    silent: what is not answered at all, of "login", "submit", "heartbeat", "goodbye"
    reports: "after" or "before" the answer, "elsewhere" (on another connection where there is one), or None
    times: how often each report is sent
    stat: what reports say, or a function of the Submit; None: no report for this one
    lag: seconds until the report
    piece: bytes per write, 0 for as they come
    die: the connection is cut at "connect", "login" (read, not answered), "logged" (right after the answer),
        ("read", n) (n submits read, the last unanswered), ("half", n) (half of the n-th answer written)
    deaths: how often it dies; after that it behaves

    What it has seen: ``logins`` [(name, status)], ``submits`` [Submit], ``acknowledged`` [(key, result)] of its
    delivers, ``heartbeats``, ``heartbeat_answers``, ``goodbyes``, ``goodbye_answers``, ``most_open`` (unanswered
    submits of one connection).
    """

    THROTTLED = 8
    DEFAULTS = {
        "login": "901234",
        "secret": "secret",
        "port": 0,
        "refuse": 0,
        "result": 0,
        "limit": 0,
        "hold": False,
        "silent": (),
        "reports": "after",
        "times": 1,
        "stat": "DELIVRD",
        "lag": 0,
        "piece": 0,
        "die": None,
        "deaths": 1,
    }

    def __init__(self, **settings):
        values = self.DEFAULTS | settings
        if unknown := set(values) - set(self.DEFAULTS):
            raise TypeError(f"unknown: {unknown}")
        vars(self).update(values)
        self.logins, self.submits, self.acknowledged = [], [], []
        self.heartbeats = self.heartbeat_answers = self.goodbyes = self.goodbye_answers = 0
        self.most_open = self.connected = 0
        self.connections = []
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._second = self._count = 0

    def __enter__(self):
        self._thread.start()
        self.call(self._start())
        return self

    def __exit__(self, *_error):
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _start(self):
        self.server = await self.loop.create_server(lambda: self.Connection(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _stop(self):
        self.server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    # -- what a test asks of it, from its own thread -------------------------------------------------------------

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def do(self, function, *args):
        """Run ``function`` in the peer's thread and return what it returns."""

        async def run():
            return function(*args)

        return self.call(run())

    def wait(self, found, seconds=PATIENCE):
        """Wait until ``found()`` is true."""
        end = time.monotonic() + seconds
        while not found():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s; seen: {len(self.submits)} submits, {self.logins}")
            time.sleep(0.005)

    def write(self, raw, connection=-1):
        """Any bytes, on the newest connection."""
        self.do(lambda: self.connections[connection].transport.write(raw))

    def drop(self):
        """Cut all connections."""
        self.do(lambda: [connection.transport.abort() for connection in list(self.connections)])

    def shut(self):
        """Stop listening; what is open stays open. ``open`` listens again on the same port."""
        self.do(self.server.close)

    def open(self):
        self.call(self._start())

    def report(self, submit, stat="DELIVRD", connection=-1, **more):
        """A report of now, for a submit of any time."""
        self.do(lambda: self.connections[connection].send(self.connections[connection].a_report(submit, stat, **more)))

    def deliver(self, number, text, destination="10690001", connection=-1, **more):
        """A text of a receiver."""
        self.do(
            lambda: self.connections[connection].send(
                self.connections[connection].a_text(number, destination, text, **more)
            )
        )

    def heartbeat(self):
        self.do(lambda: [one.send(one.a_heartbeat()) for one in self.connections])

    def goodbye(self):
        """Log out; the other side answers."""
        self.do(lambda: [one.send(one.a_goodbye()) for one in self.connections])

    def release(self):
        """Give the answers that were held back, and hold no more."""
        self.hold = False
        self.do(lambda: [connection.release() for connection in self.connections])

    @property
    def seen(self):
        return len(self.submits)

    @property
    def numbers(self):
        """{number: how many submits for it have come}; more than one per part is a message sent twice."""
        return dict(Counter(submit.number for submit in self.submits))

    @property
    def unacknowledged(self):
        return sum(len(connection.unacknowledged) for connection in self.connections)

    def again(self):
        """Send once more what has not been acknowledged, as operators do after a minute."""
        self.do(lambda: [one.send(*one.unacknowledged.values()) for one in self.connections])

    # -- what its connections ask of it ---------------------------------------------------------------------------

    def dies(self, step, connection):
        if self.die != step or not self.deaths:
            return False
        self.deaths -= 1
        connection.cut = True
        return True

    def judge(self, submit):
        """The result of a submit."""
        if self.limit:
            second = int(time.monotonic())
            self._count = self._count + 1 if second == self._second else 1
            self._second = second
            if self._count > self.limit:
                return self.THROTTLED
        return self.result(submit) if callable(self.result) else self.result


class Connection(asyncio.Protocol):
    """One connection to a peer: frames in, what is to be written collected and written at once."""

    LONGEST = 8192

    def __init__(self, peer):
        self.peer = peer
        self.transport = None
        self.buffer = b""
        self.out = []
        self.slow = b""  # what still has to go out bit by bit
        self.held = []
        self.cut = False
        self.logged_in = False
        self.unacknowledged = {}
        self.read = self.open = self.sequence = 0
        self.number = peer.connected
        peer.connected += 1

    def connection_made(self, transport):
        self.transport = transport
        self.peer.connections.append(self)
        if self.peer.dies("connect", self):
            transport.abort()

    def connection_lost(self, _error):
        self.peer.connections.remove(self)

    def data_received(self, data):
        data = self.buffer + data if self.buffer else data
        start, end = 0, len(data)
        while end - start >= 4 and not self.cut:
            length = int.from_bytes(data[start : start + 4])
            if not 12 <= length <= self.LONGEST:
                self.transport.abort()
                return
            if end - start < length:
                break
            self.frame(data[start : start + length])
            start += length
        self.buffer = data[start:]
        self.flush()

    def send(self, *frames):
        self.out += frames
        self.flush()

    def flush(self):
        raw, self.out = b"".join(self.out), []
        if self.cut:
            self.transport.write(raw)
            self.transport.close()  # what was written before its death still arrives
        elif self.slow or self.peer.piece and raw:
            self.slow += raw
            if len(self.slow) == len(raw):
                self.peer.loop.create_task(self.dribble(self.peer.piece))
        elif raw:
            self.transport.write(raw)

    async def dribble(self, piece):
        while self.slow and not self.transport.is_closing():
            self.transport.write(self.slow[:piece])
            self.slow = self.slow[piece:]
            await asyncio.sleep(0)

    def next(self):
        self.sequence = (self.sequence + 1) & 0xFFFFFFFF
        return self.sequence

    # -- the story of a submit -------------------------------------------------------------------------------------

    def login_seen(self, name, right, answer):
        """``answer``: makes the frame of a status."""
        peer = self.peer
        if peer.dies("login", self):
            return
        status = peer.refuse or (0 if right else self.WRONG)
        peer.logins.append((name, status))
        if "login" not in peer.silent:
            self.out.append(answer(status))
            self.logged_in = not status
        peer.dies("logged", self)

    def submit_seen(self, submit, answer):
        """``answer``: makes the frame of a result."""
        peer = self.peer
        submit = submit._replace(result=peer.judge(submit))
        peer.submits.append(submit)
        self.read += 1
        self.open += 1
        peer.most_open = max(peer.most_open, self.open)
        if peer.dies(("read", self.read), self):
            return
        frame = answer(submit.result)
        if peer.dies(("half", self.read), self):
            self.out.append(frame[: len(frame) // 2])
            return
        if "submit" in peer.silent:
            return
        if peer.hold:
            self.held.append((submit, frame))
            return
        self.answer(submit, frame)

    def answer(self, submit, frame):
        peer = self.peer
        self.open -= 1
        stat = peer.stat(submit) if callable(peer.stat) else peer.stat
        if submit.result or not stat or not peer.reports:
            self.out.append(frame)
        elif peer.reports == "before":
            self.out += [*self.reports_of(submit, stat), frame]
        elif peer.reports == "elsewhere":
            self.out.append(frame)
            other = next((one for one in peer.connections if one is not self and one.logged_in), self)
            peer.loop.call_later(peer.lag, lambda: other.send(*other.reports_of(submit, stat)))
        else:
            self.out.append(frame)
            if peer.lag:
                peer.loop.call_later(peer.lag, lambda: self.send(*self.reports_of(submit, stat)))
            else:
                self.out += self.reports_of(submit, stat)

    def reports_of(self, submit, stat):
        return [self.a_report(submit, stat) for _ in range(self.peer.times)]

    def release(self):
        held, self.held = self.held, []
        for submit, frame in held:
            self.answer(submit, frame)
        self.flush()

    def acknowledged(self, sequence, result):
        self.unacknowledged.pop(sequence, None)
        self.peer.acknowledged.append((sequence, result))

    def heartbeat_seen(self, answer):
        self.peer.heartbeats += 1
        if "heartbeat" not in self.peer.silent:
            self.out.append(answer)

    def goodbye_seen(self, answer):
        self.peer.goodbyes += 1
        if "goodbye" not in self.peer.silent:
            self.out.append(answer)
            self.cut = True


def text(raw):
    return raw.rstrip(b"\0 ").decode("ascii", "replace")


# -- in a process of its own ---------------------------------------------------------------------------------------


def _serve(make, settings, pipe):
    with make(**settings) as peer:
        pipe.send(peer.port)
        while (asked := pipe.recv()) is not None:
            pipe.send(getattr(peer, asked))


class _Apart:
    def __init__(self, pipe):
        self._pipe = pipe
        self.port = pipe.recv()

    def look(self, name):
        self._pipe.send(name)
        return self._pipe.recv()


@contextlib.contextmanager
def apart(make, **settings):
    """The peer in another process: ``port``, ``look(name)``."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(make, settings, theirs), daemon=True)
    process.start()
    try:
        yield _Apart(ours)
    finally:
        with contextlib.suppress(OSError):
            ours.send(None)
        process.join(PATIENCE)
