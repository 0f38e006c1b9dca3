# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Criteria of Allowed AMIs in a form that can be compared: order means nothing to AWS. No AWS, no Ansible."""

from __future__ import annotations

import json
import typing as t

Criterion = t.Mapping[str, t.Any]
Criteria = tuple[t.Mapping[str, t.Any], ...]


def canonical(criteria: t.Iterable[Criterion]) -> Criteria:
    """Return the criteria sorted, with their values sorted, and without what says nothing."""
    cleaned: list[dict[str, t.Any]] = [_cleaned(one) for one in criteria]
    unique = {json.dumps(one, sort_keys=True): one for one in cleaned}
    return tuple(unique[text] for text in sorted(unique))


def _cleaned(value: t.Any) -> t.Any:
    if isinstance(value, t.Mapping):
        pairs = ((str(name), _cleaned(one)) for name, one in sorted(value.items()))
        return {name: one for name, one in pairs if one not in (None, [], {})}
    if isinstance(value, (list, tuple)):
        return sorted((_cleaned(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value
