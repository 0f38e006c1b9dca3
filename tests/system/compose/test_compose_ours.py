# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ours or not ours: what carries all our tags and was not made by composing is never touched, and never taken over."""

from __future__ import annotations

import typing as t

import pytest
from faults.holdings import backend, held, tags_of

from emulated_aws.client import Emulator
from system.compose.asking import EMPTY_VOLUME, HOME, METHODS, SOURCES, THREE_KEYS, Compose
from system.looking import Looking, tags

pytestmark = pytest.mark.lengthy

MAPPING = [*THREE_KEYS, EMPTY_VOLUME]
Tags = list[dict[str, str]]


class Travellers:
    """A production system that was launched from a composed image, with all the tags that travel with it."""

    def __init__(self, look: Looking, image_id: str):
        self._ec2 = look.ec2(HOME)
        self._look = look
        self.image = look.image(HOME, image_id) or {}
        self.image_tags: Tags = self.image["Tags"]
        by_device = {one["DeviceName"]: one["Ebs"]["SnapshotId"] for one in self.image["BlockDeviceMappings"]}
        self.snapshots = {name: look.snapshots(HOME)[one] for name, one in by_device.items()}

    def make_all(self) -> set[str]:
        """Make everything and return the ids."""
        instance_id = self._instance()
        volume_ids = [one["VolumeId"] for one in self._attached(instance_id)]
        self._ec2.create_tags(Resources=volume_ids, Tags=self.image_tags)
        made = {instance_id, *volume_ids, self._scratch(), self.make_empty()}
        for name, snapshot in self.snapshots.items():
            made |= {self._restored(snapshot), self._backup(volume_ids[0], snapshot), self._copy(name, snapshot)}
        return made | self._images(instance_id)

    def _instance(self) -> str:
        specifications = [{"ResourceType": kind, "Tags": self.image_tags} for kind in ("instance", "volume")]
        launched = self._ec2.run_instances(
            ImageId=self.image["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.micro",
            TagSpecifications=specifications, ClientToken="infrastructure-as-code",
        )  # fmt: skip
        self._look.emulator.advance(100)
        return str(launched["Instances"][0]["InstanceId"])

    def _attached(self, instance_id: str) -> list[dict[str, t.Any]]:
        wanted = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
        return list(self._ec2.describe_volumes(Filters=wanted)["Volumes"])

    def _scratch(self) -> str:
        """Return an empty, detached volume of the size of ours, tagged by a script after its instance."""
        made = self._ec2.create_volume(
            AvailabilityZone=f"{HOME}a", Size=5, Encrypted=True,
            TagSpecifications=[{"ResourceType": "volume", "Tags": self.image_tags}],
        )  # fmt: skip
        return str(made["VolumeId"])

    def make_empty(self) -> str:
        """Make an empty volume like ours in all that can be chosen, with every tag that ours had."""
        snapshot = self.snapshots["/dev/sdh"]
        made = self._ec2.create_volume(
            AvailabilityZone=f"{HOME}a", Size=5, Encrypted=True, KmsKeyId=snapshot["KmsKeyId"], VolumeType="gp3",
            TagSpecifications=[{"ResourceType": "volume", "Tags": snapshot["Tags"]}],
        )  # fmt: skip
        return str(made["VolumeId"])

    def _restored(self, snapshot: dict[str, t.Any]) -> str:
        made = self._ec2.create_volume(
            AvailabilityZone=f"{HOME}a", SnapshotId=snapshot["SnapshotId"],
            TagSpecifications=[{"ResourceType": "volume", "Tags": snapshot["Tags"]}],
        )  # fmt: skip
        return str(made["VolumeId"])

    def _backup(self, volume_id: str, snapshot: dict[str, t.Any]) -> str:
        made = self._ec2.create_snapshot(
            VolumeId=volume_id, Description="Created for policy: policy-0123456789abcdef0",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": snapshot["Tags"]}],
        )  # fmt: skip
        return str(made["SnapshotId"])

    def _copy(self, name: str, snapshot: dict[str, t.Any]) -> str:
        made = self._ec2.copy_snapshot(
            SourceRegion=HOME, SourceSnapshotId=snapshot["SnapshotId"], Description=f"my copy of {name}",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": snapshot["Tags"]}],
        )  # fmt: skip
        return str(made["SnapshotId"])

    def _images(self, instance_id: str) -> set[str]:
        """Return a nightly image of the instance and a copy of ours under its very name, with their snapshots."""
        kinds = [{"ResourceType": kind, "Tags": self.image_tags} for kind in ("image", "snapshot")]
        nightly = self._ec2.create_image(InstanceId=instance_id, Name="nightly", TagSpecifications=kinds)["ImageId"]
        copy = self._ec2.copy_image(
            SourceImageId=self.image["ImageId"], SourceRegion=HOME, Name=self.image["Name"], CopyImageTags=True
        )["ImageId"]
        self._look.emulator.advance(3600)
        amis = backend(HOME).amis
        return {nightly, copy, *amis[nightly].snapshot_ids(), *amis[copy].snapshot_ids()}


def state_of(ids: t.Iterable[str]) -> dict[str, t.Any]:
    """Return everything that could have been changed of the things that are there."""
    here = backend(HOME)
    instances = {one.id: one.state for one in here.all_instances()}
    kinds: list[dict[str, t.Any]] = [here.amis, here.snapshots, here.volumes, instances]
    found = {one: kind[one] for one in ids for kind in kinds if one in kind}
    return {one: (repr(thing), sorted(tags_of(one, HOME).items())) for one, thing in found.items()}


def production(compose: Compose, look: Looking, method: str) -> tuple[Travellers, set[str], dict[str, t.Any]]:
    """Return a composed image, what was made of it, and how that is."""
    made = compose("database", method=method, device_mapping=MAPPING, tags={"Team": "db"})
    assert made.msg == ""
    look.emulator.advance(200)
    travellers = Travellers(look, made["image_id"])
    ids = travellers.make_all()
    before = state_of(ids)
    assert set(before) == ids and len(ids) > 20
    return travellers, ids, before


def destroyed(look: Looking, since: int) -> set[str]:
    """Return the ids that destructive calls have named, as the call log has them."""
    actions = ("Terminate*", "Stop*", "Delete*", "Deregister*", "Detach*")
    found: set[str] = set()
    for call in look.calls(action=list(actions), since=since):
        for name, value in call["parameters"].items():
            if name.endswith(("Id", "Ids", "Resources")):
                found |= set(value if isinstance(value, list) else [value])
    return found


def is_copy(image: dict[str, t.Any]) -> bool:
    """Tell an image that CopyImage made, which has a source and no instance."""
    return "SourceImageId" in image and "SourceInstanceId" not in image


def last_call(look: Looking) -> int:
    """Return the number of the last call."""
    return max((call["number"] for call in look.calls()), default=0)


@pytest.mark.parametrize("method", METHODS)
def test_a_second_run_touches_nothing_of_production(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    _travellers, ids, before = production(compose, look, method)
    since = last_call(look)
    asked: dict[str, t.Any] = {"method": method, "device_mapping": MAPPING, "tags": {"Team": "db"}}
    refused = compose("database", **asked)
    # The copy under our very name is somebody else's, and stands in the way; with it gone all is as it was.
    assert refused.failed and "copied from" in refused.msg
    copies = [one for one in look.images(HOME) if one["Name"] == "composed" and is_copy(one)]
    look.ec2(HOME).deregister_image(ImageId=copies[0]["ImageId"])
    emulator.advance(200)
    again = compose("database", **asked)
    assert (again.msg, again["changed"], again["image"]["action"]) == ("", False, "unchanged")
    assert destroyed(look, since) == {copies[0]["ImageId"]}
    kept = ids - {copies[0]["ImageId"]}
    assert state_of(kept) == {one: before[one] for one in kept}


@pytest.mark.parametrize("gone", [False, True], ids=["its image is there", "its image is gone"])
@pytest.mark.parametrize("method", METHODS)
def test_removing_the_image_touches_nothing_of_production(
    compose: Compose, look: Looking, emulator: Emulator, method: str, gone: bool
) -> None:
    travellers, ids, before = production(compose, look, method)
    asked: dict[str, t.Any] = {"method": method, "device_mapping": MAPPING, "state": "absent"}
    ours = {travellers.image["ImageId"], *(one["SnapshotId"] for one in travellers.snapshots.values())}
    if gone:
        look.ec2(HOME).deregister_image(ImageId=travellers.image["ImageId"])
        emulator.advance(200)
        ours = {one["SnapshotId"] for one in travellers.snapshots.values()}
    since = last_call(look)
    predicted = compose("database", check=True, **asked)
    assert set(predicted["image"].get("removed", ())) == ours
    removed = compose("database", **asked)
    assert removed.msg == "" and set(removed["image"].get("removed", ())) == ours
    assert destroyed(look, since) <= ours
    assert state_of(ids) == before
    assert not ours & held()
    assert [one for one in removed.warnings if "is kept" in one]


@pytest.mark.parametrize("method", METHODS)
def test_a_rollback_touches_nothing_of_production(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    travellers, ids, _before = production(compose, look, method)
    copies = [one for one in look.images(HOME) if one["Name"] == "composed" and is_copy(one)]
    for image_id in (copies[0]["ImageId"], travellers.image["ImageId"]):
        look.ec2(HOME).deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
    emulator.advance(200)
    ids = ids & held()
    before, holdings = state_of(ids), held()
    emulator.faults.add("access_denied", action="ModifyImageAttribute")
    failed = compose(
        "database", method=method, device_mapping=MAPPING, on_failure="rollback",
        launch_permissions={"user_ids": ["210987654321"]},
    )  # fmt: skip
    emulator.faults.clear()
    assert failed.failed and (failed["image_id"], failed["image"]["state"]) == (None, "absent")
    assert failed["image"]["created"] == [] and len(failed["image"]["removed"]) == 5
    assert state_of(ids) == before
    emulator.advance(600)
    assert held() == holdings


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("method", METHODS)
def test_an_empty_volume_with_all_our_tags_is_left(
    compose: Compose, look: Looking, emulator: Emulator, method: str, state: str
) -> None:
    """Nothing that AWS says of an empty volume of nobody tells whose it is; the instance was there an hour ago."""
    asked: dict[str, t.Any] = {"method": method, "device_mapping": MAPPING}
    made = compose("database", **asked)
    emulator.advance(60)
    empty = Travellers(look, made["image_id"]).make_empty()
    emulator.advance(60)
    before = state_of([empty])
    if state == "present":
        look.ec2(HOME).deregister_image(ImageId=made["image_id"], DeleteAssociatedSnapshots=True)
        emulator.advance(200)
    for check in (True, False):
        again = compose("database", check=check, state=state, **asked)
        assert again.msg == ""
        # People whose disks carry the tags are not to read of them in each run.
        named = [one for one in again.warnings if empty in one and "are kept" in one]
        assert bool(named) is (state == "absent")
    assert before and state_of([empty]) == before


class Namesake:
    """An image of an instance of the source, by hand, under the very name, keys and tags of a composed image."""

    def __init__(self, look: Looking, image_id: str):
        self._look, self._ec2 = look, look.ec2(HOME)
        self._pattern = Travellers(look, image_id)
        devices = self._pattern.image["BlockDeviceMappings"]
        keys = {one["DeviceName"]: self._pattern.snapshots[one["DeviceName"]]["KmsKeyId"] for one in devices}
        mapping = [
            {"DeviceName": name, "Ebs": {"Encrypted": True, "KmsKeyId": key, "VolumeType": "gp3"}}
            for name, key in keys.items()
        ]
        for one in mapping:
            one["Ebs"]["VolumeSize"] = self._pattern.snapshots[one["DeviceName"]]["VolumeSize"]
        launched = self._ec2.run_instances(
            ImageId=SOURCES["database"], MinCount=1, MaxCount=1, InstanceType="t3.micro", BlockDeviceMappings=mapping,
            ClientToken="infrastructure-as-code",
        )  # fmt: skip
        self.instance_id = str(launched["Instances"][0]["InstanceId"])
        self._ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
        look.emulator.advance(200)

    def create(self, **changed: str) -> str:
        """Create the image, with all the tags of the composed one but those that are changed on purpose."""
        known = {**tags({"Tags": self._pattern.image_tags}), **changed}
        pairs = [{"Key": key, "Value": value} for key, value in known.items()]
        kinds = [{"ResourceType": kind, "Tags": pairs} for kind in ("image", "snapshot")]
        made = self._ec2.create_image(
            InstanceId=self.instance_id, Name="composed", NoReboot=True, TagSpecifications=kinds
        )["ImageId"]
        self._look.emulator.advance(600)
        return str(made)

    def end(self) -> None:
        """Terminate the instance, and wait until AWS lists it no more."""
        self._ec2.terminate_instances(InstanceIds=[self.instance_id])
        self._look.emulator.advance(200)
        self._look.emulator.advance(7200)
        wanted = [{"Name": "instance-id", "Values": [self.instance_id]}]
        assert self._ec2.describe_instances(Filters=wanted)["Reservations"] == []


@pytest.mark.parametrize(
    ("on_purpose", "ended"), [(False, False), (False, True), (True, False)],
    ids=["tags copied", "tags copied, its instance is gone", "the tag names its instance"],
)  # fmt: skip
def test_an_image_of_another_instance_under_our_name_is_not_ours(
    compose: Compose, look: Looking, emulator: Emulator, on_purpose: bool, ended: bool
) -> None:
    asked: dict[str, t.Any] = {"method": "instance", "device_mapping": MAPPING}
    made = compose("database", **asked)
    emulator.advance(200)
    namesake = Namesake(look, made["image_id"])
    image_id = namesake.create(**({"sealed.ami:builder": namesake.instance_id} if on_purpose else {}))
    if ended:
        namesake.end()
    ids = {image_id, *backend(HOME).amis[image_id].snapshot_ids()}
    before, since = state_of(ids), last_call(look)
    assert len(before) == 5
    refused = compose("database", **asked, launch_permissions={"user_ids": ["210987654321"]}, tags={})
    assert refused.failed and image_id in refused.msg and namesake.instance_id in refused.msg
    kept = compose("database", **asked, state="absent")
    assert (kept.msg, kept["changed"]) == ("", False)
    assert [one for one in kept.warnings if image_id in one and "is kept" in one]
    assert destroyed(look, since) == set() and state_of(ids) == before
    look.ec2(HOME).deregister_image(ImageId=image_id)
    emulator.advance(200)
    snapshots = ids - {image_id}
    gone, since = state_of(snapshots), last_call(look)
    kept = compose("database", **asked, state="absent")
    assert (kept.msg, kept["changed"]) == ("", False)
    assert [one for one in kept.warnings if all(each in one for each in snapshots)]
    assert destroyed(look, since) == set() and state_of(snapshots) == gone


@pytest.mark.parametrize("listed", [True, False], ids=["its instance is listed", "its instance is listed no more"])
def test_what_is_left_of_an_image_that_is_gone_goes_with_the_next(
    compose: Compose, look: Looking, emulator: Emulator, listed: bool
) -> None:
    """A run that ends between DeregisterImage and DeleteSnapshot leaves these; the next image has its own."""
    asked: dict[str, t.Any] = {"method": "instance", "device_mapping": MAPPING}
    made = compose("database", **asked)
    left = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    look.ec2(HOME).deregister_image(ImageId=made["image_id"])
    emulator.advance(200 if listed else 7200)
    before = held()
    again = compose("database", **asked)
    assert again.msg == "" and left <= before and not left & held()
    assert set(again["image"]["removed"]) == left


def test_a_rollback_leaves_what_another_run_has_made(compose: Compose, look: Looking, emulator: Emulator) -> None:
    """Made or met: snapshots of an earlier run are taken over, named, and stay."""
    emulator.faults.add("error", action="RegisterImage", code="InvalidBlockDeviceMapping", status=400, message="No.")
    kept = set(compose("database", device_mapping=THREE_KEYS)["image"]["created"])
    assert len(kept) == 3
    failed = compose("database", device_mapping=MAPPING, name="composed", on_failure="rollback")
    assert failed.failed and kept <= held()
    again = compose("database", device_mapping=THREE_KEYS, on_failure="rollback")
    assert again.failed and set(again["image"]["adopted"]) == kept and again["image"]["created"] == []
    assert kept <= held() and all(one in again.msg for one in kept)
    emulator.faults.clear()
    made = compose("database", device_mapping=THREE_KEYS)
    assert {one["snapshot_id"] for one in made["image"]["snapshots"]} == kept


def test_the_content_of_each_device_is_its_own(compose: Compose, look: Looking) -> None:
    """A device with content is a copy of its snapshot, never an empty volume of the same size."""
    image = look.image(HOME, SOURCES["database"]) or {}
    source = {one["DeviceName"]: one["Ebs"]["SnapshotId"] for one in image["BlockDeviceMappings"]}
    made = compose("database", device_mapping=MAPPING)
    copied = {
        tags({"Tags": one["Tags"]})["sealed.ami:device"]: call["parameters"]["SourceSnapshotId"]
        for call in look.calls(action="CopySnapshot")
        for one in call["parameters"]["TagSpecifications"]
    }
    assert copied == source
    born = {one["SnapshotId"]: one["VolumeId"] for one in look.snapshots(HOME).values()}
    placeholders = {
        one["device_name"]: born[one["snapshot_id"]] == "vol-ffffffff" for one in made["image"]["snapshots"]
    }
    assert placeholders == {"/dev/xvda": True, "/dev/sdf": True, "/dev/sdg": True, "/dev/sdh": False}
    assert len(look.calls(action="CreateVolume")) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_removal_that_stops_half_way_says_how_far_it_came(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    made = compose("database", method=method, device_mapping=THREE_KEYS)
    ids = [one["snapshot_id"] for one in made["image"]["snapshots"]]
    # Another image uses the first, so the others are deleted one by one; the second may not be.
    look.ec2(HOME).register_image(
        Name="another", RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": ids[0]}}],
    )  # fmt: skip
    emulator.faults.add("access_denied", action="DeleteSnapshot", resource=ids[1])
    stopped = compose("database", method=method, state="absent")
    assert stopped.failed and stopped["changed"] is True
    assert (stopped["image_id"], stopped["image"]["state"]) == (None, "absent")
    gone, left = set(stopped["image"]["removed"]), set(stopped["image"]["left"])
    assert made["image_id"] in gone and ids[1] in left and ids[0] not in gone | left
    assert gone | left == {made["image_id"], *ids[1:]}
    assert not gone & held() and left <= held() and ids[0] in held()


def open_to(look: Looking, snapshot_id: str) -> list[str]:
    """Return the accounts that may create volumes from a snapshot."""
    shown = look.ec2(HOME).describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
    return [one["UserId"] for one in shown["CreateVolumePermissions"]]


def test_sharing_an_image_never_opens_its_source(compose: Compose, look: Looking) -> None:
    """Whether shared from the start or later, and closed again: the source's snapshots stay as they are."""
    image = look.image(HOME, SOURCES["database-sealed"]) or {}
    source = [one["Ebs"]["SnapshotId"] for one in image["BlockDeviceMappings"]]
    asked: dict[str, t.Any] = {"device_mapping": [{**THREE_KEYS[2], "kms_key_id": "alias/golden"}]}
    shared: dict[str, t.Any] = {"launch_permissions": {"user_ids": ["210987654321"]}}
    closed: dict[str, t.Any] = {"launch_permissions": {"user_ids": []}}
    born = compose("database-sealed", name="born-shared", **asked, **shared)
    assert born.msg == "" and not born.warnings
    own = [one["snapshot_id"] for one in born["image"]["snapshots"]]
    assert not set(own) & set(source) and [open_to(look, one) for one in own] == [["210987654321"]] * 3
    compose("database-sealed", **asked)
    later = compose("database-sealed", **asked, **shared)
    assert (later.msg, later["image"]["action"]) == ("", "updated")
    assert [one for one in later.warnings if "not copied" in one and all(name in one for name in source[:2])]
    mine = next(one["snapshot_id"] for one in later["image"]["snapshots"] if one["device_name"] == "/dev/sdg")
    assert open_to(look, mine) == ["210987654321"]
    assert compose("database-sealed", **asked, **shared)["changed"] is False
    assert compose("database-sealed", **asked, **closed)["image"]["action"] == "updated"
    assert open_to(look, mine) == [] and compose("database-sealed", **asked, **closed)["changed"] is False
    assert [open_to(look, one) for one in source] == [[]] * 3


def test_a_restored_image_is_not_removed_on_its_tags(compose: Compose, look: Looking, emulator: Emulator) -> None:
    """Somebody registers under our very name and tags what a backup has; it is not what composing made."""
    ec2, made = look.ec2(HOME), compose("database", device_mapping=THREE_KEYS)
    image = look.image(HOME, made["image_id"]) or {}
    mapping = []
    for one in image["BlockDeviceMappings"]:
        snapshot = look.snapshots(HOME)[one["Ebs"]["SnapshotId"]]
        kinds = [{"ResourceType": "snapshot", "Tags": snapshot["Tags"]}]
        copied = ec2.copy_snapshot(
            SourceRegion=HOME, SourceSnapshotId=snapshot["SnapshotId"], Description="a backup", TagSpecifications=kinds
        )
        mapping.append({"DeviceName": one["DeviceName"], "Ebs": {"SnapshotId": copied["SnapshotId"]}})
    ec2.deregister_image(ImageId=made["image_id"], DeleteAssociatedSnapshots=True)
    emulator.advance(4000)
    kinds = [{"ResourceType": "image", "Tags": image["Tags"]}]
    restored = ec2.register_image(
        Name="composed", RootDeviceName=image["RootDeviceName"], BlockDeviceMappings=mapping, TagSpecifications=kinds
    )["ImageId"]
    gone = compose("database", device_mapping=THREE_KEYS, state="absent")
    assert (gone.msg, gone["changed"]) == ("", False) and [one for one in gone.warnings if restored in one]
    assert look.image(HOME, restored) is not None


def test_an_image_of_nothing_but_its_source_is_removed(compose: Compose, look: Looking) -> None:
    """Each snapshot of the source has its key already and is taken as it is; so it stays when the image goes."""
    made = compose("database-sealed", name="shared")
    source = look.image(HOME, SOURCES["database-sealed"]) or {}
    ids = {one["Ebs"]["SnapshotId"] for one in source["BlockDeviceMappings"]}
    assert {one["snapshot_id"] for one in made["image"]["snapshots"]} == ids
    gone = compose("database-sealed", name="shared", state="absent")
    assert gone["image"]["removed"] == [made["image_id"]] and ids <= held()
