# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make an image by way of an instance: launch it under the right keys, add volumes, stop it, and create the image."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.instances import (
    default_subnets,
    find_instance,
    run_instance,
    stop_instance,
)
from ..._aws.volumes import attach_volume, find_volumes
from ..._image.compose.identity import device_differences
from ..._image.compose.recipe import RecipeDevice
from ..._image.compose.request import InstanceOptions
from ..._image.errors import PreflightError, SealedError
from ..._image.machines import Instance, Volume
from ..._image.model import Image
from ..._image.proofs import MayTerminate, by_our_tags
from ..diagnosis import key_verdict
from ..pace import GONE_SECONDS, VISIBILITY_SECONDS
from .images import create_of_instance, find_own_image, key_verdicts
from .read import instance_image
from .volumes import client_token, require_key, start_volume
from .work import Work

_TOKENS: t.Final = 5
# A token that an earlier instance has used up.
_SPENT_CODES: t.Final = ("IdempotentInstanceTerminated", "IdempotentParameterMismatch", "InvalidInstanceID.NotFound")


def complete_options(region: Region, options: InstanceOptions, source: Image) -> InstanceOptions:
    """Return the options with a type that suits the image and a subnet to start in, or say what is missing."""
    subnet_id = options.subnet_id
    if subnet_id is None:
        subnets = default_subnets(region)
        if not subnets:
            raise PreflightError(
                f"{region.name} has no default VPC with a default subnet to start the instance in; pass "
                "instance.subnet_id, or create one (ec2:CreateDefaultVpc)"
            )
        subnet_id = subnets[0]
    return dataclasses.replace(
        options, subnet_id=subnet_id, instance_type=options.instance_type or _suitable_type(source)
    )


def _suitable_type(source: Image) -> str:
    architecture = source.boot.get("Architecture")
    if architecture == "arm64":
        return "t4g.small"
    if architecture == "x86_64" and source.boot.get("EnaSupport"):
        return "t3.small"
    if architecture == "x86_64" and source.boot.get("VirtualizationType") == "hvm":
        return "t2.small"
    raise PreflightError(
        f"source image {source.image_id} is {architecture}, {source.boot.get('VirtualizationType')}; pass "
        "instance.instance_type, for no common type suits it"
    )


