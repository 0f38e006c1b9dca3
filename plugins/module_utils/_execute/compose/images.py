# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make the image itself, wait for it, and see that it is what the recipe says."""

from __future__ import annotations

import typing as t

from ..._aws.errors import AwsError
from ..._aws.images import deregister_image, describe_images, find_images
from ..._aws.register import create_image, register_image
from ..._aws.snapshots import find_snapshots, find_snapshots_by_tag
from ..._image.aws_facts import FAILED_STATES, QUOTA_CODES, VISIBILITY_SECONDS
from ..._image.compose.identity import device_differences, is_of_recipe
from ..._image.compose.method import INSTANCE, REMEDY, billing_loss
from ..._image.compose.ours import is_made_for
from ..._image.errors import SealedError
from ..._image.model import BUILDER_TAG, COPY_TAG, Image, Snapshot
from ..._image.progress import least_percent
from ..._image.proofs import (
    MayDeregister,
    Proof,
    returned_by_creating_call,
    snapshot_of_created,
    snapshots_of_copy,
)
from ..diagnosis import key_verdict
from .remains import with_builder
from .work import Work

_NAME_TAKEN: t.Final = "InvalidAMIName.Duplicate"
_NAME_DELAY: t.Final = 10.0
_QUOTA_DELAY: t.Final = 20.0


def register(work: Work, snapshot_ids: t.Mapping[str, str], source: Image) -> str:
    """Register the image of its snapshots and return its id."""

    def create() -> str:
        return register_image(
            work.region,
            work.recipe,
            snapshot_ids,
            description=work.request.attributes.description or "",
            boot={**source.boot, "UefiData": work.uefi_data},
            tags=_image_tags(work),
        )

    return _create(work, create)


def create_of_instance(work: Work, instance_id: str, *, no_reboot: bool) -> str:
    """Start the image of an instance and return its id."""
    builder = {BUILDER_TAG: instance_id} if work.request.instance_id is None else {}

    def create() -> str:
        return create_image(
            work.region,
            work.recipe,
            instance_id,
            description=work.request.attributes.description or "",
            no_reboot=no_reboot,
            location=work.request.snapshot_location,
            image_tags={**_image_tags(work), **builder},
            snapshot_tags={**(work.request.attributes.snapshot_tags or {}), **work.recipe.work_tags, **builder},
        )

    return _create(work, create)


def await_image(work: Work, image_id: str, *, wait: bool) -> tuple[Image, dict[str, Snapshot]]:
    """Return the image with its snapshots once it is available; without ``wait``, as soon as it is seen."""
    started = work.pace.now()
    while True:
        shown = work.look(lambda: _read(work, image_id))
        image, snapshots = shown or (None, {})
        work.see([image_id], None if shown is None else [image_id] if image is not None else ())
        if image is not None and _is_ready(work, image, snapshots, wait=wait):
            return image, snapshots
        if work.sightings.is_gone(image_id):
            raise SealedError(
                f"image {image_id} is not there in {work.region.name}, although AWS named it: somebody deregistered "
                "it, or AWS gave it up; run the task again"
            )
        awaited = f"image {image_id} is still pending. AWS goes on with it; run the task again: it resumes"
        work.rest(work.delay(started, percent=least_percent(list(snapshots.values()))), awaited=awaited)


def _is_ready(work: Work, image: Image, snapshots: t.Mapping[str, Snapshot], *, wait: bool) -> bool:
    """Tell whether there is nothing to wait for, or say why the image failed."""
    work.outcome.image = image
    if image.state in (*FAILED_STATES, "deregistered"):
        raise SealedError(_explain(work, image, snapshots))
    if image.state == "pending":
        return not wait
    return image.state == "available" and _all_seen(image, snapshots)


def verify(work: Work, image: Image, source: Image | None) -> None:
    """Refuse an image whose devices and keys are not the recipe's, or that has lost billing information of its source.

    The latter is deregistered where this run has made it, for AWS would not bill it as its license demands; its
    snapshots stay.
    """
    wrong = device_differences(work.recipe, image)
    if wrong:
        raise SealedError(
            f"image {image.image_id} in {image.region} is not sealed: {'; '.join(wrong)}. "
            "Do not use the image; deregister it and report which region and keys this was"
        )
    loss = billing_loss(source, image) if source is not None else None
    if loss is None:
        return
    made = next((one for one in work.proofs(MayDeregister) if one.resource_id == image.image_id), None)
    end = "This run did not make it for certain, so it stays: deregister it"
    if made is not None:
        deregister_image(work.region, made, snapshots=None)
        work.removed(image.image_id)
        end = "It is deregistered"
    raise SealedError(
        f"image {image.image_id} in {image.region} has lost billing information of its source: {loss}. {end}; {REMEDY}"
    )


def _create(work: Work, create: t.Callable[[], str]) -> str:
    """Return the id of the new image, or of the one that an interrupted run has made under the name."""

    def make() -> Proof:
        return returned_by_creating_call(MayDeregister, create())

    started = work.pace.now()
    image_id: str | None = None
    while image_id is None:
        try:
            image_id = work.create_once(make, lambda: find_own_image(work))
        except AwsError as error:
            image_id = _await_room(work, error, since=started)
    return image_id


