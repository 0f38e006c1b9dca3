# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the catalogue; their ids can be computed, so that documents may name them."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from emulated_aws.identity import HOME_ACCOUNT
from emulated_aws.kms.keys import store
from emulated_aws.kms.model import EmulatedKey

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2")
CONSUMER, VENDOR = "210987654321", "111122223333"


@dataclasses.dataclass(frozen=True)
class KeySpec:
    """A key under one alias, in every region of ``regions``; ``shared_with`` are accounts that may use it."""

    number: int
    alias: str
    description: str
    account: str = HOME_ACCOUNT
    regions: tuple[str, ...] = REGIONS
    state: str = "Enabled"
    attributes: tuple[tuple[str, t.Any], ...] = ()
    shared_with: tuple[str, ...] = ()


KEYS = (
    KeySpec(1, "alias/golden", "Golden images"),
    KeySpec(2, "alias/os", "Root volumes"),
    KeySpec(3, "alias/data", "Data volumes"),
    KeySpec(4, "alias/logs", "Log volumes"),
    KeySpec(5, "alias/shared", "Images for other accounts", shared_with=(CONSUMER, VENDOR)),
    KeySpec(6, "alias/disabled", "Switched off", state="Disabled"),
    KeySpec(7, "alias/dying", "Pending deletion", state="PendingDeletion"),
    KeySpec(8, "alias/asymmetric", "Encrypts, but not for EBS", attributes=(("key_spec", "RSA_2048"),)),
    KeySpec(9, "alias/signing", "Signs", attributes=(("key_spec", "ECC_NIST_P256"),)),
    KeySpec(10, "alias/hmac", "Makes authentication codes", attributes=(("key_spec", "HMAC_256"),)),
    KeySpec(11, "alias/no-material", "Waits for imported material", attributes=(("origin", "EXTERNAL"),)),
    KeySpec(20, "alias/golden", "Images received from others", account=CONSUMER),
    KeySpec(30, "alias/vendor-images", "Images for customers", account=VENDOR, shared_with=(HOME_ACCOUNT, CONSUMER)),
    KeySpec(31, "alias/vendor-private", "The vendor's own", account=VENDOR),
)
MULTI_REGION_ALIAS, MULTI_REGION_ID = "alias/global", "mrk-00000000000000000000000000000012"
MULTI_REGION_PLACES = ("us-east-1", "eu-west-1", "eu-central-1")


def key_id(number: int, region: str) -> str:
    """Return the id of a key of the catalogue: its number, and its region's place in ``REGIONS`` from 1."""
    return f"{number:08d}-0000-4000-8000-{REGIONS.index(region) + 1:012d}"


def load_keys() -> dict[str, dict[str, str]]:
    """Make the keys and return their ARNs by account and region, then alias."""
    found: dict[str, dict[str, str]] = {}
    for spec in KEYS:
        for region in spec.regions:
            found.setdefault(f"{spec.account} {region}", {})[spec.alias] = _make(spec, region).arn
    for key in _make_multi_region():
        found[f"{HOME_ACCOUNT} {key.region}"][MULTI_REGION_ALIAS] = key.arn
    return found


def _make(spec: KeySpec, region: str) -> EmulatedKey:
    keys = store(spec.account, region)
    key = keys.add_key(description=spec.description, key_id=key_id(spec.number, region), **dict(spec.attributes))
    keys.create_alias(key.id, spec.alias)
    if spec.shared_with:
        key.policy = shared_policy(key.policy, spec.shared_with)
    if spec.state == "PendingDeletion":
        keys.schedule_key_deletion(key.id, 30)
    elif spec.state == "Disabled":
        keys.disable_key(key.id)
    return key


def _make_multi_region() -> list[EmulatedKey]:
    home, *others = MULTI_REGION_PLACES
    keys = store(HOME_ACCOUNT, home)
    primary = keys.add_key(description="One key in several regions", key_id=MULTI_REGION_ID, multi_region=True)
    family = [primary, *(keys.add_replica(primary, region, description=primary.description) for region in others)]
    for key in family:
        store(HOME_ACCOUNT, key.region).create_alias(key.id, MULTI_REGION_ALIAS)
    return family


def shared_policy(policy: str, accounts: t.Sequence[str]) -> str:
    """Return the key policy with the statement that lets other accounts copy and launch (EC2 guide, "Share an AMI")."""
    document = json.loads(policy)
    document["Statement"].append(
        {
            "Sid": "Allow use by other accounts",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
            "Action": ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Decrypt"],
            "Resource": "*",
        }
    )
    return json.dumps(document)
