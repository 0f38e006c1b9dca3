# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge finds each kind of misdeed, and finds nothing where the product keeps to its own."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from emulated_aws.client import BY_HAND
from oracle.judge import ACTED_ON, SSM_NAMES, leftovers, misdeeds

HANDS, MODULE, PLAYBOOK = f"Boto3/1 {BY_HAND}", "Boto3/1 sealed.ami", "APN/1.0 Ansible/2.19"
OURS, THEIRS = ("ami-1", "snap-1", "vol-1", "i-1", "lt-1"), ("ami-2", "snap-2", "vol-2", "i-2", "lt-2")
KINDS = {"ImageId": 0, "SnapshotId": 1, "VolumeId": 2, "InstanceId": 3, "InstanceIds": 3, "LaunchTemplateId": 4}
_numbers = itertools.count(1)


def call(action: str, user_agent: str = MODULE, **more: t.Any) -> dict[str, t.Any]:
    """Return an entry of the journal; ``parameters``, ``made`` and ``gone`` are the interesting ones."""
    entry: dict[str, t.Any] = {
        "parameters": {},
        "made": [],
        "gone": [],
        "error": None,
        "service": "ec2",
        "region": "eu-west-1",
    }
    return {**entry, "action": action, "user_agent": user_agent, "number": next(_numbers), **more}


MAKING = [
    call("CopyImage", made=["ami-1", "snap-1"]), call("RunInstances", made=["i-1"]),
    call("CreateVolume", made=["vol-1"]), call("CopyImage", HANDS, made=["ami-2", "snap-2"]),
    call("RunInstances", HANDS, made=["i-2", "vol-2"]), call("CreateVolume", made=["lt-1"]),
]  # fmt: skip


def naming(action: str, ids: tuple[str, ...]) -> dict[str, t.Any]:
    """Return parameters that name one of the ids in each place in which the action takes one."""
    if action in ("CreateTags", "DeleteTags"):
        return {"Resources": list(ids)}
    return {name: [ids[KINDS[name]]] if name.endswith("s") else ids[KINDS[name]] for name in ACTED_ON[action]}


@pytest.mark.parametrize("agent", [MODULE, PLAYBOOK, "", f"{HANDS} sealed.ami"])
@pytest.mark.parametrize("action", sorted(ACTED_ON))
def test_acting_on_anothers_things_is_found(action: str, agent: str) -> None:
    theirs = naming(action, THEIRS)
    found = misdeeds([*MAKING, call(action, agent, parameters=theirs)], given={})
    assert [one.rule.partition(" ")[0] for one in found] == [action] * sum(
        len(value) if isinstance(value, list) else 1 for value in theirs.values()
    )
    for allowed in (
        [call(action, agent, parameters=naming(action, OURS))],
        [call(action, HANDS, parameters=theirs)],
        [call(action, agent, parameters={**theirs, "DryRun": True})],
    ):
        assert misdeeds([*MAKING, *allowed], given={}) == []
    asked = [*MAKING, call(action, agent, parameters=theirs)]
    assert misdeeds(asked, given={one: [action] for one in THEIRS}) == []
    others = [one for one in ACTED_ON if one != action]
    assert misdeeds(asked, given={one: others for one in THEIRS}) == found


@pytest.mark.parametrize("action", sorted(SSM_NAMES))
def test_writing_under_a_name_that_was_not_given_is_found(action: str) -> None:
    """Whoever reads the name gets what was written, so nothing but the test says whose it is."""
    write = call(action, service="ssm", parameters={SSM_NAMES[action]: "/golden/web"})
    (found,) = misdeeds([write], given={})
    assert found.rule == f"{action} on a parameter that is not ours"
    assert misdeeds([write], given={"/golden/web": [action]}) == []
    assert misdeeds([write], given={"/golden/web": ["GetParameters"]}) == [found]


def test_an_attempt_that_aws_refused_is_found() -> None:
    refused = call("DeleteSnapshot", parameters={"SnapshotId": "snap-2"}, error="InvalidSnapshot.InUse")
    (found,) = misdeeds([*MAKING, refused], given={})
    assert "DeleteSnapshot on a snapshot that is not ours: snap-2 (call" in str(found)
    assert "InvalidSnapshot.InUse" in str(found)


def test_only_what_was_made_before_is_ours() -> None:
    early = call("DeregisterImage", parameters={"ImageId": "ami-1"})
    assert len(misdeeds([early, *MAKING], given={})) == 1


