# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of trouble on demand: which calls a rule hits, and what the client and the account see of it."""

from __future__ import annotations

import threading
import typing as t

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator, EmulatorError

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def seeded(in_process_emulator: Emulator) -> Emulator:
    """Return an emulator with the catalogue in it."""
    in_process_emulator.seed("full")
    return in_process_emulator


def client(emulator: Emulator, service: str = "ec2", **more: t.Any) -> t.Any:
    """Return a client that does not retry."""
    session: t.Any = emulator.session(**more)
    return session.client(service, config=ONCE)


def outcome(call: t.Callable[[], t.Any]) -> str:
    """Return the error code or the exception's name that the call ends in, or ``ok``."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except (ConnectionClosedError, EndpointConnectionError) as error:
        return type(error).__name__
    return "ok"


def copy(ec2: t.Any, name: str) -> t.Any:
    """Copy the catalogue's plain image within its region."""
    return ec2.copy_image(SourceImageId=image_id("plain-root"), SourceRegion="us-east-1", Name=name)


@pytest.mark.parametrize(
    ("kind", "service", "code", "status"),
    [
        ("throttled", "ec2", "RequestLimitExceeded", 503),
        ("throttled", "kms", "ThrottlingException", 400),
        ("server_error", "ec2", "InternalError", 500),
        ("unavailable", "ec2", "Unavailable", 503),
        ("expired_token", "ec2", "RequestExpired", 400),
        ("expired_token", "sts", "ExpiredToken", 403),
        ("clock_skew", "ec2", "AuthFailure", 401),
        ("access_denied", "ec2", "UnauthorizedOperation", 403),
        ("access_denied", "kms", "AccessDeniedException", 400),
    ],
)
def test_named_errors(in_process_emulator: Emulator, kind: str, service: str, code: str, status: int) -> None:
    in_process_emulator.faults.add(kind)
    calls = {"ec2": "describe_images", "kms": "list_keys", "sts": "get_caller_identity"}
    with pytest.raises(ClientError) as caught:
        getattr(client(in_process_emulator, service), calls[service])()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_any_error_can_be_asked_for(in_process_emulator: Emulator) -> None:
    words = "Too many <copies> & more."
    in_process_emulator.faults.add("error", code="ResourceLimitExceeded", status=400, message=words)
    with pytest.raises(ClientError) as caught:
        client(in_process_emulator).describe_images()
    assert caught.value.response["Error"] == {"Code": "ResourceLimitExceeded", "Message": words}


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        pytest.param({"action": "DescribeImages"}, True, id="action"),
        pytest.param({"action": ["Copy*", "Describe*"]}, True, id="one of several"),
        pytest.param({"action": "DescribeSnapshots"}, False, id="another action"),
        pytest.param({"region": "eu-*"}, False, id="another region"),
        pytest.param({"service": "kms"}, False, id="another service"),
        pytest.param({"account": "210987654321"}, False, id="another account"),
        pytest.param({"resource": image_id("mixed")}, True, id="resource"),
        pytest.param({"resource": image_id("plain-root")}, False, id="another resource"),
        pytest.param({"starts_in": 60}, False, id="not yet"),
        pytest.param({"lasts": 60}, True, id="now"),
        pytest.param({"probability": 0.0}, False, id="never"),
    ],
)
def test_what_a_rule_fits(seeded: Emulator, rule: dict[str, t.Any], hit: bool) -> None:
    seeded.faults.add("throttled", **rule)
    ec2 = client(seeded)
    assert (outcome(lambda: ec2.describe_images(ImageIds=[image_id("mixed")])) != "ok") is hit


def test_counting(in_process_emulator: Emulator) -> None:
    ec2 = client(in_process_emulator)

    def pattern(**rule: t.Any) -> str:
        in_process_emulator.faults.clear()
        in_process_emulator.faults.add("throttled", **rule)
        return "".join("x" if outcome(ec2.describe_images) != "ok" else "." for _ in range(6))

    assert pattern(nth=3) == "..x..."
    assert pattern(nth=[1, 4]) == "x..x.."
    assert pattern(count=2) == "xx...."
    assert pattern(skip=2, count=1) == "..x..."
    assert pattern(probability=0.5, seed=1) == pattern(probability=0.5, seed=1)
    assert "x" in pattern(probability=0.5, seed=1) and "." in pattern(probability=0.5, seed=1)


def test_rules_end_in_virtual_time(in_process_emulator: Emulator) -> None:
    ec2 = client(in_process_emulator)
    in_process_emulator.faults.add("throttled", starts_in=10, lasts=20)
    found = []
    for _ in range(4):
        found.append(outcome(ec2.describe_images))
        in_process_emulator.advance(10)
    assert found == ["ok", "RequestLimitExceeded", "RequestLimitExceeded", "ok"]


@pytest.mark.parametrize(
    ("kind", "when", "effect"),
    [("drop", "before", 0), ("drop", "after", 1), ("server_error", "before", 0), ("server_error", "after", 1)],
)
def test_trouble_before_and_after_the_effect(seeded: Emulator, kind: str, when: str, effect: int) -> None:
    ec2 = client(seeded)
    seeded.faults.add(kind, action="CopyImage", when=when)
    assert outcome(lambda: copy(ec2, "new-copy")) in ("ConnectionClosedError", "InternalError")
    seeded.faults.clear()
    found = ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["new-copy"]}])["Images"]
    assert len(found) == effect
    assert [call["took_effect"] for call in seeded.calls(action="CopyImage")] == [bool(effect)]


