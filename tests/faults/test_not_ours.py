# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not provably this collection's work is never touched, whatever it looks like."""

from __future__ import annotations

import typing as t

import pytest
from faults.holdings import backend, held, tags_of
from faults.tasks import (
    AWAY,
    COPY,
    COPY_MODULE,
    DISMANTLE,
    HOME,
    INSTANCE,
    REMOVE,
    REPLACE,
    SNAPSHOTS,
    Task,
)
from faults.timeline import Timeline

from emulated_aws.catalogue_images import HOSTILE
from emulated_aws.catalogue_keys import VENDOR
from emulated_aws.client import Emulator
from system.looking import Looking, tags
from system.running import RunModule

Tags = dict[str, str]


class Decoys:
    """Things that look like ours and are not, made with boto3 as a user would."""

    def __init__(self, look: Looking, region: str, like: dict[str, t.Any]):
        self._ec2, self._region = look.ec2(region), region
        self._foreign = Looking(look.emulator, account=VENDOR).ec2(region)
        self._like = like
        self._image_tags = tags(like)
        self._snapshot_id = next(
            one["Ebs"]["SnapshotId"] for one in like["BlockDeviceMappings"] if "SnapshotId" in one.get("Ebs", {})
        )
        snapshot = self._ec2.describe_snapshots(SnapshotIds=[self._snapshot_id])["Snapshots"][0]
        self._snapshot_tags, self._key = tags(snapshot), snapshot["KmsKeyId"]
        self._description = snapshot["Description"]

    def make_all(self) -> set[str]:
        """Make every decoy and return their ids, with the snapshot that one of them shares with our image."""
        mine = self._volume_snapshot(self._ec2, self._snapshot_tags, self._key)
        made = {
            mine,
            self._volume(),
            self._registered(self._ec2, "decoy-tags", mine, self._image_tags),
            self._registered(self._ec2, "decoy-sharing", self._snapshot_id, self._image_tags),
            self._copied(),
        }
        return made | {self._snapshot_id}

    def make_foreign(self) -> set[str]:
        """Make an image of another account with our name and tags, shared with us."""
        theirs = self._volume_snapshot(self._foreign, self._snapshot_tags, None)
        image_id = self._registered(self._foreign, str(self._like["Name"]), theirs, self._image_tags)
        permission = {"Add": [{"UserId": "123456789012"}]}
        self._foreign.modify_image_attribute(ImageId=image_id, LaunchPermission=permission)
        return {theirs, image_id}

    def _volume_snapshot(self, ec2: t.Any, with_tags: Tags, key: str | None) -> str:
        encryption = {"Encrypted": True, "KmsKeyId": key} if key else {}
        volume = ec2.create_volume(AvailabilityZone=f"{self._region}a", Size=3, **encryption)
        made = ec2.create_snapshot(
            VolumeId=volume["VolumeId"],
            Description="a database nobody may lose",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": _pairs(with_tags)}],
        )
        ec2.delete_volume(VolumeId=volume["VolumeId"])
        return str(made["SnapshotId"])

    def _volume(self) -> str:
        almost = {key: value for key, value in self._image_tags.items() if key != "sealed.ami:copy"}
        specifications = [{"ResourceType": "volume", "Tags": _pairs(almost)}]
        made = self._ec2.create_volume(AvailabilityZone=f"{self._region}a", Size=4, TagSpecifications=specifications)
        return str(made["VolumeId"])

    def _registered(self, ec2: t.Any, name: str, snapshot_id: str, with_tags: Tags) -> str:
        return str(
            ec2.register_image(
                Name=name,
                RootDeviceName="/dev/xvda",
                BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}],
                TagSpecifications=[{"ResourceType": "image", "Tags": _pairs(with_tags)}],
            )["ImageId"]
        )

    def _copied(self) -> str:
        """Copy our own image further, tags and all, as a user does who wants one to experiment with."""
        return str(
            self._ec2.copy_image(
                SourceImageId=self._like["ImageId"], SourceRegion=self._region, Name="decoy-copy", CopyImageTags=True
            )["ImageId"]
        )


def _pairs(with_tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in with_tags.items()]


def fingerprint(ids: t.Iterable[str], region: str) -> dict[str, t.Any]:
    """Return everything that could have been changed of the things that are there."""
    here = backend(region)
    kinds: list[dict[str, t.Any]] = [here.amis, here.snapshots, here.volumes]
    found = {one: kind[one] for one in ids for kind in kinds if one in kind}
    return {one: (repr(thing), tags_of(one, region)) for one, thing in found.items()}


