# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NTLM for WinRM: who is there is settled once per TCP connection; over plain HTTP the messages are then encrypted.

The challenge is ``Negotiate``, as that of Windows. Under it come bare NTLM (pywinrm, pypsrp with ``ntlm``) and NTLM
within SPNEGO (pypsrp with ``negotiate``). Kerberos is not there.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from lab import soap
from lab.counters import Counters
from lab.http import Credentials, Handler, Request, Response, misplaced

NTLM_TOKEN = b"NTLMSSP\0"
USERS, USER_FILE = "NTLM_USER_FILE", "ntlm-users"
BOUNDARY = b"--Encrypted Boundary"
TYPE = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE = f'multipart/encrypted;protocol="{TYPE}";boundary="Encrypted Boundary"'
# What encryption puts around an envelope, in bytes at most: two MIME headers, the signature, the end.
WRAPPING = 1024
SEALED = re.compile(
    re.escape(BOUNDARY)
    + rb"\r\n\s*Content-Type: ([^\r\n]+)\r\n\s*OriginalContent: [^\r\n]*;Length=(\d+)\r\n"
    + re.escape(BOUNDARY)
    + rb"\r\n\s*Content-Type: application/octet-stream\r\n"
)
END = BOUNDARY + b"--\r\n"


class Unreadable(Exception):
    """An encrypted message that cannot be opened."""


def admit_user(directory: Path, credentials: Credentials) -> None:
    """Make the one user of this process known to pyspnego, which reads it from a file that an environment variable names."""
    if ":" in credentials.user + credentials.password:
        raise ValueError("the file of NTLM users cannot hold a colon in a name or password")
    file = directory / USER_FILE
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f":{credentials.user}:{credentials.password}\n")
    os.environ[USERS] = str(file)


def channel_bindings(certificate: x509.Certificate) -> GssChannelBindings:
    """What ties an NTLM exchange to the TLS connection with this certificate (tls-server-end-point).

    It is demanded, like Windows with CbtHardeningLevel Strict does; its default also lets those in who send none.
    """
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + certificate.fingerprint(algorithm))


@dataclass(frozen=True)
class Gate:
    """NTLM before a handler, for one host. ``bindings`` is None on plain HTTP, where every message must be encrypted."""

    handler: Handler
    counters: Counters
    bindings: GssChannelBindings | None = None

    def connection(self) -> Handler:
        """The handler for one fresh TCP connection."""
        return Exchange(self).handle


class Exchange:
    """NTLM on one TCP connection: at first three messages, then requests of whoever they proved to be there."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._context: spnego.ContextProxy | None = None

    async def handle(self, request: Request) -> Response:
        refusal = misplaced(request)
        if refusal is not None:
            return refusal
        scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return await self._prove(request, scheme, token)
        if self._context is None or not self._context.complete:
            # A client that comes without credentials first wants to hear what is asked for.
            self._gate.counters.handshakes += 1
            return unauthorized()
        return await self._serve(request, self._context)

    async def _prove(self, request: Request, scheme: str, token: str) -> Response:
        """One message of the exchange; the last one may bring the first request along."""
        if self._context is not None and self._context.complete:
            self._context = None
        try:
            said = self._step(scheme, token)
        except (SpnegoError, ValueError, struct.error, IndexError, KeyError):
            self._context = None
            self._gate.counters.refuse()
            return unauthorized()
        context = self._context
        if context is None or not context.complete:
            self._gate.counters.handshakes += 1
            return unauthorized(said)
        if request.length:
            response = await self._serve(request, context)
        else:
            self._gate.counters.handshakes += 1
            response = Response(200)
        if said:
            token = base64.b64encode(said).decode()
            response = replace(response, headers={**response.headers, "WWW-Authenticate": f"Negotiate {token}"})
        return response

    def _step(self, scheme: str, token: str) -> bytes | None:
        if scheme.lower() not in ("negotiate", "ntlm"):
            raise ValueError(f"{scheme} is not offered here")
        try:
            message = base64.b64decode(token, validate=True)
        except binascii.Error as fault:
            raise ValueError("a token that is no base64") from fault
        if self._context is None:
            bare = message.startswith(NTLM_TOKEN)
            options = spnego.NegotiateOptions
            self._context = spnego.server(
                channel_bindings=self._gate.bindings,
                protocol="ntlm" if bare else "negotiate",
                # Python's own, whatever GSSAPI of the machine: it alone reads the file of users.
                options=options.use_ntlm if bare else options.use_negotiate,
            )
        return self._context.step(message)

    async def _serve(self, request: Request, context: spnego.ContextProxy) -> Response:
        """A request of somebody known: encrypted, or over TLS."""
        if not request.headers.get("content-type", "").startswith("multipart/encrypted"):
            if self._gate.bindings is None:
                self._gate.counters.faults += 1
                text = "unencrypted traffic is disabled (AllowUnencrypted is false)"
                return Response(500, soap.fault_envelope(soap.Fault("w:AccessDenied", text)))
            return await self._gate.handler(request)
        if request.length and not request.body:
            # Too long to be taken; unread, it also puts the keys out of step.
            return replace(await self._gate.handler(request), close=True)
        try:
            body = unseal(context, request.body)
        except Unreadable:
            # The keys are out of step from here on: nothing on this connection can be read any more.
            self._gate.counters.refuse()
            return Response(400, close=True)
        response = await self._gate.handler(replace(request, length=len(body), body=body))
        if not response.body:
            return response
        sealed = seal(context, response.body)
        return replace(response, body=sealed, headers={**response.headers, "Content-Type": CONTENT_TYPE})


def unauthorized(token: bytes | None = None) -> Response:
    said = f" {base64.b64encode(token).decode()}" if token else ""
    return Response(401, headers={"WWW-Authenticate": f"Negotiate{said}"})


def unseal(context: spnego.ContextProxy, body: bytes) -> bytes:
    """The envelope in an encrypted body. Raises Unreadable."""
    match = SEALED.match(body)
    if match is None or match.group(1).decode("latin-1") != TYPE or not body.endswith(END):
        raise Unreadable("not the MIME parts of an encrypted message")
    sealed = body[match.end() : -len(END)]
    if len(sealed) < 4:
        raise Unreadable("no signature")
    (length,) = struct.unpack("<i", sealed[:4])
    try:
        plain = context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
    except SpnegoError as fault:
        raise Unreadable(str(fault)) from fault
    if len(plain) != int(match.group(2)):
        raise Unreadable(f"{len(plain)} bytes instead of {int(match.group(2))}")
    return plain


def seal(context: spnego.ContextProxy, plain: bytes) -> bytes:
    wrapped = context.wrap_winrm(plain)
    lines = (
        BOUNDARY,
        f"\tContent-Type: {TYPE}".encode(),
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(plain) + wrapped.padding_length}".encode(),
        BOUNDARY,
        b"\tContent-Type: application/octet-stream",
        b"",
    )
    return b"\r\n".join(lines) + struct.pack("<i", len(wrapped.header)) + wrapped.header + wrapped.data + END
