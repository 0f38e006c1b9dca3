# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every template of awx_setup, with answers as AWX delivers them: it ends in the right images, or in a sentence."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from awx.applying import Applying, file_settings
from awx.conftest import HOSTS, new_controller
from awx.controller import Controller
from awx.launching import Launch
from awx.server import served

from emulated_aws.client import Emulator

from .engine import BIN, ROOT, Command, injected, quiet_environment
from .fleet import HOME, TARGETS, pipeline_credentials

PLAIN, DATABASE, ENCRYPTED = "ami-00ec2000000000001", "ami-00ec2000000000004", "ami-00ec2000000000002"
INSTANCE = "i-0123456789abcdef0"  # The catalogue's own has another id.
HOSTILE = "us-east-1; {{ lookup('pipe', 'id') }} \u201calias/x\u201d"
# As people fill pages in: text for lists, with the line ends of browsers; what is not required is left out or blank.
TYPICAL: dict[str, dict[str, str]] = {
    "Images: copy to the fleet": {"images": f"{PLAIN}\r\n", "source_region": "us-east-1"},
    "Images: copy to chosen targets": {"images": f" {PLAIN}", "source_region": "us-east-1"},
    "Images: distribute": {},
    "Images: distribute, the owner's part": {},
    "Images: distribute, the accounts' part": {},
    "Images: distribute, the clean-up": {},
    "Images: copy, status preserved": {
        "images": PLAIN, "source_region": "us-east-1", "regions": "eu-west-1, us-west-2",
    },
    "Images: copy, encrypted root preserved": {
        "images": ENCRYPTED, "source_region": " us-east-1 ", "regions": "us-west-2\r\n",
    },
    "Images: encrypt": {
        "images": f"{DATABASE}, {PLAIN}", "source_region": "us-east-1", "regions": "eu-central-1", "key": "",
    },
    "Images: re-encrypt": {
        "images": ENCRYPTED, "source_region": "us-east-1", "regions": "eu-west-1\r\n\r\n",
        "required_key": "alias/golden",
    },
    "Images: golden pipeline": {
        "images": DATABASE, "source_region": "us-east-1", "regions": "us-west-2", "required_key": "alias/golden",
        "optional_volumes": "",
    },
    "Images: from an instance": {
        "instance": INSTANCE, "region": "us-east-1", "image_name": "of-the-instance", "key": "", "no_reboot": "true",
    },
    "Images: a key for each device": {
        "region": "us-east-1", "image": DATABASE, "name": "composed", "key": "alias/os", "method": "auto",
        "device_keys": "/dev/sdf = alias/data\r\n/dev/sdg: alias/logs\r\n",
    },
    "Images: a key for each device, of the workflow's copies": {"name": "composed", "required_key": "alias/os"},
    "Images: a key for each device, by way of an instance": {
        "region": "us-east-1", "image": PLAIN, "image_name": "launched", "required_key": "alias/os",
        "volumes": "device_name=/dev/sdf kms_key_id=alias/data volume_size=2\r\n",
    },
    "Images: audit": {"audit_regions": "us-east-1\r\neu-west-1"},
    "Images: audit, of the workflow's images": {},
    "Images: what is due to be retired": {
        "retire_regions": "us-east-1\r\n", "retire_filters": '{"tag:Stage": "golden"}\r\n',
        "retire_group_by": "tag:Team", "retire_newest": "1", "retire_last_step": "disable",
    },
    "Images: retire what was approved": {},
    "Images: restore": {
        "retire_regions": "us-east-1", "restore_images": PLAIN, "restore_permissions": "false",
    },
    "Images: publish to the fleet": {"ssm_parameters": "name=/golden/web/current labels=candidate\r\n"},
    "Images: publish or promote": {
        "publish_regions": "us-east-1", "published_image": DATABASE, "promoted_parameter": "",
        "required_key": "alias/os", "ssm_parameters": "name=/golden/web/current", "launch_templates": "",
    },
    "Images: publish, of the workflow's images": {
        "required_key": "alias/os", "ssm_parameters": "name=/golden/web/current", "device_keys": "",
    },
    "Images: roll back": {"published": ""},
    "Images: roll back the fleet": {"published": "{}"},
    "Images: what a failed workflow has left": {},
    "Images: a parameter was refused": {"refused_parameter": "/golden/web", "refused_region": "us-east-1"},
}  # fmt: skip
# test_jobs plays the first two on the fleet, system tests publish and distribute, test_workflow plays the others and
# those of retiring; an audit of the catalogue rightly fails.
ELSEWHERE = {
    "fleet_copy", "distribute", "audit_workflow", "report_failure", "report_refused", "audit", "retire", "publish",
    "rollback",
}  # fmt: skip
FASTER = {"sealed_ami_wait_delay": 1, "audit_html_path": "", "audit_json_path": ""}
# One play for each kind of answer that a parser takes: the others of its kind go through the same one.
CLASSES = {
    "list of images": ("Images: encrypt", "images"),
    "list of regions": ("Images: copy, status preserved", "regions"),
    "pairs": ("Images: a key for each device", "device_keys"),
    "records": ("Images: a key for each device, by way of an instance", "volumes"),
    "key": ("Images: re-encrypt", "required_key"),
    "regions of an audit": ("Images: audit", "audit_regions"),
}


