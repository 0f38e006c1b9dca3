# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that AWS Resource Access Manager shares with other accounts (aws_rules §14.2b)."""

from __future__ import annotations

import json
import re
import typing as t

from moto.ram.models import ResourceShare, ram_backends

from emulated_aws.clock import clock
from emulated_aws.ec2 import organizations
from emulated_aws.identity import Caller
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.kms.model import EmulatedKey

# UNVERIFIED which managed permissions there are: this one has what EBS needs.
ACTIONS = (
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
ORGANIZATION = re.compile(r"arn:aws[a-z-]*:organizations::\d{12}:(organization|ou)/.+")
_add_principals = ResourceShare.add_principals


def install() -> None:
    """Let moto's RAM share keys, also with the organizations that tests have made."""
    if "key" not in ResourceShare.SHAREABLE_RESOURCES:
        ResourceShare.SHAREABLE_RESOURCES.append("key")
        setattr(ResourceShare, "add_principals", add_principals)  # noqa: B010  # what mypy takes for a mistake


def add_principals(share: ResourceShare, principals: list[str]) -> None:
    """Add principals to a share as moto does, but for units below others, and organizations, that it cannot know."""
    known = [one for one in principals if organizations.known(one)]
    _add_principals(share, [one for one in principals if one not in known])
    share.principals.extend(known)
    vars(share)["shared_at"] = clock.now()  # moto's own times are real ones.


def shares(key: EmulatedKey) -> list[ResourceShare]:
    """Return the active resource shares with the key."""
    found = ram_backends[key.account_id][key.region].resource_shares
    return [share for share in found if share.status == "ACTIVE" and key.arn in share.resource_arns]


def allows(key: EmulatedKey, caller: Caller, action: str) -> bool:
    """Tell whether a share opens the action to the account of the caller, whose own policies decide then."""
    if not settings.ram_key_shares_grant or action not in ACTIONS or caller.account == key.account_id:
        return False
    return any(_reaches(principal, caller.account) for share in shares(key) for principal in share.principals)


def listed_for(key: EmulatedKey, account: str) -> bool:
    """Tell whether ListKeys shows the key to the account yet."""
    since = clock.now() - settings.ram_list_lag_seconds
    seen = [share for share in shares(key) if vars(share)["shared_at"] <= since]
    return any(_reaches(principal, account) for share in seen for principal in share.principals)


def _reaches(principal: str, account: str) -> bool:
    if ORGANIZATION.fullmatch(principal):
        return account in organizations.members(principal)
    return principal == account or re.match(rf"arn:aws[a-z-]*:iam::{account}:", principal) is not None


def policy_text(key: EmulatedKey) -> str | None:
    """Return the key policy AWS_RAM, which stands beside the default one while the key is shared."""
    principals = sorted({principal for share in shares(key) for principal in share.principals})
    if not principals:
        return None
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": list(ACTIONS), "Resource": key.arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
