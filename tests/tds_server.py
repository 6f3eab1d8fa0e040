"""A SQL Server as far as its wire protocol (TDS 7.0 to 7.4) goes, over SQLite: what a reading of a HIS needs of it.

It proves our code, the driver and the bytes between them; T-SQL it does not prove. Texts of columns declared
VARCHAR travel in the code page of ``collation``, those of NVARCHAR in UTF-16, dates as DATETIME.
"""

import contextlib
import re
import socket
import sqlite3
import struct
import threading
from datetime import datetime, timedelta
from pathlib import Path

BATCH, RPC, REPLY, LOGIN, PRELOGIN = 0x01, 0x03, 0x04, 0x10, 0x12
# LCID and flags of a collation, the code page its VARCHAR has.
CHINESE = (bytes.fromhex("0408d00000"), "cp936")
LATIN = (bytes.fromhex("0904d00034"), "latin-1")
EPOCH = datetime(1900, 1, 1)
ANSWERS = {  # what SQLAlchemy and the driver ask of a new connection
    "@@version": "Microsoft SQL Server 2008 R2 (SP3) - 10.50.6000.34 (X64)",
    "schema_name()": "dbo",
    "databasepropertyex": "Chinese_PRC_CI_AS",
    "test max support": "test max support",
    "sys.system_views": None,
    "fn_listextendedproperty": None,
}


class TdsServer:
    """``path``: the SQLite file; ``tls``: "none", "old" (knows only TLS 1.0) or "required" (and then nothing)."""

    def __init__(self, path: Path, collation=CHINESE, tls: str = "none"):
        self.path, self.collation, self.tls = path, collation, tls
        self.logins: list[dict[str, str]] = []
        self.statements: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client:
            _Session(self, client).run()

    def close(self) -> None:
        self.listener.close()


