# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What composing made: the words that it gives at birth, and the proofs that rest on them. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..descriptions import birth_description, created_of
from ..doubts import doubt_of_composed
from ..machines import Instance, Volume
from ..model import BUILDER_TAG, COPY_TAG, DEVICE_TAG, RECIPE_TAG, SOURCE_TAG, Image, Snapshot
from ..proofs import (
    MadeFor,
    MayDeleteSnapshot,
    MayDeleteVolume,
    MayDeregister,
    MayTerminate,
    Proof,
    composed_is_ours,
    instance_is_ours,
    snapshot_by_description,
    snapshot_of_builder,
    snapshot_of_created,
    unused_volume,
    volume_of_instance,
)
from .recipe import Recipe, launch_token, work_token
from .volumes import DEFAULT_TYPE


def doubt_of_image(image: Image) -> str | None:
    """Say why an image is not proven to be composed under its name; None where it is."""
    work = _work_of(image.name, image.tags)
    return doubt_of_composed(image, work=work, token=_token_of(work, image))


def doubt_of_mapping(image: Image, snapshots: t.Mapping[str, Snapshot], lent: t.Collection[str]) -> str | None:
    """Say why no snapshot shows that an image was registered under its name by us; None where one does.

    Whoever registers an image gives it any name and tags, and AWS shows no lineage of it. ``lent`` are snapshots that
    composing takes as they are, those of the source above all.
    """
    if image.source_instance_id is not None or not image.snapshot_ids:
        return None
    shown = [snapshots[one] for one in image.snapshot_ids if one in snapshots]
    if any(snapshot_proof(one, image.name, [image]) for one in shown) or set(image.snapshot_ids) <= set(lent):
        return None
    return "its tags are this collection's, but none of its snapshots was made for it"


def image_proof(image: Image) -> MayDeregister | None:
    """Return the proof that the image is composed under its name."""
    work = _work_of(image.name, image.tags)
    return composed_is_ours(image, work=work, token=_token_of(work, image))


def snapshot_proof(snapshot: Snapshot, name: str, images: t.Iterable[Image] = ()) -> MayDeleteSnapshot | None:
    """Return the proof that the snapshot was made for an image of this name: by us, or by AWS for one of the images."""
    if snapshot.tags.get(COPY_TAG) != _work_of(name, snapshot.tags):
        return None
    for image in images:
        created = snapshot_of_created(snapshot, image)
        if created is not None:
            return created
    digest, device = snapshot.tags.get(RECIPE_TAG, ""), snapshot.tags.get(DEVICE_TAG, "")
    for is_copy in (True, False):
        description = birth_description(name, digest, device, is_copy=is_copy)
        proof = snapshot_by_description(snapshot, description=description, is_copy=is_copy)
        if proof is not None:
            return proof
    return None


def is_made_for(snapshot: Snapshot, recipe: Recipe, images: t.Iterable[Image] = ()) -> bool:
    """Tell whether the snapshot was made for this recipe under its name."""
    is_of_recipe = snapshot.tags.get(RECIPE_TAG) == recipe.digest
    return is_of_recipe and snapshot_proof(snapshot, recipe.name, images) is not None


class Remains(t.NamedTuple):
    """What runs have left: the proofs, and the ids of what has none."""

    proofs: tuple[Proof, ...] = ()
    unproven: tuple[str, ...] = ()


def remains_of(
    name: str,
    instances: t.Iterable[Instance],
    volumes: t.Iterable[Volume],
    added: t.Mapping[str, MadeFor],
    *,
    digest: str | None = None,
    imaged: t.Container[str] = (),
) -> Remains:
    """Return the instances and volumes that runs for this name have left.

    ``added`` are the devices that volumes are made for, and ``imaged`` the volumes that snapshots of ours were taken
    of. ``digest`` narrows it down to one recipe.
    """
    proofs: list[Proof] = []
    unproven: list[str] = []
    for instance in (one for one in instances if _is_of(name, one.tags, digest) and one.state != "terminated"):
        proof = instance_proof(instance, name)
        if proof is None:
            unproven.append(instance.instance_id)
        else:
            proofs.append(proof)
    ours = {one.resource_id: one for one in proofs if isinstance(one, MayTerminate)}
    ending = {one.volume_id for each in instances if each.instance_id in ours for one in _ending(each)}
    for volume in (one for one in volumes if _is_of(name, one.tags, digest) and one.state not in _GONE_STATES):
        if volume.volume_id in ending:
            continue
        found = volume_proof(volume, name, ours, added, imaged=imaged)
        if found is None:
            unproven.append(volume.volume_id)
        else:
            proofs.append(found)
    return Remains(tuple(proofs), tuple(unproven))


