# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What is known of the images to be shared, and of who uses their snapshots. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image, KmsKey, Snapshot
from ..permissions import Sharing

# Whether an account belongs to the organization or unit with an ARN; None where that is not known.
Belongs = t.Callable[[str, str], t.Optional[bool]]


@dataclasses.dataclass(frozen=True)
class Shared:
    """An image with the permissions that it has now."""

    image: Image
    sharing: Sharing


@dataclasses.dataclass(frozen=True)
class Facts:
    """What judging a change takes: ``keys`` by ARN, None where KMS does not tell; ``blocks`` of public access."""

    partition: str
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)
    keys: t.Mapping[str, KmsKey | None] = dataclasses.field(default_factory=dict)
    blocks: tuple[str, ...] = ()
    belongs: Belongs = lambda _account, _arn: None
