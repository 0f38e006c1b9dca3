# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look for what runs for an image name have left on the way, and see which of it is proven to be ours."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.images import images_using
from ..._aws.instances import find_instance, find_instances_by_tag
from ..._aws.snapshots import find_snapshots_by_tag, find_snapshots_described
from ..._aws.volumes import find_volumes, find_volumes_by_tag
from ..._image.compose.ours import (
    Remains,
    builder_snapshots,
    doubt_of_image,
    instance_proof,
    may_be_of_builder,
    remains_of,
    volumes_imaged,
)
from ..._image.compose.recipe import work_token
from ..._image.descriptions import created_of
from ..._image.machines import Instance, Volume
from ..._image.model import BUILDER_TAG, COPY_TAG, Image, Snapshot
from ..._image.proofs import MadeFor, MayDeleteSnapshot
from ..pace import Pace
from ..sightings import living_images


class Search:
    """Where to look: for the instances too, or for volumes alone; ``digest`` narrows it down to one recipe."""

    def __init__(
        self,
        region: Region,
        name: str,
        added: t.Mapping[str, MadeFor],
        *,
        with_instances: bool,
        digest: str | None = None,
    ) -> None:
        self._region = region
        self._name = name
        self._added = added
        self._with_instances = with_instances
        self._digest = digest

    def run(self, images: t.Iterable[Image] = (), snapshots: t.Iterable[Snapshot] = ()) -> Remains:
        """Return what is there.

        A tag filter may not find yet what AWS shows by id: ``images`` name their instance, ``snapshots`` their volume.
        """
        images, snapshots = list(images), list(snapshots)
        instances = self._instances(images) if self._with_instances else []
        volumes = self._volumes(instances, snapshots)
        imaged = volumes_imaged(self._name, images, snapshots)
        return remains_of(self._name, instances, volumes, self._added, digest=self._digest, imaged=imaged)

    def _instances(self, images: t.Iterable[Image]) -> list[Instance]:
        named = [find_instance(self._region, one.source_instance_id) for one in images if one.source_instance_id]
        tagged = find_instances_by_tag(self._region, COPY_TAG, self._work)
        found = {one.instance_id: one for one in (*named, *tagged) if one is not None}
        return [found[one] for one in sorted(found)]

    def _volumes(self, instances: t.Iterable[Instance], snapshots: t.Iterable[Snapshot]) -> list[Volume]:
        ids = {attachment.volume_id for instance in instances for attachment in instance.attachments}
        ids.update(one.volume_id for one in snapshots if one.volume_id)
        found = find_volumes(self._region, ids)
        found.update((one.volume_id, one) for one in find_volumes_by_tag(self._region, COPY_TAG, self._work))
        return [found[one] for one in sorted(found)]

    @property
    def _work(self) -> str:
        return work_token(self._name, self._digest or "*")


def with_builder(region: Region, image: Image) -> Image:
    """Return an image with the client token of the instance that it was made of, for as long as AWS lists that one.

    Only of images that tags and lineage call ours it is asked.
    """
    if not image.source_instance_id or BUILDER_TAG not in image.tags or doubt_of_image(image) is not None:
        return image
    instance = find_instance(region, image.source_instance_id)
    return dataclasses.replace(image, source_client_token=instance.client_token if instance else None)


def snapshots_of_builders(
    region: Region, name: str, *, pace: Pace, digest: str | None = None, launched: t.Iterable[Instance] = ()
) -> tuple[tuple[MayDeleteSnapshot, ...], tuple[str, ...]]:
    """Return the snapshots that are left of images made by way of an instance: the proofs, and the ids without one.

    A filter by tag may not find new snapshots yet; by AWS's description those of the ``launched`` instances are found.
    """
    work = work_token(name, digest or "*")
    found = find_snapshots_by_tag(region, COPY_TAG, [work])
    for instance in launched:
        if not instance.is_alive and instance_proof(instance, name) is not None:
            found += find_snapshots_described(region, f"Created by CreateImage({instance.instance_id}) for *")
    by_id = {one.snapshot_id: one for one in found if may_be_of_builder(one, name, digest=digest)}
    used = images_using(region, sorted(by_id)) if by_id else set()
    unused = [by_id[one] for one in sorted(by_id) if one not in used]
    shown = {one: find_instance(region, one) for one in sorted({created_of(one)[0] for one in unused})}
    instances = {one: instance for one, instance in shown.items() if instance is not None}
    proofs, unproven = builder_snapshots(name, unused, instances)
    ours = {one.resource_id for one in proofs}
    living = living_images(region, unused, lambda one: created_of(one)[1], pace, awaited=ours)
    gone = {one.snapshot_id for one in unused if created_of(one)[1] not in living}
    return tuple(one for one in proofs if one.resource_id in gone), tuple(one for one in unproven if one in gone)
