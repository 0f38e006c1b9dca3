# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the user of ec2_ami_encrypted_copy asked for, as values. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..attribute_table import ATTRIBUTE_ROWS
from ..attributes import Attributes
from ..errors import PreflightError, RequestError
from ..model import Image
from ..options import (
    Options,
    parse_attributes,
    parse_duration,
    require_image_id,
    require_image_name,
    require_key_reference,
    require_region_name,
)
from ..places import PLACE_OPTIONS, REGIONAL, Place, parse_place, require_own_region
from ..timestamps import parse_timestamp
from ..vocabulary import KeyAccessMode

_PLACEHOLDERS: t.Final = ("{source_name}", "{source_image_id}", "{region}")
# What each destination may have of its own.
PER_DESTINATION: t.Final = ("kms_key_id", "name", *(row.name for row in ATTRIBUTE_ROWS if row.of_destination))
OF_DESTINATION: t.Final = ("region", *PLACE_OPTIONS, *PER_DESTINATION)


@dataclasses.dataclass(frozen=True)
class Destination:
    """One region to copy to, with the key and attributes that hold there; top-level options are already merged in."""

    region: str
    kms_key_id: str | None = None
    name: str | None = None
    attributes: Attributes = dataclasses.field(default_factory=Attributes)
    place: Place = REGIONAL

    @property
    def shown(self) -> str:
        """Name it in a sentence."""
        return self.place.shown_in(self.region)


@dataclasses.dataclass(frozen=True)
class CopyRequest:
    """Every source image goes to every destination. Times are in seconds."""

    source_image_ids: tuple[str, ...]
    source_region: str
    destinations: tuple[Destination, ...]
    encrypted: bool = True
    copy_tags: bool = False
    completion_duration_minutes: int | None = None
    present: bool = True
    superseded: t.Literal["keep", "retire", "deregister"] = "keep"
    recopy_retired: bool = False
    check_key_access: KeyAccessMode = "auto"
    intermediate: bool = False
    expires_at: str | None = None
    rollback: bool = False
    wait: bool = False
    wait_timeout: int = 3600
    wait_delay: int = 15

    @property
    def is_single(self) -> bool:
        """Tell whether exactly one copy is asked for, whose result also stands at the top level."""
        return len(self.source_image_ids) == 1 and len(self.destinations) == 1

    @property
    def deregister_superseded(self) -> bool:
        """Tell whether copies under other keys are to go for good."""
        return self.superseded == "deregister"


def parse_copy_request(options: Options, *, default_region: str | None) -> CopyRequest:
    """Return the request behind the module's options, or say which of them cannot be.

    ``default_region`` is the module's own region (option, environment or profile): the destination of the single form.
    """
    source_image_ids = _parse_sources(options)
    regions = options.get("destinations")
    source_region = options.get("source_region") or default_region
    if not source_region:
        raise RequestError("source_region is missing; say in which region the source images are")
    require_region_name(source_region, option="source_region")
    if regions is None:
        if not default_region:
            raise RequestError("region is missing; say where the copy shall go, or list destinations")
        only = {"region": default_region, **{name: options.get(name) for name in PLACE_OPTIONS}}
        destinations: tuple[Destination, ...] = (_parse_destination(only, options),)
    else:
        _require_no_place(options)
        destinations = tuple(_parse_destination(entry, options) for entry in regions)
    request = CopyRequest(
        source_image_ids=source_image_ids,
        source_region=source_region,
        destinations=destinations,
        encrypted=options["encrypted"],
        copy_tags=options["copy_tags"],
        completion_duration_minutes=parse_duration(options.get("snapshot_copy_completion_duration_minutes")),
        present=options["state"] == "present",
        superseded=options["superseded"],
        recopy_retired=options["retired"] == "recopy",
        check_key_access=options["check_key_access"],
        intermediate=options["intermediate"],
        expires_at=_parse_expiry(options),
        rollback=options["on_failure"] == "rollback",
        wait=options["wait"],
        wait_timeout=options["wait_timeout"],
        wait_delay=options["wait_delay"],
    )
    _require_consistent(request)
    return request


def _parse_sources(options: Options) -> tuple[str, ...]:
    single, many = options.get("source_image_id"), options.get("source_image_ids")
    if single is not None and many is not None:
        raise RequestError("source_image_id and source_image_ids exclude each other")
    source_image_ids = [single] if single is not None else list(many or [])
    if not source_image_ids:
        raise RequestError("source_image_ids is empty; name at least one image to copy")
    for image_id in source_image_ids:
        require_image_id(image_id, option="source_image_id")
    _require_distinct(source_image_ids, what="source_image_ids: image")
    return tuple(source_image_ids)


def _require_no_place(options: Options) -> None:
    """Refuse a place for all destinations: it belongs to a single region."""
    for name in PLACE_OPTIONS:
        if options.get(name):
            raise RequestError(
                f"{name} {options[name]} is for the one destination that region names; with destinations, give it in "
                "the one that it is for"
            )


def _parse_expiry(options: Options) -> str | None:
    text = options.get("expires_at")
    if not text:
        return None
    if not options["intermediate"]:
        raise RequestError("expires_at is for copies that others are made of; pass intermediate=true")
    if parse_timestamp(text) is None:
        raise RequestError(f"expires_at {text!r} is not a time such as 2027-01-31T00:00:00Z")
    return str(text)


