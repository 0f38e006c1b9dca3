# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists are read to their end, and no call carries more filter values than AWS takes."""

from __future__ import annotations

import typing as t

import botocore.session
import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._aws.paging import filter_batches, read_all

LIMIT = 200


def a_client(service: str) -> t.Any:
    """Return a client that cannot reach anything."""
    session = botocore.session.Session()
    return session.create_client(service, "us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="none")


def filters_of(sizes: t.Sequence[int]) -> list[dict[str, t.Any]]:
    """Return one filter of each size; no two values are the same."""
    return [{"Name": f"f{n}", "Values": [f"{n}-{m}" for m in range(size)]} for n, size in enumerate(sizes)]


def combinations(filters: t.Sequence[t.Mapping[str, t.Any]]) -> set[tuple[str, ...]]:
    """Return every combination of values, one of each filter, that these filters let through."""
    found: set[tuple[str, ...]] = {()}
    for one in filters:
        found = {(*combination, value) for combination in found for value in one["Values"]}
    return found


@settings(deadline=None)
@given(
    st.integers(0, 900).map(lambda size: [size])
    | st.lists(st.integers(0, 210), min_size=2, max_size=2)
    | st.lists(st.integers(1, 5), min_size=1, max_size=6)
)
def test_batches_are_small_and_together_let_the_same_through(sizes: list[int]) -> None:
    batches = list(filter_batches(filters_of(sizes)))
    assert all(sum(len(one["Values"]) for one in batch) <= LIMIT for batch in batches)
    assert set().union(*(combinations(batch) for batch in batches)) == combinations(filters_of(sizes))


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        pytest.param([200], 1, id="200 ids"),
        pytest.param([199, 1], 1, id="with a region"),
        pytest.param([201], 2, id="one too many"),
        pytest.param([402], 3, id="snapshots"),
        pytest.param([200, 1], 2, id="200 copies and a region"),
        pytest.param([3, 0], 0, id="nothing selected"),
    ],
)
def test_no_more_calls_than_needed(sizes: list[int], calls: int) -> None:
    assert len(list(filter_batches(filters_of(sizes)))) == calls


def test_more_filters_than_aws_takes_are_for_aws_to_refuse() -> None:
    assert len(list(filter_batches(filters_of([1] * 201)))) == 1


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        pytest.param("describe_images", {"Images": [{"ImageId": "ami-1"}, {"ImageId": "ami-2"}]}, id="images"),
        pytest.param("describe_volumes", {"Volumes": [{"VolumeId": "vol-1"}, {"VolumeId": "vol-2"}]}, id="volumes"),
        pytest.param(
            "describe_instances",
            {
                "Reservations": [
                    {"ReservationId": "r-1", "Instances": [{"InstanceId": "i-1"}]},
                    {"ReservationId": "r-1", "Instances": [{"InstanceId": "i-2"}]},
                ]
            },
            id="instances of one reservation",
        ),
    ],
)
def test_pages_and_batches_are_read_to_the_end_and_name_nothing_twice(operation: str, shown: dict[str, t.Any]) -> None:
    client = a_client("ec2")
    (member,) = shown
    first, second = ({member: [entry]} for entry in shown[member])
    with Stubber(client) as stubber:
        stubber.add_response(operation, {**first, "NextToken": "more"})
        stubber.add_response(operation, {"NextToken": "and more"})
        stubber.add_response(operation, second)
        stubber.add_response(operation, first)
        found = read_all(client, operation, "read", filters=filters_of([201]))
        stubber.assert_no_pending_responses()
    assert len(found) == 2


def test_each_list_can_be_read() -> None:
    shown: dict[str, list[tuple[str, dict[str, t.Any]]]] = {
        "ec2": [
            ("describe_images", {"Images": [{"ImageId": "ami-1"}]}),
            ("describe_snapshots", {"Snapshots": [{"SnapshotId": "snap-1"}]}),
            ("describe_volumes", {"Volumes": [{"VolumeId": "vol-1"}]}),
            ("describe_instances", {"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}]}),
            ("describe_subnets", {"Subnets": [{"SubnetId": "subnet-1"}]}),
        ],
        "kms": [
            ("list_aliases", {"Aliases": [{"AliasName": "alias/one"}]}),
            ("list_resource_tags", {"Tags": [{"TagKey": "one", "TagValue": ""}]}),
        ],
    }
    for service, answers in shown.items():
        client = a_client(service)
        with Stubber(client) as stubber:
            for operation, answer in answers:
                more: dict[str, t.Any] = {"KeyId": "1234"} if operation == "list_resource_tags" else {}
                stubber.add_response(operation, answer)
                assert len(read_all(client, operation, "read", **more)) == 1


def test_a_refusal_says_what_was_to_be_read() -> None:
    client = a_client("ec2")
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_images", "FilterLimitExceeded")
        with pytest.raises(AwsError, match="describe images in us-east-1"):
            read_all(client, "describe_images", "describe images in us-east-1", filters=filters_of([1]))
