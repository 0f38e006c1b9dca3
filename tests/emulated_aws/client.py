# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests import: one interface to an emulator in a process of its own or in this one."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.request

import boto3
import botocore.loaders
import botocore.session

from emulated_aws.identity import HOME_ACCOUNT, Credentials, account_access_key
from emulated_aws.surroundings import forget

START_SECONDS = 90.0
# What the clients of ``Emulator.session`` call themselves: whatever does not is somebody else's.
BY_HAND = "by-hand-in-a-test"
TESTS = pathlib.Path(__file__).resolve().parents[1]
Transport = t.Callable[[str, dict[str, t.Any]], t.Any]


class EmulatorError(Exception):
    """The emulator refused an admin verb, or did not start."""


class FaultControl:
    """Trouble on demand; see ``faults.Rule`` for the fields."""

    def __init__(self, transport: Transport):
        self._do = transport

    def add(self, kind: str, **fields: t.Any) -> int:
        """Put a rule in force and return its id."""
        return int(self._do("faults", {"kind": kind, **fields})["id"])

    def clear(self, rule_id: int | None = None) -> None:
        """Take one rule, or all, out of force."""
        self._do("clear_faults", {} if rule_id is None else {"id": rule_id})

    def list(self) -> t.Any:  # The name that reads right beside ``add``.
        """Return the rules in force with how often each fitted and hit."""
        return self._do("faults", {})


class Watcher(t.Protocol):
    """Who looks at everything that was done to an emulator, before it is forgotten."""

    def after_reset(self, emulator: Emulator) -> None:
        """Look at an emulator in which nothing was done yet."""

    def before_reset(self, emulator: Emulator) -> None:
        """Look at what was done since the last reset."""


