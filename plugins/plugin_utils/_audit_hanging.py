# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say for a report what hangs on keys, and what blocks public sharing. No AWS, no Ansible, no clock.

What could not be read is said to be not known, never left out.
"""

from __future__ import annotations

import typing as t

Result = t.Mapping[str, t.Any]
Parts = dict[str, t.Any]
_STYLES: t.Final = {True: "bad", None: "unsure", False: "good"}
_NOT_KNOWN: t.Final = "not known"


def arrange_hanging(results: t.Sequence[Result]) -> list[Parts]:
    """Return the keys that were asked for, those with something to lose first."""
    order = list(_STYLES.values())
    found = [_arrange_key(key, str(result["account"])) for result in results for key in result.get("kms_keys") or ()]
    return sorted(found, key=lambda one: order.index(one["style"]))


def arrange_blocks(results: t.Sequence[Result]) -> list[Parts]:
    """Return what blocks public sharing in each account and region."""
    return [
        {
            "account": str(result["account"]),
            "region": one["region"],
            "images": one["images"] or _NOT_KNOWN,
            "snapshots": one["snapshots"] or _NOT_KNOWN,
        }
        for result in results
        for one in result.get("block_public_access") or ()
    ]


def _arrange_key(key: t.Mapping[str, t.Any], account: str) -> Parts:
    deletion = f", to be deleted on {key['kms_key_deletion_date']}" if key["kms_key_deletion_date"] else ""
    return {
        "account": account,
        "region": key["region"],
        "arn": key["kms_key_arn"],
        "aliases": ", ".join(key["kms_key_aliases"] or ()),
        "state": f"{key['kms_key_state'] or 'state not known'}{deletion}",
        "style": _STYLES[key["at_risk"]],
        "sentence": key["verdict"],
        "lines": [*_snapshot_lines(key), *_use_lines(key)],
    }


def _snapshot_lines(key: t.Mapping[str, t.Any]) -> list[str]:
    own = [one for one in key["snapshots"] if not one["associated"]]
    loose = [one["snapshot_id"] for one in own if not one["image_ids"]]
    opened = [one["snapshot_id"] for one in key["snapshots"] if one["associated"]]
    return [
        f"images unusable without it: {_list(key['unusable_image_ids'])}",
        f"images that it opens as an associated key: {_list(key['associated_image_ids'])}",
        f"snapshots under it: {len(own)} of {sum(one['volume_size'] for one in own)} GiB, of no image {_list(loose)}",
        f"snapshots that it opens as an associated key: {_list(opened)}",
        f"locked snapshots under it: {_list(key['locked_snapshot_ids'])}",
    ]


def _use_lines(key: t.Mapping[str, t.Any]) -> list[str]:
    templates, grants, last = key["launch_templates"], key["grants"], key["last_usage"]
    named = None if templates is None else [_template(one) for one in templates]
    given = None if grants is None else [f"{one['grantee_principal']} ({one['grant_id'][:12]})" for one in grants]
    use = _NOT_KNOWN if last is None else f"{last['operation']} at {last['timestamp']}" if last else "none is recorded"
    return [
        f"launch templates that name it: {_list(named)}",
        f"default key of EBS in {key['region']}: {_truth(key['default_of_region'])}",
        f"grants: {_list(given)}",
        f"shared by AWS RAM: {_truth(key['shared_by_ram'])}",
        f"last use, a hint only: {use}",
    ]


def _template(one: t.Mapping[str, t.Any]) -> str:
    default = ", default" if one["default"] else ""
    return f"{one['template_name'] or one['template_id']} version {one['version']}{default} ({one['device_name']})"


def _list(values: t.Sequence[str] | None) -> str:
    return _NOT_KNOWN if values is None else ", ".join(values) or "none"


def _truth(value: bool | None) -> str:
    return _NOT_KNOWN if value is None else "yes" if value else "no"
