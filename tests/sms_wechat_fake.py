"""WeChat's servers for the tests, on loopback: tokens that expire, followers who leave, quotas, silence, callbacks.

Written from WeChat's own description; sealing and signatures of the callbacks are wechatpy's.
"""

import hashlib
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from wechatpy.crypto import WeChatCrypto

APP_ID, SECRET = "wx0123456789abcdef", "app-secret"
CALLBACK_TOKEN, AES_KEY = "callback-token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
# What a receiver of this openid makes WeChat do.
REFUSALS = {
    "o_left": 43004,
    "o_left_2": 43004,
    "o_refused": 43101,
    "o_nobody": 40003,
    "o_quota": 45009,
    "o_fast": 45047,
    "o_busy": -1,
}


class FakeWechat:
    """``with FakeWechat() as fake``: ``fake.url``; what was asked and sent stands in its lists."""

    def __init__(self, lifetime=7200):
        self.lifetime = lifetime
        self.lock = threading.Lock()
        self.token, self.expires = "", 0.0
        self.fetched = []  # whether by force, of each token given
        self.sent = []  # (way, openid, template, data, link)
        self.calls = 0
        self.asked = []  # paths
        self.secret = SECRET
        self.takes = ""  # the only token that is taken, if not the one given
        self.broken = ""  # "malformed", "silent" or "closed": for all messages
        self.visitor = "o_visitor"  # who is at the authorize page
        self.codes = {}
        self.msgid = 1000

    def __enter__(self):
        fake = self

        class Handler(_Handler):
            wechat = fake

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self.server.shutdown()
        self.server.server_close()

    def forget_token(self):
        """Somebody else has fetched one by force: ours is no longer good."""
        with self.lock:
            self.token, self.expires = secrets.token_hex(8), time.time() + self.lifetime

    # -- what is asked -----------------------------------------------------------------------------------------------

    def stable_token(self, body):
        if body.get("appid") != APP_ID:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if body.get("secret") != self.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        with self.lock:
            force = bool(body.get("force_refresh"))
            if force or time.time() >= self.expires:
                self.token, self.expires = f"token-{secrets.token_hex(8)}", time.time() + self.lifetime
            self.fetched.append(force)
            return {"access_token": self.token, "expires_in": max(1, round(self.expires - time.time()))}

    def send(self, way, token, body):
        with self.lock:
            if token != (self.takes or self.token):
                return {"errcode": 40001, "errmsg": "invalid credential"}
            if time.time() >= self.expires:
                return {"errcode": 42001, "errmsg": "access_token expired"}
            if code := REFUSALS.get(body["touser"]):
                return {"errcode": code, "errmsg": "refused"}
            self.msgid += 1
            self.sent.append(
                (way, body["touser"], body["template_id"], body["data"], body.get("url", body.get("page")))
            )
            return {"errcode": 0, "errmsg": "ok", "msgid": self.msgid}

    def openid_of(self, query):
        if query.get("appid") != APP_ID or query.get("secret") != SECRET:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        with self.lock:
            openid = self.codes.pop(query.get("code"), None)
        return {"openid": openid, "scope": "snsapi_base"} if openid else {"errcode": 40029, "errmsg": "invalid code"}

    def authorize(self, query):
        code = secrets.token_hex(8)
        self.codes[code] = self.visitor
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.wechat.asked.append(parts.path)
        if parts.path == "/connect/oauth2/authorize":
            self.send_response(302)
            self.send_header("Location", self.wechat.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/sns/oauth2/access_token":
            self.answer(self.wechat.openid_of(query))
        else:
            self.send_error(404)

    def do_POST(self):
        parts = urlsplit(self.path)
        self.wechat.asked.append(parts.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if parts.path == "/cgi-bin/stable_token":
            return self.answer(self.wechat.stable_token(body))
        ways = {"/cgi-bin/message/template/send": "template", "/cgi-bin/message/subscribe/bizsend": "subscription"}
        if parts.path not in ways:
            return self.send_error(404)
        token = parse_qs(parts.query)["access_token"][0]
        match self.wechat.broken:
            case "malformed":
                return self.raw(b"<html>502</html>")
            case "closed":
                self.close_connection = True
                return None
            case "silent":
                time.sleep(30)  # pylint: disable=sleep-in-test
                return None
        return self.answer(self.wechat.send(ways[parts.path], token, body))

    def answer(self, said):
        self.raw(json.dumps(said).encode())

    def raw(self, content):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Caller:
    """WeChat's side of the callbacks: ``post`` returns (status, text)."""

    def __init__(self, address, token=CALLBACK_TOKEN, key=AES_KEY, app_id=APP_ID):
        self.address, self.token = address, token
        self.crypto = WeChatCrypto(token, key, app_id)

    def event(self, event, openid="o_1", at=None, **values):
        return self.message(openid, at, MsgType="event", Event=event, **values)

    def message(self, openid="o_1", at=None, **values):
        values = {
            "ToUserName": "gh_1",
            "FromUserName": openid,
            "CreateTime": str(int(at or time.time())),
            **values,
        }
        return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in values.items()) + "</xml>"

    def post(self, xml, at=None, nonce="nonce", tamper=lambda body: body):
        timestamp = str(int(at or time.time()))
        sealed = self.crypto.encrypt_message(xml, nonce, timestamp)
        signature = sealed.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
        query = urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce})
        return self.raw(query, tamper(sealed.encode()))

    def raw(self, query, body):
        request = urllib.request.Request(
            f"{self.address}?{query}", data=body, method="POST", headers={"Content-Type": "text/xml"}
        )
        return _fetch(request)

    def confirm(self, echo="echo-123", at=None, token=None):
        timestamp = str(int(at or time.time()))
        signature = hashlib.sha1("".join(sorted([token or self.token, timestamp, "n"])).encode()).hexdigest()
        query = urlencode({"signature": signature, "timestamp": timestamp, "nonce": "n", "echostr": echo})
        return _fetch(urllib.request.Request(f"{self.address}?{query}"))

    def read(self, text):
        """The fields of a sealed answer, if its signature is right."""
        values = {name: text.split(f"<{name}>")[1].split("<")[0] for name in ("MsgSignature", "TimeStamp", "Nonce")}
        return self.crypto.decrypt_message(text, values["MsgSignature"], values["TimeStamp"], values["Nonce"])


def _fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
