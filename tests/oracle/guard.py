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
# Where every test stands in such a crowd, without being marked so: what acts on things that others have made.
CROWDED = frozenset({"share", "publish", "retire", "grant"})
# Those that it documents, as somebody may give them to anything before it has ever run.
FAMILY = {
    "sealed.ami:copy": "sealed-ami-0",
    "sealed.ami:source": "{region}:{source}",
    "sealed.ami:recipe": "0",
    "sealed.ami:device": "/dev/sdf",
}


class Guard:
    """The oracle of one test."""

    def __init__(self, *, impostors: bool = True, tidy: bool = True, crowded: bool = False, launched: bool = True):
        self.violations: list[Violation] = []
        self._given: dict[str, set[str]] = {}
        self._impostors, self._tidy, self._crowded, self._launched = impostors, tidy, crowded, launched

    def given(self, *ids: str, to: t.Iterable[str]) -> None:
        """Declare what the product may do to these things, and to what was made with them: AWS's names of the actions.

        Permissions are added by ``ModifyImageAttribute`` and taken back by ``ModifyImageAttribute/Remove``.
        """
        acts = set(to)
        for one in ids:
            self._given.setdefault(one, set()).update(acts)

    def after_reset(self, emulator: Emulator) -> None:
        """Let impostors of the product's things appear from now on."""
        if self._impostors:
            family = FAMILY if self._crowded else None
            emulator.arm_impostors(prefixes=OWN_TAGS, shown_to=PRODUCT, family=family, launched=self._launched)

    def before_reset(self, emulator: Emulator) -> None:
        """Judge what was done since the last reset."""
        journal = emulator.journal()
        given = dict(self._given)
        for made in (call["made"] for call in journal["calls"]):
            acts = set().union(*(self._given.get(one, ()) for one in made))
            given.update((one, acts | given.get(one, set())) for one in made if acts)
        to_image = emulator.catalogue().get("instances", {})
        found = [*misdeeds(journal["calls"], given, to_image), *disturbed(emulator.impostors())]
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
    crowded = marked("crowded") is not None or not CROWDED.isdisjoint(request.node.path.parts)
    guard = Guard(
        impostors=marked("alone") is None,
        tidy=marked("leaves") is None,
        crowded=crowded,
        launched=marked("unused") is None,
    )
    printed.clear()
    Emulator.watcher = guard
    try:
        yield guard
    finally:
        Emulator.watcher = None
    if wrong := verdict(guard.violations):
        pytest.fail(wrong, pytrace=False)
