# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look up what snapshots cost in a region, in AWS's price list."""

from __future__ import annotations

import typing as t

from .._image.retire.prices import Price, price_in
from .connection import Regions
from .errors import AwsError, call

# The price list has endpoints in few regions, each of which knows all regions of its partition.
_ENDPOINTS: t.Final = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}


def snapshot_price(connection: Regions, name: str) -> Price:
    """Return the price in a region; what is denied, or not listed, is not known."""
    partition = connection.partition(name)
    if partition not in _ENDPOINTS:
        return Price(reason=f"AWS's price list has no endpoint in the partition {partition}")
    client = connection.region(_ENDPOINTS[partition]).client("pricing")
    filters = {"productFamily": "Storage Snapshot", "regionCode": name}
    asked: dict[str, t.Any] = {
        "ServiceCode": "AmazonEC2",
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()],
    }
    found: list[str] = []
    try:
        while True:
            answer = call(f"look up the price of snapshots in {name}", client.get_products, **asked)
            found += answer.get("PriceList") or []
            if not answer.get("NextToken"):
                return price_in(found)
            asked["NextToken"] = answer["NextToken"]
    except AwsError as error:
        return Price(reason=str(error))
