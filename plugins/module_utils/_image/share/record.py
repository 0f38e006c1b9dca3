# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Write down, in tags of the image and of each snapshot, which accounts a task is about to give permissions.

The record is written before the permission is given, so that what a killed task gave can be taken back, and nothing
that was there before it. Nothing in this file talks to AWS or to Ansible.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import PreflightError
from ..model import GIVEN_TAG, Image, Snapshot
from ..permissions import LaunchPermissions, Sharing
from ..proofs import may_purge_given
from ..steps import SetTags
from ..tag_words import from_tags, to_tags
from .changes import Change, Changes

_ACCOUNT: t.Final = re.compile(r"\d{12}")
Snapshots = t.Mapping[str, Snapshot]


def accounts_in(resource_id: str, tags: t.Mapping[str, str]) -> frozenset[str]:
    """Return the accounts that the tags of the resource record; none where they are damaged or another resource's."""
    words = from_tags(GIVEN_TAG, resource_id, tags) or ()
    return frozenset(words) if all(map(_ACCOUNT.fullmatch, words)) else frozenset()


def recorded_on(image: Image, snapshots: Snapshots, *, of: t.AbstractSet[str]) -> Sharing:
    """Return what tasks have given on the image and its snapshots; where ``of`` names accounts, to these alone."""

    def given(resource_id: str, tags: t.Mapping[str, str]) -> LaunchPermissions:
        accounts = accounts_in(resource_id, tags)
        return LaunchPermissions(user_ids=accounts & of if of else accounts)

    found = {one: given(one, snapshots[one].tags) for one in image.snapshot_ids if one in snapshots}
    return Sharing(given(image.image_id, image.tags), found)


def still_recorded(image: Image, snapshots: Snapshots, steps: t.Iterable[t.Any] = ()) -> frozenset[str]:
    """Return the accounts that the image and its snapshots record once the steps are done."""
    tags = {image.image_id: dict(image.tags)}
    tags.update({one: dict(snapshots[one].tags) for one in image.snapshot_ids if one in snapshots})
    for step in steps:
        for resource_id in step.resource_ids if isinstance(step, SetTags) else ():
            left = {key: value for key, value in tags[resource_id].items() if key not in step.remove}
            tags[resource_id] = {**left, **step.add}
    return frozenset(account for one, own in tags.items() for account in accounts_in(one, own))


def steps_to_record(image: Image, changes: Changes, snapshots: Snapshots) -> tuple[SetTags, ...]:
    """Return the steps that write down who is about to be given something, beside who is written down already."""
    return _rewrite(image, snapshots, lambda one, old: old | _change(changes, image, one).give.user_ids)


def steps_to_forget(
    image: Image, changes: Changes, snapshots: Snapshots, *, of: t.AbstractSet[str]
) -> tuple[SetTags, ...]:
    """Return the steps that strike out who has nothing any more, which leaves those who keep a snapshot."""

    def left(resource_id: str, old: frozenset[str]) -> frozenset[str]:
        keeping = {name for at, name in changes.kept if at == resource_id}
        return (old - of if of else frozenset()) | (old & keeping)

    return _rewrite(image, snapshots, left)


def _rewrite(
    image: Image, snapshots: Snapshots, accounts: t.Callable[[str, frozenset[str]], frozenset[str]]
) -> tuple[SetTags, ...]:
    tags = {one: snapshots[one].tags for one in image.snapshot_ids if one in snapshots}
    steps = []
    for resource_id, own in {image.image_id: image.tags, **tags}.items():
        old = accounts_in(resource_id, own)
        new = accounts(resource_id, old)
        if new != old:
            steps.append(_step(image, resource_id, own, new))
    return tuple(steps)


def _step(image: Image, resource_id: str, own: t.Mapping[str, str], accounts: frozenset[str]) -> SetTags:
    """Return the step that records on the resource who was given it for a while, so that it can be taken back."""
    add = to_tags(GIVEN_TAG, resource_id, sorted(accounts)) if accounts else {}
    if add is None:
        raise PreflightError(
            f"{resource_id} would be shared with {len(accounts)} accounts for a while, more than its tags can hold; "
            "share it in parts, or pass record=false and keep the result"
        )
    remove = {key: value for key, value in own.items() if key.startswith(GIVEN_TAG) and key not in add}
    return SetTags(
        (resource_id,),
        "image" if resource_id == image.image_id else "snapshot",
        add=add,
        remove=remove,
        purges=(may_purge_given(image, resource_id),) if remove else (),
        present=len(own),
        replaced=len(set(add) & set(own)),
    )


def _change(changes: Changes, image: Image, resource_id: str) -> Change:
    return changes.image if resource_id == image.image_id else changes.snapshots.get(resource_id, Change())
