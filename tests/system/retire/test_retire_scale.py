# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many images take few calls: ten in each that asks for references, and some for the region."""

from __future__ import annotations

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text
from emulated_aws.clock import clock
from system.looking import Looking
from system.retire.conftest import DAY, Fleet, Retire

pytestmark = pytest.mark.alone


# The first is the dearest step. A thousand images take a minute to be made here, and no other calls.
@pytest.mark.parametrize(("stage", "many"), [("disable", 120), ("deregister", 40), ("deprecate", 40)])
def test_many_images_are_planned_with_few_calls(
    fleet: Fleet, retire: Retire, look: Looking, stage: str, many: int
) -> None:
    """All but one are due, and more than the limit; none is shared, nor is there a report on any of them."""
    first = fleet.image("web-0", may=())
    (device,) = fleet.shown(first)["BlockDeviceMappings"]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": device["Ebs"]["SnapshotId"]}}]
    for number in range(1, many):
        asked = {"Name": f"web-{number}", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": mapping}
        image_id = fleet.ec2.register_image(**asked)["ImageId"]
        if stage == "disable":
            fleet.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=to_text(clock.now() + DAY))
        if stage == "deregister":
            record = {"disabled-at": to_text(clock.now()), "launch-permissions-1": f"{image_id} 0"}
            tags = [{"Key": f"sealed.ami:{key}", "Value": value} for key, value in record.items()]
            fleet.ec2.create_tags(Resources=[image_id], Tags=tags)
            fleet.ec2.disable_image(ImageId=image_id)
    fleet.emulator.advance(99 * DAY)
    fleet.emulator.clear_calls()
    result = retire(last_step="deregister", require_recycle_bin=False)
    assert "at least 21 images are due" in result.msg
    assert (result["changed"], len(result["images"])) == (False, many)
    # Of a thousand, instances are asked for in four more calls.
    assert len(look.calls()) <= many / 10 + 36
