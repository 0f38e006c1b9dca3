# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule, judged by ansible-rulebook itself: its condition, and its launches on the stand-in controller.

Events of our own take the place of the queue's.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml
from awx.applying import Applying, file_settings
from awx.conftest import HOSTS, PLAYBOOKS
from awx.server import TOKEN, served

from eda.busy import BusyController

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULEBOOK = ROOT / "extensions" / "eda" / "rulebooks" / "copy_new_image.yml"
OWNER, OTHER = "123456789012", "210987654321"


def an_event(image_id: str, *, state: str = "available", account: str = OWNER, **changes: t.Any) -> dict[str, t.Any]:
    """Return an event as the guide "Monitor AMI events using Amazon EventBridge" shows it, in a message of a queue."""
    body = {
        "version": "0",
        "id": "example-9f07-51db-246b-d8b8441bcdf0",
        "detail-type": "EC2 AMI State Change",
        "source": "aws.ec2",
        "account": account,
        "time": "2026-11-24T06:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1::image/{image_id}"],
        "detail": {
            "RequestId": "example-9dcc-40a6-aa77-7ce457d5442b",
            "ImageId": image_id,
            "State": state,
            "ErrorMessage": "",
        },
    }
    return {"body": {**body, **changes}, "meta": {"MessageId": "1"}}


EVENTS: list[dict[str, t.Any]] = [
    an_event("ami-0000000000000001a"),
    an_event("ami-0000000000000002a", state="failed"),
    an_event("ami-0000000000000003a", state="deregistered"),
    an_event("ami-0000000000000004a", state="disabled"),
    an_event("ami-0000000000000005a", account=OTHER),
    an_event("ami-0000000000000006a", source="aws.ecs"),
    an_event("ami-0000000000000007a", **{"detail-type": "EC2 Instance State-change Notification"}),
    {"body": "not an event at all", "meta": {"MessageId": "2"}},
    an_event("ami-0000000000000008a"),
]


def rulebook() -> dict[str, t.Any]:
    """Return the only ruleset of the rulebook."""
    (ruleset,) = yaml.safe_load(RULEBOOK.read_text())
    return t.cast(dict[str, t.Any], ruleset)


def launched_template() -> str:
    """Return the name of the template that the rule launches."""
    (rule,) = rulebook()["rules"]
    return t.cast(str, rule["action"]["run_job_template"]["name"])


def launched(events: list[dict[str, t.Any]], folder: pathlib.Path) -> list[str]:
    """Return the images that the rule's action is taken for."""
    ruleset = rulebook()
    ruleset["sources"] = [{"eda.builtin.generic": {"payload": events, "shutdown_after": 2}}]
    (rule,) = ruleset["rules"]
    image = rule["action"]["run_job_template"]["job_args"]["extra_vars"]["sealed_ami_source_image_ids"]
    rule["action"] = {"debug": {"msg": f"launch {image}"}}
    return re.findall(r"^launch (\S+)", played(ruleset, folder), re.MULTILINE)


def played(ruleset: dict[str, t.Any], folder: pathlib.Path, *options: str) -> str:
    """Play the ruleset until its source is at its end, and return what was printed."""
    (folder / "rulebook.yml").write_text(yaml.safe_dump([ruleset]))
    (folder / "vars.yml").write_text(yaml.safe_dump({"sealed_ami_owner": OWNER}))
    (folder / "inventory").write_text("localhost\n")
    command = [os.environ["RULEBOOK_PROGRAM"], "--rulebook", "rulebook.yml", "-i", "inventory", "--vars", "vars.yml"]
    # Every ten seconds, it would look at the jobs it has launched.
    environment = {**os.environ, "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.5"}
    shown = subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout + shown.stderr


def test_only_available_images_of_the_owner_are_copied(tmp_path: pathlib.Path) -> None:
    assert launched(EVENTS, tmp_path) == ["ami-0000000000000001a", "ami-0000000000000008a"]


def test_the_template_is_one_that_awx_setup_makes() -> None:
    configured = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())
    (rule,) = rulebook()["rules"]
    action = rule["action"]["run_job_template"]
    (template,) = (item for item in configured["awx_setup_job_templates"] if item["name"] == action["name"])
    assert template["playbook"] == "fleet_copy"
    asked = {configured["awx_setup_questions"][name]["variable"] for name in template["survey"]}
    extra = set(action["job_args"]["extra_vars"])
    assert asked <= extra
    # AWX takes variables beyond the survey only where the template lets them be prompted for.
    assert extra == asked or template["options"]["ask_variables_on_launch"] is True


def test_images_are_launched_beside_each_other() -> None:
    """Neither the rulebook nor AWX may hold an image back until the one before is copied."""
    assert rulebook()["execution_strategy"] == "parallel"
    configured = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())
    (template,) = (item for item in configured["awx_setup_job_templates"] if item["name"] == launched_template())
    assert template["options"]["allow_simultaneous"] is True


def test_the_job_is_asked_to_leave_copies_out() -> None:
    (rule,) = rulebook()["rules"]
    variables = rule["action"]["run_job_template"]["job_args"]["extra_vars"]
    assert variables["sealed_ami_only_with_tags"] == {"Distribute": "fleet"}
    # An event about any other image ends well and copies nothing.
    assert variables["sealed_ami_may_select_nothing"] is True
    playbook = (ROOT / "playbooks" / "fleet_copy.yml").read_text()
    assert "sealed_ami_only_with_tags" in playbook and "sealed_ami_may_select_nothing" in playbook


@pytest.mark.parametrize("strategy", ["parallel", "sequential"])
def test_two_images_at_once_are_launched_while_the_first_still_runs(tmp_path: pathlib.Path, strategy: str) -> None:
    """As shipped the second job starts beside the first; in sequence, which the test must be able to see, it waits."""
    controller = BusyController([f"playbooks/{name}.yml" for name in PLAYBOOKS], hosts=HOSTS, together=2, seconds=6)
    images = ["ami-0000000000000001a", "ami-0000000000000008a"]
    ruleset = rulebook()
    ruleset["sources"] = [{"eda.builtin.generic": {"payload": [an_event(one) for one in images], "shutdown_after": 2}}]
    if strategy == "sequential":
        ruleset["execution_strategy"] = strategy
    with served(controller) as url:
        Applying(url).run(file_settings())
        shown = played(ruleset, tmp_path, "--controller-url", url, "--controller-token", TOKEN)
    assert controller.mistakes == []
    assert [job.template for job in controller.launches] == [launched_template()] * 2, shown
    assert sorted(job.variables["sealed_ami_source_image_ids"] for job in controller.launches) == images
    assert {job.variables["sealed_ami_source_region"] for job in controller.launches} == {"us-east-1"}
    for job in controller.launches:
        assert job.variables["sealed_ami_only_with_tags"] == {"Distribute": "fleet"}
        assert "extra_vars" not in job.ignored
    assert controller.running_at_launch == ([0, 1] if strategy == "parallel" else [0, 0])
