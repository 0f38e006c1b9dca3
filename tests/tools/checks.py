# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run several checks one after the other and say at the end which of them failed."""

from __future__ import annotations

import sys
import time
import typing as t

from processes import Argument, run

Check = tuple[str, t.Sequence[Argument], t.Mapping[str, t.Any]]


def chosen(words: t.Sequence[str], names: t.Iterable[str]) -> list[str]:
    """Return the names that the words spell out, each of one word or more; leave where a word is no part of a name.

    ``make`` hands on ONLY="pytest system lint" word by word.
    """
    rest, found = " ".join(words), []
    longest_first = sorted(names, key=len, reverse=True)
    while rest:
        name = next((name for name in longest_first if f"{rest} ".startswith(f"{name} ")), None)
        if name is None:
            sys.exit(f"there is no {rest!r}; there are: {', '.join(sorted(longest_first))}")
        found.append(name)
        rest = rest[len(name) :].lstrip()
    return found


def run_all(checks: t.Iterable[Check]) -> None:
    """Run every check, whatever the earlier ones said; leave with status 1 if one failed."""
    results = [_run(name, command, options) for name, command, options in checks]
    print("\n".join(text for text, _status in results), flush=True)
    if any(status for _text, status in results):
        sys.exit(1)


def _run(name: str, command: t.Sequence[Argument], options: t.Mapping[str, t.Any]) -> tuple[str, int]:
    print(f"--- {name}", flush=True)
    start = time.monotonic()
    status = run(*command, **options)
    verdict = "ok" if status == 0 else f"FAILED (exit {status})"
    return f"{name:28} {verdict}, {time.monotonic() - start:.0f} s", status
