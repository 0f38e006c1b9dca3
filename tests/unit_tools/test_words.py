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
        ("Share it with your organisation.", True),
        ("Recieve the image.", True),
        ("The instance refresh is Cancelled, and the file writeable.", False),
    ],
)
def test_words(tmp_path: pathlib.Path, text: str, is_refused: bool) -> None:
    from lint import SPELLING

    (tmp_path / "page.md").write_text(text)
    command = [str(pathlib.Path(sys.executable).parent / "codespell"), *map(str, SPELLING), str(tmp_path / "page.md")]
    assert (subprocess.run(command, capture_output=True, check=False).returncode != 0) == is_refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('raise Error("the image is doomed")', ["1: doomed: write that will be removed"]),
        ("def f(strays): ...", ["1: strays: write leftovers"]),
        ("x = 1\nlist_of_strays = a.wish_list", ["2: strays: write leftovers", "2: wish: write want, request"]),
        ("class WishList: ...\nMOST_STRAYS = 1", ["1: wish: write want, request", "2: strays: write leftovers"]),
        (
            "# An image that was made\n    # of an instance, or MADE OF AN INSTANCE",
            [f"{line}: made of an instance: write created from an instance" for line in (1, 2)],
        ),
        ("The copy is made again. Swishing astray, wishbone; an image of an instance.", []),
        ("manewe, molest, grippe and Bearskin", []),
    ],
)
def test_messages_comments_and_names(text: str, expected: list[str]) -> None:
    from words import findings, refused

    assert findings(text, refused()) == expected


def test_a_file_with_such_a_word_fails(tmp_path: pathlib.Path) -> None:
    tool = [sys.executable, str(ROOT / "tests" / "tools" / "words.py")]
    (tmp_path / "good.py").write_text("# Said again.\n")
    (tmp_path / "bad.yml").write_text("name: Copy anew\n")
    good = subprocess.run([*tool, str(tmp_path / "good.py")], capture_output=True, text=True, check=False)
    bad = subprocess.run([*tool, *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True, check=False)
    assert (good.returncode, bad.returncode) == (0, 1)
    assert bad.stderr == f"{tmp_path / 'bad.yml'}:1: anew: write again\n"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Copy again\n\nIt failed.", []),
        ("Copy again\n", ["Copy again: no body says why"]),
        ("Copy\n\nThe strays\nof it", ["Copy: 3: strays: write leftovers"]),
        ("x" * 73 + "\n\nWhy.", [f"{'x' * 73}: the subject has 73 characters, of 72 at most"]),
    ],
)
def test_commits(message: str, expected: list[str]) -> None:
    from commits import complaints
    from words import refused

    assert complaints(message, refused()) == expected


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("tests/conformance/README.md", True),
        ("tests/system/copy/test_places.py", True),
        (".github/pull_request_template.md", True),
        ("tests/unit_tools/test_words.py", False),
        ("tests/replay/answers/one.xml", False),
    ],
)
def test_what_is_worded(name: str, is_read: bool) -> None:
    from lint import is_test

    assert is_test(name) == is_read


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("README.md", True),
        ("docs/docsite/rst/guide_awx.rst", True),
        ("changelogs/fragments/versions.yml", True),
        ("roles/audit/README.md", True),
        ("tests/conformance/README.md", False),
        ("plugins/modules/ec2_ami_encrypted_copy.py", True),
        ("roles/audit/templates/audit.html.j2", True),
        ("tests/emulated_aws/ec2/images.py", True),
        ("LICENSES/Apache-2.0.txt", False),
    ],
)
def test_what_is_read(name: str, is_read: bool) -> None:
    from lint import is_prose

    assert is_prose(name) == is_read
