# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The price list, as far as snapshots go (§26)."""

from __future__ import annotations

import json
import typing as t

import pytest

from .place import Place, refused
from .rules import rule


def products(place: Place, region: str = "us-east-1", **asked: t.Any) -> dict[str, t.Any]:
    """Return the answer about the snapshots of a region."""
    filters = {"productFamily": "Storage Snapshot", "regionCode": region}
    fields = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()]
    client = place.target.client("pricing", region="us-east-1", account=place.account)
    return t.cast("dict[str, t.Any]", client.get_products(ServiceCode="AmazonEC2", Filters=fields, **asked))


@rule("26 products", "PL")
@pytest.mark.parametrize(("region", "prefix"), [("us-east-1", ""), ("eu-west-1", "EU-"), ("eu-central-1", "EUC1-")])
def test_a_product_is_a_document_with_terms_and_price_dimensions(home: Place, region: str, prefix: str) -> None:
    """Each entry is JSON text: attributes of a product, and of each offer the price of a unit by currency."""
    found = {}
    for text in products(home, region)["PriceList"]:
        entry = json.loads(text)
        (offer,) = entry["terms"]["OnDemand"].values()
        (dimension,) = offer["priceDimensions"].values()
        found[entry["product"]["attributes"]["usagetype"]] = dimension
    assert len(found) > 1
    standard = found[f"{prefix}EBS:SnapshotUsage"]
    assert (standard["unit"], float(standard["pricePerUnit"]["USD"]) > 0) == ("GB-Mo", True)


@rule("26 pages", "PL")
def test_the_list_comes_in_pages(home: Place) -> None:
    """MaxResults bounds a page, and NextToken leads to the next."""
    first = products(home, MaxResults=1)
    second = products(home, MaxResults=1, NextToken=first["NextToken"])
    assert first["PriceList"] != second["PriceList"] and len(second["PriceList"]) == 1


@rule("26 services", "PL")
def test_an_unknown_service_is_refused(home: Place) -> None:
    """A code that is no service's is an InvalidParameterException."""
    client = home.target.client("pricing", region="us-east-1", account=home.account)
    with refused("InvalidParameterException"):
        client.get_products(ServiceCode="AmazonEC3")
