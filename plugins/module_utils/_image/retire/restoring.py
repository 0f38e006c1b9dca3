# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what brings a retired image back: all its steps, or none where it cannot be. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ..descriptions import image_described_in
from ..disabling import from_record, is_damaged, own_record
from ..errors import PreflightError
from ..model import DEPRECATION_TAG, IMAGE_TAG, BlockDevice, Image, Snapshot
from ..permissions import NOBODY, LaunchPermissions
from ..proofs import may_purge_record
from ..steps import ModifyLaunchPermissions, SetDeprecation, SetDeregistrationProtection, SetTags
from ..timestamps import parse_timestamp, to_text
from .model import Decision, EnableImage, RestoreImage, RestoreSnapshot, RetireStep, Undo
from .notes import protection_before, to_protection
from .planner import deprecated_at
from .request import RestoreRequest


@dataclasses.dataclass(frozen=True)
class BinnedImage:
    """An image in the Recycle Bin, which shows no more of it."""

    image_id: str
    region: str
    name: str
    exit_time: str


@dataclasses.dataclass(frozen=True)
class BinnedSnapshot:
    """A snapshot in the Recycle Bin."""

    snapshot_id: str
    description: str


def plan_restore(
    image: Image,
    permissions: LaunchPermissions,
    request: RestoreRequest,
    *,
    now: float,
    snapshots: t.Mapping[str, Snapshot],
) -> Decision:
    """Return what is left to do until the image is as it was before it was retired."""
    if image.state not in ("available", "disabled"):
        raise PreflightError(f"image {image.image_id} in {image.region} is {image.state}, so it cannot be restored")
    undo = _undo_of(image.image_id, request)
    given = undo.launch_permissions if undo is not None else None
    if given is None and image.state == "disabled" and is_damaged(image):
        raise PreflightError(_damaged(image))
    add = (given if given is not None else from_record(image) or NOBODY).minus(permissions)
    if add and given is None and not request.trust_recorded_permissions:
        raise PreflightError(_untrusted(image, add))
    steps: list[RetireStep] = [EnableImage()] if image.state == "disabled" else []
    steps += [ModifyLaunchPermissions(add=add)] if add else []
    steps += _deprecation(image, undo, now)
    steps += _protection(image, undo)
    steps += _cleaning(image, snapshots)
    if not steps:
        return Decision(image, "unchanged", "it is available and not deprecated")
    return Decision(image, "restored", _reason(image, given, add), tuple(steps))


def plan_from_bin(
    binned: BinnedImage,
    request: RestoreRequest,
    *,
    now: float,
    there: t.Mapping[str, Snapshot],
    in_bin: t.Mapping[str, BinnedSnapshot],
) -> Decision:
    """Return what takes an image out of the Recycle Bin, or refuse where a snapshot of it is gone for good.

    What comes after the image is there is planned again then, by what AWS shows of it; here it is as AWS documents it.
    """
    undo = _undo_of(binned.image_id, request)
    if undo is None or undo.snapshot_ids is None:
        raise PreflightError(_needs_undo(binned, in_bin.values()))
    expired = [one for one in undo.snapshot_ids if one not in there and one not in in_bin]
    if expired:
        raise PreflightError(
            f"image {binned.image_id} in {binned.region} cannot be restored, for its snapshots {', '.join(expired)} "
            "are neither there nor in the Recycle Bin any more; nothing was changed"
        )
    marks = {IMAGE_TAG: undo.tags[IMAGE_TAG]} if IMAGE_TAG in undo.tags else {}
    marked = {one: Snapshot(one, "completed", None, tags=marks) for one in in_bin}
    devices = tuple(BlockDevice(str(number), one) for number, one in enumerate(undo.snapshot_ids))
    notes = {key: tag for key, tag in undo.tags.items() if key not in marks}
    image = Image(binned.image_id, binned.region, binned.name, state="disabled", devices=devices, tags=notes)
    image = dataclasses.replace(image, deprecation_time=to_text(now))
    later = plan_restore(image, NOBODY, request, now=now, snapshots={**marked, **there})
    first = [RestoreSnapshot(one) for one in undo.snapshot_ids if one in in_bin and one not in there]
    reason = f"it is in the Recycle Bin until {binned.exit_time}, with all of its snapshots that are not there"
    gone = dataclasses.replace(image, state="deregistered")
    return Decision(gone, "restored", reason, (*first, RestoreImage(undo.snapshot_ids), *later.steps))


