# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""How an image can be made without losing its license: RegisterImage may forget billing data. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..errors import PreflightError
from ..model import Image
from ..vocabulary import MethodName
from .request import ComposeRequest

SNAPSHOTS: t.Final[MethodName] = "snapshots"
INSTANCE: t.Final[MethodName] = "instance"
# What an image without any license shows (EC2 guide, "AMI billing information fields").
_PLAIN: t.Final = {"PlatformDetails": "Linux/UNIX", "UsageOperation": "RunInstances"}
REMEDY: t.Final = "use method=instance, which keeps billing information"


class Method(t.NamedTuple):
    """The way to make the image, and why this one."""

    name: MethodName
    reason: str


def choose_method(request: ComposeRequest, source: Image, account: str = "") -> Method:
    """Return the method asked for; ``auto`` takes snapshots unless the source has something to lose by it.

    That is billing data, or watermarks of another account than the caller's, which nobody else can attach again. An
    image of another region cannot be launched; what its copy lacks is told then.
    """
    if request.instance_id is not None:
        return Method(INSTANCE, f"it is an image of instance {request.instance_id}")
    if request.method != "auto":
        return Method(request.method, f"method={request.method} is asked for")
    codes = billing_marks(source)
    if codes:
        return Method(
            INSTANCE,
            f"source image {source.image_id} has billing information that RegisterImage may lose: {', '.join(codes)}",
        )
    foreign = foreign_watermarks(source, account)
    if foreign and request.source_region == request.region:
        return Method(
            INSTANCE,
            f"source image {source.image_id} has watermarks of another account that RegisterImage loses: "
            f"{', '.join(foreign)}",
        )
    return Method(SNAPSHOTS, f"source image {source.image_id} has no billing information to lose")


def foreign_watermarks(source: Image, account: str) -> list[str]:
    """Return the watermarks that this account did not attach."""
    return [key for key in source.watermarks if not account or key.partition(":")[0] != account]


def require_same_region(method: Method, request: ComposeRequest) -> None:
    """Refuse to launch an image of another region."""
    if method.name == INSTANCE and request.source_region != request.region:
        raise PreflightError(
            f"method instance launches the source image, but {request.source_image_id} is in {request.source_region} "
            f"and the image goes to {request.region} ({method.reason}). Copy it to {request.region} with "
            "sealed.ami.ec2_ami_encrypted_copy first, and compose from the copy"
        )


def require_no_duration(method: Method, request: ComposeRequest) -> None:
    """Refuse a duration of copies where none are made."""
    if request.completion_duration_minutes is not None:
        raise PreflightError(
            f"snapshot_copy_completion_duration_minutes cannot be kept: method {method.name} copies no snapshots "
            f"({method.reason}). Leave it out, or pass method=snapshots"
        )


def suitable_type(source: Image) -> str:
    """Return a small instance type that the image can be launched on."""
    architecture, types = source.boot.get("Architecture"), source.instance_types
    fitting = None
    if architecture == "arm64":
        fitting = "t4g.small"
    elif architecture == "x86_64" and source.boot.get("EnaSupport"):
        fitting = "t3.small"
    elif architecture == "x86_64" and source.boot.get("VirtualizationType") == "hvm":
        fitting = "t2.small"
    if fitting is None:
        raise PreflightError(
            f"source image {source.image_id} is {architecture}, {source.boot.get('VirtualizationType')}; pass "
            "instance.instance_type, for no common type suits it"
        )
    if types.allow(fitting):
        return fitting
    named = [one for one in types.supported if "*" not in one and types.allow(one)]
    if not named:
        raise PreflightError(
            f"source image {source.image_id} cannot be launched on {fitting}, for its instance types are limited "
            f"({types}); pass an instance.instance_type that it is for"
        )
    return named[0]


def billing_marks(image: Image) -> list[str]:
    """Return the billing fields of an image that say more than plain Linux, in words."""
    marks = [
        f"{field}={image.billing[field]}"
        for field in ("UsageOperation", "PlatformDetails")
        if image.billing.get(field) not in (None, "", _PLAIN[field])
    ]
    if image.billing.get("Platform"):
        marks.append(f"Platform={image.billing['Platform']}")
    return marks + [f"ProductCodes={code}" for code in sorted(_product_codes(image))]


def billing_loss(source: Image, made: Image) -> str | None:
    """Return what the image has lost of its source's billing information, in words; None where nothing is lost."""
    losses = []
    for field in ("Platform", "PlatformDetails", "UsageOperation"):
        before = source.billing.get(field) or _PLAIN.get(field)
        after = made.billing.get(field) or _PLAIN.get(field)
        if before != after:
            losses.append(f"{field} is {after or 'empty'} instead of {before or 'empty'}")
    missing = _product_codes(source) - _product_codes(made)
    losses += [f"product code {code} is missing" for code in sorted(missing)]
    return "; ".join(losses) or None


def _product_codes(image: Image) -> set[str]:
    return {str(code["ProductCodeId"]) for code in image.billing.get("ProductCodes") or ()}
