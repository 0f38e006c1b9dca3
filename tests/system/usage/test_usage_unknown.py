# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be read never makes an image look unused: denied, pending, too old, unknown to botocore."""

from __future__ import annotations

import json
import pathlib
import typing as t

import botocore.model
import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from system.running import RunModule
from system.usage.conftest import DAY, MODULE, OTHER, REGION, Account, Usage, policy

POLICY = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam" / "usage.json").read_text())
ACTIONS = [action for statement in POLICY["Statement"] for action in statement["Action"]]
USER = "arn:aws:iam::123456789012:user/looker"
HOUR = 3600.0


def user(emulator: Emulator, *, without: str = "", denied_to_aws: str = "") -> Credentials:
    """Return a principal with the policy of the documentation, less one action, or less what AWS may ask for it."""
    statements: list[dict[str, t.Any]] = [
        {**one, "Action": [action for action in one["Action"] if action != without]} for one in POLICY["Statement"]
    ]
    if denied_to_aws:
        called = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["ec2-images.amazonaws.com"]}}
        statements.append({"Effect": "Deny", "Action": denied_to_aws, "Resource": "*", "Condition": called})
    return emulator.principal(USER, [{**POLICY, "Statement": statements}])


@pytest.fixture
def idle(home: Account, emulator: Emulator) -> list[str]:
    """Return two images that nothing uses, in an account that needs every call to know: one is shared, one is not."""
    shared, own, busy = (home.image(name) for name in ("shared", "own", "busy"))
    home.share(shared, OTHER)
    home.report(shared)
    home.group(**policy(home.template(busy, busy), version="1"))
    home.parameter("/golden/web", busy, busy)
    return [shared, own]


def test_the_documented_policy_is_enough(run_module: RunModule, emulator: Emulator, idle: list[str]) -> None:
    emulator.clear_calls()
    result = run_module(MODULE, region=REGION, image_ids=idle, as_=user(emulator))
    assert [entry["in_use"] for entry in result["images"]] == [False, False]
    assert (result.msg, result.warnings) == ("", [])
    assert set(emulator.counts()) <= set(ACTIONS)


@pytest.mark.parametrize("reading", ["fail", "shrink"])
@pytest.mark.parametrize("action", ACTIONS)
def test_without_any_action_it_is_not_known_and_the_action_is_named(
    run_module: RunModule, emulator: Emulator, idle: list[str], action: str, reading: str
) -> None:
    """Whether AWS fails or leaves out references where it may not look for the caller is open."""
    if (action, reading) == ("imagebuilder:GetContainerRecipe", "shrink"):
        pytest.skip("nothing can be left out of no recipes")
    emulator.configure(references_when_denied=reading)
    result = run_module(MODULE, region=REGION, image_ids=idle, as_=user(emulator, without=action))
    if action == "ec2:DescribeImages":
        assert result.failed and action in result.msg
        return
    assert None in [entry["in_use"] for entry in result["images"]]
    assert action in " ".join(sentence for entry in result["images"] for sentence in entry["unknown"])
    assert action in " ".join(result.warnings)


