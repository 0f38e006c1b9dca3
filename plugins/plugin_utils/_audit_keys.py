# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Give the keys of a report short names and colors. No AWS, no Ansible.

Keys of the same alias share both, for each region has a key of its own: what a person looks for in a row of regions is
the one that differs.
"""

from __future__ import annotations

import typing as t

Parts = dict[str, t.Any]
# Neighbors in the list get hues far apart: 360 degrees by the golden ratio.
_TURN: t.Final = 137.508
_TROUBLE: t.Final = ("Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable", "Deleted")
_PLAIN: t.Final = {"mark": "open", "style": "open", "name": "not encrypted", "words": "not encrypted"}
_UNKNOWN: t.Final = {"mark": "?", "style": "unseen", "name": "not known", "words": "encryption not known"}
_NO_KEY: t.Final = {"mark": "??", "style": "unseen", "name": "a key not known", "words": "encrypted, key not known"}


class Keys:
    """The keys of all images of a report."""

    def __init__(self, images: t.Iterable[t.Mapping[str, t.Any]]) -> None:
        self._keys: dict[str, Parts] = {}
        for image in images:
            seen = [snapshot for snapshot in image["snapshots"] if snapshot["kms_key_arn"]]
            for snapshot in seen:
                self._key(snapshot)["devices"] += 1
            for arn in {snapshot["kms_key_arn"] for snapshot in seen}:
                self._keys[arn]["images"] += 1
        names = sorted({key["name"] for key in self._keys.values()})
        self._numbers = {name: number for number, name in enumerate(names, start=1)}

    def _key(self, snapshot: t.Mapping[str, t.Any]) -> Parts:
        arn = snapshot["kms_key_arn"]
        aliases = snapshot["kms_key_aliases"] or []
        key = self._keys.setdefault(arn, {"devices": 0, "images": 0, "aliases": [], "manager": None, "state": None})
        # Another account's audit may see more of a shared key than its owner's neighbor does.
        key["aliases"] = key["aliases"] or list(aliases)
        for name in ("manager", "state", "deletion_date"):
            key[name] = key.get(name) or snapshot[f"kms_key_{name}"]
        key["name"] = key["aliases"][0] if key["aliases"] else arn
        return key

    def mark(self, device: t.Mapping[str, t.Any]) -> Parts:
        """Return the short name, the style and the words for what encrypts a device."""
        if device["encrypted"] is None:
            return dict(_UNKNOWN)
        if not device["encrypted"]:
            return dict(_PLAIN)
        key = self._keys.get(device["kms_key_arn"] or "")
        if key is None:
            return dict(_NO_KEY)
        number = self._numbers[key["name"]]
        return {
            "mark": f"K{number}",
            "style": f"k{number}",
            "name": key["name"],
            "words": f"{key['name']}, {key['state'] or 'state not known'}",
            "trouble": key["state"] in _TROUBLE,
        }

    def table(self) -> list[Parts]:
        """Return the named keys in order, each with the ARNs behind the name."""
        table = []
        for name, number in self._numbers.items():
            members = [{"arn": arn, **key} for arn, key in sorted(self._keys.items()) if key["name"] == name]
            table.append(
                {
                    "mark": f"K{number}",
                    "style": f"k{number}",
                    "hue": round((number - 1) * _TURN + 205) % 360,
                    "name": name if members[0]["aliases"] else "",
                    "members": [{**member, "trouble": member["state"] in _TROUBLE} for member in members],
                }
            )
        return table
