# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of Auto Scaling: moto's, with the checks, refreshes and activities that it lacks."""

from __future__ import annotations

import typing as t

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError

from emulated_aws.autoscaling import refresh
from emulated_aws.autoscaling.configuration import Configuration
from emulated_aws.autoscaling.group import Group
from emulated_aws.ec2 import lookup
from emulated_aws.ec2.agenda import agenda, lock
from emulated_aws.ec2.request import Params

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

LONGEST_PAGE = 100
FORMS = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")


class AlreadyExists(AutoscalingClientError):
    """The name is taken."""

    code = "AlreadyExists"


class ResourceInUse(AutoscalingClientError):
    """Something needs what is to be deleted."""

    code = "ResourceInUse"


class Answers(AutoScalingResponse):
    """moto's answers, but for what is about images."""

    def call_action(self) -> TYPE_RESPONSE:
        """Answer, after everything that is due has happened."""
        with lock:
            agenda.settle()
            for group in self._groups().values():
                group.replace_ended()
            return super().call_action()

    def _groups(self) -> dict[str, Group]:
        return t.cast(dict[str, Group], self.autoscaling_backend.autoscaling_groups)

    def _group(self) -> Group:
        name = self._get_param("AutoScalingGroupName")
        if name not in self._groups():
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return self._groups()[name]

    def create_auto_scaling_group(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html"""
        name = self._get_param("AutoScalingGroupName")
        if name in self._groups():
            raise AlreadyExists(f"AutoScalingGroup by this name already exists - A group with the name {name} exists")
        return super().create_auto_scaling_group()

    def update_auto_scaling_group(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html"""
        self._group()
        given = [
            self._get_param(name) for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")
        ]
        if len([one for one in given if one]) > 1:
            raise ValidationError(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName "
                "or MixedInstancesPolicy parameter."
            )
        if any(given):
            Configuration(*given).check(self.autoscaling_backend)
        return super().update_auto_scaling_group()

    def delete_auto_scaling_group(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html"""
        if self._group().instance_states and not self._get_bool_param("ForceDelete", False):
            raise ResourceInUse("You cannot delete an AutoScalingGroup while there are instances still in the group.")
        return super().delete_auto_scaling_group()

    def create_launch_configuration(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html"""
        name, image_id = self._get_param("LaunchConfigurationName"), self._get_param("ImageId")
        if name in self.autoscaling_backend.launch_configurations:
            raise AlreadyExists(f"Launch Configuration by this name already exists - {name}")
        try:
            if image_id:
                lookup.image(t.cast("Ec2Region", self.autoscaling_backend.ec2_backend), image_id)
        except EC2ClientError as error:
            raise ValidationError(f"AMI {image_id} is invalid: {error.message}") from None
        return super().create_launch_configuration()

    def delete_launch_configuration(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLaunchConfiguration.html"""
        name = self._get_param("LaunchConfigurationName")
        if any(group.configuration.launch_configuration == name for group in self._groups().values()):
            raise ResourceInUse(f"Cannot delete launch configuration {name} because it is attached to a group")
        return super().delete_launch_configuration()

    def describe_scaling_activities(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html"""
        named = self._get_param("AutoScalingGroupName")
        groups = [self._group()] if named else list(self._groups().values())
        return self._page("Activities", [one for group in groups for one in group.activities])

    def start_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html"""
        started = refresh.Refresh(
            self._group(),
            self._get_param("Strategy", "Rolling"),
            self._get_param("DesiredConfiguration"),
            self._get_param("Preferences", {}),
        )
        started.begin()
        return ActionResult({"InstanceRefreshId": started.id})

    def cancel_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CancelInstanceRefresh.html"""
        cancelled = refresh.active(self._group())
        cancelled.end("Cancelled", "Cancelled due to user request.")
        return ActionResult({"InstanceRefreshId": cancelled.id})

    def rollback_instance_refresh(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RollbackInstanceRefresh.html"""
        return ActionResult({"InstanceRefreshId": refresh.roll_back(self._group()).id})

    def describe_instance_refreshes(self) -> ActionResult:
        """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeInstanceRefreshes.html"""
        wanted = self._get_param("InstanceRefreshIds", [])
        found = [one.shown() for one in self._group().refreshes if not wanted or one.id in wanted]
        return self._page("InstanceRefreshes", found)

    def _page(self, name: str, found: list[Params]) -> ActionResult:
        start, size = int(self._get_param("NextToken") or 0), self._get_int_param("MaxRecords", 50)
        if not 1 <= size <= LONGEST_PAGE:
            raise ValidationError(f"1 validation error detected: MaxRecords must be at most {LONGEST_PAGE}")
        end = start + size
        return ActionResult({name: found[start:end]} | ({"NextToken": str(end)} if end < len(found) else {}))
