# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop, terminate: answers with the states that the instances really have."""

from __future__ import annotations

from moto.ec2.models.instances import InstanceState

from emulated_aws.ec2 import errors
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.model import View
from emulated_aws.ec2.request import Call, Params, action


def _instances(call: Call) -> list[EmulatedInstance]:
    ids: list[str] = call.get("InstanceIds", [])
    if not ids:
        raise errors.missing_parameter("InstanceId")
    return [call.region.instance(instance_id) for instance_id in ids]


@action("StartInstances")
def start_instances(call: Call) -> Params:
    """Start stopped instances."""
    instances = _instances(call)
    call.stop_if_dry_run()
    return {"StartingInstances": [_change(one, one.start()) for one in instances]}


@action("StopInstances")
def stop_instances(call: Call) -> Params:
    """Stop running instances."""
    instances = _instances(call)
    for one in instances:
        if one.disable_api_stop:
            raise errors.AwsError(
                "OperationNotPermitted",
                f"The instance '{one.id}' may not be stopped. Modify its 'disableApiStop' instance attribute.",
            )
    call.stop_if_dry_run()
    return {"StoppingInstances": [_change(one, one.stop()) for one in instances]}


@action("TerminateInstances")
def terminate_instances(call: Call) -> Params:
    """Terminate instances."""
    instances = _instances(call)
    for one in instances:
        if one.disable_api_termination:
            raise errors.AwsError(
                "OperationNotPermitted",
                f"The instance '{one.id}' may not be terminated. "
                "Modify its 'disableApiTermination' instance attribute and try again.",
            )
    call.stop_if_dry_run()
    return {"TerminatingInstances": [_change(one, one.terminate()) for one in instances]}


def _change(instance: EmulatedInstance, previous: InstanceState) -> View:
    return {
        "InstanceId": instance.id,
        "PreviousState": {"Name": previous.name, "Code": previous.code},
        "CurrentState": {"Name": instance.state, "Code": instance.state_code},
    }


@action("GetInstanceUefiData")
def get_instance_uefi_data(call: Call) -> Params:
    """Show the non-volatile UEFI store of an instance."""
    instance = call.region.instance(call.get("InstanceId"))
    call.stop_if_dry_run()
    return {"InstanceId": instance.id, "UefiData": instance.boot.uefi_data or ""}
