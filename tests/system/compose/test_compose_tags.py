# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations that demand tags from the moment of making, and AWS's own limit."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from system.compose.asking import EMPTY_VOLUME, HOME, METHODS, THREE_KEYS, Compose
from system.looking import Looking, tags

ADMINISTRATOR = {"Effect": "Allow", "Action": "*", "Resource": "*"}
KINDS = {
    "ec2:RunInstances": ("instance", "volume"),
    "ec2:CreateVolume": ("volume",),
    "ec2:CopySnapshot": ("snapshot",),
    "ec2:CreateSnapshot": ("snapshot",),
}
MAPPING = [*THREE_KEYS, EMPTY_VOLUME]


def bound(emulator: Emulator, tag: str) -> Credentials:
    """Return a user who may make nothing without the tag."""
    denials = [
        {
            "Effect": "Deny",
            "Action": action,
            "Resource": [f"arn:aws:ec2:*:*:{kind}/*" for kind in kinds],
            "Condition": {"Null": {f"aws:RequestTag/{tag}": "true"}},
        }
        for action, kinds in KINDS.items()
    ]
    policy = {"Version": "2012-10-17", "Statement": [ADMINISTRATOR, *denials]}
    return emulator.principal("arn:aws:iam::123456789012:user/bound", [policy])


@pytest.mark.parametrize("method", METHODS)
def test_everything_made_on_the_way_has_the_tags_of_the_image(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    user = bound(emulator, "CostCenter")
    without = compose("database", as_=user, method=method, device_mapping=MAPPING)
    assert without.failed and "not authorized" in without.msg
    made = compose("database", as_=user, method=method, device_mapping=MAPPING, tags={"CostCenter": "42"})
    assert made.msg == ""
    assert look.user_tags(look.image(HOME, made["image_id"]) or {}) == {"CostCenter": "42"}


@pytest.mark.parametrize("method", METHODS)
def test_temporary_tags_are_on_what_is_temporary_alone(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    user = bound(emulator, "Purpose")
    asked: dict[str, t.Any] = {"method": method, "device_mapping": MAPPING, "tags": {"Team": "db"}}
    made = compose(
        "database", as_=user, **asked, temporary_tags={"Purpose": "building"}, snapshot_tags={"Purpose": "image"}
    )
    assert made.msg == ""
    assert look.user_tags(look.image(HOME, made["image_id"]) or {}) == {"Team": "db"}
    snapshots = look.snapshots(HOME)
    kept = [look.user_tags(snapshots[one["snapshot_id"]]) for one in made["image"]["snapshots"]]
    assert kept == [{"Purpose": "image"}] * 4
    again = compose("database", **asked, temporary_tags={"Purpose": "other"}, snapshot_tags={"Purpose": "image"})
    assert again["changed"] is False
    specified = [one for call in look.calls() for one in call["parameters"].get("TagSpecifications", ())]
    temporary = [tags(one) for one in specified if one["ResourceType"] in ("instance", "volume")]
    assert temporary
    for one in temporary:
        assert {"Team": "db", "Purpose": "building"}.items() <= one.items()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        pytest.param({"tags": 48}, "tags: with", id="image"),
        pytest.param({"tags": 1, "snapshot_tags": 47}, "snapshot_tags: with", id="snapshots"),
        pytest.param({"tags": 40, "temporary_tags": 8}, "tags and temporary_tags: with", id="temporary"),
    ],
)
def test_more_tags_than_aws_takes_are_refused_beforehand(
    compose: Compose, look: Looking, options: dict[str, int], word: str
) -> None:
    asked: dict[str, t.Any] = {name: {f"{name}{n}": "v" for n in range(number)} for name, number in options.items()}
    for check in (True, False):
        refused = compose("database", check=check, kms_key_id="alias/os", **asked)
        assert refused.failed and word in refused.msg
    assert look.calls() == []


@pytest.mark.parametrize("option", ["tags", "snapshot_tags"])
def test_an_image_made_by_way_of_an_instance_has_one_tag_more_of_ours(
    compose: Compose, look: Looking, option: str
) -> None:
    asked: dict[str, t.Any] = {option: {f"t{n}": "v" for n in range(47 if option == "tags" else 46)}}
    asked = {"tags": {}, "snapshot_tags": {}, **asked}
    for check in (True, False):
        refused = compose("database", check=check, method="instance", kms_key_id="alias/os", **asked)
        assert refused.failed and f"{option}: with" in refused.msg and "51 tags" in refused.msg
    assert look.mutations() == []


def test_as_many_tags_as_aws_takes_are_taken(compose: Compose, look: Looking) -> None:
    wanted = {f"t{n}": "v" for n in range(45)}
    made = compose("database", method="instance", device_mapping=MAPPING, tags=wanted, temporary_tags={"one": "more"})
    assert made.msg == ""
    assert look.user_tags(look.image(HOME, made["image_id"]) or {}) == wanted
