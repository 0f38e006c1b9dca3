# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what an audit needs of one region; every answer that is denied becomes something not known, and a warning."""

from __future__ import annotations

import typing as t

from .._image.audit.model import DELETED, AuditedKey
from .._image.keys import key_arn_in, region_in
from .._image.model import Image
from .connection import Region
from .errors import AwsError, required
from .images import describe_images
from .keys import aliases_of_account, deletion_date_in, key_metadata
from .paging import read_all

_OF_ALIAS: t.Final = ("AliasArn", "AliasName", "TargetKeyId")


def list_images(
    region: Region,
    *,
    image_ids: t.Sequence[str],
    owners: t.Sequence[str],
    filters: t.Mapping[str, t.Sequence[str]],
) -> list[Image]:
    """Return the images that fit, disabled and deprecated ones too; ids that AWS does not show are absent."""
    wanted = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    if image_ids:
        wanted.append({"Name": "image-id", "Values": list(image_ids)})
    return describe_images(region, wanted, owners=owners, hidden=True)


def describe_audited_key(region: Region, arn: str) -> tuple[AuditedKey, AwsError | None]:
    """Return what KMS says of a key, and the refusal where it says nothing."""
    try:
        metadata = key_metadata(region, arn)
    except AwsError as error:
        if error.code == "NotFoundException":
            return AuditedKey(arn, state=DELETED), None
        if error.is_denied:
            return AuditedKey(arn), error
        raise
    return AuditedKey(
        arn,
        state=metadata.get("KeyState"),
        manager=metadata.get("KeyManager"),
        deletion_date=deletion_date_in(metadata),
    ), None


def arn_of_key(region: Region, reference: str) -> str | None:
    """Return the ARN of a key by its id, alias or ARN; None where it is not a key of the region."""
    if region_in(reference) not in (None, region.name):
        return None
    if key_arn_in(reference) is not None:
        return reference
    try:
        return str(required(key_metadata(region, reference), "Arn", of=f"KMS key {reference}"))
    except AwsError as error:
        if error.code == "NotFoundException":
            return None
        raise


def list_aliases(region: Region) -> tuple[t.Callable[[str], tuple[str, ...] | None], AwsError | None]:
    """Return what tells the aliases of a key ARN, and the refusal where AWS does not list them.

    KMS lists the aliases of the caller's account alone, so those of another account's key are None: not known.
    """
    entries, refusal = aliases_of_account(region)
    if refusal is not None:
        return lambda _arn: None, refusal
    aliases: dict[str, list[str]] = {}
    places = set()
    for entry in entries:
        arn, name, key_id = (entry.get(member) for member in _OF_ALIAS)
        place = str(arn).partition(":alias/")[0]
        places.add(place)
        if name and key_id:
            aliases.setdefault(f"{place}:key/{key_id}", []).append(name)

    def of_key(arn: str) -> tuple[str, ...] | None:
        return tuple(sorted(aliases.get(arn, ()))) if arn.partition(":key/")[0] in places else None

    return of_key, None


def list_key_tags(region: Region, arn: str) -> tuple[dict[str, str] | None, AwsError | None]:
    """Return the tags of a key, and the refusal where AWS does not show them (always for other accounts' keys)."""
    try:
        entries = read_all(region.kms, "list_resource_tags", f"list the tags of {arn}", KeyId=arn)
    except AwsError as error:
        if error.is_denied or error.code == "NotFoundException":
            return None, error
        raise
    return {entry["TagKey"]: entry.get("TagValue") or "" for entry in entries}, None
