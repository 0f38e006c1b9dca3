# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Refuse what AWS is bound to refuse, or would answer with a success that changes nothing: one rule each.

All of them hold before the first change, in check mode as well. Nothing in this file talks to AWS or to Ansible.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..aws_facts import USABLE_KEY_STATES
from ..errors import PreflightError
from ..model import Image, KmsKey, Snapshot
from ..permissions import Sharing
from .changes import Changes
from .facts import Facts
from .request import ShareRequest

# "The number of entities (accounts, organizations, units) that an AMI can be shared with" (EC2 guide, AMI quotas).
MOST_ENTITIES: t.Final = 1000


@dataclasses.dataclass(frozen=True)
class Case:
    """One image with what is to change, and everything that was read to judge it."""

    request: ShareRequest
    image: Image
    sharing: Sharing
    changes: Changes
    facts: Facts

    @property
    def where(self) -> str:
        """Name the image."""
        return f"image {self.image.image_id} in {self.image.region}"

    @property
    def snapshots(self) -> list[Snapshot]:
        """Return the snapshots of the image that AWS shows."""
        shown = self.facts.snapshots
        return [shown[snapshot_id] for snapshot_id in self.image.snapshot_ids if snapshot_id in shown]

    @property
    def everybody(self) -> bool:
        """Tell whether the group of everybody is to get anything."""
        changes = (self.changes.image, *self.changes.snapshots.values())
        return any(one.give.group_names for one in changes)


def require_partition(case: Case) -> None:
    """Refuse organizations of another partition, which AWS does not know."""
    for arn in sorted(case.request.permissions.org_arns | case.request.permissions.org_unit_arns):
        if arn.split(":")[1] != case.facts.partition:
            raise PreflightError(
                f"launch_permissions names {arn} of partition {arn.split(':')[1]}, but {case.image.region} is in "
                f"partition {case.facts.partition}; images are shared within a partition only"
            )


def require_settled(case: Case) -> None:
    """Refuse images in a state in which AWS shares nothing, or in which nobody can tell what is shared."""
    image = case.image
    if image.state == "available" or (image.state != "pending" and not case.request.present):
        return
    what = "AWS shares available images only" if case.request.present else "what is shared of it cannot be told yet"
    remedy = {
        "pending": "wait until it is available",
        "disabled": "enable it first (ec2:EnableImage), or leave it out, for which filters takes state: available",
    }.get(image.state, "make the image again")
    raise PreflightError(f"{case.where} is {image.state}; {what}. {remedy[0].upper()}{remedy[1:]}")


def require_snapshots(case: Case) -> None:
    """Refuse to give what snapshots that nobody has seen may forbid, and to miss what they record."""
    needs_all = case.request.record or (case.request.present and case.request.for_copy)
    if not case.changes.gives and not needs_all:
        return
    hidden = sorted(set(case.image.snapshot_ids) - set(case.facts.snapshots))
    if hidden:
        raise PreflightError(
            f"{case.where}: AWS does not show {', '.join(hidden)} to this account, so whether it can be shared, and "
            "what is recorded on it, is not known; run the task again, and check that this account owns it"
        )
    if case.request.for_copy and not case.image.snapshot_ids:
        raise PreflightError(
            f"{case.where} shows no snapshot, so purpose=copy has nothing to share; images that are backed by instance "
            "store are shared with purpose=launch"
        )


def require_shareable_snapshots(case: Case) -> None:
    """Refuse snapshots that stay in their account: under the AWS managed key, on an Outpost, in the archive."""
    if not case.changes.gives:
        return
    for snapshot in case.snapshots:
        name = f"{case.where}: snapshot {snapshot.snapshot_id}"
        key = case.facts.keys.get(snapshot.kms_key_arn or "")
        if key is not None and key.manager == "AWS":
            raise PreflightError(
                f"{name} is under the AWS managed key {key.arn}, whose policy lets no other account use it, so AWS "
                "shares nothing of the image. Copy the image under a customer managed key first "
                "(sealed.ami.ec2_ami_encrypted_copy) and share the copy"
            )
        if snapshot.outpost_arn:
            raise PreflightError(
                f"{name} is local to {snapshot.outpost_arn}; local snapshots on Outposts cannot be shared. Share an "
                "image whose snapshots are in the Region"
            )
        if snapshot.storage_tier == "archive" and case.changes.snapshots.get(snapshot.snapshot_id):
            raise PreflightError(
                f"{name} is archived, and AWS shares no archived snapshot; restore it first (ec2:RestoreSnapshotTier)"
            )