class Emulator:
    """A running emulator: clients for its accounts, and everything that tests may do to it."""

    watcher: t.ClassVar[Watcher | None] = None

    def __init__(self, url: str, transport: Transport, stop: t.Callable[[], None], *, in_process: bool):
        self.url, self.is_in_process = url, in_process
        self._do, self._stop = transport, stop
        self.faults = FaultControl(transport)

    @classmethod
    def start(cls, *, seed: str = "none", clock: str = "manual", **options: t.Any) -> Emulator:
        """Start a process of its own; ``options`` are those of the command line, with ``_`` for ``-``."""
        process, url = _start_process(["--seed", seed, "--clock", clock, *_arguments(options)])
        return cls(url, HttpTransport(url), lambda: _end(process), in_process=False)

    @classmethod
    def in_process(cls, *, seed: str = "none", clock: str = "manual") -> Emulator:
        """Serve every AWS call of this process without sockets; there is one such emulator at a time."""
        from emulated_aws import admin, inprocess

        inprocess.intercept()
        application = inprocess.application()

        def transport(verb: str, body: dict[str, t.Any]) -> t.Any:
            try:
                return json.loads(json.dumps(admin.call(application, verb, dict(body)), default=str))
            except ValueError as error:
                raise EmulatorError(str(error)) from None

        transport("clock", {"manual": clock == "manual"})
        transport("reset", {"seed": seed})
        return cls(inprocess.URL, transport, inprocess.let_go, in_process=True)

    @classmethod
    def connect(cls, url: str) -> Emulator:
        """Use an emulator that somebody else started."""
        return cls(url, HttpTransport(url), lambda: None, in_process=False)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, or give the network back to botocore."""
        self._stop()

    def env(
        self, *, account: str = HOME_ACCOUNT, region: str = "us-east-1", credentials: Credentials | None = None
    ) -> dict[str, str]:
        """Return what a subprocess needs in its environment; ``AWS_URL`` is amazon.aws's name for the endpoint."""
        chosen = credentials or Credentials(account_access_key(account), "emulated")
        found = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_URL": self.url,
            "AWS_ACCESS_KEY_ID": chosen.access_key,
            "AWS_SECRET_ACCESS_KEY": chosen.secret_key,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        return found | ({"AWS_SESSION_TOKEN": chosen.token} if chosen.token else {})

    def session(
        self, *, account: str = HOME_ACCOUNT, region: str = "us-east-1", credentials: Credentials | None = None
    ) -> boto3.Session:
        """Return a session whose clients come as the account's administrator, or as ``credentials`` say."""
        chosen = credentials or Credentials(account_access_key(account), "emulated")
        core = botocore.session.Session()
        core.user_agent_extra = BY_HAND
        core.register_component("data_loader", _models())
        for name, value in (("config_file", os.devnull), ("credentials_file", os.devnull)):
            core.set_config_variable(name, value)
        if not self.is_in_process:
            core.get_component("config_store").set_config_variable("endpoint_url", self.url)
        return boto3.Session(
            aws_access_key_id=chosen.access_key,
            aws_secret_access_key=chosen.secret_key,
            aws_session_token=chosen.token,
            region_name=region,
            botocore_session=core,
        )

    def principal(self, arn: str, policies: t.Sequence[t.Mapping[str, t.Any]] | None = None) -> Credentials:
        """Return credentials of a user or role; with policies, it may from now on do only what they allow."""
        return Credentials(**self._do("principal", {"arn": arn, "policies": policies}))

    def lift(self, arn: str) -> None:
        """Stop enforcing policies for the principal."""
        self._do("lift", {"arn": arn})

    def service_control(self, policies: t.Sequence[t.Mapping[str, t.Any]], *, account: str = HOME_ACCOUNT) -> None:
        """Put an account under service control policies; what they deny, nobody in it may do."""
        self._do("service_control", {"account": account, "policies": policies})

    def organization(self, arn: str, *accounts: str, leave: bool = False) -> None:
        """Let accounts, also new ones, join or leave the organization or organizational unit with this ARN."""
        self._do("organization", {"arn": arn, "accounts": accounts, "leave": leave})

    def set_key_state(self, arn: str, state: str) -> None:
        """Put a key into a state that no call leads to, such as ``Unavailable``."""
        self._do("key_state", {"arn": arn, "state": state})

    def advance(self, seconds: float) -> None:
        """Move virtual time forward."""
        self._do("advance", {"seconds": seconds})

    def configure(self, **settings: t.Any) -> None:
        """Change settings by name (``settings.Settings``), and ``latency_ms``."""
        self._do("settings", settings)

    def clock(self, *, manual: bool, speed: float = 1.0) -> None:
        """Choose whether time runs by itself, and how fast."""
        self._do("clock", {"manual": manual, "speed": speed})

    def calls(self, **wanted: t.Any) -> list[dict[str, t.Any]]:
        """Return the logged calls that fit: ``action="Copy*"``, ``region=…``, ``held=True``, ``since=<number>`` …"""
        return t.cast(list[dict[str, t.Any]], self._do("log", wanted))

    def counts(self, **wanted: t.Any) -> dict[str, int]:
        """Return how often each ``service:Action`` was called."""
        return t.cast(dict[str, int], self._do("counts", wanted))

    def clear_calls(self) -> None:
        """Empty the log; numbers go on."""
        self._do("clear_log", {})

    def journal(self) -> dict[str, t.Any]:
        """Return the calls since the last reset that were to change something, and the snapshots that are there."""
        return t.cast(dict[str, t.Any], self._do("journal", {}))

    def impostors(self) -> dict[str, t.Any]:
        """Return the ids of the impostors, and those that were changed."""
        return t.cast(dict[str, t.Any], self._do("impostors", {}))

    def arm_impostors(
        self,
        *,
        prefixes: t.Sequence[str],
        shown_to: str,
        family: t.Mapping[str, str] | None = None,
        launched: bool = True,
    ) -> None:
        """Imitate what gets such tags, out of sight of ``session`` but for clients that also name ``shown_to``."""
        asked = {"prefixes": list(prefixes), "hidden_from": BY_HAND, "shown_to": shown_to, "family": dict(family or {})}
        self._do("impostors", {**asked, "launched": launched})

    def sleeper_comes(self, name: str) -> None:
        """Let time pass from now on only while this one sleeps, too."""
        self._do("sleeper", {"name": name, "comes": True})

    def sleeper_leaves(self, name: str) -> None:
        """Let time pass without this one again."""
        self._do("sleeper", {"name": name, "comes": False})

    def sleep(self, name: str, seconds: float) -> float:
        """Sleep for virtual seconds, and return the time; it passes once all sleep whose calls are not held."""
        until: float | None = None
        while True:
            answer = self._do("sleep", {"name": name, "seconds": seconds, "until": until})
            if answer["over"]:
                return float(answer["now"])
            until = answer["until"]

    def wait_until_held(self, *, timeout: float = 30.0) -> dict[str, t.Any]:
        """Return the first held call, or raise after ``timeout`` real seconds."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            held = self.calls(held=True)
            if held:
                return held[0]
            time.sleep(0.01)
        raise EmulatorError(f"no call was held within {timeout} s")

    def release(self, number: int | None = None, *, then: str | None = None) -> int:
        """Let held calls go on (``then`` answer or drop) and return how many."""
        return int(self._do("release", {"number": number, "then": then})["released"])

    def reset(self, *, seed: str = "none") -> None:
        """Put everything back to the start."""
        if self.watcher:
            self.watcher.before_reset(self)
        self._do("reset", {"seed": seed})
        if self.watcher:
            self.watcher.after_reset(self)

    def seed(self, which: str = "full") -> dict[str, t.Any]:
        """Load the catalogue and return it."""
        return t.cast(dict[str, t.Any], self._do("seed", {"seed": which}))

    def catalogue(self) -> dict[str, t.Any]:
        """Return the catalogue that was loaded."""
        return t.cast(dict[str, t.Any], self._do("catalogue", {}))

    def state(self) -> dict[str, t.Any]:
        """Return time, settings, rules, counts and the emulator's own crashes."""
        return t.cast(dict[str, t.Any], self._do("state", {}))


