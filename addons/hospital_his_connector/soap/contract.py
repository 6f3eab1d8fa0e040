"""The contract as zeep's model: which operations there are, what they take, and how an answer is written."""

import functools
import re
import threading
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Settings, Transport
from zeep.helpers import serialize_object
from zeep.wsdl import Document
from zeep.xsd import ComplexType

from .problems import Fault

FOLDER = Path(__file__).parent / "contract"
NAMESPACE = "urn:hospital:appointments:1"
# Operation -> what it is called in Chinese hospitals.
OPERATIONS = {
    "BuildNumberTable": "号表生成",
    "ConfirmBooking": "预约成功",
    "UnlockBooking": "预约解锁",
    "CancelBooking": "取消预约",
    "StopClinic": "专家停诊",
    "ConfirmAttendance": "预约就诊成功",
}
ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_PLACE = re.compile(r"Element '(?:\{[^}]*\})?([\w.-]+)'")
CONTENT_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}


class _NoNetwork(Transport):
    """The contract lies in files; nothing else is ever fetched."""

    def _load_remote_data(self, url):
        raise OSError(f"The contract must not refer to {url}")


class Contract:
    """The parsed WSDL and XSD; one for all threads of a process."""

    def __init__(self) -> None:
        document = Document(str(FOLDER / "appointments.wsdl"), _NoNetwork(), settings=Settings(strict=True))
        ports = document.services["Appointments"].ports
        self._bindings = {
            version: ports[f"AppointmentsSoap{version.replace('.', '')}"].binding for version in ENVELOPES
        }
        self._schema = etree.XMLSchema(etree.parse(str(FOLDER / "appointments.xsd")))
        # lxml keeps the findings in the schema object.
        self._lock = threading.Lock()
        self.shapes = {name: _shape(document.types.get_element(f"{{{NAMESPACE}}}{name}").type) for name in OPERATIONS}

    def values(self, body: etree._Element) -> dict[str, Any]:
        """The values of an operation's element, if it keeps to the contract."""
        with self._lock:
            if not self._schema.validate(body):
                finding = self._schema.error_log[0]
                # The rest of the message may quote a value, and the value a patient.
                name = _PLACE.match(finding.message)
                raise Fault("soap_invalid", place=name[1] if name else "", problem=finding.type_name)
        envelope = etree.Element(f"{{{ENVELOPES['1.1']}}}Envelope")
        etree.SubElement(envelope, f"{{{ENVELOPES['1.1']}}}Body").append(body)
        operation = etree.QName(body).localname
        try:
            parsed = self._bindings["1.1"].get(operation).input.deserialize(envelope)
        except (ValueError, OverflowError, ArithmeticError):
            # A day that XML Schema knows and Python does not: the year -1, 24 o'clock.
            raise Fault("soap_invalid", place=operation, problem="VALUE") from None
        return serialize_object(parsed, dict)

    def answer(self, version: str, operation: str, values: dict[str, Any]) -> etree._Element:
        """The envelope of an answer."""
        return self._bindings[version].get(operation).output.serialize(**values).content


@functools.cache
def contract() -> Contract:
    """Parsed once."""
    return Contract()


def _shape(kind: ComplexType) -> dict[str, Any]:
    """Name of a part in small letters -> its right name and its own parts, or the name of its type."""
    return {
        name.lower(): (name, _shape(part.type) if isinstance(part.type, ComplexType) else part.type.name)
        for name, part in kind.elements
    }
