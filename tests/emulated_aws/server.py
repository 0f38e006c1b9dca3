# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated AWS as one WSGI application: the admin path, and a line of gates around moto's dispatcher."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import json
import socket
import sys
import time
import traceback
import typing as t
import uuid

from moto.core import responses
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from emulated_aws import enforcement, imagebuilder, impostors, pricing, rbin, sts, wire
from emulated_aws.ec2.agenda import lock
from emulated_aws.faults import Faults
from emulated_aws.identity import Caller, calling_as, identities
from emulated_aws.log import READS, CallLog, Entry
from emulated_aws.settings import settings
from emulated_aws.sleepers import Sleepers
from emulated_aws.wire import ConnectionDropped

StartResponse = t.Callable[..., t.Any]
ADMIN_PATH = "/_emulator"
PLACEHOLDER = b"<requestId>request-id</requestId>"


@dataclasses.dataclass
class Application:
    """Everything that one emulator is made of; ``crashes`` are faults of its own, which no test should see."""

    latency_ms: float = 0.0
    log: CallLog = dataclasses.field(default_factory=CallLog)
    faults: Faults = dataclasses.field(default_factory=Faults)
    impostors: impostors.Impostors = dataclasses.field(default_factory=impostors.Impostors)
    sleepers: Sleepers = dataclasses.field(default_factory=Sleepers)
    crashes: collections.deque[str] = dataclasses.field(default_factory=lambda: collections.deque(maxlen=100))

    def __post_init__(self) -> None:
        _hasten_moto()
        services = DomainDispatcherApplication(create_backend_app)
        services.get_backend_for_host = functools.cache(services.get_backend_for_host)  # type: ignore[method-assign]
        self._services = services

    def __call__(self, environ: wire.Environ, start_response: StartResponse) -> t.Iterable[bytes]:
        """Serve one request over HTTP."""
        from emulated_aws import admin

        try:
            if environ.get("PATH_INFO", "").startswith(ADMIN_PATH):
                answer = admin.serve(self, environ)
            else:
                answer = self.serve(wire.read_request(environ))
        except ConnectionDropped:
            _hang_up(environ)
        start_response(f"{answer.status} {'OK' if answer.status < 300 else 'Error'}", _with_length(answer))
        return [answer.body]

    def serve(self, request: wire.Request) -> wire.Answer:
        """Answer one call of AWS's; raise ``ConnectionDropped`` where the client is to get none."""
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        caller = identities.caller(request.access_key)
        entry = self.log.open(request, caller)
        answer: wire.Answer | None = None
        try:
            answer = self._through_the_gates(request, caller, entry)
        except ConnectionDropped:
            raise
        except Exception as error:  # A crash of ours must not look like a fault of AWS's, which clients retry.
            answer = self._crash(request, error)
        finally:
            self.log.close(entry, answer)
        return answer

    def _through_the_gates(self, request: wire.Request, caller: Caller, entry: Entry) -> wire.Answer:
        rules = self.faults.strike(request, caller)
        entry.faults = [rule.kind for rule in rules]
        answer = self.faults.before(rules, request, caller, entry) or _refuse(request, caller)
        if answer is not None:
            return answer
        answer = self._act_and_note(request, caller, entry)
        entry.took_effect = answer.status < 300
        return self.faults.after(rules, request, caller, entry, answer)

    def _act_and_note(self, request: wire.Request, caller: Caller, entry: Entry) -> wire.Answer:
        """Act, write down what came of it, and let impostors appear or stand aside."""
        apart = self.impostors.stands_apart(entry.user_agent)
        region = impostors.region_of(caller.account, request.region) if request.service == "ec2" else None
        if region is not None and not apart:
            self.impostors.expect(region, request.parameters)
        if region is None or (entry.action.startswith(READS) and not apart):
            answer = self.act(request, caller)
            entry.made = _granted(request, answer)
            return answer
        with lock, self.impostors.out_of_sight() if apart else contextlib.nullcontext():
            before = region.resource_ids()
            answer = self.act(request, caller)
            after = region.resource_ids()
            entry.made, entry.gone = sorted(after - before), sorted(before - after)
            if answer.status < 300 and not apart:
                tagged = request.parameters.get("Resources", []) if entry.action == "CreateTags" else []
                self.impostors.imitate(region, [*entry.made, *tagged], request.parameters)
        return answer

    def act(self, request: wire.Request, caller: Caller) -> wire.Answer:
        """Let the service do what the call asks for, without log, trouble or permissions."""
        environ = request.send_on()
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account
        environ.setdefault("HTTP_AUTHORIZATION", request.authorization)  # moto looks for the service nowhere else.
        try:
            with lock, calling_as(caller):
                if request.service == "rbin":
                    return rbin.serve(request, caller)
                if request.service == "pricing":
                    return pricing.serve(request)
                if request.service == "imagebuilder":
                    return imagebuilder.serve(request)
                chunks, status, headers = run_wsgi_app(self._services, environ, buffered=True)
            body = b"".join(chunks).replace(PLACEHOLDER, f"<requestId>{uuid.uuid4()}</requestId>".encode())
            return wire.Answer(int(status.split()[0]), list(headers), body)
        except NotImplementedError:
            words = f"The action {request.action} is not valid for this web service."
            return wire.error(request.service, code="InvalidAction", message=words, status=400)

    def _crash(self, request: wire.Request, error: Exception) -> wire.Answer:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.filename.rpartition('site-packages/')[2]}:{where.lineno}"
        words = f"the emulator failed on {request.service}:{request.action}: {type(error).__name__}: {error} ({place})"
        self.crashes.append("".join(traceback.format_exception(error)))
        print(words, file=sys.stderr, flush=True)
        return wire.error(request.service, code="EmulatorFailure", message=words, status=400)


