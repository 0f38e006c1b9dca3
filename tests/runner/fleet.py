# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of two accounts out of the emulated AWS's catalogue, and what has become of its images."""

from __future__ import annotations

import dataclasses

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials

HOME, CONSUMER = "123456789012", "210987654321"
# The role that the credential in AWX belongs to; it takes the other account's role for targets there.
PIPELINE_ROLE = f"arn:aws:iam::{HOME}:role/pipeline"
COPIER_ROLE = f"arn:aws:iam::{CONSUMER}:role/image-copier"
IMAGES = ("ami-00ec2000000000026", "ami-00ec2000000000031")
TARGETS = f"""
plugin: sealed.ami.image_targets
host_per: region
source_region: us-east-1
source_image_ids: [{", ".join(IMAGES)}]
kms_key_id: alias/golden
accounts:
  - account: home
    account_id: "{HOME}"
    regions: [eu-west-1, eu-central-1, us-west-2]
  - account: consumer
    role_arn: {COPIER_ROLE}
    regions: [eu-west-1, us-west-2]
keyed_groups:
  - key: sealed_ami_account
    prefix: account
"""
PLACES = tuple((HOME, region) for region in ("eu-west-1", "eu-central-1", "us-west-2")) + tuple(
    (CONSUMER, region) for region in ("eu-west-1", "us-west-2")
)


@dataclasses.dataclass(frozen=True, order=True)
class Copy:
    """A copy of one of the images: where it is, and the aliases of the keys on its snapshots."""

    account: str
    region: str
    source: str
    state: str
    aliases: tuple[str, ...]


def copies(emulator: Emulator) -> list[Copy]:
    """Return every copy in every target, as boto3 alone sees them."""
    return sorted(copy for account, region in PLACES for copy in _copies_in(emulator, account, region))


def all_copied() -> list[Copy]:
    """Return what there must be when every image is in every target once, under the target's key."""
    return sorted(
        Copy(account, region, image, "available", ("alias/golden",)) for account, region in PLACES for image in IMAGES
    )


def pipeline_credentials(emulator: Emulator) -> Credentials:
    """Return a session of the role that AWX's credential belongs to."""
    return emulator.principal(PIPELINE_ROLE)


def _copies_in(emulator: Emulator, account: str, region: str) -> list[Copy]:
    session = emulator.session(account=account, region=region)
    ec2, kms = session.client("ec2"), session.client("kms")
    snapshots = {entry["SnapshotId"]: entry for entry in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    aliases = {entry.get("TargetKeyId"): entry["AliasName"] for entry in kms.list_aliases()["Aliases"]}
    found = []
    for image in ec2.describe_images(Owners=["self"])["Images"]:
        if image.get("SourceImageId") in IMAGES:
            # The snapshots of a pending image have no ids yet.
            ids = [mapping["Ebs"].get("SnapshotId") for mapping in image["BlockDeviceMappings"] if "Ebs" in mapping]
            keys = [snapshots[name].get("KmsKeyId", "").rpartition("/")[2] for name in ids if name in snapshots]
            names = tuple(aliases.get(key, "-") for key in keys)
            found.append(Copy(account, region, image["SourceImageId"], image["State"], names))
    return found
