# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job passes on of an audit is small, and names what matters first."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.filter.audit_verdicts import FilterModule, audit_verdicts


def a_result(*compliant: bool | None, account: str = "123456789012", **more: t.Any) -> dict[str, t.Any]:
    """Return what an account was found to have."""
    images = [
        {"image_id": f"ami-{number}", "region": "us-east-1", "name": "n", "compliant": one, "reasons": [], **more}
        for number, one in enumerate(compliant)
    ]
    return {"account": account, "images": images}


def test_what_is_wrong_comes_first_then_what_is_unknown() -> None:
    found = audit_verdicts([a_result(True, None), a_result(False, True, account="210987654321")])
    assert [image["compliant"] for image in found["images"]] == [False, None, True, True]
    assert found["images"][0]["account"] == "210987654321"
    assert found["left_out"] == 0


@pytest.mark.parametrize(("limit", "named", "left"), [(100, 3, 0), (2, 2, 1), (0, 0, 3)])
def test_no_more_images_than_the_limit_are_named(limit: int, named: int, left: int) -> None:
    found = audit_verdicts([a_result(True, True, True)], limit)
    assert (len(found["images"]), found["left_out"]) == (named, left)


@pytest.mark.parametrize(
    "more", [{"reasons": ["x" * 9000] * 50}, {"name": "x" * 9000}, {"name": None, "snapshots": ["x"] * 999}]
)
def test_one_image_is_never_long(more: dict[str, t.Any]) -> None:
    assert len(json.dumps(audit_verdicts([a_result(False, **more)]))) < 1200


def test_nothing_found_is_said() -> None:
    assert FilterModule().filters()["audit_verdicts"]([]) == {"images": [], "left_out": 0}
