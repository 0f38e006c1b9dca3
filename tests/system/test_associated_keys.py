# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody associates another key with a snapshot: what was a sealed copy is one no more, and all modules say so."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import RunModule

HOME, AWAY = "us-east-1", "eu-west-1"
AUDIT = "ec2_ami_encryption_info"
KNOWS = "ansible_collections.sealed.ami.plugins.module_utils._aws.connection._BotocoreRegion.knows"
NAMES = [{"name": "/golden/database"}]
COPY: dict[str, t.Any] = {
    "source_region": HOME, "region": AWAY, "source_image_id": image_id("database"), "kms_key_id": "alias/golden",
    "wait": True,
}  # fmt: skip
RECOPY: dict[str, t.Any] = {**COPY, "region": HOME, "source_image_id": image_id("database-sealed")}
COMPOSE: dict[str, t.Any] = {
    "source_region": HOME, "region": HOME, "source_image_id": image_id("database-sealed"), "name": "composed",
    "wait": True,
}  # fmt: skip


def associate(look: Looking, region: str, image: str, alias: str = "alias/shared", which: int = 0) -> tuple[str, str]:
    """Associate a key with one of an image's snapshots; return both."""
    devices = (look.image(region, image) or {})["BlockDeviceMappings"]
    snapshot_id = [one["Ebs"]["SnapshotId"] for one in devices if "Ebs" in one][which]
    key = look.key_arn(alias, region)
    look.ec2(region).associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=key)
    return snapshot_id, key


@pytest.mark.parametrize("which", [0, 2])
def test_another_copy_is_made_once(run_module: RunModule, look: Looking, which: int) -> None:
    first = run_module("ec2_ami_encrypted_copy", **COPY)
    assert {tuple(one["associated_kms_key_arns"]) for one in first["image"]["snapshots"]} == {()}
    _snapshot, key = associate(look, AWAY, first["image_id"], which=which)
    look.emulator.clear_calls()
    planned = run_module("ec2_ami_encrypted_copy", check=True, **COPY)
    assert planned.actions == ["copied"] and key in planned["image"]["reason"] and not look.mutations()
    second = run_module("ec2_ami_encrypted_copy", **COPY)
    assert second.actions == ["copied"] and second["image_id"] != first["image_id"]
    assert second["image"]["reason"] == planned["image"]["reason"]
    again = run_module("ec2_ami_encrypted_copy", **COPY)
    assert (again.actions, again["image_id"]) == (["unchanged"], second["image_id"])


def test_the_opened_copy_can_be_replaced(run_module: RunModule, look: Looking) -> None:
    first = run_module("ec2_ami_encrypted_copy", **COPY)
    associate(look, AWAY, first["image_id"])
    assert run_module("ec2_ami_encrypted_copy", **COPY, superseded="deregister").actions == ["replaced"]
    assert look.image(AWAY, first["image_id"]) is None


@pytest.mark.leaves("a copy that AWS has made otherwise than it was asked for stays to be looked at")
def test_where_copies_carry_them_no_run_makes_one_more(run_module: RunModule, look: Looking) -> None:
    look.emulator.configure(copies_carry_associated_keys=True)
    associate(look, HOME, RECOPY["source_image_id"])
    first = run_module("ec2_ami_encrypted_copy", **RECOPY)
    assert first.failed and "associated key" in first.msg
    look.emulator.clear_calls()
    for check in (True, False):
        second = run_module("ec2_ami_encrypted_copy", check=check, **RECOPY)
        assert second.failed and "Disassociate the key" in second.msg
    assert not look.mutations()


def test_where_copies_do_not_carry_them_the_source_is_copied(run_module: RunModule, look: Looking) -> None:
    associate(look, HOME, RECOPY["source_image_id"])
    assert run_module("ec2_ami_encrypted_copy", **RECOPY).actions == ["copied"]
    assert run_module("ec2_ami_encrypted_copy", **RECOPY).actions == ["unchanged"]


