# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read and change the attributes of one image: description, tags, permissions, deprecation, protection."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._image.permissions import NOBODY, LaunchPermissions
from .._image.proofs import MayPurgeTags, MayTakePermissions
from .._image.vocabulary import Protection
from .connection import Region
from .errors import call

_PERMISSION_KEYS: t.Final = {
    "user_ids": "UserId",
    "group_names": "Group",
    "org_arns": "OrganizationArn",
    "org_unit_arns": "OrganizationalUnitArn",
}


def launch_permissions(region: Region, image_id: str) -> LaunchPermissions:
    """Return who may launch the image."""
    answer = call(
        f"read launch permissions of {image_id} in {region.name}",
        region.ec2.describe_image_attribute,
        ImageId=image_id,
        Attribute="launchPermission",
    )
    return _to_permissions(answer.get("LaunchPermissions") or ())


def snapshot_permissions(region: Region, snapshot_id: str) -> LaunchPermissions:
    """Return who may create volumes from the snapshot."""
    answer = call(
        f"read create-volume permissions of {snapshot_id} in {region.name}",
        region.ec2.describe_snapshot_attribute,
        SnapshotId=snapshot_id,
        Attribute="createVolumePermission",
    )
    return _to_permissions(answer.get("CreateVolumePermissions") or ())


def modify_launch_permissions(
    region: Region,
    image_id: str,
    *,
    add: LaunchPermissions,
    remove: LaunchPermissions = NOBODY,
    proof: MayTakePermissions | None = None,
) -> None:
    """Add launch permissions and, with a proof, remove some, in one call."""
    changes = {"Add": _to_entries(add), "Remove": _to_entries(remove) if _is_for(proof, image_id) else []}
    call(
        f"modify launch permissions of {image_id} in {region.name}",
        region.ec2.modify_image_attribute,
        ImageId=image_id,
        LaunchPermission={kind: entries for kind, entries in changes.items() if entries},
    )


def modify_snapshot_permissions(
    region: Region,
    snapshot_id: str,
    *,
    add: LaunchPermissions,
    remove: LaunchPermissions = NOBODY,
    proof: MayTakePermissions | None = None,
) -> None:
    """Add, then, with a proof, remove create-volume permissions; AWS takes one kind of change a call."""
    removed = remove if _is_for(proof, snapshot_id) else NOBODY
    for kind, permissions in (("Add", add), ("Remove", removed)):
        entries = _to_entries(permissions.for_snapshots)
        if entries:
            call(
                f"modify create-volume permissions of {snapshot_id} in {region.name}",
                region.ec2.modify_snapshot_attribute,
                SnapshotId=snapshot_id,
                Attribute="createVolumePermission",
                CreateVolumePermission={kind: entries},
            )


def set_description(region: Region, image_id: str, description: str) -> None:
    """Replace the image's description."""
    call(
        f"set the description of {image_id} in {region.name}",
        region.ec2.modify_image_attribute,
        ImageId=image_id,
        Description={"Value": description},
    )


def set_value(region: Region, image_id: str, attribute: str, value: str) -> None:
    """Give an attribute its value; it is named as DescribeImages shows it."""
    params: dict[str, t.Any] = {"ImageId": image_id, attribute: {"Value": value}}
    call(f"set {attribute} of {image_id} in {region.name}", region.ec2.modify_image_attribute, **params)


def add_tags(region: Region, resource_ids: t.Sequence[str], tags: t.Mapping[str, str]) -> None:
    """Add tags to images or snapshots, or give those that are there new values."""
    entries = ansible_dict_to_boto3_tag_list(dict(tags))
    names = ", ".join(resource_ids)
    call(f"tag {names} in {region.name}", region.ec2.create_tags, Resources=list(resource_ids), Tags=entries)


def remove_tags(region: Region, proofs: t.Sequence[MayPurgeTags], tags: t.Mapping[str, str]) -> None:
    """Remove tags that have these values; AWS leaves one that has another value by now."""
    entries = ansible_dict_to_boto3_tag_list(dict(tags))
    ids = [proof.resource_id for proof in proofs]
    what = f"remove tags of {', '.join(ids)} in {region.name}"
    call(what, region.ec2.delete_tags, Resources=ids, Tags=entries)


def set_deprecation(region: Region, image_id: str, deprecate_at: str) -> None:
    """Set the time of deprecation; an empty one removes it."""
    what = f"set the deprecation of {image_id} in {region.name}"
    if deprecate_at:
        call(what, region.ec2.enable_image_deprecation, ImageId=image_id, DeprecateAt=deprecate_at)
    else:
        call(what, region.ec2.disable_image_deprecation, ImageId=image_id)


def set_deregistration_protection(region: Region, image_id: str, protection: Protection) -> None:
    """Turn protection to ``enabled``, ``enabled-with-cooldown`` or ``disabled``."""
    what = f"set the deregistration protection of {image_id} in {region.name}"
    if protection == "disabled":
        call(what, region.ec2.disable_image_deregistration_protection, ImageId=image_id)
    else:
        cooldown = protection == "enabled-with-cooldown"
        call(what, region.ec2.enable_image_deregistration_protection, ImageId=image_id, WithCooldown=cooldown)


def _is_for(proof: MayTakePermissions | None, resource_id: str) -> bool:
    return proof is not None and proof.resource_id == resource_id


def _to_permissions(entries: t.Iterable[t.Mapping[str, str]]) -> LaunchPermissions:
    entries = list(entries)
    return LaunchPermissions(
        **{name: frozenset(entry[key] for entry in entries if entry.get(key)) for name, key in _PERMISSION_KEYS.items()}
    )


def _to_entries(permissions: LaunchPermissions) -> list[dict[str, str]]:
    return [{key: value} for name, key in _PERMISSION_KEYS.items() for value in sorted(getattr(permissions, name))]
