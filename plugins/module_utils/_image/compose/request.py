# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the user of ec2_ami_compose_keys asked for, as values. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..attributes import Attributes
from ..errors import RequestError
from ..model import COPY_TAG, DEVICE_TAG, KEY_TAG, RECIPE_TAG, SOURCE_TAG
from ..options import (
    Options,
    parse_attributes,
    parse_duration,
    parse_tags,
    require_image_id,
    require_image_name,
    require_key_reference,
    require_region_name,
)
from ..vocabulary import AskedMethod, KeyAccessMode

_INSTANCE_ID = re.compile(r"^i-([0-9a-f]{8}|[0-9a-f]{17})\Z")
_SNAPSHOT_ID = re.compile(r"^snap-([0-9a-f]{8}|[0-9a-f]{17})\Z")
_DEVICE_NAME = re.compile(r"^(/dev/[A-Za-z0-9/]+|xvd[a-z]{1,2}[0-9]*|sd[a-z][0-9]*)\Z")
# AWS takes so many tags on a resource, and these are our own.
MOST_TAGS: t.Final = 50
IMAGE_TAGS: t.Final = (SOURCE_TAG, RECIPE_TAG, COPY_TAG)
SNAPSHOT_TAGS: t.Final = (RECIPE_TAG, COPY_TAG, DEVICE_TAG, KEY_TAG)
TEMPORARY_TAGS: t.Final = (RECIPE_TAG, COPY_TAG, DEVICE_TAG)
_SHAPE: t.Final = ("snapshot_id", "volume_size", "volume_type", "iops", "throughput", "delete_on_termination")


@dataclasses.dataclass(frozen=True)
class DeviceRequest:
    """One entry of ``device_mapping``; what is None is taken from the source. Sizes are in GiB."""

    device_name: str
    kms_key_id: str | None = None
    snapshot_id: str | None = None
    volume_size: int | None = None
    volume_type: str | None = None
    iops: int | None = None
    throughput: int | None = None
    delete_on_termination: bool | None = None
    no_device: bool = False


@dataclasses.dataclass(frozen=True)
class InstanceOptions:
    """How the instance of ``method: instance`` is started; None leaves a choice to this collection or to AWS."""

    instance_type: str | None = None
    subnet_id: str | None = None
    security_group_ids: tuple[str, ...] = ()
    iam_instance_profile: str | None = None
    key_name: str | None = None
    user_data: str | None = None
    http_tokens: str = "required"
    http_endpoint: str = "enabled"
    volume_initialization_rate: int | None = None


@dataclasses.dataclass(frozen=True)
class ComposeRequest:
    """One image of one source, with a key for each device. Times are in seconds."""

    name: str
    region: str
    source_region: str
    source_image_id: str | None = None
    instance_id: str | None = None
    kms_key_id: str | None = None
    devices: tuple[DeviceRequest, ...] = ()
    method: AskedMethod = "auto"
    instance: InstanceOptions = dataclasses.field(default_factory=InstanceOptions)
    hold: bool = False
    held_instance_id: str | None = None
    no_reboot: bool = False
    temporary_tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    attributes: Attributes = dataclasses.field(default_factory=Attributes)
    present: bool = True
    rollback: bool = False
    wait: bool = False
    wait_timeout: int = 3600
    wait_delay: int = 15
    check_key_access: KeyAccessMode = "auto"
    completion_duration_minutes: int | None = None
    snapshot_location: t.Literal["local", "regional"] | None = None

    @property
    def tags_on_the_way(self) -> dict[str, str]:
        """Return the user's tags of what is removed again: organizations may demand some from the moment of making."""
        return {**(self.attributes.tags or {}), **self.temporary_tags}

    @property
    def source_tag(self) -> str | None:
        """Return the value of this collection's source tag; None where a removal names no source."""
        source = self.source_image_id or self.instance_id
        return f"{self.source_region}:{source}" if source else None


def parse_compose_request(options: Options, *, default_region: str | None) -> ComposeRequest:
    """Return the request behind the module's options, or say which of them cannot be.

    ``default_region`` is the module's own region (option, environment or profile), where the image is made.
    """
    if not default_region:
        raise RequestError("region is missing; say where the image shall be made")
    region = require_region_name(default_region, option="region")
    source_region = require_region_name(options.get("source_region") or region, option="source_region")
    request = ComposeRequest(
        name=require_image_name(options["name"]),
        region=region,
        source_region=source_region,
        source_image_id=options.get("source_image_id"),
        instance_id=options.get("instance_id"),
        kms_key_id=_parse_key(options.get("kms_key_id"), region=region),
        devices=tuple(_parse_device(entry, region=region) for entry in options.get("device_mapping") or ()),
        method=options["method"],
        instance=_parse_instance(options.get("instance") or {}),
        hold=bool((options.get("instance") or {}).get("hold")),
        held_instance_id=(options.get("instance") or {}).get("held_instance_id"),
        no_reboot=bool(options.get("no_reboot")),
        temporary_tags=parse_tags(options.get("temporary_tags"), option="temporary_tags") or {},
        attributes=parse_attributes(options),
        present=options["state"] == "present",
        rollback=options["on_failure"] == "rollback",
        wait=options["wait"],
        wait_timeout=options["wait_timeout"],
        wait_delay=options["wait_delay"],
        check_key_access=options["check_key_access"],
        completion_duration_minutes=parse_duration(options.get("snapshot_copy_completion_duration_minutes")),
        snapshot_location=options.get("snapshot_location"),
    )
    _require_one_source(request)
    _require_consistent(request, has_instance_options=bool(options.get("instance")))
    require_room_for_tags(request)
    return request


