# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an image is due for the last step, which of its snapshots go with it, and what the Recycle Bin retains."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.descriptions import birth_description
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image, Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import (
    may_deregister_retired,
    may_purge_record,
    snapshot_of_retired,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.deregistering import LastFacts, decide_last
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.groups import Sorted, sort_images
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.model import Decision, Undo
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.planner import decide_early, deregistration_due
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.recycle_bin import (
    IMAGES,
    SNAPSHOTS,
    Retention,
    Rule,
    retention_of,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.request import RestoreRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.restoring import (
    BinnedImage,
    BinnedSnapshot,
    plan_from_bin,
    plan_restore,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeleteSnapshot, DeregisterImage, SetTags
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text

from .test_retire_planner import DAY, NOW, a_request, a_use, an_id, an_image

ROOT, DATA = "snap-0a", "snap-0b"
OWNER = "123456789012"
ALL_BUT_TAGGED = (
    Rule("r1", IMAGES, 7, is_available=True),
    Rule("r2", SNAPSHOTS, 7, is_available=True, excluded=(("Bin", "no"),)),
)
BOTH = (Rule("r1", IMAGES, 7, is_available=True), Rule("r2", SNAPSHOTS, 7, is_available=True))


def retired(number: int = 1, *, since: float = 90 * DAY, shared: str = "", **changes: t.Any) -> Image:
    """Return an image that a task of ours has disabled so long ago, with two snapshots."""
    words = f" {shared}" if shared else ""
    notes = {
        "sealed.ami:disabled-at": to_text(NOW - since),
        "sealed.ami:launch-permissions-1": f"{an_id(number)} {len(shared.split())}{words}",
    }
    devices = (BlockDevice("/dev/sda1", ROOT, volume_size=8), BlockDevice("/dev/sdb", DATA, volume_size=100))
    more = {"state": "disabled", "devices": devices, "owner_id": OWNER, "tags": {**notes, **changes.pop("tags", {})}}
    return dataclasses.replace(an_image(number, age=400), **{**more, **changes})


def copied(snapshot_id: str, image_id: str = an_id(1), **changes: t.Any) -> Snapshot:
    """Return a snapshot that CopyImage made for an image."""
    text = f"Copied for DestinationAmi {image_id} from SourceAmi ami-0f for SourceSnapshot snap-0f. Task created on 1."
    size = 8 if snapshot_id == ROOT else 100
    found = Snapshot(
        snapshot_id, "completed", True, volume_size=size, owner_id=OWNER, volume_id="vol-ffffffff", description=text
    )
    return dataclasses.replace(found, **changes)


def facts(*snapshots: Snapshot, **changes: t.Any) -> LastFacts:
    """Return what is read for the last step; both snapshots are the image's own unless others are given."""
    shown = {one.snapshot_id: one for one in snapshots or (copied(ROOT), copied(DATA))}
    return LastFacts(shown, **{"users": {}, "rules": BOTH, **changes})


def decided(image: Image, known: LastFacts, *, in_use: bool | None = False, **options: t.Any) -> Decision:
    """Return the decision on an image that has waited long enough."""
    request = a_request(last_step="deregister", **options)
    return decide_last(Sorted(image, "web", None), a_use(image, in_use), known, request, now=NOW)


def went(decision: Decision) -> list[str]:
    """Return the snapshots that the steps delete."""
    found = [one.snapshot_ids for one in decision.steps if isinstance(one, DeregisterImage)]
    single = [one.snapshot_id for one in decision.steps if isinstance(one, DeleteSnapshot)]
    return sorted([*(snapshot_id for ids in found for snapshot_id in ids), *single])


@pytest.mark.parametrize(
    ("since", "shared", "days", "expected"),
    [
        pytest.param(60 * DAY, "", 60, None, id="in time"),
        pytest.param(60 * DAY - 1, "", 60, "waiting", id="a second short"),
        pytest.param(DAY, "", 1, None, id="a day"),
        pytest.param(DAY, "210987654321", 1, "waiting", id="a day, but shared before"),
        pytest.param(2 * DAY, "210987654321", 1, None, id="shared before, after 48 hours"),
    ],
)
def test_the_last_step_waits_for_the_one_before(since: float, shared: str, days: int, expected: str | None) -> None:
    image = retired(since=since, shared=shared)
    request = a_request(last_step="deregister", deregister_after_days=days)
    found = decide_early(Sorted(image, "web", None), request, now=NOW)
    assert (found and found.action) == expected
    assert found is None or (found.next_step, bool(found.due)) == ("deregister", True)


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"tags": {"sealed.ami:launch-permissions-1": f"{an_id(2)} 0"}}, False, id="notes of another"),
        pytest.param({"tags": {"sealed.ami:launch-permissions-1": ""}}, False, id="no record"),
        pytest.param({"tags": {"sealed.ami:disabled-at": "last year"}}, False, id="no time"),
        pytest.param({"tags": {"sealed.ami:disabled-at": to_text(NOW + DAY)}}, False, id="a time to come"),
        pytest.param({"creation_date": ""}, False, id="made nobody knows when"),
    ],
)
def test_since_when_it_is_disabled_has_to_be_known(changes: dict[str, t.Any], known: bool) -> None:
    request = a_request(last_step="deregister")
    assert (deregistration_due(retired(**changes), request, NOW) is not None) is known


