# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request through the emulated EC2: due events, checks, the action, and errors as EC2 words them."""

from __future__ import annotations

import typing as t

from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionContext, ActionResult, EmptyResult
from moto.core.serialize import AttributePickerContext
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.instances import Reservation
from moto.ec2.responses import EC2Response

from emulated_aws.ec2 import errors, launching, request, tagging, tokens
from emulated_aws.ec2.agenda import agenda, lock
from emulated_aws.ec2.instance import EmulatedInstance

Answer = tuple[int, dict[str, t.Any], str | bytes]

# moto rewrites these fields of its own objects; ours are right already.
LAUNCH_TAGS = ("instance", "volume", "network-interface", "spot-instances-request")
OURS = ("Image.", "Volume.", "Volumes.", "CreateVolumeResponse.", "RunInstances.", "ModifyVolumeResponse.")


class Ec2Response(EC2Response):
    """moto's EC2 with the actions of ``request.ACTIONS`` put in the place of moto's."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012  # moto declares it like this
        path: transform
        for path, transform in EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if not path.startswith(OURS)
    }

    def parse_parameters(self, http_request: t.Any) -> None:
        """Parse what can be parsed; what cannot is reported by ``call_action``."""
        self.params: dict[str, t.Any] = {}
        self.unparsable: errors.AwsError | None = None
        try:
            super().parse_parameters(http_request)
        except OperationNotFoundError:
            self.unparsable = errors.AwsError(
                "InvalidAction", f"The action {self._get_action()} is not valid for this web service."
            )
        except ValueError as error:
            self.unparsable = errors.AwsError("InvalidParameterValue", f"A value has the wrong form: {error}")

    def call_action(self) -> Answer:
        """Answer the request; never with HTTP 500 for what only the emulator lacks."""
        with lock:
            agenda.settle()
            try:
                self._check_request()
                return super().call_action()
            except errors.AwsError as error:
                return self._answer_error(error)
            except NotImplementedError as error:
                return self._answer_error(self._not_implemented(error))

    def _check_request(self) -> None:
        action = self._get_action()
        if not action:
            raise errors.AwsError("MissingAction", "The request is missing an action or a required parameter.")
        if self.unparsable:
            raise self.unparsable
        request.check(action, self.querystring, self.params)
        filters = self.params.get("Filters") or self.params.get("Filter") or []
        request.check_filter_values(filters)
        if action not in request.ACTIONS:
            request.check_filters(action, filters)

    def _answer_error(self, error: errors.AwsError) -> Answer:
        status, headers, body = self.serialized(ActionResult(error))
        headers, body = self._enrich_response(headers, body)
        return status, headers, body

    def _not_implemented(self, error: NotImplementedError) -> errors.AwsError:
        for one in self.params.get("Filters", []):
            if one.get("Name") and one["Name"] in str(error):
                return errors.invalid_filter(one["Name"])
        return errors.AwsError(
            "InvalidAction", f"The action {self._get_action()} is not valid for this web service. ({error})"
        )

    def run_instances(self) -> ActionResult:
        """Launch with moto's network and with volumes of ours."""
        call = request.Call(self.ec2_backend, self.params, "RunInstances")
        known = tokens.known(call, longest=64)
        if known:
            return self._launched_before(known)
        launch = launching.plan(call)
        volume_tags = tagging.specified(call, *LAUNCH_TAGS)["volume"]
        self.params = call.params | {"MinCount": call.get("MaxCount"), "ImageId": launch.image.id}
        result = super().run_instances()
        reservation = t.cast(Reservation, result.result)
        for instance in reservation.instances:
            instance.disable_api_termination = bool(call.get("DisableApiTermination"))
            launching.begin(call.region, launch, t.cast(EmulatedInstance, instance), volume_tags)
        tokens.remember(call, reservation.id)
        return result

    def _launched_before(self, reservation_id: str) -> ActionResult:
        self.error_on_dryrun()
        reservation = self.ec2_backend.reservations[reservation_id]
        if all(instance.state == "terminated" for instance in reservation.instances):
            raise errors.AwsError(
                "IdempotentInstanceTerminated",
                f"The client token is associated with the terminated instance {reservation.instances[0].id}.",
            )
        return ActionResult(reservation)

    def _parse_block_device_mapping(self) -> list[dict[str, t.Any]]:
        return []

    def serialized(self, action_result: ActionResult) -> Answer:
        """Serialize a result or an error, the latter with its own HTTP status."""
        status, headers, body = super().serialized(action_result)
        if isinstance(action_result.result, ServiceException):
            status = errors.status_of(action_result.result, status)
            headers["status"] = status
        return status, headers, body


class PlainResult(ActionResult):
    """An answer that names the members of the output exactly, so that none is guessed from a similar name."""

    def execute_result(self, context: ActionContext) -> t.Any:
        """Serialize the answer."""
        serializer = context.serializer_class(operation_model=context.operation_model, value_picker=_member)
        serialized = serializer.serialize(self.result)
        return serialized["status_code"], serialized["headers"], serialized["body"]


def _member(wanted: AttributePickerContext) -> t.Any:
    return wanted.obj.get(wanted.key)


def _method(name: str, handler: request.Handler) -> t.Callable[[Ec2Response], ActionResult]:
    def answer(self: Ec2Response) -> ActionResult:
        result = handler(request.Call(self.ec2_backend, self.params, name))
        return EmptyResult() if result is None else PlainResult(result)

    return answer


def install_actions() -> None:
    """Put every registered action in the place of moto's."""
    for name, handler in request.ACTIONS.items():
        setattr(Ec2Response, camelcase_to_underscores(name), _method(name, handler))
