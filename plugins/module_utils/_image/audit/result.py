# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn what was read, and the verdicts on it, into what the info module returns. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..model import EXPIRY_TAG, SOURCE_TAG, Image
from ..timestamps import parse_timestamp
from .hanging import key_entries
from .model import AuditedDevice, AuditedKey, RegionAudit, source_of
from .policy import Policy
from .request import AuditRequest
from .verdict import Verdict, judge_image


def to_audit_result(audits: t.Sequence[RegionAudit], request: AuditRequest) -> dict[str, t.Any]:
    """Return the result of the module: the images in the order of the regions, then by name and id."""
    images = [
        _to_image(audit, image, request.policy)
        for audit in audits
        for image in sorted(audit.images, key=lambda image: (image.name, image.image_id))
    ]
    errors = [{"region": audit.region, "message": audit.error} for audit in audits if audit.error]
    found = {entry["image_id"] for entry in images}
    missing = [image_id for image_id in request.image_ids if image_id not in found]
    unused = _unused_rules(images, request.policy)
    asked = {reference for audit in audits for reference in audit.asked}
    missing_keys = [reference for reference in request.kms_key_ids if reference not in asked]
    summary = count_verdicts(images) if request.policy else None
    return {
        "changed": False,
        "compliant": _overall(summary, complete=not (errors or missing or missing_keys or unused)) if summary else None,
        "summary": summary,
        "regions": list(request.regions),
        "images": images,
        "errors": errors,
        "missing_image_ids": missing,
        "kms_keys": [entry for audit in audits for entry in key_entries(audit, _to_key)],
        "missing_kms_key_ids": missing_keys,
        "unused_device_rules": unused,
        "block_public_access": [{"region": one.region, **one.public_blocks} for one in audits if one.public_blocks],
    }


def audit_warnings(result: t.Mapping[str, t.Any]) -> list[str]:
    """Return what a person should know who takes the result for good."""
    warnings = []
    # Without a policy nothing was to be judged: whether an image is there is all that was asked, and no is an answer.
    if not result["images"] and result["summary"] is not None:
        warnings.append(f"no image was found in {', '.join(result['regions'])}; nothing was judged")
    elif result["images"] and result["unused_device_rules"]:
        seen = sorted({one["device_name"] for image in result["images"] for one in image["snapshots"]})
        warnings.append(
            f"policy.devices names {', '.join(result['unused_device_rules'])}, which no image has, so that these rules "
            f"judge nothing; the images have {', '.join(seen) or 'no device'}"
        )
    return warnings


def expired_warnings(audits: t.Iterable[RegionAudit], *, now: float) -> list[str]:
    """Return which intermediate copies should be gone by now, and are not: the way of their image was never ended.

    Tags travel, so AWS has to name the source that they name.
    """
    found = []
    for image in (one for audit in audits for one in audit.images if one.is_intermediate):
        expiry, source = image.tags.get(EXPIRY_TAG, ""), image.source_image_id
        named = image.tags.get(SOURCE_TAG, "").rpartition(":")[2]
        ends = parse_timestamp(expiry)
        if ends is None or ends > now or image.source_instance_id or source is None or source != named:
            continue
        found.append(
            f"{image.image_id} in {image.region} is an intermediate copy of {source} and should be gone since "
            f"{expiry}; "
            "distribute the image again, which ends its way and removes the copy, or remove it by state=absent with "
            "intermediate=true"
        )
    return found


def audit_failure(result: t.Mapping[str, t.Any], request: AuditRequest) -> str | None:
    """Return why the audit is not whole, unless that is to be ignored; None where it is."""
    parts = [f"{error['region']}: {error['message']}" for error in result["errors"]]
    if request.ignore_region_errors:
        parts = []
    elif parts:
        parts = [f"{len(parts)} of {len(request.regions)} regions could not be read: {' | '.join(parts)}"]
    if result["missing_image_ids"]:
        where = ", ".join(request.regions)
        parts.append(f"images not found in {where}: {', '.join(result['missing_image_ids'])}")
    if result["missing_kms_key_ids"]:
        where = ", ".join(request.regions)
        parts.append(f"KMS keys not found in {where}: {', '.join(result['missing_kms_key_ids'])}")
    return "; ".join(parts) or None


def _unused_rules(images: t.Sequence[t.Mapping[str, t.Any]], policy: Policy | None) -> list[str]:
    """Return the devices that only the policy knows: most likely their names are misspelt."""
    seen = {one["device_name"] for image in images for one in image["snapshots"]}
    return sorted(set(policy.devices) - seen) if policy is not None else []


def _overall(summary: t.Mapping[str, int], *, complete: bool) -> bool | None:
    if summary["not_compliant"]:
        return False
    return True if complete and summary["compliant"] and not summary["unknown"] else None


def count_verdicts(images: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """Return how many entries there are of each verdict."""
    verdicts = [entry["compliant"] for entry in images]
    return {
        "images": len(verdicts),
        "compliant": verdicts.count(True),
        "not_compliant": verdicts.count(False),
        "unknown": verdicts.count(None),
    }


def _to_image(audit: RegionAudit, image: Image, policy: Policy | None) -> dict[str, t.Any]:
    devices = audit.devices_of(image)
    verdict, verdicts = Verdict(None), tuple(Verdict(None) for _device in devices)
    if policy is not None:
        shown = {"shows_watermarks": audit.shows_watermarks, "shows_types": audit.shows_types}
        verdict, verdicts = judge_image(image, devices, policy, **shown)
    source_image_id, source_region = source_of(image)
    return {
        "image_id": image.image_id,
        "name": image.name,
        "state": image.state,
        "region": image.region,
        "owner_id": image.owner_id,
        "creation_date": image.creation_date,
        "source_image_id": source_image_id,
        "source_region": source_region,
        "source_instance_id": image.source_instance_id,
        "snapshots": [_to_snapshot(device, found) for device, found in zip(devices, verdicts)],
        "volume_size": sum(device.volume_size for device in devices),
        "tags": dict(image.tags),
        "watermarks": list(image.watermarks) if audit.shows_watermarks else None,
        "instance_type_specification": image.instance_types.to_dict() if image.instance_types else None,
        "image_allowed": image.is_allowed,
        "scan_results": None if image.scan_results is None else dict(image.scan_results),
        "compliant": verdict.compliant,
        "reasons": list(verdict.reasons),
        "launchable_by": [dict(one) for one in audit.launchable.get(image.image_id, ())],
    }


def _to_snapshot(device: AuditedDevice, verdict: Verdict) -> dict[str, t.Any]:
    others = device.associated
    return {
        "device_name": device.device_name,
        "snapshot_id": device.snapshot_id,
        "volume_size": device.volume_size,
        "encrypted": device.encrypted,
        "availability_zone": device.place if device.place and not device.place.startswith("arn:") else None,
        "outpost_arn": device.place if device.place and device.place.startswith("arn:") else None,
        **_to_key(device.key),
        "associated_kms_keys": None if others is None else [_to_key(key) for key in others],
        "compliant": verdict.compliant,
        "reasons": list(verdict.reasons),
    }


def _to_key(key: AuditedKey | None) -> dict[str, t.Any]:
    return {
        "kms_key_arn": key.arn if key else None,
        "kms_key_aliases": list(key.aliases) if key and key.aliases is not None else None,
        "kms_key_manager": key.manager if key else None,
        "kms_key_state": key.state if key else None,
        "kms_key_deletion_date": key.deletion_date if key else None,
    }
