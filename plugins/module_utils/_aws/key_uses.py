# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What names a key beside snapshots: templates, defaults, grants, shares. Nothing here changes anything."""

from __future__ import annotations

import datetime
import typing as t

from .._image.audit.model import TemplateKey
from .connection import Region
from .errors import call, required
from .grants import list_grants
from .image_use import locked_snapshots, managed, require_operation
from .paging import read_all

_VERSIONS: t.Final = "DescribeLaunchTemplateVersions"
# The key policy that AWS keeps while a resource share has the key (aws_rules §14.2b).
_RAM_POLICY: t.Final = "AWS_RAM"


def ebs_default_key(region: Region) -> str:
    """Return the default key of EBS as AWS names it: an ARN, an id or an alias."""
    answer = call(f"read the default EBS key of {region.name}", region.ec2.get_ebs_default_kms_key_id)
    return str(required(answer, "KmsKeyId", of=f"the default EBS key of {region.name}"))


def template_keys(region: Region) -> tuple[TemplateKey, ...]:
    """Return the keys that the newest and the default version of every launch template name."""
    what = f"describe launch template versions in {region.name}"
    asked: dict[str, t.Any] = {"Versions": ["$Latest", "$Default"], **managed(region, _VERSIONS)}
    entries = read_all(region.ec2, "describe_launch_template_versions", what, **asked)
    found = {
        TemplateKey(
            template_id=str(entry.get("LaunchTemplateId") or ""),
            template_name=str(entry.get("LaunchTemplateName") or ""),
            version=int(entry.get("VersionNumber") or 0),
            is_default=bool(entry.get("DefaultVersion")),
            device_name=str(mapping.get("DeviceName") or ""),
            reference=str(mapping["Ebs"]["KmsKeyId"]),
        )
        for entry in entries
        for mapping in (entry.get("LaunchTemplateData") or {}).get("BlockDeviceMappings") or ()
        if (mapping.get("Ebs") or {}).get("KmsKeyId")
    }
    return tuple(sorted(found, key=lambda one: (one.template_name, one.version, one.device_name)))


def key_grants(region: Region, arn: str) -> tuple[dict[str, t.Any], ...]:
    """Return who was granted the key for what."""
    return tuple(
        {
            "grant_id": one.grant_id,
            "name": one.name,
            "grantee_principal": one.terms.grantee,
            "operations": list(one.terms.operations),
        }
        for one in list_grants(region, arn)
    )


def is_shared_by_ram(region: Region, arn: str) -> bool:
    """Tell whether a resource share has the key."""
    answer = call(f"list the policies of KMS key {arn}", region.kms.list_key_policies, KeyId=arn)
    return _RAM_POLICY in required(answer, "PolicyNames", of=f"KMS key {arn}")


def last_usage(region: Region, arn: str) -> dict[str, t.Any]:
    """Return the last operation that KMS has recorded, empty where it has recorded none since it began to."""
    require_operation(region.kms, "GetKeyLastUsage", method="get_key_last_usage")
    answer = call(f"ask when KMS key {arn} was last used", region.kms.get_key_last_usage, KeyId=arn)
    last = answer.get("KeyLastUsage") or {}
    if not last:
        return {}
    return {"operation": str(last.get("Operation") or ""), "timestamp": _text(last.get("Timestamp"))}


def lock_states(region: Region) -> dict[str, str]:
    """Return the mode of each lock that holds, by snapshot."""
    return {str(one.get("SnapshotId")): str(one.get("LockState") or "") for one in locked_snapshots(region)}


def _text(when: datetime.datetime | None) -> str | None:
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
