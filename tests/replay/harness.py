# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer AWS's calls from files in wire form, on loopback, so that recorded answers meet the true parsing.

A file is named ``<service>-<Action>-<what>.xml`` or ``.json``; an error's name ends in ``.<HTTP status>.xml``.
"""

from __future__ import annotations

import contextlib
import http.server
import pathlib
import re
import threading
import typing as t
import urllib.parse

XML, JSON = "text/xml;charset=UTF-8", "application/x-amz-json-1.1"
HERE = pathlib.Path(__file__).parent
NAME = re.compile(
    r"(?P<service>[a-z0-9]+)-(?P<action>[A-Za-z]+)-(?P<what>[a-z0-9_]+)(\.(?P<status>\d{3}))?\.(xml|json)"
)


class Recorded(t.NamedTuple):
    """One recorded answer."""

    path: pathlib.Path
    service: str
    action: str
    status: int

    @property
    def text(self) -> str:
        """Return the body as it is sent."""
        return self.path.read_text()


def recorded(folder: str) -> list[Recorded]:
    """Return the answers in a folder; a file whose name does not say what it is is a mistake."""
    found = []
    for path in sorted((HERE / folder).iterdir()):
        named = NAME.fullmatch(path.name)
        if named is None:
            raise ValueError(f"{path.name} does not name service and action")
        found.append(Recorded(path, named["service"], named["action"], int(named["status"] or 200)))
    return found


class Replay(http.server.ThreadingHTTPServer):
    """A server that answers one action by one file, and every other by an empty success."""

    answer: Recorded | None = None

    @property
    def url(self) -> str:
        """Return the endpoint."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Read the action from form or header, and send what is recorded for it."""

    server: Replay

    def do_POST(self) -> None:
        """Answer one call."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = dict(urllib.parse.parse_qsl(body))
        action = form.get("Action") or str(self.headers.get("X-Amz-Target", "")).rpartition(".")[2]
        answer = self.server.answer
        if answer is None or answer.action != action:
            self._send(200, "{}" if "X-Amz-Target" in self.headers else f"<{action}Response/>")
        else:
            self._send(answer.status, answer.text)

    def _send(self, status: int, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", XML if body.startswith("<") else JSON)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_unused: object) -> None:
        """Write nothing."""


@contextlib.contextmanager
def replaying() -> t.Iterator[Replay]:
    """Serve on a free port of loopback until the block ends."""
    with Replay(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
