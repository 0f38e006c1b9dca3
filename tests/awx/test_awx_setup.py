# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx_setup itself, with the modules of awx.awx, against the stand-in: complete, and without a secret."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.plugin_utils._awx.plan import plan

from .applying import KEYS, MODULES, ROOT, SECRET, SESSION, WITHOUT_CERTIFICATES, Applying, file_settings
from .conftest import HOSTS, PLAYBOOKS, new_controller
from .controller import Controller
from .server import TOKEN, served

BIN = pathlib.Path(sys.executable).parent
COLLECTIONS = ROOT / ".venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
CHAT_SECRET = "a-secret-of-the-chat"
NOTIFICATION = {
    "name": "Image channel",
    "type": "webhook",
    "configuration": {
        "url": "https://chat.example.com/hooks/images",
        "http_method": "POST",
        "disable_ssl_verification": False,
        "headers": {},
        "username": "",
        "password": CHAT_SECRET,
    },
}
VARIABLES = {"awx_setup_project_url": "https://git.example.com/images.git", "awx_setup_notification": NOTIFICATION}
NODES = [
    {"identifier": "approve", "approval": {"name": "Go on"}, "success": ["judge"]},
    {"identifier": "judge", "job_template": "Judge"},
]
SMALL: dict[str, t.Any] = {
    "awx_setup_job_templates": [{"name": "Judge", "playbook": "audit", "survey": ["audit_regions"]}],
    "awx_setup_workflows": [{"name": "Both", "nodes": NODES}],
}


@dataclasses.dataclass(frozen=True)
class Played:
    """One run of the playbook."""

    status: int
    output: str

    @property
    def changed(self) -> list[str]:
        """Return the objects that were reported as changed."""
        return re.findall(r"^changed: \[localhost\] => \(item=(.*?)\)", self.output, re.MULTILINE)


