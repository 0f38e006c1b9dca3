# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service pricing, which moto has not: the list prices of snapshots (aws_rules §26)."""

from __future__ import annotations

import json
import typing as t

from emulated_aws import wire

Params = dict[str, t.Any]
ENDPOINTS = ("us-east-1", "eu-central-1", "ap-south-1")
# The prefix of usage types, and the price of a GB-month of standard snapshots.
REGIONS = {
    "us-east-1": ("", "0.0500000000"),
    "us-west-2": ("USW2-", "0.0500000000"),
    "eu-west-1": ("EU-", "0.0500000000"),
    "eu-central-1": ("EUC1-", "0.0540000000"),
}
KINDS = {"SnapshotUsage": None, "SnapshotUsageUnderBilling": "0.0000000000", "SnapshotArchiveStorage": "0.0125000000"}
_MATCHES: dict[str, t.Callable[[str, str], bool]] = {
    "TERM_MATCH": str.__eq__,
    "EQUALS": str.__eq__,
    "CONTAINS": str.__contains__,
}


def serve(request: wire.Request) -> wire.Answer:
    """Answer one call of the service, which has endpoints in few regions."""
    asked = request.parameters
    if request.action != "GetProducts" or request.region not in ENDPOINTS:
        words = f"{request.action} is not offered in {request.region}."
        return wire.error("pricing", code="UnknownOperationException", message=words, status=400)
    if asked.get("ServiceCode") != "AmazonEC2":
        words = f"Invalid ServiceCode: {asked.get('ServiceCode')}"
        return wire.error("pricing", code="InvalidParameterException", message=words, status=400)
    start, size = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 100)
    found = [text for text in _products() if _fits(text, asked.get("Filters") or [])]
    token = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return wire.render_answer(request, {"FormatVersion": "aws_v1", "PriceList": found[start : start + size], **token})


def _fits(text: str, filters: list[Params]) -> bool:
    product = json.loads(text)["product"]
    shown = {"productFamily": product["productFamily"], **product["attributes"]}
    return all(_MATCHES[one["Type"]](shown.get(one["Field"], ""), one["Value"]) for one in filters)


def _products() -> list[str]:
    return [
        json.dumps(_product(region, f"{prefix}EBS:{kind}", price or standard))
        for region, (prefix, standard) in REGIONS.items()
        for kind, price in KINDS.items()
    ]


def _product(region: str, usage_type: str, price: str) -> Params:
    sku = f"{abs(hash((region, usage_type))):016X}"[:16]
    offer, rate = f"{sku}.JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7"
    attributes = {
        "servicecode": "AmazonEC2", "servicename": "Amazon Elastic Compute Cloud", "storageMedia": "Amazon S3",
        "locationType": "AWS Region", "regionCode": region, "usagetype": usage_type,
    }  # fmt: skip
    dimension = {
        "rateCode": rate, "unit": "GB-Mo", "beginRange": "0", "endRange": "Inf", "appliesTo": [],
        "description": f"{usage_type} in {region}", "pricePerUnit": {"USD": price},
    }  # fmt: skip
    terms = {"OnDemand": {offer: {"sku": sku, "offerTermCode": "JRTCKXETXF", "priceDimensions": {rate: dimension}}}}
    product = {"productFamily": "Storage Snapshot", "sku": sku, "attributes": attributes}
    return {"product": product, "serviceCode": "AmazonEC2", "terms": terms, "version": "20261101000000"}