@functools.cache
def _models() -> botocore.loaders.Loader:
    """Return one loader for all sessions, as reading EC2's model takes a quarter of a second."""
    return botocore.loaders.create_loader()


@functools.cache
def _without_proxy() -> urllib.request.OpenerDirector:
    """Return what opens an address of this machine whatever proxy the shell names."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


class HttpTransport:
    """Admin verbs over HTTP."""

    def __init__(self, url: str):
        self._url = url

    def __call__(self, verb: str, body: dict[str, t.Any]) -> t.Any:
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/_emulator/{verb}", data=data, method="POST")
        try:
            with _without_proxy().open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise EmulatorError(json.load(error).get("error", str(error))) from None
        except urllib.error.URLError as error:
            raise EmulatorError(f"the emulator at {self._url} does not answer: {error.reason}") from None


def _arguments(options: t.Mapping[str, t.Any]) -> list[str]:
    found: list[str] = []
    for name, value in options.items():
        if name == "settings":
            found += [part for key, chosen in value.items() for part in ("--set", f"{key}={json.dumps(chosen)}")]
        else:
            found += [f"--{name.replace('_', '-')}", str(value)]
    return found


def _start_process(arguments: t.Sequence[str]) -> tuple[subprocess.Popen[bytes], str]:
    with tempfile.TemporaryDirectory() as folder:
        ready = pathlib.Path(folder, "url")
        command = [sys.executable, "-m", "emulated_aws", "--port", "0", "--ready-file", str(ready), *arguments]
        environment = dict(os.environ)
        forget(environment)
        environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), environment.get("PYTHONPATH", "")])
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            return process, _wait_for(ready, process)
        except BaseException:
            _end(process)
            raise


def _wait_for(ready: pathlib.Path, process: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            return ready.read_text().strip()
        time.sleep(0.02)
    raise EmulatorError(f"the emulator did not start within {START_SECONDS:.0f} s (exit code {process.poll()})")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
