# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance refreshes: all instances of a group replaced, or their root volumes only (aws_rules §20)."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.ec2.exceptions import EC2ClientError

from emulated_aws.autoscaling.configuration import Choice, Configuration
from emulated_aws.autoscaling.group import Group, Member, service_linked_role
from emulated_aws.ec2 import launching, timing, volumes
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.launch_templates import ALIAS
from emulated_aws.ec2.model import Image
from emulated_aws.ec2.request import Params
from emulated_aws.identity import calling_as
from emulated_aws.settings import settings

ROOT_ONLY = "ReplaceRootVolume"


class ActiveInstanceRefreshNotFound(AutoscalingClientError):
    """There is no refresh to end."""

    code = "ActiveInstanceRefreshNotFound"


class InstanceRefreshInProgress(AutoscalingClientError):
    """There is one refresh at a time."""

    code = "InstanceRefreshInProgress"


class IrreversibleInstanceRefresh(AutoscalingClientError):
    """AWS does not know what to go back to."""

    code = "IrreversibleInstanceRefresh"


@dataclasses.dataclass
class Refresh:
    """One refresh of a group; all of its replacements happen when it ends."""

    group: Group
    strategy: str
    given: Params | None
    preferences: Params
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    started_at: float = dataclasses.field(default_factory=timing.now)
    ended_at: float | None = None
    status: str = "InProgress"
    reason: str = ""

    @property
    def desired(self) -> Configuration:
        """Return the desired configuration; nothing where the group's own holds."""
        given = self.given or {}
        return Configuration(template=given.get("LaunchTemplate"), policy=given.get("MixedInstancesPolicy"))

    @property
    def configuration(self) -> Configuration:
        """Return what the instances are to be launched by."""
        return self.desired or self.group.configuration

    def begin(self) -> None:
        """Check what is asked for and note when the refresh ends."""
        if any(one.status == "InProgress" for one in self.group.refreshes):
            raise InstanceRefreshInProgress("An Instance Refresh is already in progress and blocks this request.")
        if self.given is not None and len([one for one in self.given.values() if one]) != 1:
            raise ValidationError("Desired configuration must specify either LaunchTemplate or MixedInstancesPolicy.")
        self.configuration.check(self.group.autoscaling_backend)
        why = self.obstacle()
        if why and settings.instance_refresh_refuses == "sync":
            raise ValidationError(why)
        self.group.refreshes.insert(0, self)
        if why:
            self.end("Failed", why)
            return
        self.group.coming = self.desired or None
        agenda.at(timing.now() + settings.instance_refresh_seconds, lambda _due: self._run())
        agenda.settle()

    def obstacle(self) -> str:
        """Say why root volumes cannot be replaced, or nothing."""
        if self.strategy != ROOT_ONLY:
            return ""
        if not self.desired.overrides or any(not one.get("ImageId") for one in self.desired.overrides):
            return f"{ROOT_ONLY} needs a desired MixedInstancesPolicy of which every override specifies an ImageId."
        for choice in self.configuration.choices(self.group.autoscaling_backend):
            plan = launching.plan(choice.call(self.group.home))
            if len([one for one in plan.image.devices if one.ebs]) != 1:
                return f"{ROOT_ONLY} does not support {plan.image.id}, which has more than a root volume."
        return ""

    def end(self, status: str, reason: str = "") -> None:
        """Note the end, of whatever kind."""
        self.status, self.reason, self.ended_at = status, reason, timing.now()
        self.group.coming = None

    def _run(self) -> None:
        if self.status != "InProgress":
            return
        try:
            if self.strategy == ROOT_ONLY:
                self._replace_roots()
            else:
                self._replace_instances()
        except EC2ClientError as error:
            self.end("Failed", str(error.message))
            return
        self.end("Successful")
        if self.desired:
            self.group.adopt(self.desired)

    def _replace_instances(self) -> None:
        """Launch the new ones first, so that a launch that fails leaves the group as it was."""
        group = self.group
        group.replace_ended()
        old = [one for one in group.instance_states if not self._skipped(one)]
        if not old:
            return
        new = group.launch(len(old), group.get_propagated_tags())
        group.home.terminate_instances([one.instance_id for one in old])
        group.instance_states = [*(one for one in group.instance_states if one not in old), *new]

    def _skipped(self, member: t.Any) -> bool:
        if not self.preferences.get("SkipMatching"):
            return False
        choices = self.configuration.choices(self.group.autoscaling_backend)
        return (member.instance.image_id, member.instance_type) in {
            (one.image_id(self.group.home), one.instance_type) for one in choices
        }

    def _replace_roots(self) -> None:
        choices = self.configuration.choices(self.group.autoscaling_backend)
        with calling_as(service_linked_role(self.group.account_id)):
            for member in t.cast(list[Member], self.group.instance_states):
                fitting = [one for one in choices if one.instance_type == member.instance_type]
                self._replace_root(member, (fitting or choices)[0])

    def _replace_root(self, member: Member, choice: Choice) -> None:
        instance, region = t.cast(EmulatedInstance, member.instance), self.group.home
        plan = launching.plan(choice.call(region))
        olds = [volume.id for device, volume in instance.volumes() if _is_root(device, instance)]
        for volume_id in olds:
            region.volumes[volume_id].attachment = None
            volumes.remove(region, volume_id)
        [root] = [device.name for device in plan.image.devices if device.ebs]
        volume = launching.attach(region, instance, root, plan.volumes[root])
        volume.state = "available"
        if not volume.keys_usable():
            instance.terminate()
        _show(member, instance, plan.image)

    def shown(self) -> Params:
        """Return the refresh as DescribeInstanceRefreshes shows it."""
        done = self.status == "Successful"
        found: Params = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group.name,
            "Status": self.status,
            "StartTime": timing.moment(self.started_at),
            "PercentageComplete": 100 if done else 0,
            "InstancesToUpdate": 0 if done else len(self.group.instance_states),
            "Strategy": self.strategy,
            "Preferences": self.preferences,
        }
        ended = {"EndTime": timing.moment(self.ended_at)} if self.ended_at is not None else {}
        desired = {"DesiredConfiguration": self.given} if self.given else {}
        return found | ended | desired | ({"StatusReason": self.reason} if self.reason else {})


def _is_root(device: str, instance: EmulatedInstance) -> bool:
    return device.rstrip("0123456789") == str(instance.root_device_name).rstrip("0123456789")


def _show(member: Member, instance: EmulatedInstance, image: Image) -> None:
    member.image_id = image.id
    if settings.replaced_root_shows_image:
        instance.image_id = image.id


def active(group: Group) -> Refresh:
    """Return the refresh under way, or raise AWS's error."""
    for one in group.refreshes:
        if one.status == "InProgress":
            return one
    raise ActiveInstanceRefreshNotFound(f"No in progress or pending Instance Refresh found for {group.name}")


def roll_back(group: Group) -> Refresh:
    """Go back to what the group has, where AWS can tell what that is."""
    refresh = active(group)
    images = [choice.image for choice in group.configuration.choices(group.autoscaling_backend)]
    if not refresh.desired or group.configuration.floats() or any(one.startswith(ALIAS) for one in images):
        raise IrreversibleInstanceRefresh(
            "A rollback needs a desired configuration, and a group that names its template's version and its image."
        )
    refresh.end("RollbackSuccessful")
    return refresh
