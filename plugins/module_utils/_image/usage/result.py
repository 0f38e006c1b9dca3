# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn what was read into what ec2_ami_usage_info returns. No AWS, no Ansible."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..model import Image
from ..use import Use
from .request import UsageRequest

_MOST_WARNINGS: t.Final = 10


@dataclasses.dataclass(frozen=True)
class RegionUsage:
    """What was read in one region, or the ``error`` that ended the reading."""

    region: str
    images: tuple[Image, ...] = ()
    uses: t.Mapping[str, Use] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str | None = None


def to_usage_result(usages: t.Sequence[RegionUsage], request: UsageRequest) -> dict[str, t.Any]:
    """Return the result of the module: the images in the order of the regions, then by name and id."""
    images = [
        _to_image(image, usage.uses[image.image_id])
        for usage in usages
        for image in sorted(usage.images, key=lambda image: (image.name, image.image_id))
    ]
    found = {entry["image_id"] for entry in images}
    verdicts = [entry["in_use"] for entry in images]
    return {
        "changed": False,
        "summary": {
            "images": len(images),
            "in_use": verdicts.count(True),
            "not_in_use": verdicts.count(False),
            "unknown": verdicts.count(None),
        },
        "regions": list(request.regions),
        "images": images,
        "errors": [{"region": usage.region, "message": usage.error} for usage in usages if usage.error],
        "missing_image_ids": [image_id for image_id in request.image_ids if image_id not in found],
    }


def usage_message(result: t.Mapping[str, t.Any]) -> str:
    """Return the result in a sentence."""
    count = result["summary"]
    since = sorted(entry["as_of"] for entry in result["images"] if entry["in_use"] is False)
    return (
        f"{count['images']} images: {count['in_use']} in use, {count['not_in_use']} not in use"
        f"{f' as of {since[0]}' if since else ''}, {count['unknown']} not known"
    )


def usage_warnings(result: t.Mapping[str, t.Any]) -> list[str]:
    """Return what a person should know who takes the result for good: each reason for not knowing, once."""
    images = result["images"]
    if not images:
        return [f"no image was found in {', '.join(result['regions'])}; nothing was looked at"]
    counts = collections.Counter(
        sentence for image in images if image["in_use"] is None for sentence in image["unknown"]
    ).most_common()
    told = [f"whether {_images(count)} in use is not known: {sentence}" for sentence, count in counts[:_MOST_WARNINGS]]
    rest = len(counts) - len(told)
    return [*told, *([f"images[].unknown has {rest} more reasons of this kind"] if rest else [])]


def _images(count: int) -> str:
    return "an image is" if count == 1 else f"{count} images are"


def usage_failure(result: t.Mapping[str, t.Any], request: UsageRequest) -> str | None:
    """Return why the result is not whole, unless that is to be ignored; None where it is."""
    errors = [] if request.ignore_region_errors else result["errors"]
    parts = [f"{error['region']}: {error['message']}" for error in errors]
    if parts:
        parts = [f"{len(parts)} of {len(request.regions)} regions could not be read: {' | '.join(parts)}"]
    if result["missing_image_ids"]:
        where = ", ".join(request.regions)
        parts.append(f"images not found in {where}: {', '.join(result['missing_image_ids'])}")
    return "; ".join(parts) or None


def _to_image(image: Image, use: Use) -> dict[str, t.Any]:
    return {
        "image_id": image.image_id,
        "name": image.name,
        "state": image.state,
        "region": image.region,
        "owner_id": image.owner_id,
        "creation_date": image.creation_date,
        "tags": dict(image.tags),
        "in_use": use.in_use,
        "reasons": [dataclasses.asdict(reason) for reason in use.reasons],
        "unknown": list(use.unknown),
        "holds": [{"source": hold.source, "what": hold.what} for hold in use.holds],
        "last_launched_time": use.last_launched_time,
        "as_of": use.as_of,
    }
