# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Try the calls of a distribution without doing them."""

from __future__ import annotations

import typing as t

from .._image.access.request import NO_GRANT, Try
from .._image.key_access import Kind, Probe, Refusal
from .connection import Region
from .dry_run import succeed_dry
from .errors import AwsError, call
from .key_access import try_key

# A tag of ours, so that a policy that allows tags by their keys is asked what it will be asked then.
_TAG: t.Final = {"Key": "sealed.ami:shared-for-1", "Value": "none"}
_GRANTED: t.Final = ("CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom")


def attempt(region: Region, one: Try) -> Refusal | None:
    """Return why the call would not succeed; None where it would."""
    probe = _probe(one)
    if probe is not None:
        return try_key(region, probe)
    what = f"try {one.action} on {one.resource or 'everything'} in {region.name}"
    try:
        if one.action in _READS:
            # KMS has no dry run of what only reads.
            name, params = _READS[one.action]
            call(what, getattr(region.kms, name), **params(one))
        else:
            service, name, params = _CALLS[one.action]
            succeed_dry(what, getattr(getattr(region, service), name), **params(one))
    except AwsError as error:
        return answer_in(error)
    return None


def answer_in(error: AwsError) -> Refusal:
    """Return what AWS has answered; where it has not, or does not know who asks, nothing is known of anything."""
    not_shared = "not authorized for image" in error.words.lower()
    if not error.code or error.is_outage or (error.code in _UNKNOWN_CALLER and not not_shared):
        raise error
    return Refusal(error.words or str(error), is_denied=error.is_denied)


def _probe(one: Try) -> Probe | None:
    """Return the use of a key that EBS makes of it, None for every other call."""
    kind = _KINDS.get(one.action) if one.for_ebs else None
    if kind != "ReEncrypt":
        return Probe(kind, one.region, one.resource) if kind else None
    if one.action == "kms:ReEncryptFrom":
        return Probe(kind, one.region, one.other[0], one.resource)
    return Probe(kind, one.region, one.resource, one.resource)


def _copy(one: Try) -> dict[str, t.Any]:
    source_region, key = one.other
    return {
        "SourceImageId": one.resource,
        "SourceRegion": source_region,
        "Name": f"sealed.ami access {one.resource}",
        "Encrypted": True,
        "KmsKeyId": key,
        "TagSpecifications": [{"ResourceType": kind, "Tags": [_TAG]} for kind in ("image", "snapshot")],
    }


def _sharing(one: Try) -> dict[str, t.Any]:
    return {"ImageId": one.resource, "LaunchPermission": {"Add": [{"UserId": one.other[0]}]}}


def _sharing_snapshot(one: Try) -> dict[str, t.Any]:
    return {
        "SnapshotId": one.resource,
        "Attribute": "createVolumePermission",
        "CreateVolumePermission": {"Add": [{"UserId": one.other[0]}]},
    }


def _granting(one: Try) -> dict[str, t.Any]:
    return {"KeyId": one.resource, "GranteePrincipal": one.other[0], "Operations": list(_GRANTED)}


_UNKNOWN_CALLER: t.Final = frozenset(
    {
        "AuthFailure",
        "Blocked",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "OptInRequired",
        "PendingVerification",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_KINDS: t.Final[dict[str, Kind]] = {
    "kms:Decrypt": "Decrypt",
    "kms:GenerateDataKeyWithoutPlaintext": "GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom": "ReEncrypt",
    "kms:ReEncryptTo": "ReEncrypt",
    "kms:CreateGrant": "CreateGrant",
}
Params = t.Callable[[Try], dict[str, t.Any]]
_CALLS: t.Final[dict[str, tuple[str, str, Params]]] = {
    "ec2:DescribeImages": ("ec2", "describe_images", lambda _one: {"Owners": ["self"], "MaxResults": 5}),
    "ec2:DescribeSnapshots": ("ec2", "describe_snapshots", lambda _one: {"OwnerIds": ["self"], "MaxResults": 5}),
    "ec2:DescribeTags": ("ec2", "describe_tags", lambda _one: {"MaxResults": 5}),
    "ec2:DescribeImageAttribute": (
        "ec2",
        "describe_image_attribute",
        lambda one: {"ImageId": one.resource, "Attribute": "launchPermission"},
    ),
    "ec2:DescribeSnapshotAttribute": (
        "ec2",
        "describe_snapshot_attribute",
        lambda one: {"SnapshotId": one.resource, "Attribute": "createVolumePermission"},
    ),
    "ec2:CopyImage": ("ec2", "copy_image", _copy),
    "ec2:DeregisterImage": ("ec2", "deregister_image", lambda one: {"ImageId": one.resource}),
    "ec2:DeleteSnapshot": ("ec2", "delete_snapshot", lambda one: {"SnapshotId": one.resource}),
    "ec2:ModifyImageAttribute": ("ec2", "modify_image_attribute", _sharing),
    "ec2:ModifySnapshotAttribute": ("ec2", "modify_snapshot_attribute", _sharing_snapshot),
    "ec2:CreateTags": ("ec2", "create_tags", lambda one: {"Resources": [one.resource], "Tags": [_TAG]}),
    "ec2:DeleteTags": ("ec2", "delete_tags", lambda one: {"Resources": [one.resource], "Tags": [_TAG]}),
    "kms:CreateGrant": ("kms", "create_grant", _granting),
    "kms:RevokeGrant": ("kms", "revoke_grant", lambda one: {"KeyId": one.resource, "GrantId": NO_GRANT}),
}
_READS: t.Final[dict[str, tuple[str, Params]]] = {
    "kms:DescribeKey": ("describe_key", lambda one: {"KeyId": one.resource}),
    "kms:ListAliases": ("list_aliases", lambda _one: {"Limit": 1}),
    "kms:ListGrants": ("list_grants", lambda one: {"KeyId": one.resource, "Limit": 1}),
}
