# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group launches: by a launch configuration, a launch template, or a policy whose overrides may name images."""

from __future__ import annotations

import dataclasses
import typing as t

from moto.autoscaling.exceptions import ValidationError
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

from emulated_aws.ec2 import launch_templates, launching
from emulated_aws.ec2.request import Call, Params
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from moto.autoscaling.models import AutoScalingBackend

    from emulated_aws.ec2.backend import Ec2Region

TEMPLATE_MEMBERS = ("LaunchTemplateId", "LaunchTemplateName")


@dataclasses.dataclass(frozen=True)
class Choice:
    """What one instance is launched of; ``overridden`` tells that an override names the image itself."""

    image: str
    instance_type: str
    version: LaunchTemplateVersion | None = None
    overridden: bool = False
    mappings: tuple[Params, ...] = ()

    def call(self, region: Ec2Region, count: int = 1) -> Call:
        """Return the call that Auto Scaling makes to EC2."""
        params: Params = {"MinCount": count, "MaxCount": count, "BlockDeviceMappings": list(self.mappings)}
        # Without the model's default, EC2 takes a type or an image that is missing from the template.
        params |= {
            name: value for name, value in (("ImageId", self.image), ("InstanceType", self.instance_type)) if value
        }
        return Call(region, params | ({"LaunchTemplate": shown(self.version)} if self.version else {}), "RunInstances")

    def image_id(self, region: Ec2Region) -> str:
        """Return the image that is launched now, behind the parameter where there is one."""
        return launch_templates.image_behind(self.call(region), self.image)


def shown(version: LaunchTemplateVersion) -> Params:
    """Return template and version as an instance of a group shows them: by number, whatever the group says."""
    template = version.template
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One of the three forms; ``$Latest`` and ``$Default`` are looked at for each launch."""

    launch_configuration: str | None = None
    template: Params | None = None
    policy: Params | None = None

    def __bool__(self) -> bool:
        return bool(self.launch_configuration or self.template or self.policy)

    @property
    def overrides(self) -> list[Params]:
        """Return the overrides of the policy, if there are any."""
        launch = (self.policy or {}).get("LaunchTemplate") or {}
        return list(launch.get("Overrides") or [])

    @property
    def specification(self) -> Params:
        """Return the template that holds where no override names another one."""
        return self.template or (self.policy or {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification") or {}

    def floats(self) -> bool:
        """Tell whether the next launch may be of another image, with nothing changed in the group."""
        named = [self.specification, *(one.get("LaunchTemplateSpecification") or {} for one in self.overrides)]
        return any((one.get("Version") or "$Default").startswith("$") for one in named if one)

    def named_in_full(self, region: Ec2Region) -> Configuration:
        """Return the same with id and name of each template, as DescribeAutoScalingGroups shows them."""
        if self.template:
            return dataclasses.replace(self, template=_in_full(region, self.template))
        if not self.policy:
            return self
        launch = dict(self.policy.get("LaunchTemplate") or {})
        launch["LaunchTemplateSpecification"] = _in_full(region, self.specification)
        launch["Overrides"] = [
            one
            | (
                {"LaunchTemplateSpecification": _in_full(region, one["LaunchTemplateSpecification"])}
                if one.get("LaunchTemplateSpecification")
                else {}
            )
            for one in self.overrides
        ]
        return dataclasses.replace(self, policy=self.policy | {"LaunchTemplate": launch})

    def choices(self, backend: AutoScalingBackend) -> list[Choice]:
        """Return what can be launched, the preferred choice first."""
        if self.launch_configuration:
            return [_of_launch_configuration(backend, self.launch_configuration)]
        region = t.cast("Ec2Region", backend.ec2_backend)
        found = []
        for override in self.overrides or [{}]:
            version = _version(region, override.get("LaunchTemplateSpecification") or self.specification)
            image = override.get("ImageId") or version.image_id
            kind = override.get("InstanceType") or version.instance_type
            found.append(Choice(image, kind, version, overridden=bool(override.get("ImageId"))))
        return found

    def check(self, backend: AutoScalingBackend) -> None:
        """Raise ValidationError for a template that EC2 would not launch, as Auto Scaling tries it out."""
        if self.launch_configuration:
            if self.launch_configuration not in backend.launch_configurations:
                raise ValidationError(f"Launch configuration name not found - {self.launch_configuration}")
            return
        for choice in self.choices(backend):
            if choice.overridden and not settings.autoscaling_checks_override_images:
                continue
            try:
                launching.plan(choice.call(t.cast("Ec2Region", backend.ec2_backend)))
            except EC2ClientError as error:
                raise ValidationError(f"You must use a valid fully-formed launch template. {error.message}") from None


def _of_launch_configuration(backend: AutoScalingBackend, name: str) -> Choice:
    found = backend.launch_configurations[name]
    mappings = []
    for one in found.block_device_mapping_dict or []:
        # Here NoDevice is a truth value, to EC2 the empty text.
        absent = str(one.get("NoDevice", "")).lower() == "true"
        kept = {key: value for key, value in one.items() if key != "NoDevice"}
        mappings.append({"DeviceName": one["DeviceName"], "NoDevice": ""} if absent else kept)
    return Choice(found.image_id, found.instance_type, mappings=tuple(mappings))


def _template(region: Ec2Region, specification: Params) -> LaunchTemplate:
    given = [name for name in TEMPLATE_MEMBERS if specification.get(name)]
    if len(given) != 1:
        raise ValidationError("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    name = specification[given[0]]
    try:
        if given == ["LaunchTemplateId"]:
            return region.get_launch_template(name)
        return region.get_launch_template_by_name(name)
    except (EC2ClientError, KeyError):
        raise ValidationError(f"The specified launch template, with template {name}, does not exist.") from None


def _in_full(region: Ec2Region, specification: Params) -> Params:
    found = _template(region, {key: specification.get(key) for key in _one_name(specification)})
    given = {"Version": specification["Version"]} if specification.get("Version") else {}
    return {"LaunchTemplateId": found.id, "LaunchTemplateName": found.name} | given


def _one_name(specification: Params) -> tuple[str, ...]:
    """Name one of the members where both were filled in by us before."""
    both = all(specification.get(name) for name in TEMPLATE_MEMBERS)
    return TEMPLATE_MEMBERS[:1] if both else TEMPLATE_MEMBERS


def _version(region: Ec2Region, specification: Params) -> LaunchTemplateVersion:
    found = _template(region, {key: specification.get(key) for key in _one_name(specification)})
    number = specification.get("Version") or "$Default"
    try:
        return found.get_version(number)
    except (EC2ClientError, ValueError):
        raise ValidationError(f"The specified launch template version {number} does not exist.") from None
