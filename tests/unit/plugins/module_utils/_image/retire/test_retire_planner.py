# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image is due for which step, by its group, its age and what is known of it; and what a record holds."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._argspec_retire import RETIRE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.disabling import from_record, is_damaged, to_record
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.groups import sort_images
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.model import Decision
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.planner import (
    decide,
    decide_early,
    over_limit,
    require_known,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.request import (
    RetireRequest,
    parse_retire_request,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DisableImage
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text
from ansible_collections.sealed.ami.plugins.module_utils._image.use import Reason, Use

HOUR, DAY = 3600.0, 86400.0
NOW = 1_800_000_000.0
OTHER = LaunchPermissions(user_ids=frozenset({"210987654321"}))
PUBLIC = LaunchPermissions(group_names=frozenset({"all"}))


def an_id(number: int) -> str:
    """Return the id of an image."""
    return f"ami-{number:017x}"


def an_image(number: int, *, age: float, **changes: t.Any) -> Image:
    """Return an image of the web family, so many days old."""
    tags = {"Family": "web", **changes.pop("tags", {})}
    made = to_text(NOW - age * DAY)
    return Image(an_id(number), "us-east-1", name=f"web-{number}", creation_date=made, tags=tags, **changes)


def a_request(**options: t.Any) -> RetireRequest:
    """Return a request with the module's defaults for all that is not given."""
    defaults = {name: spec.get("default") for name, spec in RETIRE_ARGUMENTS.items()}
    keep = {name: spec.get("default") for name, spec in RETIRE_ARGUMENTS["keep"]["options"].items()}
    given = {"filters": {"name": "web-*"}, "group_by": "tag:Family", **options}
    given["keep"] = {**keep, **{"newest": 1}, **given.get("keep", {})}
    request = parse_retire_request({**defaults, **given}, default_region="us-east-1")
    assert isinstance(request, RetireRequest)
    return request


def a_use(image: Image, in_use: bool | None = False) -> Use:
    """Return a verdict."""
    reasons = (Reason("references", "instance i-1"),) if in_use else ()
    unknown = ("a report is pending",) if in_use is None else ()
    return Use(image.image_id, image.region, in_use, reasons, unknown, as_of=to_text(NOW - DAY))


def decided(
    images: t.Sequence[Image],
    request: RetireRequest,
    *,
    in_use: bool | None = False,
    permissions: LaunchPermissions = NOBODY,
    copied: t.Collection[str] = (),
    now: float = NOW,
) -> dict[str, Decision]:
    """Return the decision on each image by its name."""
    found = {}
    for one in sort_images(images, copied, request, now=now):
        early = decide_early(one, request, now=now)
        use = a_use(one.image, in_use)
        found[one.image.name] = early or decide(one, use, permissions, request, now=now)
    return found


FOUR = [an_image(number, age=100 - 10 * number) for number in range(1, 5)]


def actions(decisions: t.Mapping[str, Decision]) -> str:
    """Return the first letters of the actions, in the order of the names."""
    return "".join(decisions[name].action[0] for name in sorted(decisions))


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({"newest": 1}, "dddk"),
        ({"newest": 3}, "dkkk"),
        ({"newest": 9}, "kkkk"),
        ({"newest": 1, "younger_than_days": 75}, "ddkk"),
        ({"newest": 1, "younger_than_days": 200}, "kkkk"),
    ],
)
def test_the_newest_and_the_young_stay(keep: dict[str, int], expected: str) -> None:
    assert actions(decided(FOUR, a_request(keep=keep))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "dkk", id="two places, two newest"),
        pytest.param({"tags": {"Keep": "true"}}, "kkk", id="kept for a tag takes no place"),
        pytest.param({"state": "disabled"}, "kku", id="disabled takes no place"),
        pytest.param({"state": "failed"}, "kkk", id="failed takes no place"),
        pytest.param({"state": "pending"}, "kkk", id="nor does a pending one"),
    ],
)
def test_only_what_can_be_launched_takes_a_place(changes: dict[str, t.Any], expected: str) -> None:
    """The image that changes is the newest but one; it is never less than two that stay."""
    images = [an_image(1, age=30), an_image(2, age=10), an_image(3, age=20, **changes)]
    assert actions(decided(images, a_request(keep={"newest": 2, "tags": {"Keep": "true"}}))) == expected


def test_groups_are_apart() -> None:
    images = [*FOUR, an_image(5, age=500, tags={"Family": "db"}), dataclasses.replace(an_image(6, age=600), tags={})]
    found = decided(images, a_request())
    assert actions(found) == "dddkkk"
    assert "newest of group 'db'" in found["web-5"].reason
    assert "no group" in found["web-6"].reason


