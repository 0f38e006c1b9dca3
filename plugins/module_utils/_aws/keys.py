# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""KMS keys and the account's encryption settings in one region."""

from __future__ import annotations

import datetime
import json
import typing as t
from dataclasses import replace

from .._image.errors import PreflightError
from .._image.keys import RequiredKey, key_arn_in, not_found_message, require_usable
from .._image.model import KmsKey
from .connection import Region
from .errors import AwsError, call, required
from .paging import read_all

Warn = t.Callable[[str], None]
EBS_ALIAS: t.Final = "alias/aws/ebs"


def require_key(region: Region, reference: str | None, *, warn: Warn) -> RequiredKey:
    """Return the key behind an id, ARN, alias or alias ARN as this region sees it; None means the default EBS key.

    EC2 accepts a disabled or missing key and fails the copy hours later, so usability is judged here
    (PreflightError). Where kms:DescribeKey is denied, EBS may still be allowed to use the key: that is a warning.
    """
    is_default = reference is None
    name = reference if reference is not None else _default_key_id(region)
    try:
        key = describe_key(region, name)
    except AwsError as error:
        if not error.is_denied:
            raise
        arn = _arn_without_describing(region, name)
        unknown = "" if arn or "alias/" not in name else ", and kms:ListAliases does not tell which key it is either"
        warn(
            f"kms:DescribeKey on {name} is denied in {region.name}, so the key could not be checked before use"
            f"{unknown}; a key that EBS cannot use makes the copy fail late"
        )
        return RequiredKey(name, arn, is_default=is_default)
    require_usable(key, reference=name, region=region.name)
    if key.manager == "AWS" and not is_default and not name.endswith(EBS_ALIAS):
        _require_ebs_key(region, key, name)
    return RequiredKey(name, key.arn, key, is_default=is_default)


def _require_ebs_key(region: Region, key: KmsKey, name: str) -> None:
    """Refuse an AWS managed key of another service: its policy lets that service alone use it."""
    try:
        ebs = describe_key(region, EBS_ALIAS)
    except (AwsError, PreflightError):
        return
    if ebs.arn != key.arn:
        raise PreflightError(
            f"KMS key {name} in {region.name} is an AWS managed key of another service, which EBS cannot use; pass a "
            f"customer managed key, or {EBS_ALIAS}"
        )


def default_key(region: Region, *, warn: Warn) -> RequiredKey | None:
    """Return the key that EBS takes where none is asked for, judged as one that is; None where it may not be read."""
    try:
        name = _default_key_id(region)
    except PreflightError as error:
        warn(f"{error}. The default EBS key of {region.name} could not be checked")
        return None
    try:
        return replace(require_key(region, name, warn=warn), is_default=True)
    except PreflightError as error:
        trouble = str(error).partition(" or pass another kms_key_id")[0]
        raise PreflightError(
            f"AWS encrypts under the default EBS key of {region.name} here, as no key is asked for: {trouble}, or "
            "choose another default key (ec2:ModifyEbsDefaultKmsKeyId)"
        ) from error


def describe_for_sharing(region: Region, arn: str) -> RequiredKey:
    """Return a key that exists already, whatever its state, to judge whether what is under it can be shared."""
    try:
        return RequiredKey(arn, arn, describe_key(region, arn))
    except (AwsError, PreflightError):
        return RequiredKey(arn, arn)


def find_key(region: Region, reference: str | None, *, warn: Warn) -> RequiredKey:
    """Return the key behind a reference, usable or not: what is to be removed may be under a key that is dead by now.

    A key ARN needs no KMS: the key may be gone for good.
    """
    name = reference if reference is not None else _default_key_id(region)
    try:
        arn: str | None = key_arn_in(name) or describe_key(region, name).arn
    except AwsError as error:
        if not error.is_denied:
            raise
        arn = _arn_without_describing(region, name)
        if arn is None:
            warn(f"kms:DescribeKey on {name} is denied in {region.name}; only copies whose tags name it are found")
    return RequiredKey(name, arn, is_default=reference is None)


