# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role and the playbook, as users run them: reports are written whatever is found, and nothing else changes."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from system.running import ROOT, Play, RunPlaybook

PLAYBOOK = pathlib.Path("sealed.ami.audit")
FAILS = "Fail where that is not as demanded"
REGIONS = ["us-east-1", "eu-west-1"]


@pytest.fixture
def paths(tmp_path: pathlib.Path) -> dict[str, str]:
    """Return the variables that put the reports into a folder of the test."""
    return {"audit_html_path": str(tmp_path / "audit.html"), "audit_json_path": str(tmp_path / "audit.json")}


def written(paths: dict[str, str]) -> tuple[dict[str, t.Any], str]:
    """Return the JSON report and the page."""
    document = json.loads(pathlib.Path(paths["audit_json_path"]).read_text())
    return document, pathlib.Path(paths["audit_html_path"]).read_text()


def message(play: Play) -> str:
    """Return why the play failed."""
    assert play.status != 0
    return f"{play.explain()} {play.output if not play.report['plays'] else ''} {play.errors}"


def test_reports_are_written_before_the_role_fails(
    run_playbook: RunPlaybook, served_emulator: Emulator, paths: dict[str, str]
) -> None:
    play = run_playbook(PLAYBOOK, audit_regions=REGIONS, **paths)
    assert "22 of 28 images are not compliant, 2 are unknown" in message(play)
    assert play.changed == 0
    document, page = written(paths)
    assert document["summary"] == {"images": 28, "compliant": 4, "not_compliant": 22, "unknown": 2, "errors": 0}
    assert [account["account"] for account in document["accounts"]] == ["123456789012"]
    shown = {image["image_id"] for image in document["accounts"][0]["images"]}
    assert len(shown) == 28
    assert not [image_id for image_id in shown if image_id not in page]
    assert not [call for call in served_emulator.calls() if not call["action"].startswith(("Describe", "List", "Get"))]


def test_what_only_reports_succeeds_and_check_mode_writes_nothing(
    run_playbook: RunPlaybook, paths: dict[str, str], tmp_path: pathlib.Path
) -> None:
    play = run_playbook(PLAYBOOK, "--check", "--diff", audit_regions="us-east-1,eu-west-1", audit_fail_on=[], **paths)
    assert (play.status, play.changed) == (0, 0), play.explain()
    assert list(tmp_path.iterdir()) == []


def test_accounts_are_looked_at_through_roles(
    run_playbook: RunPlaybook, served_emulator: Emulator, paths: dict[str, str]
) -> None:
    example = yaml.safe_load((ROOT / "playbooks" / "vars" / "audit.yml").read_text())
    gone = {"name": "closed", "role_arn": "arn:aws:iam::999999999999:role/image-auditor"}
    accounts = [*example["audit_accounts"], gone]
    message(run_playbook(PLAYBOOK, **{**example, **paths, "audit_accounts": accounts}))
    document, page = written(paths)
    assert [account["account"] for account in document["accounts"]] == ["210987654321", "111122223333", "999999999999"]
    assert [account["regions"] for account in document["accounts"]] == [example["audit_regions"], ["us-east-1"], []]
    assert "vendor-encrypted" in page
    assert document["summary"]["errors"] == 1
    assert "sts:AssumeRole" in document["accounts"][2]["errors"][0]["message"]
    assert "Not everything could be read" in page
    # The role's ARN says which account it is; a task that asks costs as much as one that looks at a region's images.
    assert served_emulator.counts(service="sts") == {"sts:AssumeRole": 3}


@pytest.mark.parametrize(("fail_on", "fails"), [(["errors"], True), (["not_compliant", "unknown"], False)])
def test_a_region_that_cannot_be_read_is_an_error_of_the_report(
    run_playbook: RunPlaybook, served_emulator: Emulator, paths: dict[str, str], fail_on: list[str], fails: bool
) -> None:
    served_emulator.faults.add("error", region="eu-west-1", code="UnauthorizedOperation", status=403)
    options = {"audit_regions": REGIONS, "audit_image_ids": ["ami-00ec2000000000002"], "audit_fail_on": fail_on}
    play = run_playbook(PLAYBOOK, **options, **paths)
    assert (play.status != 0) is fails
    document, _page = written(paths)
    assert document["summary"] == {"images": 1, "compliant": 1, "not_compliant": 0, "unknown": 0, "errors": 1}
    assert document["accounts"][0]["errors"][0]["region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("variables", "fails"),
    [
        pytest.param({}, True, id="as it is"),
        pytest.param({"audit_fail_on": "not_compliant, errors"}, True, id="some reasons"),
        pytest.param({"audit_allow_nothing": "yes"}, False, id="allowed"),
        pytest.param({"audit_fail_on": "none"}, False, id="only reports"),
    ],
)
def test_nothing_to_judge_is_a_failure(
    run_playbook: RunPlaybook, paths: dict[str, str], variables: dict[str, t.Any], fails: bool
) -> None:
    play = run_playbook(PLAYBOOK, audit_regions="us-west-2\r\n", **paths, **variables)
    assert (play.status != 0) is fails, play.explain()
    assert not fails or "no image was found in us-west-2" in play.explain()
    assert "No image was found in us-west-2" in written(paths)[1]