@pytest.mark.parametrize("later", ["creation_date", "deprecation_time"])
def test_what_aws_says_of_a_later_time_counts(later: str) -> None:
    """Notes that are older than the image itself, or than its deprecation, cannot be of when it was disabled."""
    changes: dict[str, t.Any] = {later: to_text(NOW - 3 * DAY)}
    image = retired(**changes)
    assert deregistration_due(image, a_request(last_step="deregister"), NOW) == NOW + 57 * DAY


def test_a_failed_image_waits_since_it_was_made() -> None:
    image = an_image(1, age=70, state="failed")
    request = a_request(last_step="deregister", deregister_after_days=60)
    assert deregistration_due(image, request, NOW) == NOW - 10 * DAY


def test_what_is_failed_is_never_the_newest() -> None:
    images = [an_image(1, age=30), an_image(2, age=20), an_image(3, age=10, state="failed")]
    kept = {one.image.name: one.kept for one in sort_images(images, (), a_request(), now=NOW)}
    assert [name for name, why in kept.items() if why is None] == ["web-3", "web-1"]


@pytest.mark.parametrize(
    ("in_use", "changes", "proven"),
    [
        pytest.param(False, {}, True, id="unused"),
        pytest.param(True, {}, False, id="used"),
        pytest.param(None, {}, False, id="not known"),
        pytest.param(False, {"state": "available"}, False, id="enabled again"),
        pytest.param(False, {"state": "failed"}, True, id="failed"),
        pytest.param(True, {"state": "failed"}, False, id="failed and used"),
    ],
)
def test_which_image_may_be_deregistered(in_use: bool | None, changes: dict[str, t.Any], proven: bool) -> None:
    image = retired(**changes)
    assert (may_deregister_retired(image, a_use(image, in_use), is_noted=True) is not None) is proven
    other = dataclasses.replace(image, image_id=an_id(2))
    assert may_deregister_retired(other, a_use(image, False), is_noted=True) is None
    unnoted = may_deregister_retired(image, a_use(image, False), is_noted=False)
    assert (unnoted is None) is (image.state != "failed")


COMPOSED = birth_description("web-1", "0123", "/dev/sda1", is_copy=True)


