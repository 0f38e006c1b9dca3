# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options make a policy and a request, and which are refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.policy import Rules, parse_policy
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import parse_audit_request
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError

ARN = "arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003"


def test_no_policy_stays_none() -> None:
    assert parse_policy(None) is None


def test_a_device_overrides_what_it_names_and_keeps_the_rest() -> None:
    policy = parse_policy(
        {
            "encrypted": True,
            "key_usable": True,
            "allowed_keys": ["alias/os"],
            "devices": [{"device_name": "/dev/sdf", "key_usable": False, "allowed_keys": [ARN], "encrypted": None}],
        }
    )
    assert policy is not None
    assert policy.rules_for("/dev/xvda") == Rules(encrypted=True, key_usable=True, allowed_keys=("alias/os",))
    assert policy.rules_for("/dev/sdf") == Rules(encrypted=True, key_usable=False, allowed_keys=(ARN,))


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        pytest.param({"encrypted": True}, False, id="not at all"),
        pytest.param({"allowed_key_tags": {"Use": "images"}}, True, id="for all devices"),
        pytest.param({"devices": [{"device_name": "/dev/sdf", "allowed_key_tags": {"Use": 1}}]}, True, id="for one"),
    ],
)
def test_tags_are_read_only_where_they_count(options: dict[str, t.Any], needed: bool) -> None:
    policy = parse_policy(options)
    assert policy is not None
    assert policy.needs_tags is needed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "demands nothing", id="empty"),
        pytest.param({"encrypted": False, "devices": []}, "demands nothing", id="only what is not demanded"),
        pytest.param({"allowed_keys": []}, "allowed_keys is empty", id="no key"),
        pytest.param({"encrypted": True, "allowed_key_tags": {}}, "allowed_key_tags is empty", id="no tag"),
        pytest.param({"allowed_keys": ["golden"]}, "'golden' is neither", id="alias without prefix"),
        pytest.param({"allowed_keys": ["alias/*"]}, "is neither", id="wildcard"),
        pytest.param({"encrypted": True, "instance_types": []}, "instance_types is empty", id="no type"),
        pytest.param({"instance_types": ["m7i/large"]}, "'m7i/large' is not an instance type", id="a slash in a type"),
        pytest.param({"instance_types": ["t3.*", "m7i.metal-48xlarge-and-on"]}, "and-on' is not", id="a long type"),
        pytest.param({"encrypted": True, "watermarks": []}, "watermarks is empty", id="no watermark"),
        pytest.param({"watermarks": ["golden-*"]}, "is not an account and a name", id="a watermark of anybody"),
        pytest.param({"watermarks": ["*:golden"]}, "is not an account and a name", id="a watermark of any account"),
        pytest.param({"devices": [{"device_name": "/dev/sdf", "allowed_keys": []}]}, "/dev/sdf: ", id="device"),
        pytest.param(
            {"encrypted": True, "devices": [{"device_name": "/dev/sdf"}, {"device_name": "/dev/sdf"}]},
            "twice",
            id="device twice",
        ),
    ],
)
def test_policies_that_would_pass_everything_or_nothing_are_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match="policy") as raised:
        parse_policy(options)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("options", "owners"),
    [
        pytest.param({}, ("self",), id="nothing"),
        pytest.param({"filters": {"state": "available"}}, ("self",), id="a filter on the state"),
        pytest.param({"image_ids": ["ami-00000001"]}, (), id="ids"),
        pytest.param({"image_ids": ["ami-00000001"], "filters": {"name": "x"}}, (), id="ids and a name"),
        pytest.param({"owners": ["amazon"], "filters": {"name": "x"}}, ("amazon",), id="owners and a name"),
        pytest.param({"filters": {"name": "x", "owner-id": "123456789012"}}, (), id="a name and the owner's id"),
        pytest.param({"filters": {"name": "x", "owner-alias": "amazon"}}, (), id="a name and the owner's alias"),
    ],
)
def test_own_images_are_meant_unless_something_says_whose(options: dict[str, t.Any], owners: tuple[str, ...]) -> None:
    assert parse_audit_request(options, default_region="eu-west-1").owners == owners


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"filters": {"name": "golden-*"}}, "name-confusion", id="name without owner"),
        pytest.param({"filters": {"description": "x"}}, "name-confusion", id="description without owner"),
        pytest.param({"filters": {"manifest-location": "x/y"}}, "name-confusion", id="location without owner"),
        pytest.param({"filters": {"name": "x"}, "owners": []}, "name-confusion", id="name and an empty list of owners"),
        pytest.param({"regions": ["Ireland"]}, "region code", id="region"),
        pytest.param({"image_ids": ["golden"]}, "not an image id", id="image id"),
        pytest.param({"filters": {"state": None}}, "needs a value", id="filter without value"),
        pytest.param({"filters": {"state": []}}, "needs a value", id="filter with no values"),
        pytest.param({"filters": {"state": {"a": 1}}}, "needs a value", id="filter with a dictionary"),
    ],
)
def test_requests_that_cannot_be_right_are_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError) as raised:
        parse_audit_request(options, default_region="eu-west-1")
    assert words in str(raised.value)


def test_some_region_is_needed() -> None:
    with pytest.raises(RequestError, match="no region"):
        parse_audit_request({}, default_region=None)


def test_values_become_what_aws_takes() -> None:
    options = {"regions": ["eu-west-1", "us-east-1", "eu-west-1"], "filters": {"is-public": False, "tag:A": [1, "b"]}}
    request = parse_audit_request(options, default_region="eu-central-1")
    assert request.regions == ("eu-west-1", "us-east-1")
    assert request.filters == {"is-public": ("false",), "tag:A": ("1", "b")}
