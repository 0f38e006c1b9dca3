# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Write parameters, and see with GetParameters that AWS has taken them: HTTP 200 says nothing (aws_rules §19)."""

from __future__ import annotations

import functools
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import find_images
from ..._aws.parameters import (
    delete_parameter,
    get_parameters,
    is_busy,
    label_parameter,
    put_parameter,
    tag_parameter,
)
from ..._image.errors import SealedError
from ..._image.proofs import parameter_of_image
from ..._image.publish.facts import Parameter
from ..._image.publish.outcome import PublishedParameter
from ..._image.publish.request import PublishRequest
from ..._image.publish.steps import DeleteParameter, LabelParameter, PutParameter, TagParameter
from ..pace import Pace
from .each import doing, each


def write_parameters(
    region: Region, items: t.Sequence[PublishedParameter], request: PublishRequest, pace: Pace
) -> None:
    """Write all in flight together, wait until each is seen, then tag and label those that are."""
    deadline = pace.now() + request.wait_timeout
    sent: dict[PublishedParameter, int] = {}

    def put(item: PublishedParameter) -> None:
        for step in item.plan.steps:
            if isinstance(step, PutParameter):
                with doing(item, step, ends=False):
                    sent[item] = _put(region, step, pace, deadline, request.wait_delay)

    each(items, put)
    _wait_until_seen(region, sent, request, pace, deadline)
    each([item for item in items if item.error is None], lambda item: _mark(region, item))


def _put(region: Region, step: PutParameter, pace: Pace, deadline: float, longest: float) -> int:
    """Send the write until AWS takes it, and return its version.

    While AWS validates another value it refuses, and an answer may be lost; what is there then is looked at first.
    """
    started = pace.now()
    while True:
        try:
            return put_parameter(region, step)
        except AwsError as error:
            exists = error.code == "ParameterAlreadyExists"
            repeatable = exists or is_busy(error) or error.is_outage or error.is_ambiguous
            if not repeatable or pace.now() >= deadline:
                raise
        pace.sleep(pace.next_delay(pace.now() - started, longest=longest))
        shown = pace.read_until(deadline, lambda: get_parameters(region, [step.name])).get(step.name)
        if shown and shown.holds(step.image_id) and shown.version > step.version_before:
            return shown.version
        if exists and shown:
            raise SealedError(
                f"parameter {step.name} was created by somebody else meanwhile and holds {shown.value} (version "
                f"{shown.version}); it was left as it is"
            )


def _wait_until_seen(
    region: Region, sent: t.Mapping[PublishedParameter, int], request: PublishRequest, pace: Pace, deadline: float
) -> None:
    """Wait until each parameter shows the image: SSM takes a value that it validates only later."""
    started, pending = pace.now(), dict(sent)
    while pending:
        read = functools.partial(get_parameters, region, [item.plan.name for item in pending])
        try:
            shown = pace.read_until(deadline, read)
        except AwsError as error:
            for item in pending:
                _end(item, f"whether it holds {request.image_id} by now could not be read: {error}")
            return
        for item in list(pending):
            if _is_decided(item, shown.get(item.plan.name), pending[item], request.image_id):
                del pending[item]
        if pending and pace.now() >= deadline:
            causes = _causes(region, request)
            for item, version in pending.items():
                _end(item, _not_seen(item, shown.get(item.plan.name), version, request, causes))
            return
        if pending:
            pace.sleep(min(pace.next_delay(pace.now() - started, longest=request.wait_delay), deadline - pace.now()))


def _is_decided(item: PublishedParameter, shown: Parameter | None, version: int, image_id: str) -> bool:
    """Tell whether what SSM shows settles it: our image, or a later version that somebody else has written."""
    if shown is None or shown.version < version:
        return False
    if shown.holds(image_id):
        item.version, item.arn = shown.version, shown.arn
        for step in item.plan.steps:
            if isinstance(step, PutParameter):
                item.note(step, "done")
        return True
    before = item.plan.before
    if before and shown.value == before.value:
        return False
    item.touched = True
    _end(item, f"somebody else has written {shown.value} into it (version {shown.version}) after version {version}")
    return True


def _end(item: PublishedParameter, error: str) -> None:
    item.error = error
    for step in item.plan.steps:
        if isinstance(step, PutParameter):
            item.note(step, "failed")


def _causes(region: Region, request: PublishRequest) -> str:
    """Return why a validation fails in silence, the likeliest first, by what AWS says now."""
    writer = (
        "this principal lacks ec2:DescribeImages, or may use it only under conditions (a region, a VPC endpoint) that "
        "do not hold when Parameter Store asks in its name"
    )
    image = f"{request.image_id} is not available and visible in this account and region"
    process = "the validation is still in process; run the task again: it goes on from what is there"
    try:
        found = find_images(region, [request.image_id]).get(request.image_id)
    except AwsError as error:
        if error.is_denied:
            writer = f"this principal lacks ec2:DescribeImages ({error})"
    else:
        if found is None or found.state != "available":
            image = f"{request.image_id} is {found.state if found else 'not shown'} in {region.name} by now"
    return f"Causes, the likeliest first: 1. {writer}; 2. {image}; 3. {process}"


def _not_seen(
    item: PublishedParameter, shown: Parameter | None, version: int, request: PublishRequest, causes: str
) -> str:
    now = f"it holds {shown.value} (version {shown.version})" if shown else "there is no such parameter"
    return (
        f"AWS took version {version} with HTTP 200 and does not show it after {request.wait_timeout} seconds: the "
        f"validation of a parameter for an image fails in silence. So far {now}. {causes}"
    )


def _mark(region: Region, item: PublishedParameter) -> None:
    for step in item.plan.steps:
        if isinstance(step, TagParameter):
            with doing(item, step):
                tag_parameter(region, step)
        if isinstance(step, LabelParameter):
            with doing(item, step):
                _label(region, item, step)


def _label(region: Region, item: PublishedParameter, step: LabelParameter) -> None:
    if item.version is None:
        raise SealedError(f"no version of parameter {step.name} is known to hold {step.image_id}")
    refused = label_parameter(region, step, item.version)
    if refused:
        item.touched = len(refused) < len(step.labels)
        raise SealedError(
            f"AWS did not take the labels {', '.join(refused)} for version {item.version} of parameter {step.name}; "
            "choose others: letters, digits and _ . -, not beginning with a digit, aws or ssm"
        )


def remove_parameter(region: Region, item: PublishedParameter) -> None:
    """Delete a parameter that still holds the image; what it holds is read again, for others may publish meanwhile."""
    for step in item.plan.steps:
        if not isinstance(step, DeleteParameter):
            continue
        with doing(item, step):
            shown = get_parameters(region, [step.name]).get(step.name)
            proof = parameter_of_image(shown, step.image_id)
            if proof is None:
                now = f"holds {shown.value} by now" if shown else "is gone by now"
                raise SealedError(f"parameter {step.name} {now}; nothing was deleted")
            delete_parameter(region, proof)
