"""The front door of a DB2: the first four commands of its protocol (DRDA), answered as a server that refuses.

IBM's client says in its own words what is wrong; beyond the login there is nothing.
"""

import contextlib
import socket
import struct
import threading

EXCSAT, ACCSEC, SECCHK, ACCRDB = 0x1041, 0x106D, 0x106E, 0x2001
EXCSATRD, ACCSECRD, SECCHKRM, RDBNFNRM = 0x1443, 0x14AC, 0x1219, 0x2211
MGRLVLLS, RDBNAM, SVRCOD, SECCHKCD, SECMEC, SECTKN = 0x1404, 0x2110, 0x1149, 0x11A4, 0x11A2, 0x11DC
CHAINED = 0x40


class DrdaListener:
    """``refuses``: "password" or "database"."""

    def __init__(self, refuses: str):
        self.refuses = refuses
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                with client, contextlib.suppress(OSError, struct.error):
                    self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        waiting = b""
        while data := client.recv(65536):
            waiting, reply = waiting + data, b""
            while len(waiting) >= 6 and len(waiting) >= (length := struct.unpack_from(">H", waiting)[0]):
                flags, correlation = waiting[3], waiting[4:6]
                command = struct.unpack_from(">H", waiting, 8)[0]
                answer = self._answer(command, _parameters(waiting[10:length]))
                waiting = waiting[length:]
                if answer:
                    if command == SECCHK and self.refuses == "password":
                        flags = 0  # nothing follows
                    kind = 2 | flags & CHAINED
                    reply += struct.pack(">HBB", len(answer) + 6, 0xD0, kind) + correlation + answer
            client.sendall(reply)

    def _answer(self, command: int, given: dict[int, bytes]) -> bytes:
        if command == EXCSAT:  # name, levels, class, server, release: in this order
            texts = ((0x115E, "db2inst1"), (0x1147, "QDB2/LINUXX8664"), (0x116D, "HIS"), (0x115A, "SQL11055"))
            name, *others = [_object(code, text.encode("cp500")) for code, text in texts]
            return _object(EXCSATRD, name, _object(MGRLVLLS, given[MGRLVLLS]), *others)
        if command == ACCSEC:  # the client asks for an encrypted password; any public number will do here
            return _object(ACCSECRD, _object(SECMEC, given[SECMEC]), _object(SECTKN, bytes(range(32))))
        if command == SECCHK:
            severity, code = (8, 0x0F) if self.refuses == "password" else (0, 0)
            return _object(SECCHKRM, _object(SVRCOD, struct.pack(">H", severity)), _object(SECCHKCD, bytes([code])))
        if command == ACCRDB and self.refuses == "database":
            return _object(RDBNFNRM, _object(SVRCOD, b"\0\x08"), _object(RDBNAM, given[RDBNAM]))
        return b""

    def close(self) -> None:
        self.listener.close()


def _object(code: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">HH", len(body) + 4, code) + body


def _parameters(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, code = struct.unpack_from(">HH", data)
        found[code], data = data[4:length], data[length:]
    return found
