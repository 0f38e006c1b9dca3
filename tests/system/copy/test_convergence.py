# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An existing copy is given the attributes that were asked for, with one call for each that has drifted."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import without_mark
from system.looking import Looking, tags

FRIEND, STRANGER = "210987654321", "111122223333"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-exampleorgid"
ATTRIBUTES: dict[str, t.Any] = {
    "kms_key_id": "alias/shared",
    "description": "Golden",
    "tags": {"Team": "db", "Stage": "prod"},
    "snapshot_tags": {"Backup": "no"},
    "launch_permissions": {"user_ids": [FRIEND], "org_arns": [ORGANIZATION]},
    "deprecate_at": "2028-01-31T00:00:00Z",
    "deregistration_protection": "enabled",
    "imds_support": "v2.0",
    "watermarks": ["golden", "team db"],
    "instance_type_specification": {"supported_instance_types": ["t3.*"], "unsupported_instance_types": ["t3.nano"]},
}


@dataclasses.dataclass(frozen=True)
class Copied:
    """A copy with all attributes, and a client to spoil it with."""

    ec2: t.Any
    image_id: str
    snapshot_ids: list[str]

    def description(self) -> None:
        """Change the description."""
        self.ec2.modify_image_attribute(ImageId=self.image_id, Description={"Value": "spoilt"})

    def tag(self, key: str, value: str, *, what: str = "image") -> None:
        """Tag the image or its first snapshot."""
        self.ec2.create_tags(Resources=[self._named(what)], Tags=[{"Key": key, "Value": value}])

    def untag(self, key: str, *, what: str = "image") -> None:
        """Take a tag from the image or its first snapshot."""
        self.ec2.delete_tags(Resources=[self._named(what)], Tags=[{"Key": key}])

    def launch(self, kind: str, **permission: str) -> None:
        """Add or remove a launch permission."""
        self.ec2.modify_image_attribute(ImageId=self.image_id, LaunchPermission={kind: [permission]})

    def volume(self, kind: str, user_id: str) -> None:
        """Add or remove a create-volume permission on the first snapshot."""
        self.ec2.modify_snapshot_attribute(
            SnapshotId=self.snapshot_ids[0],
            Attribute="createVolumePermission",
            CreateVolumePermission={kind: [{"UserId": user_id}]},
        )

    def _named(self, what: str) -> str:
        return self.image_id if what == "image" else self.snapshot_ids[0]


@pytest.fixture
def copied(copy: Copy, look: Looking) -> Copied:
    """Return a copy that is just as asked for."""
    made = copy("mixed", **ATTRIBUTES)
    assert made.msg == ""
    look.emulator.clear_calls()
    return Copied(look.ec2(AWAY), made["image_id"], [one["snapshot_id"] for one in made["image"]["snapshots"]])


def require_as_asked(look: Looking, copied: Copied) -> None:
    """Demand that AWS holds every attribute as it was asked for."""
    image = look.image(AWAY, copied.image_id)
    assert image is not None
    assert (image["Description"], look.user_tags(image)) == ("Golden", ATTRIBUTES["tags"])
    assert set(tags(image)) - set(ATTRIBUTES["tags"]) == {
        f"sealed.ami:{name}" for name in ("source", "kms_key", "copy", "run")
    }
    assert image["DeprecationTime"].startswith("2028-01-31T00:00:00")
    assert image["DeregistrationProtection"].startswith("enabled")
    answer = copied.ec2.describe_image_attribute(ImageId=copied.image_id, Attribute="launchPermission")
    found = answer["LaunchPermissions"]
    assert sorted(value for entry in found for value in entry.values()) == sorted([FRIEND, ORGANIZATION])
    marks = [one["WatermarkKey"] for one in image["ImageWatermarks"]]
    assert {f"123456789012:{name}" for name in ATTRIBUTES["watermarks"]} <= set(marks)
    types = [one["InstanceType"] for found in image["InstanceTypeSpecification"].values() for one in found]
    assert sorted(types) == ["t3.*", "t3.nano"]
    for snapshot_id in copied.snapshot_ids:
        assert look.user_tags(look.snapshots(AWAY)[snapshot_id]) == ATTRIBUTES["snapshot_tags"]
        permissions = copied.ec2.describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
        assert permissions["CreateVolumePermissions"] == [{"UserId": FRIEND}]


