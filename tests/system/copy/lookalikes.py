# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make by boto3 alone what looks like a copy, and look at what is there."""

from __future__ import annotations

import typing as t

from system.copy.asking import AWAY, HOME, SOURCES
from system.looking import Looking, tags

RUN_TAG = "sealed.ami:run"


def ids(look: Looking, region: str = AWAY) -> set[str]:
    """Return the ids of all images that the catalogue has not put there."""
    return {image["ImageId"] for image in look.images(region)} - set(SOURCES.values())


def copied_snapshots(look: Looking, region: str = AWAY) -> set[str]:
    """Return the ids of the snapshots that are copies."""
    return {name for name, snapshot in look.snapshots(region).items() if snapshot["VolumeId"] == "vol-ffffffff"}


def by_hand(look: Looking, source: str, *, key: str = "alias/os", like: t.Any = None) -> str:
    """Copy an image to Ireland with boto3 alone, as any other tool does, perhaps with another image's tags."""
    specifications = [
        {"ResourceType": kind, "Tags": [{"Key": name, "Value": value} for name, value in tags(like).items()]}
        for kind in ("image", "snapshot")
        if like
    ]
    made = look.ec2(AWAY).copy_image(
        SourceImageId=SOURCES[source],
        SourceRegion=HOME,
        Name="by-hand",
        Encrypted=True,
        KmsKeyId=key,
        TagSpecifications=specifications,
    )
    return str(made["ImageId"])


def image_of_instance(look: Looking, image_id: str, *, region: str, own: dict[str, str]) -> str:
    """Launch an image and make an image of the instance, with tags; AWS names the first as the source of the second."""
    ec2 = look.ec2(region)
    started = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType="t3.small")
    specification = {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in own.items()]}
    made = ec2.create_image(
        InstanceId=started["Instances"][0]["InstanceId"], Name="application", TagSpecifications=[specification]
    )
    return str(made["ImageId"])


def without_mark(thing: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the tags of an image without the mark of the run that made it."""
    return {key: value for key, value in tags(thing).items() if key != RUN_TAG}


def mark_of(look: Looking, image_id: str) -> str:
    """Return the mark of the run that made an image."""
    return tags(look.image(AWAY, image_id) or {}).get(RUN_TAG, "")
