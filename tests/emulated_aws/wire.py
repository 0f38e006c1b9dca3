# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read AWS's requests and write its answers and errors, by botocore's model. Nothing in this file decides."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import re
import typing as t
import urllib.parse
import uuid
import xml.sax.saxutils

import botocore.parsers
import botocore.serialize
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

Environ = dict[str, t.Any]
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class ConnectionDropped(Exception):
    """The client gets no answer; ``unreachable`` where it could not even connect."""

    def __init__(self, *, unreachable: bool = False):
        super().__init__("connection dropped")
        self.unreachable = unreachable


@dataclasses.dataclass
class Request:
    """One call as it came in; ``parameters`` are named and nested as in boto3."""

    access_key: str
    token: str | None
    region: str
    service: str
    action: str
    parameters: dict[str, t.Any]
    body: bytes
    environ: Environ = dataclasses.field(repr=False)

    @property
    def authorization(self) -> str:
        """Return a header that names key, region and service as a signed call's does, without a signature."""
        return authorization(self.access_key, region=self.region, service=self.service)

    def send_on(self) -> Environ:
        """Return the environ for the next application, with a body that can be read again."""
        self.environ["wsgi.input"] = io.BytesIO(self.body)
        self.environ["CONTENT_LENGTH"] = str(len(self.body))
        return self.environ


@dataclasses.dataclass
class Answer:
    """One answer, complete."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def error_code(self) -> str | None:
        """Return AWS's error code, or nothing for a success."""
        if self.status < 300:
            return None
        found = re.search(rb'<Code>([^<]+)</Code>|"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"', self.body)
        return (found[1] or found[2]).decode() if found else f"HTTP {self.status}"


def read_request(environ: Environ) -> Request:
    """Take a WSGI request apart; what cannot be told stays empty.

    Raise ``ConnectionDropped`` for half a request, as a client leaves it that is killed while it sends: AWS acts on
    none whose body is shorter than its length says, as that body is not the one that was signed.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise ConnectionDropped
    signed = environ.get("HTTP_AUTHORIZATION") or urllib.parse.unquote(environ.get("QUERY_STRING", ""))
    found = _CREDENTIAL.search(signed)
    service = found["service"] if found else ""
    form = _form(environ, body)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    action = form.get("Action") or target.rpartition(".")[2]
    named: dict[str, str] = {}
    if not action:
        action, named = _by_path(service, environ["REQUEST_METHOD"], environ["PATH_INFO"])
    return Request(
        access_key=found["key"] if found else "",
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or form.get("X-Amz-Security-Token"),
        region=found["region"] if found else "us-east-1",
        service=service,
        action=action,
        parameters=_parameters(service, action, form, body) | named,
        body=body,
        environ=environ,
    )


def _by_path(service: str, method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the action of a REST call and the parameters in its path; method and path where no model has them."""
    for http_method, pattern, action in _routes(service):
        found = pattern.fullmatch(path)
        if found and http_method == method:
            members = t.cast(t.Any, operation(service, action)).input_shape.members.items()
            names = {member.serialization.get("name", name): name for name, member in members}
            return action, {
                names.get(key, key): urllib.parse.unquote(value) for key, value in found.groupdict().items()
            }
    return f"{method} {path}", {}


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    if not protocol(service).startswith("rest-json"):
        return []
    model = get_service_model(service)
    rules = [(name, model.operation_model(name).http) for name in model.operation_names]
    return [
        (http["method"], re.compile(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", http["requestUri"])), name)
        for name, http in rules
    ]


def authorization(access_key: str, *, region: str, service: str) -> str:
    """Return the header by which a service knows what a call is about."""
    return f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request, "


def write_request(
    service: str, action: str, parameters: t.Mapping[str, t.Any], *, access_key: str, region: str
) -> Request:
    """Return the call that boto3 would make; for an action whose service speaks the EC2 or the query protocol."""
    model = t.cast(t.Any, operation(service, action))
    serialized = botocore.serialize.create_serializer(protocol(service)).serialize_to_request(dict(parameters), model)
    body = urllib.parse.urlencode(serialized["body"]).encode()
    environ: Environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": authorization(access_key, region=region, service=service),
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    return read_request(environ)


def _form(environ: Environ, body: bytes) -> dict[str, str]:
    pairs = urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        pairs += urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


@functools.cache
def operation(service: str, action: str) -> OperationModel | None:
    """Return botocore's model of the action, if it has one."""
    try:
        return get_service_model(service).operation_model(action)
    except (UnknownServiceError, OperationNotFoundError, ValueError):
        return None


def protocol(service: str) -> str:
    """Return the protocol of a service; the query protocol for one that botocore does not know."""
    try:
        return str(get_service_model(service).metadata["protocol"])
    except (UnknownServiceError, ValueError):
        return "query"


def _parameters(service: str, action: str, form: dict[str, str], body: bytes) -> dict[str, t.Any]:
    kind, model = protocol(service), operation(service, action)
    if kind in ("json", "rest-json"):
        return _json(body)
    if model is None or kind not in ("ec2", "query"):
        return dict(form)
    request: t.Any = {"values": form, "body": body, "headers": {}, "method": "POST", "url_params": {}, "url_path": "/"}
    try:
        return dict(PROTOCOL_PARSERS[kind](t.cast(t.Any, model)).parse(request))
    except ValueError:
        return dict(form)


def _json(body: bytes) -> dict[str, t.Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def error(service: str, *, code: str, message: str, status: int) -> Answer:
    """Return an error as the service words it."""
    request_id = str(uuid.uuid4())
    kind = protocol(service)
    if kind in ("json", "rest-json"):
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("x-amzn-errortype", code),
            ("x-amzn-requestid", request_id),
        ]
        return Answer(status, headers, json.dumps({"__type": code, "message": message}).encode())
    text = xml.sax.saxutils.escape(message)
    inner = f"<Code>{code}</Code><Message>{text}</Message>"
    form = {
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
        "rest-xml": f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>",
    }.get(
        kind,
        f"<ErrorResponse><Error><Type>{'Sender' if status < 500 else 'Receiver'}</Type>{inner}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
    )
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{form}'
    return Answer(
        status, [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-requestid", request_id)], document.encode()
    )


def parse_answer(request: Request, answer: Answer) -> dict[str, t.Any]:
    """Return a successful answer as boto3 would show it; an action without a model raises ``LookupError``."""
    model = operation(request.service, request.action)
    if model is None or model.output_shape is None:
        raise LookupError(f"no model of an answer to {request.service}:{request.action}")
    parser = botocore.parsers.create_parser(protocol(request.service))
    response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed: dict[str, t.Any] = parser.parse(response, model.output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def render_answer(request: Request, content: t.Mapping[str, t.Any]) -> Answer:
    """Return boto3's form of an answer in the service's own."""
    model = operation(request.service, request.action)
    serializer = get_serializer_class(request.service, protocol(request.service))(t.cast(t.Any, model))
    serialized = serializer.serialize(content)
    body = serialized["body"]
    headers = [(name, str(value)) for name, value in serialized["headers"].items()]
    return Answer(serialized["status_code"], headers, body.encode() if isinstance(body, str) else body)
