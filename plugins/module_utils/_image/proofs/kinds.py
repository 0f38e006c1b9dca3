# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The kinds of proofs: which act each allows, on what. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Proof:
    """The resource that an act may be done to, and why."""

    resource_id: str
    reason: str


class MayDeregister(Proof):
    """An image is ours: it may be deregistered, and what belongs to it may be taken away."""


class MayDisable(Proof):
    """An image may be disabled until somebody misses it: nothing uses it, or a verified copy supersedes it."""


class MayDeleteSnapshotsOf(Proof):
    """Every snapshot of an image is ours, so that AWS may delete them together with it."""


class MayDeleteSnapshot(Proof):
    """A snapshot is ours."""


class MayTerminate(Proof):
    """An instance was launched by this collection: it may be stopped and terminated."""


class MayDeleteVolume(Proof):
    """A volume was made by this collection: it may be detached and deleted."""


class MayPurgeTags(Proof):
    """The tags of an image or snapshot are ours to take away."""


class MayTakePermissions(Proof):
    """The permissions on an image or snapshot are ours to take back."""


class MayDeleteParameter(Proof):
    """A parameter leads to the image that is to be taken down."""


@dataclasses.dataclass(frozen=True)
class MayDeleteVersion(Proof):
    """A version of a launch template was made by this collection, for the task that takes it back."""

    version: int


@dataclasses.dataclass(frozen=True)
class MayRevokeGrant(Proof):
    """A grant of a KMS key may be revoked."""

    key_arn: str


P = t.TypeVar("P", bound=Proof)


def returned_by_creating_call(kind: type[P], resource_id: str) -> P:
    """Return the proof for what a creating call has just returned: it is new, or our client token made it before."""
    return kind(resource_id, "a call of this run made it")
