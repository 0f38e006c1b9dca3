# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let what is said for all destinations outrank what each has of its own."""

from __future__ import annotations

DOCUMENTATION = r"""
name: destinations
version_added: 1.0.0
short_description: Leave out of destinations what is said for all of them
description:
  - An option of a destination outranks the same option of the task in M(sealed.ami.ec2_ami_encrypted_copy). Where a
    person types an option for all, such as in a survey, it should be the other way round. This filter leaves out of
    each destination the options that are typed, so that the task's own take their place.
author:
  - sealed.ami contributors (@sealed-ami)
positional: typed
options:
  _input:
    description: The destinations, as C(sealed_ami_destinations) of P(sealed.ami.image_targets#inventory) has them.
    type: list
    elements: dict
    required: true
  typed:
    description:
      - One or more dictionaries of options by name. A blank value says nothing.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say where the images go when a key is typed
  ansible.builtin.debug:
    msg: "{{ [{'region': 'eu-west-1', 'kms_key_id': 'alias/own', 'name': 'web'}] | sealed.ami.destinations(typed) }}"
  vars:
    # [{'region': 'eu-west-1', 'name': 'web'}]
    typed:
      kms_key_id: alias/for-all
      name: ""
"""

RETURN = r"""
_value:
  description: The destinations without the options that are typed.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._image.answers import is_blank

Options = t.Mapping[str, t.Any]


def destinations(own: t.Sequence[Options], *typed: Options) -> list[dict[str, t.Any]]:
    """Return the destinations without what is typed."""
    said = {name for options in typed for name, value in options.items() if not is_blank(value)}
    return [{name: value for name, value in one.items() if name == "region" or name not in said} for one in own]


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"destinations": destinations}
