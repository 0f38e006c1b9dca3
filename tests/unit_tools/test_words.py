# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of words finds what it is there for, and reads what users read."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tools"))


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("The copy is made again under the organization's key.", False),
        ("The copy is made anew.", True),
        ("Share it with your organisation.", True),
        ("Recieve the image.", True),
        ("Nothing mends it.", True),
    ],
)
def test_words(tmp_path: pathlib.Path, text: str, is_refused: bool) -> None:
    from lint import SPELLING

    (tmp_path / "page.md").write_text(text)
    command = [str(pathlib.Path(sys.executable).parent / "codespell"), *map(str, SPELLING), str(tmp_path / "page.md")]
    assert (subprocess.run(command, capture_output=True, check=False).returncode != 0) == is_refused


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("README.md", True),
        ("docs/docsite/rst/guide_awx.rst", True),
        ("changelogs/fragments/versions.yml", True),
        ("roles/audit/README.md", True),
        ("tests/conformance/README.md", False),
        ("plugins/modules/ec2_ami_encrypted_copy.py", False),
    ],
)
def test_what_is_read(name: str, is_read: bool) -> None:
    from lint import is_prose

    assert is_prose(name) == is_read
