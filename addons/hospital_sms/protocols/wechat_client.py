"""What we ask of WeChat's servers beside sending: the token, and who came back from the authorize page."""

import json
import time
from typing import NamedTuple
from urllib.parse import urlencode

from .http import Client, Unanswered, loads

HOST = "api.weixin.qq.com"
JSON = {"Content-Type": "application/json", "Accept": "application/json"}

# The token is not good (any more): nothing has been sent.
STALE = frozenset({40001, 40014, 42001})
# The account cannot log in and trying again changes nothing: app id, secret, an address that is not on the list.
BARRED = frozenset({40013, 40125, 40164, 40243, 50002})


class Refusal(Exception):
    """WeChat said no; ``code`` is its number."""

    def __init__(self, code: int):
        super().__init__(f"WeChat {code}")
        self.code = code


class Token(NamedTuple):
    """``until``: seconds since the epoch when a new one is due."""

    value: str
    until: float


def code_of(said: dict) -> int:
    """The error that an answer names, 0 for none.

    >>> code_of({"errcode": 43004, "errmsg": "require subscribe"}), code_of({"openid": "o"})
    (43004, 0)
    """
    return int(said.get("errcode") or 0)


async def token(http: Client, app_id: str, secret: str, stale: str = "") -> Token:
    """The stable token: the same for whoever asks while it is good.

    stale: one that WeChat no longer takes. If it is still given, a new one is forced: this is allowed 20 times a day.
    """
    body = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
    said = _checked(await http.post("/cgi-bin/stable_token", JSON, dumps(body)))
    if stale and said.get("access_token") == stale:
        said = _checked(await http.post("/cgi-bin/stable_token", JSON, dumps(body | {"force_refresh": True})))
    value, seconds = said.get("access_token"), said.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int):
        raise Unanswered("no token in the answer")
    # Renewed five minutes early; one that lives shorter is used for half of its life.
    return Token(value, time.time() + max(seconds - 300, seconds / 2))


async def openid(http: Client, app_id: str, secret: str, code: str) -> str:
    """Who has come back from the authorize page with ``code``."""
    query = {"appid": app_id, "secret": secret, "code": code, "grant_type": "authorization_code"}
    found = _checked(await http.get(f"/sns/oauth2/access_token?{urlencode(query)}", JSON)).get("openid")
    if not isinstance(found, str) or not found:
        raise Unanswered("no openid in the answer")
    return found


def authorize_url(page: str, app_id: str, back: str, state: str) -> str:
    """Where a visitor is sent to be told apart: silently, the openid only. ``state``: at most 128 letters and digits.

    >>> url = authorize_url("https://open.weixin.qq.com", "wx1", "https://h.cn/a?b=1", "s")
    >>> url.partition("?")[2]
    'appid=wx1&redirect_uri=https%3A%2F%2Fh.cn%2Fa%3Fb%3D1&response_type=code&scope=snsapi_base&state=s#wechat_redirect'
    """
    query = {"appid": app_id, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base", "state": state}
    return f"{page.rstrip('/')}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"


def _checked(answer) -> dict:
    try:
        said = loads(answer.body)
        code = code_of(said)
    except (ValueError, TypeError, AttributeError):
        raise Unanswered(f"HTTP {answer.status}") from None
    if code:
        raise Refusal(code)
    return said


def dumps(body: dict) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
