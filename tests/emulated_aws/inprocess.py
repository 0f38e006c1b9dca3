# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator without sockets: botocore's calls go straight to the application, for fast tests in one process."""

from __future__ import annotations

import functools
import io
import threading
import typing as t
import urllib.parse

import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from emulated_aws import wire
from emulated_aws.server import Application, create_app
from emulated_aws.wire import ConnectionDropped

URL = "http://emulated-aws.invalid"
OURS = (".amazonaws.com", "emulated-aws.invalid")


@functools.cache
def application() -> Application:
    """Return this process's emulator; its state is global, so there is only one."""
    return create_app()


class RawBody(io.BytesIO):
    """The body of an answer as botocore reads it."""

    def stream(self, **_unused: t.Any) -> t.Iterator[bytes]:
        """Return the body in one piece."""
        yield self.read()


def answer_instead_of_network(request: AWSPreparedRequest, **_unused: t.Any) -> AWSResponse | None:
    """Handle botocore's ``before-send``: serve calls to AWS here, with botocore's own errors for a lost connection."""
    if not str(urllib.parse.urlsplit(request.url).hostname).endswith(OURS):
        return None
    try:
        answer = application().serve(wire.read_request(environ_of(request)))
    except ConnectionDropped as dropped:
        if dropped.unreachable:
            raise EndpointConnectionError(endpoint_url=request.url) from None
        raise ConnectionClosedError(endpoint_url=request.url) from None
    headers: t.Any = dict(answer.headers)
    return AWSResponse(request.url, answer.status, headers, RawBody(answer.body))


def environ_of(request: AWSPreparedRequest) -> wire.Environ:
    """Return the WSGI form of a request that botocore was about to send."""
    url = urllib.parse.urlsplit(request.url)
    body: t.Any = request.body or b""
    body = body.read() if hasattr(body, "read") else body
    data = body.encode() if isinstance(body, str) else bytes(body)
    environ: wire.Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(url.path or "/"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port or 443),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_HOST": url.netloc,
    }
    headers: dict[str, t.Any] = dict(request.headers.items())  # botocore puts bytes in it, too
    for name, value in headers.items():
        text = value.decode() if isinstance(value, bytes) else str(value)
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ | {"CONTENT_LENGTH": str(len(data))}


_HANDLER = ("before-send", answer_instead_of_network)
_lock = threading.Lock()


def intercept() -> None:
    """Serve the calls of every botocore session that is made from now on in this process."""
    with _lock:
        if _HANDLER not in botocore.handlers.BUILTIN_HANDLERS:
            botocore.handlers.BUILTIN_HANDLERS.append(_HANDLER)


def let_go() -> None:
    """Let new sessions reach the network again."""
    with _lock:
        if _HANDLER in botocore.handlers.BUILTIN_HANDLERS:
            botocore.handlers.BUILTIN_HANDLERS.remove(_HANDLER)
