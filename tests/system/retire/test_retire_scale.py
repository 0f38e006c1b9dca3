# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many images take few calls: ten in each that asks for references, and some for the region; and short sentences."""

from __future__ import annotations

import collections
import math
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text
from emulated_aws.client import Emulator
from emulated_aws.clock import clock
from system.looking import Looking
from system.retire.conftest import DAY, LAST, OTHER, Fleet, LastFleet, Retire, entry

pytestmark = pytest.mark.alone

LIMIT = 20
# What is read once, however many images there are: all images, which copies are pending, the last launch of each, which
# other images use the snapshots (of more than 200 these two in one), and whether the first are still as they were; and
# what launches.
ONCE = {
    "DescribeImages": 5,
    "DescribeInstances": 1,
    "DescribeLaunchTemplates": 1,
    "DescribeLaunchTemplateVersions": 1,
    "DescribeParameters": 1,
    "DescribeLaunchConfigurations": 1,
    "DescribeAutoScalingGroups": 1,
    "DescribeImageUsageReports": 1,
    "DescribeLockedSnapshots": 1,
    "ListImageRecipes": 1,
    "ListContainerRecipes": 1,
}
# The bin is not required, so that its rules are not read; the users of snapshots are.
MORE = {
    "deprecate": {"DescribeImageAttribute": LIMIT + 1},
    "disable": {"DescribeImageAttribute": LIMIT + 1},
    "deregister": {"DescribeImages": 1, "DescribeSnapshots": 1, "DescribeLockedSnapshots": 1},
}


def _family(fleet: Fleet, many: int, stage: str) -> list[str]:
    """Return images of one snapshot, all of which but the newest are due for the step."""
    first = fleet.image("web-0", may=())
    (device,) = fleet.shown(first)["BlockDeviceMappings"]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": device["Ebs"]["SnapshotId"]}}]
    made = []
    for number in range(1, many):
        asked = {"Name": f"web-{number}", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": mapping}
        image_id = fleet.ec2.register_image(**asked)["ImageId"]
        made.append(image_id)
        if stage == "disable":
            fleet.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=to_text(clock.now() + DAY))
        if stage == "deregister":
            record = {"disabled-at": to_text(clock.now()), "launch-permissions-1": f"{image_id} 0"}
            tags = [{"Key": f"sealed.ami:{key}", "Value": value} for key, value in record.items()]
            fleet.ec2.create_tags(Resources=[image_id], Tags=tags)
            fleet.ec2.disable_image(ImageId=image_id)
    fleet.emulator.advance(99 * DAY)
    fleet.emulator.clear_calls()
    return [first, *made]


# The first is the dearest step. A thousand images take a minute to be made here, and no other calls: of them references
# are a hundred calls, instances five, and all together 139, one less than a tenth of the images and forty.
@pytest.mark.parametrize(("stage", "many"), [("disable", 121), ("deregister", 41), ("deprecate", 41)])
def test_many_images_are_planned_with_few_calls(
    fleet: Fleet, retire: Retire, look: Looking, stage: str, many: int
) -> None:
    """All but one are due, and more than the limit; none is shared, nor is there a report on any of them."""
    _family(fleet, many, stage)
    result = retire(last_step="deregister", require_recycle_bin=False)
    assert "at least 21 images are due" in result.msg
    assert (result["changed"], len(result["images"])) == (False, many)
    expected = collections.Counter({**ONCE, "DescribeImageReferences": math.ceil((many - 1) / 10)})
    expected.update(MORE[stage])
    assert collections.Counter(call["action"] for call in look.calls()) == expected
    assert sum(expected.values()) <= many / 10 + 40


def test_images_that_are_kept_after_all_take_ever_more_in_a_call(fleet: Fleet, retire: Retire, look: Looking) -> None:
    """Each is shared and has no report; that is read of 2, 4, 8, 16 and 10 of them, and not of two at a time."""
    for image_id in _family(fleet, 41, "disable"):
        fleet.share(image_id, {"UserId": OTHER})
    look.emulator.clear_calls()
    result = retire(limit=1)
    assert (result.msg, result["summary"]["kept"]) == ("", 41)
    counted = collections.Counter(call["action"] for call in look.calls())
    assert (counted["DescribeImageUsageReports"], counted["DescribeImageAttribute"]) == (5, 40)


def test_many_images_of_one_snapshot_are_told_in_short_sentences(
    last: LastFleet, retire: Retire, emulator: Emulator
) -> None:
    """Each is one of the others' users: no text grows with them, nor do the warnings where nothing may be read."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *_others = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    for number in range(30):
        mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root}}]
        last.ec2.register_image(Name=f"other-{number}", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping)
    (told,) = [one for one in entry(retire(check=True, **LAST), old)["snapshots"] if one["snapshot_id"] == root]
    assert "and 25 more" in told["reason"]
    ssm: t.Any = emulator.session(region="us-east-1").client("ssm")
    for number in range(12):
        for value in ("ami-00ec2000000000001", "ami-00ec2000000000002"):
            ssm.put_parameter(
                Name=f"/golden/{number}", Value=value, Type="String", DataType="aws:ec2:image", Overwrite=True
            )
    emulator.faults.add("access_denied", action="GetParameterHistory")
    result = retire(check=True, **LAST)
    (warning,) = result.warnings
    assert "and 7 more" in warning
    assert entry(result, old)["evidence"][0].count("history of parameter") == 5
