# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: moto's, with volumes of ours and states that take their time."""

from __future__ import annotations

import copy
import math
import typing as t

from moto.ec2.models.instances import Instance, InstanceState, StateReason

from emulated_aws.ec2 import errors, timing, volumes
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.model import Billing, BootSettings, Image, View, Watermark
from emulated_aws.ec2.volume import Attachment, Volume
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
LAUNCH_FAILED = ("Client.InternalError", "Client.InternalError: Client error on launch")
KEY_IN_WRONG_STATE = (
    "Client.InternalError",
    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
)
TERMINATED_WHILE_IMAGED = (
    "Client.InstanceTerminated",
    "Client.InstanceTerminated: The instance was terminated or rebooted during AMI creation.",
)


class EmulatedInstance(Instance):
    """An instance whose disks are volumes of the emulated EBS."""

    ec2_backend: Ec2Region

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.boot, self.billing = BootSettings(), Billing()
        self.watermarks: dict[str, Watermark] = {}
        self.ephemeral_devices: list[tuple[str, str]] = []
        self.created_at, self.terminated_at = timing.now(), math.inf
        self.launch_time = timing.moment(timing.now())
        self.lag = self.ec2_backend.new_lag()
        self.enter("pending")

    def enter(self, state: str) -> None:
        """Change the state now."""
        self._state = InstanceState(state, CODES[state])
        if state in ("pending", "running"):
            self._reason, self.state_reason = "", None  # type: ignore[assignment]  # a running instance has none

    def setup_defaults(self) -> None:
        """Make no volume: the mapping of the image decides about all of them."""

    def add_block_device(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Make no volume here either: a launch template's mapping is merged into the image's."""

    # moto keeps a mapping of its own; here the attachments of the volumes are the only truth.
    @property  # type: ignore[override]
    def block_device_mapping(self) -> dict[str, Attachment]:
        """Return the attachments by device name."""
        return {device: t.cast(Attachment, volume.attachment) for device, volume in self.volumes()}

    @block_device_mapping.setter
    def block_device_mapping(self, _mapping: t.Any) -> None:
        """Ignore the mapping that moto sets up."""

    @property
    def block_device_mappings(self) -> list[View]:
        """Return the attachments as DescribeInstances shows them."""
        return [
            {
                "DeviceName": device,
                "Ebs": {
                    "VolumeId": attachment.volume_id,
                    "Status": "attaching" if self.state == "pending" else attachment.state,
                    "AttachTime": timing.moment(attachment.attached_at),
                    "DeleteOnTermination": attachment.delete_on_termination,
                },
            }
            for device, attachment in self.block_device_mapping.items()
        ]

    def volumes(self) -> list[tuple[str, Volume]]:
        """Return device names and volumes."""
        return self.ec2_backend.attached(self.id)

    def adopt(self, image: Image) -> None:
        """Take over from the image what DescribeInstances shows and what an image made of the instance inherits."""
        self.boot, self.billing, self.watermarks = image.boot, image.billing, dict(image.watermarks)
        self.platform_details = image.billing.platform_details
        self.usage_operation = image.billing.usage_operation
        self.product_codes = image.billing.wire_codes()  # type: ignore[assignment]  # moto only passes it on
        self.ena_support = image.boot.ena_support
        self.sriov_net_support = image.boot.sriov_net_support  # type: ignore[assignment]  # it may be absent
        self.boot_mode, self.tpm_support = image.boot.boot_mode, image.boot.tpm_support
        self.current_instance_boot_mode = {"uefi-preferred": "uefi"}.get(
            image.boot.boot_mode or "", image.boot.boot_mode or "legacy-bios"
        )
        self.root_device_name, self.root_device_type = image.root_device_name, image.root_device_type

    def launch(self) -> None:
        """Go on to ``running``, or to ``terminated`` if a key cannot be used when it comes to that."""
        agenda.at(timing.now() + settings.instance_start_seconds, lambda _due: self._end_launch())

    def _end_launch(self) -> None:
        if self.state != "pending":
            return
        if all(volume.keys_usable() for _device, volume in self.volumes()):
            self._run()
            return
        why = self._why()
        for attachment in self.block_device_mapping.values():
            attachment.delete_on_termination = True
        self._end_terminate()
        self._explain(*why)

    def _why(self) -> tuple[str, str]:
        wrong = any(volume.key_in_wrong_state() for _device, volume in self.volumes())
        return KEY_IN_WRONG_STATE if wrong and settings.failed_launch_names_key_state else LAUNCH_FAILED

    def _run(self) -> None:
        self.enter("running")
        for _device, volume in self.volumes():
            volume.state = "available"
            for key in volume.keys:
                key.used("Decrypt")

    def _explain(self, code: str, message: str) -> None:
        self._reason, self.state_reason = message, StateReason(message, code)

    def start(self) -> InstanceState:
        """Start a stopped instance; without its keys it stops again."""
        previous = copy.copy(self._state)
        if self.state in ("running", "pending"):
            return previous
        if self.state != "stopped":
            raise self._wrong_state("started")
        super().start()
        self.enter("pending")
        agenda.at(timing.now() + settings.instance_start_seconds, lambda _due: self._end_start())
        return previous

    def _end_start(self) -> None:
        if self.state != "pending":
            return
        if all(volume.own_key_usable() for _device, volume in self.volumes()):
            self.enter("running")
        else:
            self.enter("stopped")
            self._explain(*self._why())

    def stop(self) -> InstanceState:
        """Stop a running instance."""
        previous = copy.copy(self._state)
        if self.state in ("stopped", "stopping"):
            return previous
        if self.state != "running":
            raise self._wrong_state("stopped")
        super().stop()
        self.enter("stopping")
        agenda.at(timing.now() + settings.instance_stop_seconds, lambda _due: self._end_stop())
        return previous

    def _end_stop(self) -> None:
        if self.state == "stopping":
            self.enter("stopped")

    def _wrong_state(self, verb: str) -> errors.AwsError:
        return errors.AwsError(
            "IncorrectInstanceState", f"The instance '{self.id}' is not in a state from which it can be {verb}."
        )

    def terminate(self) -> InstanceState:
        """Terminate the instance; an image being made of it fails."""
        previous = copy.copy(self._state)
        if self.state in ("shutting-down", "terminated"):
            return previous
        self._interrupt_imaging()
        self.enter("shutting-down")
        agenda.at(timing.now() + settings.instance_stop_seconds, lambda _due: self._end_terminate())
        return previous

    def _end_terminate(self) -> None:
        if self.state != "terminated":
            super().terminate()
            self.terminated_at = timing.now()

    def teardown_defaults(self) -> None:
        """Detach all volumes and delete those that end with the instance."""
        for _device, volume in self.volumes():
            ends = volume.attachment is not None and volume.attachment.delete_on_termination
            volume.attachment, volume.state = None, "available"
            if ends:
                volumes.remove(self.ec2_backend, volume.id)

    def reboot(self) -> None:
        """Reboot the instance; an image being made of it fails."""
        if self.state not in ("running", "pending"):
            raise self._wrong_state("rebooted")
        self._interrupt_imaging()

    def _interrupt_imaging(self) -> None:
        for image in self.ec2_backend.amis.values():
            if image.state == "pending" and image.lineage.instance_id == self.id:
                image.fail(*TERMINATED_WHILE_IMAGED)