def _granted(request: wire.Request, answer: wire.Answer) -> list[str]:
    """Return the id of the grant that a call has made."""
    if (request.service, request.action) != ("kms", "CreateGrant") or answer.status >= 300:
        return []
    return [str(json.loads(answer.body)["GrantId"])]


def _hasten_moto() -> None:
    """Let moto look up once what it looks up for each call, and leave out what only web pages need."""
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    werkzeug_app.DISABLE_GLOBAL_CORS = True


def _refuse(request: wire.Request, caller: Caller) -> wire.Answer | None:
    if not request.service:
        words = "Request is missing Authentication Token"
        return wire.error("", code="MissingAuthenticationToken", message=words, status=403)
    if not identities.has_token(request.access_key, request.token):
        code, status, message = WITHOUT_TOKEN.get(request.service, ("InvalidClientTokenId", 403, INVALID))
        return wire.error(request.service, code=code, message=message, status=status)
    if request.region in settings.regions_not_enabled:
        code, status, message = WITHOUT_TOKEN.get(request.service, ("InvalidClientTokenId", 403, INVALID))
        return wire.error(request.service, code=code, message=message, status=status)
    if caller.expired:
        names = {"ec2": ("RequestExpired", 400, "Request has expired."), "kms": ("ExpiredTokenException", 400, EXPIRED)}
        code, status, message = names.get(request.service, ("ExpiredToken", 403, EXPIRED))
        return wire.error(request.service, code=code, message=message, status=status)
    return enforcement.refuse(request, caller)


EXPIRED = "The security token included in the request is expired"
INVALID = "The security token included in the request is invalid"
WITHOUT_TOKEN = {
    "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
    "kms": ("UnrecognizedClientException", 400, f"{INVALID}."),
}


def _with_length(answer: wire.Answer) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in answer.headers if name.lower() not in ("content-length", "status")]
    return [*kept, ("Content-Length", str(len(answer.body)))]


def _hang_up(environ: wire.Environ) -> t.NoReturn:
    """Close the connection without a word; werkzeug takes a ``ConnectionError`` as the client's leaving."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("dropped on request")


def create_app() -> Application:
    """Return the emulator, with moto's services replaced by ours where images and keys are concerned."""
    from emulated_aws import autoscaling, ec2, handshakes, kms, ssm

    ec2.install()
    kms.install()
    sts.install()
    ssm.install()
    autoscaling.install()
    handshakes.install()
    return Application()
