# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the messages of the commits that the main branch does not have yet: subject, body, words."""

from __future__ import annotations

import sys
import typing as t

from lint import main_branch
from processes import git
from words import findings, refused

SUBJECT_LENGTH = 72


def complaints(message: str, words: t.Mapping[str, str]) -> list[str]:
    """Return what is wrong with the message of a commit."""
    subject, _empty, body = message.strip().partition("\n")
    wrong = findings(message, words)
    if len(subject) > SUBJECT_LENGTH:
        wrong.append(f"the subject has {len(subject)} characters, of {SUBJECT_LENGTH} at most")
    if not body.strip():
        wrong.append("no body says why")
    return [f"{subject}: {one}" for one in wrong]


def main() -> None:
    """Name what is wrong, and fail where something is; merges are made by machines."""
    name = main_branch()
    messages = git("log", "--no-merges", "-z", "--format=%B", f"{name}..HEAD") if name else []
    wrong = [one for message in messages for one in complaints(message, refused())]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
