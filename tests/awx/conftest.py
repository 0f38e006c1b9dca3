# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give tests a controller that has seen the playbooks of this checkout, and the plan's runs against it."""

from __future__ import annotations

import typing as t

import pytest

from .applying import ROOT, Applying
from .controller import Controller
from .server import served

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "awx_setup")
HOSTS = [f"account-{number}.eu-west-1" for number in range(3)]


def new_controller() -> Controller:
    """Return a controller without objects, whose inventory source would bring three hosts."""
    return Controller([f"playbooks/{name}.yml" for name in PLAYBOOKS], hosts=HOSTS)


@pytest.fixture
def controller() -> Controller:
    """Return a new controller."""
    return new_controller()


@pytest.fixture
def applying(controller: Controller) -> t.Iterator[Applying]:
    """Return what carries plans out on the controller."""
    with served(controller) as url:
        yield Applying(url)
