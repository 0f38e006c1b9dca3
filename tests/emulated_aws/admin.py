# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The admin path: JSON over ``/_emulator/<verb>``. It is no part of AWS, and none of it is logged as a call."""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from emulated_aws import catalogue, ec2
from emulated_aws.clock import clock
from emulated_aws.ec2 import organizations
from emulated_aws.identity import identities
from emulated_aws.kms import keys
from emulated_aws.settings import settings
from emulated_aws.wire import Answer, Environ

if t.TYPE_CHECKING:
    from emulated_aws.server import Application

Body = dict[str, t.Any]


class Administration:
    """The verbs; each takes the JSON of the request and returns what can be put into JSON."""

    def __init__(self, application: Application):
        self.application = application

    def state(self, body: Body) -> t.Any:
        """Tell the time, the settings, the rules in force and how many calls there were."""
        return {
            "time": clock.utcnow().isoformat(),
            "manual": clock.manual,
            "settings": dataclasses.asdict(settings),
            "latency_ms": self.application.latency_ms,
            "faults": self.application.faults.describe(),
            "calls": self.application.log.counts(),
            "accounts": identities.accounts,
            "crashes": list(self.application.crashes),
        }

    def advance(self, body: Body) -> t.Any:
        """Move virtual time forward by ``seconds``, and let happen what is due by then."""
        clock.advance(float(body["seconds"]))
        ec2.settle()
        return {"time": clock.utcnow().isoformat()}

    def sleeper(self, body: Body) -> t.Any:
        """Count in, or no longer, the sleeper ``name``."""
        self.application.sleepers.count(body["name"], comes=bool(body["comes"]))
        return {}

    def sleep(self, body: Body) -> t.Any:
        """Sleep as ``name`` for ``seconds``, or until the moment ``until``; an answer that it is not over is usual."""
        until = clock.now() + float(body["seconds"]) if body["until"] is None else float(body["until"])
        over = self.application.sleepers.sleep(body["name"], until, held=self.application.faults.held)
        return {"over": over, "until": until, "now": clock.now()}

    def clock(self, body: Body) -> t.Any:
        """Choose ``manual`` or running time and its ``speed``."""
        ec2.settle()
        clock.configure(manual=bool(body.get("manual", clock.manual)), speed=float(body.get("speed", clock.speed)))
        return {"time": clock.utcnow().isoformat(), "manual": clock.manual, "speed": clock.speed}

    def settings(self, body: Body) -> t.Any:
        """Change settings by name; ``latency_ms`` is one of them."""
        ec2.settle()
        if "latency_ms" in body:
            self.application.latency_ms = float(body.pop("latency_ms"))
        settings.update(body)
        return dataclasses.asdict(settings) | {"latency_ms": self.application.latency_ms}

    def faults(self, body: Body) -> t.Any:
        """Put a rule in force; without one, list them."""
        if body:
            return {"id": self.application.faults.add(**body)}
        return self.application.faults.describe()

    def clear_faults(self, body: Body) -> t.Any:
        """Take the rule ``id``, or all, out of force."""
        self.application.faults.clear(body.get("id"))
        return {}

    def release(self, body: Body) -> t.Any:
        """Let the held call ``number``, or all, go on; ``then`` is answer or drop."""
        return {"released": self.application.faults.release(body.get("number"), then=body.get("then"))}

    def log(self, body: Body) -> t.Any:
        """Return the calls that fit the given fields."""
        return self.application.log.entries(**body)

    def counts(self, body: Body) -> t.Any:
        """Return how often each action was called."""
        return self.application.log.counts(**body)

    def clear_log(self, body: Body) -> t.Any:
        """Forget every call."""
        self.application.log.clear()
        return {}

    def journal(self, body: Body) -> t.Any:
        """Return every call since the reset that was to change something, and the snapshots that are there now."""
        ec2.settle()
        return {"calls": self.application.log.journal(), "snapshots": ec2.all_snapshots()}

    def impostors(self, body: Body) -> t.Any:
        """Arm the impostors by ``prefixes``, ``hidden_from`` and ``shown_to``; without them, list the changed ones."""
        if body:
            self.application.impostors.arm(**body)
            return {}
        ec2.settle()
        return {"ids": sorted(self.application.impostors.ids()), "changed": self.application.impostors.changed()}

    def principal(self, body: Body) -> t.Any:
        """Make an access key for the user or role ``arn``; with ``policies``, it may do only what they allow."""
        if body.get("policies") is not None:
            identities.enforce(body["arn"], body["policies"])
        return dataclasses.asdict(identities.credentials(body["arn"]))

    def lift(self, body: Body) -> t.Any:
        """Stop enforcing policies for the principal ``arn``."""
        identities.lift(body["arn"])
        return {}

    def service_control(self, body: Body) -> t.Any:
        """Put the ``account`` under the service control ``policies``."""
        identities.control(str(body["account"]), body["policies"])
        return {}

    def organization(self, body: Body) -> t.Any:
        """Let ``accounts`` join the organization or unit ``arn``, or ``leave`` it; who joins is there from then on."""
        (organizations.leave if body.get("leave") else organizations.join)(body["arn"], *body["accounts"])
        identities.accounts = {**dict.fromkeys(body["accounts"], "member"), **identities.accounts}
        return {}

    def key_state(self, body: Body) -> t.Any:
        """Put the key ``arn`` into the ``state``."""
        ec2.settle()
        keys.force_state(body["arn"], body["state"])
        return {}

    def reset(self, body: Body) -> t.Any:
        """Put everything back to the start; ``seed`` is full or none."""
        forget_everything(self.application)
        return self.seed(body)

    def seed(self, body: Body) -> t.Any:
        """Fill the accounts with the catalogue and return it."""
        return catalogue.load(str(body.get("seed", "none")), self.application.act)

    def catalogue(self, body: Body) -> t.Any:
        """Return the catalogue that was loaded."""
        return catalogue.loaded()


def forget_everything(application: Application) -> None:
    """Leave an emulator without resources, rules, calls and principals, and with default settings."""
    application.faults.reset()
    application.log.reset()
    application.impostors.reset()
    application.sleepers.reset()
    application.crashes.clear()
    application.latency_ms = 0.0
    identities.reset()
    settings.reset()
    for backends in list(BackendDict._instances):  # type: ignore[misc]  # moto's own reset would rebuild each first
        backends.clear()
    BackendDict._instances.clear()  # type: ignore[misc]  # the same
    reset_model_data()
    ec2.reset()
    catalogue.forget()
    # The next test's dates are of today, however far this one went; nothing is left that has happened meanwhile.
    clock.rewind(time.time())


def call(application: Application, verb: str, body: Body) -> t.Any:
    """Do what the verb says; raise ``ValueError`` with a sentence where that cannot be."""
    method = getattr(Administration(application), verb, None) if not verb.startswith("_") else None
    if method is None or verb == "application":
        raise ValueError(f"there is no admin verb {verb!r}")
    try:
        return method(body)
    except KeyError as error:
        raise ValueError(f"{verb}: unknown or missing {error}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{verb}: {error}") from None


def serve(application: Application, environ: Environ) -> Answer:
    """Answer a request on the admin path; a wrong one gets HTTP 400 and one line."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    verb = environ["PATH_INFO"].strip("/").partition("/")[2].replace("-", "_")
    try:
        content = call(application, verb or "state", json.loads(body or b"{}"))
        status = 200
    except ValueError as error:
        content, status = {"error": str(error)}, 400
    return Answer(status, [("Content-Type", "application/json")], json.dumps(content, default=str, indent=1).encode())
