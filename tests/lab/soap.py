# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes of WSMan: taking a request apart, writing answers and faults. Pure text work."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
SHELL_URI = f"{SHELL}/cmd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
MS_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"

NAMES = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "x": TRANSFER, "rsp": SHELL}
SPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())

# Code numbers in the detail of Windows' own faults.
SHELL_NOT_FOUND = 2150858843
OPERATION_TIMEOUT = 2150858793


class Fault(Exception):
    """A request that is answered with a SOAP fault: subcode, a sentence, and Windows' number where it has one.

    ``wmi``: the number comes in the form that quotas of the service have.
    """

    def __init__(
        self, subcode: str, text: str, number: int | None = None, message_id: str = "", wmi: bool = False
    ) -> None:
        super().__init__(text)
        self.wmi = wmi
        self.subcode = subcode
        self.number = number
        self.message_id = message_id


@dataclass(frozen=True)
class Message:
    """The parts of a request envelope that the operations look at."""

    action: str
    message_id: str
    resource: str
    shell: str | None
    options: dict[str, str]
    timeout: float
    body: ElementTree.Element

    def find(self, path: str) -> ElementTree.Element:
        """The element at a path below the body; raises Fault when it is missing."""
        found = self.body.find(path, NAMES)
        if found is None:
            raise Fault("w:SchemaValidationError", f"the body of the request lacks {path}", message_id=self.message_id)
        return found


def seconds(duration: str) -> float:
    """``PT20.000S`` → 20.0; anything else than seconds counts as one minute, the default of Windows."""
    try:
        return float(duration.removeprefix("PT").removesuffix("S"))
    except ValueError:
        return 60.0


def parse(body: bytes) -> Message:
    """Raises Fault when the bytes are no WSMan envelope."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Fault("w:SchemaValidationError", "a document type declaration is not allowed")
    try:
        envelope = ElementTree.fromstring(body)
    except ElementTree.ParseError as fault:
        raise Fault("w:SchemaValidationError", f"the request is no XML: {fault}") from fault

    def text(name: str) -> str:
        found = envelope.find(f"s:Header/{name}", NAMES)
        return "" if found is None or found.text is None else found.text.strip()

    message_id, found_body = text("a:MessageID"), envelope.find("s:Body", NAMES)
    if envelope.tag != f"{{{SOAP}}}Envelope" or found_body is None or not message_id or not text("a:Action"):
        raise Fault("w:SchemaValidationError", "the request lacks envelope, body, action or message id")
    selectors = envelope.findall("s:Header/w:SelectorSet/w:Selector", NAMES)
    options = envelope.findall("s:Header/w:OptionSet/w:Option", NAMES)
    return Message(
        action=text("a:Action"),
        message_id=message_id,
        resource=text("w:ResourceURI"),
        shell=next((node.text for node in selectors if node.get("Name") == "ShellId"), None),
        options={node.get("Name", ""): node.text or "" for node in options},
        timeout=seconds(text("w:OperationTimeout")),
        body=found_body,
    )


def envelope(action: str, relates_to: str, body: str) -> bytes:
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {SPACES}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To>{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_envelope(fault: Fault) -> bytes:
    text = escape(f"simulated host: {fault}")
    detail = ""
    if fault.wmi:
        detail = (
            f'<s:Detail><p:MSFT_WmiError xmlns:p="{WMI_ERROR}"><p:error_Code>{fault.number}</p:error_Code>'
            f"<p:Message>{text}</p:Message></p:MSFT_WmiError></s:Detail>"
        )
    elif fault.number is not None:
        detail = (
            f'<s:Detail><f:WSManFault xmlns:f="{MS_FAULT}" Code="{fault.number}" Machine="simulated">'
            f"<f:Message>{text}</f:Message></f:WSManFault></s:Detail>"
        )
    return envelope(
        "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
        fault.message_id,
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>{detail}</s:Fault>',
    )


def created(shell: str, uri: str = SHELL_URI) -> str:
    return (
        f"<x:ResourceCreated><a:Address>{ADDRESSING}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
    )


def command_started(command: str) -> str:
    return f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"


def stream(name: Literal["stdout", "stderr"], command: str | None, data: bytes, end: bool) -> str:
    """Output of a command, or without one of the shell itself."""
    last = ' End="true"' if end else ""
    owner = f" CommandId={quoteattr(command)}" if command else ""
    return f"<rsp:Stream Name={quoteattr(name)}{owner}{last}>{base64.b64encode(data).decode()}</rsp:Stream>"


def received(command: str, streams: str, code: int | None) -> str:
    """The answer to Receive; ``code`` is the exit code of a command that is done, None while more follows."""
    state = "Running" if code is None else "Done"
    exit_code = "" if code is None else f"<rsp:ExitCode>{code}</rsp:ExitCode>"
    return (
        f"<rsp:ReceiveResponse>{streams}<rsp:CommandState CommandId={quoteattr(command)}"
        f' State="{SHELL}/CommandState/{state}">{exit_code}</rsp:CommandState></rsp:ReceiveResponse>'
    )


def request(operation: str, shell: str | None) -> bytes:
    """The smallest envelope for ``Create`` or ``Delete`` of a shell: the lab's own look whether a host answers."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    body = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>" if operation == "Create" else ""
    return (
        f"<s:Envelope {SPACES}><s:Header><a:Action>{TRANSFER}/{operation}</a:Action>"
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><w:ResourceURI>{SHELL_URI}</w:ResourceURI>"
        f"<w:OperationTimeout>PT20S</w:OperationTimeout>{selector}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def shell_of(answer: bytes) -> str | None:
    """The shell id in the answer to Create."""
    found = ElementTree.fromstring(answer).find(".//w:Selector[@Name='ShellId']", NAMES)
    return None if found is None else found.text
