# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the accounts of the emulator in this process really hold, without lag, faults and permissions in the way."""

from __future__ import annotations

import typing as t

from moto.ec2.models import ec2_backends

from emulated_aws import ec2
from emulated_aws.catalogue_keys import REGIONS
from emulated_aws.ec2.backend import Ec2Region
from emulated_aws.identity import HOME_ACCOUNT
from emulated_aws.inprocess import application
from system.running import Result

_ENDED = ("terminated", "shutting-down")


def backend(region: str, *, account: str = HOME_ACCOUNT) -> Ec2Region:
    """Return the inside of one region of one account."""
    return t.cast(Ec2Region, ec2_backends[account][region])


def held(*, account: str = HOME_ACCOUNT) -> set[str]:
    """Return the ids of all images, snapshots, volumes and live instances of the account."""
    ec2.settle()
    found: set[str] = set()
    for region in REGIONS:
        here = backend(region, account=account)
        found.update(here.amis, here.snapshots, here.volumes)
        found.update(one.id for one in here.all_instances() if one.state not in _ENDED)
    return found - impostors()


def impostors() -> set[str]:
    """Return the ids of what only looks like the product's things."""
    return application().impostors.ids()


def tags_of(resource_id: str, region: str) -> dict[str, str]:
    """Return the tags of anything in a region."""
    return dict(backend(region).tags.get(resource_id, {}))


def named(result: Result) -> set[str]:
    """Return every id that the failed entries of a result list as still there."""
    lists = ("created", "adopted")
    return {one for entry in result["images"] for name in lists for one in entry.get(name) or ()}


def named_with_parts(result: Result, regions: t.Iterable[str]) -> set[str]:
    """Return the ids that a result lists, images with their snapshots and instances with their volumes.

    AWS does not show the snapshots of a pending image, so they can only be named by it.
    """
    ids = named(result) | {entry["image_id"] for entry in result["images"] if entry["image_id"]}
    for region in regions:
        for image_id in ids & set(backend(region).amis):
            ids |= set(backend(region).amis[image_id].snapshot_ids())
        attached = [backend(region).attached(one) for one in ids if one.startswith("i-")]
        ids |= {volume.id for pairs in attached for _device, volume in pairs}
    return ids
