# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrange audits for a report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
version_added: 1.0.0
short_description: Arrange the results of audits for a report
description:
  - Brings the images of several accounts and regions into the form of the HTML report of the role
    P(sealed.ami.audit#role). Keys get short names and colors, an image and its copies become a family, and each family
    is a row of a matrix with one column for each region.
  - Texts in it come from AWS and from users. Escape whatever you show.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  _input:
    description:
      - One dictionary for each account, with C(account), C(name), C(regions), and the C(images), C(errors), C(kms_keys)
        and C(block_public_access) of M(sealed.ami.ec2_ami_encryption_info). The last two may be missing.
    type: list
    elements: dict
    required: true
  policy:
    description: The policy that the images were judged by, as the option of that module.
    type: dict
    required: true
  limit:
    description:
      - How many images are shown in full at most. Families of images are taken as a whole, those with something wrong
        first. Every image of the others is a line of C(index). All are shown by default.
    type: int
"""

EXAMPLES = r"""
- name: Name the rows of the matrix
  ansible.builtin.debug:
    msg: "{{ (audit_results | sealed.ami.audit_report(policy={'encrypted': true})).families | map(attribute='name') }}"
  vars:
    audit_results:
      - account: "123456789012"
        name: production
        regions: [us-east-1]
        images: "{{ audited.images | default([]) }}"
        errors: []
"""

RETURN = r"""
_value:
  description:
    - A dictionary with C(summary), C(policy) in words, C(errors), C(keys), C(regions) of
      the images shown in full, C(empty_regions), C(families), and of the images not shown in full C(index), a list of
      blocks of lines, and C(indexed), their number. C(hanging) and C(public) are about keys asked for and about public
      sharing.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.plugin_utils._audit_report import arrange_report


def audit_report(
    results: t.Sequence[dict[str, t.Any]], policy: t.Mapping[str, t.Any], limit: int | None = None
) -> dict[str, t.Any]:
    """Return what the report shows; anything but results of audits is an error."""
    try:
        return arrange_report(results, policy, limit=limit)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"audit_report needs the results of audits, one for each account: {error!r}"
        ) from error


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"audit_report": audit_report}
