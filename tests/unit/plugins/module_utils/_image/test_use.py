# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In use, not in use, not known: what the evidence comes to, and which usage report is enough."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.launch_sources import (
    Mention,
    Templates,
    TemplateUse,
    TemplateVersion,
    mentions_of_group,
    mentions_of_refresh,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.usage_reports import Report, enough, is_shared
from ansible_collections.sealed.ami.plugins.module_utils._image.use import Evidence, Reason, UseRequest

IMAGE, ANOTHER = "ami-00000000000000001", "ami-00000000000000002"
HOUR, NOW = 3600.0, 1_000_000.0
WHOLE = Report("amiur-1", IMAGE, "available", NOW - HOUR)


@pytest.mark.parametrize(
    ("found", "missed", "expected"),
    [
        pytest.param([], [], False, id="nothing"),
        pytest.param(["references"], [], True, id="use"),
        pytest.param([], [None], None, id="something not read of all"),
        pytest.param([], [IMAGE], None, id="not read of it"),
        pytest.param([], [ANOTHER], False, id="not read of another"),
        pytest.param(["reports"], [None, IMAGE], True, id="use, and something not read"),
        pytest.param(["locks", "snapshots"], [], False, id="what is left behind"),
        pytest.param(["locks"], [None], None, id="what is left behind, and something not read"),
    ],
)
def test_evidence_comes_to_a_verdict(found: list[str], missed: list[str | None], expected: bool | None) -> None:
    evidence = Evidence()
    for source in found:
        evidence.add(IMAGE, Reason(source, "words"))
        evidence.add(IMAGE, Reason(source, "words"))
    for one in missed:
        evidence.miss("sentence", None if one is None else [one])
    use = evidence.judge(IMAGE, "eu-west-1", last_launched_time=None, as_of="2026-11-25T12:00:00Z")
    assert use.in_use is expected
    assert [one.source for one in (*use.reasons, *use.holds)] == found
    assert len(use.unknown) == len([one for one in missed if one != ANOTHER])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "", id="enough"),
        pytest.param({"created": NOW - 24 * HOUR}, "", id="just young enough"),
        pytest.param({"created": NOW - 25 * HOUR}, "25 hours old", id="too old"),
        pytest.param({"state": "pending"}, "is pending", id="pending"),
        pytest.param({"state": "error", "reason": "so"}, "so", id="error"),
        pytest.param({"state": "later"}, "in the state later", id="a new state"),
        pytest.param({"types": frozenset({"ec2:Instance"})}, "ec2:LaunchTemplate", id="instances alone"),
        pytest.param({"version_depth": 20}, "looks at 20 versions", id="shallow"),
        pytest.param({"account_ids": frozenset({"1"})}, "accounts 1 alone", id="some accounts"),
    ],
)
def test_a_report_has_to_answer_the_whole_question(changes: dict[str, t.Any], words: str) -> None:
    report, why = enough([dataclasses.replace(WHOLE, **changes)], UseRequest(), NOW)
    assert (report is not None) is (not words)
    assert words in why


def test_any_report_that_is_enough_will_do() -> None:
    newer = dataclasses.replace(WHOLE, report_id="amiur-2", state="pending", created=NOW)
    assert enough([newer, WHOLE], UseRequest(), NOW) == (WHOLE, "")
    assert "there is no usage report" in enough([], UseRequest(), NOW)[1]


@pytest.mark.parametrize(
    ("on", "asked", "is_enough"),
    [({"1", "2"}, ("1",), True), ({"1"}, ("1", "2"), False), (set(), ("1",), True), ({"1"}, (), False)],
)
def test_a_report_on_some_accounts_is_enough_for_those(on: set[str], asked: tuple[str, ...], is_enough: bool) -> None:
    report = dataclasses.replace(WHOLE, account_ids=frozenset(on))
    assert (enough([report], UseRequest(account_ids=asked), NOW)[0] is not None) is is_enough


@pytest.mark.parametrize(
    ("permissions", "asked", "shared"),
    [
        pytest.param(LaunchPermissions(), (), False, id="nobody"),
        pytest.param(LaunchPermissions(user_ids=frozenset({"1"})), (), True, id="an account"),
        pytest.param(LaunchPermissions(user_ids=frozenset({"1"})), ("2",), False, id="another account"),
        pytest.param(LaunchPermissions(group_names=frozenset({"all"})), ("2",), True, id="everybody"),
        pytest.param(LaunchPermissions(org_arns=frozenset({"arn"})), ("2",), True, id="an organization"),
        pytest.param(LaunchPermissions(org_unit_arns=frozenset({"arn"})), ("2",), True, id="a unit"),
    ],
)
def test_who_is_in_an_organization_is_not_known(
    permissions: LaunchPermissions, asked: tuple[str, ...], shared: bool
) -> None:
    assert is_shared(permissions, UseRequest(account_ids=asked)) is shared


VERSIONS = [
    TemplateVersion("lt-1", "web", 3, "new"),
    TemplateVersion("lt-1", "web", 1, "old", is_default=True),
    TemplateVersion("lt-2", "db", 10, "db", is_default=True),
]


@pytest.mark.parametrize(
    ("use", "number"),
    [
        (TemplateUse("lt-1", "", "$Default"), 1),
        (TemplateUse("lt-1", "web", "$Latest"), 3),
        (TemplateUse("", "web"), 1),
        (TemplateUse("", "db", "$Latest"), 10),
        (TemplateUse("lt-1", "", "2"), None),
        (TemplateUse("lt-9", ""), None),
    ],
)
def test_versions_are_found_as_they_are_named(use: TemplateUse, number: int | None) -> None:
    found = Templates(VERSIONS).find(use)
    assert (found.number if found else None) == number


def test_templates_mention_their_default_and_newest_images() -> None:
    assert sorted(one.image for one in Templates(VERSIONS).mentions()) == ["db", "db", "new", "old"]


TEMPLATE = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": "2"}


def test_a_group_mentions_all_that_it_may_launch() -> None:
    launch = {
        "LaunchTemplateSpecification": TEMPLATE,
        "Overrides": [{"ImageId": "a"}, {"LaunchTemplateSpecification": {}}],
    }
    group = {
        "AutoScalingGroupName": "g",
        "MixedInstancesPolicy": {"LaunchTemplate": launch},
        "Instances": [{"ImageId": "b"}],
    }
    found = mentions_of_group(group)
    assert [one.template for one in found] == [TemplateUse("lt-1", "web", "2"), None, None]
    assert [one.image for one in found] == ["", "a", "b"]
    assert mentions_of_group({"LaunchTemplate": TEMPLATE})[0].template == TemplateUse("lt-1", "web", "2")


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        *[
            (one, True)
            for one in ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking", "of tomorrow")
        ],
        *[(one, False) for one in ("Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")],
    ],
)
def test_a_refresh_counts_until_it_is_over(status: str, counts: bool) -> None:
    refresh = {"Status": status, "DesiredConfiguration": {"LaunchTemplate": TEMPLATE}}
    found: list[Mention] = mentions_of_refresh({"AutoScalingGroupName": "g"}, refresh)
    assert len(found) == counts
