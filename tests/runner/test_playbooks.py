# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook on ansible-runner: first on this node, then on another one, which finds all done."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from emulated_aws.client import Emulator
from oracle.guard import Guard

from .engine import ROOT, Job, injected
from .fleet import HOME, pipeline_credentials
from .secrecy import require_no_secret

# tests/system/distribute plays distribute, whose owner and consumers need more than one account.
# test_jobs runs the fleet, with its inventory, and test_workflow what only a workflow has a use for; awx_setup talks to
# AWX alone, and tests/awx runs it. tests/system goes back after it has published.
ELSEWHERE = {
    "distribute", "fleet_copy", "awx_setup", "audit_workflow", "report_failure", "report_refused", "rollback",
}  # fmt: skip
PUBLISHES = ("PutParameter", "LabelParameterVersion")
PLAYBOOKS = sorted({path.stem for path in (ROOT / "playbooks").glob("*.yml")} - ELSEWHERE)
LOCALHOST = {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": {"ansible_connection": "local"}}}}
# The audit's example finds what is not as demanded, which makes it fail.
CHANGES = {"audit_fail_on": [], "audit_html_path": "", "audit_json_path": "", "sealed_ami_wait_delay": 1}
# What retiring may do to the images of the account, which are not the product's own.
RETIRING = ("EnableImageDeprecation", "CreateTags")


@pytest.mark.leaves("the first scenarios keep what is unencrypted so, and print no snapshots")
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_here_and_then_on_another_node(aws: Emulator, oracle: Guard, tmp_path: pathlib.Path, playbook: str) -> None:
    if playbook == "retire":
        ec2 = aws.session(account=HOME, region="us-east-1").client("ec2")
        oracle.given(*(one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]), to=RETIRING)
    example = yaml.safe_load((ROOT / "playbooks" / "vars" / f"{playbook}.yml").read_text())
    oracle.given(*(one["name"] for one in example.get("sealed_ami_ssm_parameters", [])), to=PUBLISHES)
    if "sealed_ami_instance_id" in example:
        # What the catalogue starts first has an id that changes with what is in it.
        example["sealed_ami_instance_id"] = str(next(iter(aws.catalogue()["instances"])))
    job = Job(tmp_path, playbook=playbook, inventory=LOCALHOST, variables={**example, **CHANGES})
    credentials = pipeline_credentials(aws)
    here = injected(aws, credentials, token="AWS_SESSION_TOKEN")
    first = job.run(here)
    assert first.status == "successful", first.stdout
    assert playbook == "audit" or sum(first.stats("changed").values()) > 0
    require_no_secret(first.texts(), here)
    there = injected(aws, credentials, token="AWS_SECURITY_TOKEN")
    second = job.distribute(there)
    assert second.status == "successful", second.stdout
    assert sum(second.stats("changed").values()) == 0, second.stdout
    # What undoes a run is of that run, and what publish passes on is what was there before.
    assert playbook in ("publish", "retire") or second.passed_on == first.passed_on
    require_no_secret(second.texts(), there)