@pytest.mark.parametrize("made_by", [MODULE, HANDS])
def test_what_goes_with_an_image_counts_too(made_by: str) -> None:
    """DeregisterImage with DeleteAssociatedSnapshots names the image alone."""
    journal = [*MAKING, call("CreateSnapshot", made_by, made=["snap-3"])]
    gone = call("DeregisterImage", parameters={"ImageId": "ami-1"}, gone=["ami-1", "snap-1", "snap-3"])
    found = misdeeds([*journal, gone], given={})
    assert [one.what.partition(" ")[0] for one in found] == ([] if made_by == MODULE else ["snap-3"])


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("kms", "ScheduleKeyDeletion"),
        ("kms", "PutKeyPolicy"),
        ("ec2", "DisableEbsEncryptionByDefault"),
        ("iam", "X"),
        ("s3", "PUT /bucket/x"),
    ],
)
def test_what_nobody_has_thought_of_is_a_misdeed(service: str, action: str) -> None:
    (found,) = misdeeds([call(action, service=service)], given={})
    assert found.rule == f"{service}:{action} is not known to be harmless"


def test_grants_are_of_keys_that_were_handed_over() -> None:
    """A grant gives others the use of a key; who made one may revoke it, and nobody else's."""

    def asked(action: str, **parameters: str) -> dict[str, t.Any]:
        return call(action, service="kms", parameters=parameters)

    made = {**asked("CreateGrant", KeyId="key-1"), "made": ["grant-1"]}
    by_hand = call("CreateGrant", HANDS, service="kms", parameters={"KeyId": "key-2"}, made=["grant-2"])
    revoked, theirs = asked("RevokeGrant", GrantId="grant-1"), asked("RevokeGrant", GrantId="grant-2")
    given = {"key-1": ["CreateGrant"]}
    assert misdeeds([made, by_hand, revoked], given=given) == []
    assert len(misdeeds([made], given={})) == len(misdeeds([by_hand, theirs], given=given)) == 1
    assert misdeeds([by_hand, theirs], given={"grant-2": ["RevokeGrant"]}) == []
    (other,) = misdeeds([asked("CreateGrant", KeyId="key-2")], given=given)
    assert "key-2" in str(other)
    dry = call("ReEncrypt", service="kms", parameters={"DryRun": True})
    assert misdeeds([dry], given={}) == [] and len(misdeeds([{**dry, "parameters": {}}], given={})) == 1


def test_an_instance_may_be_imaged_only_without_a_reboot() -> None:
    def imaged(**how: t.Any) -> list[t.Any]:
        return misdeeds([*MAKING, call("CreateImage", parameters={"InstanceId": "i-2", **how})], given={})

    assert len(imaged()) == len(imaged(NoReboot=False)) == 1
    assert imaged(NoReboot=True) == []
    asked = call("CreateImage", parameters={"InstanceId": "i-2"})
    assert misdeeds([*MAKING, asked], given={}, to_image=["i-2"]) == []
    ended = call("TerminateInstances", parameters={"InstanceIds": ["i-2"]})
    assert len(misdeeds([*MAKING, ended], given={}, to_image=["i-2"])) == 1


def left(said: str = "", **how: t.Any) -> list[str]:
    """Return the rules that one snapshot of ours, and one of theirs, break."""
    found = {"region": "eu-west-1", "encrypted": True, "images": ["ami-1"], **how}
    journal = [*MAKING, *how.pop("after", ())]
    return [one.rule for one in leftovers(journal, [{**found, "id": "snap-1"}, {**found, "id": "snap-2"}], said)]


def test_leftovers_are_found_unless_they_are_named() -> None:
    assert left() == []
    assert left(encrypted=False) == ["an unencrypted snapshot is left unnamed"]
    assert left(images=[]) == ["a snapshot of no image is left unnamed"]
    assert left(images=[], said="left: snap-1") == left(encrypted=False, said="left: snap-1") == []


def test_a_snapshot_whose_image_somebody_else_removed_is_no_leftover() -> None:
    by_hand = call("DeregisterImage", HANDS, parameters={"ImageId": "ami-1"}, gone=["ami-1"])
    assert left(images=[], after=[by_hand]) == []
    by_product = {**by_hand, "user_agent": MODULE}
    assert left(images=[], after=[by_product]) == ["a snapshot of no image is left unnamed"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("ModifyImageAttribute", {"ImageId": "ami-2", "LaunchPermission": {"Remove": [{"UserId": "1"}]}}),
        ("ModifySnapshotAttribute", {"SnapshotId": "snap-2", "CreateVolumePermission": {"Remove": [{"UserId": "1"}]}}),
        ("ModifySnapshotAttribute", {"SnapshotId": "snap-2", "OperationType": "remove", "UserIds": ["1"]}),
    ],
)
def test_who_may_share_may_not_take_permissions_back(action: str, parameters: dict[str, t.Any]) -> None:
    asked = [*MAKING, call(action, parameters=parameters)]
    assert len(misdeeds(asked, given={one: [action] for one in THEIRS})) == 1
    assert misdeeds(asked, given={one: [f"{action}/Remove"] for one in THEIRS}) == []
