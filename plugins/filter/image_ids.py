# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sort the ids of copies by source and region."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image_ids
version_added: 1.0.0
short_description: Sort the ids of copies by source image and region
description:
  - Gives the RV(sealed.ami.ec2_ami_encrypted_copy#module:images) of a task the form in which later tasks and jobs look
    them up. Several keys may be asked for in one region, so each region has a list of ids.
  - Entries without an id, as in check mode, are left out.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  _input:
    description: The entries.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the copy in Ireland, provided that there is only one
  ansible.builtin.debug:
    msg: "{{ (made | sealed.ami.image_ids)['ami-00ec2000000000001']['eu-west-1'] | first }}"
  vars:
    made:
      - source_image_id: ami-00ec2000000000001
        region: eu-west-1
        image_id: ami-0fedcba9876543210
"""

RETURN = r"""
_value:
  description: The ids by source image and region.
  type: dict
"""

import typing as t


def image_ids(entries: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, dict[str, list[str]]]:
    """Return the ids in the order of the entries."""
    found: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        if entry.get("image_id"):
            places = found.setdefault(str(entry["source_image_id"]), {})
            places.setdefault(str(entry["region"]), []).append(str(entry["image_id"]))
    return found


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"image_ids": image_ids}