def require_found(wanted: t.Iterable[str], found: t.Container[str], regions: t.Iterable[str]) -> None:
    """Refuse ids that none of the regions has among this account's images, or in its Recycle Bin."""
    missing = [one for one in wanted if one not in found]
    if missing:
        raise PreflightError(
            f"this account has no image {', '.join(missing)} in {', '.join(regions)}, nor is it in the Recycle Bin "
            "there; nothing was changed. What has left the bin cannot come back"
        )


def _undo_of(image_id: str, request: RestoreRequest) -> Undo | None:
    return next((one for one in request.undos if one.image_id == image_id), None)


def _deprecation(image: Image, undo: Undo | None, now: float) -> list[RetireStep]:
    """Give the earlier time back unless it has come by now; one that has not come yet is not of retiring."""
    if deprecated_at(image, now) is None:
        return []
    before = (undo.deprecation_time if undo is not None else None) or image.tags.get(DEPRECATION_TAG) or ""
    moment = parse_timestamp(before)
    if moment is None:
        return [SetDeprecation("")]
    return [SetDeprecation(before)] if moment > now else []


def _protection(image: Image, undo: Undo | None) -> list[RetireStep]:
    """Protect the image again where retiring has taken that off."""
    noted = protection_before(image)
    before = (undo.deregistration_protection if undo is not None else None) or (noted[0] if noted else None)
    if before is None or to_protection(image.deregistration_protection) is not None:
        return []
    return [SetDeregistrationProtection(before)]


def _cleaning(image: Image, snapshots: t.Mapping[str, Snapshot]) -> list[RetireStep]:
    """Remove the notes of retiring from the image, and from its snapshots."""
    notes = own_record(image)
    steps: list[RetireStep] = []
    if notes:
        steps.append(
            SetTags((image.image_id,), "image", {}, notes, (may_purge_record(image, image.image_id),), len(image.tags))
        )
    marked: dict[str, list[str]] = {}
    for one in dict.fromkeys(image.snapshot_ids):
        mark = snapshots[one].tags.get(IMAGE_TAG, "") if one in snapshots else ""
        if mark.split()[:1] == [image.image_id]:
            marked.setdefault(mark, []).append(one)
    for mark, ids in marked.items():
        purges = tuple(may_purge_record(image, one) for one in ids)
        steps.append(SetTags(tuple(ids), "snapshot", {}, {IMAGE_TAG: mark}, purges))
    return steps


def _needs_undo(binned: BinnedImage, snapshots: t.Iterable[BinnedSnapshot]) -> str:
    named = sorted(one.snapshot_id for one in snapshots if image_described_in(one.description) == binned.image_id)
    known = (
        f"By their descriptions {', '.join(named)} belong to it"
        if named
        else "None of the snapshots in the bin is described as one of it"
    )
    return (
        f"image {binned.image_id} in {binned.region} is in the Recycle Bin until {binned.exit_time}, which does not "
        f"tell its snapshots; nothing was changed. Pass undo, the list that the retiring task returned. {known}; where "
        "undo is lost, pass one with image_id, region and snapshot_ids yourself"
    )


def _untrusted(image: Image, add: LaunchPermissions) -> str:
    who = ", ".join(one for names in add.to_dict().values() for one in names)
    return (
        f"the tags of image {image.image_id} in {image.region} say that {who} might launch it, and nothing was "
        "changed. Whoever may tag the image can write that. Where it is right, pass trust_recorded_permissions=true; "
        "or pass undo, the list that the retiring task returned, in place of image_ids"
    )


def _damaged(image: Image) -> str:
    return (
        f"the tags of image {image.image_id} in {image.region} record launch permissions, but not in full, or of "
        "another image; nothing was changed. Pass undo, the list that the retiring task returned; or remove the tags "
        "sealed.ami:launch-permissions-1 and on, and give launch permissions yourself"
    )


def _reason(image: Image, given: LaunchPermissions | None, add: LaunchPermissions) -> str:
    if image.state != "disabled":
        return "it is no longer retired"
    if add:
        return "it can be launched again, by those who could before"
    known = given is not None or from_record(image) is not None
    return "it can be launched again" if known else "it can be launched again; whom it was shared with is not recorded"