class _Session:
    def __init__(self, server: TdsServer, client: socket.socket):
        self.server, self.client, self.version = server, client, 0x70000000
        self.database = sqlite3.connect(f"file:{server.path}?mode=ro", uri=True)

    def run(self) -> None:
        while True:
            kind, data = self._packet()
            if kind == PRELOGIN:
                self._prelogin(data)
            elif kind == LOGIN:
                self._login(data)
            elif kind == BATCH:
                if self.version >= 0x72000000:
                    data = data[struct.unpack_from("<I", data)[0] :]  # ALL_HEADERS
                self._batch(data.decode("utf-16-le"), {})
            elif kind == RPC:
                self._batch(*_sp_executesql(data, self.version))
            else:
                self._send(self._done(0x20))  # an attention: nothing goes on here any more

    def _packet(self) -> tuple[int, bytes]:
        data, last = b"", False
        while not last:
            kind, status, length = struct.unpack(">BBH4x", self._exactly(8))
            data, last = data + self._exactly(length - 8), status & 1
        return kind, data

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self.client.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _send(self, data: bytes, kind: int = REPLY) -> None:
        parts = [data[start : start + 4088] for start in range(0, len(data), 4088)] or [b""]
        for number, part in enumerate(parts, 1):
            head = struct.pack(">BBHHBB", kind, number == len(parts), len(part) + 8, 0, number & 0xFF, 0)
            self.client.sendall(head + part)

    def _prelogin(self, data: bytes) -> None:
        if data[:1] == b"\x16":  # the client's hello of TLS 1.2
            if self.server.tls == "old":
                self._send(bytes.fromhex("15030100020246"), PRELOGIN)  # alert: protocol version
            raise EOFError
        offset, wish = 0, 2
        while data[offset] != 0xFF:
            option, place, _length = struct.unpack_from(">BHH", data, offset)
            if option == 1:
                wish = data[place]
            offset += 5
        # 2: no encryption; 0: the login only; 3: all or nothing
        answer = 3 if self.server.tls == "required" else 0 if self.server.tls == "old" and wish != 2 else 2
        body = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes([10, 50, 0x17, 0x70, 0, 0, answer])
        self._send(body)

    def _login(self, data: bytes) -> None:
        (self.version,) = struct.unpack_from("<I", data, 4)
        texts = {}
        for name, place in {"username": 40, "password": 44, "application": 48, "database": 68}.items():
            offset, length = struct.unpack_from("<HH", data, place)
            raw = data[offset : offset + 2 * length]
            if name == "password":
                raw = bytes(((byte ^ 0xA5) >> 4 | (byte ^ 0xA5) << 4) & 0xFF for byte in raw)
            texts[name] = raw.decode("utf-16-le")
        self.server.logins.append(texts | {"tds": f"{self.version >> 28}.{self.version >> 24 & 15}"})
        refused = self._message(0xAA, 18456, 14, f"用户 '{texts['username']}' 登录失败。") + self._done(2)
        if texts["password"] != "geheim":
            self._send(refused)
            raise EOFError
        if texts["database"] not in ("", "his"):
            text = f'无法打开登录所请求的数据库 "{texts["database"]}"。登录失败。'
            self._send(self._message(0xAA, 4060, 11, text) + refused)
            raise EOFError
        collation = b"\xe3" + struct.pack("<HBB", 8, 7, 5) + self.server.collation[0] + b"\0"
        database = b"\x01" + _short("his") + _short("master")
        size = b"\x04" + _short("4096") + _short("4096")
        changes = b"".join(b"\xe3" + struct.pack("<H", len(change)) + change for change in (database, size))
        program = struct.pack(">BI", 1, self._spoken()) + _short("Microsoft SQL Server") + bytes([10, 50, 0x17, 0x70])
        self._send(
            changes + (collation if self.version >= 0x71000000 else b"")
            + b"\xad" + struct.pack("<H", len(program)) + program + self._done(0)
        )  # fmt: skip

    def _spoken(self) -> int:
        """The version as a server writes it: 7.1 in its first form, the others as the client does."""
        return {0x70: 0x07000000, 0x71: 0x07010000, 0x72: 0x72090002, 0x73: 0x730B0003}.get(
            self.version >> 24, self.version
        )

    def _message(self, token: int, number: int, level: int, text: str) -> bytes:
        line = b"\1\0\0\0" if self.version >= 0x72000000 else b"\1\0"
        body = struct.pack("<IBBH", number, 1, level, len(text)) + text.encode("utf-16-le") + _short("HIS") + _short("")
        return bytes([token]) + struct.pack("<H", len(body + line)) + body + line

    def _done(self, status: int, rows: int = 0) -> bytes:
        return struct.pack("<BHHQ" if self.version >= 0x72000000 else "<BHHI", 0xFD, status, 0xC1, rows)

    def _batch(self, sql: str, parameters: dict) -> None:
        self.server.statements.append(sql)
        for question, answer in ANSWERS.items():
            if question in sql.lower():
                columns = [("answer", "NVARCHAR", 7)]
                return self._send(self._head(columns) + self._row(columns, [answer]) + self._done(0x10, 1))
        if re.match(r"\s*(SET|BEGIN|COMMIT|ROLLBACK|IF @@TRANCOUNT|USE)\b", sql, re.IGNORECASE):
            return self._send(self._done(0))
        try:
            cursor = self.database.execute(_sqlite(sql), parameters)
        except sqlite3.Error as error:
            absent = re.match("no such (table|column): (.*)", str(error))
            number = {"table": 208, "column": 207}[absent[1]] if absent else 102
            named = f"'{absent[2]}'" if absent else str(error)
            return self._send(self._message(0xAA, number, 16, f"Invalid: {named}") + self._done(2))
        columns = self._columns(sql, [column[0] for column in cursor.description])
        self._answer(columns, cursor)

    def _answer(self, columns: list[tuple[str, str, int]], cursor: sqlite3.Cursor) -> None:
        """In packets as they fill up: memory does not grow with the answer."""
        waiting, number, count = bytearray(self._head(columns)), 0, 0
        for row in cursor:
            count += 1
            waiting += self._row(columns, row)
            while len(waiting) >= 4088:
                number += 1
                self.client.sendall(struct.pack(">BBHHBB", REPLY, 0, 4096, 0, number & 0xFF, 0) + waiting[:4088])
                del waiting[:4088]
        self._send(bytes(waiting) + self._done(0x10, count))

    def _columns(self, sql: str, names: list[str]) -> list[tuple[str, str, int]]:
        """Type and nothing else of each column, as the tables in the statement declare them."""
        declared = {}
        for table in re.findall(r"\bFROM\s+\[?(\w+)\]?", sql, re.IGNORECASE):
            for _number, name, kind, *_rest in self.database.execute(f"PRAGMA table_info({table})"):
                declared[name.casefold()] = re.split(r"[(\s]", kind.upper())[0]
        return [(name, declared.get(name.casefold(), "NVARCHAR"), 8) for name in names]

    def _head(self, columns: list[tuple[str, str, int]]) -> bytes:
        head = b"\x81" + struct.pack("<H", len(columns))
        collation = self.server.collation[0] if self.version >= 0x71000000 else b""
        for name, kind, _size in columns:
            head += (b"\0\0\0\0" if self.version >= 0x72000000 else b"\0\0") + b"\x01\0"
            if kind == "DATETIME":
                head += b"\x6f\x08"
            elif kind in ("INTEGER", "INT"):
                head += b"\x26\x08" if self.version >= 0x71000000 else b"\x26\x04"
            else:
                head += (b"\xa7" if kind == "VARCHAR" else b"\xe7") + struct.pack("<H", 8000) + collation
            head += _short(name)
        return head

    def _row(self, columns: list[tuple[str, str, int]], row) -> bytes:
        data = bytearray(b"\xd1")
        for (_name, kind, _size), value in zip(columns, row, strict=True):
            if kind == "DATETIME":
                data += b"\0" if value is None else b"\x08" + _datetime(value)
            elif kind in ("INTEGER", "INT"):
                wide = ("<Bq", 8) if self.version >= 0x71000000 else ("<Bi", 4)
                data += b"\0" if value is None else struct.pack(wide[0], wide[1], value)
            elif value is None:
                data += b"\xff\xff"
            else:
                raw = value if isinstance(value, bytes) else str(value).encode(
                    self.server.collation[1] if kind == "VARCHAR" else "utf-16-le"
                )  # fmt: skip
                data += struct.pack("<H", len(raw)) + raw
        return bytes(data)


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def _datetime(value: str) -> bytes:
    """Days since 1900 and three-hundredths of seconds: SQL Server keeps no finer ones."""
    passed = datetime.fromisoformat(value) - EPOCH
    ticks = round((passed - timedelta(days=passed.days)) / timedelta(seconds=1) * 300)
    return struct.pack("<iI", passed.days, ticks)


