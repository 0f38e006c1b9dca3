# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide how images come into other accounts: in which way, what their owner gives for it, and what goes afterwards.

Whoever calls CopyImage owns the copy (aws_rules §14.1), so the owner can only give, and each consumer has to take.
Nothing in this file talks to AWS or to Ansible.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..module_utils._image.errors import RequestError
from ._consumers import Consumer, intermediates_of, note_of, parse_all
from ._distribution_access import acts_of_consumer, acts_of_owner, keys_of

Options = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Way:
    """How one image comes to one consumer; ``done`` holds the image that each region's copy was made of."""

    consumer: Consumer
    image: Options
    pattern: str
    reason: str
    done: t.Mapping[str, str]

    @property
    def is_done(self) -> bool:
        """Tell whether every region has its copy."""
        return set(self.done) == {one["region"] for one in self.consumer.destinations}


def decide(consumer: Consumer, image: Options, owner_id: str) -> Way:
    """Return the way of one image to one consumer with the reason, or refuse what AWS would refuse half-way."""
    done = _done(consumer, image)
    where = f"{image['image_id']} for {consumer.host}"
    if consumer.account_id == owner_id:
        return Way(consumer, image, "own", "the account owns the image, so that it only copies it", done)
    locked = sorted({str(one["kms_key_arn"]) for one in image["snapshots"] if one.get("kms_key_manager") == "AWS"})
    keyless = [one["region"] for one in consumer.destinations if not one.get("kms_key_id")]
    wants_copy = consumer.pattern in ("copy", "intermediate")
    if consumer.pattern == "share" or (consumer.pattern == "auto" and len(keyless) == len(consumer.destinations)):
        return _share(consumer, image, where, locked)
    if keyless:
        raise RequestError(
            f"{where}: {', '.join(keyless)} has no kms_key_id, which every copy of another account's image needs; name "
            "the key of each region, or pattern: share"
        )
    asked = f"pattern {consumer.pattern} asks for it" if wants_copy else "the account has a key of its own (kms_key_id)"
    if consumer.pattern != "intermediate" and not locked:
        return Way(consumer, image, "copy", asked, done)
    if not consumer.owner.get("transfer_kms_key_id"):
        why = f"is under {locked[0]}, which AWS lets nobody share" if locked else "goes through an intermediate"
        raise RequestError(f"{where}: it {why}; name a key of the owner as transfer_kms_key_id to copy it under first")
    reason = f"it is under {locked[0]}, which AWS lets nobody share" if locked else asked
    return Way(consumer, image, "intermediate", reason, done)


def _share(consumer: Consumer, image: Options, where: str, locked: t.Sequence[str]) -> Way:
    if locked:
        raise RequestError(
            f"{where}: it is under {locked[0]}, and AWS lets nobody share what is under an AWS managed key; give the "
            "account a kms_key_id and the owner a transfer_kms_key_id, and it is copied"
        )
    away = [one["region"] for one in consumer.destinations if one["region"] != consumer.source_region]
    if away:
        raise RequestError(
            f"{where}: an image that is shared is launched in its own region, {consumer.source_region}, not in "
            f"{', '.join(away)}; give the account a kms_key_id to copy it there, or leave these regions out"
        )
    why = "pattern share asks for it" if consumer.pattern == "share" else "the account has no key (kms_key_id)"
    return Way(consumer, image, "share", why, {})


def _done(consumer: Consumer, image: Options) -> dict[str, str]:
    """Return the regions that have a whole copy under the right key, each with the image that it was made of."""
    sources = {image["image_id"], *intermediates_of(image)}
    wanted = {one["region"]: one.get("kms_key_id") for one in consumer.destinations}
    return {
        one["region"]: one["source_image_id"]
        for one in sorted(consumer.found, key=lambda one: str(one.get("creation_date")), reverse=True)
        if one.get("source_image_id") in sources
        and one.get("source_region") in (None, consumer.source_region)
        and one.get("state") == "available"
        and not one.get("source_instance_id")
        and wanted.get(one["region"])
        and all(_is_under(device, str(wanted[one["region"]])) for device in one["snapshots"])
    }


def _is_under(device: Options, key: str) -> bool:
    """Tell whether a device is known to be under the key in its region; an alias says so while it points there."""
    if device.get("availability_zone") or device.get("outpost_arn"):
        return False
    arn, aliases = device.get("kms_key_arn") or "", device.get("kms_key_aliases") or ()
    return bool(device.get("encrypted")) and (key in (arn, arn.rpartition("/")[2]) or key.rpartition(":")[2] in aliases)


