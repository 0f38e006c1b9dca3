# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the module and the plays of its guide run as they stand there, and its result is as documented."""

from __future__ import annotations

import pathlib
import re
import textwrap
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules.ec2_ami_publish import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.publish.conftest import GOLDEN, REGION, SEALED, VERSIONS, WRITES, Place, Publish
from system.running import ROOT, RunPlaybook

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_publish.rst"
BLOCK = re.compile(r"^\.\. code-block:: yaml\+jinja\n\n((?:   .*\n|\n)+)", re.MULTILINE)
FIXED, MOVING = "/golden/database/2026-11-26", "/golden/database/current"


@pytest.fixture
def store(served_emulator: Emulator, oracle: Guard) -> t.Any:
    """Return a client of Systems Manager of an account whose consumers have an older image."""
    oracle.given(FIXED, MOVING, to=[*WRITES, "DeleteParameter"])
    session: t.Any = served_emulator.session(region=REGION)
    ssm, ec2 = session.client("ssm"), session.client("ec2")
    ssm.put_parameter(Name=MOVING, Value=GOLDEN, Type="String", DataType="aws:ec2:image")
    data = {"ImageId": GOLDEN, "InstanceType": "t3.micro"}
    made = ec2.create_launch_template(LaunchTemplateName="database", LaunchTemplateData=data)["LaunchTemplate"]
    oracle.given(made["LaunchTemplateId"], to=VERSIONS)
    return ssm


def value(ssm: t.Any, name: str) -> str | None:
    """Return what consumers get by a name, perhaps with a label."""
    found = ssm.get_parameters(Names=[name])["Parameters"]
    return str(found[0]["Value"]) if found else None


def test_the_examples_run(run_playbook: RunPlaybook, store: t.Any, tmp_path: pathlib.Path) -> None:
    tasks = yaml.safe_load(EXAMPLES)
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    play = run_playbook(path)
    assert (play.status, play.changed) == (0, 5), play.explain()
    assert play.result(tasks[-2]["name"])["launch_templates"][0]["default_version"] == 1
    assert (value(store, FIXED), value(store, MOVING)) == (SEALED, None)


def test_the_plays_of_the_guide_run(run_playbook: RunPlaybook, store: t.Any, tmp_path: pathlib.Path) -> None:
    blocks = [textwrap.dedent(block) for block in BLOCK.findall(GUIDE.read_text())]
    assert [yaml.safe_load(block)[0]["name"] for block in blocks] == [
        "Publish the sealed image", "Look at what consumers find", "Promote the candidate", "Go back",
    ]  # fmt: skip
    path = tmp_path / "play.yml"
    path.write_text("\n".join(blocks))
    former = {"former_image_id": GOLDEN, "former_default_version": 1}
    play = run_playbook(path, **former)
    assert (play.status, play.changed) == (0, 3), play.explain()
    assert (value(store, FIXED), value(store, MOVING), value(store, f"{MOVING}:stable")) == (SEALED, GOLDEN, SEALED)


@pytest.mark.parametrize("check", [False, True])
def test_the_result_is_as_documented(place: Place, publish: Publish, check: bool) -> None:
    place.opens("/golden/db")
    place.template("database")
    place.parameter("/golden/db")
    result = publish(
        check=check, ssm_parameters=[{"name": "/golden/db"}], launch_templates=[{"template_name": "database"}]
    )
    documented = yaml.safe_load(RETURN)
    assert set(result) - {"invocation", "changed", "msg"} == set(documented) - {"report"}
    for name, optional in (
        ("images", {"error"}), ("ssm_parameters", {"error"}), ("launch_templates", {"error", "removed_version"}),
        ("steps", set()),
    ):  # fmt: skip
        fields: dict[str, t.Any] = documented[name]["contains"]
        assert set(result[name][0]) | optional == set(fields), name
    parts = documented["ssm_parameters"]["contains"]["previous"]["contains"]
    assert set(result["ssm_parameters"][0]["previous"]) == set(parts)
    assert set(result["images"][0]["snapshots"][0]) == set(documented["images"]["contains"]["snapshots"]["contains"])
