# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the list of playbooks on the site complete."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_every_playbook_is_listed() -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "guide_first_steps.rst").read_text()
    listed = set(re.findall(r"^:literal:`(\w+)` ", page, flags=re.MULTILINE))
    assert listed == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