def test_a_new_copy_has_them_all(copy: Copy, look: Looking, copied: Copied) -> None:
    require_as_asked(look, copied)
    look.emulator.clear_calls()
    again = copy("mixed", **ATTRIBUTES)
    assert (again["changed"], again["image_id"], look.mutations()) == (False, copied.image_id, [])


Spoil = t.Callable[[Copied], None]
DRIFT = [
    pytest.param(Copied.description, ["ModifyImageAttribute"], id="description"),
    pytest.param(lambda it: it.tag("Team", "os"), ["CreateTags"], id="image tag changed"),
    pytest.param(lambda it: it.untag("Team"), ["CreateTags"], id="image tag lost"),
    pytest.param(lambda it: it.tag("Who", "me"), ["DeleteTags"], id="image tag too many"),
    pytest.param(lambda it: it.tag("Backup", "yes", what="snapshot"), ["CreateTags"], id="snapshot tag changed"),
    pytest.param(lambda it: it.untag("Backup", what="snapshot"), ["CreateTags"], id="snapshot tag lost"),
    pytest.param(lambda it: it.tag("Who", "me", what="snapshot"), ["DeleteTags"], id="snapshot tag too many"),
    pytest.param(lambda it: it.launch("Add", UserId=STRANGER), ["ModifyImageAttribute"], id="account too many"),
    pytest.param(lambda it: it.launch("Remove", UserId=FRIEND), ["ModifyImageAttribute"], id="account lost"),
    pytest.param(
        lambda it: it.launch("Remove", OrganizationArn=ORGANIZATION), ["ModifyImageAttribute"], id="organisation lost"
    ),
    pytest.param(lambda it: it.volume("Add", STRANGER), ["ModifySnapshotAttribute"], id="snapshot shared too widely"),
    pytest.param(lambda it: it.volume("Remove", FRIEND), ["ModifySnapshotAttribute"], id="snapshot no longer shared"),
    pytest.param(
        lambda it: it.ec2.disable_image_deprecation(ImageId=it.image_id),
        ["EnableImageDeprecation"],
        id="deprecation lost",
    ),
    pytest.param(
        lambda it: it.ec2.enable_image_deprecation(ImageId=it.image_id, DeprecateAt="2029-01-31T00:00:00Z"),
        ["EnableImageDeprecation"],
        id="deprecation moved",
    ),
    pytest.param(
        lambda it: it.ec2.disable_image_deregistration_protection(ImageId=it.image_id),
        ["EnableImageDeregistrationProtection"],
        id="protection lost",
    ),
    pytest.param(
        lambda it: it.ec2.detach_image_watermark(ImageId=it.image_id, WatermarkKey="123456789012:team db"),
        ["AttachImageWatermark"],
        id="watermark lost",
    ),
    pytest.param(
        lambda it: it.ec2.replace_image_instance_type_specification(ImageId=it.image_id),
        ["ReplaceImageInstanceTypeSpecification"],
        id="instance types lost",
    ),
]


def test_a_watermark_that_is_not_listed_stays(copy: Copy, look: Looking, copied: Copied) -> None:
    copied.ec2.attach_image_watermark(ImageId=copied.image_id, WatermarkName="another")
    look.emulator.clear_calls()
    assert copy("mixed", **ATTRIBUTES)["changed"] is False and look.mutations() == []
    marks = (look.image(AWAY, copied.image_id) or {})["ImageWatermarks"]
    assert "123456789012:another" in [one["WatermarkKey"] for one in marks]


@pytest.mark.parametrize(("spoil", "calls"), DRIFT)
def test_drift(copy: Copy, look: Looking, copied: Copied, spoil: Spoil, calls: list[str]) -> None:
    spoil(copied)
    look.emulator.clear_calls()
    predicted = copy("mixed", **ATTRIBUTES, check=True)
    assert (predicted.msg, predicted["changed"], predicted["image"]["action"]) == ("", True, "updated")
    assert look.mutations() == []
    result = copy("mixed", **ATTRIBUTES)
    assert (result.msg, result["changed"], result["image"]["action"]) == ("", True, "updated")
    assert result["image_id"] == copied.image_id
    assert look.mutations() == calls
    assert result["image"] == predicted["image"]
    require_as_asked(look, copied)
    assert not copy("mixed", **ATTRIBUTES)["changed"]


