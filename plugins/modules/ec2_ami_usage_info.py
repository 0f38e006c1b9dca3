#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_usage_info
version_added: 1.0.0
short_description: Say which AMIs are in use, which are not, and of which that is not known
description:
  - Looks for everything of AWS that shows the use of an Amazon Machine Image, for many images of one region or many,
    and says of each image whether it is in use, with the reasons.
  - V(false) is said only where all of O(checks) were read. What is denied, pending, too old, or unknown to the
    installed botocore makes RV(images[].in_use) null, and RV(images[].unknown) and a warning say why.
  - Reads usage reports of other accounts that exist, and never makes any. Nothing is ever changed.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  image_ids:
    description:
      - The images to look at, each in whichever of the O(regions) it is. Images of other accounts are looked at too,
        but who else uses them is for their owners to find out.
      - An id that none of the regions shows fails the task.
      - Without it, all images of this account that fit O(filters) are looked at.
    type: list
    elements: str
    aliases: [image_id]
  filters:
    description:
      - Filters by name, each with a value or a list of values, as DescribeImages takes them.
      - Disabled and deprecated images are looked at too, unless a filter on V(state) leaves them out.
    type: dict
  regions:
    description:
      - The regions to look at. Defaults to O(region) alone.
    type: list
    elements: str
  checks:
    description:
      - Which evidence to look at. Fewer checks see less, so that V(false) says less.
      - V(references) - what AWS itself finds in this account and region, by DescribeImageReferences. Instances that are
        not terminated, launch templates, parameters, and recipes of Image Builder.
      - V(reports) - what usage reports say of other accounts. An image that is shared with an account, an organization
        or everybody needs a report that is no older than O(report_max_age); one that is shared with nobody needs none.
      - V(launches) - the time of the last launch by any account; see O(launched_within_days).
      - V(autoscaling) - what Auto Scaling groups launch by, whether they have instances or not. Their launch templates,
        the overrides of mixed instances policies, launch configurations, and instance refreshes under way.
      - V(parameters) - parameters of the data type V(aws:ec2:image), their older versions that a label holds, and what
        the default and the newest version of every launch template lead to through a parameter.
      - V(snapshots) - other images of this account that are made of the same snapshots, told in RV(images[].holds).
      - V(locks) - locks on the snapshots, told in RV(images[].holds).
    type: list
    elements: str
    choices: [references, reports, launches, autoscaling, parameters, snapshots, locks]
    default: [references, reports, launches, autoscaling, parameters, snapshots, locks]
  version_depth:
    description:
      - In how many of the newest versions of a launch template an image counts as used, 1 to 10000. AWS itself looks at
        10, and would not see the default version of a template that has got 10 newer ones.
      - A usage report that was made with fewer is not enough.
    type: int
    default: 10000
  report_max_age:
    description:
      - The age in hours up to which a usage report is evidence.
    type: int
    default: 24
  launched_within_days:
    description:
      - So many days after its last launch an image counts as used, although nothing names it any more. AWS tells of a
        launch a day later.
      - Give more for images that a job launches now and then.
    type: int
    default: 2
  account_ids:
    description:
      - The other accounts that matter. Reports on these accounts are enough, and an image that is shared with none of
        them needs no report. Use that a report shows of an account counts whichever it is.
      - Without it, all accounts matter.
    type: list
    elements: str
  ignore_region_errors:
    description:
      - What happens when the images of a region cannot be read. The other regions are read in any case, and RV(errors)
        says what went wrong.
      - When V(false), the task fails in the end, with all it has read. When V(true), it does not.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Never changes anything.
  diff_mode:
    support: N/A
    description: There is nothing to compare.
  idempotent:
    support: full
    description: Never changes anything.
notes:
  - Not seen by anything are launches in other accounts in the last 24 hours (RV(images[].as_of) says up to when the
    evidence is complete), Spot Fleets and EC2 Fleets without instances, parameters of other accounts, images of root
    volumes that were replaced outside of Auto Scaling, and ids that are written in files. Before an image is
    deregistered, disable it for some days; who still launches it fails while that can be undone.
  - Needs the permissions of C(docs/iam/usage.json). AWS looks for references with the caller's permissions to describe
    instances, templates, parameters and recipes, and may find fewer where one of them is missing. They are asked for
    directly as well, so that they must not be bound to the condition C(aws:CalledVia).
  - Makes a call for ten images and some more for a region, and besides one for each Auto Scaling group, each parameter
    with older versions, each version of a template that a group names by its number, and each image that is neither in
    use nor reported on.
seealso:
  - module: sealed.ami.ec2_ami_encryption_info
  - module: amazon.aws.ec2_ami_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Which of our images are in use
  sealed.ami.ec2_ami_usage_info:
    regions: [us-east-1, eu-west-1]
  register: usage

- name: List those that nothing uses, and up to when that is known
  ansible.builtin.debug:
    msg: "{{ usage.images | selectattr('in_use', 'eq', false) | items2dict(key_name='image_id', value_name='as_of') }}"