def plan_distribution(
    hosts: t.Iterable[str], hostvars: t.Any, images: t.Sequence[Options], intermediates: t.Sequence[Options]
) -> dict[str, t.Any]:
    """Return what the owner gives, what each consumer does, and in which way each image goes, with the reason."""
    consumers = parse_all(hosts, hostvars)
    by_id = {image["image_id"]: image for image in images}
    missing = sorted({one for consumer in consumers for one in consumer.image_ids} - set(by_id))
    if missing:
        raise RequestError(
            f"{', '.join(missing)} is not found among the owner's images in {consumers[0].source_region}; only who "
            "owns an image can share it, so check ids, source_region and the role of owner"
        )
    ways = [
        decide(consumer, by_id[image_id], str(by_id[image_id]["owner_id"]))
        for consumer in consumers
        for image_id in consumer.image_ids
    ]
    current = {one["source_image_id"]: one for one in intermediates if one["image_id"] and one["state"] == "available"}
    # Nothing is given to whom could not even be asked.
    open_ways = [way for way in ways if not way.is_done and not way.consumer.error]
    transfers = sorted({way.image["image_id"] for way in open_ways if way.pattern == "intermediate"})
    return {
        "source_region": consumers[0].source_region,
        "transfer_kms_key_id": consumers[0].owner.get("transfer_kms_key_id") or "",
        "ways": [_way(way) for way in ways],
        "transfers": transfers,
        "notes": [
            {"image_id": one, "tags": note_of(by_id[one], (current[one]["image_id"],))}
            for one in sorted(set(by_id) & set(current))
            if current[one]["image_id"] not in intermediates_of(by_id[one])
        ],
        "shares": _shares(open_ways, current),
        "grants": _grants(open_ways, current),
        "access": acts_of_owner(
            consumers[0].source_region, str(consumers[0].owner.get("transfer_kms_key_id") or ""), open_ways
        ),
        "consumers": {consumer.host: _work(consumer, ways, current) for consumer in consumers},
    }


def _way(way: Way) -> dict[str, t.Any]:
    return {
        "image_id": way.image["image_id"],
        "host": way.consumer.host,
        "account_id": way.consumer.account_id,
        "pattern": way.pattern,
        "reason": way.reason,
        "done": way.is_done,
    }


def _given(way: Way, current: t.Mapping[str, Options]) -> Options | None:
    """Return the image that the owner shares for it, None where there is none, or none yet."""
    return {"intermediate": current.get(way.image["image_id"]), "own": None}.get(way.pattern, way.image)


def _shares(ways: t.Sequence[Way], current: t.Mapping[str, Options]) -> list[dict[str, t.Any]]:
    """Return whom each image is shared with, one entry for the images that are shared alike."""
    accounts: dict[tuple[str, str], set[str]] = {}
    for way in ways:
        given = _given(way, current)
        if given is not None:
            purpose = "launch" if way.pattern == "share" else "copy"
            accounts.setdefault((given["image_id"], purpose), set()).add(way.consumer.account_id)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (image_id, purpose), who in sorted(accounts.items()):
        alike.setdefault((purpose, tuple(sorted(who))), []).append(image_id)
    return [
        {"purpose": purpose, "image_ids": ids, "user_ids": list(who)} for (purpose, who), ids in sorted(alike.items())
    ]


def _grants(ways: t.Sequence[Way], current: t.Mapping[str, Options]) -> list[dict[str, str]]:
    """Return the keys that the consumers' roles need for their copies, each pair once."""
    pairs = {
        (key, way.consumer.principal)
        for way in ways
        if way.pattern in ("copy", "intermediate")
        for key in keys_of(_given(way, current) or {"snapshots": ()})
    }
    return [{"key_id": key, "grantee_principal": who} for key, who in sorted(pairs)]


def _work(consumer: Consumer, ways: t.Iterable[Way], current: t.Mapping[str, Options]) -> dict[str, t.Any]:
    """Return what one consumer does: its copies, grouped so that one task makes as many as can be."""
    own = [way for way in ways if way.consumer is consumer]
    groups: dict[tuple[str, ...], list[str]] = {}
    copies: list[dict[str, t.Any]] = []
    for way in own:
        if way.pattern == "share":
            continue
        for source, regions in _sources(way, current).items():
            if source == way.image["image_id"]:
                groups.setdefault(tuple(regions), []).append(source)
            else:
                copies.append(_copy(consumer, [source], regions, way.image))
    copies += [_copy(consumer, ids, regions, None) for regions, ids in groups.items()]
    return {
        "account_id": consumer.account_id,
        "principal": consumer.principal,
        "copies": copies,
        "shared_image_ids": [way.image["image_id"] for way in own if way.pattern == "share"],
        "keys": _autoscaling_keys(own),
        "access": acts_of_consumer(consumer, [way for way in own if not way.is_done]),
        **consumer.options,
    }


