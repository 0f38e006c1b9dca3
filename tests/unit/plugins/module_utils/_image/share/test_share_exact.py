# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of sharing at its edges, and each word of what is said: texts of AWS are other objects than ours."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._argspec import SHARE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.share.changes import (
    Change,
    Changes,
    changes_of,
    without_kept,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.share.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.share.planner import SharePlan, once_each, plan_sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.share.request import ShareRequest, parse_share_request
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetTags,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    HOME,
    KEY_A,
    SOURCE_ID,
    a_key,
    an_image,
    fresh,
    snapshots_of,
)

FRIEND, STRANGER = "210987654321", "111122223333"
BELOW, ABOVE = f"{SOURCE_ID[:-1]}0", f"{SOURCE_ID[:-1]}2"
IMAGE = an_image(sda1=KEY_A, sdf=None)
PLAIN = an_image(sda1=None, sdf=None)
ROOT, DATA = IMAGE.snapshot_ids
STATES = ("available", "aborted", "deregistered", "disabled", "error", "failed", "invalid", "pending", "transient")
ABSENT = {"state": "absent"}
LAUNCH = {"purpose": "launch"}
PURGE = {"purge_launch_permissions": True}


def who(*user_ids: str, **groups: t.Iterable[str]) -> LaunchPermissions:
    """Return permissions of these accounts and groups."""
    return LaunchPermissions(user_ids=frozenset(user_ids), **{name: frozenset(them) for name, them in groups.items()})


F, S, ALL = who(FRIEND), who(STRANGER), who(group_names=["all"])


def organization(partition: str = "aws", name: str = "o-5555555555") -> str:
    """Return the ARN of an organization."""
    return f"arn:{partition}:organizations::999999999999:organization/{name}"


def unit(partition: str = "aws", name: str = "o-5555555555") -> str:
    """Return the ARN of a unit of an organization."""
    return f"arn:{partition}:organizations::999999999999:ou/{name}/ou-ab12-34567890"


def ask(**given: t.Any) -> ShareRequest:
    """Return a request as the module parses it."""
    options = {name: spec.get("default") for name, spec in SHARE_ARGUMENTS.items()}
    asked = {"image_ids": [SOURCE_ID], "purpose": "copy", "launch_permissions": {"user_ids": [FRIEND]}}
    return parse_share_request({**options, **asked, **given}, default_region=HOME)


def plan(
    request: ShareRequest, image: LaunchPermissions = NOBODY, root: LaunchPermissions = NOBODY, *,
    of: Image = IMAGE, partition: str = "aws", **facts: t.Any,
) -> SharePlan:  # fmt: skip
    """Plan for an image and its root snapshot, with everything known."""
    present = Sharing(image, {**dict.fromkeys(of.snapshot_ids, NOBODY), ROOT: root})
    known: dict[str, t.Any] = {"snapshots": snapshots_of(of), "keys": {KEY_A: a_key()}, **facts}
    return plan_sharing(request, fresh(of), present, changes_of(request, of, present), Facts(partition, **fresh(known)))


def refusal(*args: t.Any, **facts: t.Any) -> str:
    """Return the words with which the plan is refused; none where it is not."""
    try:
        plan(*args, **facts)
    except PreflightError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("state", STATES)
def test_what_each_state_allows(state: str) -> None:
    """Only available images are shared; taking back has to wait until what is shared of it can be seen."""
    image = dataclasses.replace(IMAGE, state=state)
    assert bool(refusal(ask(), of=image)) is (state != "available")
    assert bool(refusal(ask(**ABSENT), F, F, of=image)) is (state == "pending")


def test_the_remedy_is_a_sentence() -> None:
    said = refusal(ask(), of=dataclasses.replace(IMAGE, state="pending"))
    assert said == (
        f"image {SOURCE_ID} in {HOME} is pending; AWS shares available images only. Wait until it is available"
    )


