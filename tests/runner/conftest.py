# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give tests an emulated AWS with the whole catalogue, in which time passes."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.fixtures import emulator, emulator_process
from oracle.guard import oracle

from .engine import listed_inventory
from .fleet import TARGETS

__all__ = ["emulator", "emulator_process", "oracle"]


@pytest.fixture
def aws(emulator: Emulator) -> Emulator:
    """Return the emulator with the catalogue loaded and the clock running."""
    emulator.reset(seed="full")
    emulator.clock(manual=False)
    return emulator


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """Return the inventory of the fleet as AWX holds it."""
    return listed_inventory(TARGETS, pathlib.Path(tmp_path_factory.mktemp("source")))
