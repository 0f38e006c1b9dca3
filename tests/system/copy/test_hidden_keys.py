# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AWS's answers lack the keys of a copy, it is not known: not shared, not purged, not removed, not unchanged."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, Copy
from system.looking import Looking

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
ASKED = [
    pytest.param({**KEY}, id="present"),
    pytest.param({**KEY, "launch_permissions": {"user_ids": ["210987654321"]}}, id="shared"),
    pytest.param({**KEY, "tags": {"b": "2"}}, id="tags purged"),
    pytest.param({**KEY, "state": "absent"}, id="absent"),
    pytest.param({**KEY, "superseded": "deregister"}, id="superseded"),
]
LOST = [
    pytest.param([{"path": "Snapshots.*.KmsKeyId", "drop": True}], id="no key shown"),
    pytest.param([{"path": "Snapshots.0.KmsKeyId", "drop": True}], id="one of three not shown"),
    pytest.param([{"path": "Snapshots.*.Encrypted", "drop": True}], id="encryption not shown"),
    pytest.param([{"path": "Snapshots", "set": []}], id="no snapshot shown"),
]


@pytest.mark.parametrize("options", ASKED)
@pytest.mark.parametrize("changes", LOST)
def test_nothing_is_done(copy: Copy, look: Looking, changes: list[dict[str, t.Any]], options: dict[str, t.Any]) -> None:
    made = copy("database", **KEY, tags={"a": "1"})
    rule = look.emulator.faults.add("mutate", action="DescribeSnapshots", region=AWAY, changes=changes)
    look.emulator.clear_calls()
    for check in (True, False):
        refused = copy("database", **options, check=check)
        assert refused.failed and made["image_id"] in refused.msg and "not known" in refused.msg
    assert look.mutations() == []
    look.emulator.faults.clear(rule)
    assert copy("database", **options).msg == ""


@pytest.mark.parametrize("options", [KEY, {"encrypted": False}], ids=["under a key", "preserved"])
def test_nor_with_a_disabled_copy(copy: Copy, look: Looking, options: dict[str, t.Any]) -> None:
    made = copy("mixed", **options)
    look.ec2(AWAY).disable_image(ImageId=made["image_id"])
    changes = [{"path": "Snapshots.*.KmsKeyId", "drop": True}]
    look.emulator.faults.add("mutate", action="DescribeSnapshots", region=AWAY, changes=changes)
    look.emulator.clear_calls()
    for state in ("present", "absent"):
        refused = copy("mixed", **options, state=state)
        assert refused.failed and made["image_id"] in refused.msg and "not known" in refused.msg
    assert look.mutations() == []
