# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn a description of accounts and regions into targets, one for each account or each pair. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..module_utils._image.answers import (
    is_blank,
    parse_bool,
    parse_dict,
    parse_list,
    parse_names,
    parse_tags,
    parse_text,
)
from ..module_utils._image.attribute_table import ATTRIBUTE_ROWS
from ..module_utils._image.copy.request import OF_DESTINATION
from ..module_utils._image.errors import RequestError, SealedError
from ..module_utils._image.options import (
    parse_attributes,
    require_image_id,
    require_image_name,
    require_key_reference,
    require_region_name,
)
from ..module_utils._image.places import PLACE_OPTIONS, Place, parse_place, require_own_region
from ._targets_distribution import DISTRIBUTION, ROLE_ARN, parse_distribution

Options = t.Mapping[str, t.Any]

_TYPES: t.Final[dict[str, type]] = {"str": str, "dict": dict, "bool": bool, "list": list}
# What may stand at the top, in an account and in a region; the innermost wins. A place belongs to a single region.
SETTINGS: t.Final[dict[str, type]] = {
    "source_image_ids": list,
    "source_region": str,
    "kms_key_id": str,
    "encrypted": bool,
    "copy_tags": bool,
    "name": str,
    **dict.fromkeys(PLACE_OPTIONS, str),
    **{row.name: _TYPES[row.argument["type"]] for row in ATTRIBUTE_ROWS},
}
_ANSWERS: t.Final[dict[str, t.Callable[[t.Any], t.Any]]] = {
    "text": parse_text,
    "names": parse_names,
    "bool": parse_bool,
    "tags": parse_tags,
    "dict": parse_dict,
}
_PARSERS: t.Final[dict[str, t.Callable[[t.Any], t.Any]]] = {
    "source_image_ids": parse_list,
    "encrypted": parse_bool,
    "copy_tags": parse_bool,
    **{row.name: _ANSWERS[row.answer] for row in ATTRIBUTE_ROWS},
}
_PREFIX: t.Final = "sealed_ami_"
HOSTS_PER: t.Final = ("account", "region")
ACCOUNT_OPTIONS: t.Final = frozenset(
    {"account", "account_id", "role_arn", "profile", "regions", "groups", *DISTRIBUTION}
)
REGION_OPTIONS: t.Final = frozenset({"region", "groups"})
_SECRETS: t.Final = frozenset(
    {"access_key", "aws_access_key", "aws_access_key_id", "aws_secret_access_key", "aws_secret_key", "secret_key"}
    | {"aws_security_token", "aws_session_token", "security_token", "session_token", "password"}
)
_ACCOUNT_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
_ACCOUNT_ID = re.compile(r"^\d{12}$")
_GROUP = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


@dataclasses.dataclass(frozen=True)
class Target:
    """One account, or one account in one region, under the name of its inventory host."""

    name: str
    groups: tuple[str, ...]
    variables: dict[str, t.Any]


def parse_targets(options: Options) -> tuple[Target, ...]:
    """Return the targets in the order of the file, or say where in it the mistake is.

    ``options`` holds ``accounts`` and defaults for all of them; the caller has taken out what is Ansible's own.
    """
    _require_known(options, {"accounts", "host_per", "owner", *DISTRIBUTION}, where="the file")
    _require_no_place(options, where="the file")
    host_per = _text(options, "host_per", where="the file") or "account"
    if host_per not in HOSTS_PER:
        raise RequestError(f"the file: host_per is one of {', '.join(HOSTS_PER)}, not {host_per!r}")
    accounts = _list(options, "accounts", where="the file")
    targets = [
        target
        for number, account in enumerate(accounts, 1)
        for target in _parse_account(account, defaults=options, where=f"account {number}")
    ]
    names = [target.name for target in targets]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{name} is listed twice; name each account once, and each of its regions")
    return tuple(targets) if host_per == "region" else _one_per_account(targets)


def _one_per_account(targets: t.Iterable[Target]) -> tuple[Target, ...]:
    """Return one target for each account, which has its regions as destinations of one task."""
    accounts: dict[str, list[Target]] = {}
    for target in targets:
        accounts.setdefault(target.variables["sealed_ami_account"], []).append(target)
    return tuple(_join(account, members) for account, members in accounts.items())