def volumes_imaged(name: str, images: t.Collection[Image], snapshots: t.Iterable[Snapshot]) -> set[str]:
    """Return the volumes that AWS names as those of snapshots that were made for this name."""
    return {one.volume_id for one in snapshots if one.volume_id and snapshot_proof(one, name, images) is not None}


def may_be_of_builder(snapshot: Snapshot, name: str, *, digest: str | None = None) -> bool:
    """Tell whether a snapshot is AWS's of an instance, and its tags are those of an image made by way of one."""
    return bool(created_of(snapshot)[0]) and BUILDER_TAG in snapshot.tags and _is_of(name, snapshot.tags, digest)


def builder_snapshots(
    name: str, snapshots: t.Iterable[Snapshot], instances: t.Mapping[str, Instance]
) -> tuple[tuple[MayDeleteSnapshot, ...], tuple[str, ...]]:
    """Return the proofs for snapshots of images made by way of an instance that are gone, and the ids without a proof.

    ``instances`` are those that AWS still lists; one that is still there has its image to come, or under way.
    """
    proofs, unproven = [], []
    for snapshot in snapshots:
        builder = instances.get(created_of(snapshot)[0])
        token = launch_token(_work_of(name, snapshot.tags), builder.image_id) if builder else ""
        proof = snapshot_of_builder(snapshot, builder, token=token)
        if proof is not None:
            proofs.append(proof)
        elif builder is None or not builder.is_alive or instance_proof(builder, name) is None:
            unproven.append(snapshot.snapshot_id)
    return tuple(proofs), tuple(unproven)


def instance_proof(instance: Instance, name: str) -> MayTerminate | None:
    """Return the proof that the instance was launched for an image of this name."""
    work = _work_of(name, instance.tags)
    return instance_is_ours(instance, token=launch_token(work, instance.image_id) if work else "")


def volume_proof(
    volume: Volume,
    name: str,
    instances: t.Mapping[str, MayTerminate],
    added: t.Mapping[str, MadeFor],
    *,
    imaged: t.Container[str] = (),
) -> MayDeleteVolume | None:
    """Return the proof that the volume was made for an image of this name."""
    work = _work_of(name, volume.tags)
    made_for = added.get(volume.tags.get(DEVICE_TAG, ""))
    if made_for is None:
        return None
    instance = instances.get(volume.instance_id or "")
    if instance is not None:
        return volume_of_instance(volume, instance, made_for, work=work)
    return unused_volume(volume, made_for, work=work, imaged=imaged)


def added_devices(recipe: Recipe) -> dict[str, MadeFor]:
    """Return what the volumes are made of that a recipe makes beside those of the source."""
    return {
        device.device_name: MadeFor(
            device.device_name,
            device.snapshot_id or "",
            device.size,
            device.key,
            (DEFAULT_TYPE, device.shape.volume_type) if device.shape else (),
        )
        for device in recipe.ebs_devices
        if device.is_added or device.snapshot_id is None
    }


_GONE_STATES: t.Final = ("deleting", "deleted")


def _ending(instance: Instance) -> list[t.Any]:
    return [one for one in instance.attachments if one.delete_on_termination]


def _token_of(work: str, image: Image) -> str:
    return launch_token(work, image.tags.get(SOURCE_TAG, "").rpartition(":")[2])


def _is_of(name: str, tags: t.Mapping[str, str], digest: str | None) -> bool:
    return tags.get(COPY_TAG) == _work_of(name, tags) and digest in (None, tags.get(RECIPE_TAG))


def _work_of(name: str, tags: t.Mapping[str, str]) -> str:
    """Return the work token that the tags must have under this name; no tag is like it where the recipe is missing."""
    digest = tags.get(RECIPE_TAG)
    return work_token(name, digest) if digest else "(none)"
