# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two images or snapshots of which one took the tags of the other along: the later one is not this collection's."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import by_hand, copied_snapshots, ids
from system.looking import Looking

PRESERVED: dict[str, t.Any] = {"encrypted": False}
GOLDEN: dict[str, t.Any] = {"kms_key_id": "alias/golden"}


@pytest.mark.parametrize(
    ("options", "key", "leaves"),
    [
        pytest.param({**PRESERVED, "state": "absent"}, "alias/os", False, id="absent, statuses preserved"),
        pytest.param({**GOLDEN, "state": "absent"}, "alias/golden", False, id="absent"),
        pytest.param({"kms_key_id": "alias/os", "superseded": "deregister"}, "alias/golden", True, id="superseded"),
    ],
)
def test_the_later_of_two_copies_with_the_same_tags_stays(
    copy: Copy, look: Looking, options: dict[str, t.Any], key: str, leaves: bool
) -> None:
    made = copy("encrypted-root", **(PRESERVED if "encrypted" in options else GOLDEN))
    look.emulator.advance(60)
    taken = by_hand(look, "encrypted-root", key=key, like=look.image(AWAY, made["image_id"]))
    look.emulator.advance(3600)
    again = copy("encrypted-root", **options)
    assert not again.failed, again.msg
    assert made["image_id"] not in ids(look) and taken in ids(look)
    assert [one for one in again.warnings if taken in one and made["image_id"] in one], again.warnings
    assert (len(ids(look)) == 2) is leaves


def test_the_later_of_two_left_snapshots_with_the_same_description_stays(copy: Copy, look: Looking) -> None:
    made = copy("database", **GOLDEN)
    look.ec2(AWAY).deregister_image(ImageId=made["image_id"])
    left = copied_snapshots(look)
    look.emulator.advance(60)
    one = look.snapshots(AWAY)[min(left)]
    kept = look.ec2(AWAY).copy_snapshot(
        SourceSnapshotId=one["SnapshotId"],
        SourceRegion=AWAY,
        Encrypted=True,
        KmsKeyId=one["KmsKeyId"],
        Description=one["Description"],
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": one["Tags"]}],
    )["SnapshotId"]
    look.emulator.advance(3600)
    gone = copy("database", **GOLDEN, state="absent")
    assert (gone.msg, set(gone["image"]["removed"])) == ("", left)
    assert copied_snapshots(look) == {kept}
