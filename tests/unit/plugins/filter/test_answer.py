# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blank is not empty, ``none`` is, and what is not understood ends the task with the line."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.filter.answer import DOCUMENTATION, PARSERS, answer

EMPTY: t.Final = {"text": "", "list": [], "pairs": {}, "tags": {}, "records": [], "dict": {}}


@pytest.mark.parametrize("kind", PARSERS)
@pytest.mark.parametrize("typed", [None, "", "  \r\n"])
def test_blank_says_nothing(kind: str, typed: t.Any) -> None:
    assert answer(typed, kind, "left alone") == "left alone"


@pytest.mark.parametrize(("kind", "empty"), EMPTY.items())
@pytest.mark.parametrize("typed", ["none", " None\n"])
def test_none_says_that_there_shall_be_nothing(kind: str, empty: t.Any, typed: str) -> None:
    assert answer(typed, kind, "left alone") == empty
    assert answer("", kind) == empty


@pytest.mark.parametrize(("kind", "empty"), [("list", []), ("pairs", {}), ("tags", {}), ("records", []), ("dict", {})])
def test_an_empty_value_of_the_kind_says_so_too(kind: str, empty: t.Any) -> None:
    assert answer(empty, kind, "left alone") == empty


@pytest.mark.parametrize(
    ("typed", "kind", "quoted"),
    [
        ("/dev/sdf=alias/a\n/dev/sdg alias/b", "pairs", "/dev/sdg alias/b"),
        ("us-east-1; us-west-2", "list", "us-east-1; us-west-2"),
        ("perhaps", "bool", "perhaps"),
        ("none", "int", "none"),
    ],
)
def test_what_is_not_understood_is_quoted(typed: str, kind: str, quoted: str) -> None:
    with pytest.raises(AnsibleFilterError, match=quoted):
        answer(typed, kind)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="map"):
        answer("a=b", "map")


def test_every_kind_is_documented() -> None:
    assert yaml.safe_load(DOCUMENTATION)["options"]["kind"]["choices"] == list(PARSERS)