def require_private(case: Case) -> None:
    """Refuse to make public what AWS never lets be public."""
    if not case.everybody:
        return
    encrypted = [one.snapshot_id for one in case.snapshots if one.encrypted is not False]
    public = f"launch_permissions names the group 'all', but {case.where}"
    if encrypted:
        raise PreflightError(f"{public} has encrypted snapshots ({', '.join(encrypted)}), which are never public")
    if case.image.watermarks:
        marks = ", ".join(case.image.watermarks)
        raise PreflightError(f"{public} carries the watermark {marks}, and watermarked images are never public")
    if case.image.billing.get("ProductCodes"):
        raise PreflightError(f"{public} has product codes, and such images are never public; name accounts")
    if case.facts.blocks:
        raise PreflightError(
            f"{public} is in an account that blocks public access there: {', '.join(case.facts.blocks)}. Name accounts "
            "or organizations, or take the block off first"
        )


def require_room(case: Case) -> None:
    """Refuse more entities than AWS takes on an image."""
    count = case.changes.image.on(case.sharing.image).count
    if case.changes.image.give and count > MOST_ENTITIES:
        raise PreflightError(
            f"{case.where} would be shared with {count} accounts, organizations and units; AWS takes {MOST_ENTITIES}. "
            "Share it with their organization instead (org_arns), or take back what is not used"
        )


def require_really_taken(case: Case) -> None:
    """Refuse to take from somebody what another entry still gives: AWS says success and changes nothing."""
    if case.request.present:
        return
    for who, entry, is_sure in still_covered(case):
        if is_sure:
            raise PreflightError(
                f"{who} keeps access to {case.where} through {entry}, whatever else is taken back: AWS would answer "
                "success and change nothing. Name that entry in launch_permissions as well"
            )


def still_covered(case: Case) -> list[tuple[str, str, bool]]:
    """Return who is named, the entry that stays and may give the same, and whether it certainly does.

    To take back what a run gave restores what was there before it, other entries among it.
    """
    if case.request.given:
        return []
    rest = case.changes.on(case.sharing)
    named = case.request.permissions
    everybody = [("group all", case.where)] if rest.image.group_names else []
    if case.request.for_copy:
        everybody += [("group all", name) for name, who in sorted(rest.snapshots.items()) if who.group_names]
    users, groups = sorted(named.user_ids), sorted(named.org_arns | named.org_unit_arns)
    found = [(who, f"{entry} on {on}", True) for who in (*users, *groups) for entry, on in everybody]
    for entry in sorted(rest.image.org_arns | rest.image.org_unit_arns):
        verdicts = [(who, case.facts.belongs(who, entry)) for who in users]
        verdicts += [(who, _contains(entry, who)) for who in groups]
        found += [(who, entry, bool(sure)) for who, sure in verdicts if sure is not False]
    return found


def _contains(entry: str, group: str) -> bool | None:
    """Tell whether an entry covers another organization or unit; None where a part of it may be covered."""
    if entry.split("/")[1] != group.split("/")[1]:
        return False
    return True if ":organization/" in entry else None


def usability_warnings(case: Case) -> list[str]:
    """Return what keeps the given permissions from being of use, as far as it can be seen from here."""
    if not case.changes.gives:
        return []
    found: dict[str, KmsKey | None] = {
        one.kms_key_arn: case.facts.keys.get(one.kms_key_arn) for one in case.snapshots if one.kms_key_arn
    }
    return [
        f"KMS key {arn} of {case.where} is {key.state}; nobody can launch or copy the image until it is enabled"
        for arn, key in sorted(found.items())
        if key is not None and key.state not in USABLE_KEY_STATES
    ]


RULES: t.Final[tuple[t.Callable[[Case], None], ...]] = (
    require_partition,
    require_settled,
    require_snapshots,
    require_shareable_snapshots,
    require_private,
    require_room,
    require_really_taken,
)
