"""The front door of an Oracle: a listener that reads the CONNECT packet and accepts or refuses it.

Behind the door there is nothing. It shows what the driver makes of an old server and of a wrong name.
"""

import contextlib
import socket
import struct
import threading

ACCEPT, REFUSE = 2, 4


class TnsListener:
    """``version``: what it accepts with (313 is 11g, 314 is 11.2, 319 is 19c); ``error``: what it refuses with."""

    def __init__(self, version: int = 0, error: int = 0):
        self.version, self.error = version, error
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                with client, contextlib.suppress(OSError):
                    self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        client.recv(8192)
        if self.error:
            reason = f"(DESCRIPTION=(TMP=)(VSNNUM=186647552)(ERR={self.error})".encode()
            reason += b"(ERROR_STACK=(ERROR=(CODE=%d)(EMFI=4))))" % self.error
            body, kind = struct.pack(">BBH", 34, 0, len(reason)) + reason, REFUSE
        else:
            body, kind = struct.pack(">HHHHHHHBB8x", self.version, 0, 8192, 32767, 1, 0, 32, 0x41, 1), ACCEPT
        client.sendall(struct.pack(">HHBBH", len(body) + 8, 0, kind, 0, 0) + body)
        client.settimeout(5)
        client.recv(1)  # until the client hangs up

    def close(self) -> None:
        self.listener.close()
