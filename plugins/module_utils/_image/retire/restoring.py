# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what restores an image: to be launched again, by the same accounts, deprecated as before. No AWS, no clock."""

from __future__ import annotations

import typing as t

from ..disabling import from_record, is_damaged, own_record
from ..errors import PreflightError
from ..model import DEPRECATION_TAG, Image
from ..permissions import NOBODY, LaunchPermissions
from ..proofs import may_purge_record
from ..steps import ModifyLaunchPermissions, SetDeprecation, SetTags
from ..timestamps import parse_timestamp
from .model import Decision, EnableImage, RetireStep, Undo
from .planner import deprecated_at
from .request import RestoreRequest


def plan_restore(image: Image, permissions: LaunchPermissions, request: RestoreRequest, *, now: float) -> Decision:
    """Return what is left to do until the image is as it was before it was retired."""
    if image.state not in ("available", "disabled"):
        raise PreflightError(f"image {image.image_id} in {image.region} is {image.state}, so it cannot be restored")
    undo = next((one for one in request.undos if one.image_id == image.image_id), None)
    given = undo.launch_permissions if undo is not None else None
    if given is None and image.state == "disabled" and is_damaged(image):
        raise PreflightError(_damaged(image))
    add = (given if given is not None else from_record(image) or NOBODY).minus(permissions)
    if add and given is None and not request.trust_recorded_permissions:
        raise PreflightError(_untrusted(image, add))
    steps: list[RetireStep] = [EnableImage()] if image.state == "disabled" else []
    steps += [ModifyLaunchPermissions(add=add)] if add else []
    steps += _deprecation(image, undo, now)
    notes = own_record(image)
    if notes:
        steps.append(SetTags((image.image_id,), "image", {}, notes, (may_purge_record(image),), len(image.tags)))
    if not steps:
        return Decision(image, "unchanged", "it is available and not deprecated")
    return Decision(image, "restored", _reason(image, given, add), tuple(steps))


def require_found(wanted: t.Iterable[str], found: t.Container[str], regions: t.Iterable[str]) -> None:
    """Refuse ids that none of the regions has among this account's images."""
    missing = [one for one in wanted if one not in found]
    if missing:
        raise PreflightError(
            f"this account has no image {', '.join(missing)} in {', '.join(regions)}; nothing was changed. A "
            "deregistered image can only come back from the Recycle Bin (its snapshots first: "
            "RestoreSnapshotFromRecycleBin, RestoreImageFromRecycleBin)"
        )


def _deprecation(image: Image, undo: Undo | None, now: float) -> list[RetireStep]:
    """Give the earlier time back unless it has come by now; one that has not come yet is not of retiring."""
    if deprecated_at(image, now) is None:
        return []
    before = (undo.deprecation_time if undo is not None else None) or image.tags.get(DEPRECATION_TAG) or ""
    moment = parse_timestamp(before)
    if moment is None:
        return [SetDeprecation("")]
    return [SetDeprecation(before)] if moment > now else []


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