def test_what_is_not_asked_for_is_left_alone(copy: Copy, look: Looking, copied: Copied) -> None:
    copied.description()
    copied.tag("Team", "os")
    copied.launch("Add", UserId=STRANGER)
    look.emulator.clear_calls()
    result = copy("mixed", kms_key_id="alias/shared")
    assert (result["changed"], look.mutations()) == (False, [])
    assert result["image"]["tags"]["Team"] == "os"


def test_tags_may_be_added_without_purging(copy: Copy, look: Looking, copied: Copied) -> None:
    result = copy("mixed", kms_key_id="alias/shared", tags={"New": "1"}, snapshot_tags={}, purge_tags=False)
    assert look.mutations() == ["CreateTags"]
    image = look.image(AWAY, copied.image_id)
    assert image is not None and look.user_tags(image) == {**ATTRIBUTES["tags"], "New": "1"}
    assert result["image"]["tags"] == without_mark(image)


def test_everything_can_be_taken_away_again(copy: Copy, look: Looking, copied: Copied) -> None:
    nothing: dict[str, t.Any] = {
        "kms_key_id": "alias/shared",
        "description": "",
        "tags": {},
        "launch_permissions": {},
        "deprecate_at": "",
        "deregistration_protection": "disabled",
    }
    result = copy("mixed", **nothing)
    assert result.msg == ""
    image = look.image(AWAY, copied.image_id)
    assert image is not None
    assert (image.get("Description", ""), look.user_tags(image), "DeprecationTime" in image) == ("", {}, False)
    assert not image["DeregistrationProtection"].startswith("enabled")
    assert not copied.ec2.describe_image_attribute(ImageId=copied.image_id, Attribute="launchPermission")[
        "LaunchPermissions"
    ]
    assert not copy("mixed", **nothing)["changed"]


def test_the_source_s_tags_are_copied_below_those_asked_for(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", kms_key_id="alias/golden", copy_tags=True, tags={"Stage": "sealed"})
    image = look.image(AWAY, made["image_id"])
    assert image is not None and look.user_tags(image) == {"Team": "platform", "Stage": "sealed"}
    again = copy("plain-root", kms_key_id="alias/golden", copy_tags=True, tags={"Stage": "sealed"})
    assert not again["changed"]


def test_attributes_that_need_an_available_image_are_set_by_the_next_run(copy: Copy, look: Looking) -> None:
    look.emulator.configure(copy_seconds_minimum=60)
    first = copy("mixed", **ATTRIBUTES, wait=False)
    assert (first["changed"], first["image"]["state"]) == (True, "pending")
    look.emulator.advance(61)
    second = copy("mixed", **ATTRIBUTES, wait=False)
    assert (second["changed"], second["image"]["action"]) == (True, "updated")
    snapshot_ids = [one["snapshot_id"] for one in second["image"]["snapshots"]]
    require_as_asked(look, Copied(look.ec2(AWAY), second["image_id"], snapshot_ids))
    assert not copy("mixed", **ATTRIBUTES, wait=False)["changed"]


def test_protection_with_cooldown(copy: Copy, look: Looking) -> None:
    plain: dict[str, t.Any] = {"kms_key_id": "alias/golden", "deregistration_protection": "enabled"}
    made = copy("plain-root", **plain)
    cooled: dict[str, t.Any] = {**plain, "deregistration_protection": "enabled-with-cooldown"}
    assert copy("plain-root", **cooled)["changed"]
    image = look.image(AWAY, made["image_id"])
    assert image is not None and image["DeregistrationProtection"].startswith("enabled-with-cooldown")
    assert not copy("plain-root", **cooled)["changed"]
    assert not copy("plain-root", **plain)["changed"]


def test_values_of_the_last_tags_that_fit_can_be_changed(copy: Copy, look: Looking) -> None:
    """AWS counts keys: a new value needs no room, and what was changed is said to be."""
    many = {f"t{number}": "old" for number in range(46)}
    first = copy("plain-root", kms_key_id="alias/shared", tags=many, snapshot_tags={})
    again = copy("plain-root", kms_key_id="alias/shared", tags={**many, "t1": "new", "t2": "new"}, snapshot_tags={})
    assert (again["changed"], again["images"][0]["action"]) == (True, "updated")
    shown = tags(look.image(AWAY, first["image_id"]) or {})
    assert (len(shown), shown["t1"], shown["t3"]) == (50, "new", "old")
