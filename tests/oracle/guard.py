# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand beside every test: what was done to an emulator is judged before the emulator forgets it."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.judge import PRODUCT, Violation, disturbed, leftovers, misdeeds
from system.running import printed

# All tags that the collection marks its things with begin with one of these.
OWN_TAGS = ("sealed.ami:", "sealed-ami", "multi_key_image")


class Guard:
    """The oracle of one test."""

    def __init__(self, *, impostors: bool = True, tidy: bool = True):
        self.violations: list[Violation] = []
        self._given: set[str] = set()
        self._impostors, self._tidy = impostors, tidy

    def given(self, *ids: str) -> None:
        """Declare that the test hands these things, and what was made with them, to the product to deal with."""
        self._given.update(ids)

    def after_reset(self, emulator: Emulator) -> None:
        """Let impostors of the product's things appear from now on."""
        if self._impostors:
            emulator.arm_impostors(prefixes=OWN_TAGS, shown_to=PRODUCT)

    def before_reset(self, emulator: Emulator) -> None:
        """Judge what was done since the last reset."""
        journal = emulator.journal()
        given = {made for call in journal["calls"] if self._given & {*call["made"]} for made in call["made"]}
        to_image = emulator.catalogue().get("instances", {})
        found = [*misdeeds(journal["calls"], self._given | given, to_image), *disturbed(emulator.impostors())]
        if self._tidy:
            found += leftovers(journal["calls"], journal["snapshots"], "\n".join(printed))
        self.violations += found


def verdict(violations: t.Sequence[Violation]) -> str:
    """Return what is wrong, each once; empty where nothing is."""
    return "\n".join(f"the product went astray: {one}" for one in dict.fromkeys(map(str, violations)))


@pytest.fixture(autouse=True)
def oracle(request: pytest.FixtureRequest) -> t.Iterator[Guard]:
    """Judge what the product does in this test; set up before, and so torn down after, every emulator."""
    marked = request.node.get_closest_marker
    guard = Guard(impostors=marked("alone") is None, tidy=marked("leaves") is None)
    printed.clear()
    Emulator.watcher = guard
    try:
        yield guard
    finally:
        Emulator.watcher = None
    if wrong := verdict(guard.violations):
        pytest.fail(wrong, pytrace=False)