def _join(account: str, regions: t.Sequence[Target]) -> Target:
    """Return the host that stands for all regions of an account."""
    first = regions[0]
    destinations = []
    for target in regions:
        own = {name[len(_PREFIX) :]: value for name, value in target.variables.items()}
        destinations.append({name: own[name] for name in OF_DESTINATION if name in own})
        _require_alike(first, target, account=account)
    apart = {f"{_PREFIX}{name}" for name in OF_DESTINATION}
    shared = {name: value for name, value in first.variables.items() if name not in apart}
    regions = list(dict.fromkeys(one["region"] for one in destinations))
    return Target(
        account, first.groups, {**shared, f"{_PREFIX}regions": regions, f"{_PREFIX}destinations": destinations}
    )


def _require_alike(first: Target, other: Target, *, account: str) -> None:
    """Refuse what one host cannot say for two regions: a task takes these settings once for all its destinations."""
    apart = {f"{_PREFIX}{name}" for name in OF_DESTINATION}
    names = sorted((set(first.variables) | set(other.variables)) - apart)
    differing = [name[len(_PREFIX) :] for name in names if first.variables.get(name) != other.variables.get(name)]
    differing += ["groups"] * (first.groups != other.groups)
    if differing:
        raise RequestError(
            f"account {account}: {', '.join(differing)} of {other.variables['sealed_ami_region']} and of "
            f"{first.variables['sealed_ami_region']} differ, and one host stands for both; set host_per: region, or "
            "list the account a second time under another name"
        )


def _parse_account(account: t.Any, *, defaults: Options, where: str) -> list[Target]:
    """Return a target for each region of the account; the region's settings outrank the account's and the file's."""
    _require_known(account, ACCOUNT_OPTIONS, where=where)
    identity: dict[str, t.Any] = dict(_parse_identity(account, where=where))
    where = f"account {identity['sealed_ami_account']}"
    _require_no_place(account, where=where)
    identity.update(parse_distribution(account, defaults, where=where))
    settings = {**parse_settings(defaults, "the file"), **parse_settings(account, where)}
    targets = []
    for entry in _list(account, "regions", where=where):
        region = {"region": entry} if isinstance(entry, str) else entry
        _require_known(region, REGION_OPTIONS, where=f"{where}, regions")
        with_region = f"{where}, region {region.get('region')}"
        merged = {**settings, **parse_settings(region, with_region)}
        groups = (*_groups(account, where=where), *_groups(region, where=with_region))
        targets.append(_target(region.get("region") or "", merged, identity=identity, groups=groups, where=with_region))
    return targets


def _parse_identity(account: Options, *, where: str) -> dict[str, str]:
    """Return who acts in the account, as variables."""
    role_arn, profile = _text(account, "role_arn", where=where), _text(account, "profile", where=where)
    if role_arn and profile:
        raise RequestError(f"{where}: role_arn and profile exclude each other; a profile names its own role")
    found = ROLE_ARN.match(role_arn or "")
    if role_arn and not found:
        raise RequestError(f"{where}: role_arn {role_arn!r} is not the ARN of an IAM role")
    account_id = _text(account, "account_id", where=where) or (found[1] if found else None)
    if account_id and not _ACCOUNT_ID.match(account_id):
        raise RequestError(f"{where}: account_id {account_id!r} is not an account id of 12 digits")
    if found and account_id != found[1]:
        raise RequestError(f"{where}: account_id {account_id} is not the account of role_arn {role_arn}")
    name = _text(account, "account", where=where) or account_id
    if not name or not _ACCOUNT_NAME.match(name):
        raise RequestError(f"{where}: give it a name in 'account', of letters, digits, - and _, such as production")
    variables = {
        "sealed_ami_account": name,
        "sealed_ami_account_id": account_id,
        "sealed_ami_role_arn": role_arn,
        "sealed_ami_profile": profile,
    }
    return {key: value for key, value in variables.items() if value}


