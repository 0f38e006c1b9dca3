# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing an image: only what is proven goes, what another image uses stays, and what is gone is said at once."""

from __future__ import annotations

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.removal import delete_unused, remove_image
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import (
    MayDeleteSnapshot,
    MayDeleteSnapshotsOf,
    MayDeregister,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeregisterImage

from .fakes import FakeAccount, FakeRegion


def may_delete(*ids: str) -> tuple[MayDeleteSnapshot, ...]:
    """Return proofs for snapshots."""
    return tuple(MayDeleteSnapshot(one, "a test made it") for one in ids)


def a_step(*ids: str, all_snapshots: bool = False) -> DeregisterImage:
    """Return the step that removes ami-1 with the snapshots."""
    everything = MayDeleteSnapshotsOf("ami-1", "a test made it") if all_snapshots else None
    return DeregisterImage(MayDeregister("ami-1", "a test made it"), may_delete(*ids), "test", everything)


def an_account(**more: object) -> FakeAccount:
    """Return an account with an image of two snapshots."""
    account = FakeAccount(images={"ami-1": ["snap-1", "snap-2"]}, snapshots={"snap-1": {}, "snap-2": {}})
    for name, value in more.items():
        setattr(account, name, value)
    return account


@pytest.mark.parametrize("along", [pytest.param(True, id="AWS deletes them"), pytest.param(False, id="older AWS")])
def test_image_and_snapshots_are_gone_and_said_so(along: bool) -> None:
    account, gone = an_account(takes_snapshots_along=along), list[str]()
    stay = remove_image(
        FakeRegion(ec2=account.client), a_step("snap-1", "snap-2", all_snapshots=True), gone=gone.append
    )
    assert (stay, gone) == ([], ["ami-1", "snap-1", "snap-2"])
    assert (account.images, account.snapshots) == ({}, {})


@pytest.mark.parametrize(
    ("whole", "known", "asked"),
    [
        pytest.param(True, True, True, id="all are ours"),
        pytest.param(False, True, False, id="not all are proven"),
        pytest.param(True, False, False, id="older botocore"),
    ],
)
def test_aws_is_asked_to_take_the_snapshots_along_only_where_all_are_ours(
    whole: bool, known: bool, asked: bool
) -> None:
    client = an_account().client
    remove_image(FakeRegion(ec2=client, known=known), a_step("snap-1", all_snapshots=whole), gone=lambda _one: None)
    (params,) = [params for name, params in client.calls if name == "deregister_image"]
    assert params == {"ImageId": "ami-1", **({"DeleteAssociatedSnapshots": True} if asked else {})}


def test_a_snapshot_that_is_not_proven_stays() -> None:
    account, gone = an_account(), list[str]()
    remove_image(FakeRegion(ec2=account.client), a_step("snap-1"), gone=gone.append)
    assert (gone, list(account.snapshots)) == (["ami-1", "snap-1"], ["snap-2"])


def test_a_snapshot_that_another_image_uses_stays_and_is_named() -> None:
    account, gone = an_account(), list[str]()
    account.images["ami-2"] = ["snap-2"]
    stay = remove_image(FakeRegion(ec2=account.client), a_step("snap-1", "snap-2"), gone=gone.append)
    assert (stay, gone, list(account.snapshots)) == (["snap-2"], ["ami-1", "snap-1"], ["snap-2"])


def test_snapshots_that_the_image_does_not_show_are_found_before_it_goes() -> None:
    account, seen = an_account(), list[bool]()

    def find_more() -> tuple[MayDeleteSnapshot, ...]:
        seen.append("ami-1" in account.images)
        return may_delete("snap-2")

    remove_image(FakeRegion(ec2=account.client), a_step("snap-1"), find_more=find_more, gone=lambda _one: None)
    assert (seen, account.snapshots) == ([True], {})


def test_an_image_that_cannot_be_deregistered_keeps_its_snapshots() -> None:
    account, gone = an_account(refused={"ami-1": "UnauthorizedOperation"}), list[str]()
    with pytest.raises(AwsError):
        remove_image(FakeRegion(ec2=account.client), a_step("snap-1", "snap-2"), gone=gone.append)
    assert (gone, list(account.snapshots)) == ([], ["snap-1", "snap-2"])


def test_trouble_with_one_snapshot_does_not_keep_the_others() -> None:
    account, gone = an_account(images={}, refused={"snap-1": "UnauthorizedOperation"}), list[str]()
    with pytest.raises(AwsError, match="snap-1"):
        delete_unused(FakeRegion(ec2=account.client), may_delete("snap-1", "snap-2"), gone=gone.append)
    assert (gone, list(account.snapshots)) == (["snap-2"], ["snap-1"])


def test_nothing_to_delete_costs_no_call() -> None:
    client = an_account().client
    assert delete_unused(FakeRegion(ec2=client), (), gone=lambda _one: None) == []
    assert client.calls == []


@pytest.mark.parametrize("along", [pytest.param(True, id="AWS takes them along"), pytest.param(False, id="older AWS")])
def test_an_answer_without_a_snapshot_does_not_say_that_it_is_gone(along: bool) -> None:
    account, gone = an_account(takes_snapshots_along=along, hides_snapshots=True), list[str]()
    account.images["ami-2"] = ["snap-2"]
    stay = remove_image(
        FakeRegion(ec2=account.client), a_step("snap-1", "snap-2", all_snapshots=True), gone=gone.append
    )
    assert (stay, gone, list(account.snapshots)) == (["snap-2"], ["ami-1", "snap-1"], ["snap-2"])


def test_what_aws_could_not_take_along_is_tried_again_so_that_aws_says_why() -> None:
    refused = {"snap-1": "UnauthorizedOperation"}
    account, gone = an_account(takes_snapshots_along=True, hides_snapshots=True, refused=refused), list[str]()
    with pytest.raises(AwsError, match="snap-1"):
        remove_image(FakeRegion(ec2=account.client), a_step("snap-1", "snap-2", all_snapshots=True), gone=gone.append)
    assert (gone, list(account.snapshots)) == (["ami-1", "snap-2"], ["snap-1"])


def test_what_aws_says_is_gone_is_not_left() -> None:
    account, gone = an_account(images={}, snapshots={"snap-2": {}}), list[str]()
    stay = delete_unused(FakeRegion(ec2=account.client), may_delete("snap-1", "snap-2"), gone=gone.append)
    assert (stay, gone) == ([], ["snap-1", "snap-2"])


def test_a_new_image_that_is_not_shown_yet_keeps_its_snapshot() -> None:
    """AWS refuses to delete what an image uses, whether it shows the image or not."""
    account, gone = an_account(images={}, refused={"snap-1": "InvalidSnapshot.InUse"}), list[str]()
    stay = delete_unused(FakeRegion(ec2=account.client), may_delete("snap-1", "snap-2"), gone=gone.append)
    assert (stay, gone) == (["snap-1"], ["snap-2"])


def test_what_aws_takes_along_is_not_deleted_again() -> None:
    account, gone = an_account(takes_snapshots_along=True), list[str]()
    client = account.client
    stay = remove_image(FakeRegion(ec2=client), a_step("snap-1", all_snapshots=True), gone=gone.append)
    assert (stay, gone) == ([], ["ami-1", "snap-1", "snap-2"])
    assert "delete_snapshot" not in [name for name, _params in client.calls]


def test_an_image_that_is_gone_already_leaves_its_snapshots_to_be_deleted() -> None:
    account, gone = an_account(images={}), list[str]()
    stay = remove_image(FakeRegion(ec2=account.client), a_step("snap-1", all_snapshots=True), gone=gone.append)
    assert (stay, gone, list(account.snapshots)) == ([], ["ami-1", "snap-1"], ["snap-2"])


def test_what_an_image_uses_is_not_even_tried() -> None:
    account, gone = an_account(images={"ami-2": ["snap-1"]}), list[str]()
    client = account.client
    assert delete_unused(FakeRegion(ec2=client), may_delete("snap-1", "snap-2"), gone=gone.append) == ["snap-1"]
    assert [params for name, params in client.calls if name == "delete_snapshot"] == [{"SnapshotId": "snap-2"}]
    assert gone == ["snap-2"]


@pytest.mark.parametrize("code", ["IncorrectState", "InvalidSnapshot.InUsf", "UnauthorizedOperation"])
def test_only_in_use_means_that_an_image_uses_it(code: str) -> None:
    with pytest.raises(AwsError, match="snap-1"):
        delete_unused(
            FakeRegion(ec2=an_account(images={}, refused={"snap-1": code}).client),
            may_delete("snap-1"),
            gone=lambda _one: None,
        )