@pytest.mark.parametrize(
    ("changes", "proven"),
    [
        pytest.param({}, True, id="copied for it"),
        pytest.param({"volume_id": "vol-1"}, False, id="a backup that somebody describes so"),
        pytest.param({"owner_id": "210987654321"}, False, id="of another account"),
        pytest.param({"snapshot_id": "snap-0c"}, False, id="not in its mapping"),
        pytest.param({"description": copied(ROOT, an_id(2)).description}, False, id="copied for another image"),
        pytest.param({"description": "nightly", "volume_id": "vol-1"}, False, id="a backup"),
        pytest.param(
            {"description": f"Created by CreateImage(i-1) for {an_id(1)}", "volume_id": "vol-1"}, True, id="created"
        ),
        pytest.param(
            {"description": f"Created by CreateImage(i-1) for {an_id(2)}", "volume_id": "vol-1"},
            False,
            id="for another",
        ),
        pytest.param({"description": COMPOSED}, True, id="composed for it"),
        pytest.param({"description": COMPOSED, "volume_id": "vol-1"}, False, id="a backup of a restored volume"),
        pytest.param(
            {"description": birth_description("web-1", "0123", "/dev/sdb", is_copy=True)}, False, id="another device"
        ),
        pytest.param(
            {"description": birth_description("web-2", "0123", "/dev/sda1", is_copy=True)}, False, id="another name"
        ),
        pytest.param(
            {"description": birth_description("web-1", "9999", "/dev/sda1", is_copy=True)}, False, id="another recipe"
        ),
    ],
)
def test_which_snapshot_was_made_for_the_image(changes: dict[str, t.Any], proven: bool) -> None:
    image = retired(tags={"sealed.ami:recipe": "0123"})
    proof = snapshot_of_retired(dataclasses.replace(copied(ROOT), **changes), image)
    assert (proof is not None) is proven
    assert proof is None or proof.resource_id == ROOT


def test_all_go_in_one_call_where_each_is_proven() -> None:
    found = decided(retired(), facts())
    marks, removal = found.steps
    assert isinstance(marks, SetTags)
    assert isinstance(removal, DeregisterImage)
    assert (marks.resource_ids, marks.add) == ((ROOT, DATA), {"sealed.ami:image": f"{an_id(1)} {to_text(NOW)}"})
    assert (removal.all_snapshots is not None, went(found)) == (True, [ROOT, DATA])
    assert found.undo is not None
    assert found.undo.snapshot_ids == (ROOT, DATA)
    assert (found.undo_until, found.billed_until) == (to_text(NOW + 7 * DAY), to_text(NOW + 7 * DAY))


@pytest.mark.parametrize("users", [1, 1000])
@pytest.mark.parametrize("tags", [{}, {"Bin": "no"}])
def test_what_another_image_uses_aws_skips_in_the_same_call(users: int, tags: dict[str, str]) -> None:
    """It is not marked, for nothing of ours deletes it; were it free by then, AWS would delete what is proven ours."""
    others = {DATA: {an_id(1), *(an_id(10 + number) for number in range(users))}}
    required = not tags
    known = facts(copied(ROOT), copied(DATA, tags=tags), users=others, rules=BOTH if required else ALL_BUT_TAGGED)
    found = decided(retired(), known, require_recycle_bin=required)
    marks, removal = found.steps
    assert isinstance(marks, SetTags)
    assert isinstance(removal, DeregisterImage)
    assert (marks.resource_ids, went(found)) == ((ROOT,), [ROOT])
    assert removal.all_snapshots is not None
    assert [one.snapshot_id for one in found.snapshots if one.proof is None] == [DATA]
    assert len(found.snapshots[1].reason) < 200
    assert ("995 more" in found.snapshots[1].reason) is (users == 1000)