def _arn_without_describing(region: Region, name: str) -> str | None:
    """Return the ARN of a key that may not be described: its own name, or what KMS lists its alias to point to now.

    None for a key id, for an alias of another account, which KMS does not list, and where listing is denied too.
    """
    if "alias/" not in name:
        return key_arn_in(name)
    entries, _refusal = aliases_of_account(region)
    for entry in entries:
        arn, target = str(entry.get("AliasArn")), entry.get("TargetKeyId")
        if target and name in (entry.get("AliasName"), arn):
            return f"{arn.partition(':alias/')[0]}:key/{target}"
    return None


def aliases_of_account(region: Region) -> tuple[t.Sequence[t.Mapping[str, t.Any]], AwsError | None]:
    """Return the aliases of the caller's account, the only ones that KMS lists, or none and why they are not shown."""
    try:
        return read_all(region.kms, "list_aliases", f"list the KMS aliases in {region.name}"), None
    except AwsError as error:
        if not error.is_denied:
            raise
        return (), error


def describe_key(region: Region, reference: str) -> KmsKey:
    """Return what KMS says of a key, usable or not; a key that does not exist here raises PreflightError."""
    try:
        return _to_key(key_metadata(region, reference))
    except AwsError as error:
        if error.code in ("NotFoundException", "InvalidArnException"):
            raise PreflightError(not_found_message(reference, region=region.name)) from error
        raise


def key_metadata(region: Region, reference: str) -> dict[str, t.Any]:
    """Return what KMS answers about a key."""
    answer = call(f"describe KMS key {reference} in {region.name}", region.kms.describe_key, KeyId=reference)
    metadata: dict[str, t.Any] = required(answer, "KeyMetadata", of=f"KMS key {reference} in {region.name}")
    return metadata


def key_policy(region: Region, arn: str, *, name: str = "default") -> t.Any:
    """Return the policy of a key, empty where it has none of this name; ``AWS_RAM`` is what RAM shares it by.

    One that is no JSON is returned as text, of which nothing is known.
    """
    what = f"read the policy {name} of KMS key {arn}"
    try:
        answer = call(what, region.kms.get_key_policy, KeyId=arn, PolicyName=name)
    except AwsError as error:
        if error.code == "NotFoundException" and name != "default":
            return {}
        raise
    text = str(required(answer, "Policy", of=f"the policy of KMS key {arn}"))
    try:
        return json.loads(text)
    except ValueError:
        return text


def deletion_date_in(metadata: t.Mapping[str, t.Any]) -> str | None:
    """Return when KMS will delete the key, if it will, as AWS writes times."""
    date: datetime.datetime | None = metadata.get("DeletionDate")
    return date.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if date else None


def encryption_by_default(region: Region, *, warn: Warn) -> bool:
    """Tell whether the account encrypts every new snapshot in this region; assume not where reading it is denied."""
    try:
        answer = call(f"read encryption by default in {region.name}", region.ec2.get_ebs_encryption_by_default)
    except AwsError as error:
        if not error.is_denied:
            raise
        warn(f"ec2:GetEbsEncryptionByDefault is denied in {region.name}; the prediction assumes that it is off")
        return False
    return bool(answer.get("EbsEncryptionByDefault"))


def _default_key_id(region: Region) -> str:
    try:
        answer = call(f"read the default EBS key of {region.name}", region.ec2.get_ebs_default_kms_key_id)
    except AwsError as error:
        if not error.is_denied:
            raise
        raise PreflightError(f"{error}, or pass kms_key_id for {region.name}") from error
    return str(required(answer, "KmsKeyId", of=f"the default EBS key of {region.name}"))


def _to_key(metadata: dict[str, t.Any]) -> KmsKey:
    return KmsKey(
        arn=required(metadata, "Arn", of="a KMS key"),
        state=metadata.get("KeyState") or ("Enabled" if metadata.get("Enabled", True) else "Disabled"),
        usage=metadata.get("KeyUsage") or "ENCRYPT_DECRYPT",
        spec=metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT",
        manager=metadata.get("KeyManager") or "CUSTOMER",
        account_id=metadata.get("AWSAccountId") or "",
        deletion_date=deletion_date_in(metadata),
    )
