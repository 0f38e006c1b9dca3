# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test sees the user's AWS, except for conformance tests that are told to look at it; and how to run fewer tests."""

from __future__ import annotations

import os

import pytest

from emulated_aws.surroundings import forget

if os.environ.get("CONFORMANCE_TARGET", "emulator") == "emulator":
    forget(os.environ)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--first-case``, which plays every test, but only once."""
    parser.addoption("--first-case", action="store_true", help="of a test that has a table of cases only the first one")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what repeats a test with another case, after marks have chosen."""
    if not config.getoption("first_case"):
        return
    first: dict[str, pytest.Item] = {}
    for item in items:
        first.setdefault(item.nodeid.partition("[")[0], item)
    kept = {item.nodeid for item in first.values()}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
    items[:] = first.values()
