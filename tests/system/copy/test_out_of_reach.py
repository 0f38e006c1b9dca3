# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies whose source is gone, whose key is no longer the default, that are disabled, or that no quota has room for."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, FAR, HOME, SOURCES, Copy
from system.looking import Looking

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
GONE: dict[str, t.Any] = {**KEY, "state": "absent"}


def ids(look: Looking, region: str = AWAY) -> set[str]:
    """Return the account's images in a region, disabled ones too."""
    found = look.ec2(region).describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
    return {image["ImageId"] for image in found if image.get("SourceImageId")}


def leave(look: Looking, source: str, how: str) -> None:
    """Take a source out of reach."""
    if how == "gone":
        look.ec2(HOME).deregister_image(ImageId=SOURCES[source])
    else:
        look.ec2(HOME).disable_image(ImageId=SOURCES[source])


@pytest.mark.parametrize(("source", "how"), [("plain-root", "gone"), ("plain-root", "disabled"), ("database", "gone")])
def test_a_protected_copy_can_be_unprotected_and_then_removed(copy: Copy, look: Looking, source: str, how: str) -> None:
    made = copy(source, **KEY, deregistration_protection="enabled")
    leave(look, source, how)
    refused = copy(source, **GONE)
    assert refused.failed and made["image_id"] in refused.msg and "deregistration_protection=disabled" in refused.msg
    assert ids(look) == {made["image_id"]}
    off = copy(source, **KEY, deregistration_protection="disabled")
    assert (off.msg, off["image"]["action"], off["image_id"]) == ("", "updated", made["image_id"])
    gone = copy(source, **GONE)
    assert (gone.msg, gone["image"]["action"], ids(look)) == ("", "removed", set())


def test_a_protection_with_a_cooldown_is_told_before_anything_is_done(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", **KEY, deregistration_protection="enabled-with-cooldown")
    leave(look, "plain-root", "gone")
    look.emulator.clear_calls()
    for check in (True, False):
        refused = copy("plain-root", **GONE, deregistration_protection="disabled", check=check)
        assert refused.failed and "24 hours" in refused.msg and made["image_id"] in refused.msg
    assert look.mutations() == []


def change_default(look: Looking) -> None:
    """Let another key be the region's default."""
    look.ec2(AWAY).modify_ebs_default_kms_key_id(KmsKeyId=look.key_arn("alias/golden", AWAY))


def move_alias(look: Looking) -> None:
    """Let the alias stand for another key."""
    kms = look.kms(AWAY)
    kms.update_alias(AliasName="alias/moving", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def delete_alias(look: Looking) -> None:
    """Let the alias stand for nothing, and then for another key."""
    kms = look.kms(AWAY)
    kms.delete_alias(AliasName="alias/moving")
    kms.create_alias(AliasName="alias/moving", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.mark.parametrize(
    ("key", "change"),
    [
        pytest.param({}, change_default, id="another default key"),
        pytest.param({"kms_key_id": "alias/moving"}, move_alias, id="the alias was moved"),
        pytest.param({"kms_key_id": "alias/moving"}, delete_alias, id="the alias was made again"),
    ],
)
def test_absent_names_the_copy_under_the_key_of_former_times(
    copy: Copy, look: Looking, key: dict[str, t.Any], change: t.Callable[[Looking], None]
) -> None:
    kms = look.kms(AWAY)
    kms.create_alias(AliasName="alias/moving", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    made = copy("plain-root", **key)
    arn = made["image"]["snapshots"][0]["kms_key_arn"]
    change(look)
    for check in (True, False):
        kept = copy("plain-root", **key, state="absent", check=check)
        assert (kept.msg, kept["changed"], ids(look)) == ("", False, {made["image_id"]})
        assert [one for one in kept.warnings if made["image_id"] in one and arn in one]
    gone = copy("plain-root", kms_key_id=arn, state="absent")
    assert (gone["image"]["action"], ids(look)) == ("removed", set())


@pytest.mark.parametrize(
    ("source", "options"),
    [
        pytest.param("database", KEY, id="many volumes"),
        pytest.param("mixed", {"encrypted": False}, id="statuses preserved"),
        pytest.param("plain-root", {**KEY, "wait": False, "tags": {"Team": "b"}}, id="without waiting, other tags"),
    ],
)
def test_a_disabled_copy_is_retired_and_left_as_it_is(
    copy: Copy, look: Looking, source: str, options: dict[str, t.Any]
) -> None:
    made = copy(source, **{**options, "wait": True, "tags": {"Team": "a"}})
    look.ec2(AWAY).disable_image(ImageId=made["image_id"])
    look.emulator.clear_calls()
    for check in (True, False):
        found = copy(source, **options, check=check)
        assert (found.msg, found["changed"], found["image"]["action"]) == ("", False, "retired")
        assert (found["image_id"], found["image"]["state"]) == (made["image_id"], "disabled")
        assert [one for one in found.warnings if made["image_id"] in one]
    assert look.mutations() == []


def test_a_copy_that_is_disabled_in_one_region_is_kept_in_the_other(copy: Copy, look: Looking) -> None:
    both: dict[str, t.Any] = {"destinations": [{"region": AWAY}, {"region": FAR}], **KEY}
    made = copy("plain-root", **both)
    first, second = (one["image_id"] for one in made["images"])
    look.ec2(AWAY).disable_image(ImageId=first)
    found = copy("plain-root", **both)
    assert (found.msg, found.actions) == ("", ["retired", "unchanged"])
    assert [one["image_id"] for one in found["images"]] == [first, second]


def many_volumes(look: Looking, count: int) -> str:
    """Register an image of so many volumes and return its id."""
    source = look.image(HOME, SOURCES["plain-root"]) or {}
    snapshot_id = source["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    names = ["/dev/xvda", *(f"/dev/sd{letter}" for letter in "fghijklmnopqrstuvwxyz"), "/dev/xvdba", "/dev/xvdbb"]
    mapping = [{"DeviceName": name, "Ebs": {"SnapshotId": snapshot_id}} for name in names[:count]]
    made = look.ec2(HOME).register_image(
        Name="many", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping, VirtualizationType="hvm"
    )
    return str(made["ImageId"])


@pytest.mark.parametrize(
    ("count", "settings", "copied"),
    [
        pytest.param(21, {}, False, id="one more than the quota"),
        pytest.param(20, {}, True, id="as many as the quota"),
        pytest.param(21, {"concurrent_snapshot_copies": 30}, True, id="the quota was raised"),
        pytest.param(21, {"copy_image_counts_snapshots": False}, True, id="AWS does not count them"),
    ],
)
def test_an_image_with_more_volumes_than_the_quota_waits_for_nothing(
    copy: Copy, look: Looking, count: int, settings: dict[str, t.Any], copied: bool
) -> None:
    look.emulator.configure(**settings)
    result = copy("plain-root", source_image_id=many_volumes(look, count), **KEY, wait_timeout=36000)
    assert result.failed is not copied
    if copied:
        assert len(result["image"]["snapshots"]) == count
    else:
        assert "21 snapshots" in result.msg and "Service Quotas" in result.msg
        assert (len(look.calls(action="CopyImage")), ids(look)) == (1, set())
