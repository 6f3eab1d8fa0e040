"""Aliyun and Tencent on loopback, written from their documentation: real HTTP, signatures checked by the vendors' SDKs.

What becomes of a request is asked of ``behaviour``: "good", a code of the vendor, or one of the things that happen to
HTTP (see ``Vendor.misbehave``).
"""

import json
import socket
import ssl
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

from alibabacloud_tea_openapi.utils import Utils
from tencentcloud.common.sign import Sign

KEY, SECRET = "AKIDtest", "geheim-2026"


class Vendor:
    """A vendor's endpoint; ``sent`` holds the values of every SendSms that reached it, ``most`` how many at once.

    behaviour: by the receiver's number (as the request writes it); others "good"
    """

    def __init__(self, port=0, tls=None):
        self.behaviour = {}
        self.sent, self.requests, self.waiting = [], Counter(), {}
        self.open = self.most = 0
        self.secret = SECRET
        self.lock = threading.Lock()
        self.released = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                vendor.handle(self)

            def log_message(self, *_args):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

            def handle_error(self, *_args):
                pass  # the other side has gone, which is what some tests are about

        self.server = Server(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def handle(self, http):
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        action, values = self.read(http, body)
        with self.lock:
            self.requests[action] += 1
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            if not self.authentic(http, body):
                return self.answer(http, self.refusal(), 403)
            if action != "SendSms":
                return self.answer(http, self.other(action, values))
            number = self.number(values)
            with self.lock:
                self.sent.append(values)
            how = self.behaviour.get(number, "good")
            if isinstance(how, list):
                how = how.pop(0) if how else "good"
            if not self.misbehave(http, how):
                self.answer(http, *self.said(values, how))
        finally:
            with self.lock:
                self.open -= 1

    def answer(self, http, value, status=200):
        raw = json.dumps(value).encode()
        http.send_response(status)
        http.send_header("Content-Length", str(len(raw)))
        http.send_header("Content-Type", "application/json")
        http.end_headers()
        http.wfile.write(raw)

    def misbehave(self, http, how):
        """Whether ``how`` is something that happens to HTTP; if so it has happened."""
        raw = {
            "slow": b"",
            "broken": b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Code"',
            "dropped": b"",
            "garbage": b"SSH-2.0-nothing\r\n\r\n",
            "malformed": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{'no': ",
            "bomb": b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
            "list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "huge": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "endless": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2_000_000,
            "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
            "headers": b"HTTP/1.1 200 OK\r\n" + b"X-Header: more\r\n" * 10_000,
            "moved": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "forbidden": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope",
            "crowded": b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
            "down": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nhelp",
        }.get(how)
        if raw is None:
            return False
        if how == "slow":
            self.released.wait(20)
        try:
            http.wfile.write(raw)
            http.wfile.flush()
            http.connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side has had enough
        http.close_connection = True
        return True


class Aliyun(Vendor):
    def read(self, http, _body):
        values = dict(parse_qsl(urlsplit(http.path).query, keep_blank_values=True))
        self.seen = SimpleNamespace(headers={name.lower(): value for name, value in http.headers.items()}, query=values)
        return http.headers["x-acs-action"], values

    def authentic(self, http, _body):
        given = {name.lower(): value for name, value in http.headers.items()}
        signed = given["authorization"].partition("SignedHeaders=")[2].split(",")[0].split(";")
        request = SimpleNamespace(
            method="POST",
            pathname="/",
            query=dict(parse_qsl(urlsplit(http.path).query, keep_blank_values=True)),
            headers={name: given[name] for name in signed},
        )
        payload = given["x-acs-content-sha256"]
        wanted = Utils.get_authorization(request, "ACS3-HMAC-SHA256", payload, KEY, self.secret)
        return given["authorization"] == wanted

    def number(self, values):
        return values["PhoneNumbers"]

    def refusal(self):
        return {"Code": "SignatureDoesNotMatch", "Message": "no", "RequestId": "1"}

    def other(self, action, values):
        """``waiting``: for QuerySendDetails, the rows of each number."""
        if action not in self.waiting:
            return {"Code": "NoPermission", "Message": "not allowed", "RequestId": "1"}
        rows = self.waiting[action].get(values["PhoneNumber"], [])
        return {"Code": "OK", "TotalCount": len(rows), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}

    def said(self, values, how):
        code, _, message = how.partition(" ")
        if code == "good":
            return ({"Code": "OK", "Message": "OK", "RequestId": "1", "BizId": f"{time.time_ns()}^0"},)
        gateway = code.startswith(("Throttling", "Internal", "Service"))
        return {"Code": code, "Message": message, "RequestId": "1"}, 503 if gateway else 200


class Tencent(Vendor):
    def read(self, http, body):
        self.seen = SimpleNamespace(headers=dict(http.headers.items()), body=body)
        return http.headers["X-TC-Action"], json.loads(body)

    def authentic(self, http, body):
        import hashlib  # as the specification has it, beside the SDK's last step

        stamp = http.headers["X-TC-Timestamp"]
        date = time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
        canonical = (
            f"POST\n/\n\ncontent-type:{http.headers['Content-Type']}\nhost:{http.headers['Host']}\n\n"
            f"content-type;host\n{hashlib.sha256(body).hexdigest()}"
        )
        text = f"TC3-HMAC-SHA256\n{stamp}\n{date}/sms/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        wanted = Sign.sign_tc3(self.secret, date, "sms", text)
        return http.headers["Authorization"].endswith(f"Signature={wanted}")

    def number(self, values):
        return values["PhoneNumberSet"][0]

    def refusal(self):
        return {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}, "RequestId": "1"}}

    def other(self, action, _values):
        rows = self.waiting.get(action)
        if rows is None:
            error = {"Code": "UnauthorizedOperation.RequestPermissionDeny", "Message": "not granted"}
            return {"Response": {"Error": error, "RequestId": "1"}}
        taken = [rows.pop(0) for _ in range(min(100, len(rows)))]
        return {"Response": {f"{action}Set": taken, "RequestId": "1"}}

    def said(self, values, how):
        if how.startswith(("RequestLimit", "Unauthorized", "AuthFailure")):
            return ({"Response": {"Error": {"Code": how, "Message": "no"}, "RequestId": "1"}},)
        row = {
            "SerialNo": f"2640:{time.time_ns()}" if how == "good" else "",
            "PhoneNumber": self.number(values),
            "Fee": 1,
            "SessionContext": values.get("SessionContext", ""),
            "Code": "Ok" if how == "good" else how,
            "Message": "",
            "IsoCode": "CN",
        }
        return ({"Response": {"SendStatusSet": [row], "RequestId": "1"}},)


def untrusted():
    """TLS with a certificate that nobody has signed."""
    import datetime
    import tempfile

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file.name)
    return context
