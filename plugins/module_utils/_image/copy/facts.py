# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What AWS holds for one source image in one destination. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..descriptions import destination_of, is_later_twin
from ..model import COPY_TAG, KEY_TAG, Image, Snapshot
from ..permissions import LaunchPermissions, Sharing
from ..proofs import MayDeleteSnapshot, MayDeregister
from .identity import Lineage, Requirement


@dataclasses.dataclass(frozen=True)
class Facts:
    """What was read before planning.

    ``images`` are those that came from the source, with their snapshots' keys. ``snapshot_tags`` and ``sharing`` are
    by id. ``loose`` are snapshots of copies that no image shows, read where something is removed; ``living`` are the
    images among those that AWS says they were copied for: a pending or failed image may not show its snapshots.
    ``launchable`` has who may launch the copies that are to be retired, read where they are.
    ``asked`` holds key tag and name of the copy, empty where that cannot be told, for each destination of the task in
    this place. ``account`` is the caller's, asked for where watermarks are: it is a part of each.
    """

    lineage: Lineage
    source: Image | None
    requirement: Requirement
    images: tuple[Image, ...] = ()
    snapshot_tags: t.Mapping[str, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    sharing: t.Mapping[str, Sharing] = dataclasses.field(default_factory=dict)
    loose: tuple[Snapshot, ...] = ()
    living: frozenset[str] = frozenset()
    asked: tuple[tuple[str, str], ...] = ()
    account: str = ""
    launchable: t.Mapping[str, LaunchPermissions] = dataclasses.field(default_factory=dict)

    def proof(self, image: Image) -> MayDeregister | None:
        """Return the proof that the image is this collection's copy of the source."""
        return None if self.doubt(image) else self.lineage.proof(image)

    def doubt(self, image: Image) -> str:
        """Say why the image is not proven to be this collection's copy of the source; empty where it is.

        AWS answers a used client token with the image that it made then, so that no two images are made with one. Of
        two that carry it, the later one has taken the tags along.
        """
        token = image.tags.get(COPY_TAG)
        twins = (
            one.image_id
            for one in self.images
            if one is not image and one.tags.get(COPY_TAG) == token and one.creation_date <= image.creation_date
        )
        twin = next(twins, "")
        taken = f"its tags are those of {twin}, which is older" if twin else ""
        return self.lineage.doubt(image) or taken

    def proof_of(self, snapshot: Snapshot) -> MayDeleteSnapshot | None:
        """Return the proof that a snapshot was made for a copy of ours of this source.

        Of two with the same description, the later one is a copy that somebody made of the other.
        """
        return None if is_later_twin(snapshot, self.loose) else self.lineage.proof_of(snapshot)

    def is_left_to_another(self, image: Image) -> bool:
        """Tell whether another destination of the task sees to what failed under another key than this one's.

        By its key, its name, or the first: so that none is removed twice, nor by a destination that did not start it.
        """
        if image.tags.get(KEY_TAG) in dict(self.asked):
            return True
        heirs = [tag for tag, name in self.asked if name == image.name] or [tag for tag, _name in self.asked]
        return bool(heirs) and heirs[0] != self.requirement.key_tag

    def is_named_alike(self, image: Image) -> bool:
        """Tell whether the image has the name that this destination gives to its copy."""
        return bool(image.name) and dict(self.asked).get(self.requirement.key_tag) == image.name

    def hidden_snapshots(self, image: Image) -> tuple[MayDeleteSnapshot, ...]:
        """Return the snapshots that AWS says were made for the image, where it does not show its own.

        Beside those that a complete mapping names there can only be copies of them: scripts keep tags and description.
        """
        if image.state in ("available", "disabled") and image.snapshot_ids:
            return ()
        proofs = (self.proof_of(one) for one in self.loose if destination_of(one) == image.image_id)
        return tuple(proof for proof in proofs if proof and proof.resource_id not in image.snapshot_ids)
