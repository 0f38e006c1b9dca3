# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deregistering, protecting, deprecating and disabling images (§5.3)."""

from __future__ import annotations

import pytest

from .builders import (
    PLAIN,
    ROOT,
    a_registered_image,
    an_image,
    copied,
    image_of,
    in_days,
    launch,
    share_image,
    snapshot_ids,
)
from .place import Place, image, refused, snapshot
from .rules import rule

DAY = 24 * 3600.0


def deregister(place: Place, image_id: str) -> dict[str, str]:
    """Deregister an image with its snapshots and return the result for each."""
    response = place.ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
    assert response["Return"] is True
    return {each["SnapshotId"]: each["ReturnCode"] for each in response["DeleteSnapshotResults"]}


@pytest.mark.aws_safe
@rule("5.3 deregister", "M")
def test_snapshots_stay_by_default(home: Place) -> None:
    """Deregistering leaves the snapshots unless told otherwise."""
    image_id = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    home.ec2.deregister_image(ImageId=image_id)
    home.until(lambda: image(home, image_id) is None, f"{image_id} gone")
    assert snapshot(home, snapshot_id)


@pytest.mark.aws_safe
@rule("5.3 deregister", "M")
def test_snapshots_can_go_with_the_image(home: Place) -> None:
    """DeleteAssociatedSnapshots deletes the snapshots and reports on each."""
    image_id = an_image(home, data={"/dev/sdf": PLAIN})
    ids = set(snapshot_ids(image_of(home, image_id)).values())
    assert deregister(home, image_id) == dict.fromkeys(ids, "success")
    assert not any(snapshot(home, each) for each in ids)


@pytest.mark.aws_safe
@rule("5.3 deregister", "M")
def test_snapshots_that_others_need_are_skipped(home: Place) -> None:
    """A snapshot that backs another image is skipped, which is no error."""
    first = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, first)).values()
    second = a_registered_image(home, [{"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id}}])
    assert deregister(home, first) == {snapshot_id: "skipped"}
    assert image(home, first) is None and image_of(home, second)["State"] == "available"
    assert deregister(home, second) == {snapshot_id: "success"}


@pytest.mark.aws_safe
@rule("5.3 deregister", "P#6434", "ERR")
def test_deregistering_twice(home: Place) -> None:
    """A second deregistration is refused: the image is unavailable, or not found."""
    image_id = an_image(home)
    home.ec2.deregister_image(ImageId=image_id)
    with refused("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound"):
        home.ec2.deregister_image(ImageId=image_id)


@pytest.mark.emulator_only
@rule("5.1 not found", "M", "botocore#2194", "P#6434")
def test_deregistered_image_fades(home: Place) -> None:
    """A deregistered image is an empty list and unavailable for a while, and only then not found."""
    home.target.configure(deregistered_image_known_seconds=60.0)
    image_id = an_image(home)
    home.ec2.deregister_image(ImageId=image_id)
    assert home.ec2.describe_images(ImageIds=[image_id])["Images"] == []
    with refused("InvalidAMIID.Unavailable", says=f"The image ID '{image_id}' is no longer available"):
        home.ec2.deregister_image(ImageId=image_id)
    home.target.pass_time(61)
    for call in (home.ec2.deregister_image, lambda ImageId: home.ec2.describe_images(ImageIds=[ImageId])):
        with refused("InvalidAMIID.NotFound"):
            call(ImageId=image_id)


@rule("5.1 LastLaunchedTime", "M")
def test_launches_show_a_day_later(home: Place) -> None:
    """LastLaunchedTime is reported with a delay of 24 hours."""
    image_id = an_image(home)
    launch(home, image_id)
    home.target.pass_time(DAY - 3600)
    assert "LastLaunchedTime" not in image_of(home, image_id)
    home.target.pass_time(7200)
    assert "LastLaunchedTime" in image_of(home, image_id)


@pytest.mark.aws_safe
@rule("5.3 deregister", "ERR")
def test_images_of_others_cannot_be_deregistered(home: Place, other: Place) -> None:
    """An image that is shared with us is its owner's to deregister."""
    theirs = an_image(other)
    share_image(other, theirs, home, storage=False)
    with refused(status=None):
        home.ec2.deregister_image(ImageId=theirs)


@pytest.mark.aws_safe
@rule("5.3 protection", "M")
def test_protected_image_cannot_be_deregistered(home: Place) -> None:
    """Deregistration protection blocks deregistration until it is lifted; the image shows it."""
    image_id = an_image(home)
    home.ec2.enable_image_deregistration_protection(ImageId=image_id, WithCooldown=False)
    assert image_of(home, image_id)["DeregistrationProtection"].startswith("enabled")
    with refused(status=None):
        home.ec2.deregister_image(ImageId=image_id)
    home.ec2.disable_image_deregistration_protection(ImageId=image_id)
    assert image_of(home, image_id).get("DeregistrationProtection", "disabled") == "disabled"
    home.ec2.deregister_image(ImageId=image_id)


@rule("5.3 protection", "M")
def test_protection_with_cooldown_lasts_a_day_longer(home: Place) -> None:
    """With a cooldown, deregistration stays blocked for 24 hours after the protection is lifted."""
    image_id = an_image(home)
    home.ec2.enable_image_deregistration_protection(ImageId=image_id, WithCooldown=True)
    home.ec2.disable_image_deregistration_protection(ImageId=image_id)
    with refused(status=None):
        home.ec2.deregister_image(ImageId=image_id)
    home.target.pass_time(DAY - 3600)
    with refused(status=None):
        home.ec2.deregister_image(ImageId=image_id)
    home.target.pass_time(7200)
    home.ec2.deregister_image(ImageId=image_id)


@pytest.mark.aws_safe
@rule("1.4 not carried", "M")
def test_protection_is_not_copied(home: Place) -> None:
    """A copy of a protected image is not protected."""
    source = an_image(home)
    home.ec2.enable_image_deregistration_protection(ImageId=source, WithCooldown=False)
    copy_ = copied(home, source)
    home.ec2.disable_image_deregistration_protection(ImageId=source)
    assert copy_.get("DeregistrationProtection", "disabled") == "disabled"


@pytest.mark.aws_safe
@rule("5.3 deprecation", "M")
def test_deprecation_can_be_set_and_lifted(home: Place) -> None:
    """An image shows when it is deprecated, to the minute."""
    image_id = an_image(home)
    moment = in_days(home, image_id, 30)
    home.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=moment)
    assert image_of(home, image_id)["DeprecationTime"].startswith(moment)
    home.ec2.disable_image_deprecation(ImageId=image_id)
    assert "DeprecationTime" not in image_of(home, image_id)


@pytest.mark.aws_safe
@rule("5.3 deprecation", "M")
def test_seconds_are_rounded_to_the_nearest_minute(home: Place) -> None:
    """DeprecateAt is rounded to the nearest minute."""
    image_id = an_image(home)
    moment, a_minute_later = (in_days(home, image_id, days) for days in (400, 400 + 1 / 1440))
    for seconds, rounded in (("20", moment), ("40", a_minute_later)):
        home.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=moment[:-2] + seconds)
        assert image_of(home, image_id)["DeprecationTime"].startswith(rounded)


@pytest.mark.aws_safe
@pytest.mark.parametrize("days", [-1, 3700], ids=["past", "over-ten-years"])
@rule("5.3 deprecation", "M")
def test_deprecation_is_within_ten_years(home: Place, days: float) -> None:
    """DeprecateAt may be neither past nor more than 10 years ahead."""
    image_id = an_image(home)
    with refused():
        home.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=in_days(home, image_id, days))