@pytest.mark.parametrize(
    ("ago", "days", "expected"),
    [
        pytest.param(3600, 60, "deregistered", id="a run has just ended in between"),
        pytest.param(DAY, 60, "waiting", id="somebody has brought it back"),
        pytest.param(61 * DAY, 60, "deregistered", id="long ago"),
    ],
)
def test_what_has_come_back_from_the_bin_waits_again(ago: float, days: int, expected: str) -> None:
    mark = f"{an_id(1)} {to_text(NOW - ago)}"
    marked = [copied(one, tags={"sealed.ami:image": mark}) for one in (ROOT, DATA)]
    found = decided(retired(), facts(*marked), deregister_after_days=days)
    assert found.action == expected
    assert len(found.steps) == {3600: 1, DAY: 0}.get(ago, 2)
    others = [copied(one, tags={"sealed.ami:image": mark.replace("ami-", "ami-f")}) for one in (ROOT, DATA)]
    assert len(decided(retired(), facts(*others)).steps) == 2


@pytest.mark.parametrize(("noted", "kept"), [("2026-11-01T00:00:00Z", True), ("being disabled", False)])
def test_what_somebody_has_enabled_again_is_kept(noted: str, kept: bool) -> None:
    image = retired(state="available", tags={"sealed.ami:disabled-at": noted})
    found = decide_early(Sorted(image, "web", None), a_request(), now=NOW)
    assert (found is not None and "enabled it again" in found.reason) is kept


@pytest.mark.parametrize(
    ("known", "options", "left"),
    [
        pytest.param(facts(copied(ROOT), copied(DATA, volume_id="vol-1")), {}, [DATA], id="one is a backup"),
        pytest.param(
            facts(copied(ROOT), copied(DATA, volume_id="vol-1"), users={DATA: {an_id(1), an_id(9)}}),
            {},
            [DATA],
            id="a backup of another image too",
        ),
        pytest.param(
            facts(users={DATA: {an_id(9)}}, locked=frozenset({DATA})),
            {"locked_snapshots": "leave"},
            [DATA],
            id="one is of another image and locked",
        ),
        pytest.param(
            facts(copied(ROOT), copied(DATA, tags={"Bin": "no"}), users={DATA: {an_id(9)}}, rules=ALL_BUT_TAGGED),
            {},
            [DATA],
            id="the bin would not retain one of another image",
        ),
        pytest.param(facts(users={DATA: frozenset({an_id(1)})}), {}, [], id="of itself"),
        pytest.param(facts(copied(ROOT)), {}, [DATA], id="one is not shown"),
        pytest.param(facts(locked=frozenset({DATA})), {"locked_snapshots": "leave"}, [DATA], id="one is locked"),
        pytest.param(facts(copied(ROOT), copied(DATA, tags={"dlm:managed": "true"})), {}, [DATA], id="one is managed"),
        pytest.param(facts(deletes_with_image=False), {}, [], id="botocore cannot ask for all at once"),
    ],
)
def test_otherwise_each_is_deleted_by_itself(known: LastFacts, options: dict[str, t.Any], left: list[str]) -> None:
    found = decided(retired(), known, **options)
    assert found.action == "deregistered"
    assert went(found) == sorted({ROOT, DATA} - set(left))
    (removal,) = (one for one in found.steps if isinstance(one, DeregisterImage))
    one_call = not left and known.deletes_with_image
    assert (removal.all_snapshots is not None, bool(removal.snapshots)) == (one_call, one_call)
    assert [one.snapshot_id for one in found.snapshots if one.proof is None] == left


@pytest.mark.parametrize(
    ("known", "options", "words"),
    [
        pytest.param(facts(locked=frozenset({DATA})), {}, "snap-0b are locked", id="locked"),
        pytest.param(facts(locked=None, trouble="denied"), {}, "locked: denied", id="locks not known"),
        pytest.param(facts(rules=None, trouble="denied"), {}, "retain it: denied", id="rules not known"),
        pytest.param(facts(rules=()), {}, "require_recycle_bin=false", id="no rules"),
        pytest.param(facts(), {"in_use": True}, "it is in use", id="used"),
        pytest.param(facts(), {"in_use": None}, "not known whether it is in use", id="use not known"),
    ],
)
def test_what_keeps_an_image_from_the_last_step(known: LastFacts, options: dict[str, t.Any], words: str) -> None:
    found = decided(retired(), known, **options)
    assert (found.action, found.steps, found.undo) == ("kept", (), None)
    assert words in found.reason


