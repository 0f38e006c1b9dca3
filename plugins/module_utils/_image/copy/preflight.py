# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge what AWS is bound to refuse, before the first change: one rule each, the same in check mode and for real.

What needs a look at keys or at the account is read first; the judging has no AWS and no Ansible in it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import require_markable, require_typed
from ..errors import PreflightError
from ..keys import RequiredKey, associated_keys, beside_own_key, require_private, require_shareable
from ..model import OWN_TAG_PREFIX, RUN_TAG, Image
from ..permissions import NOBODY, LaunchPermissions
from ..places import require_reachable
from ..steps import Plan, SetTags
from .identity import Requirement, plain_volumes

# AWS takes this many tags on a resource; those that begin with aws: do not count.
MOST_TAGS: t.Final = 50
COMPOSE: t.Final = "sealed.ami.ec2_ami_compose_keys can encrypt it, or drop it"


@dataclasses.dataclass(frozen=True)
class Case:
    """One planned copy, with what was read to judge it.

    ``chosen_keys`` are the keys that AWS chooses itself where none is asked for; ``public_blocks`` names what blocks
    public access in the destination. ``foreign`` says that the source belongs to another account.
    """

    region: str
    plan: Plan
    requirement: Requirement
    source: Image | None = None
    permissions: LaunchPermissions | None = None
    chosen_keys: tuple[RequiredKey, ...] = ()
    public_blocks: tuple[str, ...] = ()
    foreign: bool = False


def require_possible(case: Case) -> None:
    """Refuse what AWS would refuse, by the first rule that says so."""
    for rule in RULES:
        rule(case)


def require_sealable(source: Image, requirement: Requirement) -> None:
    """Refuse a source with an empty volume that stays unencrypted: instances of the "sealed" copy would write to it."""
    plain = plain_volumes(source) if requirement.key is not None else ()
    if plain:
        names = ", ".join(device.device_name for device in plain)
        raise PreflightError(
            f"source image {source.image_id} in {source.region}: {names} starts as an empty volume without encryption, "
            f"and a copy leaves it so, whatever key is asked for; {COMPOSE}"
        )


def require_room_for_tags(case: Case) -> None:
    """Refuse more tags than AWS takes, with our own counted."""
    create = case.plan.create
    # The image is marked with the run that makes it as well.
    counts = [("the copy", {**create.tags, RUN_TAG: ""}), ("its snapshots", create.snapshot_tags)] if create else []
    if case.plan.image is not None and create is None:
        counts.append((case.plan.image.image_id, case.plan.image.tags))
    for what, tags in counts:
        own = sum(key.startswith(OWN_TAG_PREFIX) for key in tags)
        theirs = sum(not key.startswith(("aws:", OWN_TAG_PREFIX)) for key in tags)
        if own + theirs > MOST_TAGS:
            raise PreflightError(
                f"{what} in {case.region} would have {theirs} tags and {own} of this collection's own, {own + theirs} "
                f"together; AWS takes {MOST_TAGS}. Give {own + theirs - MOST_TAGS} fewer by tags, snapshot_tags or "
                "copy_tags"
            )
    for step in case.plan.after:
        if isinstance(step, SetTags) and step.kind == "snapshot":
            _require_room_on_snapshots(step, case.region)


def _require_room_on_snapshots(step: SetTags, region: str) -> None:
    # Some of what is added may only change a value, which is not known here, so this is what there is at least.
    least = max(step.present - len(step.remove), len(step.add))
    if least > MOST_TAGS:
        raise PreflightError(
            f"snapshots {', '.join(step.resource_ids)} in {region} would have {least} tags; AWS takes {MOST_TAGS}"
        )


def require_allowed_sharing(case: Case) -> None:
    """Refuse permissions that keys forbid: under an AWS managed key, or for everybody."""
    image = case.plan.image
    if not case.permissions or image is None or not any(device.encrypted for device in image.ebs_devices):
        return
    require_private(case.permissions.group_names, region=case.region)
    for key in (case.requirement.key,) if case.requirement.key else case.chosen_keys:
        require_shareable(key, region=case.region)


def require_public_access(case: Case) -> None:
    """Refuse a public image where the account blocks public access."""
    if (case.permissions or NOBODY).group_names and case.public_blocks:
        raise PreflightError(
            f"launch_permissions in {case.region} name the group 'all', but the account blocks public access there: "
            f"{', '.join(case.public_blocks)}. Name accounts or organizations, or take the block off first"
        )


def require_marks(case: Case) -> None:
    """Refuse watermarks and instance types that AWS does not take."""
    require_markable(case.plan.image, case.plan.after, region=case.region)
    require_typed(case.plan.image, case.plan.after, region=case.region)


def require_own_marketplace_image(case: Case) -> None:
    """Refuse another account's image with AWS Marketplace product codes, which AWS copies for its owner alone."""
    source = case.source
    codes = source.billing.get("ProductCodes") if source else None
    if source is None or not case.foreign or case.plan.create is None:
        return
    if any(one.get("ProductCodeType", "marketplace") == "marketplace" for one in codes or ()):
        raise PreflightError(
            f"source image {source.image_id} in {source.region} is an AWS Marketplace image of account "
            f"{source.owner_id}, which AWS copies for its owner alone. Launch it and make an image of the instance: "
            "sealed.ami.ec2_ami_compose_keys does both"
        )


def require_reachable_place(case: Case) -> None:
    """Refuse a way that no copy takes."""
    if case.plan.create is not None and case.source is not None:
        minutes = case.plan.create.completion_duration_minutes
        require_reachable(case.source, case.requirement.place, region=case.region, minutes=minutes)


def require_no_carried_key(case: Case) -> None:
    """Refuse another copy where AWS may have carried the source's associated keys into the last one.

    Whether it does is not documented; if so, every run would make one more copy that another key opens.
    """
    key, source = case.requirement.key, case.source
    if case.plan.create is None or key is None or source is None:
        return
    opened = [one for one in case.plan.devices_before if key.is_on(one) and associated_keys(one)]
    carried = [one for one in source.snapshot_devices if associated_keys(one)]
    if opened and carried:
        raise PreflightError(
            f"snapshot {carried[0].snapshot_id} of source image {source.image_id} in {source.region} is under key "
            f"{carried[0].kms_key_arn}{beside_own_key(carried[0])}, and so is snapshot {opened[0].snapshot_id} of the "
            f"copy in {case.region} with {', '.join(associated_keys(opened[0]))}; another copy may come out alike. "
            "Disassociate the key from the one or the other, then run the task again"
        )


RULES: t.Final[tuple[t.Callable[[Case], None], ...]] = (
    require_own_marketplace_image,
    require_reachable_place,
    require_no_carried_key,
    require_allowed_sharing,
    require_public_access,
    require_marks,
    require_room_for_tags,
)


def takes_chosen_key(case: Case) -> bool:
    """Tell whether AWS will choose the default key of the destination by itself.

    It does for what becomes encrypted by default, and for what is encrypted and leaves its region or its account ("How
    Amazon EC2 AMI copy works"). Which key it takes for our own in the same region its guides disagree on.
    """
    if case.requirement.key is not None or case.plan.create is None or case.source is None:
        return False
    devices = case.source.snapshot_devices
    plain = any(not device.encrypted for device in devices) and case.requirement.encryption_by_default
    leaves = case.source.region != case.region or case.foreign
    return plain or (leaves and any(device.encrypted for device in devices))
