# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the target, give each test its places, and report the rules that were covered."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

import pytest

from .cleaning import Ledger
from .place import Place
from .rules import rule_of, write_table
from .target import OTHER, SELF, RealAws, StockMoto, Target

HERE = pathlib.Path(__file__).parent
MARKERS = (
    "rule(section, source, ...): the rule that a test holds AWS to: section in docs/dev/aws_rules.md, its sources",
    "aws_safe: safe and cheap on a real account; run by CONFORMANCE_TARGET=aws",
    "emulator_only: needs a switch, a duration or a fault that only the emulated AWS has",
)


EMULATORS = ("emulator", "server")


def make_target(name: str) -> Target:
    """Return the target that ``CONFORMANCE_TARGET`` names."""
    if name in EMULATORS:
        from .emulated import EmulatedAws

        return EmulatedAws(in_process=name == "emulator")
    return {"moto": StockMoto, "aws": RealAws}[name]()


TARGET = os.environ.get("CONFORMANCE_TARGET", "emulator")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-rules", metavar="README", help="write the table of rules into this file")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def is_ours(item: pytest.Item) -> bool:
    return HERE in item.path.parents


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if is_ours(item)]
    if readme := config.getoption("--write-rules", default=None):
        write_table(ours, pathlib.Path(readme))
    for item in ours:
        item.user_properties.append(("rule", rule_of(item).section))
        reason = skip_reason(item)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def skip_reason(item: pytest.Item) -> str:
    """Say why a test does not apply to the target; empty if it does."""
    if TARGET == "aws" and not item.get_closest_marker("aws_safe"):
        return "not marked as safe and cheap on AWS"
    if TARGET not in EMULATORS and item.get_closest_marker("emulator_only"):
        return "needs the emulator's own controls"
    return ""


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    covered: dict[str, set[str]] = {"passed": set(), "failed": set()}
    for outcome, rules in covered.items():
        for report in terminalreporter.stats.get(outcome, []):
            rules |= {value for name, value in report.user_properties if name == "rule"}
    kept = covered["passed"] - covered["failed"]
    if covered["passed"] | covered["failed"]:
        terminalreporter.write_line(f"conformance of {TARGET}: {len(kept)} rules kept, {len(covered['failed'])} broken")
    if covered["failed"]:
        terminalreporter.write_line("broken: " + ", ".join(sorted(covered["failed"])))


@pytest.fixture(scope="session")
def running_target() -> t.Iterator[Target]:
    with make_target(TARGET).running() as target:
        yield target


@pytest.fixture
def target(running_target: Target) -> Target:
    """The AWS under test, at the start of a test."""
    running_target.begin_test()
    return running_target


@contextlib.contextmanager
def opened(place: Place) -> t.Iterator[Place]:
    """Give out a place; on AWS, clear afterwards what was made there."""
    ledger = Ledger(place)
    with ledger.open() if TARGET == "aws" else contextlib.nullcontext():
        yield place
    ledger.clear()


@pytest.fixture
def home(target: Target) -> t.Iterator[Place]:
    """Our account in its home region."""
    with opened(Place(target, SELF, target.home_region)) as place:
        yield place


@pytest.fixture
def away(target: Target) -> t.Iterator[Place]:
    """Our account in another region."""
    with opened(Place(target, SELF, target.away_region)) as place:
        yield place


@pytest.fixture
def other(target: Target) -> t.Iterator[Place]:
    """Another account, in our home region."""
    with opened(Place(target, OTHER, target.home_region)) as place:
        yield place


@pytest.fixture
def other_away(target: Target) -> t.Iterator[Place]:
    """Another account, in our other region."""
    with opened(Place(target, OTHER, target.away_region)) as place:
        yield place