@pytest.mark.parametrize("keep", [{"shared": True}, {"shared": False}])
def test_who_might_launch_it_before_counts_still(keep: dict[str, bool]) -> None:
    found = decided(retired(shared="210987654321"), facts(), keep=keep)
    assert found.action == ("kept" if keep["shared"] else "deregistered")


@pytest.mark.parametrize(
    ("protection", "note", "options", "expected"),
    [
        ("enabled-without-cooldown", None, {}, "kept"),
        ("enabled-with-cooldown", None, {"disable_protection": True}, "unprotected"),
        ("disabled", ("enabled-with-cooldown", 3600.0), {}, "waiting"),
        ("disabled", ("enabled-with-cooldown", 2 * DAY), {}, "deregistered"),
        ("disabled", ("enabled", 3600.0), {}, "deregistered"),
    ],
)
def test_protection_and_its_cooldown(
    protection: str, note: tuple[str, float] | None, options: dict[str, t.Any], expected: str
) -> None:
    tags = {"sealed.ami:protection-before": f"{an_id(1)} {note[0]} {to_text(NOW - note[1])}"} if note else {}
    found = decided(retired(deregistration_protection=protection, tags=tags), facts(), **options)
    assert found.action == expected
    assert found.undo is None or found.undo.deregistration_protection == (note[0] if note else protection)


def test_a_failed_image_has_no_way_back() -> None:
    image = retired(state="failed", tags={"sealed.ami:launch-permissions-1": ""})
    found = decided(image, facts())
    assert (found.action, found.undo, found.undo_until) == ("deregistered", None, None)


def rule(kind: str = IMAGES, days: int = 7, **changes: t.Any) -> Rule:
    """Return an available rule."""
    return Rule("r", kind, days, **{"is_available": True, **changes})


OF_SNAPSHOTS = rule(SNAPSHOTS, 30)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([rule()], 7, id="all"),
        pytest.param([rule(), rule(days=14)], 14, id="the longest"),
        pytest.param([rule(wanted=(("Family", "web"),))], 7, id="its tag"),
        pytest.param([rule(wanted=(("Family", "db"), ("Team", "a")))], 7, id="any of its tags"),
        pytest.param([rule(wanted=(("Family", "db"),))], None, id="another value"),
        pytest.param([rule(wanted=(("Family", None),))], None, id="a tag without a value, which AWS may read as empty"),
        pytest.param([rule(excluded=(("Family", "db"),))], 7, id="an exclusion of others"),
        pytest.param([rule(excluded=(("Family", "web"),))], None, id="excluded"),
        pytest.param([rule(excluded=(("Family", None),))], None, id="excluded whatever the value"),
        pytest.param([rule(is_available=False)], None, id="pending"),
        pytest.param([rule(days=0)], None, id="days not known"),
        pytest.param([rule("EBS_VOLUME")], None, id="for volumes"),
        pytest.param([rule(), rule(days=31, wanted=(("Family", None),))], None, id="perhaps longer than snapshots"),
    ],
)
def test_for_how_long_the_bin_surely_retains_an_image(rules: list[Rule], expected: int | None) -> None:
    found = retention_of({"Family": "web", "Team": "a"}, [copied(ROOT)], [*rules, OF_SNAPSHOTS])
    assert found == Retention(expected, 30) if expected else isinstance(found, str)


