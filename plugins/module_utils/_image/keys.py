# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge keys: is this one fit to encrypt snapshots in that region? Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from .aws_facts import USABLE_KEY_STATES
from .errors import PreflightError
from .machines import Volume
from .model import BlockDevice, KmsKey, Snapshot

STATE_REMEDIES: t.Final[dict[str, str]] = {
    "Disabled": "enable it (kms:EnableKey) or pass another kms_key_id",
    "PendingDeletion": "cancel its deletion (kms:CancelKeyDeletion) and enable it or pass another kms_key_id",
    "PendingReplicaDeletion": "cancel its deletion or pass another kms_key_id",
    "PendingImport": "import its key material or pass another kms_key_id",
    "Creating": "wait until it is Enabled",
    "Unavailable": "repair its key store or pass another kms_key_id",
}


@dataclasses.dataclass(frozen=True)
class RequiredKey:
    """The key that every snapshot of an image, or one device, must carry.

    ``arn`` is None only where kms:DescribeKey was denied and the reference is not itself a key ARN. ``metadata`` is
    None where DescribeKey was denied.
    """

    reference: str
    arn: str | None
    metadata: KmsKey | None = None
    is_default: bool = False

    @property
    def shown(self) -> str:
        """Name the key for people: the ARN where it is known, and the reference where that says more."""
        if self.arn is None or self.arn == self.reference:
            return self.reference
        return f"{self.reference} ({self.arn})"

    @property
    def alias(self) -> str | None:
        """Return the alias by which the key was asked for; None where it was named by its id or ARN."""
        before, found, name = self.reference.partition("alias/")
        return f"{found}{name}" if found and (not before or before.startswith("arn:")) else None

    @property
    def is_told(self) -> bool:
        """Tell whether it is known which key this is: where DescribeKey is denied, an alias does not say."""
        return self.arn is not None or "alias/" not in self.reference

    def is_on(self, device: BlockDevice | Snapshot | Volume) -> bool:
        """Tell whether the device's snapshot, or the snapshot or volume itself, is known to be encrypted with this key.

        Whole ARNs are compared: multi-Region keys share their id, and an alias may be pointed elsewhere at any time.
        Of a key id alone the region is known to be that of the snapshot.
        """
        if not device.encrypted or device.kms_key_arn is None or not self.is_told:
            return False
        if self.arn is None:
            return device.kms_key_arn.endswith(f":key/{self.reference}")
        return device.kms_key_arn == self.arn

    def is_alone_on(self, device: BlockDevice | Snapshot | Volume) -> bool:
        """Tell whether the device is encrypted with this key, and AWS shows no other key that opens it too.

        Who may use an associated key needs no permission on this one (aws_rules §15). Where the installed botocore
        cannot show associated keys, nothing speaks against the device.
        """
        return self.is_on(device) and not associated_keys(device)


def associated_keys(device: BlockDevice | Snapshot | Volume) -> tuple[str, ...]:
    """Return the other keys that are known to open a snapshot; volumes have none."""
    return () if isinstance(device, Volume) else device.associated_keys or ()


def beside_own_key(device: BlockDevice | Snapshot | Volume) -> str:
    """Say which other keys open a snapshot; empty where none is known of."""
    others = associated_keys(device)
    if not others:
        return ""
    noun, verb, them = ("key", "opens", "it") if len(others) == 1 else ("keys", "open", "them")
    return f", and the associated {noun} {', '.join(others)} {verb} it too (ec2:DisassociateKmsKeyId removes {them})"


def aliases_of(keys: t.Iterable[RequiredKey | None]) -> dict[str, str]:
    """Return the alias of each key that was asked for by one, by the ARN of the key."""
    named = [(key.arn, key.alias) for key in keys if key is not None]
    return {arn: alias for arn, alias in reversed(named) if arn and alias}


def key_arn_in(reference: str) -> str | None:
    """Return the reference when it is a key ARN, which needs no resolving; None for ids and aliases."""
    parts = reference.split(":")
    return reference if len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/") else None


def region_in(reference: str) -> str | None:
    """Return the region named by a key ARN or alias ARN; None for ids and alias names."""
    parts = reference.split(":")
    return parts[3] if len(parts) == 6 and parts[0] == "arn" and parts[2] == "kms" else None


def require_region(reference: str, *, region: str) -> None:
    """Refuse a key ARN of another region: EBS accepts it and fails the copy later, without saying why."""
    found = region_in(reference)
    if found is not None and found != region:
        raise PreflightError(
            f"KMS key {reference} is in {found}, the image goes to {region}; "
            f"pass a key of {region} or the replica there of a multi-Region key"
        )


def require_usable(key: KmsKey, *, reference: str, region: str) -> None:
    """Refuse a key that EBS would accept now and fail on later (CopyImage authenticates keys asynchronously)."""
    require_region(key.arn, region=region)
    name = reference if reference == key.arn else f"{reference} ({key.arn})"
    if key.state not in USABLE_KEY_STATES:
        remedy = STATE_REMEDIES.get(key.state, "pass another kms_key_id")
        when = f" (to be deleted on {key.deletion_date})" if key.deletion_date else ""
        raise PreflightError(f"KMS key {name} in {region} is {key.state}{when}; {remedy}")
    if key.usage != "ENCRYPT_DECRYPT" or key.spec != "SYMMETRIC_DEFAULT":
        raise PreflightError(
            f"KMS key {name} in {region} is for {key.usage} with spec {key.spec}; "
            "EBS needs a symmetric key: ENCRYPT_DECRYPT with SYMMETRIC_DEFAULT"
        )


def require_shareable(key: RequiredKey, *, region: str) -> None:
    """Refuse to share what is encrypted with an AWS managed key: its policy cannot name another account."""
    if key.metadata is not None and key.metadata.manager == "AWS":
        raise PreflightError(
            f"launch_permissions are requested in {region}, but key {key.shown} is an AWS managed key: "
            "images under it cannot be shared; pass the kms_key_id of a customer managed key"
        )


def not_found_message(reference: str, *, region: str) -> str:
    """Say that KMS knows no such key in the region, with the likely slip."""
    hint = "check the id and the account"
    if not reference.startswith(("alias/", "arn:", "mrk-")) and not _looks_like_key_id(reference):
        hint = f"an alias needs its prefix: alias/{reference}"
    return f"KMS key {reference} does not exist in {region}; {hint}"


def _looks_like_key_id(reference: str) -> bool:
    return len(reference) == 36 and reference.count("-") == 4


def require_private(group_names: frozenset[str], *, region: str) -> None:
    """Refuse to make encrypted snapshots public, which AWS never allows."""
    if group_names:
        raise PreflightError(
            f"launch_permissions in {region} name the group 'all', but images with encrypted snapshots cannot "
            "be public; "
            "name accounts or organizations"
        )
