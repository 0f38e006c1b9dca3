# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding images, snapshots and volumes, in the caller's account and in those that share with it."""

from __future__ import annotations

import re
import typing as t

from moto.ec2.models import ec2_backends

from emulated_aws.ec2 import errors, organizations
from emulated_aws.ec2.allowed_images import hidden
from emulated_aws.ec2.model import Image, Snapshot
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region
    from emulated_aws.ec2.volume import Volume

IMAGE_ID = re.compile(r"ami-[0-9a-f]+")
SNAPSHOT_ID = re.compile(r"snap-[0-9a-f]+")


def regions_named(name: str) -> list[Ec2Region]:
    """Return this region of every account that has used it."""
    found = [dict.get(account, name) for account in list(ec2_backends.values())]
    return [t.cast("Ec2Region", region) for region in found if region is not None]


def all_images(region: Ec2Region) -> t.Iterator[Image]:
    """Yield the images of every account that the caller may see and that are visible yet."""
    for other in regions_named(region.region_name):
        for image in list(other.amis.values()):
            if image.lag.visible() and may_launch(region.account_id, image) and not hidden(region, image):
                yield image


def still_listed(region: Ec2Region) -> t.Iterator[Image]:
    """Yield the images that were deregistered so lately that DescribeImages shows them yet."""
    since = region.now() - settings.deregistered_image_listed_seconds
    for other in regions_named(region.region_name):
        for gone in other.gone_images.values():
            if gone.at > since and may_launch(region.account_id, gone.image):
                yield gone.image


def all_snapshots(region: Ec2Region) -> t.Iterator[Snapshot]:
    """Yield the snapshots of every account that the caller may see and that are visible yet."""
    for other in regions_named(region.region_name):
        for snapshot in list(other.snapshots.values()):
            if snapshot.lag.visible() and snapshot.restorable_by(region.account_id):
                yield snapshot


def may_launch(account: str, image: Image) -> bool:
    """Tell whether the account owns the image or has a launch permission of any form."""
    if account == image.owner or image.public:
        return True
    return any(grants(permission, account) for permission in image.launch_permissions)


def grants(permission: dict[str, str], account: str) -> bool:
    """Tell whether one launch permission, other than the public one, names the account or an organization of it."""
    arn = permission.get("OrganizationArn") or permission.get("OrganizationalUnitArn")
    return permission.get("UserId") == account or (arn is not None and account in organizations.members(arn))


def image(region: Ec2Region, image_id: str, *, owned: bool = False) -> Image:
    """Return an image, or raise NotFound, Malformed, (recently deregistered) Unavailable or (not owned) AuthFailure."""
    if not IMAGE_ID.fullmatch(image_id):
        raise errors.image_malformed(image_id)
    for found in all_images(region):
        if found.id == image_id:
            if owned and found.owner != region.account_id:
                raise errors.image_forbidden(image_id)
            return found
    if owned and any_image(region.region_name, image_id):
        raise errors.image_forbidden(image_id)
    if recently_gone(region, image_id):
        raise errors.image_unavailable(image_id)
    raise errors.image_not_found(image_id)


def any_image(region_name: str, image_id: str) -> Image | None:
    """Return an image of any account, whoever may see it, as long as it is visible to its owner."""
    found = [region.amis[image_id] for region in regions_named(region_name) if image_id in region.amis]
    return found[0] if found and found[0].lag.visible() else None


def recently_gone(region: Ec2Region, image_id: str) -> bool:
    """Tell whether the image was deregistered so lately that EC2 still knows its id."""
    gone = region.gone_images.get(image_id)
    return gone is not None and region.now() < gone.at + settings.deregistered_image_known_seconds


def any_snapshot(region_name: str, snapshot_id: str) -> Snapshot | None:
    """Return a snapshot of any account, whoever may see it."""
    for region in regions_named(region_name):
        if snapshot_id in region.snapshots:
            return region.snapshots[snapshot_id]
    return None


def snapshot(region: Ec2Region, snapshot_id: str, *, owned: bool = False) -> Snapshot:
    """Return a snapshot that the caller may restore, or raise NotFound or Malformed."""
    if not SNAPSHOT_ID.fullmatch(snapshot_id):
        raise errors.snapshot_malformed(snapshot_id)
    found = any_snapshot(region.region_name, snapshot_id)
    if found is None or not found.lag.visible() or not found.restorable_by(region.account_id):
        raise errors.snapshot_not_found(snapshot_id)
    if owned and found.owner != region.account_id:
        raise errors.AwsError("UnauthorizedOperation", "You are not authorized to perform this operation.")
    return found


def volume(region: Ec2Region, volume_id: str) -> Volume:
    """Return a volume of the caller, or raise NotFound."""
    if not volume_id.startswith("vol-"):
        raise errors.invalid_value(volume_id, "volume", "Expected: 'vol-...'.")
    found = region.volumes.get(volume_id)
    if found is None or not found.lag.visible():
        raise errors.volume_not_found(volume_id)
    return found


def users_of(region_name: str, snapshot_id: str) -> list[Image]:
    """Return the registered images of all accounts that are backed by the snapshot."""
    return [
        image
        for region in regions_named(region_name)
        for image in region.amis.values()
        if snapshot_id in image.snapshot_ids()
    ]
