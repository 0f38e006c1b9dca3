# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups: what they launch, as which principal, and what becomes of launches that fail."""

from __future__ import annotations

import contextlib
import typing as t
import uuid

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation

from emulated_aws.autoscaling.configuration import Choice, Configuration, shown
from emulated_aws.ec2 import launching, timing
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.request import Params
from emulated_aws.identity import Caller, calling_as, identities

if t.TYPE_CHECKING:
    from emulated_aws.autoscaling.refresh import Refresh
    from emulated_aws.ec2.backend import Ec2Region

ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
# What AWS gives the role says nothing of KMS: keys have to let it in by their policies or by grants (aws_rules §14.4).
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
ENDED = ("shutting-down", "terminated")
FAILED_LAUNCH = ("Client.InternalError", "Client.InvalidKMSKey")


class Member(InstanceState):
    """An instance of a group, with the version and, where an override named it, the image that it has."""

    def __init__(self, instance: EmulatedInstance, group: Group, choice: Choice) -> None:
        protected = group.new_instances_protected_from_scale_in
        super().__init__(instance, protected_from_scale_in=protected, autoscaling_group=group)
        self.launched_by = shown(choice.version) if choice.version else None
        self.configured_by = group.configuration.launch_configuration
        self.image_id = instance.image_id if choice.overridden else None

    @property
    def launch_template(self) -> Params | None:
        """Return template and version as they were when the instance was launched."""
        return self.launched_by

    @property
    def launch_configuration_name(self) -> str | None:
        """Return the launch configuration of then."""
        return self.configured_by


class Group(FakeAutoScalingGroup):
    """A group of the emulated Auto Scaling."""

    configuration = Configuration()
    coming: Configuration | None = None

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        self.activities: list[Params] = []
        self.refreshes: list[Refresh] = []
        super().__init__(*args, **kwargs)

    def _set_launch_configuration(
        self,
        launch_config_name: str,
        launch_template: Params,
        mixed_instances_policy: Params | None,
    ) -> None:
        """Take what was given, after moto has dropped a policy that was not given again."""
        given = Configuration(launch_config_name or None, launch_template or None, mixed_instances_policy)
        if given:
            given.check(self.autoscaling_backend)
        self.adopt(given or self.configuration)

    def adopt(self, configuration: Configuration) -> None:
        """Launch by this configuration from now on."""
        backend = self.autoscaling_backend
        self.configuration = configuration.named_in_full(self.home)
        self.mixed_instances_policy = self.configuration.policy
        self.launch_configuration_name = t.cast(str, configuration.launch_configuration)
        found = backend.launch_configurations.get(configuration.launch_configuration or "")
        self.launch_config = t.cast(t.Any, found)

    @property
    def home(self) -> Ec2Region:
        """Return EC2 where the group lives."""
        return t.cast("Ec2Region", self.ec2_backend)

    @property
    def launch_template(self) -> Params | None:
        """Return the template as it was given; a policy holds its own."""
        return self.configuration.template

    def choices(self) -> list[Choice]:
        """Return what the next launch may be of; during a refresh already by the desired configuration."""
        return (self.coming or self.configuration).choices(self.autoscaling_backend)

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Launch instances; where EC2 refuses, the group stays smaller and its activities say why."""
        with contextlib.suppress(EC2ClientError):
            self.instance_states += self.launch(count_needed, propagated_tags)

    def launch(self, count: int, tags: dict[str, str]) -> list[Member]:
        """Launch instances as the service-linked role; raise what EC2 says, once it is noted."""
        choice = self.choices()[0]
        with calling_as(service_linked_role(self.account_id)):
            try:
                plan = launching.plan(choice.call(self.home, count))
                reservation = self._run(choice, plan.image.id, count, tags | {ASG_NAME_TAG: self.name})
            except EC2ClientError as error:
                self.note("Failed", f"{error.message} Launching EC2 instance failed.")
                raise
            instances = [t.cast(EmulatedInstance, one) for one in reservation.instances]
            for instance in instances:
                launching.begin(self.home, plan, instance, {})
                self.note("Successful", instance_id=instance.id)
        return [Member(instance, self, choice) for instance in instances]

    def _run(self, choice: Choice, image_id: str, count: int, tags: dict[str, str]) -> Reservation:
        data: Params = choice.version.data if choice.version else {}
        found = self.launch_config
        public = found.associate_public_ip_address if found else None
        return self.home.run_instances(
            image_id,
            count,
            data.get("UserData") or (found.user_data if found else None),
            data.get("SecurityGroups") or (found.security_groups if found else []),
            instance_type=choice.instance_type or "m1.small",
            is_instance_type_default=False,
            tags={"instance": tags},
            placement=self.availability_zones[0],
            region_name=self.region,
            launch_template=shown(choice.version) if choice.version else {},
            associate_public_ip=public,
            subnet_id=self.vpc_zone_identifier.split(",")[0] if self.vpc_zone_identifier else None,
        )

    def note(self, status: str, message: str = "", instance_id: str = "") -> None:
        """Write down an activity, the latest first."""
        now = timing.moment(timing.now())
        what = f"Launching a new EC2 instance{f': {instance_id}' if instance_id else ''}."
        said = {"StatusMessage": message} if message else {}
        activity = {
            "ActivityId": str(uuid.uuid4()),
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "Description": f"{what}  Status Reason: {message}" if message else what,
            "Cause": "An instance was started in response to a difference between desired and actual capacity.",
            "StartTime": now,
            "EndTime": now,
            "StatusCode": status,
            "Progress": 100,
        }
        self.activities.insert(0, activity | said)

    def replace_ended(self) -> None:
        """Let others take the place of instances that ended, but for those that failed: theirs would fail as well."""
        ended = [one for one in self.instance_states if one.instance.state in ENDED]
        self.instance_states = [one for one in self.instance_states if one not in ended]
        failed = [one for one in ended if one.instance._reason.startswith(FAILED_LAUNCH)]
        for one in failed:
            self.note("Cancelled", one.instance._reason, one.instance.id)
        if len(ended) > len(failed):
            self.replace_autoscaling_group_instances(len(ended) - len(failed), self.get_propagated_tags())


def service_linked_role(account: str) -> Caller:
    """Return the role as which Auto Scaling launches; the first group of an account makes it."""
    arn = f"arn:aws:iam::{account}:{ROLE}"
    session = f"arn:aws:sts::{account}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling"
    found = identities.by_arn(session)
    if found.policy_arn == arn:
        return found
    identities.enforce(arn, [MAY])
    return identities.assume(arn, session_name="AutoScaling", seconds=None)[0]
