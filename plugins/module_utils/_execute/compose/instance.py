# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make an image by way of an instance: launch it under the right keys, add volumes, stop it, and create the image."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.instances import default_subnets, find_instance, run_instance, start_instance, stop_instance
from ..._aws.volumes import attach_volume, find_volumes
from ..._image.compose.identity import device_differences
from ..._image.compose.method import suitable_type
from ..._image.compose.ours import instance_proof
from ..._image.compose.recipe import RecipeDevice, launch_token
from ..._image.compose.request import InstanceOptions
from ..._image.compose.steps import (
    AttachVolume,
    CreateImage,
    CreateVolume,
    HoldInstance,
    LaunchInstance,
    StopInstance,
    WorkStep,
)
from ..._image.errors import PreflightError, SealedError
from ..._image.machines import Instance
from ..._image.model import COPY_TAG, Image
from ..._image.proofs import MayDeleteVolume, MayTerminate, returned_by_creating_call
from ..diagnosis import key_verdict
from .images import create_of_instance, find_own_image, key_verdicts
from .read import instance_image
from .volumes import require_key, start_volume
from .work import Work

_TOKENS: t.Final = 5
# A token that an earlier instance has used up.
_SPENT_CODES: t.Final = ("IdempotentInstanceTerminated", "IdempotentParameterMismatch", "InvalidInstanceID.NotFound")


def complete_options(region: Region, options: InstanceOptions, source: Image) -> InstanceOptions:
    """Return the options with a type that suits the image and a subnet to start in, or say what is missing."""
    rate = options.volume_initialization_rate
    if rate is not None and not region.knows("CreateVolume", "VolumeInitializationRate"):
        raise PreflightError(
            f"instance.volume_initialization_rate is {rate}, which the installed botocore does not know; update boto3 "
            "and botocore where the module runs, or leave it out"
        )
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
        options, subnet_id=subnet_id, instance_type=options.instance_type or suitable_type(source)
    )


