# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is typed for all destinations outranks what each has of its own."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.filter.destinations import destinations

OWN: t.Final[list[dict[str, t.Any]]] = [
    {"region": "eu-west-1", "kms_key_id": "alias/own", "tags": {"A": "b"}},
    {"region": "us-west-2"},
]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, {"kms_key_id", "tags"}),
        ({"kms_key_id": "", "tags": " \r\n", "name": None}, {"kms_key_id", "tags"}),
        ({"kms_key_id": "alias/all"}, {"tags"}),
        ({"tags": {}}, {"kms_key_id"}),
        ({"tags": "none", "kms_key_id": "x"}, set()),
        ({"region": "eu-north-1"}, {"kms_key_id", "tags"}),
    ],
)
def test_what_is_typed_is_left_out(typed: dict[str, t.Any], kept: set[str]) -> None:
    found = destinations(OWN, {"name": ""}, typed)
    assert [one["region"] for one in found] == ["eu-west-1", "us-west-2"]
    assert set(found[0]) == {"region"} | kept
    assert all(found[0][name] == OWN[0][name] for name in kept)