@rule("5.3 deprecation", "M")
def test_public_images_are_deprecated_sooner(home: Place) -> None:
    """A public image can be deprecated at most 2 years from its creation."""
    image_id = an_image(home)
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
    with refused():
        home.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=in_days(home, image_id, 800))
    home.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=in_days(home, image_id, 700))


@rule("5.3 deprecation", "M")
def test_deprecated_images_are_hidden_from_others(home: Place, other: Place) -> None:
    """A deprecated image is shown to its owner always, to others with IncludeDeprecated only."""
    theirs = an_image(other)
    share_image(other, theirs, home, storage=False)
    other.ec2.enable_image_deprecation(ImageId=theirs, DeprecateAt=in_days(other, theirs, 2))
    home.target.pass_time(3 * DAY)

    def seen(place: Place, **request: bool) -> bool:
        found = place.ec2.describe_images(Owners=[other.account_id], **request)["Images"]
        return theirs in {each["ImageId"] for each in found}

    assert (seen(other), seen(home), seen(home, IncludeDeprecated=True)) == (True, False, True)


@pytest.mark.aws_safe
@rule("5.3 disabled", "M")
def test_disabling_takes_the_launch_permissions_away(home: Place, other: Place) -> None:
    """Disabling removes all launch permissions, and enabling does not bring them back."""
    image_id = an_image(home)
    share_image(home, image_id, other, storage=False)
    home.ec2.disable_image(ImageId=image_id)
    home.ec2.enable_image(ImageId=image_id)
    shown = home.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
    assert shown["LaunchPermissions"] == [] and image_of(home, image_id)["State"] == "available"


@pytest.mark.aws_safe
@rule("5.3 disabled", "M")
def test_disabled_image_cannot_be_launched(home: Place) -> None:
    """A disabled image cannot be launched."""
    image_id = an_image(home)
    home.ec2.disable_image(ImageId=image_id)
    with refused():
        launch(home, image_id)


@pytest.mark.aws_safe
@rule("5.3 deregister", "M")
def test_dry_run(home: Place) -> None:
    """A dry run of a deregistration leaves the image."""
    image_id = an_image(home)
    with refused("DryRunOperation", status=None):
        home.ec2.deregister_image(ImageId=image_id, DryRun=True)
    assert image(home, image_id)
