# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests for a grant are understood, and which are refused with a sentence."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.request import parse_grant_request
from ansible_collections.sealed.ami.plugins.module_utils._image.key_grants import Terms, name_of

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003"
ROLE = "arn:aws:iam::210987654321:role/image-copier"
OPTIONS: dict[str, t.Any] = {
    "key_id": KEY,
    "grantee_principal": ROLE,
    "purpose": "copy",
    "state": "present",
    "wait": True,
    "wait_timeout": 300,
    "temporary": False,
}


def parse(**changes: t.Any) -> t.Any:
    """Return the request behind the usual options with changes."""
    return parse_grant_request({**OPTIONS, **changes}, default_region=changes.pop("region", None))


def test_the_region_of_a_key_arn_need_not_be_said() -> None:
    assert parse().region == "eu-west-1"
    assert parse(key_id="alias/golden", region="us-east-1").region == "us-east-1"


@pytest.mark.parametrize(
    ("purpose", "has", "has_not"),
    [
        ("copy", {"DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant"}, {"Encrypt", "ReEncryptTo"}),
        ("launch", {"Encrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"}, {"RetireGrant"}),
        ("autoscaling", {"Encrypt", "ReEncryptTo", "GenerateDataKey", "DescribeKey"}, {"RetireGrant"}),
    ],
)
def test_a_purpose_stands_for_operations(purpose: str, has: set[str], has_not: set[str]) -> None:
    operations = set(parse(purpose=purpose).terms.operations)
    assert has <= operations and not has_not & operations


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key_id": "golden"}, "alias/golden"),
        ({"key_id": "alias/golden"}, "region is missing"),
        ({"region": "us-east-1"}, "set region: eu-west-1"),
        ({"grantee_principal": None}, "grantee_principal is missing"),
        ({"grantee_principal": "arn:aws:iam::210987654321:role/*"}, "no wildcards"),
        ({"grantee_principal": "image-copier"}, "is not the ARN"),
        ({"grantee_principal": "ec2.amazonaws.com"}, "is not the ARN"),
        ({"retiring_principal": "everybody"}, "retiring_principal 'everybody'"),
        ({"purpose": None}, "exactly one of purpose and operations"),
        ({"operations": ["Decrypt"]}, "exactly one of purpose and operations"),
        ({"purpose": None, "operations": []}, "operations is empty"),
        ({"constraints": {"encryption_context_subset": {}}}, "encryption_context_subset is empty"),
        ({"grant_id": "abc"}, "needs state=absent"),
        ({"grant_id": "no id", "state": "absent"}, "is not the id of a grant"),
        ({"grant_id": "abc", "state": "absent"}, "drop grantee_principal, purpose"),
        ({"wait_timeout": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, t.Any], says: str) -> None:
    with pytest.raises(RequestError, match=says.replace("*", ".")):
        parse(**changes)


def test_a_grant_id_alone_says_what_goes() -> None:
    request = parse(grant_id="abc", state="absent", grantee_principal=None, purpose=None)
    assert (request.terms, request.grant_id) == (None, "abc")


@pytest.mark.parametrize(
    "other",
    [
        Terms(ROLE, ("Decrypt",)),
        Terms(ROLE + "-2", ("Decrypt", "DescribeKey")),
        Terms(ROLE, ("Decrypt", "DescribeKey"), {"EncryptionContextEquals": {"a": "b"}}),
        Terms(ROLE, ("Decrypt", "DescribeKey"), {"EncryptionContextSubset": {"a": "b"}}),
    ],
)
def test_a_name_is_of_grantee_operations_and_constraints(other: Terms) -> None:
    own = name_of("copy", Terms(ROLE, ("Decrypt", "DescribeKey")))
    assert own == name_of("copy", Terms(ROLE, ("DescribeKey", "Decrypt")))
    assert own.startswith("sealed-ami:copy:") and len(own.rpartition(":")[2]) == 12 and "." not in own
    assert name_of("copy", other) != own
