# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What blocks public sharing in each region: as AWS says it, asked for only where it is wanted, never guessed."""

from __future__ import annotations

import pytest

from emulated_aws.client import Emulator
from system.audit.conftest import Audit
from system.looking import Looking

HOME, AWAY = "us-east-1", "eu-west-1"
CALLS = ("GetImageBlockPublicAccessState", "GetSnapshotBlockPublicAccessState")


@pytest.mark.parametrize("images", ["block-new-sharing", "unblocked"])
@pytest.mark.parametrize("snapshots", ["block-all-sharing", "block-new-sharing", "unblocked"])
def test_each_region_has_its_own(audit: Audit, look: Looking, images: str, snapshots: str) -> None:
    ec2 = look.ec2(AWAY)
    if images != "unblocked":
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState=images)
    if snapshots != "unblocked":
        ec2.enable_snapshot_block_public_access(State=snapshots)
    answer = audit(regions=[HOME, AWAY], block_public_access=True)
    assert answer.warnings == []
    assert answer.result["block_public_access"] == [
        {"region": HOME, "images": "unblocked", "snapshots": "unblocked"},
        {"region": AWAY, "images": images, "snapshots": snapshots},
    ]


def test_nothing_is_asked_that_is_not_wanted(audit: Audit, look: Looking) -> None:
    look.emulator.clear_calls()
    assert audit(regions=[HOME]).result["block_public_access"] == []
    assert [call for name in CALLS for call in look.calls(action=name)] == []


@pytest.mark.parametrize(("denied", "what"), list(zip(CALLS, ("images", "snapshots"), strict=True)))
def test_what_may_not_be_read_is_not_known(audit: Audit, emulator: Emulator, denied: str, what: str) -> None:
    emulator.faults.add("access_denied", action=denied)
    answer = audit(regions=[HOME], block_public_access=True)
    (found,) = answer.result["block_public_access"]
    assert found == {"region": HOME, "images": "unblocked", "snapshots": "unblocked", what: None}
    (warning,) = answer.warnings
    assert f"ec2:{denied}" in warning and f"public {what} could not be checked" in warning
    assert answer.failure is None


def test_what_hangs_on_a_key_has_it_too(audit: Audit, look: Looking) -> None:
    look.ec2(HOME).enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    answer = audit(kms_key_ids=["alias/data"], block_public_access=True)
    assert answer.result["kms_keys"]
    assert [one["images"] for one in answer.result["block_public_access"]] == ["block-new-sharing"]
