# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proofs compare for equality: neither a lesser nor a greater value passes, nor only the very same object."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image import proofs
from ansible_collections.sealed.ami.plugins.module_utils._image.descriptions import birth_description
from ansible_collections.sealed.ami.plugins.module_utils._image.key_grants import Grant, Terms, name_of
from ansible_collections.sealed.ami.plugins.module_utils._image.machines import Instance, Volume
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    BUILDER_TAG,
    COPY_TAG,
    DEVICE_TAG,
    KEY_TAG,
    RECIPE_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.use import Use
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    HOME,
    KEY_A,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_snapshot,
)

WORK, TOKEN = "sealed-ami-0123-4567", "sealed-ami-abc-"
TAGS = {SOURCE_TAG: LINEAGE.tag, KEY_TAG: KEY_A, COPY_TAG: "sealed-ami-0"}


def fresh(text: str) -> str:
    """Return an equal text that is another object, as every answer of AWS is."""
    return "".join(list(text))


def around(text: str) -> tuple[str, str]:
    """Return a text that is before it in the alphabet, and one behind it, of the same form."""
    last = text[-1]
    return text[:-1] + chr(ord(last) - 1), text[:-1] + chr(ord(last) + 1)


def copied(*, source: str = SOURCE_ID, volume_id: str = "vol-ffffffff", **fields: t.Any) -> Snapshot:
    """Return a snapshot that CopyImage made at our call."""
    text = f"Copied for DestinationAmi {COPY_ID} from SourceAmi {source} for SourceSnapshot snap-1. Task on 1."
    shown = {"encrypted": True, "kms_key_arn": fresh(KEY_A), "description": text, "tags": TAGS, "state": "completed"}
    return a_snapshot("snap-1", volume_id=volume_id, **{**shown, **fields})


def test_a_snapshot_of_a_copy() -> None:
    def ours(snapshot: Snapshot) -> proofs.MayDeleteSnapshot | None:
        return proofs.snapshot_of_copy(snapshot, source_image_id=SOURCE_ID, source_region=HOME)

    proof = ours(copied(volume_id=fresh("vol-ffffffff")))
    assert proof is not None
    assert proof.reason == f"AWS copied it from {SOURCE_ID} for {COPY_ID}, by our call"
    others = ("vol-00000000", "vol-zzzzzzzz")
    assert not [one for one in others if ours(copied(volume_id=one))]
    assert not [one for one in around(SOURCE_ID) if ours(copied(source=one))]


def test_the_key_of_a_snapshot_is_that_of_its_tags() -> None:
    assert proofs.tags_are_true(copied())
    assert not [one for one in (*around(KEY_A), None) if proofs.tags_are_true(copied(kms_key_arn=one))]
    # One that is not completed may not show its key yet, or ever.
    assert all(proofs.tags_are_true(copied(state=one, kms_key_arn=None)) for one in ("pending", "error", "a state"))
    assert not proofs.tags_are_true(copied(state=fresh("completed"), kms_key_arn=None))
    assert proofs.tags_are_true(copied(kms_key_arn=None, tags={}))


def test_all_snapshots_of_an_image_and_more() -> None:
    image = a_copy(sda1=KEY_A)
    found = [proofs.returned_by_creating_call(proofs.MayDeleteSnapshot, one) for one in image.snapshot_ids]
    more = proofs.returned_by_creating_call(proofs.MayDeleteSnapshot, "snap-of-another")
    assert proofs.all_snapshots_are_ours(image, [*found, more]) and not proofs.all_snapshots_are_ours(image, [more])


def test_a_builder_is_the_instance_that_aws_names() -> None:
    text = "Created by CreateImage(i-5) for ami-1"
    snapshot = a_snapshot("snap-1", description=text, volume_id="vol-1", tags={BUILDER_TAG: "i-5"})

    def ours(instance_id: str) -> object:
        builder = Instance(instance_id, "terminated", client_token=f"{TOKEN}1", image_id=SOURCE_ID)
        return proofs.snapshot_of_builder(snapshot, builder, token=TOKEN)

    assert ours(fresh("i-5")) and not ours("i-4") and not ours("i-6")


@pytest.mark.parametrize("description", ["", "vol-", "vol-ffffffff"])
def test_a_snapshot_born_with_our_description(description: str) -> None:
    snapshot = a_snapshot("snap-1", description=fresh("sealed.ami of this"), volume_id="vol-1")
    assert proofs.snapshot_by_description(snapshot, description="sealed.ami of this", is_copy=False)
    assert not proofs.snapshot_by_description(snapshot, description=description, is_copy=False)


VOLUME: dict[str, t.Any] = {
    "state": "in-use", "encrypted": True, "volume_size": 5, "attached_to": ("i-5",), "device_name": "/dev/sdg",
    "snapshot_id": "snap-5", "tags": {COPY_TAG: WORK, DEVICE_TAG: "/dev/sdg"},
}  # fmt: skip


