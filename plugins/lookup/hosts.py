# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to play on nobody."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts
version_added: 1.0.0
short_description: Return a pattern of hosts, provided that it fits any
description:
  - For the keyword C(hosts) of a play. Ansible skips a play whose pattern fits no host and ends well, so that a
    misspelt group, an inventory that was refused, or a limit outside of the pattern look like a success. This lookup
    makes it an error.
  - The limit of the command line counts as well. In C(--syntax-check) every pattern is returned.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  _terms:
    description: The patterns, of which the first that is not blank is taken.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Say where we are, on hosts that there must be
  hosts: "{{ lookup('sealed.ami.hosts', some_hosts | default(''), 'localhost') }}"
  gather_facts: false
  tasks:
    - name: Say it
      ansible.builtin.debug:
        var: inventory_hostname
"""

RETURN = r"""
_raw:
  description: The pattern.
  type: list
  elements: str
"""

import typing as t

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """Return a pattern that fits some host."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **_options: t.Any) -> list[str]:
        """Return the first pattern that is not blank, or say that it fits nobody."""
        pattern = next(str(term).strip() for term in terms if str(term).strip())
        known = variables or {}
        if not context.CLIARGS.get("syntax") and not self._fits(pattern, known):
            raise AnsibleError(_nobody(pattern, known))
        return [pattern]

    def _fits(self, pattern: str, known: dict[str, t.Any]) -> bool:
        manager = InventoryManager(self._loader, parse=False)
        for group, hosts in known.get("groups", {}).items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        manager.subset(known.get("ansible_limit"))
        return bool(manager.get_hosts(pattern))


def _nobody(pattern: str, known: dict[str, t.Any]) -> str:
    hosts, limit = known.get("groups", {}).get("all", []), known.get("ansible_limit")
    if not hosts:
        held = "which is empty: it was not given, or it was refused, as the warnings above say"
    else:
        more = ", ..." if len(hosts) > 5 else ""
        held = f"which has {', '.join(hosts[:5])}{more}"
    within = f" within the limit {limit!r}" if limit else ""
    return f"{pattern!r} fits no host{within} of the inventory, {held}. Nothing was done; correct pattern or inventory"
