# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rest of the emulator asks about keys: where a reference leads, and whether EBS could use it now."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from moto.core.utils import get_service_model
from moto.kms.models import kms_backends

from emulated_aws.identity import Caller, identities
from emulated_aws.kms.access import ebs_refusal
from emulated_aws.kms.backend import KeyStore
from emulated_aws.kms.errors import KmsError, not_found
from emulated_aws.kms.model import EmulatedKey

ARN = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<kind>key|alias)/(?P<name>.+)")
KEY_ID = re.compile(r"(mrk-)?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32}", re.IGNORECASE)
EBS_ALIAS = "alias/aws/ebs"


@dataclasses.dataclass(frozen=True)
class KeyVerdict:
    """What EBS finds behind a reference: ``reason`` is empty exactly when the key is usable."""

    arn: str | None
    usable: bool
    reason: str
    manager: t.Literal["AWS", "CUSTOMER"] = "CUSTOMER"
    wrong_state: bool = False


def resolve(
    account_id: str,
    region: str,
    key_ref: str,
    principal: str | None = None,
    purpose: t.Literal["encrypt", "decrypt"] = "encrypt",
) -> KeyVerdict:
    """Return what EBS finds at this moment behind a key id, alias, key ARN or alias ARN; never raise.

    ``principal`` is the ARN of who asked EC2 (``identity.current_caller().arn`` when the request was accepted); with
    it, key policy, grants and enforced IAM policies are judged for that caller, else for the account as a whole.
    ``purpose`` is ``encrypt`` for the key of new data and ``decrypt`` for the key of the source.
    """
    try:
        key = locate(account_id, region, key_ref)
    except KmsError as error:
        named = ARN.fullmatch(key_ref)
        return KeyVerdict(key_ref if named and named["kind"] == "key" else None, False, error.message)
    caller = identities.by_arn(principal or f"arn:aws:iam::{account_id}:root")
    reason = key.unusable_for_ebs() or ebs_refusal(caller, key, purpose=purpose)
    manager: t.Literal["AWS", "CUSTOMER"] = "AWS" if key.key_manager == "AWS" else "CUSTOMER"
    return KeyVerdict(key.arn, not reason, reason, manager, wrong_state=not key.works)


def aws_managed_ebs_key(account_id: str, region: str) -> str:
    """Return the ARN of the account's ``alias/aws/ebs`` in the region, which its first use makes."""
    return locate(account_id, region, EBS_ALIAS).arn


def is_aws_managed(key_arn: str) -> bool:
    """Tell whether the ARN belongs to a key that AWS manages; such snapshots cannot be shared."""
    named = ARN.fullmatch(key_arn)
    if named is None:
        return False
    key = store(named["account"], named["region"]).keys.get(named["name"])
    return key is not None and key.key_manager == "AWS"


def locate(account_id: str, region: str, key_ref: str) -> EmulatedKey:
    """Return the key behind a reference; raise ``KmsError`` as DescribeKey words it."""
    named = ARN.fullmatch(key_ref)
    if named is not None:
        return _by_arn(region, named)
    if key_ref.startswith("arn:"):
        raise KmsError("InvalidArnException", f"Invalid arn {key_ref}")
    if key_ref.startswith("alias/"):
        return _by_alias(account_id, region, key_ref)
    if KEY_ID.fullmatch(key_ref) is None:
        raise not_found(f"Invalid keyId '{key_ref}'")
    return _by_id(account_id, region, key_ref)


def force_state(key_arn: str, state: str) -> None:
    """Put a key into a state that no call leads to, such as ``Unavailable`` or ``Updating``."""
    named = ARN.fullmatch(key_arn)
    allowed: list[str] = t.cast(t.Any, get_service_model("kms").shape_for("KeyState")).enum
    if named is None or state not in allowed:
        raise ValueError(f"a key's ARN and one of {', '.join(allowed)} are needed")
    try:
        locate(named["account"], named["region"], key_arn).set_state(state)
    except KmsError as error:
        raise ValueError(error.message) from None


def store(account_id: str, region: str) -> KeyStore:
    """Return the keys of an account in a region, without those whose waiting period is over."""
    try:
        keys = t.cast(KeyStore, kms_backends[account_id][region])
    except KeyError:
        raise not_found(f"Invalid arn {region}") from None
    keys.bury()
    return keys


def _by_arn(region: str, named: re.Match[str]) -> EmulatedKey:
    if named["region"] != region:
        raise not_found(f"Invalid arn {named['region']}")
    if named["kind"] == "alias":
        return _by_alias(named["account"], region, f"alias/{named['name']}")
    return _by_id(named["account"], region, named["name"])


def _by_alias(account_id: str, region: str, alias: str) -> EmulatedKey:
    keys = store(account_id, region)
    key_id = keys.get_key_id_from_alias(alias)
    if key_id is None:
        raise not_found(f"Alias arn:aws:kms:{region}:{account_id}:{alias} is not found.")
    return keys.keys[key_id]


def _by_id(account_id: str, region: str, key_id: str) -> EmulatedKey:
    keys = store(account_id, region).keys
    if key_id not in keys:
        raise not_found(f"Key 'arn:aws:kms:{region}:{account_id}:key/{key_id}' does not exist")
    return keys[key_id]


def may_use(principal: str, key_arn: str, purpose: t.Literal["encrypt", "decrypt"] = "encrypt") -> str:
    """Return AWS's sentence that says why EBS may not use the key for the principal, or nothing."""
    caller: Caller = identities.by_arn(principal)
    named = ARN.fullmatch(key_arn)
    verdict = resolve(caller.account, named["region"] if named else "", key_arn, principal, purpose)
    return verdict.reason
