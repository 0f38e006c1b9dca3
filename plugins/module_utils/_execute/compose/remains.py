# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look for instances and volumes that runs for an image name have left, and see which of them are proven to be ours."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.instances import find_instance, find_instances_by_tag
from ..._aws.volumes import find_volumes, find_volumes_by_tag
from ..._image.compose.ours import remains_of
from ..._image.compose.recipe import work_token
from ..._image.machines import Instance, Volume
from ..._image.model import COPY_TAG, Image, Snapshot
from ..._image.proofs import MadeFor, Proof


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

    def run(
        self, images: t.Iterable[Image] = (), snapshots: t.Iterable[Snapshot] = ()
    ) -> tuple[tuple[Proof, ...], tuple[str, ...]]:
        """Return the proofs of what is there, and the ids of what only looks like ours.

        A tag filter may not find yet what AWS shows by id: ``images`` name their instance, ``snapshots`` their volume.
        """
        instances = self._instances(images) if self._with_instances else []
        volumes = self._volumes(instances, snapshots)
        return remains_of(self._name, instances, volumes, self._added, digest=self._digest)

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
