# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Why an image is not proven to be ours: what AWS says of it, held against what its tags say. No AWS, no Ansible.

Tags travel (aws_rules §25), so that they prove nothing; each doubt rests on something that only AWS writes.
"""

from __future__ import annotations

from .aws_facts import WHOLE_STATES
from .descriptions import instance_of, is_made_otherwise
from .keys import key_arn_in
from .model import BUILDER_TAG, COPY_TAG, KEY_TAG, PLACE_TAG, SOURCE_TAG, Image, source_tag_value
from .places import shown_place


def doubt_of_copy(image: Image, *, source_image_id: str, source_region: str) -> str | None:
    """Say why the image is not proven to be this collection's copy of the source; None where it is.

    AWS writes the lineage of CopyImage and CreateImage alike; only images of instances have an instance. Other tools
    copy the same source, so our tags have to agree, and what they say of the key has to be true: a copy of the tags is
    seldom under the same key, and keys that an available or disabled image does not show prove nothing. ``aws:`` tags
    cannot be set by a caller, so an AWS service made the image.
    """
    if image.source_instance_id:
        return f"AWS says that it is an image of instance {image.source_instance_id}"
    if image.source_image_id is None:
        return "AWS shows no lineage of it"
    if (image.source_image_id, image.source_region or source_region) != (source_image_id, source_region):
        return f"AWS says that it comes from {image.source_image_id} in {image.source_region}"
    if is_made_otherwise(image):
        return "AWS says of its snapshots that they were not copied for it"
    service = next((key for key in image.tags if key.startswith("aws:")), "")
    if service:
        return f"an AWS service made it (tag {service})"
    expected = source_tag_value(source_region=source_region, source_image_id=source_image_id)
    if image.tags.get(SOURCE_TAG) != expected or not {COPY_TAG, KEY_TAG} <= image.tags.keys():
        return "it does not carry this collection's tags, so another tool or person made it"
    whole = image.state in WHOLE_STATES
    if whole and not image.shows_keys:
        return "AWS does not show the keys of all its snapshots, so what its tags say of the key is not proven"
    place = image.tags.get(PLACE_TAG, "")
    if whole and any(one not in (None, place) for one in (device.place for device in image.snapshot_devices)):
        return f"its tags say that it was copied to {shown_place(place)}, and AWS shows its snapshots elsewhere"
    named = key_arn_in(image.tags.get(KEY_TAG, ""))
    plain = whole and any(one.encrypted is False for one in image.snapshot_devices)
    if named is not None and (plain or image.kms_key_arns - {named}):
        return f"its tags name the key {named}, but its snapshots are not under it"
    return None


def doubt_of_composed(image: Image, *, work: str, token: str) -> str | None:
    """Say why the image is not proven to be composed under its name; None where it is.

    ``work`` is what our tags have to say for this very name, and ``token`` how the client token of our builder begins.
    AWS's lineage must not contradict the tags: an image that took them along was copied, or created from an instance,
    and AWS says of which.
    """
    if image.tags.get(COPY_TAG) != work:
        return "it does not carry this collection's recipe tags for its name"
    service = next((key for key in image.tags if key.startswith("aws:")), "")
    if service:
        return f"an AWS service made it (tag {service})"
    source = image.tags.get(SOURCE_TAG, "").rpartition(":")[2]
    instance = instance_of(image)
    if instance is None:
        return f"AWS says that it was copied from {image.source_image_id}" if image.source_image_id else None
    said = f"AWS says that it is an image of instance {instance}"
    made_of = instance if source.startswith("i-") else image.source_image_id
    if made_of not in (None, source):
        return f"{said}, and {made_of} is not {source}"
    return None if source.startswith("i-") else _doubt_of_builder(image, instance, said, token)


def _doubt_of_builder(image: Image, instance: str, said: str, token: str) -> str | None:
    """Say why the instance that an image was made of is not the one that composing launched for it.

    Every instance of the source is alike to AWS's lineage. Where our tags were copied along with the name, they name
    another instance than AWS does; for as long as AWS lists the instance, its client token tells for certain.
    """
    builder = image.tags.get(BUILDER_TAG)
    if builder != instance:
        return f"{said}, and its tags do not say that composing launched that one"
    if image.source_client_token is not None and not image.source_client_token.startswith(token):
        return f"{said}, which was not launched by composing"
    return None
