#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_access_info
version_added: 1.0.0
short_description: Say which permissions are missing before images are shared, copied and taken back
description:
  - Tries every call that is about to be made, and those that take it back later, as dry runs of EC2 and KMS, which
    change nothing. So what is missing is known before the first change, and not half-way.
  - What is not there yet, such as an intermediate copy that is to be removed, is asked about by an id that nothing has.
  - A denial is told by AWS alone. Any other answer, such as that an image is not shared yet, proves nothing.
  - The role P(sealed.ami.distribute#role) uses it for the owner of images and for each account that copies them.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  acts:
    description:
      - What is about to be done.
    type: list
    elements: dict
    required: true
    suboptions:
      act:
        description:
          - V(copy) - copy images under a key. V(remove) - remove a copy with its snapshots.
          - V(share) - let accounts copy images for a while, with a record, and take that back. V(launch) - let accounts
            launch images. V(note) - set tags on images, and remove them.
          - V(grant) - grant keys, and revoke that.
        type: str
        choices: [copy, remove, share, launch, note, grant]
        required: true
      region:
        description: Where it is done, for V(copy) the region that the copies come to. Defaults to O(region).
        type: str
      source_region:
        description: For V(copy), where the images are. Defaults to the region of the copies.
        type: str
      image_ids:
        description:
          - The images. V(copy) and V(note) need them; V(share) and V(launch) without any are tried on an id that
            nothing has.
        type: list
        elements: str
      snapshot_ids:
        description: For V(share), their snapshots. Without any, it is tried on an id that nothing has.
        type: list
        elements: str
      user_ids:
        description: For V(share) and V(launch), the accounts; the first stands for all.
        type: list
        elements: str
      kms_key_id:
        description: For V(copy), the key of the copies.
        type: str
      kms_key_ids:
        description:
          - For V(grant), the keys. For V(copy), the keys of the source, which another account may grant only later; so
            a denial by the policy of such a key is not known to be one.
        type: list
        elements: str
      grantee_principals:
        description: For V(grant), whom they are granted to.
        type: list
        elements: str
  required:
    description:
      - Whether a denial fails the task. Otherwise it is a warning, as it should be where policies allow by tags what
        does not exist yet.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Never changes anything.
  diff_mode:
    support: none
    description: Never changes anything.
  idempotent:
    support: full
    description: Never changes anything.
notes:
  - Needs no permissions but those that it tries.
  - Where a policy lets AWS services alone use a key, dry runs are denied as well, and O(required=false) is right. A
    denial of C(kms:CreateGrant) for EBS is always a warning for that.
seealso:
  - module: sealed.ami.ec2_ami_share
  - module: sealed.ami.kms_key_grant
  - module: sealed.ami.ec2_ami_encrypted_copy
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Make sure that an image can be shared for a while, and its key granted
  sealed.ami.ec2_ami_access_info:
    region: us-east-1
    acts:
      - act: share
        image_ids: [ami-00ec2000000000002]
        user_ids: ["210987654321"]
      - act: grant
        kms_key_ids: [alias/golden]
        grantee_principals: [arn:aws:iam::210987654321:role/image-copier]

- name: Warn of what a copy to another region, and its removal, would lack
  sealed.ami.ec2_ami_access_info:
    region: eu-west-1
    acts:
      - act: copy
        source_region: us-east-1
        image_ids: [ami-00ec2000000000002]
        kms_key_id: alias/golden
      - act: remove
    required: false
  register: access

- name: Make sure that an account can be let launch an image
  sealed.ami.ec2_ami_access_info:
    region: us-east-1
    acts:
      - act: launch
        image_ids: [ami-00ec2000000000002]
        user_ids: ["210987654321"]

- name: Make sure that an image can be tagged
  sealed.ami.ec2_ami_access_info:
    region: us-east-1
    acts:
      - act: note
        image_ids: [ami-00ec2000000000002]
"""

RETURN = r"""
checks:
  description: What is known of each call, in the order in which they would be made.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The action as policies name it.
      returned: always
      type: str
      sample: ec2:DeleteTags
    region:
      description: Where it was tried.
      returned: always
      type: str
      sample: us-east-1
    resource:
      description: What it was tried on; empty for what has no resource.
      returned: always
      type: str
      sample: ami-00ec2000000000002
    allowed:
      description: Whether it is allowed; null where that is not known.
      returned: always
      type: bool
    reason:
      description: What says so.
      returned: always
      type: str
      sample: a dry run succeeded
denied:
  description: The actions that are denied on anything.
  returned: always
  type: list
  elements: str
  sample: []
unknown:
  description: The actions of which it is not known for everything whether they are allowed.
  returned: always
  type: list
  elements: str
  sample: []
msg:
  description: What is missing.
  returned: always
  type: str
  sample: nothing is known to be missing
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec_access import ACCESS_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.access.run import try_access
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_with, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.access.request import parse_access_request
from ansible_collections.sealed.ami.plugins.module_utils._image.access.result import (
    denial,
    doubts,
    to_access_result,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ACCESS_ARGUMENTS, supports_check_mode=True)
    with failing_with(module, checks=[], denied=[], unknown=[]):
        connection = Connection.of_module(module)
        request = parse_access_request(module.params, default_region=module.region)
        checks = try_access(connection, request)
    missing = denial(checks)
    for doubt in [*doubts(checks), *([] if request.required or not missing else [missing])]:
        warn(doubt)
    if missing and request.required:
        module.fail_json(msg=f"{missing}. Nothing has been changed", changed=False, **to_access_result(checks))
    module.exit_json(msg=missing or "nothing is known to be missing", changed=False, **to_access_result(checks))


if __name__ == "__main__":
    main()