class Setup:
    """The playbook, and the controller that it works on."""

    def __init__(self, controller: Controller, url: str) -> None:
        self.controller, self._url = controller, url

    def play(self, *arguments: str, environment: dict[str, str] | None = None, **variables: t.Any) -> Played:
        """Run the playbook once."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CONTROLLER_"))}
        kept |= {"CONTROLLER_HOST": self._url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "false"}
        kept |= {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION}
        kept |= WITHOUT_CERTIFICATES | {"ANSIBLE_NOCOLOR": "1"} | (environment or {})
        command: list[str | os.PathLike[str]] = [
            BIN / "ansible-playbook",
            "-i",
            "localhost,",
            "sealed.ami.awx_setup",
            *arguments,
        ]
        command += ["-e", json.dumps({**VARIABLES, **variables})]
        done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
        return Played(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def runs() -> t.Iterator[tuple[Setup, list[Played]]]:
    """Return a controller after a look in check mode, two runs, and a look at what was changed by hand."""
    controller = new_controller()
    with served(controller) as url:
        setup = Setup(controller, url)
        played = [setup.play("--check", **SMALL)]
        assert controller.writes == []
        played += [setup.play("-vvv", **SMALL), setup.play("-vv", **SMALL)]
        controller.named("job_templates", "Judge")["forks"] = 7
        written = len(controller.writes)
        played += [setup.play("--check", "--diff", **SMALL)]
        assert controller.writes[written:] == []
        yield setup, played


@pytest.fixture(scope="module")
def full() -> t.Iterator[Controller]:
    """Return a controller with all that the file of this checkout says."""
    controller = new_controller()
    with served(controller) as url:
        Applying(url).run(file_settings(**KEYS, notification=NOTIFICATION))
    yield controller


def test_every_run_ends_well_and_the_second_changes_nothing(runs: tuple[Setup, list[Played]]) -> None:
    controller, played = runs[0].controller, runs[1]
    assert [run.status for run in played] == [0] * 4, "".join(run.output for run in played)
    assert controller.mistakes == []
    predicted, first, second, by_hand = played
    assert {"credential AWS for sealed.ami", "notification Image channel", "job template Judge"} <= set(first.changed)
    assert {label for label in predicted.changed if "links" not in label} == {
        label for label in first.changed if "links" not in label
    }
    assert second.changed == []
    assert by_hand.changed == ["job template Judge"]
    assert re.search(r'-.*"forks": 7\n.*\+.*"forks": 20\n', by_hand.output)
    # What only the controller can fill in stays as it is.
    local = json.loads(controller.named("hosts", "localhost")["variables"])
    assert local["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    # The targets are read once, so that the first job knows how many hosts there are.
    assert len([path for _method, path in controller.writes if path.endswith("/update/")]) == 1


def test_no_secret_is_shown(runs: tuple[Setup, list[Played]]) -> None:
    setup, played = runs
    assert setup.controller.named("credentials", "AWS for sealed.ami")["inputs"] == {
        "username": "AKIAEXAMPLE",
        "password": SECRET,
        "security_token": SESSION,
    }
    secrets = (SECRET, SESSION, TOKEN, CHAT_SECRET)
    assert not [secret for run in played for secret in secrets if secret in run.output]


def test_every_playbook_has_a_job_template(full: Controller) -> None:
    controller = full
    templates = controller.all("job_templates")
    assert {template["playbook"] for template in templates} == {f"playbooks/{name}.yml" for name in PLAYBOOKS}
    credential = controller.named("credentials", "AWS for sealed.ami")["id"]
    environment = controller.named("execution_environments", "sealed.ami for Default")["id"]
    for template in templates:
        assert template["ask_job_type_on_launch"] and template["ask_diff_mode_on_launch"]
        assert template["execution_environment"] == environment
        assert controller.related(template, "credentials") == [credential]


def test_only_the_fleet_has_the_targets_slices_and_limits(full: Controller) -> None:
    """Slices of a play on localhost would all do the same; a limit there leaves nothing, and no slice may have one."""
    controller = full
    targets = controller.named("inventories", "Image targets")["id"]
    for template in controller.all("job_templates"):
        fleet = template["playbook"] in ("playbooks/fleet_copy.yml", "playbooks/distribute.yml")
        fleet = fleet or template["name"].endswith(" the fleet")
        assert (template["inventory"] == targets) == fleet
        assert not template["ask_limit_on_launch"] or (fleet and not template["ask_job_slice_count_on_launch"])
        assert not template["ask_inventory_on_launch"]
        sliced = template["name"] in ("Images: copy to the fleet", "Images: distribute, the accounts' part")
        assert (template["job_slice_count"], template["ask_job_slice_count_on_launch"]) == (
            (2, True) if sliced else (1, False)
        )
    assert {host["name"] for host in controller.all("hosts") if host["inventory"] == targets} == set(HOSTS)
    (local,) = (host for host in controller.all("hosts") if host["inventory"] != targets)
    assert json.loads(local["variables"])["ansible_connection"] == "local"


def test_surveys_ask_for_variables_that_the_playbook_knows(full: Controller) -> None:
    controller = full
    shared_files = [*ROOT.glob("playbooks/tasks/*.yml"), *ROOT.glob("roles/*/meta/argument_specs.yml")]
    shared = "".join(path.read_text() for path in shared_files)
    for template in controller.all("job_templates"):
        text = (ROOT / template["playbook"]).read_text() + shared
        questions = controller.survey(template).get("spec", [])
        assert template["survey_enabled"] == bool(questions)
        assert not [question["variable"] for question in questions if question["variable"] not in text]


def test_every_variable_that_a_template_names_can_be_given(full: Controller) -> None:
    """AWX ignores what neither the survey asks nor the template prompts for."""
    controller = full
    for template in controller.all("job_templates"):
        spec = controller.survey(template).get("spec", [])
        texts = [template["description"], *(f"{one['question_name']} {one['question_description']}" for one in spec)]
        named = set(re.findall(r"\b(?:sealed_ami|audit|retire)_\w+", " ".join(texts)))
        assert template["ask_variables_on_launch"] or named <= {question["variable"] for question in spec}


def test_inventory_comes_from_the_plugins_file(full: Controller) -> None:
    (source,) = full.all("inventory_sources")
    assert source["source"] == "scm"
    assert source["source_path"].endswith("image_targets.yml")
    assert source["overwrite"] and source["overwrite_vars"] and source["update_on_launch"]
    assert source["update_cache_timeout"] > 0
    (project,) = full.all("projects")
    assert project["scm_update_on_launch"] and project["scm_update_cache_timeout"] > 0


def test_workflow_goes_by_an_approval_and_tells(full: Controller) -> None:
    controller = full
    workflows = controller.all("workflow_job_templates")
    nodes = controller.all("workflow_job_template_nodes")
    identifiers = {node["id"]: node["identifier"] for node in nodes}
    configured = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())["awx_setup_workflows"]
    assert {workflow["name"] for workflow in workflows} == {item["name"] for item in configured}
    wanted = [node for item in configured for node in item["nodes"]]
    for event in ("success", "failure"):
        follows = {
            node["identifier"]: [identifiers[number] for number in controller.related(node, f"{event}_nodes")]
            for node in nodes
        }
        assert follows == {node["identifier"]: node.get(event, []) for node in wanted}
        # Where something is made, failures lead to the last node of all, which fails; retiring leaves nothing to name,
        # and distributing names it itself.
        last = {"report", "due", "approve_retiring", "retire", "owner", "accounts", "clean-up"}
        assert event == "success" or {name for name, after in follows.items() if not after} == last
    approvals = {approval["id"] for approval in controller.all("workflow_approval_templates")}
    waiting = [controller.named("workflow_job_template_nodes", name) for name in ("approve", "approve_retiring")]
    assert {node["unified_job_template"] for node in waiting} == approvals
    notification = controller.named("notification_templates", "Image channel")["id"]
    for event in ("success", "error", "approvals"):
        for workflow in workflows:
            assert controller.related(workflow, f"notification_templates_{event}") == [notification]
    # Who approves is told what the job before has made, or found due.
    for name in ("Images: encrypt", "Images: what is due to be retired"):
        before = controller.named("job_templates", name)
        assert controller.related(before, "notification_templates_success") == [notification]


def test_no_template_retires_without_an_approval(full: Controller) -> None:
    """What acts asks for nothing and takes nothing at launch, and without filters the role refuses."""
    acting = [
        template
        for template in full.all("job_templates")
        if "retire.yml" in template["playbook"] and "retire_act" in template["extra_vars"]
    ]
    assert [template["name"] for template in acting] == ["Images: retire what was approved", "Images: restore"]
    (retiring, restoring) = acting
    assert not retiring["survey_enabled"] and not retiring["ask_variables_on_launch"]
    assert json.loads(restoring["extra_vars"])["retire_state"] == "restored"


def test_the_schedule_of_the_guide_answers_the_survey(full: Controller) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_retire.rst").read_text()
    (block,) = re.findall(r"^\.\. code-block:: yaml\n\n((?:    .*\n)+)", guide, re.MULTILINE)
    (schedule,) = yaml.safe_load(block)["awx_setup_schedules"]
    assert plan(file_settings(schedules=[schedule]), {}, MODULES)
    url = full.named("workflow_job_templates", schedule["unified_job_template"])["url"]
    status, answer = full.answer("post", f"{url}launch/", {}, {"extra_vars": schedule["extra_data"]})
    assert (status, full.launches[-1].ignored) == (201, {}), answer
    assert set(schedule["extra_data"]) <= set(full.launches[-1].variables)


def test_distributing_cleans_up_whatever_becomes_of_the_accounts(full: Controller) -> None:
    workflow = full.named("workflow_job_templates", "Images: distribute in slices")
    every = full.all("workflow_job_template_nodes")
    nodes = {node["identifier"]: node for node in every if node["workflow_job_template"] == workflow["id"]}
    assert set(nodes) == {"owner", "accounts", "clean-up"}
    assert full.related(nodes["owner"], "success_nodes") == [nodes["accounts"]["id"]]
    assert full.related(nodes["accounts"], "always_nodes") == [nodes["clean-up"]["id"]]
    assert not full.related(nodes["owner"], "always_nodes") and not full.related(nodes["owner"], "failure_nodes")
    parts = [
        full.named("job_templates", f"Images: distribute, the {part}")
        for part in ("owner's part", "accounts' part", "clean-up")
    ]
    assert [part["job_tags"] for part in parts] == ["owner", "consumers", "clean_up"]
    assert [part["id"] for part in parts] == [node["unified_job_template"] for node in nodes.values()]


def test_mistakes_are_named_before_anything_is_asked() -> None:
    controller = new_controller()
    with served(controller) as url:
        played = Setup(controller, url).play(awx_setup_project_url="", awx_setup_slice=3)
    assert played.status != 0
    assert "say in awx_setup_project_url which Git repository" in played.output
    assert "awx_setup_slice is not known; did you mean slices?" in played.output
    assert controller.requests == []


def test_automation_platform_has_its_own_collection_and_its_gateway_another_path(tmp_path: pathlib.Path) -> None:
    """ansible.controller is made of the sources of awx.awx, by another name and another default path."""
    collection = tmp_path / "ansible_collections" / "ansible" / "controller"
    shutil.copytree(COLLECTIONS / "ansible_collections" / "awx" / "awx", collection)
    for path in collection.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".yml", ".json"):
            text = path.read_text().replace("awx.awx", "ansible.controller")
            path.write_text(text.replace('_COLLECTION_TYPE = "awx"', '_COLLECTION_TYPE = "controller"'))
    manifest = collection / "MANIFEST.json"
    manifest.write_text(
        manifest.read_text().replace('"awx"', '"ansible"', 1).replace('"name": "awx"', '"name": "controller"')
    )
    controller = new_controller()
    product = "Red Hat Ansible Automation Platform"
    with served(controller, product=product, prefix="/api/controller/v2/") as url:
        played = Setup(controller, url).play(
            environment={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}, awx_setup_collection="ansible.controller", **SMALL
        )
    assert played.status == 0, played.output
    assert [template["name"] for template in controller.all("job_templates")] == ["Judge"]
    assert controller.mistakes == []
