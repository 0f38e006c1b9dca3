# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Name some of many in a sentence: a thousand ids in a thousand messages help nobody, and take minutes to write."""

from __future__ import annotations

import itertools
import typing as t

MOST: t.Final = 5


def few(names: t.Iterable[str], *, count: int, join: str = ", ") -> str:
    """Return up to five of ``count`` names, and how many more there are."""
    named = list(itertools.islice(names, MOST))
    more = [f"and {count - len(named)} more"] if count > len(named) else []
    return join.join([*named, *more])