class Builder:
    """The instance of one composed image: a handler for each class of step. Whoever makes one tears it down."""

    def __init__(self, work: Work, source: Image, options: InstanceOptions) -> None:
        self._work = work
        self._source = source
        self._options = options
        self._instance: Instance | None = None
        self._volumes: dict[str, MayDeleteVolume] = {}
        self._attached: dict[str, str] = {}

    def run(self, steps: t.Iterable[WorkStep]) -> str:
        """Do the steps in their order and return the id of the image that the last of them starts."""
        image_id = self._do(steps)
        if image_id is None:
            raise ValueError("the last step makes no image")
        return image_id

    def hold(self, steps: t.Iterable[WorkStep]) -> str:
        """Do the steps, and return the id of the instance once it has its volumes."""
        self._do(steps)
        return self._known_instance().instance_id

    def _do(self, steps: t.Iterable[WorkStep]) -> str | None:
        handlers: dict[type, t.Callable[[t.Any], str | None]] = {
            LaunchInstance: self._launch,
            CreateVolume: self._create_volume,
            HoldInstance: self._hold,
            StopInstance: self._stop,
            AttachVolume: self._attach,
            CreateImage: self._create_image,
        }
        image_id = None
        for step in steps:
            image_id = handlers[type(step)](step)
        return image_id

    def _launch(self, step: LaunchInstance) -> None:
        """Launch the instance; a client token returns the one that an interrupted run has left."""
        if self._work.request.held_instance_id is not None:
            return self._take_held(self._work.request.held_instance_id)
        for attempt in range(_TOKENS):
            instance = self._run(step, self._token(step, attempt))
            if instance is not None and instance.is_alive:
                self._work.own_new(returned_by_creating_call(MayTerminate, instance.instance_id))
                self._instance = instance
                self._attached = {one.device_name: one.volume_id for one in instance.attachments}
                return
        raise SealedError(
            f"no instance of {step.source_image_id} stays alive in {self._work.region.name}, after {_TOKENS} attempts "
            f"for image {self._work.recipe.name!r}; look at the reasons of the terminated ones, or wait an hour"
        )

    def _take_held(self, instance_id: str) -> None:
        """Go on with the instance that an earlier call has held, which alone has what the user's tasks did on it."""
        instance = self._shown(instance_id)
        proof = instance_proof(instance, self._work.recipe.name) if instance is not None else None
        if instance is None or not instance.is_alive:
            raise SealedError(
                f"instance {instance_id}, which was held for {self._work.recipe.name!r}, is gone; run again"
            )
        if proof is None or instance.tags.get(COPY_TAG) != self._work.recipe.work:
            raise SealedError(
                f"instance {instance_id} was not launched for image {self._work.recipe.name!r} with these devices and "
                "keys, so it is left alone; call with instance.hold again, with the same options"
            )
        self._work.own(proof)
        self._instance = instance
        self._attached = {one.device_name: one.volume_id for one in instance.attachments}

    def _hold(self, _step: HoldInstance) -> None:
        """See that the instance runs; an interrupted run may have stopped it already."""
        instance = self._until(("running", "stopped"))
        if instance.state == "stopped":
            start_instance(self._work.region, returned_by_creating_call(MayTerminate, instance.instance_id))
            instance = self._until(("running",))
        self._instance = instance

    def _token(self, step: LaunchInstance, attempt: int) -> str:
        """Return the client token of one attempt; no other run takes a held instance, which may be half provisioned."""
        request = self._work.request
        asked = [*dataclasses.astuple(self._options), *sorted(request.tags_on_the_way.items())]
        asked += ["held"] if request.hold else []
        digest = hashlib.sha256(f"{asked!r} {attempt}".encode()).hexdigest()[:24]
        return launch_token(self._work.recipe.work, step.source_image_id) + digest

    def _run(self, step: LaunchInstance, token: str) -> Instance | None:
        """Launch the instance; None where AWS says that the client token is spent, so that another one is needed."""
        recipe = self._work.recipe
        try:
            return run_instance(
                self._work.region,
                step.source_image_id,
                recipe,
                self._options,
                client_token=token,
                tags={**self._work.request.tags_on_the_way, **recipe.work_tags},
            )
        except AwsError as error:
            if error.code in _SPENT_CODES:
                return None
            raise

    def _create_volume(self, step: CreateVolume) -> None:
        """Start the volume of an added device in the instance's zone; it may be attached already."""
        device, instance = self._device(step.device_name), self._known_instance()
        if device.shape is None:
            raise ValueError(f"{step.device_name} is no volume")
        if step.device_name not in self._attached:
            self._volumes[step.device_name] = start_volume(
                self._work,
                device,
                device.shape,
                zone=instance.zone,
                snapshot_id=step.snapshot_id,
                salt=instance.instance_id,
            )

    def _stop(self, _step: StopInstance) -> None:
        """Stop the instance as soon as it runs, and wait until it has stopped."""
        instance = self._until(("running", "stopped"))
        if instance.state == "running":
            stop_instance(self._work.region, returned_by_creating_call(MayTerminate, instance.instance_id))
        self._instance = self._until(("stopped",))

    def _attach(self, step: AttachVolume) -> None:
        """Attach a volume once it is made; one that vanishes has a key that EBS cannot use."""
        proof = self._volumes.get(step.device_name)
        if proof is None:
            return
        volume_id, started = proof.resource_id, self._work.pace.now()
        while not self._is_made(step.device_name, volume_id):
            self._work.rest(self._work.delay(started), awaited=f"volume {volume_id} is not made")
        instance_id = self._known_instance().instance_id
        attach_volume(self._work.region, volume_id, instance_id=instance_id, device_name=step.device_name)

    def _create_image(self, _step: CreateImage) -> str:
        self._require_as_wanted()
        return create_of_instance(self._work, self._known_instance().instance_id, no_reboot=True)

    def _device(self, name: str) -> RecipeDevice:
        return next(device for device in self._work.recipe.ebs_devices if device.device_name == name)

    def _known_instance(self) -> Instance:
        if self._instance is None:
            raise ValueError("the plan launches no instance before")
        return self._instance

    def _until(self, states: t.Sequence[str]) -> Instance:
        """Return the instance once it is in one of the states; one that ends before has a reason, usually a key."""
        started, instance_id = self._work.pace.now(), self._known_instance().instance_id
        while True:
            current = self._look(instance_id)
            if current is not None and self._is_in(current, states):
                return current
            if self._work.sightings.is_gone(instance_id):
                raise SealedError(f"instance {instance_id} is gone from {self._work.region.name}; run again")
            self._work.rest(self._work.delay(started), awaited=f"instance {instance_id} is not {' or '.join(states)}")

    def _shown(self, instance_id: str) -> Instance | None:
        """Return an instance as AWS shows it; None once it is gone, which one answer without it does not say."""
        started = self._work.pace.now()
        while True:
            current = self._look(instance_id)
            if current is not None or self._work.sightings.is_gone(instance_id):
                return current
            self._work.rest(self._work.delay(started), awaited=f"instance {instance_id} is not shown")

    def _look(self, instance_id: str) -> Instance | None:
        shown = self._work.look(lambda: [find_instance(self._work.region, instance_id)])
        current = shown[0] if shown else None
        self._work.see([instance_id], None if shown is None else [instance_id] if current else ())
        return current

    def _is_in(self, instance: Instance, states: t.Sequence[str]) -> bool:
        # People attach disks of their own to an instance that is held for them.
        names = [device.device_name for device in self._work.recipe.ebs_devices]
        self._work.note(*(one.volume_id for one in instance.attachments if one.device_name in names))
        if instance.state not in states and not instance.is_alive:
            raise SealedError(self._ended(instance))
        return instance.state in states

    def _ended(self, instance: Instance) -> str:
        verdicts = key_verdicts(self._work)
        reason = instance.state_reason or "AWS gives no reason"
        return ". ".join([f"instance {instance.instance_id} is {instance.state}: {reason}", *verdicts])

    def _is_made(self, name: str, volume_id: str) -> bool:
        """Tell whether the volume is ready under its key; raise where it will never be, or is not needed."""
        shown = self._work.look(lambda: find_volumes(self._work.region, [volume_id]))
        self._work.see([volume_id], shown)
        volume = (shown or {}).get(volume_id)
        device, what = self._device(name), f"volume {volume_id} for {name}"
        if volume is not None and volume.state in ("available", "in-use"):
            require_key(device, what, volume)
            return True
        others: str | None = self._work.look(lambda: find_own_image(self._work)) if volume is None else None
        if others is not None:
            raise SealedError(f"another task has composed image {self._work.recipe.name!r} meanwhile")
        is_lost = volume is None and self._work.sightings.is_gone(volume_id)
        if is_lost or (volume is not None and volume.state != "creating"):
            state = volume.state if volume else "gone"
            raise SealedError(f"{what} is {state}. {key_verdict(self._work.region, device.required_key)}")
        return False

    def _require_as_wanted(self) -> None:
        """Verify every attached volume before the image is created, for the image takes their keys."""
        recipe, started = self._work.recipe, self._work.pace.now()
        # Volumes are in the zone of their instance, wherever the snapshots will lie.
        wanted = dataclasses.replace(recipe, devices=recipe.ebs_devices, place="")
        while True:
            current = self._until(("stopped",))
            volume_ids = [one.volume_id for one in current.attachments]
            volumes = self._work.look(lambda ids=volume_ids: find_volumes(self._work.region, ids)) or {}  # type: ignore[misc]
            shown = instance_image(current, volumes, region=self._work.region.name)
            awaited = {device.device_name for device in recipe.ebs_devices if device.is_added}
            if awaited <= {device.device_name for device in shown.devices} and set(volume_ids) <= set(volumes):
                break
            self._work.rest(
                self._work.delay(started), awaited=f"volumes are not attached to {current.instance_id}, or not shown"
            )
        differences = device_differences(wanted, shown)
        if differences:
            raise SealedError(
                f"the volumes of instance {current.instance_id} are not as wanted: {'; '.join(differences)}. No image "
                "is made of them; report which region and keys this was"
            )