def test_an_opened_snapshot_does_not_back_a_composed_image(run_module: RunModule, look: Looking) -> None:
    snapshot_id, key = associate(look, HOME, COMPOSE["source_image_id"])
    made = run_module("ec2_ami_compose_keys", **COMPOSE, method="snapshots")
    assert made.actions == ["composed"], made.msg
    used = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert snapshot_id not in used and len(used) == 3
    assert run_module("ec2_ami_compose_keys", **COMPOSE, method="snapshots").actions == ["unchanged"]
    _snapshot, key = associate(look, HOME, made["image_id"])
    refused = run_module("ec2_ami_compose_keys", **COMPOSE, method="snapshots")
    assert refused.failed and key in refused.msg and "is taken by image" in refused.msg


@pytest.mark.parametrize(
    ("rule", "alias", "compliant"),
    [
        pytest.param("same_rules", "alias/shared", False, id="a key that is not allowed"),
        pytest.param("same_rules", "alias/golden", True, id="one that is"),
        pytest.param("forbid", "alias/golden", False, id="none may be there"),
        pytest.param("ignore", "alias/shared", True, id="any may"),
    ],
)
def test_the_audit_judges_it(run_module: RunModule, look: Looking, rule: str, alias: str, compliant: bool) -> None:
    database = image_id("database-sealed")
    snapshot_id, key = associate(look, HOME, database, alias)
    allowed = ["alias/os", "alias/data", "alias/logs", "alias/golden"]
    policy = {"key_usable": True, "allowed_keys": allowed, "associated_keys": rule}
    (image,) = run_module(AUDIT, region=HOME, image_ids=[database], policy=policy)["images"]
    assert image["compliant"] is compliant
    assert (snapshot_id in " ".join(image["reasons"])) is not compliant
    (opened,) = (one for one in image["snapshots"] if one["snapshot_id"] == snapshot_id)
    ((shown),) = opened["associated_kms_keys"]
    assert (shown["kms_key_arn"], shown["kms_key_state"], alias in shown["kms_key_aliases"]) == (key, "Enabled", True)
    assert all(one["associated_kms_keys"] == [] for one in image["snapshots"] if one is not opened)


def test_the_audit_says_where_botocore_cannot_tell(
    run_module: RunModule, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KNOWS, lambda _self, operation, _member: operation != "AssociateKmsKeyId")
    asked: dict[str, t.Any] = {"region": HOME, "image_ids": [image_id("encrypted-root")]}
    (image,) = run_module(AUDIT, **asked, policy={"key_usable": True})["images"]
    assert image["compliant"] is None and "botocore" in image["reasons"][0]
    assert image["snapshots"][0]["associated_kms_keys"] is None
    (image,) = run_module(AUDIT, **asked, policy={"key_usable": True, "associated_keys": "ignore"})["images"]
    assert image["compliant"] is True


@pytest.mark.parametrize("alias", ["alias/shared", "alias/golden"])
def test_only_an_allowed_key_may_open_what_is_published(run_module: RunModule, look: Looking, alias: str) -> None:
    database = image_id("database-sealed")
    allowed = ["alias/os", "alias/data", "alias/logs", "alias/golden"]
    asked: dict[str, t.Any] = {"region": HOME, "image_id": database, "allowed_keys": allowed, "ssm_parameters": NAMES}
    _snapshot, key = associate(look, HOME, database, alias)
    look.emulator.clear_calls()
    result = run_module("ec2_ami_publish", **asked, check=True)
    assert result.failed is (alias == "alias/shared") and result.failed is (key in result.msg)
    assert not look.mutations() and result.warnings == []


def test_publishing_warns_where_botocore_cannot_tell(run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KNOWS, lambda _self, operation, _member: operation != "AssociateKmsKeyId")
    image, key = image_id("encrypted-root"), "alias/golden"
    result = run_module(
        "ec2_ami_publish", check=True, region=HOME, image_id=image, kms_key_id=key, ssm_parameters=NAMES
    )
    assert not result.failed and any("associated keys" in one for one in result.warnings)
