#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_allowed_images
version_added: 1.0.0
short_description: Say which Amazon Machine Images an account sees and uses at all
description:
  - Sets Allowed AMIs of the account, in one region or many. Where it is enabled, an image of another account that meets
    none of the criteria does not exist for the account, and nothing can be launched or copied of it. Images of the
    account itself are never restricted.
  - An image meets a criterion if it meets every condition in it, and is allowed if it meets any of the criteria.
  - Criteria are set before they are applied, and changed once they are no longer applied, so that none hides what it
    should not.
  - All regions are read and judged before the first change.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  state:
    description:
      - V(enabled) hides every image of another account that meets no criterion. V(audit-mode) hides none, and lets
        DescribeImages say of each image whether it would be hidden. V(disabled) applies no criteria, and leaves those
        that are there.
      - V(enabled) without any criterion is refused, for AWS does not document what it hides then.
    type: str
    choices: [enabled, audit-mode, disabled]
    required: true
  image_criteria:
    description:
      - The criteria, complete, 10 at most. Those that are there and not listed are removed; an empty list removes all.
        Left out, they stay as they are.
      - The order of criteria and of the values in them means nothing.
    type: list
    elements: dict
    suboptions:
      image_providers:
        description:
          - V(amazon), V(aws-marketplace), V(aws-backup-vault) or account ids in quotes; or V(none) alone, which allows
            images of this account only.
        type: list
        elements: str
      image_names:
        description: Names of images, with V(*) and V(?) as wildcards. Anybody may give an image any name.
        type: list
        elements: str
      marketplace_product_codes:
        description: Product codes of AWS Marketplace.
        type: list
        elements: str
      creation_date_condition:
        description: How old an image may be.
        type: dict
        suboptions:
          maximum_days_since_created:
            description: The most days since it was made.
            type: int
      deprecation_time_condition:
        description: For how long an image may have been deprecated.
        type: dict
        suboptions:
          maximum_days_since_deprecated:
            description: The most days since then; 0 allows no deprecated image.
            type: int
      image_watermarks:
        description: The image has at least one watermark that meets all conditions of one of these entries.
        type: list
        elements: dict
        suboptions:
          watermark_key:
            description: Account and name of the watermark, such as V(123456789012:golden-*), with V(*) and V(?).
            type: str
          source_image_region:
            description: The region where the watermark was first attached, with V(*) and V(?).
            type: str
          maximum_days_since_source_image_created:
            description: The most days since the image was made that it was first attached to.
            type: int
          maximum_days_since_watermark_created:
            description: The most days since it was first attached.
            type: int
      scan_result_condition:
        description: What Amazon Inspector must have found at most. An image that it has not scanned meets none of it.
        type: dict
        suboptions:
          maximum_severity_label:
            description: The highest severity of a finding.
            type: str
            choices: [informational, low, medium, high, critical]
          max_days_since_last_finding_scan:
            description: The most days since the last scan.
            type: int
          max_days_since_informational_fix_available:
            description: The most days since there is a fix for a finding that is informational.
            type: int
          max_days_since_low_fix_available:
            description: The most days since there is a fix for a finding of low severity.
            type: int
          max_days_since_medium_fix_available:
            description: The most days since there is a fix for a finding of medium severity.
            type: int
          max_days_since_high_fix_available:
            description: The most days since there is a fix for a finding of high severity.
            type: int
          max_days_since_critical_fix_available:
            description: The most days since there is a fix for a finding of critical severity.
            type: int
  regions:
    description:
      - The regions to set it in. Defaults to O(region) alone.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: Reads and judges every region, and says what would be changed.
  diff_mode:
    support: full
    description: Shows state and criteria of each region before and after, and every step.
  idempotent:
    support: full
    description: Nothing is sent where state and criteria are as asked for.
notes:
  - Needs C(ec2:GetAllowedImagesSettings), C(ec2:ReplaceImageCriteriaInAllowedImagesSettings),
    C(ec2:EnableAllowedImagesSettings), and C(ec2:DisableAllowedImagesSettings) for O(state=disabled).
  - Where a declarative policy of the organization manages the setting, the account cannot change it, and the task fails
    unless everything is as asked for.
seealso:
  - module: sealed.ami.ec2_ami_publish
  - module: sealed.ami.ec2_ami_encryption_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: See for a while which images would be hidden
  sealed.ami.ec2_allowed_images:
    regions:
      - us-east-1
      - eu-west-1
    state: audit-mode
    image_criteria:
      - image_providers:
          - amazon
          - "210987654321"
        creation_date_condition:
          maximum_days_since_created: 180
      - image_watermarks:
          - watermark_key: "123456789012:golden-*"

- name: Apply the criteria that are there
  sealed.ami.ec2_allowed_images:
    regions:
      - us-east-1
      - eu-west-1
    state: enabled

- name: Say what allowing only images of this account would change
  sealed.ami.ec2_allowed_images:
    region: us-east-1
    state: enabled
    image_criteria:
      - image_providers:
          - none
  check_mode: true
  diff: true

- name: Hide no image any more
  sealed.ami.ec2_allowed_images:
    regions:
      - us-east-1
      - eu-west-1
    state: disabled
"""

RETURN = r"""
changed:
  description: Whether the setting was, or in check mode would be, changed in any region.
  returned: always
  type: bool
msg:
  description: What became of each region, in one line; or what went wrong.
  returned: always
  type: str
  sample: "us-east-1 updated: enabled; eu-west-1 unchanged: enabled"
settings:
  description: The setting of each region, in the order of O(regions); empty where the task failed before any change.
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      returned: always
      type: str
    action:
      description: V(updated), V(unchanged) or V(failed).
      returned: always
      type: str
    state:
      description: The state now; in check mode, what it would be.
      returned: always
      type: str
      sample: enabled
    image_criteria:
      description: The criteria now, in the form of O(image_criteria), sorted.
      returned: always
      type: list
      elements: dict
    managed_by:
      description: V(account), or V(declarative-policy) where the organization manages it.
      returned: always
      type: str
    previous:
      description: State and criteria before, with which another task can put them back.
      returned: always
      type: dict
      contains:
        state:
          description: The state.
          returned: always
          type: str
        image_criteria:
          description: The criteria.
          returned: always
          type: list
          elements: dict
    steps:
      description: What was done, or in check mode would be, in order.
      returned: always
      type: list
      elements: str
    error:
      description: What went wrong, and which steps were not done.
      returned: when something did
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec_allowed import ALLOWED_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.allowed.run import set_allowed_images
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_with, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.allowed.request import parse_allowed_request
from ansible_collections.sealed.ami.plugins.module_utils._image.allowed.result import (
    allowed_failure,
    allowed_message,
    to_allowed_diff,
    to_allowed_result,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ALLOWED_ARGUMENTS, supports_check_mode=True)
    with failing_with(module, settings=[]):
        connection = Connection.of_module(module)
        request = parse_allowed_request(module.params, default_region=module.region)
        outcomes = set_allowed_images(connection, request, check=module.check_mode, warn=warn)
    result = to_allowed_result(outcomes)
    if module._diff:
        result["diff"] = to_allowed_diff(outcomes)
    message = allowed_failure(outcomes)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=allowed_message(outcomes, check=module.check_mode), **result)


if __name__ == "__main__":
    main()
