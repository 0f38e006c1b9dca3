# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of keys and of public sharing: all of it, and of what could not be read that it is not known."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.plugin_utils._audit_hanging import arrange_blocks, arrange_hanging

ARN = "arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001"
Options = dict[str, t.Any]


def a_snapshot(number: int, *images: str, associated: bool = False) -> Options:
    """Return a snapshot that hangs on a key."""
    return {"snapshot_id": f"snap-{number}", "volume_size": 8, "associated": associated, "image_ids": list(images)}


def a_key(**more: t.Any) -> Options:
    """Return what the module says of a key on which something of every kind hangs."""
    template = {"template_id": "lt-1", "template_name": "web", "version": 3, "default": True, "device_name": "/dev/sdf"}
    grant = {"grant_id": "0123456789abcdef", "name": "", "grantee_principal": "arn:aws:iam::1:role/x", "operations": []}
    state = {"kms_key_state": "PendingDeletion", "kms_key_deletion_date": "2026-12-24", "kms_key_manager": "CUSTOMER"}
    return {
        "region": "us-east-1", "kms_key_arn": ARN, "kms_key_aliases": ["alias/golden"], **state,
        "image_ids": ["ami-1"], "unusable_image_ids": ["ami-1"], "associated_image_ids": ["ami-2"],
        "snapshots": [a_snapshot(1, "ami-1"), a_snapshot(2), a_snapshot(3, "ami-2", associated=True)],
        "locked_snapshot_ids": ["snap-2"], "launch_templates": [template], "grants": [grant], "at_risk": True,
        "default_of_region": True, "shared_by_ram": False, "verdict": "1 image unusable",
        "last_usage": {"operation": "Decrypt", "timestamp": "2026-11-23T10:00:00Z"}, **more,
    }  # fmt: skip


def lines(**more: t.Any) -> str:
    """Return what is said of a key."""
    (found,) = arrange_hanging([{"account": "123456789012", "kms_keys": [a_key(**more)]}])
    return "\n".join([found["arn"], found["aliases"], found["state"], found["sentence"], *found["lines"]])


def test_all_that_hangs_on_a_key_is_named() -> None:
    expected = [
        ARN, "alias/golden", "PendingDeletion, to be deleted on 2026-12-24", "1 image unusable",
        "images unusable without it: ami-1", "associated key: ami-2", "under it: 2 of 16 GiB, of no image snap-2",
        "opens as an associated key: snap-3", "locked snapshots under it: snap-2",
        "name it: web version 3, default (/dev/sdf)", "default key of EBS in us-east-1: yes",
        "grants: arn:aws:iam::1:role/x (0123456789ab)", "shared by AWS RAM: no", "Decrypt at 2026-11-23T10:00:00Z",
    ]  # fmt: skip
    assert [one for one in expected if one not in lines()] == []


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        ("kms_key_state", "state not known"),
        ("locked_snapshot_ids", "locked snapshots under it: not known"),
        ("launch_templates", "launch templates that name it: not known"),
        ("default_of_region", "default key of EBS in us-east-1: not known"),
        ("grants", "grants: not known"),
        ("shared_by_ram", "shared by AWS RAM: not known"),
        ("last_usage", "last use, a hint only: not known"),
    ],
)
def test_what_is_not_known_is_said_to_be(hidden: str, words: str) -> None:
    assert words in lines(**{hidden: None})
    assert words not in lines()


def test_nothing_is_said_to_be_none() -> None:
    nothing: Options = {"unusable_image_ids": [], "grants": [], "launch_templates": [], "last_usage": {}}
    said = lines(**nothing, kms_key_aliases=None, kms_key_deletion_date=None)
    for words in ("without it: none", "grants: none", "name it: none", "a hint only: none is recorded"):
        assert words in said


@pytest.mark.parametrize("first", [True, None, False])
def test_what_is_lost_comes_first(first: bool | None) -> None:
    others = [one for one in (False, None, True) if one is not first]
    keys = [a_key(at_risk=one) for one in (first, *others)]
    found = arrange_hanging([{"account": "1", "kms_keys": keys[:1]}, {"account": "2", "kms_keys": keys[1:]}])
    assert [one["style"] for one in found] == ["bad", "unsure", "good"]
    assert arrange_hanging([{"account": "1"}]) == []


@pytest.mark.parametrize(("state", "shown"), [("unblocked", "unblocked"), ("block-new-sharing", "block-new-sharing")])
def test_blocks_are_shown_as_aws_names_them(state: str, shown: str) -> None:
    block = {"region": "us-east-1", "images": state, "snapshots": None}
    (found,) = arrange_blocks([{"account": 1, "block_public_access": [block]}])
    assert found == {"account": "1", "region": "us-east-1", "images": shown, "snapshots": "not known"}
    assert arrange_blocks([{"account": "1"}, {"account": "2", "block_public_access": []}]) == []
