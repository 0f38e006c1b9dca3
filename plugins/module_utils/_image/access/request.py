# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What somebody is about to do, and the calls that it takes. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import RequestError
from ..options import Options, require_image_id, require_region_name

Act = t.Literal["copy", "remove", "share", "launch", "note", "grant"]
ACTS: t.Final[tuple[Act, ...]] = ("copy", "remove", "share", "launch", "note", "grant")
# Nothing has these ids: what is not there yet is asked about by them, and no answer of AWS can touch anything.
NO_IMAGE: t.Final = "ami-00000000000000000"
NO_SNAPSHOT: t.Final = "snap-00000000000000000"
NO_GRANT: t.Final = "0" * 64


@dataclasses.dataclass(frozen=True)
class Try:
    """One call that is tried without being done.

    ``other`` is what the call needs beside its resource: the region of a source, a key, an account, or a grantee.
    ``for_ebs`` tells that EBS makes the call, for whom alone a policy may allow it.
    """

    action: str
    region: str
    resource: str
    other: tuple[str, ...] = ()
    for_ebs: bool = False


@dataclasses.dataclass(frozen=True)
class AccessRequest:
    """What is tried; ``required`` means that a denial fails the task."""

    tries: tuple[Try, ...]
    required: bool

    @property
    def regions(self) -> tuple[str, ...]:
        """Return the regions of the calls."""
        return tuple(dict.fromkeys(one.region for one in self.tries))


def parse_access_request(options: Options, *, default_region: str | None) -> AccessRequest:
    """Return the request behind the module's options, or say which of them cannot be."""
    found: dict[Try, None] = {}
    for number, act in enumerate(options["acts"], 1):
        where = f"act {number} ({act['act']})"
        region = act.get("region") or default_region
        if not region:
            raise RequestError(f"{where}: region is missing; say where it is done")
        require_region_name(region, option=f"{where}: region")
        for image_id in act.get("image_ids") or ():
            require_image_id(image_id, option=f"{where}: image_ids")
        found.update(dict.fromkeys(_CALLS[act["act"]](act, region, where)))
    if not found:
        raise RequestError("acts is empty; say what is about to be done")
    return AccessRequest(tuple(found), bool(options["required"]))


def _needed(act: Options, name: str, where: str) -> list[str]:
    found = list(act.get(name) or ())
    if not found:
        raise RequestError(f"{where}: {name} is missing")
    return found


def _copy(act: Options, region: str, where: str) -> t.Iterator[Try]:
    """Yield what copying takes; EBS does with the keys what is tried of them here."""
    source_region, key = act.get("source_region") or region, act.get("kms_key_id")
    if not key:
        raise RequestError(f"{where}: kms_key_id is missing; a copy of another account's image needs it")
    yield Try("ec2:DescribeImages", source_region, "")
    yield Try("ec2:DescribeSnapshots", source_region, "")
    for image_id in _needed(act, "image_ids", where):
        yield Try("ec2:CopyImage", region, image_id, (source_region, key))
    for action in ("DescribeKey", "Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo", "CreateGrant"):
        yield Try(f"kms:{action}", region, key, for_ebs=True)
    if "alias/" in key:
        yield Try("kms:ListAliases", region, "")
    for source_key in act.get("kms_key_ids") or ():
        yield Try("kms:Decrypt", source_region, source_key, for_ebs=True)
        if source_region == region:
            yield Try("kms:ReEncryptFrom", region, source_key, (key,), for_ebs=True)


def _remove(_act: Options, region: str, _where: str) -> t.Iterator[Try]:
    yield Try("ec2:DeregisterImage", region, NO_IMAGE)
    yield Try("ec2:DeleteSnapshot", region, NO_SNAPSHOT)


def _launch(act: Options, region: str, where: str) -> t.Iterator[Try]:
    account = _needed(act, "user_ids", where)[0]
    for image_id in act.get("image_ids") or [NO_IMAGE]:
        yield Try("ec2:DescribeImageAttribute", region, image_id)
        yield Try("ec2:ModifyImageAttribute", region, image_id, (account,))


def _share(act: Options, region: str, where: str) -> t.Iterator[Try]:
    yield from _launch(act, region, where)
    account = _needed(act, "user_ids", where)[0]
    snapshot_ids = list(act.get("snapshot_ids") or [NO_SNAPSHOT])
    for snapshot_id in snapshot_ids:
        yield Try("ec2:DescribeSnapshotAttribute", region, snapshot_id)
        yield Try("ec2:ModifySnapshotAttribute", region, snapshot_id, (account,))
    for resource in (*(act.get("image_ids") or [NO_IMAGE]), *snapshot_ids):
        yield Try("ec2:CreateTags", region, resource)
        yield Try("ec2:DeleteTags", region, resource)


def _note(act: Options, region: str, where: str) -> t.Iterator[Try]:
    yield Try("ec2:DescribeTags", region, "")
    for image_id in _needed(act, "image_ids", where):
        yield Try("ec2:CreateTags", region, image_id)
        yield Try("ec2:DeleteTags", region, image_id)


def _grant(act: Options, region: str, where: str) -> t.Iterator[Try]:
    for key in _needed(act, "kms_key_ids", where):
        yield Try("kms:DescribeKey", region, key)
        yield Try("kms:ListGrants", region, key)
        for grantee in _needed(act, "grantee_principals", where):
            yield Try("kms:CreateGrant", region, key, (grantee,))
        yield Try("kms:RevokeGrant", region, key)


_CALLS: t.Final[dict[str, t.Callable[[Options, str, str], t.Iterator[Try]]]] = {
    "copy": _copy,
    "remove": _remove,
    "share": _share,
    "launch": _launch,
    "note": _note,
    "grant": _grant,
}
