# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say which accounts can start instances of an image, by themselves and by Auto Scaling. No AWS, no Ansible, no clock.

What the account's own policies, service control policies and Allowed AMIs forbid is not seen from outside. That a
snapshot is shared makes no difference: a launch needs no permission on it (aws_rules §14.1).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..model import Image
from ..permissions import LaunchPermissions
from .key_policy import Truth, every, some
from .key_use import KeyAccess, KeyVerdict, judge_key, scaling_role
from .model import AuditedDevice

Belongs = t.Callable[[str, str], Truth]
_USE: t.Final = (
    "kms:DescribeKey",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
)


@dataclasses.dataclass(frozen=True)
class Account:
    """An account that is asked about; ``organization`` is the id of its organization, None where not known."""

    account_id: str
    organization: str | None = None


@dataclasses.dataclass(frozen=True)
class Opening:
    """What was read of who may launch: ``permissions`` by image, ``access`` by key.

    In place of what could not be read stands why. ``belongs`` tells whether an account is in an organization or unit.
    """

    partition: str
    permissions: t.Mapping[str, LaunchPermissions | str]
    access: t.Mapping[str, KeyAccess]
    belongs: Belongs


def launchable_by(
    image: Image, devices: t.Sequence[AuditedDevice], account: Account, opening: Opening
) -> dict[str, t.Any]:
    """Return one entry of ``launchable_by``."""
    permission, why_not = _permission(image, account, opening)
    verdicts = [_on_device(one, account, opening) for one in devices]
    keys = {one.arn: one for one in verdicts if one is not None and one.arn}
    entry: dict[str, t.Any] = {"account_id": account.account_id, "launch_permission": permission}
    missing = [why_not] if permission is False else []
    unknown = [why_not] if permission is None else []
    needed = [one for one in verdicts if one is not None]
    for about in ("instances", "autoscaling"):
        together = _together(needed, about)
        entry[about] = every((permission, together))
        missing += [_remedy(one, about, account, opening) for one in needed if one.about(about) is False]
        unknown += [one.reasons.get(about, "") for one in needed if one.about(about) is None]
        if together is not True and all(one.about(about) for one in needed):
            (missing if together is False else unknown).append(_apart(needed, about, account))
    entry["kms_keys"] = [keys[arn].to_entry() for arn in sorted(keys)]
    entry["missing"] = list(dict.fromkeys(filter(None, missing)))
    entry["unknown"] = list(dict.fromkeys(filter(None, unknown)))
    return entry


def _together(verdicts: t.Sequence[KeyVerdict], about: str) -> Truth:
    """Tell whether one and the same principal can use all of the keys."""
    principals = sorted({name for one in verdicts for name in one.judged.get(about, ())})
    if not principals:
        return every(one.about(about) for one in verdicts)
    return some(every(one.of(name, about) for one in verdicts) for name in principals)


def _apart(verdicts: t.Sequence[KeyVerdict], about: str, account: Account) -> str:
    """Say that keys are open to different principals."""
    who = "instances" if about == "instances" else "Auto Scaling"
    lists = "; ".join(sorted({f"{one.arn} by {', '.join(one.principals)}" for one in verdicts if one.principals}))
    return (
        f"{who} of account {account.account_id}: no principal is known to use all of the keys: {lists}. Open them to "
        "the same one"
    )


def _permission(image: Image, account: Account, opening: Opening) -> tuple[Truth, str]:
    """Return whether the account may launch the image at all, and why not."""
    if image.state != "available":
        return (None if image.state == "pending" else False), f"image {image.image_id} is {image.state}"
    if image.owner_id == account.account_id:
        return True, ""
    held = opening.permissions.get(image.image_id, "its launch permissions were not read")
    if isinstance(held, str):
        return None, f"image {image.image_id}: {held}"
    organizations = [opening.belongs(account.account_id, arn) for arn in sorted(held.org_arns | held.org_unit_arns)]
    found = some((account.account_id in held.user_ids, "all" in held.group_names, *organizations))
    if found is None:
        return None, (
            f"image {image.image_id} is shared with organizations, and whether account {account.account_id} belongs to "
            "them is not known (organizations:DescribeAccount)"
        )
    return found, (
        f"image {image.image_id} may not be launched by account {account.account_id}: share it, such as by "
        "sealed.ami.ec2_ami_share with purpose=launch"
    )


def _on_device(device: AuditedDevice, account: Account, opening: Opening) -> KeyVerdict | None:
    """Return what the key of a device says; None where none is needed."""
    if device.encrypted is False or (device.snapshot_id is None and not device.unseen):
        return None
    if device.key is None:
        why = f"{device.device_name}: {device.unseen or 'AWS does not say under which key it is'}"
        return KeyVerdict("", None, None, reasons={"instances": why, "autoscaling": why})
    verdict = judge_key(device.key, opening.access.get(device.key.arn), account.account_id, account.organization)
    if not device.associated:
        return verdict
    # Who may use an associated key may open the snapshot by it (aws_rules §15), which was tried by nobody yet.
    why = f"{device.device_name}: the keys associated with {device.snapshot_id} may open it as well"
    return dataclasses.replace(
        verdict,
        instances=verdict.instances or None,
        autoscaling=verdict.autoscaling or None,
        judged={what: {name: one or None for name, one in found.items()} for what, found in verdict.judged.items()},
        reasons={about: why for about in ("instances", "autoscaling")},
    )


def _remedy(verdict: KeyVerdict, about: str, account: Account, opening: Opening) -> str:
    """Return what is missing and how to give it, ready to be pasted where it is a statement."""
    said = verdict.reasons.get(about, "")
    if "neither its policy nor a grant" not in said:
        return said
    if about == "autoscaling":
        role = scaling_role(account.account_id, opening.partition)
        return (
            f"{said}: run sealed.ami.kms_key_grant in account {account.account_id} with purpose=autoscaling and "
            f"grantee_principal={role}"
        )
    return f"{said}: add these statements to the policy of the key: {json.dumps(_statements(account, opening))}"


def _statements(account: Account, opening: Opening) -> list[dict[str, t.Any]]:
    """Return the statements that let the account use the key in its key policy."""
    common: dict[str, t.Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{opening.partition}:iam::{account.account_id}:root"},
        "Resource": "*",
    }
    return [
        {"Sid": "UseKeyForImages", **common, "Action": list(_USE)},
        {
            "Sid": "LetEbsUseKeyForImages",
            **common,
            "Action": "kms:CreateGrant",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]
