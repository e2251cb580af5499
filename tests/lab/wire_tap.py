# Copyright: (c) 2026, tlsfleet.iis contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of the wire: somebody who listens in between and keeps every byte of both directions."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HERE = "127.0.0.1"


@dataclass
class Tap:
    """``heard``: what went by, in both directions."""

    target: tuple[str, int]
    listener: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.heard += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def tapped(address: str, port: int) -> Iterator[Tap]:
    """A tap before an address and port, on a port of 127.0.0.1 of its own."""
    tap = Tap((address, port), socket.create_server((HERE, 0)))
    thread = threading.Thread(target=tap.serve, daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        # A thread that waits in accept() does not notice a close.
        tap.listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for item in (tap.listener, *tap.open):
            item.close()
