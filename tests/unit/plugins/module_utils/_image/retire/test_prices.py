# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The price of standard snapshots among what the price list has, and what it makes of GiB."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.retire.prices import Price, price_in, to_costs


def product(usage_type: str, price: str = "0.05", currency: str = "USD", unit: str = "GB-Mo") -> str:
    """Return an entry of the price list."""
    dimension = {"unit": unit, "pricePerUnit": {currency: price}}
    terms = {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage_type}}, "terms": terms})


@pytest.mark.parametrize(
    ("products", "amount", "currency"),
    [
        pytest.param([product("EBS:SnapshotUsage")], 0.05, "USD", id="us-east-1"),
        pytest.param([product("EUC1-EBS:SnapshotUsage", "0.054")], 0.054, "USD", id="Frankfurt"),
        pytest.param([product("CNN1-EBS:SnapshotUsage", "0.3", "CNY")], 0.3, "CNY", id="China"),
        pytest.param(
            [product("EBS:SnapshotArchiveStorage", "0.0125"), product("EBS:SnapshotUsage")], 0.05, "USD", id="archive"
        ),
        pytest.param([product("EBS:SnapshotUsageUnderBilling", "0")], None, None, id="another type"),
        pytest.param([product("EBS:SnapshotUsage"), product("EU-EBS:SnapshotUsage", "0.06")], None, None, id="two"),
        pytest.param([product("EBS:SnapshotUsage", unit="Count")], None, None, id="another unit"),
        pytest.param([json.dumps({"product": {}})], None, None, id="an entry without price"),
        pytest.param([], None, None, id="none"),
    ],
)
def test_the_one_price_of_standard_snapshots(products: list[str], amount: float | None, currency: str | None) -> None:
    found = price_in(products)
    assert (found.amount, found.currency) == (amount, currency)
    assert (found.reason is None) is (amount is not None)


def test_costs_are_of_what_is_freed_in_each_region() -> None:
    images: list[dict[str, t.Any]] = [
        {"region": "us-east-1", "gib_freed": 100}, {"region": "us-east-1", "gib_freed": 33},
        {"region": "eu-west-1", "gib_freed": 10},
    ]  # fmt: skip
    here, there = to_costs({"us-east-1": Price(0.05, "USD"), "eu-west-1": Price(reason="denied")}, images)
    assert (here["gib_freed"], here["monthly_cost"], here["currency"]) == (133, 6.65, "USD")
    assert (there["gib_freed"], there["monthly_cost"], there["reason"]) == (10, None, "denied")
    assert to_costs({}, images) == []
