# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What a file of targets says of each account that images go to, and what their owner has noted on them.

Nothing in this file talks to AWS or to Ansible.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..module_utils._image.copy.request import OF_DESTINATION
from ..module_utils._image.errors import RequestError
from ..module_utils._image.places import PLACE_OPTIONS, parse_place
from ..module_utils._image.tag_words import from_tags, to_tags

Options = t.Mapping[str, t.Any]
# Which intermediates were made of an image: whose copies AWS says came from them are copies of the image.
INTERMEDIATES_TAG: t.Final = "sealed.ami:intermediates-"
_MOST_INTERMEDIATES: t.Final = 50
_AMI: t.Final = re.compile(r"ami-[0-9a-f]+")


@dataclasses.dataclass(frozen=True)
class Consumer:
    """One host of the inventory: an account, or an account in one region, with what it has of the images already."""

    host: str
    account_id: str
    principal: str
    pattern: str
    source_region: str
    image_ids: tuple[str, ...]
    destinations: tuple[Options, ...]
    owner: Options
    options: Options
    found: tuple[Options, ...]
    error: str


def parse_consumer(host: str, variables: t.Any) -> Consumer:
    """Return what the inventory plugin says of one host, or say what is missing."""
    own: Options = variables.get("sealed_ami_target") or {}
    owner = variables.get("sealed_ami_owner")
    if not owner:
        raise RequestError(f"{host}: the file of targets does not say whose the images are; give it owner")
    account_id = variables.get("sealed_ami_account_id")
    if not account_id:
        raise RequestError(f"{host}: its account must be known to share with it; give it role_arn or account_id")
    image_ids, region = tuple(own.get("source_image_ids") or ()), own.get("source_region")
    if not image_ids or not region:
        raise RequestError(f"{host}: source_image_ids and source_region say what is distributed; give both")
    alone = {"region": variables.get("sealed_ami_region"), **own}
    single = {name: alone[name] for name in OF_DESTINATION if alone.get(name) is not None}
    destinations = tuple(own.get("destinations") or (single,))
    _require_regional(host, destinations)
    partition = (variables.get("sealed_ami_role_arn") or "arn:aws").split(":")[1]
    return Consumer(
        host=host,
        account_id=account_id,
        principal=variables.get("sealed_ami_role_arn") or f"arn:{partition}:iam::{account_id}:root",
        pattern=variables.get("sealed_ami_pattern") or "auto",
        source_region=region,
        image_ids=image_ids,
        destinations=destinations,
        owner=owner,
        options={name: own[name] for name in ("copy_tags", "purge_tags") if name in own},
        found=tuple(variables.get("distribute_found") or ()),
        error=str(variables.get("distribute_error") or ""),
    )


def _require_regional(host: str, destinations: t.Iterable[Options]) -> None:
    """Refuse Local Zones and Outposts, to which AWS copies nothing that another account owns in another region.

    The copy in the region, which is looked for by region, must not be taken for one there either.
    """
    for one in destinations:
        if any(one.get(name) for name in PLACE_OPTIONS):
            place = parse_place(one, region=one["region"])
            raise RequestError(
                f"{host}: images of another account are distributed to regions, and {place.shown} is in one; leave the "
                f"entry out here, and copy on from {one['region']} in the account itself, as sealed.ami.fleet_copy does"
            )


def intermediates_of(image: Options) -> tuple[str, ...]:
    """Return the intermediates that were made of an image, by what its owner has noted on it."""
    found = from_tags(INTERMEDIATES_TAG, image["image_id"], image.get("tags") or {}) or ()
    return tuple(one for one in found if _AMI.fullmatch(one))


def note_of(image: Options, made: t.Iterable[str]) -> dict[str, str]:
    """Return the tags that note intermediates on their image, beside those that are noted; the oldest give way."""
    known = intermediates_of(image)
    ids = [*known, *(one for one in dict.fromkeys(made) if one not in known)]
    return to_tags(INTERMEDIATES_TAG, image["image_id"], ids[-_MOST_INTERMEDIATES:]) or {}


def parse_all(hosts: t.Iterable[str], hostvars: t.Any) -> list[Consumer]:
    """Return the consumers of one distribution, which have one owner and one region of its images."""
    consumers = [parse_consumer(host, hostvars[host]) for host in hosts]
    if not consumers:
        raise RequestError("no host of the inventory is a consumer; name the file of targets with -i")
    first = consumers[0]
    for one in consumers:
        if (one.source_region, dict(one.owner)) != (first.source_region, dict(first.owner)):
            raise RequestError(
                f"{one.host} and {first.host} differ in source_region or owner; one run distributes from one owner and "
                "region, so use a file of targets for each"
            )
    return consumers
