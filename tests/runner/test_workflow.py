# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of awx_setup, node by node as AWX launches them: on its defaults it ends well."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from awx.applying import Applying, file_settings
from awx.conftest import new_controller
from awx.controller import Controller
from awx.server import served

from emulated_aws.client import Emulator
from oracle.guard import Guard

from .engine import Job, Launch, injected
from .fleet import HOME, pipeline_credentials

Fields = dict[str, t.Any]
# The inventory that awx_setup makes for what plays on localhost.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
LOCALHOST = {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": LOCAL}}}
WORKFLOW = "Images: from source to sealed"
SOURCE, NAME = "ami-00ec2000000000004", "/golden/database/current"
# Only what is required: everything else is left at the survey's defaults.
ANSWERS = {
    "sealed_ami_source_image_ids": SOURCE,
    "sealed_ami_source_region": "us-east-1",
    "sealed_ami_regions": "eu-west-1\r\nus-west-2\r\n",
    "sealed_ami_kms_key_id": "alias/golden",
    "sealed_ami_image_name": "sealed-database",
    "sealed_ami_ssm_parameters": "name=/golden/database/current labels=candidate\r\n",
}


@pytest.fixture(scope="module")
def controller() -> Controller:
    """Return a controller that awx_setup has set up."""
    made = new_controller()
    with served(made) as url:
        Applying(url).run(file_settings())
    return made


def launched(controller: Controller, workflow: str = WORKFLOW, **answers: str) -> tuple[int, Fields]:
    """Launch a workflow."""
    url = controller.named("workflow_job_templates", workflow)["url"]
    status, answer = controller.answer("post", f"{url}launch/", {}, {"extra_vars": answers})
    return status, t.cast(Fields, answer)


def template_of(controller: Controller, identifier: str) -> Fields:
    """Return the job template that a node launches."""
    number = controller.named("workflow_job_template_nodes", identifier)["unified_job_template"]
    (template,) = (item for item in controller.all("job_templates") if item["id"] == number)
    return template


def run_node(controller: Controller, identifier: str, passed_on: Fields, aws: Emulator, folder: pathlib.Path) -> Launch:
    """Run a node's job: its template's variables are below what earlier jobs have passed on, that is below answers."""
    template = template_of(controller, identifier)
    own = json.loads(template["extra_vars"] or "{}")
    variables = {**own, **passed_on, **controller.launches[-1].variables, "sealed_ami_wait_delay": 1}
    playbook = pathlib.Path(template["playbook"]).stem
    job = Job(folder / identifier, playbook=playbook, inventory=LOCALHOST, variables=variables)
    (folder / identifier).mkdir()
    return job.run(injected(aws, pipeline_credentials(aws), token="AWS_SECURITY_TOKEN"))


def parameters(aws: Emulator, region: str) -> list[str]:
    """Return what the consumers of a region get."""
    ssm: t.Any = aws.session(account=HOME, region=region).client("ssm")
    return [one["Value"] for one in ssm.get_parameters(Names=[f"{NAME}:candidate"])["Parameters"]]


def test_every_job_ends_well_and_the_audit_judges_what_they_have_made(
    controller: Controller, aws: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    assert launched(controller, **ANSWERS)[0] == 201
    passed_on: Fields = {}
    oracle.given(NAME, to=["PutParameter", "LabelParameterVersion", "DeleteParameter"])
    for identifier in ("copy", "compose", "audit", "publish"):
        launch = run_node(controller, identifier, passed_on, aws, tmp_path)
        assert launch.status == "successful", launch.stdout
        passed_on |= launch.passed_on
    regions = {"eu-west-1", "us-west-2"}
    copies, composed = passed_on["sealed_ami_image_ids"][SOURCE], passed_on["sealed_ami_composed_image_ids"]
    assert set(copies) == set(composed) == regions
    assert passed_on["audit_summary"]["images"] == passed_on["audit_summary"]["compliant"] == 4
    for region in regions:
        ec2 = aws.session(account=HOME, region=region).client("ec2")
        (image,) = ec2.describe_images(ImageIds=[composed[region]])["Images"]
        assert image["Name"] == "sealed-database"
        assert parameters(aws, region) == [composed[region]]
    # By the failure path of publishing, consumers are led to what they had before, here to nothing.
    back = run_node(controller, "rollback", passed_on | {"sealed_ami_created": "remove"}, aws, tmp_path)
    assert back.status == "successful", back.stdout
    assert not [one for region in regions for one in parameters(aws, region)]
    # What failed is named by the way that failures go, which ends badly itself.
    report = run_node(controller, "report", passed_on, aws, tmp_path)
    assert report.status == "failed"
    for image_id in (*(one for ids in copies.values() for one in ids), *composed.values()):
        assert image_id in report.stdout


RETIRING = "Images: retire what nothing uses"
RETIRED = {"retire_regions": "us-east-1", "retire_filters": '{"tag:Stage": "golden"}', "retire_group_by": "tag:Team"}


# Impostors have the tags that the filters select.
@pytest.mark.alone
def test_what_was_approved_is_retired_and_nothing_else(
    controller: Controller, aws: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    assert launched(controller, RETIRING, **RETIRED, retire_keep_newest="1")[0] == 201
    due = run_node(controller, "due", {"retire_html_path": "", "retire_json_path": ""}, aws, tmp_path)
    assert due.status == "successful", due.stdout
    found = due.passed_on["retire_due_image_ids"]
    assert len(found) > 1 and all(one in due.stdout for one in found)
    assert aws.calls(action="EnableImageDeprecation") == []
    # The others have become due since.
    oracle.given(found[0], to=["EnableImageDeprecation", "CreateTags"])
    retired = run_node(controller, "retire", {**due.passed_on, "retire_due_image_ids": found[:1]}, aws, tmp_path)
    assert retired.status == "successful", retired.stdout
    assert [call["parameters"]["ImageId"] for call in aws.calls(action="EnableImageDeprecation")] == found[:1]
    assert [one["image_id"] for one in retired.passed_on["retire_undo_of_run"]] == found[:1]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"sealed_ami_source_image_ids": f"{SOURCE},{SOURCE}"}, "is too large"),
        ({"sealed_ami_source_image_ids": f"{SOURCE} {SOURCE[:-1]}5"}, "is too large"),
        ({"sealed_ami_source_image_ids": ""}, "is too small"),
        ({"sealed_ami_kms_key_id": ""}, "is too small"),
        ({"sealed_ami_method": "both"}, "expected to be one of"),
    ],
)
def test_what_could_not_end_well_is_refused_at_launch(
    controller: Controller, answers: dict[str, str], sentence: str
) -> None:
    status, answer = launched(controller, **{**ANSWERS, **answers})
    assert status == 400
    assert sentence in answer["variables_needed_to_start"][0]


