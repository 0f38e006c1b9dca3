# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn the options of ec2_ami_retire into one value, refusing what can never be right. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..answers import parse_list
from ..errors import RequestError
from ..options import Options, parse_filters, parse_launch_permissions, require_image_id, require_region_name
from ..timestamps import parse_timestamp
from ..use import UseRequest
from .model import Undo
from .notes import to_protection

DEPRECATE: t.Final = "deprecate"
DISABLE: t.Final = "disable"
DEREGISTER: t.Final = "deregister"
NEWEST: t.Final = "newest"
_SNAPSHOT: t.Final = re.compile(r"snap-[0-9a-f]+")
_FOR_RETIRED: t.Final = ("filters", "group_by")
_BY_TAG, _BY_NAME = "tag:", "name:"
_LEAST: t.Final = {
    "disable_after_days": 0, "deregister_after_days": 1, "limit": 1, "launched_within_days": 1, "report_max_age": 1,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Keep:
    """Which images stay as they are. What is kept for its tags does not count among the newest."""

    newest: int = 3
    younger_than_days: int = 0
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    shared: bool = False
    public: bool = True


@dataclasses.dataclass(frozen=True)
class GroupBy:
    """What tells the groups apart: the value of a tag, or what a regular expression captures of the name."""

    tag: str = ""
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Replacement:
    """The tag that tells what to use in place of a retired image: one image, or the newest of its group."""

    tag: str
    image_id: str


@dataclasses.dataclass(frozen=True)
class RetireRequest:
    """Which images may be retired, how far, and what is kept."""

    regions: tuple[str, ...]
    filters: t.Mapping[str, tuple[str, ...]]
    group_by: GroupBy
    image_ids: tuple[str, ...] = ()
    keep: Keep = dataclasses.field(default_factory=Keep)
    last_step: str = DISABLE
    disable_after_days: int = 14
    deregister_after_days: int = 60
    require_recycle_bin: bool = True
    keep_locked: bool = True
    disable_protection: bool = False
    replacement: Replacement | None = None
    limit: int = 20
    use: UseRequest = dataclasses.field(default_factory=UseRequest)
    fail_when_unknown: bool = False
    estimate_cost: bool = False


@dataclasses.dataclass(frozen=True)
class RestoreRequest:
    """Which images to restore; by ``undos`` exactly, else by what their tags say."""

    regions: tuple[str, ...]
    image_ids: tuple[str, ...] = ()
    undos: tuple[Undo, ...] = ()
    trust_recorded_permissions: bool = False
    wait_timeout: int = 600


def parse_retire_request(options: Options, *, default_region: str | None) -> RetireRequest | RestoreRequest:
    """Return the request, or say what in it cannot be."""
    names = parse_list(options.get("regions")) or ([default_region] if default_region else [])
    regions = tuple(dict.fromkeys(require_region_name(name, option="regions") for name in names))
    if options["state"] == "restored":
        return _parse_restore(options, regions)
    if not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    return _parse_retire(options, regions)


def _parse_retire(options: Options, regions: tuple[str, ...]) -> RetireRequest:
    """Return the request to retire; without filters and groups it could mean every image of the account."""
    missing = [name for name in _FOR_RETIRED if not options.get(name)]
    if missing:
        raise RequestError(
            f"state=retired needs {' and '.join(missing)}: filters say which images may be retired, and group_by which "
            "of them replace each other, so that the newest of each group stay"
        )
    if options.get("undo") is not None:
        raise RequestError("undo is for state=restored; leave it out to retire images")
    for name, least in _LEAST.items():
        if options[name] < least:
            raise RequestError(f"{name} {options[name]} is less than {least}")
    return RetireRequest(
        regions=regions,
        filters=parse_filters(options["filters"]),
        group_by=_parse_group_by(options["group_by"]),
        image_ids=_parse_image_ids(options),
        keep=_parse_keep(options.get("keep") or {}),
        last_step=options["last_step"],
        disable_after_days=options["disable_after_days"],
        deregister_after_days=options["deregister_after_days"],
        require_recycle_bin=options["require_recycle_bin"],
        keep_locked=options["locked_snapshots"] == "keep",
        disable_protection=options["disable_protection"],
        replacement=_parse_replacement(options.get("replacement")),
        limit=options["limit"],
        use=UseRequest(
            report_max_age_hours=options["report_max_age"], launched_within_days=options["launched_within_days"]
        ),
        fail_when_unknown=options["when_unknown"] == "fail",
        estimate_cost=options["estimate_cost"],
    )


def _parse_image_ids(options: Options) -> tuple[str, ...]:
    if options.get("image_ids") is None:
        return ()
    image_ids = parse_list(options["image_ids"])
    if not image_ids:
        raise RequestError("image_ids is empty; name some images, or leave it out")
    return tuple(dict.fromkeys(require_image_id(one, option="image_ids") for one in image_ids))


def _parse_group_by(text: str) -> GroupBy:
    """Return how images are grouped; a pattern needs exactly one group that names it."""
    if text.startswith(_BY_TAG) and text[len(_BY_TAG) :].strip():
        return GroupBy(tag=text[len(_BY_TAG) :])
    if text.startswith(_BY_NAME):
        pattern = text[len(_BY_NAME) :]
        try:
            captures = re.compile(pattern).groups
        except re.error as error:
            raise RequestError(f"group_by: {pattern!r} is not a regular expression: {error}") from None
        if captures != 1:
            raise RequestError(
                f"group_by: {pattern!r} has {captures} capturing groups; put one in parentheses around what names the "
                "group, such as name:^(web|db)-"
            )
        return GroupBy(name=pattern)
    raise RequestError(f"group_by {text!r} is neither tag:KEY nor name:REGULAR_EXPRESSION")


def _parse_keep(options: Options) -> Keep:
    keep = Keep(
        **{name: options[name] for name in ("newest", "younger_than_days", "shared", "public") if name in options},
        tags={str(key): str(value) for key, value in (options.get("tags") or {}).items()},
    )
    if keep.newest < 1:
        raise RequestError(f"keep.newest {keep.newest} is less than 1; the newest image of a group always stays")
    if keep.younger_than_days < 0:
        raise RequestError(f"keep.younger_than_days {keep.younger_than_days} is negative")
    return keep


def _parse_replacement(options: Options | None) -> Replacement | None:
    if options is None:
        return None
    tag, image_id = str(options["tag"]), str(options["image_id"])
    if tag.startswith("aws:") or not tag.strip():
        raise RequestError(f"replacement.tag {tag!r} cannot be the key of a tag; aws: is for AWS alone")
    if image_id != NEWEST:
        require_image_id(image_id, option="replacement.image_id")
    return Replacement(tag, image_id)


def _parse_restore(options: Options, regions: tuple[str, ...]) -> RestoreRequest:
    """Return the request to restore, from ids or from the undo of a retiring task."""
    for name in _FOR_RETIRED:
        if options.get(name):
            raise RequestError(f"{name} is for state=retired; name the images to restore by image_ids or undo")
    if (options.get("image_ids") is None) == (options.get("undo") is None):
        raise RequestError("state=restored needs either image_ids or undo, the list that the retiring task returned")
    undos = tuple(_parse_undo(one) for one in options.get("undo") or ())
    if options.get("undo") is not None and not undos:
        raise RequestError("undo is empty: that task has retired nothing, so that there is nothing to restore")
    if options["wait_timeout"] < 1:
        raise RequestError(f"wait_timeout {options['wait_timeout']} is less than 1")
    if undos and len({one.image_id for one in undos}) < len(undos):
        raise RequestError("undo names an image twice; pass what one task has returned")
    if not undos and not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    return RestoreRequest(
        regions=tuple(dict.fromkeys(one.region for one in undos)) or regions,
        image_ids=tuple(one.image_id for one in undos) or _parse_image_ids(options),
        undos=undos,
        trust_recorded_permissions=bool(options.get("trust_recorded_permissions")),
        wait_timeout=options["wait_timeout"],
    )


def _parse_undo(options: Options) -> Undo:
    """Return one entry of an undo list, as it was returned or typed again by hand."""
    moment = options.get("deprecation_time") or None
    if moment is not None and parse_timestamp(moment) is None:
        raise RequestError(f"undo: deprecation_time {moment!r} is not a time such as 2027-01-31T00:00:00Z")
    protection = options.get("deregistration_protection") or None
    if protection not in (None, "enabled", "enabled-with-cooldown"):
        raise RequestError(
            f"undo: deregistration_protection {protection!r} is neither enabled nor enabled-with-cooldown"
        )
    return Undo(
        image_id=require_image_id(options["image_id"], option="undo.image_id"),
        region=require_region_name(options["region"], option="undo.region"),
        launch_permissions=parse_launch_permissions(options.get("launch_permissions")),
        deprecation_time=moment,
        deregistration_protection=to_protection(protection or ""),
        snapshot_ids=_parse_snapshot_ids(options.get("snapshot_ids")),
        tags={str(key): str(value) for key, value in (options.get("tags") or {}).items()},
    )


def _parse_snapshot_ids(listed: t.Sequence[str] | None) -> tuple[str, ...] | None:
    if listed is None:
        return None
    for one in listed:
        if not _SNAPSHOT.fullmatch(one):
            raise RequestError(f"undo: snapshot_ids: {one!r} is not a snapshot id, such as snap-0123456789abcdef0")
    return tuple(dict.fromkeys(listed))
