"""Calling a HIS's web service with zeep, in the child process.

Its description (WSDL and schemas) is fetched once and kept, so that a HIS that is off does not keep us from knowing
what to send once it is back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
import zeep
import zeep.helpers
from lxml import etree
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed, Rejected
from ..writing.delivery import each
from ..writing.operations import bind
from . import message

LARGEST = 5_000_000  # bytes of an answer
SETTINGS = zeep.Settings(strict=False, xml_huge_tree=False, forbid_dtd=True)

# What zeep stumbles over when it is answered with something else.
_LOST_IN_IT = (AttributeError, LookupError, ValueError)

Frames = Iterator[dict[str, Any]]


class _Transport(Transport):
    """Documents come from what is kept; without it they are fetched and kept. Answers have an end."""

    def __init__(self, documents: dict[str, str], limits: Limits, fetch: bool = False) -> None:
        session = requests.Session()
        session.trust_env = False  # no proxy, no .netrc: the address is the address
        super().__init__(session=session, timeout=limits.connect, operation_timeout=(limits.connect, limits.silence))
        self.documents, self.fetch = documents, fetch

    def load(self, url: str) -> bytes:
        if url not in self.documents:
            if not self.fetch:
                raise ReadingFailed("no_description", url=url)
            self.documents[url] = _text(_bounded(self.session.get(url, timeout=self.operation_timeout, stream=True)))
        return self.documents[url].encode()

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        response = self.session.post(
            address, data=message, headers=headers, timeout=self.operation_timeout, stream=True, allow_redirects=False
        )
        response._content = _bounded(response)
        return response


def _bounded(response: requests.Response) -> bytes:
    content = b""
    for part in response.iter_content(65536):
        content += part
        if len(content) > LARGEST:
            raise ReadingFailed("answer_too_big", size=LARGEST // 1_000_000)
    return content


def _text(content: bytes) -> str:
    """A document as UTF-8, whatever it says of itself."""
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    return etree.tostring(root, encoding="unicode")


def describe(job: dict[str, Any]) -> Frames:
    """Fetch the description; say what it offers."""
    yield {"type": "connected"}
    documents: dict[str, str] = {}
    limits = Limits(**job["limits"])
    with _explained(job["endpoint"], limits):
        transport = _Transport(documents, limits, fetch=True)
        client = zeep.Client(job["endpoint"]["wsdl"], transport=transport, settings=SETTINGS)
        services = sorted({name for port in _ports(client) for name in port.binding.all()})
    yield {"type": "described", "documents": documents, "services": services}


def call(job: dict[str, Any]) -> Frames:
    """One frame per write, as for a write by SQL."""
    yield {"type": "connected"}  # each call connects for itself
    caller = Caller(job["endpoint"], Limits(**job["limits"]))
    yield from each(job["writes"], caller.call)


class Caller:
    """One endpoint; made once per job, for reading a description costs more than a call."""

    def __init__(self, endpoint: dict[str, Any], limits: Limits) -> None:
        self.endpoint, self.limits = endpoint, limits
        with _explained(endpoint, limits):
            wsse = None
            transport = _Transport(endpoint["documents"], limits)
            if endpoint["security"] == "token":
                wsse = UsernameToken(endpoint["username"], endpoint["password"], use_digest=True)
            elif endpoint["security"] == "basic":
                transport.session.auth = (endpoint["username"], endpoint["password"])
            self.client = zeep.Client(endpoint["wsdl"], wsse=wsse, transport=transport, settings=SETTINGS)

    def call(self, item: dict[str, Any]) -> dict[str, Any]:
        """What a frame says of one write: done, or refused and why."""
        try:
            answer = message.fields(self._answer(item))
        except Rejected as problem:
            raise ReadingFailed(problem.code) from None
        if message.succeeded(answer, item["success"]):
            return {"rows": 1}
        # It has understood and answered: asking again gets the same answer.
        return {"code": "his_refuses", "arguments": {"message": message.words(answer)}, "final": True}

    def _answer(self, item: dict[str, Any]) -> Any:
        port = next((port for port in _ports(self.client) if item["service"] in port.binding.all()), None)
        if not port:
            raise ReadingFailed("no_service", service=item["service"])
        address = self.endpoint["address"] or port.binding_options["address"]
        service = self.client.create_service(port.binding.name, address)
        try:
            values = bind(item["operation"], item["payload"], ZoneInfo(item["zone"]))
            arguments = self._arguments(port.binding.get(item["service"]), message.fill(item["message"], values))
        except (ValueError, TypeError) as error:
            raise ReadingFailed("bad_values", error=type(error).__name__) from None
        with _explained(self.endpoint, self.limits):
            return zeep.helpers.serialize_object(service[item["service"]](**arguments), dict)

    @staticmethod
    def _arguments(operation: Any, filled: dict[str, Any]) -> dict[str, Any]:
        """Where the HIS wants a string and we have more than that, it gets it as XML in the string."""
        body = operation.input.body
        types = {name: element.type for name, element in getattr(getattr(body, "type", None), "elements", ())}
        return {
            name: message.as_xml(part)
            if isinstance(part, dict) and isinstance(types.get(name), zeep.xsd.AnySimpleType)
            else part
            for name, part in filled.items()
        }


def _ports(client: zeep.Client) -> Iterator[Any]:
    for service in client.wsdl.services.values():
        yield from service.ports.values()


@contextmanager
def _explained(endpoint: dict[str, Any], limits: Limits) -> Iterator[None]:
    """Turn what zeep and requests raise into a code with arguments."""
    address = urlsplit(endpoint["address"] or endpoint["wsdl"])
    place = {"host": address.hostname or "", "port": address.port or (443 if address.scheme == "https" else 80)}
    try:
        yield
    except zeep.exceptions.Fault as fault:
        raise ReadingFailed("his_fault", message=str(fault.message)[:300]) from None
    except (zeep.exceptions.ValidationError, TypeError) as error:
        raise ReadingFailed("bad_message", message=str(error)[:300]) from None
    except zeep.exceptions.TransportError as error:
        if error.status_code == requests.codes.ok:
            raise ReadingFailed("bad_answer") from None
        raise ReadingFailed("http_status", status=error.status_code, **place) from None
    except requests.exceptions.ConnectTimeout:
        raise ReadingFailed("connect_timeout", seconds=round(limits.connect)) from None
    except requests.exceptions.Timeout:
        raise ReadingFailed("silence", seconds=round(limits.silence)) from None
    except requests.exceptions.ConnectionError as error:
        words = str(error)
        if "resolve" in words or "getaddrinfo" in words:
            raise ReadingFailed("host_unknown", **place) from None
        if "refused" in words or "unreachable" in words:
            raise ReadingFailed("web_refused", **place) from None
        raise ReadingFailed("lost", message=type(error).__name__) from None
    except (requests.exceptions.RequestException, zeep.exceptions.Error, etree.LxmlError, *_LOST_IN_IT):
        raise ReadingFailed("bad_answer") from None