def test_groups_are_captured_from_names() -> None:
    images = [dataclasses.replace(FOUR[0], name="db-1"), dataclasses.replace(FOUR[1], name="old"), *FOUR[2:]]
    found = decided(images, a_request(group_by="name:^(web|db)-"))
    assert {name: one.action for name, one in found.items()} == {
        "db-1": "kept", "old": "kept", "web-3": "deprecated", "web-4": "kept",
    }  # fmt: skip
    assert [found["db-1"].group, found["old"].group] == ["db", None]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"tags": {"aws:backup:source-resource": "i-1"}}, "AWS Backup", id="AWS Backup"),
        pytest.param({"tags": {"aws:dlm:lifecycle-policy-id": "p"}}, "Data Lifecycle Manager", id="DLM"),
        pytest.param({"tags": {"Ec2ImageBuilderArn": "arn"}}, "Image Builder", id="Image Builder"),
        pytest.param({"name": "AwsBackup_i-1_x"}, "AWS Backup", id="AWS Backup by its name"),
        pytest.param({"owner_alias": "aws-backup-vault"}, "AWS Backup", id="AWS Backup by its owner"),
        pytest.param({"state": "pending"}, "pending", id="pending"),
        pytest.param({"state": "failed"}, "failed", id="failed"),
        pytest.param({"state": "of tomorrow"}, "of tomorrow", id="a state not known here"),
    ],
)
def test_what_is_never_touched(changes: dict[str, t.Any], words: str) -> None:
    tags = {"Family": "web", **changes.get("tags", {})}
    image = dataclasses.replace(FOUR[0], **{**changes, "tags": tags})
    kept = decided([image, FOUR[3]], a_request())[image.name]
    assert (kept.action, kept.steps) == ("kept", ())
    assert words in kept.reason


def test_an_image_of_unknown_age_stays() -> None:
    image = dataclasses.replace(FOUR[0], creation_date="")
    found = decided([image, FOUR[3]], a_request())[image.name]
    assert (found.action, "when it was made" in found.reason) == ("kept", True)


def test_the_source_of_a_pending_copy_stays() -> None:
    found = decided(FOUR, a_request(), copied={FOUR[0].image_id})
    assert (actions(found), "pending" in found["web-1"].reason) == ("kddk", True)


def test_the_named_images_alone_change_and_all_count() -> None:
    assert actions(decided(FOUR, a_request(image_ids=[an_id(2), an_id(4)]))) == "kdkk"


@pytest.mark.parametrize(
    ("in_use", "permissions", "keep", "expected"),
    [
        pytest.param(False, NOBODY, {}, "deprecated", id="unused"),
        pytest.param(True, NOBODY, {}, "kept", id="used"),
        pytest.param(None, NOBODY, {}, "kept", id="not known"),
        pytest.param(False, OTHER, {}, "deprecated", id="shared"),
        pytest.param(False, OTHER, {"shared": True}, "kept", id="shared and kept"),
        pytest.param(False, PUBLIC, {}, "kept", id="public"),
        pytest.param(False, PUBLIC, {"public": False}, "deprecated", id="public and not kept"),
    ],
)
def test_use_and_permissions_keep(
    in_use: bool | None, permissions: LaunchPermissions, keep: dict[str, bool], expected: str
) -> None:
    found = decided(FOUR, a_request(keep=keep), in_use=in_use, permissions=permissions)["web-1"]
    assert found.action == expected
    assert bool(found.steps) is (expected == "deprecated")


@pytest.mark.parametrize(
    ("since", "permissions", "after", "expected"),
    [
        pytest.param(-400 * DAY, NOBODY, 14, "deprecated", id="to be deprecated in a year"),
        pytest.param(0, NOBODY, 14, "waiting", id="now"),
        pytest.param(14 * DAY - 1, NOBODY, 14, "waiting", id="a second short"),
        pytest.param(14 * DAY, NOBODY, 14, "disabled", id="in time"),
        pytest.param(0, NOBODY, 0, "disabled", id="at once"),
        pytest.param(0, OTHER, 0, "waiting", id="at once, but shared"),
        pytest.param(48 * HOUR - 1, OTHER, 1, "waiting", id="shared, a second short of 48 hours"),
        pytest.param(48 * HOUR, OTHER, 1, "disabled", id="shared, after 48 hours"),
        pytest.param(400 * DAY, OTHER, 401, "waiting", id="by the longer of the two"),
    ],
)
def test_steps_wait_for_the_one_before(since: float, permissions: LaunchPermissions, after: int, expected: str) -> None:
    image = dataclasses.replace(FOUR[0], deprecation_time=to_text(NOW - since))
    found = decided([image, FOUR[3]], a_request(disable_after_days=after), permissions=permissions)["web-1"]
    assert found.action == expected
    assert bool(found.due) is (expected == "waiting")
    assert sum(isinstance(step, DisableImage) for step in found.steps) == (expected == "disabled")