@pytest.mark.parametrize("of", [organization, unit])
@pytest.mark.parametrize(
    ("named", "own"), [("aws", "aws"), ("aws-cn", "aws"), ("aws", "aws-cn"), ("aws-cn", "aws-cn"), ("aws-cn", "aws-us")]
)
def test_images_stay_in_their_partition(of: t.Callable[[str], str], named: str, own: str) -> None:
    arn = of(named)
    request = ask(**LAUNCH, launch_permissions={"org_arns" if of is organization else "org_unit_arns": [arn]})
    said = refusal(request, partition=fresh(own))
    assert bool(said) is (named != own)
    assert not said or f"names {arn} of partition {named}, but {HOME} is in partition {own}" in said


@pytest.mark.parametrize(
    ("given", "held", "refused"),
    [
        pytest.param({}, F, True, id="everybody has it, but what a snapshot forbids is not known"),
        pytest.param(LAUNCH, F, False, id="nothing to give, and no snapshot takes part"),
        pytest.param(LAUNCH, NOBODY, True, id="to be given"),
        pytest.param(ABSENT, F, False, id="to be taken"),
        pytest.param({**LAUNCH, **ABSENT}, F, False, id="to be taken of the image"),
        pytest.param({**LAUNCH, "record": True}, F, True, id="it may have a record"),
        pytest.param({**ABSENT, "record": True}, F, True, id="its record may name somebody else"),
    ],
)
def test_hidden_snapshots_are_no_matter_where_nothing_rests_on_them(
    given: dict[str, t.Any], held: LaunchPermissions, refused: bool
) -> None:
    shown = snapshots_of(IMAGE)
    for hidden in (ROOT, DATA):
        rest = {one: snapshot for one, snapshot in shown.items() if one != hidden}
        said = refusal(ask(**given), held, held, snapshots=rest)
        assert (f"does not show {hidden} to this account" in said) is refused


def test_snapshots_of_other_images_are_no_matter() -> None:
    others = snapshots_of(an_image(COPY_ID, sda1=KEY_A))
    assert not refusal(ask(), snapshots={**snapshots_of(IMAGE), **others})


@pytest.mark.parametrize("tier", ["archive", "standard", "another"])
def test_archived_snapshots_are_not_shared(tier: str) -> None:
    """Neither lesser nor greater texts are: AWS may name further tiers."""
    snapshots = snapshots_of(IMAGE, storage_tier=tier)
    assert ("is archived" in refusal(ask(), snapshots=snapshots)) is (tier == "archive")
    # Who may launch an image reads no snapshot of it.
    assert not refusal(ask(**LAUNCH), snapshots=snapshots)


@pytest.mark.parametrize(("manager", "refused"), [("AWS", True), ("CUSTOMER", False)])
def test_the_aws_managed_key_keeps_its_snapshots(manager: str, refused: bool) -> None:
    assert ("AWS managed key" in refusal(ask(), keys={KEY_A: a_key(manager=manager)})) is refused


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        pytest.param({KEY_A: a_key(state="Disabled")}, ["is Disabled"], id="disabled"),
        pytest.param({KEY_A: a_key(state="PendingDeletion")}, ["is PendingDeletion"], id="to be deleted"),
        pytest.param({KEY_A: a_key(state="Updating")}, [], id="usable all the same"),
        pytest.param({KEY_A: None}, [], id="KMS does not tell"),
        pytest.param({}, [], id="not asked"),
    ],
)
def test_a_key_that_nobody_can_use_is_named(keys: dict[str, t.Any], said: list[str]) -> None:
    warnings = plan(ask(), keys=keys).warnings
    assert len(warnings) == len(said)
    assert all(f"KMS key {KEY_A} of image {SOURCE_ID} in {HOME} {words}" in warnings[0] for words in said)
    assert plan(ask(), F, F, of=dataclasses.replace(IMAGE, devices=IMAGE.devices[:1]), keys=keys).warnings == ()
    assert plan(ask(**ABSENT), F, F, keys=keys).warnings == ()


def test_the_group_of_everybody_on_a_snapshot_gives_copies_not_launches() -> None:
    assert "through group all on " in refusal(ask(**ABSENT), F, F.plus(ALL), of=PLAIN)
    assert not refusal(ask(**ABSENT, **LAUNCH), F, F.plus(ALL), of=PLAIN)


