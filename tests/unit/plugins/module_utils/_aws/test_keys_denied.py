# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key it is where kms:DescribeKey is denied: the list of aliases tells, or nobody does, which is said."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._aws.keys import find_key, require_key

from .._execute.fakes import FakeClient, FakeRegion, refusal

PLACE = "arn:aws:kms:eu-west-1:123456789012"
KEY_ID = "aaaaaaaa-0000-4000-8000-000000000000"
KEY = f"{PLACE}:key/{KEY_ID}"
OTHER = "arn:aws:kms:eu-west-1:210987654321:alias/golden"
ALIASES: dict[str, t.Any] = {
    "Aliases": [
        {"AliasName": "alias/aws/ebs", "AliasArn": f"{PLACE}:alias/aws/ebs"},
        {"AliasName": "alias/golden-old", "AliasArn": f"{PLACE}:alias/golden-old", "TargetKeyId": "bbbb"},
        {"AliasName": "alias/golden", "AliasArn": f"{PLACE}:alias/golden", "TargetKeyId": KEY_ID},
    ]
}
DENIED = refusal("AccessDeniedException", operation="DescribeKey")


def a_region(aliases: t.Any = None) -> FakeRegion:
    """Return a region where no key may be described."""
    return FakeRegion(kms=FakeClient(describe_key=DENIED, list_aliases=aliases or ALIASES))


@pytest.mark.parametrize(
    ("name", "arn", "asked"),
    [
        pytest.param("alias/golden", KEY, True, id="alias"),
        pytest.param(f"{PLACE}:alias/golden", KEY, True, id="alias ARN"),
        pytest.param(KEY, KEY, False, id="key ARN"),
        pytest.param(KEY_ID, None, False, id="key id"),
        pytest.param(OTHER, None, True, id="another account's alias"),
        pytest.param("alias/aws/ebs", None, True, id="an alias without a key yet"),
        pytest.param("alias/none", None, True, id="no such alias"),
    ],
)
@pytest.mark.parametrize("resolve", [require_key, find_key])
def test_an_alias_is_looked_up_in_the_list(
    resolve: t.Callable[..., t.Any], name: str, arn: str | None, asked: bool
) -> None:
    region, warnings = a_region(), list[str]()
    key = resolve(region, name, warn=warnings.append)
    assert (key.arn, key.metadata) == (arn, None)
    assert ("list_aliases" in [operation for operation, _params in region.kms.calls]) is asked
    if resolve is require_key:
        assert ("kms:ListAliases does not tell" in warnings[0]) is (arn is None and "alias/" in name)


@pytest.mark.parametrize("resolve", [require_key, find_key])
def test_where_listing_is_denied_too_it_is_said_not_to_be_known(resolve: t.Callable[..., t.Any]) -> None:
    warnings = list[str]()
    key = resolve(
        a_region(refusal("AccessDeniedException", operation="ListAliases")), "alias/golden", warn=warnings.append
    )
    assert key.arn is None and len(warnings) == 1


def test_other_trouble_is_not_taken_for_a_denial() -> None:
    with pytest.raises(AwsError, match="credentials expired"):
        require_key(a_region(refusal("ExpiredTokenException")), "alias/golden", warn=lambda _text: None)
