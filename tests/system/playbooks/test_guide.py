# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of the guide for pipelines run as they stand there, and change nothing at their second run."""

from __future__ import annotations

import json
import pathlib
import re
import textwrap
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import SOURCES
from system.looking import Looking
from system.running import ROOT, Play, RunPlaybook, play

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_pipelines.rst"
BLOCK = re.compile(r"^\.\. code-block:: yaml\+jinja\n\n((?:   .*\n|\n)+)", re.MULTILINE)


def plays() -> dict[str, str]:
    """Return the text of each play in the guide, by its name."""
    blocks = [textwrap.dedent(block) for block in BLOCK.findall(GUIDE.read_text())]
    return {re.findall(r"^- name: (.*)$", block, re.MULTILINE)[0]: block for block in blocks}


def twice(run: RunPlaybook, folder: pathlib.Path, name: str, **extra: t.Any) -> Play:
    """Play a play of the guide twice and return the first run."""
    path = folder / "play.yml"
    path.write_text(plays()[name])
    first, second = run(path, **extra), run(path, **extra)
    assert (first.status, second.status) == (0, 0), first.explain() + second.explain()
    assert (first.changed, second.changed) == (1, 0)
    return first


def keys(look: Looking, region: str, *, source: str) -> set[str | None]:
    """Return the keys of the only copy of a source image."""
    (image,) = look.images(region, source=SOURCES[source])
    return set(look.keys(region, image["ImageId"]).values())


def test_every_play_is_tested() -> None:
    assert list(plays()) == [
        "Copy the golden image",
        "Seal what was built",
        "Find, copy and judge",
        "Use a session of AWX",
    ]


def test_in_place_of_ec2_ami_copy(run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path) -> None:
    twice(run_playbook, tmp_path, "Copy the golden image")
    assert keys(served_look, "eu-west-1", source="plain-root") == {served_look.key_arn("alias/golden", "eu-west-1")}


def test_after_a_build_step(run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path) -> None:
    builds = [
        {"builder_type": "amazon-ebs", "artifact_id": f"us-east-1:{SOURCES[name]}"} for name in ("arm64", "database")
    ]
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"builds": builds, "last_run_uuid": "0"}))
    first = twice(run_playbook, tmp_path, "Seal what was built", manifest_path=str(manifest))
    for region in ("eu-west-1", "eu-central-1"):
        (image,) = served_look.images(region, source=SOURCES["database"])
        assert image["ImageId"] in json.dumps(first.report["global_custom_stats"])
        assert keys(served_look, region, source="database") == {served_look.key_arn("alias/golden", region)}


def test_defaults_of_the_action_group(run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path) -> None:
    first = twice(run_playbook, tmp_path, "Find, copy and judge")
    assert first.result("Judge it")["compliant"] is True
    assert first.result("Look at it with amazon.aws")["images"][0]["name"] == "database"


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
def test_either_name_of_the_token(served_emulator: Emulator, tmp_path: pathlib.Path, name: str) -> None:
    session = served_emulator.session().client("sts").get_session_token()["Credentials"]
    given = {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"]}
    path = tmp_path / "play.yml"
    path.write_text(plays()["Use a session of AWX"])
    played = play(path, served_emulator, extra={}, env={**given, name: session["SessionToken"]})
    assert played.status == 0, played.explain()
    assert len(played.result("List our images")["images"]) > 10
