# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the place of community.aws.ec2_ami_copy: the same tasks, side by side, and right where the other one is not."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.community.aws.plugins.modules import ec2_ami_copy

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COPY_ARGUMENTS
from emulated_aws.client import Emulator
from system.copy.asking import AWAY, FAR, HOME, MODULE, SOURCES
from system.looking import Looking
from system.running import Play, RunModule, RunPlaybook

THEIRS, OURS = "ansible_collections.community.aws.plugins.modules.ec2_ami_copy", MODULE
BOTH = pytest.mark.parametrize("module", [pytest.param(THEIRS, id="theirs"), pytest.param(OURS, id="ours")])
TASK: dict[str, t.Any] = {"source_region": HOME, "region": AWAY, "source_image_id": SOURCES["plain-root"]}
SEALED: dict[str, t.Any] = {**TASK, "encrypted": True, "kms_key_id": "alias/golden"}
SOURCE = SOURCES["plain-root"]
pytestmark = pytest.mark.leaves("the other module names no snapshot, and both make unencrypted copies if asked")


def copies(look: Looking) -> list[dict[str, t.Any]]:
    """Return the copies of plain-root in Ireland."""
    return look.images(AWAY, source=SOURCE)


def described(look: Looking, image_id: str) -> dict[str, t.Any]:
    """Return what a user sees of an image."""
    image = look.image(AWAY, image_id)
    assert image is not None
    shown = {name: image.get(name, "") for name in ("Name", "Description", "State", "SourceImageId", "Architecture")}
    aliases = {entry.get("TargetKeyId"): entry["AliasName"] for entry in look.kms(AWAY).list_aliases()["Aliases"]}
    keys = {device: arn and aliases[arn.rpartition("/")[2]] for device, arn in look.keys(AWAY, image_id).items()}
    return {**shown, "tags": look.user_tags(image), "keys": keys}


def their_options() -> dict[str, t.Any]:
    """Return the options that their documentation names."""
    return t.cast("dict[str, t.Any]", yaml.safe_load(ec2_ami_copy.DOCUMENTATION)["options"])


def test_every_option_is_accepted_with_its_meaning() -> None:
    for name, option in their_options().items():
        ours = COPY_ARGUMENTS[name]
        assert ours.get("type", "str") == option.get("type", "str"), name
        assert set(option.get("aliases", ())) <= set(ours.get("aliases", ())), name


def test_the_differences_of_defaults_are_the_documented_ones() -> None:
    differing = {
        name
        for name, option in their_options().items()
        if "default" in option and COPY_ARGUMENTS[name].get("default") != option["default"]
    }
    assert differing == {"encrypted", "name", "description", "wait_timeout"}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"encrypted": False, "name": "plain"}, id="plain"),
        pytest.param({"encrypted": True, "name": "sealed"}, id="default key"),
        pytest.param({"encrypted": True, "kms_key_id": "alias/golden", "name": "sealed"}, id="chosen key"),
        pytest.param({"encrypted": False, "name": "x y", "description": "d", "tags": {"A": "b"}}, id="all attributes"),
        pytest.param(
            {"encrypted": False, "name": "by-tags", "tags": {"A": "b"}, "tag_equality": True}, id="tag equality"
        ),
        pytest.param({"encrypted": "yes", "name": "words", "wait_timeout": "1200"}, id="values as text"),
    ],
)
def test_side_by_side(run_module: RunModule, look: Looking, options: dict[str, t.Any]) -> None:
    look.emulator.configure(copy_seconds_minimum=30)
    theirs = run_module(THEIRS, **TASK, wait=True, **options)
    seen = described(look, theirs["image_id"])
    look.emulator.reset(seed="full")
    look.emulator.configure(copy_seconds_minimum=30)
    ours = run_module(OURS, **TASK, wait=True, **options)
    assert (theirs["changed"], ours["changed"]) == (True, True)
    assert described(look, ours["image_id"]) == seen


@BOTH
def test_repeated(run_module: RunModule, look: Looking, module: str) -> None:
    first, second = (run_module(module, **SEALED, name="golden", wait=True) for _ in range(2))
    assert first["changed"] is True
    repeated = {THEIRS: (True, 2), OURS: (False, 1)}
    assert (second["changed"], len(copies(look))) == repeated[module]


@BOTH
def test_an_unrelated_image_with_the_same_tags(run_module: RunModule, look: Looking, module: str) -> None:
    decoy = run_module(THEIRS, **{**TASK, "source_image_id": SOURCES["name-twin"]}, name="decoy", tags={"Role": "web"})
    result = run_module(module, **SEALED, name="golden", tags={"Role": "web"}, tag_equality=True)
    assert (result["image_id"] == decoy["image_id"]) is (module == THEIRS)
    assert len(copies(look)) == (0 if module == THEIRS else 1)


