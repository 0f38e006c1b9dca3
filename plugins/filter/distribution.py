# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan how images come into other accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: distribution
version_added: 1.0.0
short_description: Plan how images come into other accounts
description:
  - Takes the variables of all hosts, as P(sealed.ami.image_targets#inventory) gives them, and what is known of the
    images, and returns the whole plan of the role P(sealed.ami.distribute#role). What AWS would refuse half-way fails
    here.
  - It changes nothing and asks nobody.
author:
  - sealed.ami contributors (@sealed-ami)
positional: hosts, images, intermediates
options:
  _input:
    description:
      - The variables by host, such as C(hostvars). A host has in C(distribute_found) what its account has of the
        images, as M(sealed.ami.ec2_ami_encryption_info) returns it.
    type: dict
    required: true
  hosts:
    description: The names of the hosts that are consumers.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - sealed.ami.distribution
seealso:
  - plugin: sealed.ami.distribution_clean_up
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show in which way each image goes to each account, and why
  ansible.builtin.debug:
    msg: "{{ (hostvars | sealed.ami.distribution(groups.all, looked_at.images, [])).ways }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary. C(ways) says for each image and host the C(pattern), which is V(copy), V(intermediate), V(share), or
      V(own) where the host is the owner, the C(reason), and whether it is C(done).
    - C(transfers), C(notes), C(shares) and C(grants) are the owner's part, C(consumers) has the part of each host.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError
from ansible_collections.sealed.ami.plugins.plugin_utils._distribution import plan_distribution

Entries = t.Sequence[t.Mapping[str, t.Any]]


def distribution(hostvars: t.Any, hosts: t.Sequence[str], images: Entries, intermediates: Entries) -> dict[str, t.Any]:
    """Return the plan, or fail with what cannot be."""
    try:
        return plan_distribution(hosts, hostvars, images, intermediates)
    except RequestError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"distribution": distribution}
