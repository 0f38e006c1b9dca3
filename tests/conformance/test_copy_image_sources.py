# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage: which sources it accepts, and its quota (§1.5)."""

from __future__ import annotations

import pytest

from .builders import (
    ROOT,
    a_key,
    an_image,
    copied,
    copy,
    image_of,
    share_image,
    share_snapshot,
    snapshot_ids,
    snapshots_of,
)
from .place import GONE, Place, a_name, image, nothing_created, refused, settled
from .rules import rule

UNREADABLE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "AuthFailure", "UnauthorizedOperation")
NO_STORAGE = "You do not have permission to access the storage of this ami"


@pytest.mark.aws_safe
@pytest.mark.parametrize("source_id", ["ami-0123456789abcdef0", "ami-12345678"])
@rule("1.5 not found", "ERR")
def test_absent_source(home: Place, source_id: str) -> None:
    """A source that does not exist is refused with InvalidAMIID.NotFound."""
    with nothing_created(home), refused("InvalidAMIID.NotFound"):
        copy(home, source_id)


@pytest.mark.aws_safe
@pytest.mark.parametrize("source_id", ["ami", "ami-xyz", "image-0123456789abcdef0"])
@rule("1.5 not found", "ERR")
def test_malformed_source(home: Place, source_id: str) -> None:
    """A source id that cannot be one is refused with InvalidAMIID.Malformed."""
    with nothing_created(home), refused("InvalidAMIID.Malformed"):
        copy(home, source_id)


@pytest.mark.aws_safe
@rule("1.5 not found", "ERR")
def test_source_is_looked_up_in_the_source_region(home: Place, away: Place) -> None:
    """The source must be in the source region, not merely somewhere."""
    source = an_image(home)
    with nothing_created(away), refused("InvalidAMIID.NotFound"):
        copy(away, source, away)


@pytest.mark.aws_safe
@rule("1.5 available", "ERR")
def test_pending_source(home: Place) -> None:
    """A source must be available."""
    pending = copy(home, an_image(home), Encrypted=True)
    home.until(lambda: image(home, pending), f"{pending} visible")
    with refused("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound", "IncorrectState", "InvalidRequest"):
        copy(home, pending)


@pytest.mark.aws_safe
@rule("1.5 available", "ERR")
def test_deregistered_source(home: Place) -> None:
    """A deregistered source is unavailable, or not found."""
    source = an_image(home)
    home.ec2.deregister_image(ImageId=source)
    with nothing_created(home), refused("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound"):
        copy(home, source)


@pytest.mark.aws_safe
@rule("1.5 cross-account", "ERR", "UG-perm")
def test_image_that_is_not_shared(home: Place, other: Place) -> None:
    """An image of another account that is not shared with us cannot be copied."""
    with nothing_created(home), refused(*UNREADABLE, status=None):
        copy(home, an_image(other))


@pytest.mark.aws_safe
@rule("1.5 cross-account", "eks-ami#52", "packer-aem#211")
def test_shared_image_without_its_storage(home: Place, other: Place) -> None:
    """Launch permission alone does not let us copy: the snapshots must be shared too."""
    source = an_image(other)
    share_image(other, source, home, storage=False)
    with nothing_created(home), refused(status=None, says=NO_STORAGE):
        copy(home, source)


@pytest.mark.aws_safe
@rule("1.5 cross-account", "UG-perm")
def test_every_snapshot_must_be_shared(home: Place, other: Place) -> None:
    """One snapshot that is not shared suffices to refuse."""
    source = an_image(other, data={"/dev/sdf": None})
    share_image(other, source, home, storage=False)
    share_snapshot(other, snapshot_ids(image_of(other, source))[ROOT], home)
    with nothing_created(home), refused(status=None, says=NO_STORAGE):
        copy(home, source)


@pytest.mark.aws_safe
@rule("1.5 cross-account", "UG-perm")
def test_shared_image_with_its_storage(home: Place, other: Place) -> None:
    """With launch permission and shared snapshots the copy is ours."""
    source = an_image(other)
    share_image(other, source, home)
    copy_ = copied(home, source)
    assert copy_["OwnerId"] == home.account_id
    assert {each["OwnerId"] for each in snapshots_of(home, copy_).values()} == {home.account_id}


@pytest.mark.aws_safe
@rule("1.5 KMS permission", "UG-perm")
def test_shared_image_whose_key_is_not_shared(home: Place, other: Place) -> None:
    """Missing permission on the source's key is found out later only."""
    source = an_image(other, root=a_key(other))
    share_image(other, source, home)
    pending = copy(home, source, Encrypted=True, KmsKeyId=a_key(home))
    assert settled(home, image, pending)["State"] in ("failed", GONE["State"])


@rule("1.5 instance store", "UG-how")
def test_instance_store_images_cannot_be_encrypted(home: Place) -> None:
    """Encrypting while copying is for EBS-backed images only."""
    source = home.ec2.register_image(
        Name=a_name(), ImageLocation="bucket/image.manifest.xml", Architecture="x86_64", VirtualizationType="hvm"
    )["ImageId"]
    assert image_of(home, source)["RootDeviceType"] == "instance-store"
    try:
        pending = copy(home, source, Encrypted=True)
    except home.ec2.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    else:
        assert settled(home, image, pending)["State"] in ("failed", GONE["State"])


@pytest.mark.emulator_only
@rule("8 concurrent AMI copies", "UG-how")
def test_image_copies_under_way_are_limited(home: Place, away: Place) -> None:
    """Only so many images may be copied into one region at a time; others are not counted."""
    home.target.configure(concurrent_image_copies=2)
    source = an_image(home)
    pending = [copy(home, source) for _ in range(2)]
    with refused("ResourceLimitExceeded", status=None):
        copy(home, source)
    copied(away, source, home)
    for image_id in pending:
        settled(home, image, image_id)
    copied(home, source)