def _parse_key(reference: str | None, *, region: str) -> str | None:
    # An empty text is no key, and never the key of something else.
    return None if reference is None else require_key_reference(reference, region=region)


def _parse_device(entry: Options, *, region: str) -> DeviceRequest:
    """Return what the task says of one device, or refuse what excludes each other."""
    name = entry["device_name"]
    if not _DEVICE_NAME.match(name):
        raise RequestError(f"device_mapping: {name!r} is not a device name such as /dev/sdf")
    given = [option for option in ("kms_key_id", *_SHAPE) if entry.get(option) is not None]
    if entry.get("no_device") and given:
        raise RequestError(f"device {name}: no_device drops it, so {', '.join(given)} cannot be given as well")
    snapshot_id = entry.get("snapshot_id")
    if snapshot_id is not None and not _SNAPSHOT_ID.match(snapshot_id):
        raise RequestError(f"device {name}: snapshot_id {snapshot_id!r} is not a snapshot id")
    return DeviceRequest(
        device_name=name,
        kms_key_id=_parse_key(entry.get("kms_key_id"), region=region),
        no_device=bool(entry.get("no_device")),
        **{option: entry.get(option) for option in _SHAPE},
    )


def _parse_instance(options: Options) -> InstanceOptions:
    """Return the options of the instance to launch; IMDSv2 alone unless said otherwise."""
    metadata = options.get("metadata_options") or {}
    rate = options.get("volume_initialization_rate")
    if rate is not None and not 100 <= rate <= 300:
        raise RequestError(f"instance: volume_initialization_rate is {rate} MiB/s; AWS takes 100 to 300")
    return InstanceOptions(
        instance_type=options.get("instance_type"),
        subnet_id=options.get("subnet_id"),
        security_group_ids=tuple(options.get("security_group_ids") or ()),
        iam_instance_profile=options.get("iam_instance_profile"),
        key_name=options.get("key_name"),
        user_data=options.get("user_data"),
        http_tokens=metadata.get("http_tokens") or "required",
        http_endpoint=metadata.get("http_endpoint") or "enabled",
        volume_initialization_rate=rate,
    )


def _require_one_source(request: ComposeRequest) -> None:
    if request.source_image_id is not None and request.instance_id is not None:
        raise RequestError("source_image_id and instance_id exclude each other; name the image or the instance")
    if request.source_image_id is not None:
        require_image_id(request.source_image_id, option="source_image_id")
    elif request.instance_id is not None:
        if not _INSTANCE_ID.match(request.instance_id):
            raise RequestError(f"instance_id {request.instance_id!r} is not an instance id")
    elif request.present:
        raise RequestError("neither source_image_id nor instance_id is given; say what the image is made of")


def _require_consistent(request: ComposeRequest, *, has_instance_options: bool) -> None:
    """Refuse options that contradict each other, before anything is read."""
    names = [device.device_name for device in request.devices]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"device_mapping: {name} is listed twice; remove one")
    if request.instance_id is not None:
        _require_fit_for_instance(request, has_instance_options=has_instance_options)
    if request.method == "snapshots" and has_instance_options:
        raise RequestError("method=snapshots starts no instance; drop the option instance")
    if (request.hold or request.held_instance_id) and request.method != "instance":
        raise RequestError(
            "instance.hold and instance.held_instance_id need method=instance, which launches an instance"
        )
    if request.hold and request.held_instance_id:
        raise RequestError(
            "instance.hold and instance.held_instance_id exclude each other; first hold, then make the image"
        )
    if request.held_instance_id and not _INSTANCE_ID.match(request.held_instance_id):
        raise RequestError(f"instance.held_instance_id {request.held_instance_id!r} is not an instance id")
    if request.completion_duration_minutes is not None and (request.method == "instance" or request.instance_id):
        raise RequestError(
            "snapshot_copy_completion_duration_minutes is for the copies of snapshots that method=snapshots makes; "
            "leave it out"
        )
    if request.wait_timeout < 1 or request.wait_delay < 1:
        raise RequestError("wait_timeout and wait_delay are in seconds and must be at least 1")


def require_room_for_tags(request: ComposeRequest, *, has_builder: bool = False) -> None:
    """Refuse what AWS would refuse with the first creating call, or with the last: it counts our own tags too.

    An image made by way of an instance has one more than others, as its snapshots have.
    """
    asked = {
        "tags": len(request.attributes.tags or ()) + len(IMAGE_TAGS) + has_builder,
        "snapshot_tags": len(request.attributes.snapshot_tags or ()) + len(SNAPSHOT_TAGS) + has_builder,
        "tags and temporary_tags": len(request.tags_on_the_way) + len(TEMPORARY_TAGS),
    }
    for option, number in asked.items():
        if number > MOST_TAGS:
            raise RequestError(
                f"{option}: with this collection's own a resource would have {number} tags, and AWS takes {MOST_TAGS}; "
                "leave some out"
            )


def _require_fit_for_instance(request: ComposeRequest, *, has_instance_options: bool) -> None:
    """Refuse what an image of a given instance cannot have: CreateImage takes the volumes as they are."""
    if request.source_region != request.region:
        raise RequestError(
            f"an image of an instance is made in the instance's own region, but source_region is "
            f"{request.source_region} and region {request.region}; copy the image afterwards"
        )
    if request.method != "auto" or has_instance_options:
        raise RequestError(
            "method and instance are for source_image_id; with instance_id the given instance itself is imaged"
        )
    for device in request.devices:
        if device.snapshot_id is not None:
            raise RequestError(
                f"device {device.device_name}: snapshot_id cannot be given with instance_id; attach a volume made of "
                "it to the instance first"
            )