def test_the_last_step_is_the_last() -> None:
    image = dataclasses.replace(FOUR[0], deprecation_time=to_text(NOW - 99 * DAY))
    found = decided([image, FOUR[3]], a_request(last_step="deprecate"))["web-1"]
    assert (found.action, found.steps) == ("unchanged", ())


@pytest.mark.parametrize("limit", [2, 3])
def test_more_than_the_limit_is_refused(limit: int) -> None:
    request = a_request(limit=limit)
    refusal = over_limit(decided(FOUR, request).values(), request)
    assert bool(refusal) is (limit < 3)


def test_unknown_use_can_be_refused() -> None:
    require_known(decided(FOUR, a_request(), in_use=True).values())
    with pytest.raises(PreflightError, match="report is pending"):
        require_known(decided(FOUR, a_request(), in_use=None).values())


ARNS = [f"arn:aws:organizations::123456789012:{kind}/o-exampleorgid" for kind in ("organization", "ou")]


@pytest.mark.parametrize("accounts", [0, 1, 17, 18, 19, 150])
def test_a_record_is_read_as_it_was_written(accounts: int) -> None:
    """The numbers are those at which a tag is just full, and one more."""
    permissions = LaunchPermissions(
        user_ids=frozenset(f"{number:012d}" for number in range(accounts)),
        group_names=frozenset({"all"}) if accounts % 2 else frozenset(),
        org_arns=frozenset(ARNS[:1] if accounts else ()),
        org_unit_arns=frozenset(ARNS[1:] if accounts > 1 else ()),
    )
    tags = to_record(an_id(1), permissions)
    assert tags is not None
    assert all(len(value) <= 256 for value in tags.values())
    assert len(tags) <= 10
    image = an_image(1, age=1, tags=tags)
    assert (from_record(image), is_damaged(image)) == (permissions, False)


def test_what_ten_tags_cannot_hold_is_kept() -> None:
    many = LaunchPermissions(user_ids=frozenset(f"{number:012d}" for number in range(300)))
    assert to_record(an_id(1), many) is None
    image = dataclasses.replace(FOUR[0], deprecation_time=to_text(NOW - 99 * DAY))
    found = decided([image, FOUR[3]], a_request(), permissions=many)["web-1"]
    assert (found.action, found.steps) == ("kept", ())


@pytest.mark.parametrize(
    ("value", "damaged"),
    [
        (f"{an_id(1)} 1 210987654321", False),
        (f"{an_id(2)} 1 210987654321", True),
        (f"{an_id(1)} 2 210987654321", True),
        (f"{an_id(1)} 1 everybody", True),
        (f"{an_id(1)} 2 all all", True),
        (f"{an_id(1)} x all", True),
        (an_id(1), True),
        ("", True),
    ],
)
def test_a_record_that_is_not_whole_counts_for_nothing(value: str, damaged: bool) -> None:
    image = an_image(1, age=1, tags={"sealed.ami:launch-permissions-1": value})
    assert (from_record(image) is None, is_damaged(image)) == (damaged, damaged)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"filters": None}, "needs filters", id="no filters"),
        pytest.param({"filters": {}}, "needs filters", id="empty filters"),
        pytest.param({"filters": {"name": []}}, "needs a value", id="a filter without a value"),
        pytest.param({"group_by": ""}, "needs group_by", id="no group"),
        pytest.param({"group_by": "Family"}, "neither tag:KEY nor", id="no kind of group"),
        pytest.param({"group_by": "tag:"}, "neither tag:KEY nor", id="no tag"),
        pytest.param({"group_by": "name:(web"}, "not a regular expression", id="not a regular expression"),
        pytest.param({"group_by": "name:web"}, "0 capturing groups", id="captures nothing"),
        pytest.param({"group_by": "name:(a)(b)"}, "2 capturing groups", id="captures two"),
        pytest.param({"keep": {"newest": 0}}, "newest image of a group always stays", id="not even the newest"),
        pytest.param({"keep": {"younger_than_days": -1}}, "negative", id="a negative age"),
        pytest.param({"disable_after_days": -1}, "less than 0", id="a negative wait"),
        pytest.param({"limit": 0}, "less than 1", id="no limit"),
        pytest.param({"launched_within_days": 0}, "less than 1", id="launched never"),
        pytest.param({"image_ids": []}, "image_ids is empty", id="no images"),
        pytest.param({"image_ids": ["golden"]}, "not an image id", id="no id"),
        pytest.param({"undo": []}, "undo is for state=restored", id="undo of nothing"),
        pytest.param({"regions": ["mars"]}, "not a region code", id="no region"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        a_request(**options)