def _sqlite(sql: str) -> str:
    """T-SQL's Unicode literals and its milliseconds, as SQLite (and the file of the test) writes them."""
    sql = re.sub(r"\bN'", "'", sql)
    return re.sub(r"'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.(\d{3})'", r"'\1.\g<2>000'", sql)


def _sp_executesql(data: bytes, version: int) -> tuple[str, dict]:
    """The call that python-tds sends for a statement with parameters: texts, all of them."""
    offset = struct.unpack_from("<I", data)[0] if version >= 0x72000000 else 0
    length, _number, _flags = struct.unpack_from("<HHH", data, offset)
    assert length == 0xFFFF, "only numbered procedures"
    offset += 6
    values = []
    while offset < len(data):
        name_length = data[offset]
        name = data[offset + 1 : offset + 1 + 2 * name_length].decode("utf-16-le")
        offset += 2 + 2 * name_length  # and the status
        kind = data[offset]
        assert kind == 0xE7, hex(kind)
        longest, length = struct.unpack_from("<H5xH", data, offset + 1)
        offset += 8
        text = b""
        if longest == 0xFFFF:  # in pieces: length of all, then each with its own, an empty one last
            offset += 8
            while piece := struct.unpack_from("<I", data, offset)[0]:
                text += data[offset + 4 : offset + 4 + piece]
                offset += 4 + piece
            offset += 4
        else:
            text = data[offset + 2 : offset + 2 + length]
            offset += 2 + length
        values.append((name, text.decode("utf-16-le")))
    return values[0][1], {name.lstrip("@"): value for name, value in values[2:]}
