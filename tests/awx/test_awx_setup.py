# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx_setup, with the modules of awx.awx, against the stand-in: complete, as AWX's schema wants it, and idempotent."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

from .controller import Controller
from .server import TOKEN, served

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "awx_setup")
SECRET, SESSION = "a-secret-of-the-test", "a-session-of-the-test"
NOTIFICATION = {
    "name": "Image channel",
    "type": "webhook",
    "configuration": {
        "url": "https://chat.example.com/hooks/images",
        "http_method": "POST",
        "disable_ssl_verification": False,
        "headers": {},
        "username": "",
        "password": "",
    },
}
VARIABLES = {"awx_setup_project_url": "https://git.example.com/images.git", "awx_setup_notification": NOTIFICATION}


@dataclasses.dataclass(frozen=True)
class Played:
    """One run of the playbook."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """Return how many tasks reported a change."""
        return sum(map(int, re.findall(r"\bchanged=(\d+)", self.output)))


class Setup:
    """The playbook, and the controller that it works on."""

    def __init__(self, controller: Controller, url: str) -> None:
        self.controller, self._url = controller, url

    def play(self, *arguments: str, keys: bool = True, **variables: t.Any) -> Played:
        """Run the playbook once."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CONTROLLER_"))}
        kept |= {"CONTROLLER_HOST": self._url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "false"}
        if keys:
            kept |= {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION}
        command: list[str | os.PathLike[str]] = [
            BIN / "ansible-playbook",
            "-i",
            "localhost,",
            "sealed.ami.awx_setup",
            "-vv",
            *arguments,
        ]
        command += ["-e", json.dumps({**VARIABLES, **variables})]
        done = subprocess.run(
            command, env={**kept, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False
        )
        return Played(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def setup() -> t.Iterator[Setup]:
    """Return the playbook and a new controller, which has synchronised the playbooks of this checkout."""
    controller = Controller([f"playbooks/{name}.yml" for name in PLAYBOOKS])
    with served(controller) as url:
        yield Setup(controller, url)


@pytest.fixture(scope="module")
def twice() -> t.Iterator[tuple[Setup, list[Played]]]:
    """Return a controller after two runs."""
    controller = Controller([f"playbooks/{name}.yml" for name in PLAYBOOKS])
    with served(controller) as url:
        prepared = Setup(controller, url)
        yield prepared, [prepared.play(), prepared.play()]


def test_second_run_changes_nothing(twice: tuple[Setup, list[Played]]) -> None:
    setup, (first, second) = twice
    assert (first.status, second.status) == (0, 0), first.output + second.output
    assert setup.controller.mistakes == []
    assert first.changed > 0
    assert second.changed == 0, second.output
    writes = [(method, path) for method, path, _body in setup.controller.requests if method != "get"]
    assert len([path for _method, path in writes if path.endswith("/update/")]) == 2
    assert not [method for method, _path in writes if method == "patch"]


def test_no_secret_is_shown(twice: tuple[Setup, list[Played]]) -> None:
    setup, runs = twice
    assert setup.controller.named("credentials", "AWS for sealed.ami")["inputs"] == {
        "username": "AKIAEXAMPLE",
        "password": SECRET,
        "security_token": SESSION,
    }
    assert not [secret for run in runs for secret in (SECRET, SESSION, TOKEN) if secret in run.output]


def test_every_playbook_has_a_job_template(twice: tuple[Setup, list[Played]]) -> None:
    controller = twice[0].controller
    templates = controller.all("job_templates")
    assert {template["playbook"] for template in templates} == {f"playbooks/{name}.yml" for name in PLAYBOOKS}
    credential = controller.named("credentials", "AWS for sealed.ami")["id"]
    environment = controller.named("execution_environments", "sealed.ami")["id"]
    for template in templates:
        assert template["ask_job_type_on_launch"] and template["ask_diff_mode_on_launch"]
        assert template["execution_environment"] == environment
        assert controller.related(template, "credentials") == [credential]
        question = [question["variable"] for question in controller.survey(template)["spec"]]
        assert question, template["name"]


def test_only_the_fleet_is_sliced(twice: tuple[Setup, list[Played]]) -> None:
    """Slices of a play on localhost would all do the same."""
    sliced = [
        template["playbook"] for template in twice[0].controller.all("job_templates") if template["job_slice_count"] > 1
    ]
    assert sliced == ["playbooks/fleet_copy.yml"]


def test_surveys_ask_for_variables_that_the_playbook_knows(twice: tuple[Setup, list[Played]]) -> None:
    controller = twice[0].controller
    shared_files = [*ROOT.glob("playbooks/tasks/*.yml"), *ROOT.glob("roles/*/meta/argument_specs.yml")]
    shared = "".join(path.read_text() for path in shared_files)
    for template in controller.all("job_templates"):
        text = (ROOT / template["playbook"]).read_text() + shared
        questions = controller.survey(template).get("spec", [])
        assert template["survey_enabled"] == bool(questions)
        assert not [question["variable"] for question in questions if question["variable"] not in text]


def test_inventory_comes_from_the_plugins_file(twice: tuple[Setup, list[Played]]) -> None:
    (source,) = twice[0].controller.all("inventory_sources")
    assert source["source"] == "scm"
    assert source["source_path"].endswith("image_targets.yml")
    assert source["overwrite"] and source["overwrite_vars"] and source["update_on_launch"]


def test_workflow_goes_by_an_approval_and_tells(twice: tuple[Setup, list[Played]]) -> None:
    controller = twice[0].controller
    (workflow,) = controller.all("workflow_job_templates")
    identifiers = {node["id"]: node["identifier"] for node in controller.all("workflow_job_template_nodes")}
    follows = {
        node["identifier"]: [identifiers[number] for number in controller.related(node, "success_nodes")]
        for node in controller.all("workflow_job_template_nodes")
    }
    configured = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())["awx_setup_workflow_nodes"]
    assert follows == {node["identifier"]: node["success"] for node in configured}
    (approval,) = controller.all("workflow_approval_templates")
    assert controller.named("workflow_job_template_nodes", "approve")["unified_job_template"] == approval["id"]
    notification = controller.named("notification_templates", "Image channel")["id"]
    for event in ("success", "error", "approvals"):
        assert controller.related(workflow, f"notification_templates_{event}") == [notification]


def test_without_keys_no_credential_is_made_and_what_was_changed_by_hand_is_put_back(setup: Setup) -> None:
    first = setup.play(keys=False)
    assert first.status == 0, first.output
    assert setup.controller.all("credentials") == []
    template = setup.controller.named("job_templates", "Images: encrypt")
    template["ask_diff_mode_on_launch"] = False
    asked = len(setup.controller.requests)
    predicted = setup.play("--check", "--diff", keys=False)
    assert (predicted.status, predicted.changed) == (0, 1), predicted.output
    assert {method for method, _path, _body in setup.controller.requests[asked:]} == {"get"}
    again = setup.play(keys=False)
    assert (again.status, again.changed) == (0, 1), again.output
    assert template["ask_diff_mode_on_launch"] is True


def test_missing_repository_is_named_before_anything_is_made(setup: Setup) -> None:
    played = setup.play(awx_setup_project_url="")
    assert played.status != 0
    assert "Say in awx_setup_project_url which Git repository" in played.output
    assert setup.controller.requests == []
