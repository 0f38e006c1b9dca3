# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets and loses what: the difference, the order of the calls, what is refused, and what is said."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._argspec import SHARE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image, Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import may_take_named
from ansible_collections.sealed.ami.plugins.module_utils._image.share.changes import (
    Change,
    Changes,
    changes_by,
    changes_of,
    without_kept,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.share.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.share.planner import (
    SharePlan,
    action_of,
    plan_sharing,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.share.request import ShareRequest, parse_share_request
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetTags,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    ACCOUNT,
    COPY_ID,
    HOME,
    KEY_A,
    SOURCE_ID,
    a_key,
    an_image,
    snapshots_of,
)

FRIEND, STRANGER, THIRD = "210987654321", "111122223333", "444455556666"
ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
OTHER_ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-9876543210"
UNIT = "arn:aws:organizations::999999999999:ou/o-0123456789/ou-ab12-34567890"
IMAGE = an_image(sda1=KEY_A, sdf=None)
PLAIN = an_image(sda1=None)
ROOT, DATA = IMAGE.snapshot_ids


def who(*user_ids: str, **groups: t.Iterable[str]) -> LaunchPermissions:
    """Return permissions of these accounts and groups."""
    return LaunchPermissions(user_ids=frozenset(user_ids), **{name: frozenset(them) for name, them in groups.items()})


def ask(**given: t.Any) -> ShareRequest:
    """Return a request as the module parses it."""
    options = {name: spec.get("default") for name, spec in SHARE_ARGUMENTS.items()}
    asked = {"image_ids": [SOURCE_ID], "purpose": "copy", "launch_permissions": {"user_ids": [FRIEND]}}
    return parse_share_request({**options, **asked, **given}, default_region=HOME)


def shared(
    image: LaunchPermissions = NOBODY, root: LaunchPermissions = NOBODY, data: LaunchPermissions = NOBODY
) -> Sharing:
    """Return the permissions on the image and its two snapshots."""
    return Sharing(image, {ROOT: root, DATA: data})


def plan(request: ShareRequest, present: Sharing, *, image: Image = IMAGE, **facts: t.Any) -> SharePlan:
    """Plan for the image, with everything known."""
    known: dict[str, t.Any] = {"snapshots": snapshots_of(image), "keys": {KEY_A: a_key()}, **facts}
    changes = changes_of(request, image, present)
    return plan_sharing(request, image, present, changes, Facts("aws", **known))


def names(some: LaunchPermissions) -> list[str]:
    """Return everybody who is named."""
    return [one for listed in some.to_dict().values() for one in listed]


def permissions(found: SharePlan) -> list[ModifyLaunchPermissions | ModifySnapshotPermissions]:
    """Return the calls of a plan that give or take, which without record are all."""
    steps = [step for step in found.steps if not isinstance(step, SetTags)]
    assert len(steps) == len(found.steps)
    return steps


def told(found: SharePlan) -> list[tuple[str, list[str], list[str]]]:
    """Return the calls of a plan: on what, who is added, who is removed."""
    return [
        (
            step.snapshot_id if isinstance(step, ModifySnapshotPermissions) else "image",
            names(step.add),
            names(step.remove),
        )
        for step in permissions(found)
    ]


ABSENT = {"state": "absent"}
PURGE = {"purge_launch_permissions": True}
F, S = who(FRIEND), who(STRANGER)
DIFFERENCES: dict[str, tuple[dict[str, t.Any], Sharing, list[t.Any]]] = {
    "all": ({}, shared(), [(ROOT, [FRIEND], []), (DATA, [FRIEND], []), ("image", [FRIEND], [])]),
    "nothing": ({}, shared(F, F, F), []),
    "one snapshot": ({}, shared(F, F), [(DATA, [FRIEND], [])]),
    "the image": ({}, shared(S, F, F), [("image", [FRIEND], [])]),
    "launch": ({"purpose": "launch"}, shared(), [("image", [FRIEND], [])]),
    "launch, purged": ({"purpose": "launch", **PURGE}, shared(S, S, S), [("image", [FRIEND], [STRANGER])]),
    "purged": (
        PURGE, shared(S, S, F), [(ROOT, [FRIEND], []), ("image", [FRIEND], [STRANGER]), (ROOT, [], [STRANGER])],
    ),
    "taken": (
        ABSENT, shared(F.plus(S), F, F.plus(S)),
        [("image", [], [FRIEND]), (ROOT, [], [FRIEND]), (DATA, [], [FRIEND])],
    ),
    "taken for launch": ({**ABSENT, "purpose": "launch"}, shared(F, F, F), [("image", [], [FRIEND])]),
    "gone already": (ABSENT, shared(S, S, S), []),
    "the owner": ({"launch_permissions": {"user_ids": [ACCOUNT]}}, shared(), []),
    "the owner is purged by nobody": (
        {"launch_permissions": {"user_ids": [ACCOUNT]}, **PURGE}, shared(who(ACCOUNT)), [],
    ),
    "everybody loses it": ({"launch_permissions": {"user_ids": []}, **PURGE}, shared(F), [("image", [], [FRIEND])]),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENCES)
def test_only_the_difference(case: str) -> None:
    options, present, wanted = DIFFERENCES[case]
    found = plan(ask(**options), present)
    assert told(found) == wanted
    assert all((step.proof is not None) == bool(step.remove) for step in permissions(found))
    assert plan(ask(**options), found.after).steps == ()


def test_a_proof_is_for_parts_of_the_image_alone() -> None:
    assert may_take_named(IMAGE, ROOT).resource_id == ROOT
    with pytest.raises(ValueError, match="is no part of"):
        may_take_named(IMAGE, "snap-of-another")


def test_many_accounts_are_sent_in_parts() -> None:
    many = [f"{number:012}" for number in range(1, 902)]
    found = plan(ask(launch_permissions={"user_ids": many}), shared())
    assert [len(step.add.user_ids) for step in permissions(found)] == [500, 401, 500, 401, 901]
    assert changes_by(found.steps) == found.changes


REFUSED: dict[str, tuple[dict[str, t.Any], Image, dict[str, t.Any], str]] = {
    "hidden snapshot": ({}, IMAGE, {"snapshots": {}}, "does not show"),
    "hidden for launch": ({"purpose": "launch"}, IMAGE, {"snapshots": {}}, "does not show"),
    "no snapshot": ({}, an_image(), {}, "nothing to share"),
    "managed key": ({}, IMAGE, {"keys": {KEY_A: a_key(manager="AWS")}}, "AWS managed key"),
    "public and encrypted": (
        {"launch_permissions": {"group_names": ["all"]}}, IMAGE, {}, "never public",
    ),
    "public snapshot of unknown encryption": (
        {"launch_permissions": {"group_names": ["all"]}}, PLAIN,
        {"snapshots": {name: Snapshot(name, "completed", None) for name in PLAIN.snapshot_ids}}, "never public",
    ),
    "public and blocked": (
        {"launch_permissions": {"group_names": ["all"]}}, PLAIN, {"blocks": ("images: x",)}, "images: x",
    ),
    "pending": ({}, dataclasses.replace(IMAGE, state="pending"), {}, "wait"),
    "pending and absent": (ABSENT, dataclasses.replace(IMAGE, state="pending"), {}, "cannot be told"),
    "disabled": ({}, dataclasses.replace(IMAGE, state="disabled"), {}, "available images only"),
    "failed": ({}, dataclasses.replace(IMAGE, state="failed"), {}, "make the image again"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    options, image, facts, words = REFUSED[case]
    with pytest.raises(PreflightError, match=f"(?i){words}") as caught:
        plan(ask(**options), Sharing(NOBODY, dict.fromkeys(image.snapshot_ids, NOBODY)), image=image, **facts)
    assert image.image_id in str(caught.value)


def test_a_thousand_entities_are_the_most() -> None:
    full = who(*(f"{number:012}" for number in range(1, 998)), org_arns=[ORGANIZATION], org_unit_arns=[UNIT])
    assert full.count == 999
    assert plan(ask(purpose="launch"), shared(full)).steps
    with pytest.raises(PreflightError, match="1001"):
        plan(ask(purpose="launch"), shared(full.plus(S)))


VERDICTS: dict[str, tuple[dict[str, t.Any], LaunchPermissions, bool | None, str]] = {
    "member": ({}, who(org_arns=[ORGANIZATION]), True, "refused"),
    "not known": ({}, who(org_arns=[ORGANIZATION]), None, "warned"),
    "no member": ({}, who(org_arns=[ORGANIZATION]), False, "fine"),
    "unit": ({}, who(org_unit_arns=[UNIT]), True, "refused"),
    "public": ({}, who(group_names=["all"]), False, "refused"),
    "named too": ({"user_ids": [FRIEND], "org_arns": [ORGANIZATION]}, who(org_arns=[ORGANIZATION]), True, "fine"),
    "unit of the organization": ({"org_unit_arns": [UNIT]}, who(org_arns=[ORGANIZATION]), None, "refused"),
    "organization of a unit": ({"org_arns": [ORGANIZATION]}, who(org_unit_arns=[UNIT]), None, "warned"),
    "another organization": ({"org_arns": [ORGANIZATION]}, who(org_arns=[OTHER_ORGANIZATION]), None, "fine"),
    "an account that stays": ({"org_arns": [ORGANIZATION]}, S, None, "fine"),
}


@pytest.mark.parametrize("gone", [True, False], ids=["gone already", "there"])
@pytest.mark.parametrize("case", VERDICTS)
def test_who_is_still_covered(case: str, gone: bool) -> None:
    named, others, belongs, verdict = VERDICTS[case]
    request = ask(purpose="launch", launch_permissions=named or {"user_ids": [FRIEND]}, **ABSENT)
    present = shared(others if gone else others.plus(request.permissions))
    if verdict == "refused":
        with pytest.raises(PreflightError, match="keeps access"):
            plan(request, present, belongs=lambda _account, _arn: belongs)
        return
    found = plan(request, present, belongs=lambda _account, _arn: belongs)
    assert bool([one for one in found.warnings if "may still have access" in one]) == (verdict == "warned")


def test_what_a_run_gave_is_taken_from_whom_it_was_given() -> None:
    entry = {
        "image_id": SOURCE_ID, "region": HOME, "given": {"user_ids": [FRIEND]},
        "snapshots": [
            {"snapshot_id": ROOT, "given": {"user_ids": []}},
            {"snapshot_id": DATA, "given": {"user_ids": [THIRD]}},
        ],
    }  # fmt: skip
    request = ask(given=[entry], image_ids=None, purpose=None, launch_permissions=None, state="absent")
    everything = who(FRIEND, STRANGER, THIRD)
    present = shared(everything.plus(who(org_arns=[ORGANIZATION])), everything, everything)
    found = plan(request, present, belongs=lambda _account, _arn: True)
    assert told(found) == [("image", [], [FRIEND]), (DATA, [], [THIRD])]


NEEDS: dict[str, tuple[LaunchPermissions, bool | None, bool]] = {
    "named": (F, None, True),
    "public": (who(group_names=["all"]), None, True),
    "member": (who(org_arns=[ORGANIZATION]), True, True),
    "member of a unit": (who(org_unit_arns=[UNIT]), True, True),
    "no member": (who(org_arns=[ORGANIZATION]), False, False),
    "who knows": (who(org_arns=[ORGANIZATION]), None, False),
    "another account": (who(THIRD), None, False),
    "nobody": (NOBODY, None, False),
}


@pytest.mark.parametrize("case", NEEDS)
def test_a_snapshot_stays_with_whom_another_image_needs(case: str) -> None:
    permissions, belongs, stays = NEEDS[case]
    other = dataclasses.replace(IMAGE, image_id=COPY_ID)
    changes = Changes(snapshots={ROOT: Change(S, F), DATA: Change(take=F)})
    users = [(other, permissions), (IMAGE, F), (an_image("ami-of-other-snapshots", sda1=KEY_A), F)]
    found = without_kept(changes, IMAGE, users, belongs=lambda _account, _arn: belongs)
    left = NOBODY if stays else F
    assert found.snapshots == {ROOT: Change(S, left), DATA: Change(take=left)}
    assert found.kept == ({(ROOT, FRIEND): (COPY_ID,), (DATA, FRIEND): (COPY_ID,)} if stays else {})


def test_a_snapshot_stays_public_for_another_public_image() -> None:
    everybody = who(group_names=["all"])
    changes = Changes(snapshots={ROOT: Change(take=everybody)})
    other = dataclasses.replace(IMAGE, image_id=COPY_ID)
    for permissions, stays in ((everybody, True), (F, False), (who(org_arns=[ORGANIZATION]), False)):
        found = without_kept(changes, IMAGE, [(other, permissions)], belongs=lambda _account, _arn: True)
        assert bool(found.kept) == stays


def test_the_action_says_what_was_done() -> None:
    give, take = Change(give=F), Change(take=S)
    assert action_of(Changes()) == "unchanged"
    assert action_of(Changes(give)) == action_of(Changes(snapshots={ROOT: give})) == "shared"
    assert action_of(Changes(take)) == action_of(Changes(snapshots={ROOT: take})) == "unshared"
    assert action_of(Changes(give, {ROOT: take})) == action_of(Changes(take, {ROOT: give})) == "updated"


def test_only_what_came_about_is_said_to_be_done() -> None:
    changes = changes_of(ask(**PURGE), IMAGE, shared(S, S, S))
    now = shared(F.plus(who(THIRD)), F.plus(S), S)
    assert changes.seen_in(shared(S, S, S), now) == Changes(Change(F, S), {ROOT: Change(F), DATA: Change()})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"regions": []}, None),
        ({"tags": {"a": 1}, "image_ids": None}, None),
        ({"launch_permissions": {"user_ids": None}, **PURGE}, "names nobody"),
        ({"launch_permissions": None, **PURGE}, "names nobody"),
        ({"image_ids": [], "filters": {"name": []}}, "needs a value"),
    ],
    ids=str,
)
def test_options(given: dict[str, t.Any], words: str | None) -> None:
    if words is None:
        assert ask(**given).regions == (HOME,)
        return
    with pytest.raises(RequestError, match=words):
        ask(**given)
