import logging
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psycopg2
import psycopg2.errors

from odoo import api, fields, models, modules

from ..exchange.problems import ReadingFailed, where
from ..soap import messages, reading, security
from ..soap.problems import Fault
from .hospital_his_client import CODE, PERMISSIONS, SCOPE

_logger = logging.getLogger(__name__)

ATTEMPTS = 3
# Two of them made the same record, or waited for each other: the second try finds things settled.
AGAIN = (psycopg2.errors.UniqueViolation, psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure)
# Under READ COMMITTED whoever waited for a session sees what the other did to it, and can say so: under Odoo's own
# isolation of a hundred who want one slot ninety-nine would get an error instead of an answer.
BEGIN = """
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL statement_timeout = '60s'
"""


class Call(NamedTuple):
    """What the web server knows of a request; ``body`` is None if it was too long to be read."""

    address: str
    body: bytes | None
    charset: str = ""
    key: str = ""
    is_form: bool = False


class Reply(NamedTuple):
    """What it sends back."""

    status: int
    body: bytes
    content_type: str


class HospitalHisClient(models.Model):
    """Answering a request: who is it, what is asked, do it, all of it in one transaction with the answer."""

    _inherit = "hospital.his.client"

    @api.model
    def _serve(self, code, call):
        """Answer a request. Whatever is wrong with it becomes a Fault and a line in the log."""
        client, version, encoding, nonce, operation = self.browse(), "1.1", "utf-8", "", False
        try:
            client = self._admitted(code, call.address)
            # What it does is done in its name.
            client = client.with_user(client.user_id).sudo()
            client._limit_rate()
            if call.is_form:
                raise Fault("soap_content_type", 415)
            if call.body is None or len(call.body) > reading.LIMIT:
                raise Fault("soap_large", 413, megabytes=reading.LIMIT // 2**20)
            if client.auth == "key":
                client._check_key(call.key)
            text, encoding = reading.text(call.body, call.charset)
            envelope = reading.element(text)
            version = messages.version(envelope)
            if client.auth == "token":
                nonce = client._check_token(security.token(envelope))
            request = messages.read(envelope, ZoneInfo(client.source_id.tz))
            operation = request.operation
            if not client[PERMISSIONS[operation]]:
                raise Fault("soap_permission", 403, operation=operation)
            return Reply(200, *messages.encoded(client._answer(request, nonce), encoding))
        except Exception as error:
            problem = self._problem(error)
            client._begin()
            if nonce:
                self.env["hospital.his.client.nonce"]._spend(client, nonce)
            self.env["hospital.his.client.refusal"]._note(
                client, call.address, operation, problem.code, problem.arguments
            )
            sentence = client._in_words(problem.code, problem.arguments)
            client._commit()
            body, content_type = messages.encoded(messages.fault(version, problem, sentence), encoding)
            # SOAP 1.1 has one status for all that is wrong with a message.
            status = 500 if problem.status == 400 and version == "1.1" else problem.status
            return Reply(status, body, content_type)

    @api.model
    def _problem(self, error):
        """The fault that an error is: one that nobody foresaw is ours, and may not show what was in the message."""
        if isinstance(error, Fault):
            return error
        if modules.module.current_test:
            raise error
        _logger.error("Web service: %s at %s", type(error).__name__, where(error))
        return Fault("soap_failed", 500)

    @api.model
    def _admitted(self, code, address):
        """The client of this address, if it may call from there."""
        self._begin()
        client = CODE.fullmatch(code) and self.search([("code", "=", code)])
        if not client:
            raise Fault("soap_client", 404)
        if not security.admits(client.allowed_ips, address):
            raise Fault("soap_address", 403, address=address)
        return client

    def _limit_rate(self):
        # To forget a second of counting after a crash is better than to wait for the disk at each request.
        self.env.cr.execute("SET LOCAL synchronous_commit = off")
        count = self.env["hospital.his.client.traffic"]._count(self)
        self._commit()
        self._begin()  # the transaction of all that follows
        if count > self.rate:
            raise Fault("soap_rate", 429, rate=self.rate)

    def _check_key(self, key):
        user_id = key and self.env["res.users.apikeys"]._check_credentials(scope=SCOPE, key=key)
        if user_id != self.user_id.id:
            raise Fault("soap_key", 401)

    def _check_token(self, token):
        """Return the nonce, which the answer's transaction spends."""
        if token is None:
            raise Fault("soap_token", 401)
        try:
            return security.check(token, self.username, self._secret(), fields.Datetime.now())
        except ReadingFailed:
            raise Fault("soap_no_secret", 500) from None

    def _answer(self, request, nonce):
        """The effect, the message, its answer and the nonce are one transaction: all of it is there, or nothing."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if attempt > 1:
                    self._begin()
                if nonce and not self.env["hospital.his.client.nonce"]._spend(self, nonce):
                    raise Fault("soap_replayed", 401)
                message = self._message(request)
                if message.state != "done":
                    message._answer_soap(request)
                answer = message.response
                self._commit()
                return answer
            except Fault:
                raise
            except Exception as error:
                if modules.module.current_test:
                    raise
                if not isinstance(error, AGAIN) or attempt == ATTEMPTS:
                    return self._fail(request, error)

    def _message(self, request):
        """The inbox's record of a request, ours alone until the end; a request that comes again finds its own."""
        message, is_new = self.env["hospital.his.inbox"]._receive(
            self.source_id, "soap", request.operation, f"{self.code}:{request.values['requestId']}", request.kept
        )
        if is_new:
            message.request_digest = request.digest
            return message
        # Whoever repeats a request while it is being done waits for its answer.
        self.env.cr.execute("SELECT FROM hospital_his_inbox WHERE id = %s FOR UPDATE", [message.id])
        message.invalidate_recordset()
        if message.request_digest != request.digest:
            raise Fault("soap_reused", 409, request=request.values["requestId"])
        return message

    def _fail(self, request, error):
        """Nothing was done; keep the message, so that a person can have it done, and say that it may be repeated.

        Return the answer if it has been done meanwhile.
        """
        # The text of a database error holds the row: neither the inbox nor the log may show a patient.
        place = {"error": type(error).__name__, "where": where(error)}
        self._begin()
        message = self._message(request)
        if message.state == "done":  # the sender did not wait and repeated it: that one went through
            return message.response
        message._close("failed", "internal", place)
        self._commit()
        _logger.error("Web service, client %s: %s at %s", self.code, place["error"], place["where"])
        raise Fault("soap_failed", 500) from None

    def _in_words(self, code, arguments):
        if self:
            lang = self.env["res.users"].context_get()["lang"]  # of its account, remembered by Odoo
        else:
            lang = self.env.company.partner_id.lang
        return self.with_context(lang=lang)._sentence(code, arguments)

    def _begin(self):
        if not modules.module.current_test:
            self.env.cr.rollback()
            self.env.cr.execute(BEGIN)

    def _commit(self):
        self.env.flush_all()
        if not modules.module.current_test:
            self.env.cr.commit()  # pylint: disable=invalid-commit; the answer must not go out before it is kept
