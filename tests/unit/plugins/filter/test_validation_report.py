# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of many places is green only where all is known and correct."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.filter.validation_report import VERDICTS, validation_report


def place(**found: str) -> dict[str, t.Any]:
    """Return what the role hands on of a region: a name by verdict."""
    entry = {"kind": "parameter", "holds": "ami-1", "reason": "why"}
    return {
        "report": {verdict: [{**entry, "name": found[verdict]}] if verdict in found else [] for verdict in VERDICTS}
    }


def found(report: dict[str, t.Any], verdict: str) -> list[tuple[str, str, str]]:
    """Return where and what has the verdict."""
    return [(one["host"], one["region"], one["name"]) for one in report["report"][verdict]]


def test_all_correct_is_green() -> None:
    report = validation_report({"a": {"eu-west-1": place(correct="/x"), "us-east-1": place(correct="/x")}})
    assert report["green"] and report["counts"]["correct"] == 2
    assert report["table"] == [
        "verdict  host  region     kind       name  holds",
        "correct  a     eu-west-1  parameter  /x    ami-1",
        "correct  a     us-east-1  parameter  /x    ami-1",
    ]


@pytest.mark.parametrize("verdict", VERDICTS[1:])
def test_one_that_is_not_correct_comes_first_and_is_not_green(verdict: str) -> None:
    places = {"a": {"eu-west-1": place(correct="/x", **{verdict: "/y"})}, "b": {"eu-west-1": place(correct="/x")}}
    report = validation_report(places)
    assert not report["green"] and found(report, verdict) == [("a", "eu-west-1", "/y")]
    assert report["table"][1].startswith(f"{verdict} ")


@pytest.mark.parametrize(
    ("results", "unknown"),
    [
        ({"a": {}}, ("a", "", "a")),
        ({"a": None}, ("a", "", "a")),
        ({"a": {"eu-west-1": {"failed": True, "msg": "denied"}}}, ("a", "eu-west-1", "eu-west-1")),
        ({"a": {"eu-west-1": place()}}, ("a", "eu-west-1", "eu-west-1")),
    ],
)
def test_what_nothing_is_known_of_is_unreachable(results: dict[str, t.Any], unknown: tuple[str, str, str]) -> None:
    report = validation_report({**results, "b": {"eu-west-1": place(correct="/x")}})
    assert not report["green"] and found(report, "unreachable") == [unknown]


def test_nothing_at_all_is_not_green() -> None:
    assert not validation_report({})["green"]