@pytest.fixture(scope="module")
def controller() -> Controller:
    """Return a controller that awx_setup has set up."""
    made = new_controller()
    with served(made) as url:
        Applying(url).run(file_settings())
    return made


def variables(answers: dict[str, str]) -> dict[str, str]:
    """Return the variables that the questions of these names ask for."""
    questions = file_settings()["questions"]
    return {questions[name]["variable"]: answer for name, answer in answers.items()}


def launch(controller: Controller, template: str, extra_vars: dict[str, t.Any]) -> Launch | str:
    """Launch a template and return its job, or what AWX has to say."""
    url = controller.named("job_templates", template)["url"]
    status, answer = controller.answer("post", f"{url}launch/", {}, {"extra_vars": extra_vars})
    return controller.launches[-1] if status == 201 else "; ".join(answer["variables_needed_to_start"])


def play(folder: pathlib.Path, jobs: list[Launch], aws: Emulator) -> subprocess.CompletedProcess[str]:
    """Play jobs one after the other in one process; AWX hands over what was typed as text that is no template."""
    shutil.copytree(ROOT / "playbooks", folder / "playbooks", dirs_exist_ok=True)
    plays = [
        {
            "import_playbook": job.playbook,
            "vars": {**{name: _typed(one) for name, one in job.variables.items()}, **FASTER},
        }
        for job in jobs
    ]
    (folder / "jobs.yml").write_text(yaml.dump(plays, sort_keys=False))
    command: Command = [BIN / "ansible-playbook", "-i", "localhost,", "-c", "local", folder / "jobs.yml"]
    # A variable of the host in awx_setup's own inventory.
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    credentials = injected(aws, pipeline_credentials(aws), token="AWS_SECURITY_TOKEN")
    return subprocess.run(command, env=quiet_environment(**credentials), capture_output=True, text=True, check=False)


class _Text(str):
    """A text that Ansible must not take for a template."""


