# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the data type aws:ec2:image, which are validated later and fail in silence (aws_rules §19)."""

from __future__ import annotations

import re
import typing as t

from moto.core.responses import ActionResult
from moto.ssm.exceptions import ValidationException
from moto.ssm.models import Parameter, SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.ssm.utils import parameter_arn

from emulated_aws import policy
from emulated_aws.ec2 import lookup
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.seed import Place
from emulated_aws.identity import Caller, current_caller, identities
from emulated_aws.settings import settings

IMAGE, IMAGE_ID = "aws:ec2:image", re.compile(r"ami-[0-9a-f]{8,17}")
Wanted = dict[str, t.Any]
ABSENT: t.Any = None  # moto's annotations forget it


class SsmAnswers(SimpleSystemManagerResponse):
    """moto's answers, but for what becomes of an image's id."""

    def put_parameter(self) -> ActionResult:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html"""
        agenda.settle()
        store, name = self.ssm_backend, self._get_param("Name")
        versions = store._parameters.get(name)
        before = versions[-1] if versions else None
        kind = self._get_param("DataType") or (before.data_type if before else "text")
        if before and kind != before.data_type:
            raise ValidationException(f"The data type of {name} cannot be changed from {before.data_type} to {kind}.")
        if kind != IMAGE or (before and not self._get_param("Overwrite")):
            return super().put_parameter()
        return self._put_image(store, name, before.version if before else 0)

    def get_parameters(self) -> ActionResult:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html has the Selector."""
        agenda.settle()
        names: list[str] = self._get_param("Names")
        found = self.ssm_backend.get_parameters(names)
        shown = []
        for name, one in found.items():
            base, colon, selector = name.rpartition(":")
            named = {"Selector": f":{selector}"} if colon and not base.endswith(":parameter") else {}
            decrypt = self._get_param("WithDecryption")
            shown.append(one.response_object(decrypt, self.region) | named)
        return ActionResult({"Parameters": shown, "InvalidParameters": [name for name in names if name not in found]})

    def describe_parameters(self) -> ActionResult:
        """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html"""
        agenda.settle()
        asked = self._get_param("ParameterFilters") or []
        kinds = [value for one in asked if one["Key"] == "DataType" for value in one.get("Values") or ()]
        others = [one for one in asked if one["Key"] != "DataType"]
        found = self.ssm_backend.describe_parameters(self._get_param("Filters"), others)
        found = [one for one in found if not kinds or one.data_type in kinds]
        start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or 10)
        shown = [_described(one, self.region) for one in found[start : start + size]]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return ActionResult({"Parameters": shown} | more)

    def _put_image(self, store: SimpleSystemManagerBackend, name: str, version: int) -> ActionResult:
        pending: set[str] = vars(store).setdefault("validated_now", set())
        used: dict[str, int] = vars(store).setdefault("used_versions", {})
        if name in pending:
            raise _too_many_updates(name)
        if not IMAGE_ID.fullmatch(self._get_param("Value") or ""):
            raise ValidationException(f"Parameter value of {name} is no AMI id.")
        version = max(version, used.get(name, 0)) + 1
        wanted: Wanted = {key: self._get_param(key) for key in ("Value", "Type", "Description", "Tags", "Tier")}
        place, caller = Place(self.current_account, self.region), current_caller()

        def validate(_due: float) -> None:
            pending.discard(name)
            if visible(place, caller, wanted["Value"]):
                _store(store, name, wanted, version)
            elif settings.ssm_failed_validation_uses_version:
                used[name] = version

        pending.add(name)
        agenda.at(place.backend().now() + settings.ssm_image_validation_seconds, validate)
        agenda.settle()
        return ActionResult({"Version": version, "Tier": wanted["Tier"] or "Standard"})


def _described(parameter: Parameter, region: str) -> Wanted:
    """Return the metadata of a parameter, which does not have its value."""
    shown = parameter.describe_response_object(False) | {
        "ARN": parameter_arn(parameter.account_id, region, parameter.name)
    }
    return {key: value for key, value in shown.items() if key != "Value"}


def _too_many_updates(name: str) -> ValidationException:
    error = ValidationException(f"Validation of the parameter {name} is still in process; try again later.")
    error.code = "TooManyUpdates"
    return error


def _store(store: SimpleSystemManagerBackend, name: str, wanted: Wanted, version: int) -> None:
    made = store.put_parameter(
        name,
        wanted["Description"],
        wanted["Value"],
        wanted["Type"],
        ABSENT,
        ABSENT,
        True,
        [],
        IMAGE,
        wanted["Tier"],
        None,
    )
    made.version = version
    if wanted["Tags"]:
        store.add_tags_to_resource("Parameter", name, {tag["Key"]: tag["Value"] for tag in wanted["Tags"]})


def visible(place: Place, caller: Caller, image_id: str) -> bool:
    """Tell whether the caller may describe images, and sees this one available in the account and region."""
    if identities.verdict(caller, policy.Question(caller.arn, "ec2:DescribeImages", "*")) != "allow":
        return False
    found = next((image for image in lookup.all_images(place.backend()) if image.id == image_id), None)
    own = found is not None and found.owner == place.account
    return found is not None and found.state == "available" and (own or settings.ssm_shared_images_validate)


def resolved(account: str, region: str, reference: str) -> str | None:
    """Return the image behind ``resolve:ssm:name``, perhaps with a version or label; nothing where there is none."""
    name = reference.removeprefix("resolve:ssm:")
    found = ssm_backends[account][region].get_parameter(name)
    return str(found.value) if found else None


def install() -> None:
    """Put our answers in the place of moto's."""
    from moto.ssm import urls

    urls.url_paths = {"{0}/$": SsmAnswers.dispatch}