@pytest.mark.parametrize("size", [0, 5])
@pytest.mark.parametrize(
    "changes",
    [
        {"device_name": "/dev/sdf"},
        {"device_name": "/dev/sdh"},
        {"attached_to": ("i-4",)},
        {"attached_to": ("i-6",)},
        {"snapshot_id": "snap-4"},
        {"snapshot_id": "snap-6"},
        {"tags": {COPY_TAG: around(WORK)[0], DEVICE_TAG: "/dev/sdg"}},
        {"tags": {COPY_TAG: around(WORK)[1], DEVICE_TAG: "/dev/sdg"}},
        {"tags": {COPY_TAG: WORK, DEVICE_TAG: "/dev/sdf"}},
        {"tags": {COPY_TAG: WORK, DEVICE_TAG: "/dev/sdh"}},
    ],
    ids=str,
)
def test_a_volume(changes: dict[str, t.Any], size: int) -> None:
    instance = proofs.returned_by_creating_call(proofs.MayTerminate, "i-5")
    made_for = proofs.MadeFor("/dev/sdg", origin="snap-5", size=size)

    def ours(**fields: t.Any) -> object:
        return proofs.volume_of_instance(Volume("vol-1", **{**VOLUME, **fields}), instance, made_for, work=WORK)

    same = {"tags": {COPY_TAG: fresh(WORK), DEVICE_TAG: fresh("/dev/sdg")}, "snapshot_id": fresh("snap-5")}
    assert ours(device_name=fresh("/dev/sdg"), attached_to=(fresh("i-5"),), **same)
    assert not ours(**changes)
    assert [bool(ours(volume_size=one)) for one in (4, 6)] == [size == 0] * 2


def test_an_image_that_this_run_made() -> None:
    def made(shown_id: str, value: str) -> object:
        image = Image(shown_id, HOME, tags={"mark": value})
        return proofs.started_by_this_run(COPY_ID, image, mark=("mark", "run-5"))

    assert made(fresh(COPY_ID), fresh("run-5"))
    assert not [one for one in around(COPY_ID) if made(one, "run-5")]
    assert not [one for one in ("run-4", "run-6", "") if made(COPY_ID, one)]


def test_parts_of_an_image() -> None:
    image = Image("ami-5", HOME, devices=(BlockDevice("/dev/sda1", "snap-5"),))
    ours = proofs.returned_by_creating_call(proofs.MayDeregister, fresh("ami-5"))
    assert proofs.may_purge(ours, image, fresh("snap-5")).resource_id == "snap-5"
    for other in ("ami-4", "ami-6"):
        with pytest.raises(ValueError, match="the proof is for ami-5"):
            proofs.may_purge(ours, dataclasses.replace(image, image_id=other), "snap-5")


def test_a_grant() -> None:
    terms = Terms("arn:aws:iam::210987654321:role/copier", ("Decrypt",))
    grant = Grant("grant-5", fresh(name_of("copy", terms)), terms, "arn:aws:iam::123456789015:root")
    assert proofs.grant_named(grant, "key-1", grant_id=fresh("grant-5"))
    assert not [one for one in ("grant-4", "grant-6") if proofs.grant_named(grant, "key-1", grant_id=one)]
    for account in ("123456789014", "123456789016", "123456789015"):
        proof = proofs.grant_is_ours(grant, "key-1", purpose="copy", wanted=terms, account=account)
        assert bool(proof) is (account == "123456789015")


@pytest.mark.parametrize(
    ("state", "is_noted", "goes"),
    [
        ("disabled", True, True),
        ("disabled", False, False),
        ("failed", False, True),
        *((state, True, False) for state in ("available", "deregistered", "error", "invalid", "pending", "transient")),
    ],
)
def test_a_retired_image(state: str, is_noted: bool, goes: bool) -> None:
    image, use = Image("ami-5", HOME, state=fresh(state)), Use(fresh("ami-5"), fresh(HOME), in_use=False, as_of="today")
    proof = proofs.may_deregister_retired(image, use, is_noted=is_noted)
    assert bool(proof) is goes and (proof is None or "nothing uses it" in proof.reason)
    for other in (("ami-4", HOME), ("ami-6", HOME), ("ami-5", around(HOME)[0]), ("ami-5", around(HOME)[1])):
        assert proofs.may_deregister_retired(image, Use(*other, in_use=False), is_noted=is_noted) is None
        assert proofs.may_disable(image, Use(*other, in_use=False)) is None
    for in_use in (True, None):
        assert proofs.may_deregister_retired(image, Use("ami-5", HOME, in_use=in_use), is_noted=is_noted) is None


@pytest.mark.parametrize(("as_of", "reason"), [("today", "as of today, nothing uses it"), (None, "nothing uses it")])
def test_why_an_image_may_be_disabled(as_of: str | None, reason: str) -> None:
    proof = proofs.may_disable(Image("ami-5", HOME), Use("ami-5", HOME, in_use=False, as_of=as_of))
    assert proof is not None and proof.reason == reason


@pytest.mark.parametrize("is_copy", [True, False])
@pytest.mark.parametrize("device", ["/dev/sdf", "/dev/sdg", "/dev/sdh"])
def test_a_snapshot_of_a_retired_image_that_was_composed(device: str, is_copy: bool) -> None:
    """What composing makes is described for its device; the one of another device is no proof."""
    devices = (BlockDevice("/dev/sdf", "snap-4"), BlockDevice("/dev/sdg", "snap-5"), BlockDevice("/dev/sdh", "snap-6"))
    owner = "123456789015"
    image = Image("ami-5", HOME, name="web", devices=devices, owner_id=owner, tags={RECIPE_TAG: "0123"})
    born = birth_description("web", "0123", device, is_copy=is_copy)
    volume = "vol-ffffffff" if is_copy else "vol-1"

    def ours(owner_id: str) -> object:
        snapshot = a_snapshot(fresh("snap-5"), description=born, volume_id=volume, owner_id=owner_id)
        return proofs.snapshot_of_retired(snapshot, image)

    assert bool(ours(fresh(owner))) is (device == "/dev/sdg")
    assert not [one for one in (*around(owner), "") if ours(one)]