def _parse_destination(entry: Options, defaults: Options) -> Destination:
    """Return a destination; its own options outrank those of the task, but an empty key is refused."""
    merged = {
        **defaults,
        **{name: entry[name] for name in PER_DESTINATION if entry.get(name) is not None},
    }
    region = require_region_name(entry.get("region") or "", option="region")
    if entry.get("kms_key_id") == "" and defaults.get("kms_key_id"):
        raise RequestError(
            f"destinations: kms_key_id of {region} is empty; leave it out for {defaults['kms_key_id']}, or name the "
            "key, such as alias/aws/ebs"
        )
    key = merged.get("kms_key_id") or None
    if key is not None:
        require_key_reference(key, region=region)
    name = merged.get("name")
    if name is not None and not any(placeholder in name for placeholder in _PLACEHOLDERS):
        require_image_name(name)
    place = parse_place(entry, region=region)
    return Destination(region=region, kms_key_id=key, name=name, attributes=parse_attributes(merged), place=place)


def _require_consistent(request: CopyRequest) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if not request.destinations:
        raise RequestError("destinations is empty; list at least one region")
    require_distinct_destinations(request)
    for destination in request.destinations:
        if len(request.source_image_ids) > 1 and destination.name and "{source_" not in destination.name:
            raise RequestError(
                f"name {destination.name!r} would be given to {len(request.source_image_ids)} images in "
                f"{destination.region}; "
                "put {source_name} or {source_image_id} into it"
            )
    if request.intermediate and not all(destination.kms_key_id for destination in request.destinations):
        raise RequestError(
            "intermediate is for copies that other accounts copy, so kms_key_id is required: nobody else can use what "
            "is under the default key"
        )
    if not request.encrypted and any(destination.kms_key_id for destination in request.destinations):
        raise RequestError(
            "kms_key_id and encrypted=false exclude each other: without encryption the status of each snapshot is "
            "preserved, and AWS takes no key for that; drop one of them"
        )
    for destination in request.destinations:
        if destination.place.is_local:
            _require_local(request, destination)
    if request.wait_timeout < 1 or request.wait_delay < 1:
        raise RequestError("wait_timeout and wait_delay are in seconds and must be at least 1")


def require_distinct_destinations(request: CopyRequest) -> None:
    """Refuse destinations that are one; a zone may have been named in two ways."""
    _require_distinct(
        [f"{one.shown} with key {one.kms_key_id or 'default'}" for one in request.destinations], what="destinations:"
    )
    if request.superseded != "keep":
        _require_distinct(
            [one.shown for one in request.destinations],
            what=f"superseded={request.superseded} keeps one copy in a place, but destinations:",
        )


def _require_local(request: CopyRequest, destination: Destination) -> None:
    """Refuse what AWS does not do in a Local Zone or on an Outpost (aws_rules §21)."""
    place, permissions = destination.place, destination.attributes.launch_permissions
    require_own_region(place, request.source_region, destination.region)
    if request.completion_duration_minutes is not None:
        raise RequestError(
            f"snapshot_copy_completion_duration_minutes cannot be kept on the way to {place.shown}; leave it out, or "
            "give that destination a task of its own"
        )
    if place.outpost_arn and not request.encrypted:
        raise RequestError(
            f"encrypted=false cannot be kept: snapshots on {place.shown} are always encrypted; name a key, or leave "
            "encrypted out for the default key"
        )
    if place.outpost_arn and permissions:
        raise RequestError(
            f"launch_permissions: snapshots on {place.shown} cannot be shared; share an image of the region, from "
            "which others copy to their own"
        )


def _require_distinct(values: t.Sequence[str], *, what: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise RequestError(f"{what} {value} is listed twice; remove one")


def render_name(
    template: str | None,
    *,
    source_name: str,
    source_image_id: str,
    source_region: str,
    region: str,
    encrypted: bool = True,
    place: Place = REGIONAL,
) -> str:
    """Return the name of a copy; without a template, the source's name, marked when both share a region.

    A copy in a Local Zone or on an Outpost, which is listed among the region's images, has the place in its name too.
    """
    if not source_name and (template is None or "{source_name}" in template):
        raise PreflightError(f"source image {source_image_id} in {source_region} has no name; pass name for the copy")
    if template is None:
        suffix = ("-encrypted" if encrypted else "-copy") if source_region == region else ""
        suffix += f"-{place.label}" if place.is_local else ""
        return require_image_name(f"{source_name[: 128 - len(suffix)]}{suffix}")
    name = template
    for placeholder, value in zip(_PLACEHOLDERS, (source_name, source_image_id, region)):
        name = name.replace(placeholder, value)
    return require_image_name(name)


def name_of_copy(request: CopyRequest, destination: Destination, source: Image) -> str:
    """Return the name of the copy of an image in a destination, or say why there can be none."""
    return render_name(
        destination.name,
        source_name=source.name,
        source_image_id=source.image_id,
        source_region=source.region,
        region=destination.region,
        encrypted=request.encrypted,
        place=destination.place,
    )


def expected_name(request: CopyRequest, destination: Destination, source: Image | None) -> str:
    """Return the name of the copy; empty where the source is gone or gives none, which matters to a new copy alone."""
    try:
        return name_of_copy(request, destination, source) if source else ""
    except (PreflightError, RequestError):
        return ""