- name: List what could not be found out
  ansible.builtin.debug:
    msg: "{{ usage.images | selectattr('in_use', 'none') | items2dict(key_name='image_id', value_name='unknown') }}"

- name: Look at one image in this account alone
  sealed.ami.ec2_ami_usage_info:
    region: us-east-1
    image_ids: [ami-00ec2000000000002]
    checks: [references, autoscaling, parameters]
  register: old

- name: Go on only where nothing uses it
  ansible.builtin.assert:
    that: old.images[0].in_use is false
    fail_msg: "{{ old.images[0].reasons | map(attribute='what') | join(', ') }}"

- name: Count an image as used for a month after its last launch, where jobs launch it now and then
  sealed.ami.ec2_ami_usage_info:
    region: us-east-1
    filters:
      "tag:Team": platform
    launched_within_days: 30

- name: Look at images that are shared with two accounts, with reports of the last three days on those
  sealed.ami.ec2_ami_usage_info:
    region: us-east-1
    filters:
      name: database*
    account_ids: ["210987654321", "333333333333"]
    report_max_age: 72
"""

RETURN = r"""
changed:
  description: Always V(false).
  returned: always
  type: bool
msg:
  description: How many images are in use, not in use, and not known.
  returned: always
  type: str
  sample: 12 images, 3 in use, 8 not in use as of 2026-11-25T12:00:00Z, 1 not known
summary:
  description: How many images there are of each kind.
  returned: always
  type: dict
  contains:
    images:
      description: All of them.
      type: int
      returned: always
    in_use:
      description: Those in use.
      type: int
      returned: always
    not_in_use:
      description: Those that nothing uses.
      type: int
      returned: always
    unknown:
      description: Those of which it is not known.
      type: int
      returned: always
regions:
  description: The regions that were looked at.
  returned: always
  type: list
  elements: str
images:
  description: The images, in the order of the regions, then by name and id.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id.
      type: str
      returned: always
      sample: ami-00ec2000000000005
    name:
      description: The name.
      type: str
      returned: always
      sample: database-sealed
    state:
      description: The state, such as V(available) or V(disabled).
      type: str
      returned: always
    region:
      description: The region.
      type: str
      returned: always
    owner_id:
      description: The account that owns it.
      type: str
      returned: always
      sample: "123456789012"
    creation_date:
      description: When it was made.
      type: str
      returned: always
      sample: "2026-11-23T10:00:00.000Z"
    tags:
      description: Its tags. AWS hides those of other accounts' images.
      type: dict
      returned: always
    in_use:
      description:
        - V(true) when any evidence shows use, V(false) when all of O(checks) were read and none shows any, and null
          when something could not be read.
      type: bool
      returned: always
    reasons:
      description: What uses it.
      type: list
      elements: dict
      returned: always
      contains:
        source:
          description: Which of O(checks) has found it.
          type: str
          returned: always
          sample: autoscaling
        what:
          description: What it is, for people.
          type: str
          returned: always
          sample: Auto Scaling group web, an override
        arn:
          description: Its ARN; null where AWS does not tell it.
          type: str
          returned: always
        account_id:
          description: The other account, for V(reports); null for others.
          type: str
          returned: always
        count:
          description: How many resources of the other account there are, for V(reports); null for others.
          type: int
          returned: always
    unknown:
      description: What could not be read and why, each beginning with the check.
      type: list
      elements: str
      returned: always
    holds:
      description:
        - What deregistering the image would leave of its snapshots. It is no use of the image, and RV(images[].in_use)
          does not depend on it once it is read.
      type: list
      elements: dict
      returned: always
      contains:
        source:
          description: V(snapshots) or V(locks).
          type: str
          returned: always
        what:
          description: What it is, for people.
          type: str
          returned: always
          sample: snapshot snap-0123456789abcdef0 is one of image ami-0123456789abcdef0 too
    last_launched_time:
      description: When any account last launched it, a day late; null when it never was, and for images of others.
      type: str
      returned: always
      sample: "2026-11-20T08:15:00Z"
    as_of:
      description: Up to when the evidence is complete. What happened later may not be shown yet.
      type: str
      returned: always
      sample: "2026-11-25T12:00:00Z"
errors:
  description: The regions whose images could not be read.
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      returned: always
    message:
      description: What went wrong, and what to do.
      type: str
      returned: always
missing_image_ids:
  description: Those of O(image_ids) that no region shows.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec import USAGE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.usage.run import read_usage
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.usage.request import parse_usage_request
from ansible_collections.sealed.ami.plugins.module_utils._image.usage.result import (
    to_usage_result,
    usage_failure,
    usage_message,
    usage_warnings,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=USAGE_ARGUMENTS, supports_check_mode=True)
    with failing_readably(module, regions=[], errors=[], missing_image_ids=[]):
        connection = Connection.of_module(module)
        request = parse_usage_request(module.params, default_region=module.region)
        usages = read_usage(connection, request)
    result = to_usage_result(usages, request)
    for warning in [*(one for usage in usages for one in usage.warnings), *usage_warnings(result)]:
        warn(warning)
    message = usage_failure(result, request)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=usage_message(result), **result)


if __name__ == "__main__":
    main()