@pytest.mark.parametrize("action", ["ssm:GetParameters", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeInstances"])
def test_what_aws_may_not_ask_for_the_caller_is_not_known(
    usage: Usage, emulator: Emulator, idle: list[str], action: str
) -> None:
    """Where AWS says that it was denied; where it does not, what the caller reads directly has to be enough."""
    entry = usage(idle[1], as_=user(emulator, denied_to_aws=action))
    assert entry["in_use"] is None
    assert action in " ".join(entry["unknown"])


@pytest.mark.parametrize("reading", ["fail", "shrink"])
def test_use_is_shown_whatever_else_is_not_known(home: Account, usage: Usage, emulator: Emulator, reading: str) -> None:
    emulator.configure(references_when_denied=reading)
    image = home.image("app")
    home.launch(image)
    assert usage(image, as_=user(emulator, without="ssm:GetParameters"))["in_use"] is True


def test_a_broken_alias_hides_nothing(home: Account, usage: Usage) -> None:
    """A template of a parameter that does not exist launches nothing, and must not hide what others lead to."""
    image = home.image("app")
    home.ssm.put_parameter(Name="used", Value=image, Type="String")
    home.group(LaunchTemplate={"LaunchTemplateId": home.template("resolve:ssm:used"), "Version": "$Default"})
    home.template("resolve:ssm:/golden/none")
    assert usage(image, checks=["autoscaling"])["in_use"] is True
    assert usage(home.image("idle"))["in_use"] is False


@pytest.mark.parametrize(
    ("settings", "request_", "words"),
    [
        pytest.param({"usage_report_seconds": 600}, {}, "is pending", id="pending"),
        pytest.param({"usage_reports_fail": True}, {}, "in the state error", id="failed"),
        pytest.param({}, {"depth": 20}, "looks at 20 versions", id="shallow"),
        pytest.param({}, {"kinds": ["ec2:Instance"]}, "ec2:LaunchTemplate", id="instances alone"),
        pytest.param({}, {"AccountIds": ["999999999999"]}, "999999999999 alone", id="one account alone"),
        pytest.param({}, None, "there is no usage report", id="missing"),
    ],
)
def test_a_shared_image_needs_a_whole_report(
    home: Account,
    usage: Usage,
    emulator: Emulator,
    settings: dict[str, t.Any],
    request_: dict[str, t.Any] | None,
    words: str,
) -> None:
    emulator.configure(**settings)
    image = home.image("app")
    if request_ is not None:
        home.report(image, **request_)
    assert usage(image, checks=["reports"])["in_use"] is False
    home.share(image, OTHER)
    entry = usage(image, checks=["reports"])
    assert entry["in_use"] is None
    assert words in entry["unknown"][0]


@pytest.mark.parametrize(
    ("hours", "max_age", "expected"), [(23, 24, False), (25, 24, None), (25, 48, False), (2, 1, None)]
)
def test_a_report_is_evidence_up_to_an_age(
    home: Account, usage: Usage, emulator: Emulator, hours: float, max_age: int, expected: bool | None
) -> None:
    image = home.image("app")
    home.share(image, OTHER)
    home.report(image)
    emulator.advance(hours * HOUR)
    assert usage(image, checks=["reports"], report_max_age=max_age)["in_use"] is expected


def test_a_report_tells_who_uses_the_image(home: Account, other: Account, usage: Usage) -> None:
    image = home.image("app")
    home.share(image, OTHER)
    other.launch(image)
    other.template(image, *[home.image("newer")] * 30)
    home.report(image)
    entry = usage(image, checks=["reports"])
    assert entry["in_use"] is True
    assert {(one["account_id"], one["count"]) for one in entry["reasons"]} == {(OTHER, 1)}
    assert len(entry["reasons"]) == 2


@pytest.mark.parametrize("counted", [True, False])
def test_our_own_account_in_reports_under_both_readings(
    home: Account, usage: Usage, emulator: Emulator, counted: bool
) -> None:
    emulator.configure(own_account_in_usage_report=counted)
    image = home.image("app")
    home.launch(image)
    home.report(image)
    assert usage(image)["in_use"] is True
    assert usage(image, checks=["reports"])["in_use"] is counted


def test_as_of_says_what_the_evidence_can_show(home: Account, usage: Usage, emulator: Emulator) -> None:
    """An instance that another account has launched in the last day is in no report."""
    emulator.configure(usage_report_lag=DAY)
    image = home.image("app")
    home.share(image, OTHER)
    home.report(image)
    fresh = usage(image)["as_of"]
    emulator.advance(2 * HOUR)
    later, direct = usage(image)["as_of"], usage(image, checks=["references"])["as_of"]
    assert later == fresh
    assert direct > later


def test_only_the_owner_knows_who_else_uses_an_image(home: Account, other: Account, usage: Usage) -> None:
    image = other.image("vendor")
    other.share(image, "123456789012")
    entry = usage(image)
    assert entry["in_use"] is None
    assert {sentence.partition(":")[0] for sentence in entry["unknown"]} == {"reports", "launches"}
    assert usage(image, checks=["references", "autoscaling", "parameters"])["in_use"] is False
    home.launch(image)
    assert usage(image)["in_use"] is True


@pytest.mark.parametrize(
    ("operation", "source"),
    [
        ("DescribeImageReferences", "references"),
        ("DescribeImageUsageReports", "reports"),
        ("DescribeLockedSnapshots", "locks"),
        ("LastLaunchedTime", "launches"),
    ],
)
def test_an_old_botocore_is_named_with_its_version(
    home: Account, usage: Usage, monkeypatch: pytest.MonkeyPatch, operation: str, source: str
) -> None:
    image = home.image("app")
    forget(monkeypatch, operation)
    entry = usage(image)
    assert entry["in_use"] is None
    (sentence,) = entry["unknown"]
    assert sentence.startswith(f"{source}: botocore {botocore.__version__} does not")
    assert operation in sentence


def forget(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Take an operation, or a member of what DescribeImages answers, out of botocore's model of EC2."""
    from ansible_collections.sealed.ami.plugins.module_utils._aws import image_use

    if name == "LastLaunchedTime":
        members = vars(botocore.model.StructureShape)["members"]

        def without(shape: t.Any) -> t.Any:
            found = members.__get__(shape, type(shape))
            return {key: one for key, one in found.items() if key != name} if shape.name == "Image" else found

        monkeypatch.setattr(botocore.model.StructureShape, "members", property(without))
        return
    real_check = image_use.require_operation

    class Without:
        """A client that has no such method."""

    def check(client: t.Any, operation: str, *, method: str) -> None:
        real_check(Without() if operation == name else client, operation, method=method)

    monkeypatch.setattr(image_use, "require_operation", check)


@pytest.mark.parametrize("code", ["AuthFailure", "InvalidParameterValue"])
@pytest.mark.parametrize(
    "action", ["DescribeImageReferences", "DescribeAutoScalingGroups", "DescribeLockedSnapshots", "GetParameterHistory"]
)
def test_any_error_is_something_not_known(
    usage: Usage, emulator: Emulator, idle: list[str], action: str, code: str
) -> None:
    emulator.faults.add("error", action=action, code=code, status=400)
    entry = usage(idle[1])
    assert entry["in_use"] is None
    assert len(entry["unknown"]) == 1
