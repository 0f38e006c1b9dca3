# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests: the table of actions, and the check of every request against the botocore model."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from moto.core.utils import get_service_model

from emulated_aws.ec2 import errors

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

Params = dict[str, t.Any]
Handler = t.Callable[["Call"], t.Any]

ACTIONS: dict[str, Handler] = {}
SIGNATURE_PARAMETERS = re.compile(r"^(Action|Version|AWSAccessKeyId|Signature\w*|Timestamp|Expires|X-Amz-[\w-]+)$")
MOST_FILTER_VALUES = 200
# The model's enumeration grows all the time, or another error than InvalidParameterValue is due.
OPEN_ENUMS = ("InstanceType", "VolumeType")


@dataclasses.dataclass(frozen=True)
class Call:
    """One request for one of the actions in ``ACTIONS``."""

    region: Ec2Region
    params: Params
    action: str = ""

    @property
    def account(self) -> str:
        """Return the id of the calling account."""
        return self.region.account_id

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """Return a parameter, or the default where it was not sent."""
        return self.params.get(name, default)

    def stop_if_dry_run(self) -> None:
        """Raise DryRunOperation if the request asks for a dry run; called when all checks have passed."""
        if self.params.get("DryRun"):
            raise errors.dry_run()


def action(name: str) -> t.Callable[[Handler], Handler]:
    """Register a function as the implementation of an EC2 action."""

    def register(handler: Handler) -> Handler:
        ACTIONS[name] = handler
        return handler

    return register


def known_action(name: str) -> bool:
    """Tell whether EC2 has an action of this name."""
    return name in get_service_model("ec2").operation_names


def check(name: str, flat: t.Mapping[str, t.Any], parsed: Params) -> None:
    """Raise EC2's error for parameters that the model lacks, that miss, or whose value is none of the enumeration."""
    shape = get_service_model("ec2").operation_model(name).input_shape
    known = shape.members if shape is not None else {}
    for key in flat:
        if not SIGNATURE_PARAMETERS.match(key) and not _names_member(shape, tuple(key.split("."))):
            raise errors.unknown_parameter(key)
    for required in shape.required_members if shape is not None else ():
        if required not in parsed:
            raise errors.missing_parameter(required)
    for member, value in parsed.items():
        allowed = getattr(known[member], "enum", None)
        if allowed and name in ACTIONS and member not in OPEN_ENUMS and value not in allowed:
            raise errors.invalid_value(value, member, f"Expected one of: {', '.join(allowed)}")


def check_filter_values(filters: t.Sequence[Params]) -> None:
    """Raise FilterLimitExceeded for more values than one call may have, those of all its filters together."""
    if sum(len(one.get("Values") or []) for one in filters) > MOST_FILTER_VALUES:
        raise errors.AwsError(
            "FilterLimitExceeded",
            f"The maximum number of filter values specified on a single call is {MOST_FILTER_VALUES}",
        )


def check_filters(name: str, filters: t.Sequence[Params]) -> None:
    """Raise EC2's error for filters that the model does not document, for actions that moto serves."""
    known = _documented_filters(name)
    for one in filters:
        # EC2 still takes the camel case of its first years, such as isDefault.
        wanted = re.sub(r"(?<=[a-z])([A-Z])", lambda letter: f"-{letter[1].lower()}", one.get("Name", "null"))
        if known and wanted not in known and not wanted.startswith("tag:"):
            raise errors.invalid_filter(one.get("Name", "null"))


@functools.lru_cache(maxsize=256)
def _documented_filters(name: str) -> frozenset[str]:
    shape = get_service_model("ec2").operation_model(name).input_shape
    members = shape.members if shape is not None else {}
    text = "".join(members[one].documentation for one in ("Filters", "Filter") if one in members)
    return frozenset(re.findall(r"<li>\s*<p>\s*<code>([^<]+)</code>", text))


def _names_member(shape: t.Any, path: tuple[str, ...]) -> bool:
    if not path:
        return shape.type_name != "structure" or not shape.members
    if shape is None:
        return False
    if shape.type_name == "list":
        # An empty list goes over the wire as the bare name; anything else is numbered.
        return path[0].isdigit() and _names_member(shape.member, path[1:])
    if shape.type_name != "structure":
        return False
    member = _members_by_wire_name(shape).get(path[0])
    return member is not None and (len(path) == 1 or _names_member(member, path[1:]))


@functools.lru_cache(maxsize=4096)
def _members_by_wire_name(shape: t.Any) -> dict[str, t.Any]:
    return {_wire_name(name, member): member for name, member in shape.members.items()}


def _wire_name(name: str, member: t.Any) -> str:
    # The EC2 protocol: queryName as it is, else the name with a capital, else the member's own name.
    if query_name := member.serialization.get("queryName"):
        return str(query_name)
    wire = str(member.serialization.get("name", name))
    return wire[0].upper() + wire[1:]