class Builder:
    """The instance of one composed image. Whoever makes one tears it down, whatever happens."""

    def __init__(self, work: Work, source: Image, options: InstanceOptions) -> None:
        self._work = work
        self._source = source
        self._options = options

    def create_image(self) -> str:
        """Bring an instance to the point where its volumes are what the recipe says, and start its image."""
        instance = self._launch()
        volume_ids = self._start_volumes(instance)
        instance = self._until(instance, ("running", "stopped"))
        if instance.state == "running":
            stop_instance(self._work.region, by_our_tags(MayTerminate, instance.instance_id))
        instance = self._until(instance, ("stopped",))
        self._attach(instance, volume_ids)
        self._require_as_wanted(instance, set(volume_ids))
        return create_of_instance(self._work, instance.instance_id, no_reboot=True)

    def _launch(self) -> Instance:
        """Return the instance that an interrupted run has left, which its client token finds, else a new one."""
        for attempt in range(_TOKENS):
            instance = self._run(self._token(attempt))
            if instance is not None and instance.is_alive:
                self._work.note_new(instance.instance_id)
                return instance
        raise SealedError(
            f"no instance of {self._source.image_id} stays alive in {self._work.region.name}, after {_TOKENS} attempts "
            f"for image {self._work.recipe.name!r}; look at the reasons of the terminated ones, or wait an hour"
        )

    def _token(self, attempt: int) -> str:
        options = repr(dataclasses.astuple(self._options))
        return client_token(self._work.recipe.work, options, str(attempt))

    def _run(self, token: str) -> Instance | None:
        recipe = self._work.recipe
        try:
            return run_instance(
                self._work.region,
                self._source.image_id,
                recipe,
                self._options,
                client_token=token,
                tags={**self._work.request.tags_on_the_way, **recipe.work_tags},
            )
        except AwsError as error:
            if error.code in _SPENT_CODES:
                return None
            raise

    def _start_volumes(self, instance: Instance) -> dict[str, str]:
        """Start the volumes of added devices in the instance's zone, and return their ids by device."""
        attached = {attachment.device_name: attachment.volume_id for attachment in instance.attachments}
        return {
            device.device_name: attached.get(device.device_name) or self._start_volume(device, instance)
            for device in self._added()
        }

    def _start_volume(self, device: RecipeDevice, instance: Instance) -> str:
        if device.shape is None:
            raise ValueError(f"{device.device_name} is no volume")
        return start_volume(
            self._work,
            device,
            device.shape,
            zone=instance.zone,
            snapshot_id=device.snapshot_id,
            salt=instance.instance_id,
        )

    def _added(self) -> list[RecipeDevice]:
        return [device for device in self._work.recipe.ebs_devices if device.is_added]

    def _until(self, instance: Instance, states: t.Sequence[str]) -> Instance:
        """Return the instance once it is in one of the states; one that ends before has a reason, usually a key."""
        started, missing_since, was_seen = self._work.pace.now(), None, False
        instance_id = instance.instance_id
        while True:
            shown = self._work.look(lambda: [find_instance(self._work.region, instance_id)])
            current = shown[0] if shown else None
            if current is not None:
                missing_since, was_seen = None, True
                if self._is_in(current, states):
                    return current
            elif shown is not None:
                now = self._work.pace.now()
                missing_since = missing_since or now
                if now - missing_since >= (GONE_SECONDS if was_seen else VISIBILITY_SECONDS):
                    raise SealedError(f"instance {instance_id} is gone from {self._work.region.name}; run again")
            self._work.rest(self._work.delay(started), awaited=f"instance {instance_id} is not {' or '.join(states)}")

    def _is_in(self, instance: Instance, states: t.Sequence[str]) -> bool:
        self._work.see(instance.instance_id)
        self._work.note(*(attachment.volume_id for attachment in instance.attachments))
        if instance.state not in states and not instance.is_alive:
            raise SealedError(self._ended(instance))
        return instance.state in states

    def _ended(self, instance: Instance) -> str:
        verdicts = key_verdicts(self._work)
        reason = instance.state_reason or "AWS gives no reason"
        return ". ".join([f"instance {instance.instance_id} is {instance.state}: {reason}", *verdicts])

    def _attach(self, instance: Instance, volume_ids: t.Mapping[str, str]) -> None:
        attached = {attachment.device_name for attachment in instance.attachments}
        waiting = {name: volume_id for name, volume_id in volume_ids.items() if name not in attached}
        started = self._work.pace.now()
        seen: set[str] = set()
        while waiting:
            volumes = self._work.look(lambda: find_volumes(self._work.region, waiting.values())) or {}
            seen.update(volumes)
            for volume_id in volumes:
                self._work.see(volume_id)
            for name, volume_id in list(waiting.items()):
                if self._is_ready(name, volume_id, volumes.get(volume_id), was_seen=volume_id in seen, since=started):
                    attach_volume(self._work.region, volume_id, instance_id=instance.instance_id, device_name=name)
                    del waiting[name]
            if waiting:
                self._work.rest(
                    self._work.delay(started), awaited=f"volumes {', '.join(waiting.values())} are not made"
                )

    def _is_ready(self, name: str, volume_id: str, volume: Volume | None, *, was_seen: bool, since: float) -> bool:
        device = next(device for device in self._added() if device.device_name == name)
        what = f"volume {volume_id} for {name}"
        if volume is not None and volume.state == "available":
            require_key(device, what, volume)
            return True
        if volume is None and find_own_image(self._work):
            raise SealedError(f"another task has composed image {self._work.recipe.name!r} meanwhile")
        patience = GONE_SECONDS if was_seen else VISIBILITY_SECONDS
        lost = volume is None and self._work.pace.now() - since >= patience
        if lost or (volume is not None and volume.state not in ("creating", "in-use")):
            state = volume.state if volume else "gone"
            raise SealedError(f"{what} is {state}. {key_verdict(self._work.region, device.required_key)}")
        return False

    def _require_as_wanted(self, instance: Instance, added: set[str]) -> None:
        """Verify every attached volume before the image is created, for the image takes their keys."""
        recipe = self._work.recipe
        wanted = dataclasses.replace(recipe, devices=recipe.ebs_devices)
        started = self._work.pace.now()
        while True:
            current = self._until(instance, ("stopped",))
            volumes = find_volumes(self._work.region, [one.volume_id for one in current.attachments])
            shown = instance_image(current, volumes, region=self._work.region.name)
            if added <= {device.device_name for device in shown.devices}:
                break
            self._work.rest(self._work.delay(started), awaited=f"volumes are not attached to {instance.instance_id}")
        differences = device_differences(wanted, shown)
        if differences:
            raise SealedError(
                f"the volumes of instance {instance.instance_id} are not as wanted: {'; '.join(differences)}. No image "
                "is made of them; report which region and keys this was"
            )
