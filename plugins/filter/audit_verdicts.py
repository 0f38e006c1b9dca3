# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what an audit found in few words."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_verdicts
version_added: 1.0.0
short_description: Shorten the results of audits to one verdict for each image
description:
  - For what a job passes on, such as the artifacts of AWX, which are kept in its database and given to every job that
    follows in a workflow. The size is bounded, however many images there are and whatever their reasons say.
  - Images that are not compliant come first, then those that are unknown.
author:
  - sealed.ami contributors (@sealed-ami)
positional: limit
options:
  _input:
    description: The C(audit_results) of the role P(sealed.ami.audit#role).
    type: list
    elements: dict
    required: true
  limit:
    description: How many images to name at most.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Name the first image that is not as demanded
  ansible.builtin.debug:
    msg: "{{ (audited | sealed.ami.audit_verdicts(1)).images }}"
  vars:
    audited:
      - account: "123456789012"
        images:
          - image_id: ami-00ec2000000000001
            name: plain-root
            region: us-east-1
            compliant: false
            reasons: ["/dev/xvda is not encrypted"]
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(images), each with C(account), C(region), C(image_id), C(name), C(compliant) and at most three
      C(reasons), and with C(left_out), how many images are not named.
  type: dict
"""

import typing as t

REASONS: t.Final = 3
CHARACTERS: t.Final = 200


def audit_verdicts(results: t.Iterable[t.Mapping[str, t.Any]], limit: int = 100) -> dict[str, t.Any]:
    """Return the verdicts that matter most."""
    order = (False, None, True)
    verdicts = [
        {
            "account": result["account"],
            "region": image["region"],
            "image_id": image["image_id"],
            "name": str(image.get("name") or "")[:CHARACTERS],
            "compliant": image["compliant"],
            "reasons": [str(reason)[:CHARACTERS] for reason in image.get("reasons", [])[:REASONS]],
        }
        for result in results
        for image in result["images"]
    ]
    verdicts.sort(key=lambda verdict: order.index(verdict["compliant"]))
    return {"images": verdicts[:limit], "left_out": max(0, len(verdicts) - limit)}


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"audit_verdicts": audit_verdicts}
