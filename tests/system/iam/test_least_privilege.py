# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that the documentation ships are enough, and not one action in them is too many."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest

from emulated_aws import catalogue_images
from emulated_aws.catalogue_keys import key_id
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.compose.asking import local_instance
from system.conftest import RunModule
from system.running import Result

POLICIES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam"
USER = "arn:aws:iam::123456789012:user/copier"
AWAY = "eu-west-1"
COPY = "ec2_ami_encrypted_copy"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What a principal with some of the policies can do; ``first`` is done by the administrator beforehand."""

    policies: tuple[str, ...]
    options: dict[str, t.Any]
    first: dict[str, t.Any] | None = None
    module: str = COPY
    source: str = "plain-root"


KEY = {"kms_key_id": "alias/golden"}
THREE_KEYS = {
    "name": "three-keys",
    "device_mapping": [
        {"device_name": "/dev/xvda", "kms_key_id": "alias/os"},
        {"device_name": "/dev/sdf", "kms_key_id": "alias/data"},
        {"device_name": "/dev/sdg", "kms_key_id": "alias/logs"},
    ],
}
FOUR_VOLUMES = {
    **THREE_KEYS,
    "device_mapping": [
        *THREE_KEYS["device_mapping"],
        {"device_name": "/dev/sdh", "volume_size": 5, "kms_key_id": "alias/logs"},
    ],
}
TYPES = {"instance_type_specification": {"supported_instance_types": ["m5.*"]}}
MARKED = {**THREE_KEYS, "watermarks": ["golden"]}
COMPOSE, INFO, SHARE = "ec2_ami_compose_keys", "ec2_ami_encryption_info", "ec2_ami_share"
WITH_FRIEND = {"launch_permissions": {"user_ids": ["210987654321"]}, "purpose": "copy"}
GRANT = {
    "key_id": f"arn:aws:kms:us-east-1:123456789012:key/{key_id(1, 'us-east-1')}",
    "grantee_principal": "arn:aws:iam::210987654321:role/image-copier",
    "purpose": "copy",
    "wait": False,
}
# What one call needs that IAM has no action of this name for.
# What only informs is asked for, and not missed where it is denied.
OPTIONAL = {"ec2:DescribeFastSnapshotRestores", "ec2:DescribeFastLaunchImages"}
# Nobody needs a permission to ask who they are.
PARTS = {"kms:ReEncrypt": {"kms:ReEncryptFrom", "kms:ReEncryptTo"}, "sts:GetCallerIdentity": set()}
SCENARIOS = {
    "copy": Scenario(("copy",), KEY),
    "copy of encrypted": Scenario(("copy", "copy-of-encrypted"), KEY, source="encrypted-root"),
    "copy under the default key": Scenario(("copy", "copy-under-default-key"), {"region": "ap-southeast-2"}),
    "copy preserving status": Scenario(("copy-preserving-status",), {"encrypted": False}),
    "copy to a Local Zone": Scenario(
        ("copy", "find-local-zones"),
        {**KEY, "destinations": [{"region": "us-east-1", "availability_zone": "us-east-1-bos-1a"}]},
    ),
    "share": Scenario(("copy", "share"), {**KEY, "launch_permissions": {"user_ids": ["210987654321"]}}, KEY),
    "describe": Scenario(("copy", "describe"), {**KEY, "description": "new"}, KEY),
    "require IMDSv2": Scenario(("copy", "describe"), {**KEY, "imds_support": "v2.0"}),
    "watermark": Scenario(("copy", "watermarks"), {**KEY, "watermarks": ["golden"]}, KEY),
    "instance types": Scenario(("copy", "instance-types"), {**KEY, **TYPES}, KEY),
    "compose with marks": Scenario(
        ("compose-snapshots", "watermarks", "instance-types"), {**MARKED, **TYPES}, None, COMPOSE, "database"
    ),
    "retag": Scenario(("copy", "retag"), {**KEY, "tags": {"Team": "b"}}, {**KEY, "tags": {"Team": "a", "Old": "1"}}),
    "deprecate": Scenario(("copy", "deprecate"), {**KEY, "deprecate_at": "2030-01-01T00:00:00Z"}, KEY),
    "undeprecate": Scenario(
        ("copy", "deprecate"), {**KEY, "deprecate_at": ""}, {**KEY, "deprecate_at": "2030-01-01T00:00:00Z"}
    ),
    "protect": Scenario(("copy", "protect"), {**KEY, "deregistration_protection": "enabled"}, KEY),
    "unprotect": Scenario(
        ("copy", "protect"),
        {**KEY, "deregistration_protection": "disabled"},
        {**KEY, "deregistration_protection": "enabled"},
    ),
    "retire superseded": Scenario(
        ("copy", "usage", "retire-superseded"), {"kms_key_id": "alias/os", "superseded": "retire"}, KEY
    ),
    "remove": Scenario(("copy", "remove"), {**KEY, "state": "absent"}, KEY),
    "compose snapshots": Scenario(("compose-snapshots",), THREE_KEYS, None, COMPOSE, "database"),
    "compose UEFI": Scenario(
        ("compose-snapshots", "compose-uefi"),
        {"name": "uefi", "kms_key_id": "alias/os"},
        None,
        COMPOSE,
        "uefi-tpm",
    ),
    "compose added volume": Scenario(
        ("compose-snapshots", "compose-added-empty-volume"), FOUR_VOLUMES, None, COMPOSE, "database"
    ),
    "compose instance": Scenario(
        ("compose-instance",),
        {**THREE_KEYS, "method": "instance", "region": "us-east-1"},
        None,
        COMPOSE,
        "database",
    ),
    "compose instance with added volume": Scenario(
        ("compose-instance", "compose-instance-added-volume"),
        {**FOUR_VOLUMES, "method": "instance", "region": "us-east-1"},
        None,
        COMPOSE,
        "database",
    ),
    "compose from instance": Scenario(
        ("compose-from-instance",), {"name": "of-instance", "region": "us-east-1"}, None, COMPOSE, "running-database"
    ),
    "compose from instance in a Local Zone": Scenario(
        ("compose-from-instance", "find-local-zones"),
        {"name": "of-instance", "region": "us-east-1", "snapshot_location": "local"},
        None,
        COMPOSE,
        "in a Local Zone",
    ),
    "grant": Scenario(("grant",), GRANT, None, "kms_key_grant"),
    "revoke a grant": Scenario(("revoke-grant",), {**GRANT, "state": "absent"}, GRANT, "kms_key_grant"),
    "info": Scenario(("info",), {"regions": ["us-east-1"], "owners": ["self"]}, None, INFO),
    "info launchable": Scenario(
        ("info", "info-launchable"),
        {"regions": ["us-east-1"], "owners": ["self"], "launchable_by": ["210987654321"]},
        None,
        INFO,
    ),
    "info of public access": Scenario(
        ("info", "info-of-public-access"), {"regions": ["us-east-1"], "block_public_access": True}, None, INFO
    ),
    "info of keys": Scenario(
        ("info", "info-of-keys"),
        {"regions": ["us-east-1"], "kms_key_ids": ["alias/golden"], "filters": {"state": "available"}},
        None,
        INFO,
    ),
    "share images": Scenario(("share-images",), WITH_FRIEND, None, SHARE, "database-sealed"),
    "share images for a while": Scenario(
        ("share-images", "share-images-recorded"), {**WITH_FRIEND, "record": True}, None, SHARE, "database-sealed"
    ),
    "take images back": Scenario(
        ("share-images", "share-images-recorded"),
        {"record": True, "state": "absent"},
        {**WITH_FRIEND, "record": True},
        SHARE,
        "database-sealed",
    ),
}


@pytest.fixture(autouse=True)
def key_to_grant(oracle: Guard) -> None:
    """Hand the key over that the scenarios grant."""
    oracle.given(str(GRANT["key_id"]), to=["CreateGrant"])


def statements(scenario: Scenario) -> list[dict[str, t.Any]]:
    """Return the policies of a scenario as the documentation ships them."""
    return [json.loads((POLICIES / f"{name}.json").read_text()) for name in scenario.policies]


def actions(policies: t.Iterable[dict[str, t.Any]]) -> set[str]:
    """Return all actions that the policies allow."""
    return {action for policy in policies for statement in policy["Statement"] for action in statement["Action"]}


def without(policies: list[dict[str, t.Any]], action: str) -> list[dict[str, t.Any]]:
    """Return the policies with one action taken out; what is left empty goes."""
    found = []
    for policy in policies:
        kept = [
            {**statement, "Action": [one for one in statement["Action"] if one != action]}
            for statement in policy["Statement"]
        ]
        found.append({**policy, "Statement": [statement for statement in kept if statement["Action"]]})
    return [policy for policy in found if policy["Statement"]]


def base_options(emulator: Emulator, scenario: Scenario) -> dict[str, t.Any]:
    """Return what the scenarios of a module have in common."""
    if scenario.module in (INFO, "kms_key_grant"):
        return {}
    if scenario.module == SHARE:
        return {"image_ids": [catalogue_images.image_id(scenario.source)], "region": "us-east-1"}
    if scenario.source == "running-database":
        found = emulator.session().client("ec2").describe_instances()["Reservations"]
        instances = [one for group in found for one in group["Instances"] if one["State"]["Name"] == "running"]
        return {"instance_id": instances[0]["InstanceId"], "wait": True}
    if scenario.source == "in a Local Zone":
        return {"instance_id": local_instance(emulator).instance_id, "wait": True}
    source = catalogue_images.image_id(scenario.source)
    return {"source_image_id": source, "source_region": "us-east-1", "region": AWAY, "wait": True}


def play(emulator: Emulator, run_module: RunModule, scenario: Scenario, policies: list[dict[str, t.Any]]) -> Result:
    """Do the scenario as a principal who may do what the policies allow, in an AWS as new."""
    emulator.reset(seed="full")
    if scenario.module == SHARE and isinstance(emulator.watcher, Guard):
        acts = ["ModifyImageAttribute", "ModifySnapshotAttribute"]
        if scenario.options.get("record"):
            acts += [*(f"{act}/Remove" for act in acts), "CreateTags", "DeleteTags"]
        emulator.watcher.given(*_parts(emulator, scenario), to=acts)
    options = base_options(emulator, scenario)
    if scenario.first is not None:
        assert not run_module(scenario.module, **{**options, **scenario.first}).failed
    emulator.clear_calls()
    return run_module(scenario.module, as_=emulator.principal(USER, policies), **{**options, **scenario.options})


def _parts(emulator: Emulator, scenario: Scenario) -> list[str]:
    """Return the source image of a scenario with its snapshots."""
    image_id = catalogue_images.image_id(scenario.source)
    (image,) = emulator.session().client("ec2").describe_images(ImageIds=[image_id])["Images"]
    return [image_id, *(one["Ebs"]["SnapshotId"] for one in image["BlockDeviceMappings"])]


@pytest.mark.parametrize("name", SCENARIOS)
def test_policy_is_enough(emulator: Emulator, run_module: RunModule, name: str) -> None:
    scenario = SCENARIOS[name]
    policies = statements(scenario)
    result = play(emulator, run_module, scenario, policies)
    assert (result.msg, result.warnings) == ("", [])
    assert result["changed"] or scenario.module == INFO
    called = {one for name in emulator.counts() for one in PARTS.get(name, {name})}
    assert called - OPTIONAL <= actions(policies)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_action_is_too_many(emulator: Emulator, run_module: RunModule, name: str) -> None:
    """Take one action out at a time: the task fails, or says in a warning what it could not look at."""
    scenario = SCENARIOS[name]
    policies = statements(scenario)
    own = actions(statements(dataclasses.replace(scenario, policies=scenario.policies[-1:])))
    for action in sorted(own):
        result = play(emulator, run_module, scenario, without(policies, action))
        if _is_needed_by_another(scenario, action, result):
            continue
        told = " ".join((result.msg, *result.warnings))
        assert result.failed or result.warnings, f"{action} was not needed"
        assert action.split("ReEncrypt")[0] in told, f"{action} is not named: {told}"


def _is_needed_by_another(scenario: Scenario, action: str, result: Result) -> bool:
    """Tell whether a policy for two directions, such as setting and removing, has this action for the other one."""
    pairs = {
        "deprecate": "ec2:DisableImageDeprecation",
        "undeprecate": "ec2:EnableImageDeprecation",
        "protect": "ec2:DisableImageDeregistrationProtection",
        "unprotect": "ec2:EnableImageDeregistrationProtection",
        "share images for a while": "ec2:DeleteTags",
        "take images back": "ec2:CreateTags",
    }
    names = {name: one for name, one in SCENARIOS.items() if one == scenario}
    return not result.failed and action in {pairs.get(name) for name in names}
