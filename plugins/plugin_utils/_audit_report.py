# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Arrange the results of audits for people: keys, a matrix of image and region, lineage. No AWS, no Ansible, no clock.

Everything in it that AWS or users have named is data of theirs; whoever shows it must escape it.
"""

from __future__ import annotations

import typing as t

from ..module_utils._image.audit.result import count_verdicts
from ._audit_families import arrange_families
from ._audit_hanging import arrange_blocks, arrange_hanging
from ._audit_index import arrange_index, choose_families
from ._audit_keys import Keys

Result = t.Mapping[str, t.Any]
Parts = dict[str, t.Any]

# Rules that are about the image, not about a device.
_OF_IMAGE: t.Final[Parts] = {"watermarks": None, "instance_types": None}
VERDICTS: t.Final = {True: "compliant", False: "not compliant", None: "unknown"}


def arrange_report(results: t.Sequence[Result], policy: t.Mapping[str, t.Any], *, limit: int | None = None) -> Parts:
    """Return what a report shows; ``results`` has one entry for each account, as the role ``audit`` makes them.

    At most ``limit`` images are shown in full, those with something wrong first; the others are in its index.
    """
    entries = [(result, image) for result in results for image in result["images"]]
    keys = Keys(image for _result, image in entries)
    images = [
        _arrange_image(image, result=result, number=number, keys=keys)
        for number, (result, image) in enumerate(entries, start=1)
    ]
    filled = {image["region"] for image in images}
    families, rest = choose_families(arrange_families(images), len(images) if limit is None else limit)
    shown = {region for family in families for region in family["cells"]}
    regions = sorted({str(region) for result in results for region in result["regions"]} | filled)
    return {
        "accounts": [{"account": str(result["account"]), "name": str(result["name"] or "")} for result in results],
        "several_accounts": len(results) > 1,
        "summary": count_verdicts(images),
        "errors": [error for result in results for error in _arrange_errors(result)],
        "policy": describe_policy(policy),
        "keys": keys.table(),
        "regions": [region for region in regions if region in shown],
        "empty_regions": [region for region in regions if region not in filled],
        "families": families,
        "index": arrange_index(rest),
        "indexed": len(rest),
        "hanging": arrange_hanging(results),
        "public": arrange_blocks(results),
    }


def describe_policy(policy: t.Mapping[str, t.Any]) -> list[str]:
    """Return the policy as one sentence for all devices, and one for each device with rules of its own."""
    lines = [f"All devices: {_rules(policy)}"]
    lines += [
        f"{device['device_name']}: {_rules({**policy, **_OF_IMAGE, **_given(device)})}"
        for device in policy.get("devices") or ()
    ]
    return lines


def _given(device: t.Mapping[str, t.Any]) -> Parts:
    return {name: value for name, value in device.items() if value is not None}


def _rules(rules: t.Mapping[str, t.Any]) -> str:
    """Say the rules in words."""
    flags = {
        "encrypted": "encrypted",
        "customer_managed": "under a customer managed key",
        "key_usable": "under a key that is enabled and not pending deletion",
    }
    parts = [words for name, words in flags.items() if rules.get(name)]
    allowed = [str(key) for key in rules.get("allowed_keys") or ()]
    tags = [f"{name}={value}" for name, value in (rules.get("allowed_key_tags") or {}).items()]
    if tags:
        allowed.append(f"a key with the tags {', '.join(tags)}")
    if allowed:
        parts.append(f"under {' or '.join(allowed)}")
    others = {"forbid": "opened by no associated key", "ignore": "whatever keys are associated"}
    parts += [words for name, words in others.items() if rules.get("associated_keys") == name]
    if rules.get("watermarks"):
        parts.append(f"with a watermark {' or '.join(str(one) for one in rules['watermarks'])}")
    if rules.get("instance_types"):
        parts.append(f"launched on {' or '.join(str(one) for one in rules['instance_types'])} alone")
    return ", ".join(parts) or "no demand"


def _arrange_errors(result: Result) -> list[Parts]:
    return [
        {"account": str(result["account"]), "region": error["region"], "message": error["message"]}
        for error in result["errors"]
    ]


def _arrange_image(image: t.Mapping[str, t.Any], *, result: Result, number: int, keys: Keys) -> Parts:
    devices = [
        {**device, **keys.mark(device), "also": _also(device), "verdict": VERDICTS[device["compliant"]]}
        for device in image["snapshots"]
    ]
    return {
        **image,
        "account": str(result["account"]),
        "account_name": str(result["name"] or result["account"]),
        "anchor": f"image-{number}",
        "verdict": VERDICTS[image["compliant"]],
        "devices": devices,
        "marks": _marks(devices),
    }


def _also(device: t.Mapping[str, t.Any]) -> list[str]:
    """Return the names of the other keys that open the device's snapshot; reports of before do not have them."""
    others = device.get("associated_kms_keys") or ()
    return [str((other["kms_key_aliases"] or [other["kms_key_arn"]])[0]) for other in others]


def _marks(devices: t.Sequence[Parts]) -> list[Parts]:
    """Return what encrypts the devices, each once, in the order of the devices."""
    return list({device["mark"]: device for device in devices}.values())
