# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge devices and images against a policy: compliant, not compliant, or not known. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ..aws_facts import USABLE_KEY_STATES
from ..keys import key_arn_in
from ..model import Image
from .model import DELETED, AuditedDevice, AuditedKey
from .policy import Policy, Rules

# The first release that this collection knows to show AssociatedKmsKeys.
_TELLS_ASSOCIATED: t.Final = "1.44.8"
_UNUSABLE: t.Final[dict[str, str]] = {
    DELETED: "it can decrypt nothing any more",
    "Disabled": "enable it (kms:EnableKey)",
    "PendingDeletion": "cancel its deletion (kms:CancelKeyDeletion) and enable it, or copy the image to another key",
    "PendingReplicaDeletion": "cancel its deletion or copy the image to another key",
    "PendingImport": "import its key material",
    "Unavailable": "repair its key store",
    "Creating": "wait until it is Enabled",
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``compliant`` is None where something needed could not be seen; what is not known is never fine."""

    compliant: bool | None
    reasons: tuple[str, ...] = ()


_FINE: t.Final = Verdict(True)


_UNSHOWN: t.Final = Verdict(
    None, ("which watermarks it has is not known, for the installed botocore does not show them; update it",)
)


_TYPES_UNSHOWN: t.Final = Verdict(
    None,
    (
        "on which instance types it can be launched is not known, for the installed botocore does not show it; "
        "update it",
    ),
)


def judge_device(device: AuditedDevice, rules: Rules) -> Verdict:
    """Judge one device by the rules that hold for it."""
    if not rules.judges_anything:
        return _FINE
    if device.unseen:
        return Verdict(None, (device.unseen,))
    if device.encrypted is None:
        return Verdict(None, ("AWS does not say whether it is encrypted",))
    if not device.encrypted:
        what = f"snapshot {device.snapshot_id}" if device.snapshot_id else "the volume that it starts with"
        return Verdict(False, (f"{what} is not encrypted",))
    if not rules.judges_key:
        return _FINE
    own = _judge_own_key(device, rules) if rules.judges_own_key else _FINE
    return combine((own, _judge_associated(device, rules)))


def judge_image(
    image: Image,
    devices: t.Sequence[AuditedDevice],
    policy: Policy,
    *,
    shows_watermarks: bool = True,
    shows_types: bool = True,
) -> tuple[Verdict, tuple[Verdict, ...]]:
    """Return the verdict on the image and those on its devices, in their order."""
    verdicts = tuple(judge_device(device, policy.rules_for(device.device_name)) for device in devices)
    named = [
        Verdict(verdict.compliant, tuple(f"{device.device_name}: {reason}" for reason in verdict.reasons))
        for device, verdict in zip(devices, verdicts)
    ]
    if image.root_device_type != "ebs":
        named.append(Verdict(None, ("the image is backed by instance store; its bundle in S3 is not looked at",)))
    elif not devices:
        named.append(Verdict(None, ("AWS shows no EBS device of the image",)))
    elif not policy.judges_image and not any(policy.rules_for(one.device_name).judges_anything for one in devices):
        named.append(Verdict(None, (f"no rule of the policy is about any of its devices ({_names(devices)})",)))
    if policy.watermarks:
        named.append(_judge_watermarks(image, policy.watermarks) if shows_watermarks else _UNSHOWN)
    if policy.instance_types:
        named.append(_judge_types(image, policy.instance_types) if shows_types else _TYPES_UNSHOWN)
    if image.state == "pending":
        named.append(Verdict(None, ("the image is pending; run again when it is available",)))
    return combine(named), verdicts


def _judge_watermarks(image: Image, patterns: t.Sequence[str]) -> Verdict:
    """Demand a watermark that fits any of the patterns, as Allowed AMIs does; a bracket in a name means itself."""
    plain = [one.replace("[", "[[]") for one in patterns]
    if any(fnmatch.fnmatchcase(key, one) for key in image.watermarks for one in plain):
        return _FINE
    shown = f"it has {', '.join(image.watermarks)}" if image.watermarks else "it has none"
    return Verdict(False, (f"no watermark of it is {' or '.join(patterns)}; {shown}",))


def _judge_types(image: Image, patterns: t.Sequence[str]) -> Verdict:
    """Demand that the image can be launched on nothing but types that some pattern has.

    A pattern of the image counts as a whole: ``t3.*`` is within ``t*``, and ``t*`` is not within ``t3.*``.
    """
    allowed = " or ".join(patterns)
    listed = image.instance_types.supported
    if not listed:
        return Verdict(False, (f"it can be launched on other instance types than {allowed}: none is named for it",))
    others = [one for one in listed if not any(fnmatch.fnmatchcase(one, each) for each in patterns)]
    if others:
        return Verdict(False, (f"it can be launched on {', '.join(others)}, which is not {allowed}",))
    return _FINE


def _names(devices: t.Iterable[AuditedDevice]) -> str:
    return ", ".join(device.device_name for device in devices)


def combine(verdicts: t.Iterable[Verdict]) -> Verdict:
    """Return one verdict on all: the worst counts, and every reason stays."""
    verdicts = list(verdicts)
    found = [verdict.compliant for verdict in verdicts]
    compliant = False if False in found else None if None in found else True
    return Verdict(compliant, tuple(reason for verdict in verdicts for reason in verdict.reasons))


def _judge_key(key: AuditedKey, rules: Rules) -> Verdict:
    verdicts = []
    if rules.customer_managed:
        verdicts.append(_judge_manager(key))
    if rules.key_usable:
        verdicts.append(_judge_state(key))
    if rules.names_keys:
        verdicts.append(_judge_identity(key, rules))
    return combine(verdicts)


def _judge_own_key(device: AuditedDevice, rules: Rules) -> Verdict:
    if device.key is None:
        return Verdict(None, ("AWS does not say under which key it is encrypted",))
    return _judge_key(device.key, rules)


def _judge_associated(device: AuditedDevice, rules: Rules) -> Verdict:
    """Judge the other keys that open the snapshot: by the rules for its own one, unless none may be there."""
    if rules.associated_keys == "ignore":
        return _FINE
    what = f"snapshot {device.snapshot_id}"
    if device.associated is None:
        why = f"the installed botocore does not show associated keys; update it ({_TELLS_ASSOCIATED} shows them)"
        return Verdict(None, (f"whether other keys open {what} too is not known, for {why}, or ignore them",))
    return combine(_judge_other_key(key, rules, what) for key in device.associated)


def _judge_other_key(key: AuditedKey, rules: Rules, what: str) -> Verdict:
    if rules.associated_keys == "forbid":
        reason = f"the associated key {key.shown} opens {what} too; remove it (ec2:DisassociateKmsKeyId)"
        return Verdict(False, (reason,))
    if key_arn_in(key.arn) is None:
        return Verdict(None, (f"an associated key opens {what} too, and AWS does not give its ARN: {key.arn}",))
    found = _judge_key(key, rules)
    return Verdict(found.compliant, tuple(f"an associated key opens {what} too: {one}" for one in found.reasons))


def _judge_manager(key: AuditedKey) -> Verdict:
    if key.manager == "CUSTOMER":
        return _FINE
    if key.manager == "AWS":
        return Verdict(False, (f"key {key.shown} is an AWS managed key; images under it cannot be shared",))
    return Verdict(None, (f"who manages key {key.shown} could not be read",))


def _judge_state(key: AuditedKey) -> Verdict:
    if key.state in USABLE_KEY_STATES:
        return _FINE
    if key.state in _UNUSABLE:
        when = f" (to be deleted on {key.deletion_date})" if key.deletion_date else ""
        return Verdict(False, (f"key {key.shown} is {key.state}{when}; {_UNUSABLE[key.state]}",))
    what = f"is {key.state}, a state not known here" if key.state else "has a state that could not be read"
    return Verdict(None, (f"key {key.shown} {what}",))


def _judge_identity(key: AuditedKey, rules: Rules) -> Verdict:
    if key.arn in rules.allowed_keys or _has_alias(key, rules) or _has_tags(key, rules):
        return _FINE
    hidden = []
    if key.aliases is None and any("alias/" in allowed for allowed in rules.allowed_keys):
        hidden.append("aliases")
    if key.tags is None and rules.allowed_key_tags:
        hidden.append("tags")
    if hidden:
        return Verdict(None, (f"the {' and '.join(hidden)} of key {key.shown} could not be read",))
    return Verdict(False, (f"key {key.shown} is not one of the allowed keys",))


def _has_alias(key: AuditedKey, rules: Rules) -> bool:
    place = key.arn.rpartition(":")[0]
    return any(alias in rules.allowed_keys or f"{place}:{alias}" in rules.allowed_keys for alias in key.aliases or ())


def _has_tags(key: AuditedKey, rules: Rules) -> bool:
    if key.tags is None or not rules.allowed_key_tags:
        return False
    return all(key.tags.get(name) == value for name, value in rules.allowed_key_tags.items())
