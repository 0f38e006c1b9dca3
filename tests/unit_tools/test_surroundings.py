# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's own AWS, plays and proxies stay out of the emulated AWS."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from emulated_aws.client import Emulator
from emulated_aws.surroundings import forget

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOREIGN = {
    "AWS_PROFILE": "nobody-has-this",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "BOTO_CONFIG": "/nonexistent",
    "ANSIBLE_STDOUT_CALLBACK": "no.such.callback",
}
PROXIES = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}


def test_foreign_settings_are_taken_out_and_named() -> None:
    environment = {**FOREIGN, "PATH": "/bin", "AWSOME": "1"}
    assert forget(environment) == sorted(FOREIGN)
    assert environment == {"PATH": "/bin", "AWSOME": "1"}


@pytest.mark.parametrize(
    ("given", "passed_by"),
    [
        ({"HTTP_PROXY": "http://proxy"}, "127.0.0.1,localhost,::1"),
        ({"https_proxy": "http://proxy", "no_proxy": "example.org"}, "example.org,127.0.0.1,localhost,::1"),
        ({"ALL_PROXY": "http://proxy", "NO_PROXY": "localhost, example.org"}, "localhost,example.org,127.0.0.1,::1"),
    ],
)
def test_no_proxy_comes_between(given: dict[str, str], passed_by: str) -> None:
    environment = dict(given)
    assert forget(environment) == []
    assert {**given, "no_proxy": passed_by, "NO_PROXY": passed_by} == environment


def test_without_a_proxy_nothing_is_added() -> None:
    environment = {"PATH": "/bin"}
    assert forget(environment) == []
    assert environment == {"PATH": "/bin"}


def test_the_emulator_starts_and_answers_in_such_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (FOREIGN | PROXIES).items():
        monkeypatch.setenv(name, value)
    with Emulator.start(seed="full") as emulator:
        assert emulator.state()["crashes"] == []
        assert os.environ["AWS_PROFILE"] == FOREIGN["AWS_PROFILE"]


def test_the_emulator_by_itself_says_what_it_ignores() -> None:
    environment = {**os.environ, **FOREIGN, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "emulated_aws", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = process.stdout.readline() if process.stdout else ""
        process.terminate()
        _nothing, ignored = process.communicate()
    assert said.startswith("The emulated AWS listens at")
    assert ", ".join(sorted(FOREIGN)) in ignored


def test_tools_say_what_they_ignore_and_children_do_not_see_it() -> None:
    code = "import processes; processes.begin(); processes.run('env')"
    environment = {**os.environ, **FOREIGN, "PYTHONPATH": str(ROOT / "tests" / "tools"), "HOME": "/nonexistent"}
    environment.pop("SEALED_AMI_TOOL", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ", ".join(sorted(FOREIGN)) in done.stderr
    assert "/nonexistent cannot be written to" in done.stderr
    seen = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert not set(FOREIGN) & set(seen)
    assert pathlib.Path(seen["HOME"]) == ROOT / ".work" / "home"


def test_a_tool_sees_what_another_tool_gives_it() -> None:
    code = "import processes; processes.begin(); processes.run('env', env=processes.environment())"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "tests" / "tools"),
        "ANSIBLE_FORKS": "7",
        "SEALED_AMI_TOOL": "1",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "ANSIBLE_FORKS=7\n" in done.stdout
    assert done.stderr == ""
