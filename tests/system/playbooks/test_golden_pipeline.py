# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline from a source image to audited images, and the token that AWX gives under another name."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.playbooks.conftest import PLAYBOOKS, PlayRounds, example_variables
from system.running import BIN, RunPlaybook, clean_env

NAME = "/golden/database/current"
ZONE = "us-east-1-bos-1a"
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")


def test_golden_pipeline(rounds: PlayRounds, served_look: Looking, oracle: Guard, tmp_path: pathlib.Path) -> None:
    oracle.given(NAME, to=["PutParameter", "LabelParameterVersion"])
    paths: dict[str, t.Any] = {
        "sealed_ami_ssm_parameters": f"name={NAME} labels=candidate",
        "audit_html_path": str(tmp_path / "audit.html"),
        "audit_json_path": str(tmp_path / "audit.json"),
    }
    # A copy that nothing is built of and that no consumer of the region is led to comes first.
    places = [{"region": "us-east-1", "availability_zone": ZONE, "name": "golden-boston"}]
    paths["sealed_ami_destinations"] = [*places, *({"region": region} for region in REGIONS)]
    played = rounds("golden_pipeline", sealed_ami_wait_delay=1, **paths)
    for region in REGIONS:
        (copy,) = [image for image in served_look.images(region) if image["Name"] == f"golden-{region}"]
        assert set(served_look.keys(region, copy["ImageId"]).values()) == {served_look.key_arn("alias/golden", region)}
    (made,) = [image for image in served_look.images("eu-west-1") if image["Name"] == "golden-database"]
    wanted = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data"}
    keys = {device: served_look.key_arn(alias, "eu-west-1") for device, alias in wanted.items()}
    assert served_look.keys("eu-west-1", made["ImageId"]) == keys
    summary = json.loads((tmp_path / "audit.json").read_text())["summary"]
    assert (summary["images"], summary["compliant"]) == (5, 5)
    assert "golden-database" in (tmp_path / "audit.html").read_text()
    # The image of several keys is in one region, and there consumers are led to it.
    ssm: t.Any = served_look.emulator.session(region="eu-west-1").client("ssm")
    assert ssm.get_parameters(Names=[f"{NAME}:candidate"])["Parameters"][0]["Value"] == made["ImageId"]
    assert made["ImageId"] in json.dumps(played.second.report["global_custom_stats"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"sealed_ami_build_region": "us-west-2"},
            "no copy would lie in us-west-2 itself; add the region to sealed_ami_regions",
        ),
        (
            {"sealed_ami_destinations": f"region=us-east-1 availability_zone={ZONE}", "sealed_ami_build_region": ""},
            "no copy would lie in a region itself; add the region to sealed_ami_destinations",
        ),
    ],
    ids=["another region", "a Local Zone alone"],
)
def test_no_copy_where_the_image_of_several_keys_is_to_be_made(
    run_playbook: RunPlaybook, served_look: Looking, given: dict[str, t.Any], said: str
) -> None:
    """It is said before anything is copied."""
    pipeline = run_playbook(
        pathlib.Path("sealed.ami.golden_pipeline"), **{**example_variables("golden_pipeline"), **given}
    )
    assert pipeline.status != 0 and said in pipeline.explain()
    assert served_look.mutations() == []


def test_a_session_token_under_the_name_that_awx_gives_it(served_emulator: Emulator, tmp_path: pathlib.Path) -> None:
    sts = served_emulator.session().client("sts")
    session = sts.get_session_token()["Credentials"]
    token = session["SessionToken"]
    credentials = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"]}
    report = {"audit_html_path": "", "audit_json_path": "", "sealed_ami_wait_delay": 1}
    command: list[str] = [str(BIN / "ansible-playbook"), "sealed.ami.golden_pipeline"]
    command += ["-e", f"@{PLAYBOOKS / 'vars' / 'golden_pipeline.yml'}", "-e", json.dumps(report)]
    served_emulator.clear_calls()
    # The pipeline has a task of every kind: modules of amazon.aws in each of its roles, and those of this collection.
    env = clean_env(**{**served_emulator.env(), **credentials, "AWS_SECURITY_TOKEN": token})
    ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # The emulator takes a session's keys with their token only, as AWS does; amazon.aws seeks volumes that are gone.
    assert {call["error"] for call in served_emulator.calls()} <= {
        None,
        "InvalidVolume.NotFound",
        "DryRunOperationException",
    }
    assert token not in ended.stdout + ended.stderr
