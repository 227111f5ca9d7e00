"""A receiver of hand-overs on this machine: a real HTTP server that answers as it is told and keeps what it got."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """One POST."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return str(json.loads(self.body)["id"])


@dataclass
class Receiver:
    """What it says next: statuses, the last of which it keeps saying; or `reset`, `hang`, `garbage`."""

    says: list[int | str] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    poison: str = ""
    """The id that it always answers with 500."""
    got: list[Request] = field(default_factory=list)
    """What it took: answered with 2xx."""
    asked: list[str] = field(default_factory=list)
    """The ids of all requests, taken or not."""
    url: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)
    """Ends what hangs."""

    def next_word(self) -> int | str:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(headers=dict(self.headers.items()), body=body)
            receiver.asked.append(request.id)
            word = 500 if request.id == receiver.poison else receiver.next_word()
            if isinstance(word, str):
                self._misbehave(word)
                return
            if 200 <= word < 300:
                receiver.got.append(request)
            self.send_response(word)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _misbehave(self, how: str) -> None:
            self.close_connection = True
            if how == "hang":
                receiver.let_go.wait(30)
            elif how == "garbage":
                self.wfile.write(b"\x00\xff no protocol at all\r\n\r\n")
            else:  # a reset instead of a close
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/handovers"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
