"""A HIS's web service on a real port, of a socket and an XML parser: no SOAP library says what it understands.

It keeps what it was asked for, once per request number, and can fail in the ways that web services fail.
"""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from lxml import etree

CONTRACT = Path(__file__).parent.parent / "addons/hospital_his_connector/soap/contract"
NAMESPACE = "urn:hospital:appointments:1"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
)


class SoapHis:
    """fault: "" works; silent, drip, fault, garbage, huge, reset: does that instead of answering; lost: works, but its
    answer is lost on the way. refuse: the number is taken."""

    def __init__(self):
        self.fault, self.refuse = "", False
        self.done: dict[str, tuple[str, dict[str, str]]] = {}  # request number -> service, elements
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.envelopes: list[bytes] = []
        self._kept: list[socket.socket] = []
        self._lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/appointments"
        self.wsdl = f"{self.address}.wsdl"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()
        for connection in self._kept:
            connection.close()

    def effects(self, service: str) -> list[dict[str, str]]:
        return [elements for name, elements in self.done.values() if name == service]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self.listener.accept()
                self._kept.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
            while request := stream.readline():
                headers = {}
                while line := stream.readline().strip():
                    name, _colon, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                method, path = request.decode().split()[:2]
                if method == "GET":
                    self._send(connection, (CONTRACT / Path(path).name).read_bytes())
                else:
                    self.headers.append(headers)
                    self._answer(connection, body)

    def _answer(self, connection: socket.socket, body: bytes) -> None:
        if self.fault == "silent":
            time.sleep(3600)  # pylint: disable=sleep-in-test
        elif self.fault == "drip":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.2)  # pylint: disable=sleep-in-test
        elif self.fault == "reset":
            connection.shutdown(socket.SHUT_RDWR)
        elif self.fault == "garbage":
            self._send(connection, "您好，系统维护中".encode("gbk"))
        elif self.fault == "huge":
            self._send(connection, b"<x>" + b"0" * 6_000_000 + b"</x>")
        elif self.fault == "fault":
            fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>ORA-00060 死锁</faultstring></s:Fault>"
            self._send(connection, f"{ENVELOPE}{fault}</s:Body></s:Envelope>".encode(), "500 Internal Server Error")
        else:
            answer = self._do(body)
            if self.fault == "lost":
                connection.shutdown(socket.SHUT_RDWR)
            else:
                self._send(connection, answer)

    def _do(self, body: bytes) -> bytes:
        self.envelopes.append(body)
        envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False))
        call = envelope.find(f".//{{{NAMESPACE}}}*")
        service, in_string = etree.QName(call).localname, False
        if service == "Call":
            service, in_string = call.findtext(f"{{{NAMESPACE}}}funcCode"), True
            call = etree.fromstring(call.findtext(f"{{{NAMESPACE}}}inputXml"))
        elements = {etree.QName(part).localname: part.text for part in call.iter() if part.text and not len(part)}
        with self._lock:
            self.calls.append(service)
            code = "-1" if self.refuse and service == "ConfirmBooking" else "1"
            if code == "1":
                self.done.setdefault(elements["requestId"], (service, elements))
        words = "号源已被占用" if code == "-1" else "成功"
        if in_string:
            inner = f"<Response><ResultCode>{code}</ResultCode><ResultMsg>{words}</ResultMsg></Response>"
            answer = f"<CallResponse xmlns='{NAMESPACE}'><CallResult><![CDATA[{inner}]]></CallResult></CallResponse>"
        else:
            answer = (
                f"<{service}Response xmlns='{NAMESPACE}'><resultCode>{code}</resultCode><message>{words}</message>"
                f"</{service}Response>"
            )
        return f"{ENVELOPE}{answer}</s:Body></s:Envelope>".encode()

    @staticmethod
    def _send(connection: socket.socket, content: bytes, status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)
