# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target is told to run is what it runs, and it looks at nothing that git does not track."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests" / "tools"
NAMES = ["lint", "pytest system", "pytest unit", "pytest unit_emulator", "ansible-test units"]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], []),
        (["lint"], ["lint"]),
        (["pytest", "system"], ["pytest system"]),
        (["pytest system", "lint"], ["pytest system", "lint"]),
        (["pytest", "unit_emulator", "pytest", "unit"], ["pytest unit_emulator", "pytest unit"]),
    ],
)
def test_names_of_several_words(words: list[str], found: list[str]) -> None:
    from checks import chosen

    assert chosen(words, NAMES) == found


@pytest.mark.parametrize("words", [["system"], ["lints"], ["lint", "nothing"], ["pytest"], ["units"]])
def test_an_unknown_name_runs_nothing_and_says_so(words: list[str]) -> None:
    from checks import chosen

    with pytest.raises(SystemExit, match=f"there is no '{words[-1]}'; there are: ansible-test units, lint"):
        chosen(words, NAMES)


@pytest.mark.parametrize("tool", ["test.py", "matrix.py"])
def test_the_tools_fail_on_unknown_names(tool: str) -> None:
    ended = subprocess.run([sys.executable, str(TOOLS / tool), "no-such-kind"], capture_output=True, text=True)
    assert ended.returncode == 1 and "there is no 'no-such-kind'" in ended.stderr


@pytest.fixture
def checkout(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return a small checkout with a tracked, an ignored, a deleted and several untracked files."""
    import processes

    for command in (["init", "-q"], ["config", "user.email", "a@example.com"], ["config", "user.name", "A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    for name in (".gitignore", "kept.py", "with space.yml", "deleted.py"):
        (tmp_path / name).write_text("/made/\n")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "deleted.py").unlink()
    (tmp_path / "made").mkdir()
    for name in ("made/ignored.py", "test.log", "new.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    return tmp_path


def test_only_what_git_tracks_is_copied(checkout: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    from processes import copy_sources, tracked, untracked

    assert tracked() == [".gitignore", "kept.py", "with space.yml"]
    assert untracked() == ["new.py", "test.log"]
    copied = tmp_path_factory.mktemp("elsewhere") / "sources"
    copy_sources(copied)
    assert sorted(path.name for path in copied.iterdir()) == [".gitignore", "kept.py", "with space.yml"]


def test_no_linter_reads_what_lies_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is told the files, or works in the folder that holds what git tracks and nothing else."""
    import lint

    names = [name for name in lint.tracked() if not name.startswith(("LICENSES/", "docs/bench"))]
    checks = [*lint.style(names), *lint.types(names), *lint.whole()]
    assert len(checks) == 12
    for name, command, options in checks:
        words = [str(word) for word in command]
        if lint.SOURCES.parent in (one := pathlib.Path(options.get("cwd", "/")), *one.parents):
            continue
        if "--root" in words:
            assert words[words.index("--root") + 1] == str(lint.SOURCES)
            continue
        told = [word for word in words[1:] if (ROOT / word).exists() and not word.startswith("/")]
        assert told and set(told) <= set(names), name


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("*.py", ["kept.py"]), ("*.yml", ["with space.yml"]), ("*/*.py", []), ("new.py", [])],
)
def test_an_artifact_is_compared_with_what_git_tracks(
    checkout: pathlib.Path, monkeypatch: pytest.MonkeyPatch, pattern: str, found: list[str]
) -> None:
    import package

    monkeypatch.setattr(package, "ROOT", checkout)
    assert [path.name for path in package.sources(pattern)] == found


def test_first_cases_leave_no_test_out() -> None:
    """``make test-fast`` plays each system test once."""

    def collected(*options: str) -> list[str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--collect-only",
            *options,
            "tests/unit/plugins/test_limits.py",
        ]
        printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [line for line in printed.splitlines() if "::" in line]

    whole, once = collected(), collected("--first-case")
    assert len(whole) > len(once) == len({name.partition("[")[0] for name in whole})
    assert {name.partition("[")[0] for name in once} == {name.partition("[")[0] for name in whole}
