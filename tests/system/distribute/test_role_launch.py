# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distribution is for: instances and Auto Scaling groups that start, or are said not to, and what they lack."""

from __future__ import annotations

import json
import typing as t

import pytest

from system.distribute.role import Role
from system.distribute.scene import CONSUMERS, DIRECT, FIRST, HOME, OWNER, OWNERS, SMALL, Stage
from system.running import ROOT

SCALING = f"arn:aws:iam::{FIRST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
COPIED = SMALL + "\n    grant_autoscaling: true\n"
SHARED = COPIED.replace("    kms_key_id: alias/golden\n", "    pattern: share\n")


def open_key(stage: Stage, *names: str) -> None:
    """Add the statements of the documentation to the policy of the image's key."""
    kms, key = stage.owner.kms(HOME), stage.owner.key_arn("alias/golden", HOME)
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    for name in names:
        policy["Statement"] += json.loads((ROOT / "docs" / "iam" / f"kms-key-policy-{name}.json").read_text())[
            "Statement"
        ]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def make_role(stage: Stage) -> None:
    """Let the consumer have Auto Scaling's service-linked role."""
    iam: t.Any = stage.emulator.session(account=FIRST).client("iam")
    iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")


def actors(stage: Stage, targets: str) -> Role:
    """Return the role, whose parties may ask who can start the images, and the consumer grant its keys."""
    role = stage.role(targets)
    role.act_as("localhost", stage.allow("image-owner", OWNER, (*OWNERS, "info-launchable")))
    role.act_as("production", stage.allow("image-copier", FIRST, (*CONSUMERS, "grant", "info-launchable")))
    for number in (FIRST, OWNER):
        key = stage.consumers[FIRST] if number == FIRST else stage.owner
        stage.oracle.given(key.key_arn("alias/golden", HOME), to=["CreateGrant"])
    return role


def grants_of(stage: Stage, look: t.Any) -> list[str]:
    """Return whom the golden key of an account is granted to by us."""
    listed = look.kms(HOME).list_grants(KeyId=look.key_arn("alias/golden", HOME))["Grants"]
    return [one["GranteePrincipal"] for one in listed if one.get("Name", "").startswith("sealed-ami:")]


def test_an_image_that_is_shared_for_launch(stage: Stage) -> None:
    open_key(stage, "consumer", "consumer-autoscaling")
    make_role(stage)
    role = actors(stage, SHARED)
    assert role.play() == ""
    assert grants_of(stage, stage.owner) == [SCALING]
    (entry,) = role.hosts["localhost"]["distribute_launchable"][DIRECT]
    assert (entry["account_id"], entry["instances"], entry["autoscaling"]) == (FIRST, True, True)
    shared = stage.owner.ec2(HOME).describe_image_attribute(ImageId=DIRECT, Attribute="launchPermission")
    assert shared["LaunchPermissions"] == [{"UserId": FIRST}] and stage.copies(FIRST, HOME) == []
    started = stage.consumers[FIRST].ec2(HOME).run_instances(ImageId=DIRECT, MinCount=1, MaxCount=1)
    assert started["Instances"]
    stage.emulator.clear_calls()
    again = actors(stage, SHARED)
    assert (again.play(), again.changed, stage.owner.mutations()) == ("", [], [])


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ((), "kms:ListGrants"),
        (("consumer",), "kms:ListGrants"),
        (("consumer", "consumer-autoscaling"), "create-service-linked-role"),
    ],
    ids=["closed", "for EBS alone", "without its role"],
)
def test_what_auto_scaling_lacks_is_named(stage: Stage, statements: tuple[str, ...], words: str) -> None:
    open_key(stage, *statements)
    role = actors(stage, SHARED)
    assert words in role.play() and grants_of(stage, stage.owner) == []
    (entry,) = role.hosts["localhost"]["distribute_launchable"][DIRECT]
    assert entry["instances"] is bool(statements) and entry["autoscaling"] is False
    assert entry["missing"] and f"{DIRECT} in account {FIRST}: instances {bool(statements)}" in role.told


def test_copies_that_auto_scaling_starts(stage: Stage) -> None:
    make_role(stage)
    role = actors(stage, COPIED)
    assert role.play() == ""
    assert grants_of(stage, stage.consumers[FIRST]) == [SCALING]
    (copy,) = stage.copies(FIRST, HOME)
    (entry,) = role.hosts["production"]["distribute_result"]["launchable"].values()
    assert list(role.hosts["production"]["distribute_result"]["launchable"]) == [copy["ImageId"]]
    assert (entry["instances"], entry["autoscaling"]) == (True, True)
    again = actors(stage, COPIED)
    assert (again.play(), again.changed) == ("", [])


def test_who_may_not_look_is_told_that_nothing_is_known(stage: Stage) -> None:
    role = stage.role(SMALL)
    assert role.play() == ""
    (entry,) = role.hosts["production"]["distribute_result"]["launchable"].values()
    assert (entry["instances"], entry["autoscaling"]) == (None, None) and entry["unknown"]
