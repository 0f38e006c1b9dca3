# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up of the checkout: for each Python its pins, and never an environment that cannot work."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
import sys
import typing as t

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> t.Any:
    """Return the tool as a module of its own, whose environment lies in an empty folder."""
    spec = importlib.util.spec_from_file_location("setup_under_test", TOOLS / "setup.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    for name, value in (("VENV", venv), ("MARKER", venv / "marker"), ("UNFINISHED", venv / "unfinished")):
        setattr(module, name, value)
    return module


def lay_out(venv: pathlib.Path, *, made_in: pathlib.Path) -> pathlib.Path:
    """Make something like a virtual environment, whose scripts name the folder it was made in."""
    python = venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (python.parent / "pip").write_text(f"#!{made_in}/bin/python\n")
    return python


@pytest.mark.parametrize(
    ("python", "expected"),
    [((3, 11), "dev-3.11.txt"), ((3, 12), "dev-3.12.txt"), ((3, 13), "dev-3.12.txt"), ((3, 14), "dev-3.12.txt")],
)
def test_each_python_has_its_pins(setup: t.Any, python: tuple[int, int], expected: str) -> None:
    setup.PYTHON = python
    assert [path.name for path in setup.locks()] == ["dev.txt", expected]


def test_no_package_is_pinned_twice(setup: t.Any) -> None:
    for python in ((3, 11), (3, 12)):
        setup.PYTHON = python
        lines = [line for path in setup.locks() for line in path.read_text().splitlines() if "==" in line]
        names = [line.partition("==")[0].lower().replace("_", "-") for line in lines]
        assert len(names) == len(set(names))
        assert {"ansible", "ansible-core"} <= set(names)


def test_an_environment_of_this_place_is_used_again(setup: t.Any) -> None:
    assert setup.is_usable(lay_out(setup.VENV, made_in=setup.VENV))


def test_what_was_made_elsewhere_is_not(setup: t.Any, tmp_path: pathlib.Path) -> None:
    assert not setup.is_usable(lay_out(setup.VENV, made_in=tmp_path / "elsewhere" / ".venv"))


def test_what_was_interrupted_is_not(setup: t.Any) -> None:
    python = lay_out(setup.VENV, made_in=setup.VENV)
    setup.UNFINISHED.touch()
    assert not setup.is_usable(python)


def test_what_lacks_pip_is_not(setup: t.Any) -> None:
    python = lay_out(setup.VENV, made_in=setup.VENV)
    (setup.VENV / "bin" / "pip").unlink()
    assert not setup.is_usable(python)


def test_another_python_is_not(setup: t.Any) -> None:
    python = lay_out(setup.VENV, made_in=setup.VENV)
    setup.PYTHON = (3, 99)
    assert not setup.is_usable(python)


def test_the_place_is_part_of_the_fingerprint(setup: t.Any, tmp_path: pathlib.Path) -> None:
    here = setup.fingerprint()
    setup.VENV = tmp_path / "moved"
    assert setup.fingerprint() != here


@pytest.mark.parametrize(
    ("python", "missing", "said"),
    [
        pytest.param((3, 10), (), "Python 3.11 or newer is needed", id="an old Python"),
        pytest.param((3, 11), ("ensurepip",), "apt-get install python3-venv", id="Debian's without ensurepip"),
        pytest.param((3, 13), ("venv", "ensurepip"), "python3.13-venv", id="Debian's without venv"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_made(
    setup: t.Any, monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], missing: tuple[str, ...], said: str
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else real(name))
    setup.PYTHON = python
    with pytest.raises(SystemExit, match=said):
        setup.main()
    assert not setup.VENV.exists()


def test_a_newer_python_is_tried(setup: t.Any) -> None:
    setup.PYTHON = (3, 15)
    setup.refuse_what_cannot_work()


def test_trouble_of_pip_ends_with_its_words_and_what_to_do(setup: t.Any) -> None:
    with pytest.raises(SystemExit) as ended:
        setup.follow([sys.executable, "-c", "import sys; print('no index'); sys.exit(1)"], expected=3)
    assert "no index" in str(ended.value)
    assert "PIP_INDEX_URL" in str(ended.value)


@pytest.mark.parametrize("name", ["PIP_USER", "PIP_TARGET", "PYTHONPATH", "PYTHONHOME"])
def test_pip_is_not_led_astray(setup: t.Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert name not in setup.own_environment()


def test_half_an_environment_is_made_whole(setup: t.Any) -> None:
    python = lay_out(setup.VENV, made_in=setup.VENV)
    setup.UNFINISHED.touch()
    setup.make_environment(python)
    setup.UNFINISHED.unlink()
    assert setup.is_usable(python)
    subprocess.run([python, "-m", "pip", "--version"], check=True, capture_output=True)