yaml.add_representer(_Text, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def _typed(value: t.Any) -> t.Any:
    return _Text(value) if isinstance(value, str) else value


def images(aws: Emulator, region: str, **wanted: str) -> list[set[str]]:
    """Return the aliases of the keys of each image in a region that has these attributes."""
    session = aws.session(account=HOME, region=region)
    ec2, kms = session.client("ec2"), session.client("kms")
    aliases = {entry.get("TargetKeyId"): entry["AliasName"] for entry in kms.list_aliases()["Aliases"]}
    found = []
    for image in ec2.describe_images(Owners=["self"])["Images"]:
        if all(image.get(name) == value for name, value in wanted.items()):
            ids = [mapping["Ebs"]["SnapshotId"] for mapping in image["BlockDeviceMappings"] if "Ebs" in mapping]
            snapshots = ec2.describe_snapshots(SnapshotIds=ids)["Snapshots"]
            keys = {one.get("KmsKeyId", "").rpartition("/")[2] for one in snapshots}
            found.append({aliases.get(key, "-") for key in keys})
    return found


def test_every_template_is_among_them(controller: Controller) -> None:
    assert set(TYPICAL) == {template["name"] for template in controller.all("job_templates")}
    for template in controller.all("job_templates"):
        questions = controller.survey(template).get("spec", [])
        required = {one["variable"] for one in questions if one["required"]}
        assert required <= set(variables(TYPICAL[template["name"]]))
        assert not [one["variable"] for one in questions if one["required"] and "default" in one]


@pytest.mark.leaves("the first scenarios keep what is unencrypted so, and print no snapshots")
def test_typical_answers_end_in_the_right_images(controller: Controller, aws: Emulator, tmp_path: pathlib.Path) -> None:
    jobs = []
    known = str(next(iter(aws.catalogue()["instances"])))
    for template, answers in TYPICAL.items():
        given = {name: known if answer == INSTANCE else answer for name, answer in answers.items()}
        job = launch(controller, template, variables(given))
        assert isinstance(job, Launch), job
        assert job.ignored == {}
        alone = not job.template.endswith("of the workflow's copies")
        if alone and pathlib.Path(job.playbook).stem not in ELSEWHERE:
            jobs.append(job)
    assert len(jobs) == 8
    played = play(tmp_path, jobs, aws)
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr
    default, golden, data = "alias/aws/ebs", "alias/golden", "alias/data"
    assert images(aws, "eu-west-1", SourceImageId=PLAIN) == [{"-"}]
    assert images(aws, "us-west-2", SourceImageId=ENCRYPTED) == [{default}]
    assert images(aws, "eu-central-1", SourceImageId=PLAIN) == images(aws, "eu-central-1", SourceImageId=DATABASE)
    assert images(aws, "eu-central-1", SourceImageId=PLAIN) == [{default}]
    assert images(aws, "eu-west-1", SourceImageId=ENCRYPTED) == [{golden}]
    assert images(aws, "us-west-2", SourceImageId=DATABASE) == [{golden}]
    assert images(aws, "us-east-1", Name="of-the-instance") == [{"alias/os", data, "alias/logs"}]
    assert images(aws, "us-east-1", Name="composed") == [{"alias/os", data, "alias/logs"}]
    assert images(aws, "us-east-1", Name="launched") == [{"alias/os", data}]


@pytest.mark.parametrize("template", sorted(TYPICAL))
def test_empty_answers_are_refused_at_launch_where_one_is_needed(controller: Controller, template: str) -> None:
    questions = controller.survey(controller.named("job_templates", template)).get("spec", [])
    blank = {one["variable"]: "" for one in questions if one["type"] in ("text", "textarea")}
    refused = launch(controller, template, blank)
    needed = [one for one in questions if one["required"] and one["type"] in ("text", "textarea")]
    if not needed:
        assert isinstance(refused, Launch)
    else:
        assert isinstance(refused, str)
        for question in needed:
            assert f"'{question['variable']}' value  is too small" in refused
    nothing = launch(controller, template, {})
    assert isinstance(nothing, Launch) == (not [one for one in questions if one["required"]])


@pytest.mark.parametrize("template", sorted(TYPICAL))
def test_other_types_and_choices_are_refused_at_launch(controller: Controller, template: str) -> None:
    questions = controller.survey(controller.named("job_templates", template)).get("spec", [])
    for question in questions:
        refused = launch(controller, template, {**variables(TYPICAL[template]), question["variable"]: ["a", "list"]})
        assert isinstance(refused, str)
        assert question["variable"] in refused


@pytest.mark.parametrize("kind", sorted(CLASSES))
def test_hostile_answers_end_in_a_sentence_and_change_nothing(
    controller: Controller, aws: Emulator, tmp_path: pathlib.Path, kind: str
) -> None:
    template, question = CLASSES[kind]
    job = launch(controller, template, variables({**TYPICAL[template], question: HOSTILE}))
    assert isinstance(job, Launch), job
    aws.clear_calls()
    played = play(tmp_path, [job], aws)
    assert played.returncode != 0
    shown = played.stdout + played.stderr
    assert "uid=" not in shown
    assert "lookup('pipe', 'id')" in shown.replace('\\"', '"').replace("\\u0027", "'"), shown[-3000:]
    reading = ("Describe", "Get", "List", "AssumeRole", "DryRun")
    assert [call["action"] for call in aws.calls() if not call["action"].startswith(reading)] == []


def test_one_image_of_several_keys_is_not_made_of_the_first_of_two_sources(
    controller: Controller, aws: Emulator, tmp_path: pathlib.Path
) -> None:
    template = "Images: golden pipeline"
    volumes = "device_name=/dev/sdf kms_key_id=alias/data volume_size=2"
    two = {**TYPICAL[template], "images": f"{PLAIN} {DATABASE}", "optional_volumes": volumes}
    job = launch(controller, template, variables(two))
    assert isinstance(job, Launch), job
    played = play(tmp_path, [job], aws)
    assert played.returncode != 0
    assert f"{PLAIN}, {DATABASE} would be copied; name one source image" in " ".join(played.stdout.split())
    assert aws.calls(action="CopyImage") == []


def test_variables_that_awx_ignores_are_named(controller: Controller) -> None:
    """A question may not tell of a variable that is then ignored: an instance was rebooted for it."""
    answers = variables(TYPICAL["Images: from an instance"])
    job = launch(controller, "Images: from an instance", {**answers, "sealed_ami_description": "x"})
    assert isinstance(job, Launch)
    assert job.ignored == {"extra_vars": {"sealed_ami_description": "x"}}
    assert job.variables["sealed_ami_no_reboot"] == "true"
    fleet = launch(controller, "Images: copy to the fleet", {
        **variables(TYPICAL["Images: copy to the fleet"]), "sealed_ami_only_with_tags": {"Distribute": "fleet"},
    })  # fmt: skip
    assert isinstance(fleet, Launch)
    assert (fleet.ignored, fleet.variables["sealed_ami_only_with_tags"]) == ({}, {"Distribute": "fleet"})


def test_the_first_launch_on_the_fleet_is_sliced_by_the_hosts_there_are(controller: Controller) -> None:
    fleet = launch(controller, "Images: copy to the fleet", variables(TYPICAL["Images: copy to the fleet"]))
    chosen = launch(controller, "Images: copy to chosen targets", variables(TYPICAL["Images: copy to chosen targets"]))
    assert isinstance(fleet, Launch) and isinstance(chosen, Launch)
    assert (fleet.slices, chosen.slices) == (2, 1)
    assert len(HOSTS) >= 2 and json.dumps(TARGETS)
    url = controller.named("job_templates", "Images: copy to the fleet")["url"]
    body = {"extra_vars": variables(TYPICAL["Images: copy to the fleet"]), "job_slice_count": 50, "limit": "all"}
    assert controller.answer("post", f"{url}launch/", {}, body)[1]["ignored_fields"] == {"limit": "all"}
    assert controller.launches[-1].slices == len(HOSTS)