def test_what_hangs_on_keys_and_what_blocks_public_sharing(
    run_playbook: RunPlaybook, served_emulator: Emulator, paths: dict[str, str]
) -> None:
    ec2: t.Any = served_emulator.session(region="us-east-1").client("ec2")
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    asked = {"audit_regions": "us-east-1", "audit_kms_key_ids": "alias/disabled, alias/golden, alias/nobody"}
    play = run_playbook(PLAYBOOK, **asked, **paths, audit_fail_on="key_at_risk public_access")
    document, page = written(paths)
    account, unfound = document["accounts"]
    risks = {one["kms_key_aliases"][0]: one for one in account["kms_keys"]}
    assert {alias: one["at_risk"] for alias, one in risks.items()} == {"alias/disabled": True, "alias/golden": False}
    assert f"at risk: {risks['alias/disabled']['kms_key_arn']}" in message(play)
    assert "public sharing is not known to be blocked in us-east-1" in message(play)
    assert "alias/nobody" in unfound["errors"][0]["message"] and document["summary"]["errors"] == 1
    told = [risks["alias/golden"]["verdict"], *risks["alias/disabled"]["unusable_image_ids"], "block-new-sharing"]
    assert [one for one in (*told, "What hangs on the keys", "What blocks public sharing") if one not in page] == []
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    fine = {**asked, "audit_kms_key_ids": "alias/golden", "audit_fail_on": "errors, key_at_risk, public_access"}
    assert run_playbook(PLAYBOOK, **fine, **paths).status == 0


def test_a_missing_image_is_a_failure(run_playbook: RunPlaybook, paths: dict[str, str]) -> None:
    play = run_playbook(PLAYBOOK, audit_regions=["us-west-2"], audit_image_ids=["ami-00ec2000000000002"], **paths)
    assert "1 accounts or regions could not be read" in message(play)
    assert "ami-00ec2000000000002" in written(paths)[1]


def test_a_rule_for_no_device_is_an_error_of_the_report(run_playbook: RunPlaybook, paths: dict[str, str]) -> None:
    rule = {"device_name": "xvda", "encrypted": True}
    policy = {"encrypted": True, "devices": [rule, {**rule, "device_name": "/dev/xvda"}]}
    asked = {"audit_regions": "us-east-1", "audit_image_ids": "ami-00ec2000000000002", "audit_policy": policy}
    play = run_playbook(PLAYBOOK, **asked, **paths)
    assert "1 accounts or regions could not be read" in message(play)
    (error,) = written(paths)[0]["accounts"][1]["errors"]
    assert "xvda, which no image has" in error["message"]


def test_what_a_survey_sends(run_playbook: RunPlaybook, paths: dict[str, str]) -> None:
    blank = ("audit_allowed_keys", "audit_require_encrypted", "audit_fail_on", "audit_owners", "audit_image_ids")
    typed = {**dict.fromkeys((*blank, "audit_accounts", "audit_filters", "audit_allow_nothing"), ""), **paths}
    play = run_playbook(PLAYBOOK, **typed, audit_regions="us-east-1, eu-west-1")
    assert "22 of 28 images are not compliant, 2 are unknown" in message(play)
    allowed = {"audit_allowed_keys": "alias/golden, alias/os\nalias/data", "audit_owners": "self"}
    play = run_playbook(PLAYBOOK, **{**typed, **allowed}, audit_regions='["us-east-1"]')
    assert "are not compliant" in message(play)
    assert written(paths)[0]["policy"]["allowed_keys"] == ["alias/golden", "alias/os", "alias/data"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param({"audit_policy": {"encryptd": True}}, "encryptd", id="unknown key of the policy"),
        pytest.param({"audit_policy": "strict"}, "audit_policy", id="policy of the wrong type"),
        pytest.param({"audit_regions": {"a": 1}}, "'a': 1", id="regions of the wrong type"),
        pytest.param({"audit_fail_on": ["everything"]}, "not_compliant", id="unknown reason to fail"),
        pytest.param({"audit_regions": "us-east-1;"}, "us-east-1;", id="regions that are not understood"),
        pytest.param({"audit_owners": "self;"}, "self;", id="owners that are not understood"),
        pytest.param({"audit_accounts": [{"name": "x"}]}, "role_arn", id="account without role"),
        pytest.param({"audit_accounts": [{"role_arn": "x", "nmae": "y"}]}, "nmae", id="unknown key of an account"),
        pytest.param({"audit_hosts": "nobody"}, "fits no host", id="hosts that fit nobody"),
        pytest.param(
            {"audit_html_path": "/nowhere/audit.html"}, "/nowhere/audit.html cannot be written", id="no folder"
        ),
        pytest.param({"audit_html_path": "/"}, "cannot be written", id="a folder"),
        pytest.param({"audit_json_path": "audit.json"}, "must be absolute", id="a relative path"),
        pytest.param({"audit_json_path": "/etc/passwd/audit.json"}, "cannot be written", id="below a file"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_looked_at(
    run_playbook: RunPlaybook,
    served_emulator: Emulator,
    paths: dict[str, str],
    variables: dict[str, t.Any],
    words: str,
) -> None:
    assert words in message(run_playbook(PLAYBOOK, **{**paths, **variables}))
    assert served_emulator.calls() == []


def test_the_filter_on_a_name_needs_an_owner(run_playbook: RunPlaybook, paths: dict[str, str]) -> None:
    play = run_playbook(PLAYBOOK, audit_regions=["us-east-1"], audit_filters={"name": "plain-*"}, **paths)
    assert "1 accounts or regions could not be read" in message(play)
    assert "name-confusion" in written(paths)[0]["accounts"][0]["errors"][0]["message"]
