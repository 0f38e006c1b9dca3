# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook: images of one account end in three others, under their keys, and nothing is left of the way there."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.copy.asking import SOURCES
from system.looking import Looking, tags
from system.running import ROOT, RunPlaybook
from system.share.sharing import snapshots_in

HOME, AWAY, OWNER = "us-east-1", "eu-west-1", "123456789012"
# The key of each account, by alias.
KEYS = {"210987654321": "alias/golden", "111122223333": "alias/vendor-private", "444455556666": "alias/arrivals"}
DIRECT, LOCKED = SOURCES["encrypted-root"], SOURCES["default-key"]
PLAYBOOK = pathlib.Path("sealed.ami.distribute")
QUICK = {"distribute_wait_delay": 1, "distribute_grant_timeout": 0}
TARGETS = (ROOT / "playbooks" / "vars" / "distribute.image_targets.yml").read_text()
# One image, one account, one region.
SMALL = TARGETS.partition("\n  - account: staging")[0].replace(f", {LOCKED}]", "]").replace(f", {AWAY}]", "]")
# What docs/iam says that each party needs.
OWNERS = (
    "info",
    "share-images",
    "share-images-recorded",
    "grant",
    "revoke-grant",
    "copy",
    "remove",
    "distribute-owner",
)
CONSUMERS = ("info", "copy", "copy-of-encrypted")


class Scene:
    """Accounts with their keys, and what is there of the images."""

    def __init__(self, emulator: Emulator, oracle: Guard, folder: pathlib.Path) -> None:
        self.emulator = emulator
        self.owner = Looking(emulator)
        self.consumers = {number: Looking(emulator, account=number) for number in KEYS}
        self.path = folder / "mine.image_targets.yml"
        self.path.write_text(TARGETS)
        for region in (HOME, AWAY):
            kms = self.consumers["444455556666"].kms(region)
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/arrivals", TargetKeyId=key)
        acts = ["ModifyImageAttribute", "ModifySnapshotAttribute"]
        acts += [*(f"{act}/Remove" for act in acts), "CreateTags", "DeleteTags"]
        for image_id in (DIRECT, LOCKED):
            oracle.given(image_id, *snapshots_in(self.owner.image(HOME, image_id) or {}), to=acts)
        for alias in ("alias/golden", "alias/data"):
            arn = self.owner.key_arn(alias, HOME)
            oracle.given(arn, to=["CreateGrant"])

        self.allow("image-owner", OWNER, OWNERS)
        for number in KEYS:
            self.allow("image-copier", number, CONSUMERS)

    def allow(self, role: str, number: str, policies: t.Sequence[str]) -> None:
        """Let a role do what policies of the documentation allow, and nothing else."""
        found = [json.loads((ROOT / "docs" / "iam" / f"{name}.json").read_text()) for name in policies]
        self.emulator.principal(f"arn:aws:iam::{number}:role/{role}", found)

    def copies(self, number: str, region: str) -> list[dict[str, t.Any]]:
        """Return the images that an account has of its own in a region that were copied by us."""
        own = self.consumers[number].images(region)
        return [image for image in own if "sealed.ami:copy" in tags(image)]

    def left(self) -> dict[str, t.Any]:
        """Return what the owner has on the way: permissions, records, grants and intermediates."""
        ec2 = self.owner.ec2(HOME)
        found: dict[str, t.Any] = {}
        for image_id in (DIRECT, LOCKED):
            shared = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")["LaunchPermissions"]
            image = self.owner.image(HOME, image_id) or {}
            for one in snapshots_in(image):
                answer = ec2.describe_snapshot_attribute(SnapshotId=one, Attribute="createVolumePermission")
                shared += answer["CreateVolumePermissions"]
            records = [key for key in tags(image) if key.startswith("sealed.ami:shared-for-")]
            found[image_id] = (shared, records)
        for alias in ("alias/golden", "alias/data"):
            listed = self.owner.kms(HOME).list_grants(KeyId=self.owner.key_arn(alias, HOME))["Grants"]
            found[alias] = [one["Name"] for one in listed if one.get("Name", "").startswith("sealed-ami:")]
        found["intermediates"] = [
            one["ImageId"] for one in self.owner.images(HOME) if "sealed.ami:purpose" in tags(one)
        ]
        return found


NOTHING: dict[str, t.Any] = {
    DIRECT: ([], []),
    LOCKED: ([], []),
    "alias/golden": [],
    "alias/data": [],
    "intermediates": [],
}


@pytest.fixture
def scene(served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path) -> Scene:
    """Return three accounts with a key in two regions each."""
    return Scene(served_emulator, oracle, tmp_path)


def test_three_accounts_and_two_regions(scene: Scene, run_playbook: RunPlaybook) -> None:
    assert scene.left() == NOTHING
    played = run_playbook(PLAYBOOK, "-i", str(scene.path), "--forks", "3", **QUICK)
    assert played.status == 0, played.explain()
    for number, alias in KEYS.items():
        for region in (HOME, AWAY):
            look = scene.consumers[number]
            copies = scene.copies(number, region)
            assert len(copies) == 2
            for image in copies:
                assert set(look.keys(region, image["ImageId"]).values()) == {look.key_arn(alias, region)}
                assert tags(image)["Stage"] == "golden"
    assert scene.left() == NOTHING


def test_killed_taken_up_and_nothing_to_do(scene: Scene, run_playbook: RunPlaybook) -> None:
    """The first run ends once everything is given; the second makes no other intermediate, and leaves none."""
    scene.path.write_text(SMALL.replace(DIRECT, LOCKED))
    options = ("-i", str(scene.path))
    given = run_playbook(PLAYBOOK, *options, "--tags", "owner", **QUICK)
    assert given.status == 0, given.explain()
    left = scene.left()
    assert (len(left["alias/data"]), len(left["intermediates"]), left[LOCKED]) == (1, 1, ([], []))
    shared = scene.owner.ec2(HOME).describe_image_attribute(
        ImageId=left["intermediates"][0], Attribute="launchPermission"
    )
    assert shared["LaunchPermissions"] == [{"UserId": "210987654321"}]

    played = run_playbook(PLAYBOOK, *options, **QUICK)
    assert played.status == 0, played.explain()
    made = [one for one in scene.emulator.calls(action="CopyImage") if one["parameters"]["SourceImageId"] == LOCKED]
    assert len(made) == 1, "the intermediate was made twice"
    assert scene.left() == NOTHING and len(scene.copies("210987654321", HOME)) == 1

    scene.emulator.clear_calls()
    again = run_playbook(PLAYBOOK, *options, **QUICK)
    assert (again.status, again.changed) == (0, 0), again.explain()
    assert scene.owner.mutations() == []


def test_a_consumer_that_fails_keeps_everything_and_is_named(scene: Scene, run_playbook: RunPlaybook) -> None:
    scene.path.write_text(SMALL)
    scene.allow("image-copier", "210987654321", ("info", "grant"))
    failed = run_playbook(PLAYBOOK, "-i", str(scene.path), **QUICK)
    assert failed.status != 0
    for word in ("production", DIRECT):
        assert word in failed.explain()
    assert scene.left()[DIRECT][0] and len(scene.left()["alias/golden"]) == 1
