"""WeChat Official Account: template messages and subscription notices, each a request of its own."""

import asyncio
import time
from urllib.parse import urlencode

from . import codes, wechat_client
from .contract import Accepted, Rejected, Unknown, Unsent, link
from .http import Unanswered
from .vendor import Refused, Request, VendorLink
from .wechat_client import BARRED, HOST, JSON, STALE, Refusal, Token, code_of, dumps

DISTRUST = 600.0  # seconds; a forced token is allowed 20 times a day


def compose(part, way: str, token: str) -> Request:
    """The request that sends ``part``.

    The part's values go by the template's names; "url" is where a touch on the card leads.
    """
    data = {name: {"value": value} for name, value in part.values.items() if name != "url"}
    body = {"touser": part.openid, "template_id": part.template, "data": data}
    if way == "subscription":
        path, link_name = "/cgi-bin/message/subscribe/bizsend", "page"
    else:
        path, link_name = "/cgi-bin/message/template/send", "url"
        body["client_msg_id"] = part.reference  # the same one is not sent twice within ten minutes
    if part.values.get("url"):
        body[link_name] = part.values["url"]
    return Request(f"{path}?{urlencode({'access_token': token})}", JSON, dumps(body))


@link("wechat")
class WechatLink(VendorLink):
    """
    Options: ``wechat_way``, "template" or "subscription"; ``wechat_token``, a blocking function that returns the
    account's Token and, given the value of one that WeChat no longer takes, a new one.
    """

    host = HOST
    too_fast = ("45011",)
    options = ("proxy", "codes", "wechat_way", "wechat_token")

    def __init__(self, account, service):
        super().__init__(account, service)
        self.token = Token("", 0)
        self._distrusted_until = 0.0
        self._doubt = False  # a message had no answer: is anybody there?

    async def look(self):
        if time.monotonic() < self._distrusted_until:
            raise Unanswered("token")
        if self._doubt:
            await self._refusing(wechat_client.token(self.client, self.account.login, self.account.secret))
            self._doubt = False
        if self.token.until <= time.time():
            await self._renew()

    def compose(self, part):
        return compose(part, self.account.options["wechat_way"], self.token.value)

    def verdict(self, part, answer):
        code = code_of(answer)
        if code in BARRED:
            raise Refused(str(code))
        if code:
            kind = "stale" if code in STALE else codes.kind("wechat", str(code), self.account.options.get("codes"))
            return Rejected(part.id, str(code), kind)
        # Without a number no report can be told to be this one's: ours stands in.
        return Accepted(part.id, str(answer.get("msgid") or part.reference))

    async def _deliver(self, part):
        """Send; once more with a new token if WeChat does not take ours, for then it has sent nothing."""
        for again in (False, True):
            used = self.token.value
            outcome = await super()._deliver(part)
            if not (isinstance(outcome, Rejected) and outcome.kind == "stale"):
                self._doubt = self._doubt or isinstance(outcome, Unknown | Unsent)
                return outcome
            try:
                if again:
                    self._distrusted_until = time.monotonic() + DISTRUST
                elif self.token.value == used:
                    await self._renew(used)
            except (Refused, Unanswered):
                self.token = Token("", 0)  # the next look says why
                break
        self._open = False
        self._trouble.set()
        return Unsent(part.id)

    async def _renew(self, stale=""):
        self.token = await self._refusing(asyncio.to_thread(self.account.options["wechat_token"], stale))

    async def _refusing(self, asked):
        """What is asked of WeChat, with its refusals in the words of VendorLink."""
        try:
            return await asked
        except Refusal as error:
            raise Refused(str(error.code)) if error.code in BARRED else Unanswered(str(error)) from None
        except Unanswered:
            raise
        except Exception as error:  # the database is away: nothing leaves meanwhile
            raise Unanswered(type(error).__name__) from None