def test_region_out_of_reach(in_process_emulator: Emulator) -> None:
    in_process_emulator.faults.add("unreachable", region="eu-west-1")
    assert outcome(client(in_process_emulator, region="eu-west-1").describe_images) == "EndpointConnectionError"
    assert outcome(client(in_process_emulator).describe_images) == "ok"


def test_buckets_have_the_documented_sizes(in_process_emulator: Emulator) -> None:
    ec2 = client(in_process_emulator)
    in_process_emulator.faults.add("throttle", scale=0.1)  # Describe*: 10, and 2 more each second
    first = [outcome(ec2.describe_images) for _ in range(12)]
    assert first == ["ok"] * 10 + ["RequestLimitExceeded"] * 2
    in_process_emulator.advance(1)
    assert [outcome(ec2.describe_images) for _ in range(3)] == ["ok"] * 2 + ["RequestLimitExceeded"]
    assert outcome(lambda: ec2.describe_images()) == "RequestLimitExceeded"
    assert outcome(client(in_process_emulator, region="eu-west-1").describe_images) == "ok"
    assert outcome(client(in_process_emulator, account="210987654321").describe_images) == "ok"


@pytest.mark.parametrize(("then", "answer"), [("answer", "ok"), ("drop", "ConnectionClosedError")])
def test_held_call_waits_between_effect_and_answer(seeded: Emulator, then: str, answer: str) -> None:
    ec2, found = client(seeded), []
    seeded.faults.add("hold", action="CopyImage", when="after")
    caller = threading.Thread(target=lambda: found.append(outcome(lambda: copy(ec2, "held-copy"))))
    caller.start()
    held = seeded.wait_until_held(timeout=10)
    assert (held["action"], held["took_effect"], held["status"]) == ("CopyImage", True, None)
    seeded.faults.clear()
    images = client(seeded).describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["held-copy"]}])
    assert len(images["Images"]) == 1
    assert seeded.release(held["number"], then=then) == 1
    caller.join(10)
    assert found == [answer]
    assert seeded.calls(held=True) == []


def test_held_before_and_dropped_has_no_effect(seeded: Emulator) -> None:
    ec2, found = client(seeded), []
    seeded.faults.add("hold", action="CopyImage", when="before", then="drop")
    caller = threading.Thread(target=lambda: found.append(outcome(lambda: copy(ec2, "held-copy"))))
    caller.start()
    seeded.wait_until_held(timeout=10)
    seeded.release()
    caller.join(10)
    assert found == ["ConnectionClosedError"]
    assert ec2.describe_images(Filters=[{"Name": "name", "Values": ["held-copy"]}])["Images"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([{"path": "Images.*.State", "drop": True}], None, id="a field is missing"),
        pytest.param([{"path": "Images.*.State", "set": "hibernating"}], "hibernating", id="an unknown state"),
        pytest.param([{"path": "Images.0.State", "set": "error"}], "error", id="by number"),
    ],
)
def test_changed_answers(seeded: Emulator, changes: list[dict[str, t.Any]], expected: str | None) -> None:
    seeded.faults.add("mutate", action="DescribeImages", changes=changes)
    image = client(seeded).describe_images(ImageIds=[image_id("mixed")])["Images"][0]
    assert image.get("State") == expected
    assert [device["DeviceName"] for device in image["BlockDeviceMappings"]] == ["/dev/xvda", "/dev/sdf"]


def test_empty_and_shortened_lists(seeded: Emulator) -> None:
    ec2 = client(seeded)
    seeded.faults.add("mutate", action="DescribeImages", changes=[{"path": "Images", "set": []}], count=1)
    assert ec2.describe_images(ImageIds=[image_id("mixed")])["Images"] == []
    seeded.faults.add("mutate", action="DescribeImages", changes=[{"path": "Images.*.BlockDeviceMappings", "keep": 1}])
    assert len(ec2.describe_images(ImageIds=[image_id("mixed")])["Images"][0]["BlockDeviceMappings"]) == 1


def test_pages_of_one(seeded: Emulator) -> None:
    ec2 = client(seeded)
    whole = [image["ImageId"] for image in ec2.describe_images(Owners=["self"])["Images"]]
    seeded.faults.add("mutate", action="DescribeImages", changes=[{"page_size": 1}])
    pages = list(ec2.get_paginator("describe_images").paginate(Owners=["self"]))
    assert [image["ImageId"] for page in pages for image in page["Images"]] == whole
    assert {len(page["Images"]) for page in pages} == {1}


def test_json_answers_can_be_changed_too(in_process_emulator: Emulator) -> None:
    in_process_emulator.faults.add("mutate", service="kms", changes=[{"path": "KeyMetadata.KeyState", "set": "Melted"}])
    metadata = client(in_process_emulator, "kms").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert (metadata["KeyState"], metadata["KeyManager"]) == ("Melted", "AWS")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param({"kind": "earthquake"}, "unknown kind", id="kind"),
        pytest.param({"kind": "error"}, "needs code and status", id="incomplete error"),
        pytest.param({"kind": "drop", "weather": "bad"}, "has no weather", id="field"),
        pytest.param({"kind": "drop", "when": "never"}, "before or after", id="when"),
        pytest.param({"kind": "mutate"}, "needs changes", id="no changes"),
        pytest.param({"kind": "mutate", "changes": [{"paths": "x"}]}, "a change is", id="bad change"),
    ],
)
def test_wrong_rules_are_refused_in_one_line(emulator: Emulator, rule: dict[str, t.Any], words: str) -> None:
    with pytest.raises(EmulatorError, match=words) as caught:
        emulator.faults.add(**rule)
    assert "\n" not in str(caught.value)