def _await_room(work: Work, error: AwsError, *, since: float) -> str | None:
    """Return the image that has the name already if it is ours, or wait for name and quota; else raise the error."""
    if error.code == _NAME_TAKEN:
        found = _find_or_refuse(work)
        if found is None and work.pace.now() - since >= VISIBILITY_SECONDS:
            raise error
        if found is None:
            work.rest(_NAME_DELAY, awaited=f"the name {work.recipe.name!r} is not free yet")
        else:
            work.outcome.changed = True
            work.adopt(found)
        return found
    if error.code not in QUOTA_CODES:
        raise error
    work.rest(
        _QUOTA_DELAY, awaited=f"the image could not be started for quota ({error.code}). Run the task again later"
    )
    return None


def find_own_image(work: Work) -> str | None:
    """Return the image that a call without an answer has made: the name finds it at once, and the tags prove it."""
    for image in describe_images(work.region, [{"Name": "name", "Values": [work.recipe.name]}]):
        if is_of_recipe(with_builder(work.region, image), work.recipe) and image.state in ("pending", "available"):
            return image.image_id
    return None


def _find_or_refuse(work: Work) -> str | None:
    """Return our own image of the name; None where AWS shows none, as for a while after one was deregistered."""
    found = find_own_image(work)
    if found:
        return found
    images = describe_images(work.region, [{"Name": "name", "Values": [work.recipe.name]}], hidden=True)
    others = [image for image in images if image.state != "deregistered"]
    if others:
        raise SealedError(
            f"the name {work.recipe.name!r} was taken by image {others[0].image_id} in {work.region.name} meanwhile; "
            "choose another name"
        )
    return None


def _image_tags(work: Work) -> dict[str, str]:
    return {**(work.request.attributes.tags or {}), **work.recipe.image_tags}


def _read(work: Work, image_id: str) -> tuple[Image | None, dict[str, Snapshot]]:
    image = find_images(work.region, [image_id], owners=("self",)).get(image_id)
    if image is None:
        return None, {}
    is_hidden = image.state == "pending" and not image.snapshot_ids
    if image_id in work.made and work.plan.method == INSTANCE:
        own_mapped_snapshots(work, image)
    snapshots = _hidden_snapshots(work, image) if is_hidden else find_snapshots(work.region, image.snapshot_ids)
    note_created_snapshots(work, image, snapshots.values())
    return (image if is_hidden else image.with_snapshots(snapshots)), snapshots


def own_mapped_snapshots(work: Work, image: Image) -> None:
    """Write down the snapshots that an image of this run names: CreateImage has made all of them, seen or not."""
    for ours in work.proofs(MayDeregister):
        if ours.resource_id == image.image_id:
            for proof in snapshots_of_copy(ours, image):
                work.own(proof)


def note_created_snapshots(work: Work, image: Image, snapshots: t.Iterable[Snapshot]) -> None:
    """Write down the snapshots that CreateImage makes for an image, as AWS says in their descriptions."""
    for proof in (snapshot_of_created(one, image) for one in snapshots):
        if proof is not None and image.image_id in work.made:
            work.own(proof)
        elif proof is not None:
            work.adopt(proof.resource_id)


def _hidden_snapshots(work: Work, image: Image) -> dict[str, Snapshot]:
    """Return the snapshots of a pending image, which hides them although they alone show progress.

    Who may not look at them is told so once the image names them, for then the failure can name them too.
    """
    try:
        found = find_snapshots_by_tag(work.region, COPY_TAG, [work.recipe.work], made_for={image.image_id})
    except AwsError as error:
        if not error.is_denied:
            raise
        return {}
    return {one.snapshot_id: one for one in found if is_made_for(one, work.recipe, [image])}


def _all_seen(image: Image, snapshots: t.Mapping[str, Snapshot]) -> bool:
    return bool(image.snapshot_ids) and all(snapshot_id in snapshots for snapshot_id in image.snapshot_ids)


def _explain(work: Work, image: Image, snapshots: t.Mapping[str, Snapshot]) -> str:
    parts = [f"image {image.image_id} in {image.region} is {image.state}: {image.state_reason or 'no reason given'}"]
    names = {device.snapshot_id: device.device_name for device in image.ebs_devices}
    parts += [
        f"snapshot {one.snapshot_id} of {names.get(one.snapshot_id)} is {one.state}: {one.state_message}"
        for one in snapshots.values()
        if one.state != "completed" and one.state_message
    ]
    return ". ".join([*parts, *key_verdicts(work)])


def key_verdicts(work: Work) -> list[str]:
    """Return for each key which devices are to be under it, and what is wrong with it."""
    keys = {device.kms_key_id: device.required_key for device in work.recipe.ebs_devices}
    names = {
        key_id: ", ".join(one.device_name for one in work.recipe.ebs_devices if one.kms_key_id == key_id)
        for key_id in keys
    }
    return [f"{names[key_id]}: {key_verdict(work.region, key)}" for key_id, key in keys.items()]
