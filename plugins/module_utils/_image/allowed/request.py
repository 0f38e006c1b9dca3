# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn the options of ec2_allowed_images into values, refusing what can never be right. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..answers import parse_list
from ..errors import RequestError
from ..options import Options, require_region_name
from .criteria import Criteria, Criterion, canonical

State = t.Literal["enabled", "audit-mode", "disabled"]

# What AWS takes (aws_rules §14.5): criteria, and values in the lists of each.
_MOST: t.Final = 10
_MOST_VALUES: t.Final = {
    "image_providers": 200, "marketplace_product_codes": 50, "image_names": 50, "image_watermarks": 50
}  # fmt: skip
_PATTERNS: t.Final = {
    "image_providers": (re.compile(r"amazon|aws-marketplace|aws-backup-vault|none|\d{12}"),
                        "amazon, aws-marketplace, aws-backup-vault, none or an account id of 12 digits in quotes"),
    "marketplace_product_codes": (re.compile(r"[A-Za-z0-9]{1,25}"), "1 to 25 letters and digits"),
    "image_names": (re.compile(r"[A-Za-z0-9()\[\] ./\-'@_*?]{1,128}"),
                    "1 to 128 letters, digits, spaces, wildcards (* and ?) and ( ) [ ] . / - ' @ _"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class AllowedRequest:
    """What Allowed AMIs shall be in each region; ``criteria`` of None leaves those that are there."""

    regions: tuple[str, ...]
    state: State
    criteria: Criteria | None = None


def parse_allowed_request(options: Options, *, default_region: str | None) -> AllowedRequest:
    """Return the request, or say which option cannot be."""
    regions = parse_list(options.get("regions")) or ([default_region] if default_region else [])
    if not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    wanted = options.get("image_criteria")
    return AllowedRequest(
        regions=tuple(dict.fromkeys(require_region_name(region, option="regions") for region in regions)),
        state=options["state"],
        criteria=None if wanted is None else _parse_criteria(wanted),
    )


def _parse_criteria(wanted: t.Sequence[Criterion]) -> Criteria:
    if len(wanted) > _MOST:
        raise RequestError(f"image_criteria has {len(wanted)} entries; AWS takes {_MOST}")
    for number, criterion in enumerate(wanted, 1):
        _require_possible(criterion, where=f"image_criteria, entry {number}")
    return canonical(wanted)


def _require_possible(criterion: Criterion, *, where: str) -> None:
    """Refuse one that says nothing: every image would meet it."""
    if not canonical([criterion])[0]:
        raise RequestError(f"{where} is empty, so that every image would meet it; name a condition, or remove it")
    for name, value in criterion.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            _require_values(name, value, where=where)
        else:
            _require_days(value, where=f"{where}, {name}")
    providers = criterion.get("image_providers") or ()
    if "none" in providers and len(providers) > 1:
        raise RequestError(f"{where}: image_providers has none beside others; none allows images of this account only")


def _require_values(name: str, values: t.Sequence[t.Any], *, where: str) -> None:
    if not values:
        raise RequestError(f"{where}: {name} is empty, so that no image could meet it; name values or leave it out")
    if len(values) > _MOST_VALUES.get(name, len(values)):
        raise RequestError(f"{where}: {name} has {len(values)} values; AWS takes {_MOST_VALUES[name]}")
    for one in values:
        if isinstance(one, t.Mapping):
            if not canonical([one])[0]:
                raise RequestError(f"{where}: {name} has an empty entry, which every watermark would meet")
            _require_days(one, where=f"{where}, {name}")
        elif name in _PATTERNS and not _PATTERNS[name][0].fullmatch(str(one)):
            raise RequestError(f"{where}: {name} {one!r} is not allowed; AWS takes {_PATTERNS[name][1]}")


def _require_days(values: t.Mapping[str, t.Any], *, where: str) -> None:
    if all(value is None for value in values.values()):
        raise RequestError(f"{where} is empty; say what it demands, or leave it out")
    for name, value in values.items():
        if isinstance(value, int) and value < 0:
            raise RequestError(f"{where}: {name} is {value}; a number of days is 0 or more")