def _target(region: str, settings: Options, *, identity: Options, groups: t.Iterable[str], where: str) -> Target:
    try:
        require_region_name(region, option="region")
        _require_valid(settings, region=region)
        place = _place(settings, region=region)
    except SealedError as error:
        raise RequestError(f"{where}: {error}") from None
    variables = {
        **identity,
        "sealed_ami_region": region,
        **{f"sealed_ami_{name}": value for name, value in settings.items()},
    }
    name = ".".join(filter(None, (identity["sealed_ami_account"], region, place.label)))
    return Target(name, tuple(dict.fromkeys(groups)), variables)


def _place(settings: Options, *, region: str) -> Place:
    """Return where in the region the copies lie; refuse a place that nothing of the source region comes to."""
    place = parse_place(settings, region=region)
    require_own_region(place, settings.get("source_region") or region, region)
    return place


def _require_valid(settings: Options, *, region: str) -> None:
    """Refuse now what the module would refuse later, target by target."""
    image_ids = settings.get("source_image_ids", [])
    for image_id in image_ids:
        require_image_id(image_id, option="source_image_ids:")
        if image_ids.count(image_id) > 1:
            raise RequestError(f"source_image_ids: {image_id} is listed twice")
    if settings.get("source_region"):
        require_region_name(settings["source_region"], option="source_region")
    if settings.get("kms_key_id"):
        require_key_reference(settings["kms_key_id"], region=region)
        if not settings.get("encrypted", True):
            raise RequestError("kms_key_id and encrypted=false exclude each other")
    if settings.get("name") and "{" not in settings["name"]:
        require_image_name(settings["name"])
    for row in ATTRIBUTE_ROWS:
        if row.choices and settings.get(row.name) and settings[row.name] not in row.choices:
            raise RequestError(f"{row.name} is one of {', '.join(row.choices)}")
    parse_attributes(settings)


def _require_known(options: t.Any, own: t.AbstractSet[str], *, where: str) -> None:
    if not isinstance(options, t.Mapping):
        raise RequestError(f"{where}: expected a mapping, not {options!r}")
    if secret := sorted(_SECRETS & set(options)):
        raise RequestError(
            f"{where}: {secret[0]} does not belong into an inventory; name a role_arn or a profile, and leave the "
            "credentials in the environment"
        )
    known = own | set(SETTINGS)
    if unknown := sorted(str(name) for name in set(options) - known):
        raise RequestError(f"{where}: {', '.join(unknown)} is unknown; known are {', '.join(sorted(known))}")


def _require_no_place(options: Options, *, where: str) -> None:
    """Refuse a place that is said for several regions."""
    for name in PLACE_OPTIONS:
        if not is_blank(options.get(name)):
            raise RequestError(f"{where}: {name} is for one region; give it to the entry of its region in 'regions'")


def parse_settings(options: Options, where: str) -> dict[str, t.Any]:
    """Return the settings that are given, each of the right type; text is understood, and blank is absent."""
    settings = {}
    for name, kind in SETTINGS.items():
        value = options.get(name)
        if is_blank(value):
            continue
        if not isinstance(value, (kind, str)):
            hint = "; quote it" if kind is str else ""
            raise RequestError(f"{where}: {name} must be a {kind.__name__}, not {value!r}{hint}")
        understand: t.Callable[[t.Any], t.Any] = _PARSERS.get(name, parse_text)
        try:
            settings[name] = understand(value)
        except RequestError as error:
            raise RequestError(f"{where}: {name}: {error}") from None
    return settings


def _list(options: Options, name: str, *, where: str) -> list[t.Any]:
    value = options.get(name)
    if name == "regions" and isinstance(value, str):
        value = parse_list(value)
    if not isinstance(value, list) or not value:
        raise RequestError(f"{where}: {name} must be a list of at least one entry")
    return value


def _text(options: Options, name: str, *, where: str) -> str | None:
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{where}: {name} must be a string, not {value!r}; quote it")
    return value


def _groups(options: Options, *, where: str) -> list[str]:
    groups = options.get("groups") or []
    if isinstance(groups, str):
        groups = parse_list(groups)
    if not isinstance(groups, list) or not all(isinstance(group, str) and _GROUP.match(group) for group in groups):
        raise RequestError(f"{where}: groups must be a list of names of letters, digits and _, not {groups!r}")
    return groups