def _sources(way: Way, current: t.Mapping[str, Options]) -> dict[str, list[str]]:
    """Return the regions to copy to by the image to copy from; a copy that is there keeps the one it was made of."""
    found: dict[str, list[str]] = {}
    given = way.image if way.pattern == "own" else _given(way, current)
    for destination in way.consumer.destinations:
        source = way.done.get(destination["region"]) or (given["image_id"] if given else None)
        if source:
            found.setdefault(source, []).append(destination["region"])
    return found


def _copy(
    consumer: Consumer, ids: t.Sequence[str], regions: t.Sequence[str], original: Options | None
) -> dict[str, t.Any]:
    """Return one task; a copy of an intermediate is named after the original."""
    destinations = [dict(one) for one in consumer.destinations if one["region"] in regions]
    if original is not None:
        for one in destinations:
            same = "-encrypted" if one["region"] == consumer.source_region else ""
            name = str(one.get("name") or f"{{source_name}}{same}").replace("{source_name}", original["name"])
            one["name"] = name.replace("{source_image_id}", original["image_id"])
    return {
        "source_image_ids": list(ids),
        "of": list(ids) if original is None else [original["image_id"]],
        "destinations": destinations,
    }


def _autoscaling_keys(ways: t.Iterable[Way]) -> list[dict[str, str]]:
    """Return the keys under which Auto Scaling of the account launches: its own, or those of a shared image."""
    pairs: set[tuple[str, str]] = set()
    for way in ways:
        region = way.consumer.source_region
        if way.pattern == "share":
            arns = [one["kms_key_arn"] for one in way.image["snapshots"]]
            pairs.update((str(arn), region) for arn in arns if arn)
        else:
            keyed = [one for one in way.consumer.destinations if one.get("kms_key_id")]
            pairs.update((str(one["kms_key_id"]), one["region"]) for one in keyed)
    return [{"key_id": key, "region": region} for key, region in sorted(pairs)]


def plan_clean_up(
    plan: Options, results: t.Mapping[str, Options], images: t.Sequence[Options], intermediates: t.Sequence[Options]
) -> dict[str, t.Any]:
    """Return what the owner takes back: of each image, once every consumer has its copy; else all stays and is named.

    ``results`` hold, by host, the ids of the images that are there and verified, and what went wrong.
    """
    missing = _missing(plan, results)
    copied = {way["image_id"] for way in plan["ways"] if way["pattern"] in ("copy", "intermediate")}
    complete = sorted(copied - set(missing))
    keys = {image["image_id"]: set(keys_of(image)) for image in images}
    for one in intermediates:
        keys.setdefault(one["source_image_id"], set()).update(keys_of(one))
    kept, freed = (_pairs(plan, {one: keys.get(one, set()) for one in ids}) for ids in (missing, complete))
    going = [one["image_id"] for one in intermediates if one["source_image_id"] in complete]
    return {
        "complete": complete,
        "kept": dict(sorted(missing.items())),
        "unshare": [*complete, *going],
        "user_ids": sorted({way["account_id"] for way in plan["ways"] if way["pattern"] in ("copy", "intermediate")}),
        "revoke": [{"key_id": key, "grantee_principal": who} for key, who in sorted(freed - kept)],
        "intermediates": {one["image_id"]: one["source_image_id"] for one in intermediates if one["image_id"] in going},
    }


def _missing(plan: Options, results: t.Mapping[str, Options]) -> dict[str, list[str]]:
    """Return the images that are not where they should be, each with what their consumers say."""
    missing: dict[str, list[str]] = {}
    for way in plan["ways"]:
        result = results.get(way["host"]) or {}
        if way["image_id"] not in (result.get("verified") or ()):
            why = result.get("error") or "it did not say that its image is there"
            missing.setdefault(way["image_id"], []).append(f"{way['host']}: {why}")
    return missing


def _pairs(plan: Options, keys: t.Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Return the keys of the images with the roles that copy them."""
    return {
        (key, plan["consumers"][way["host"]]["principal"])
        for way in plan["ways"]
        if way["pattern"] in ("copy", "intermediate")
        for key in keys.get(way["image_id"], ())
    }