@pytest.mark.parametrize("missing", sorted(ANSWERS))
def test_what_is_required_has_no_default(controller: Controller, missing: str) -> None:
    status, answer = launched(controller, **{name: value for name, value in ANSWERS.items() if name != missing})
    assert (status, answer["variables_needed_to_start"]) == (400, [f"'{missing}' value missing"])


TWO: Fields = {"ami-00ec2000000000001": {"eu-west-1": ["ami-1"]}, SOURCE: {"eu-west-1": ["ami-2"]}}


@pytest.mark.parametrize(
    ("playbook", "passed_on", "sentence"),
    [
        ("compose_keys", {"sealed_ami_image_ids": TWO}, "an earlier job has made ami-1, ami-2 in eu-west-1"),
        ("compose_keys", {}, "no earlier job has made images in any region"),
        ("audit_workflow", {"sealed_ami_image_ids": {}}, "no job before has made an image"),
        ("publish", {"sealed_ami_image_ids": TWO}, "one image that jobs before have made in a region (ami-1, ami-2)"),
        ("rollback", {}, "nothing says what was published"),
        (
            "report_refused",
            {"sealed_ami_refused_parameter": "/golden/web", "sealed_ami_region": "eu-west-1"},
            "refused what was written into parameter /golden/web in eu-west-1: no reason given",
        ),
    ],
)
def test_what_jobs_before_have_not_made_is_an_error(
    aws: Emulator, tmp_path: pathlib.Path, playbook: str, passed_on: Fields, sentence: str
) -> None:
    job = Job(tmp_path, playbook=playbook, inventory=LOCALHOST, variables={"sealed_ami_image_name": "x", **passed_on})
    launch = job.run(injected(aws, pipeline_credentials(aws), token="AWS_SECURITY_TOKEN"))
    assert launch.status == "failed"
    assert sentence in " ".join(launch.stdout.split())
    assert aws.calls(action="RegisterImage") == []