@BOTH
def test_the_tags_of_snapshots(run_module: RunModule, look: Looking, module: str) -> None:
    result = run_module(module, **SEALED, name="golden", tags={"Role": "web"}, wait=True)
    image = look.image(AWAY, result["image_id"])
    assert image is not None
    (mapping,) = image["BlockDeviceMappings"]
    snapshot = look.snapshots(AWAY)[mapping["Ebs"]["SnapshotId"]]
    assert look.user_tags(snapshot) == ({} if module == THEIRS else {"Role": "web"})


@BOTH
def test_check_mode(run_module: RunModule, look: Looking, module: str) -> None:
    result = run_module(module, **SEALED, name="golden", check=True)
    assert (result.get("skipped", False), result.get("changed")) == {THEIRS: (True, None), OURS: (False, True)}[module]
    assert look.mutations() == []


@BOTH
def test_tag_equality_without_tags(run_module: RunModule, module: str) -> None:
    result = run_module(module, **SEALED, name="golden", tag_equality=True)
    assert ("Unhandled exception" in result.msg, result.failed) == (
        (True, True) if module == THEIRS else (False, False)
    )


@BOTH
def test_an_encrypted_source_as_it_is(run_module: RunModule, module: str) -> None:
    source = {**TASK, "source_image_id": SOURCES["encrypted-root"]}
    result = run_module(module, **source, encrypted=False, name="golden", wait=True)
    assert ("Creating unencrypted copy from an encrypted snapshot is not supported" in result.msg) is (module == THEIRS)
    assert result.failed is (module == THEIRS)


@BOTH
def test_a_disabled_key(run_module: RunModule, look: Looking, module: str) -> None:
    result = run_module(module, **{**SEALED, "kms_key_id": "alias/disabled"}, name="golden", wait=True)
    assert result.failed
    assert ("is Disabled" in result.msg, len(copies(look))) == ((False, 1) if module == THEIRS else (True, 0))


@BOTH
def test_the_shape_of_the_result(run_module: RunModule, module: str) -> None:
    options = {**SEALED, "name": "golden", "tags": {"Role": "web"}, "tag_equality": True, "wait": True}
    made, found = (run_module(module, **options) for _ in range(2))
    shapes = [set(result) - {"invocation", "warnings", "deprecations"} for result in (made, found)]
    assert (shapes[0] == shapes[1]) is (module == OURS)
    assert "image_id" in shapes[0] & shapes[1]


def test_their_copy_is_recognised_when_a_user_comes_over(run_module: RunModule, look: Looking) -> None:
    theirs = run_module(THEIRS, **SEALED, name="golden", tags={"Role": "web"}, wait=True)
    ours = run_module(OURS, **SEALED, name="golden", tags={"Role": "web"}, wait=True)
    assert (ours["image_id"], len(copies(look))) == (theirs["image_id"], 1)
    # What theirs leaves undone: the snapshots get their tags.
    assert (ours["changed"], ours["image"]["action"]) == (True, "updated")
    assert not run_module(OURS, **SEALED, name="golden", tags={"Role": "web"}, wait=True)["changed"]


PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    {module}:
      source_region: us-east-1
      source_image_id: {source}
  tasks:
    - name: Several regions, as people wrote it
      {module}:
        region: "{{{{ item }}}}"
        name: golden
        encrypted: true
        kms_key_id: alias/golden
        tags: {{Role: web, Patch: 1.2.3}}
        tag_equality: true
        wait: true
        wait_timeout: 900
      loop: [{regions}]
      register: copied
    - name: Their ids
      ansible.builtin.set_fact:
        ids: "{{{{ copied.results | map(attribute='image_id') | list }}}}"
    - name: One by its alias for tags
      {module}:
        region: us-west-2
        name: renamed
        encrypted: false
        resource_tags: {{Role: web}}
        tag_equality: true
"""


def written_for(module: str, path: pathlib.Path) -> pathlib.Path:
    """Write the playbook with the name of a module."""
    path.write_text(PLAYBOOK.format(module=module, source=SOURCE, regions=f"{AWAY}, {FAR}"))
    return path


def ids_of(play: Play) -> list[str]:
    """Return the ids that the playbook got."""
    assert play.status == 0, play.output + play.errors
    return t.cast("list[str]", play.result("Their ids")["ansible_facts"]["ids"])


def test_a_playbook_runs_after_renaming_the_module(
    run_playbook: RunPlaybook, served_emulator: Emulator, tmp_path: pathlib.Path
) -> None:
    theirs = run_playbook(written_for("community.aws.ec2_ami_copy", tmp_path / "theirs.yml"))
    assert (len(ids_of(theirs)), theirs.changed) == (2, 2)
    served_emulator.reset(seed="full")
    renamed = written_for("sealed.ami.ec2_ami_encrypted_copy", tmp_path / "ours.yml")
    first, second = (run_playbook(renamed) for _ in range(2))
    assert (first.changed, second.changed) == (2, 0)
    looked = Looking(served_emulator)
    assert [looked.images(region, source=SOURCE)[0]["ImageId"] for region in (AWAY, FAR)] == ids_of(first)
    assert ids_of(second) == ids_of(first)
    (item, _other) = first.result("Several regions, as people wrote it")["results"]
    assert item["image_id"] == ids_of(first)[0]
