# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation keeps its word: its examples run, and results are as it says."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules import (
    ec2_allowed_images,
    ec2_ami_access_info,
    ec2_ami_compose_keys,
    ec2_ami_encrypted_copy,
    ec2_ami_encryption_info,
    ec2_ami_publish,
    ec2_ami_retire,
    ec2_ami_share,
    ec2_ami_usage_info,
    kms_key_grant,
)
from emulated_aws.client import Emulator
from system.copy.asking import AWAY, FAR, SOURCES, Copy
from system.looking import Looking
from system.running import Result, RunPlaybook

MODULES = [
    ec2_allowed_images,
    ec2_ami_access_info,
    ec2_ami_compose_keys,
    ec2_ami_encrypted_copy,
    ec2_ami_encryption_info,
    ec2_ami_publish,
    ec2_ami_retire,
    ec2_ami_share,
    ec2_ami_usage_info,
    kms_key_grant,
]
EVERY_MODULE = pytest.mark.parametrize(
    "module", [pytest.param(module, id=module.__name__.rpartition(".")[2]) for module in MODULES]
)
TASKS: list[dict[str, t.Any]] = yaml.safe_load(ec2_ami_encrypted_copy.EXAMPLES)
RETURNED: dict[str, t.Any] = yaml.safe_load(ec2_ami_encrypted_copy.RETURN)
FQCN = "sealed.ami.ec2_ami_encrypted_copy"


def test_every_module_is_looked_at() -> None:
    folder = pathlib.Path(str(ec2_ami_encrypted_copy.__file__)).parent
    assert {path.stem for path in folder.glob("[a-z]*.py")} == {
        module.__name__.rpartition(".")[2] for module in MODULES
    }


def values_of(fields: dict[str, t.Any], path: str = "") -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Return every documented value that has no parts, with its path."""
    for name, field in fields.items():
        if "contains" in field:
            yield from values_of(field["contains"], f"{path}{name}.")
        else:
            yield f"{path}{name}", field


def test_every_value_has_a_sample() -> None:
    for path, field in values_of(RETURNED):
        assert field.get("sample") is not None, path
        kinds = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}
        assert isinstance(field["sample"], kinds[field["type"]]), path


@EVERY_MODULE
def test_every_value_is_described(module: t.Any) -> None:
    for path, field in values_of(yaml.safe_load(module.RETURN)):
        assert {"description", "returned", "type"} <= set(field), path


@EVERY_MODULE
def test_every_example_names_the_module_in_full(module: t.Any) -> None:
    name = f"sealed.ami.{module.__name__.rpartition('.')[2]}"
    examples = yaml.safe_load(module.EXAMPLES)
    assert len([task for task in examples if name in task]) > 3
    assert all(task["name"] and all("." in word for word in set(task) - KEYWORDS) for task in examples)


KEYWORDS = {"name", "register", "check_mode", "diff", "failed_when", "changed_when", "loop", "when"}


def test_there_is_an_example_for_each_scenario() -> None:
    names = " ".join(task["name"] for task in TASKS)
    assert [scenario for scenario in ("S1", "S2", "S3", "S4") if scenario not in names] == []
    used = {option for task in TASKS for option in task.get(FQCN, ())}
    wanted = {"destinations", "launch_permissions", "superseded", "on_failure", "state", "deprecate_at", "copy_tags"}
    assert wanted <= used


def play(run_playbook: RunPlaybook, path: pathlib.Path, tasks: list[dict[str, t.Any]]) -> list[Result]:
    """Play tasks and return the results of this module's, all of which must have succeeded."""
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False))
    played = run_playbook(path)
    assert played.status == 0, played.output + played.errors
    return [played.result(task["name"]) for task in tasks if FQCN in task]


def test_every_example_does_what_it_says(
    run_playbook: RunPlaybook, served_emulator: Emulator, tmp_path: pathlib.Path
) -> None:
    results = play(run_playbook, tmp_path / "all.yml", TASKS)
    first = [result["images"][0]["action"] for result in results]
    middle = ["unchanged", "copied", "copied"]  # what is copied to the Local Zone is in its region already
    assert first == ["copied"] * 6 + middle + ["copied", "unchanged", "replaced", "replaced", "removed"]
    look = Looking(served_emulator)
    assert look.images(FAR, source=SOURCES["database"]) == []
    assert results[3]["image"]["new_storage_gib"] == 80
    moved = look.images("us-west-2", source=SOURCES["encrypted-root"])
    assert [image["ImageId"] for image in moved] == [results[12]["image_id"]]
    zones = [entry["availability_zone"] for entry in results[6]["images"]]
    assert (results[6].actions, zones) == (["unchanged", "copied"], [None, "us-east-1-bos-1a"])
    assert len(results[7]["images"]) == 6
    (sydney, _other) = [entry for entry in results[7]["images"] if entry["region"] == "ap-southeast-2"]
    assert sydney["tags"]["Team"] == "sydney"
    assert {one["kms_key_arn"] for one in sydney["snapshots"]} == {look.key_arn("alias/data", "ap-southeast-2")}
    shared = look.ec2(AWAY).describe_image_attribute(ImageId=results[8]["image_id"], Attribute="launchPermission")
    assert len(shared["LaunchPermissions"]) == 2
    again = play(run_playbook, tmp_path / "again.yml", TASKS[:10])
    changed = [result["changed"] for result in again]
    assert changed == [False, False, False, True, False, False, False, False, False]


def documented(fields: dict[str, t.Any], *, failed: bool = False, removed: bool = False) -> set[str]:
    """Return the names of an entry's values that must be there."""
    optional = {
        "error": failed,
        "created": failed,
        "removed": removed,
        "left": False,
        "superseded": False,
        "lost": False,
    }
    return {name for name in fields if optional.get(name, True)}


@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_results_are_as_documented(copy: Copy, check: bool, state: str) -> None:
    if state == "absent":
        copy("mixed", kms_key_id="alias/golden")
    entry_fields = RETURNED["images"]["contains"]
    result = copy("mixed", kms_key_id="alias/golden", state=state, check=check)
    assert set(result) - {"invocation", "warnings"} == set(RETURNED)
    assert set(result["image"]) == documented(entry_fields, removed=state == "absent")
    assert {name for one in result["image"]["snapshots"] for name in one} == set(entry_fields["snapshots"]["contains"])
    for name, value in result["image"].items():
        kinds = {"str": str, "int": int, "list": list, "dict": dict}
        assert value is None or isinstance(value, kinds[entry_fields[name]["type"]]), name


def test_failures_are_as_documented(copy: Copy) -> None:
    result = copy("vendor-encrypted-keyless", kms_key_id="alias/golden")
    assert set(result) - {"invocation", "warnings"} == {*RETURNED, "failed", "msg"}
    assert set(result["images"][0]) == documented(RETURNED["images"]["contains"], failed=True)
