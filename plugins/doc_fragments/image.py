# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The documentation of what every module that makes images has in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  launch_permissions:
    description:
      - Who may launch the image. The list is complete; whoever is not in it loses the permission.
      - Accounts are given create-volume permission on the snapshots as well, so that they can copy the image further.
      - Images under an AWS managed key cannot be shared, which is refused before anything is made.
    type: dict
    suboptions:
      user_ids:
        description: Account ids.
        type: list
        elements: str
      group_names:
        description: The group V(all), for unencrypted images only; AWS lets no encrypted image be public.
        type: list
        elements: str
      org_arns:
        description: ARNs of organizations.
        type: list
        elements: str
      org_unit_arns:
        description: ARNs of organizational units.
        type: list
        elements: str
  deprecate_at:
    description:
      - When the image becomes deprecated, such as V(2027-01-31T00:00:00Z). An empty string removes the deprecation.
    type: str
  deregistration_protection:
    description:
      - Whether the image is protected from being deregistered. With cooldown, it stays so for 24 hours after disabling.
    type: str
    choices: [enabled, enabled-with-cooldown, disabled]
  imds_support:
    description:
      - With V(v2.0), instances of the image require IMDSv2 unless their launch says otherwise.
      - AWS never takes it back, so leave it out where the software in the image does not support IMDSv2.
    type: str
    choices: [v2.0]
  watermarks:
    description:
      - Watermarks to attach once the image is available and verified, such as V(golden-approved).
      - AWS keeps each under the account that attaches it and carries it into copies and images of instances. An
        image has 5 at most, a public one none. Those that are there and not listed stay.
      - Needs a recent botocore; one that does not know watermarks is refused.
    type: list
    elements: str
  instance_type_specification:
    description:
      - On which instance types the image can be launched, complete; both lists empty lift every limit.
      - Needs a recent botocore; one that does not know this limit is refused.
    type: dict
    suboptions:
      supported_instance_types:
        description: The only types that it can be launched on, such as V(m7i.large) or V(t3.*).
        type: list
        elements: str
      unsupported_instance_types:
        description: Types that it cannot be launched on.
        type: list
        elements: str
  wait_delay:
    description:
      - The longest time between two looks at a region, in seconds. The first looks come sooner.
    type: int
    default: 15
attributes:
  check_mode:
    support: full
    description: Predicts the same result, with the GiB that would be added; ids that only AWS can give are null.
  diff_mode:
    support: full
    description: Shows each device's snapshot and key before and after, and every step.
"""