def an_image_of(task: Task, emulator: Emulator, run_module: RunModule, look: Looking) -> dict[str, t.Any]:
    """Make what the task's earlier run makes, or the task itself where there is none, and return the image."""
    options = task.before[0] if task.before else task.options(emulator)
    made = run_module(task.module, **options)
    assert not made.failed, made.msg
    return t.cast("dict[str, t.Any]", look.image(task.regions[0], made["image_id"]))


@pytest.mark.parametrize("task", [REMOVE, REPLACE, DISMANTLE], ids=str)
def test_removals(task: Task, emulator: Emulator, run_module: RunModule, look: Looking) -> None:
    region = task.regions[0]
    ours = an_image_of(task, emulator, run_module, look)
    decoys = Decoys(look, region, ours)
    emulator.advance(3600)
    ids = decoys.make_all()
    foreign = decoys.make_foreign()
    emulator.advance(3600)
    before = fingerprint(ids, region)
    assert set(before) == ids
    assert not run_module(task.module, **task.options(emulator)).failed
    assert ours["ImageId"] not in held()
    assert fingerprint(ids, region) == before
    assert foreign <= held(account=VENDOR)


@pytest.mark.parametrize("task", [COPY, SNAPSHOTS, INSTANCE], ids=str)
def test_rolling_back(
    task: Task, emulator: Emulator, run_module: RunModule, look: Looking, virtual_time: Timeline
) -> None:
    """The image fails on its way, when decoys with its very tags stand beside it."""
    region = task.regions[0]
    pattern = an_image_of(task, emulator, run_module, look)
    decoys = Decoys(look, region, pattern)
    ids = decoys.make_all() - {pattern["ImageId"]}
    emulator.advance(3600)
    look.ec2(region).deregister_image(ImageId=pattern["ImageId"], DeleteAssociatedSnapshots=True)
    before = fingerprint(ids, region)
    # Also before this run, the deregistered image's other snapshots are ours to sweep up.
    emulator.faults.add("access_denied", action="ModifyImageAttribute")
    result = run_module(task.module, **{**task.options(emulator), "on_failure": "rollback"})
    assert result.failed
    emulator.faults.clear()
    assert fingerprint(ids, region) == before


def test_a_failed_copy_of_somebody_else(emulator: Emulator, run_module: RunModule, look: Looking) -> None:
    """A failed image of the same source that does not carry our tags is left, and named in a warning."""
    key = look.key_arn("alias/golden", AWAY)
    made = look.ec2(AWAY).copy_image(
        SourceImageId=COPY.wanted["source_image_id"], SourceRegion=HOME, Name="theirs", Encrypted=True, KmsKeyId=key
    )["ImageId"]
    emulator.advance(60)
    backend(AWAY).amis[made].fail("Client.InternalError", "Copy image failed with an internal error")
    before = fingerprint([made], AWAY)
    result = run_module(COPY_MODULE, **COPY.wanted)
    assert not result.failed and result["image_id"] != made
    assert fingerprint([made], AWAY) == before


HOSTILE_TEXTS = [
    HOSTILE, "{{ lookup('pipe', 'id') }}", "$(id) `id` ; rm -rf /", "a=b,c=d:e*?[x]", "'; DROP TABLE images; --", " ",
    "\u202egnirts\u0000"[:-1], "\\\\n\\t%s%n{0}{__class__}", "x" * 250,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("task", [COPY, SNAPSHOTS, INSTANCE], ids=str)
def test_hostile_texts_go_through_unharmed(
    task: Task, text: str, emulator: Emulator, run_module: RunModule, look: Looking
) -> None:
    more = {"tags": {"Name": text, f"k{text}"[:120]: "v"}, "snapshot_tags": {"Note": text}, "description": text}
    result = run_module(task.module, **{**task.options(emulator), **more})
    assert not result.failed, result.msg
    image = look.image(task.regions[0], result["image_id"]) or {}
    assert look.user_tags(image) == more["tags"]
    assert image["Description"] == text
    snapshots = look.snapshots(task.regions[0])
    for device in result["image"]["snapshots"]:
        assert look.user_tags(snapshots[device["snapshot_id"]]) == {"Note": text}
    again = run_module(task.module, **{**task.options(emulator), **more})
    assert not again.failed and not again["changed"], again


@pytest.mark.parametrize("name", ["a*b?c", "{0}", "<b>", "ab", "n" * 129, "\n\n\n", "é" * 5])
@pytest.mark.parametrize("task", [COPY, SNAPSHOTS], ids=str)
def test_hostile_names_are_refused_before_anything_happens(
    task: Task, name: str, emulator: Emulator, run_module: RunModule, look: Looking
) -> None:
    result = run_module(task.module, **{**task.options(emulator), "name": name})
    assert result.failed and "is not allowed" in result.msg, result
    assert look.mutations() == []
