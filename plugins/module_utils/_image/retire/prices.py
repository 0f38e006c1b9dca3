# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What a GiB of snapshots costs a month, out of AWS's price list. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

# Usage types begin with a short name of the region; archived snapshots and others have types of their own.
_STANDARD: t.Final = re.compile(r"(?:[A-Z0-9]+-)?EBS:SnapshotUsage")
_UNIT: t.Final = "GB-Mo"


@dataclasses.dataclass(frozen=True)
class Price:
    """The price of a GiB a month; of None ``reason`` says why it is not known."""

    amount: float | None = None
    currency: str | None = None
    reason: str | None = None


def price_in(products: t.Iterable[str]) -> Price:
    """Return the one price of standard snapshots that entries of the price list name."""
    found = {one for text in products for one in _prices(json.loads(text))}
    if len(found) != 1:
        return Price(reason=f"the price list has {len(found)} prices of standard snapshots, and one was expected")
    ((amount, currency),) = found
    return Price(amount, currency)


def to_costs(prices: t.Mapping[str, Price], images: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return for each region what the snapshots cost a month that are deleted, at most."""
    freed = dict.fromkeys(prices, 0)
    for image in images:
        if image["region"] in freed:
            freed[image["region"]] += image["gib_freed"]
    return [
        {
            "region": region,
            "gib_freed": freed[region],
            "price": price.amount,
            "currency": price.currency,
            "monthly_cost": None if price.amount is None else round(freed[region] * price.amount, 2),
            "reason": price.reason,
        }
        for region, price in prices.items()
    ]


def _prices(entry: t.Mapping[str, t.Any]) -> list[tuple[float, str]]:
    if not _STANDARD.fullmatch(str(entry.get("product", {}).get("attributes", {}).get("usagetype"))):
        return []
    offers = (entry.get("terms", {}).get("OnDemand") or {}).values()
    rates = [rate for offer in offers for rate in (offer.get("priceDimensions") or {}).values()]
    return [
        (float(amount), str(currency))
        for rate in rates
        if rate.get("unit") == _UNIT
        for currency, amount in (rate.get("pricePerUnit") or {}).items()
    ]