@pytest.mark.parametrize(
    ("name", "covered"), [("o-4444444444", False), ("o-5555555555", True), ("o-6666666666", False)]
)
def test_an_organization_covers_its_own_units_alone(name: str, covered: int) -> None:
    request = ask(**ABSENT, **LAUNCH, launch_permissions={"org_unit_arns": [unit()]})
    said = refusal(request, who(org_arns=[organization(name=name)], org_unit_arns=[unit()]))
    assert ("keeps access" in said) == covered


OPEN: dict[str, tuple[dict[str, t.Any], LaunchPermissions, LaunchPermissions, str]] = {
    "to whom loses the image": ({**ABSENT, **LAUNCH}, F, F.plus(S), FRIEND),
    "to whom lost it before": ({**ABSENT, **LAUNCH}, NOBODY, F, FRIEND),
    "to everybody": ({**ABSENT, **LAUNCH, "launch_permissions": {"group_names": ["all"]}}, ALL, F.plus(ALL), "all"),
    "to both": (
        {**ABSENT, **LAUNCH, "launch_permissions": {"user_ids": [FRIEND], "group_names": ["all"]}},
        NOBODY, F.plus(ALL), f"{FRIEND}, all",
    ),
    "to whom is purged": ({**LAUNCH, **PURGE}, S, F.plus(S), STRANGER),
    "to whom nothing is taken from": ({**LAUNCH, **PURGE}, F, F.plus(S), ""),
    "to whom is not asked about": ({**ABSENT, **LAUNCH}, F, S, ""),
    "to nobody": ({**ABSENT, **LAUNCH}, F, NOBODY, ""),
    "to nobody any more": (ABSENT, F, F, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", OPEN)
def test_a_snapshot_that_stays_open_is_named(case: str) -> None:
    given, image, root, names = OPEN[case]
    warnings = plan(ask(**given), image, root, of=PLAIN).warnings
    words = f"{names} may still create volumes from snapshot {ROOT} of image {SOURCE_ID} in {HOME} and copy it"
    assert [one.startswith(words) for one in warnings] == ([True] if names else [])


RECORD = {"record": True}
REASONS: dict[str, tuple[dict[str, t.Any], LaunchPermissions, str]] = {
    "given": ({}, NOBODY, "permissions that are asked for are missing"),
    "there": (LAUNCH, F, "everybody has what is asked for already"),
    "purged": ({**LAUNCH, **PURGE}, F.plus(S), "permissions are there that purge_launch_permissions takes"),
    "both": (
        {**LAUNCH, **PURGE}, S,
        "permissions that are asked for are missing and permissions are there that purge_launch_permissions takes",
    ),
    "taken": (ABSENT, F, "what launch_permissions names is taken back"),
    "gone": (ABSENT, S, "nobody has what is to be taken back"),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_the_reason_is_what_was_found(case: str) -> None:
    given, held, reason = REASONS[case]
    assert plan(ask(**given), held, held).reason == reason


def recorded(image: Image, request: ShareRequest) -> tuple[Image, dict[str, t.Any]]:
    """Return the image and its snapshots with the record that a run has made on them."""
    tags = {one: step.add for step in plan(request, of=image).steps if isinstance(step, SetTags)
            for one in step.resource_ids}  # fmt: skip
    snapshots = {one: dataclasses.replace(each, tags=tags[one]) for one, each in snapshots_of(image).items()}
    return dataclasses.replace(image, tags=tags[image.image_id]), snapshots


def test_a_record_is_written_before_and_struck_out_after() -> None:
    """A run may be killed between any two calls; whatever it gave has to be on record then."""
    give, take = ask(**RECORD), ask(**RECORD, **ABSENT, launch_permissions=None)
    kinds = [type(step) for step in plan(give).steps]
    assert kinds == [SetTags] * 3 + [ModifySnapshotPermissions] * 2 + [ModifyLaunchPermissions]
    image, snapshots = recorded(IMAGE, give)
    request = dataclasses.replace(take, given={SOURCE_ID: Sharing(F, {ROOT: F, DATA: F})})
    found = plan(request, F, F, of=image, snapshots=snapshots)
    assert [type(step) for step in found.steps] == [
        ModifyLaunchPermissions, ModifySnapshotPermissions, SetTags, SetTags, SetTags
    ]  # fmt: skip
    assert found.reason == "what the record names is taken back"
    assert all(step.remove and not step.add for step in found.steps if isinstance(step, SetTags))


def test_a_record_of_what_is_gone_is_struck_out() -> None:
    image, snapshots = recorded(IMAGE, ask(**RECORD))
    request = dataclasses.replace(
        ask(**RECORD, **ABSENT, launch_permissions=None), given={SOURCE_ID: Sharing(F, {ROOT: F})}
    )
    found = plan(request, of=image, snapshots=snapshots)
    assert {type(step) for step in found.steps} == {SetTags} and not found.changes
    assert found.reason == "the record names accounts that have nothing of it any more"


def test_what_a_run_gave_is_taken_back_by_its_result() -> None:
    entry = {"image_id": SOURCE_ID, "region": HOME, "given": {"user_ids": [FRIEND]}, "snapshots": []}
    request = ask(given=[entry], image_ids=None, purpose=None, launch_permissions=None, state="absent")
    assert plan(request, F).reason == "what given names is taken back"


def test_two_images_of_one_snapshot_record_it_once() -> None:
    other = dataclasses.replace(IMAGE, image_id=COPY_ID)
    first, second = once_each([plan(ask(**RECORD)), plan(ask(**RECORD), of=other)])
    written = [[step.resource_ids[0] for step in one.steps if isinstance(step, SetTags)] for one in (first, second)]
    assert written == [[SOURCE_ID, ROOT, DATA], [COPY_ID]]
    given = [[type(step) for step in one.steps if not isinstance(step, SetTags)] for one in (first, second)]
    assert given == [[ModifySnapshotPermissions, ModifySnapshotPermissions, ModifyLaunchPermissions]] * 2


def test_groups_and_accounts_are_given_as_what_they_are() -> None:
    request = ask(launch_permissions={"user_ids": [FRIEND], "group_names": ["all"]})
    steps = plan(request, of=PLAIN).steps
    assert [getattr(step, "add", None) for step in steps] == [F.plus(ALL)] * 3


@pytest.mark.parametrize("order", [(ROOT, DATA), (DATA, ROOT)])
@pytest.mark.parametrize("kept", [ROOT, DATA])
def test_only_the_snapshot_that_another_image_uses_stays(order: tuple[str, str], kept: str) -> None:
    part = tuple(one for one in IMAGE.devices if one.snapshot_id == kept)
    for image_id in (BELOW, ABOVE):
        other = dataclasses.replace(IMAGE, image_id=image_id, devices=part)
        changes = Changes(snapshots={one: Change(take=F) for one in order})
        found = without_kept(changes, IMAGE, [(other, F), (fresh(IMAGE), F)], belongs=lambda _account, _arn: None)
        assert found.snapshots == {one: Change(take=NOBODY if one == kept else F) for one in order}
        assert found.kept == {(kept, FRIEND): (image_id,)}


@pytest.mark.parametrize(
    ("held", "left"),
    [
        pytest.param(F, ALL, id="the account has another image"),
        pytest.param(ALL, NOBODY, id="everybody has"),
        pytest.param(S, F.plus(ALL), id="somebody else has"),
    ],
)
def test_everybody_and_an_account_are_told_apart(held: LaunchPermissions, left: LaunchPermissions) -> None:
    other = dataclasses.replace(PLAIN, image_id=COPY_ID)
    changes = Changes(snapshots={ROOT: Change(take=F.plus(ALL))})
    found = without_kept(changes, PLAIN, [(other, held)], belongs=lambda _account, _arn: None)
    assert found.snapshots == {ROOT: Change(take=left)}


def test_a_change_of_either_is_a_change() -> None:
    assert Changes(Change(F)) and Changes(snapshots={ROOT: Change(take=F)})
    assert not Changes(snapshots={ROOT: Change()})
