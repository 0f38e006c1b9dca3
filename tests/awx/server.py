# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve the stand-in over HTTP, to whoever brings the token."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t
import urllib.parse

from .controller import API, Controller

TOKEN = "a-token-of-the-stand-in"


class Handler(http.server.BaseHTTPRequestHandler):
    """Take requests apart and put answers together."""

    controller: t.ClassVar[Controller]
    product: t.ClassVar[str]
    prefix: t.ClassVar[str]
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}") if self.command != "GET" else {}
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"detail": "Authentication credentials were not provided."})
            return
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if not url.path.startswith(self.prefix):
            self._send(404, {"detail": f"{url.path} is not below {self.prefix}"})
            return
        path = API + url.path.removeprefix(self.prefix)
        self._send(*self.controller.answer(self.command.lower(), path, query, body))

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # http.server's names

    def _send(self, status: int, content: t.Any) -> None:
        data = b"" if content is None else json.dumps(content, default=list).replace(API, self.prefix).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-API-Product-Name", self.product)
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_unused: t.Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(controller: Controller, *, product: str = "AWX", prefix: str = API) -> t.Iterator[str]:
    """Serve a controller beside the block and return its URL; the gateway of Automation Platform has another prefix."""
    handler = type("BoundHandler", (Handler,), {"controller": controller, "product": product, "prefix": prefix})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