@pytest.mark.parametrize(
    ("rules", "retained"),
    [
        ([], False),
        ([rule(SNAPSHOTS, 6)], False),
        ([rule(SNAPSHOTS, 7)], True),
        ([rule(SNAPSHOTS, 6), rule(SNAPSHOTS, 7, wanted=(("Keep", "a"),))], False),
        ([rule(SNAPSHOTS, 6), rule(SNAPSHOTS, 7, excluded=(("Keep", "a"),))], True),
    ],
)
def test_no_snapshot_may_leave_before_its_image(rules: list[Rule], retained: bool) -> None:
    found = retention_of({}, [copied(ROOT), copied(DATA)], [rule(), *rules])
    assert isinstance(found, Retention) is retained


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"outpost_arn": "arn:aws:outposts:us-east-1:123456789012:outpost/op-1"}, "in arn:aws:outposts"),
        ({"availability_zone": "us-east-1-bos-1a"}, "in us-east-1-bos-1a"),
        ({"availability_zone": None}, "cannot tell whether"),
    ],
)
def test_the_bin_takes_no_local_snapshot(where: dict[str, t.Any], words: str) -> None:
    found = retention_of({}, [copied(ROOT, **where)], [rule(), OF_SNAPSHOTS])
    assert isinstance(found, str)
    assert words in found


def restoring(*snapshot_ids: str, undo: bool = True) -> RestoreRequest:
    """Return what restores an image of these snapshots."""
    tags = {"sealed.ami:image": f"{an_id(1)} {to_text(NOW)}"}
    found = Undo(an_id(1), "us-east-1", launch_permissions=NOBODY, snapshot_ids=snapshot_ids, tags=tags)
    return RestoreRequest(("us-east-1",), (an_id(1),), (found,) if undo else ())


BINNED = BinnedImage(an_id(1), "us-east-1", "web-1", to_text(NOW + DAY))
IN_BIN = {one: BinnedSnapshot(one, copied(one).description) for one in (ROOT, DATA)}


def test_what_is_in_the_bin_comes_back_snapshots_first() -> None:
    found = plan_from_bin(
        BINNED, restoring(ROOT, DATA), now=NOW, there={ROOT: copied(ROOT)}, in_bin={DATA: IN_BIN[DATA]}
    )
    kinds = [type(one).__name__ for one in found.steps]
    assert kinds == ["RestoreSnapshot", "RestoreImage", "EnableImage", "SetDeprecation", "SetTags"]


@pytest.mark.parametrize("request_", [restoring(undo=False), RestoreRequest((), (), (Undo(an_id(1), "us-east-1"),))])
def test_the_bin_does_not_tell_the_snapshots(request_: RestoreRequest) -> None:
    with pytest.raises(PreflightError, match=f"{ROOT}, {DATA} belong to it"):
        plan_from_bin(BINNED, request_, now=NOW, there={}, in_bin=IN_BIN)


def test_an_image_without_all_of_its_snapshots_cannot_come_back() -> None:
    with pytest.raises(PreflightError, match=f"snapshots {DATA} are neither there nor in the Recycle Bin"):
        plan_from_bin(BINNED, restoring(ROOT, DATA), now=NOW, there={}, in_bin={ROOT: IN_BIN[ROOT]})


def test_marks_go_from_the_image_and_its_own_snapshots() -> None:
    mark = {"sealed.ami:image": f"{an_id(1)} {to_text(NOW)}"}
    marked = {ROOT: copied(ROOT, tags=mark), DATA: copied(DATA)}
    found = plan_restore(retired(), NOBODY, restoring(), now=NOW, snapshots=marked)
    assert [one.resource_ids for one in found.steps if isinstance(one, SetTags)] == [(an_id(1),), (ROOT,)]
    with pytest.raises(ValueError, match="no part of"):
        may_purge_record(retired(), "snap-0c")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"deregister_after_days": 0}, "less than 1", id="at once"),
        pytest.param({"replacement": {"tag": "aws:x", "image_id": "newest"}}, "aws: is for AWS", id="AWS's tag"),
        pytest.param({"replacement": {"tag": "Use", "image_id": "latest"}}, "not an image id", id="no image"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        a_request(last_step="deregister", **options)
