# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave out the copies that this collection has made."""

from __future__ import annotations

DOCUMENTATION = r"""
name: originals
version_added: 1.0.0
short_description: Leave out images that this collection has made as copies
description:
  - Takes images as M(amazon.aws.ec2_ami_info) returns them, and returns those that are not copies made by this
    collection.
  - A copy that was given the tags of its source fits every search by tags that its source fits. Without this filter a
    pipeline that copies what carries a tag would copy its own copies, and theirs, without end.
  - A copy is known by its tag C(sealed.ami:source) if AWS shows the very lineage that the tag says. Tags travel
    further, such as with an instance and the images that are made from it, and these images are originals.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  _input:
    description: The images.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Find the golden images
  amazon.aws.ec2_ami_info:
    region: us-east-1
    owners: self
    filters:
      "tag:Distribute": fleet
  register: golden

- name: Show them without their copies
  ansible.builtin.debug:
    msg: "{{ golden.images | sealed.ami.originals | map(attribute='image_id') }}"
"""

RETURN = r"""
_value:
  description: The images that are not such copies.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._image.model import SOURCE_TAG


def originals(images: t.Iterable[t.Mapping[str, t.Any]]) -> list[t.Mapping[str, t.Any]]:
    """Return the images that are not copies of ours."""
    return [image for image in images if not _is_our_copy(image)]


def _is_our_copy(image: t.Mapping[str, t.Any]) -> bool:
    recorded = (image.get("tags") or {}).get(SOURCE_TAG)
    if not recorded or image.get("source_instance_id"):
        return False
    source = image.get("source_image_id")
    # An old boto3 does not show the lineage; then the tag alone has to do, and leaving out is the safe side.
    return source is None or recorded in (source, f"{image.get('source_image_region')}:{source}")


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"originals": originals}
