#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_share
version_added: 1.0.0
short_description: Share AMIs and their snapshots with other accounts, and take back exactly that
description:
  - Lets accounts, organizations and organizational units launch Amazon Machine Images of this account, and with
    O(purpose=copy) lets accounts copy them, for which AWS demands a permission on every snapshot as well.
  - Permissions are read first and only the difference is sent, so that a second run changes nothing. Permissions that
    O(launch_permissions) does not name are left alone, unless O(purge_launch_permissions) is set.
  - What AWS is bound to refuse is refused before anything is changed, in check mode as well. So is O(state=absent) for
    an account that keeps access through an organization, a unit or the group V(all), where AWS answers success and
    changes nothing.
  - After a change the permissions are read back, and the result says what AWS shows, and what this run gave and took.
  - Whoever launches or copies an encrypted image needs the use of its keys as well, which this module does not give;
    M(sealed.ami.kms_key_grant) does, and so do the policies of the keys. M(sealed.ami.ec2_ami_encryption_info) says who
    can start an image, and M(sealed.ami.ec2_ami_encrypted_copy) tries the keys before a copy.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  image_ids:
    description:
      - The images, each in whichever of the O(regions) it is. They must belong to this account.
      - An id that none of the regions shows fails the task. Excludes O(filters) and O(tags).
    type: list
    elements: str
    aliases: [image_id]
  filters:
    description:
      - Filters by name, each with a value or a list of values, as DescribeImages takes them. Of this account's images,
        all that fit are meant, disabled ones too unless a filter on V(state) leaves them out.
      - A selection that fits no image fails the task.
    type: dict
  tags:
    description:
      - Tags that the images must carry, letter by letter, together with O(filters). C(*) and C(?) stand for themselves.
    type: dict
    aliases: [resource_tags]
  regions:
    description:
      - The regions of the images. Defaults to O(region) alone.
    type: list
    elements: str
  launch_permissions:
    description:
      - Who gets permission, or with O(state=absent) loses it. Must name somebody. Required without
        O(given) and O(record).
      - The account that owns an image needs no permission on it and is given none.
    type: dict
    suboptions:
      user_ids:
        description: Account ids.
        type: list
        elements: str
      group_names:
        description:
          - The group V(all), which makes an image public. AWS takes it for images without encryption, watermark and
            product codes only.
        type: list
        elements: str
      org_arns:
        description: ARNs of organizations. With O(purpose=copy) only to take them back; they can launch, never copy.
        type: list
        elements: str
      org_unit_arns:
        description: ARNs of organizational units; see O(launch_permissions.org_arns).
        type: list
        elements: str
  purge_launch_permissions:
    description:
      - Whether everybody else loses the launch permission, and with O(purpose=copy) the permission on the snapshots.
      - To take an image from everybody, pass an empty list, such as V(user_ids=[]), in O(launch_permissions).
    type: bool
    default: false
  purpose:
    description:
      - V(launch) gives, or takes, the launch permission of the image.
      - V(copy) gives, or takes, create-volume permission on every snapshot of the image as well, without which
        CopyImage is refused.
      - Required without O(given), except to take back what O(record) has written down, which is both.
    type: str
    choices: [launch, copy]
  record:
    description:
      - Whether to write down, in tags C(sealed.ami:shared-for-1) and further of each image and snapshot, which accounts
        are given a permission that they do not have, before they are given it. So it can be taken back whatever becomes
        of the play, and what was there before stays.
      - With O(state=absent), takes back exactly what the tags say, of the accounts in O(launch_permissions) if they are
        named, otherwise of all, and removes the tags. Tags that name another image or snapshot count for nothing.
      - For accounts alone.
    type: bool
    default: false
  given:
    description:
      - With O(state=absent), the RV(images) of an earlier result of this module. Takes back exactly what that run gave,
        image by image and snapshot by snapshot, and leaves what was there before it.
      - Takes the place of the options that choose images and name accounts.
    type: list
    elements: dict
  state:
    description:
      - V(absent) takes back what O(launch_permissions) or O(given) names, and nothing else.
      - The permission on a snapshot stays where another image of this account uses the snapshot and is shared with the
        same account; a warning and RV(images[].snapshots[].kept) say so.
      - An account that an organization or unit which stays may cover fails the task, or is warned of where AWS
        Organizations does not tell whether the account belongs there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Predicts the same result.
  diff_mode:
    support: full
    description: Shows the permissions of each image and its snapshots before and after, and every step.
  idempotent:
    support: full
    description: Sends only what differs.
notes:
  - Needs C(ec2:DescribeImages), C(ec2:DescribeSnapshots), C(ec2:DescribeImageAttribute),
    C(ec2:DescribeSnapshotAttribute), C(ec2:ModifyImageAttribute), with O(purpose=copy) C(ec2:ModifySnapshotAttribute),
    and C(kms:DescribeKey) to judge the keys. Where the last one is denied, a warning says so. O(record) needs
    C(ec2:CreateTags) and, with O(state=absent), C(ec2:DeleteTags).
  - With C(organizations:DescribeAccount), C(organizations:DescribeOrganization) and C(organizations:ListParents), which
    only the management account and delegated administrators may call, O(state=absent) knows who belongs where.
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: sealed.ami.kms_key_grant
  - module: amazon.aws.ec2_ami
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Let another account copy an image
  sealed.ami.ec2_ami_share:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    launch_permissions:
      user_ids: ["210987654321"]
    purpose: copy
  register: shared

- name: See what taking it back would do
  sealed.ami.ec2_ami_share:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    launch_permissions:
      user_ids: ["210987654321"]
    purpose: copy
    state: absent
  check_mode: true
  diff: true

- name: Take back exactly what the first task gave, and leave what was there before
  sealed.ami.ec2_ami_share:
    given: "{{ shared.images }}"
    state: absent

- name: Let an account copy an image for a while, and note that it could not before
  sealed.ami.ec2_ami_share:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    launch_permissions:
      user_ids: ["210987654321"]
    purpose: copy
    record: true

- name: Take back what was noted, in this play or in a later one
  sealed.ami.ec2_ami_share:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    record: true
    state: absent

- name: Let a whole organization launch the golden images of two regions
  sealed.ami.ec2_ami_share:
    regions: [us-east-1, eu-west-1]
    tags:
      Stage: golden
    launch_permissions:
      org_arns: [arn:aws:organizations::123456789012:organization/o-exampleorgid]
    purpose: launch

- name: Let these accounts launch an image, and nobody else
  sealed.ami.ec2_ami_share:
    region: us-east-1
    image_ids: [ami-00ec2000000000003]
    launch_permissions:
      user_ids: ["210987654321"]
    purge_launch_permissions: true
    purpose: launch
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, changed in AWS.
  returned: always
  type: bool
msg:
  description: What became of the images, in one line; or what went wrong.
  returned: always
  type: str
  sample: "shared: database-sealed ami-00ec2000000000005 in us-east-1"
images:
  description:
    - One entry for each image, in the order of the regions, then by name and id; after a failure too.
    - Empty where the request was refused before anything was changed.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id.
      returned: always
      type: str
      sample: ami-00ec2000000000005
    name:
      description: The name.
      returned: always
      type: str
      sample: database-sealed
    state:
      description: The state, such as V(available).
      returned: always
      type: str
    region:
      description: The region.
      returned: always
      type: str
      sample: us-east-1
    action:
      description:
        - What was done, or in check mode would be. V(shared) gave permissions, V(unshared) took some, V(updated) did
          both, V(unchanged) neither, and V(failed) is an error.
      returned: always
      type: str
      sample: shared
    reason:
      description: Why.
      returned: always
      type: str
      sample: permissions that are asked for are missing
    launch_permissions:
      description: Who may launch the image now, as AWS says.
      returned: always
      type: dict
      sample: {user_ids: ["210987654321"], group_names: [], org_arns: [], org_unit_arns: []}
    given:
      description: The launch permissions that this run gave, in the form of O(launch_permissions).
      returned: always
      type: dict
      sample: {user_ids: ["210987654321"], group_names: [], org_arns: [], org_unit_arns: []}
    taken:
      description: The launch permissions that this run took.
      returned: always
      type: dict
      sample: {user_ids: [], group_names: [], org_arns: [], org_unit_arns: []}
    recorded:
      description: The accounts that the tags of the image or of a snapshot name now as given something; see O(record).
      returned: always
      type: list
      elements: str
      sample: []
    snapshots:
      description: The EBS devices, by name.
      returned: always
      type: list
      elements: dict
      contains:
        device_name:
          description: The name of the device.
          returned: always
          type: str
          sample: /dev/sdf
        snapshot_id:
          description: The snapshot; null for a volume that starts empty.
          returned: always
          type: str
          sample: snap-0123456789abcdef0
        encrypted:
          description: Whether it is encrypted.
          returned: always
          type: bool
        kms_key_arn:
          description: The ARN of its key, which whoever launches or copies the image must be allowed to use.
          returned: always
          type: str
          sample: arn:aws:kms:us-east-1:123456789012:key/00000003-0000-4000-8000-000000000001
        volume_size:
          description: The size of the volume in GiB.
          returned: always
          type: int
        create_volume_permissions:
          description: Who may create volumes from it and copy it, as AWS says now.
          returned: always
          type: dict
          sample: {user_ids: ["210987654321"], group_names: []}
        given:
          description: The permissions on it that this run gave.
          returned: always
          type: dict
          sample: {user_ids: ["210987654321"], group_names: []}
        taken:
          description: The permissions on it that this run took.
          returned: always
          type: dict
          sample: {user_ids: [], group_names: []}
        kept:
          description:
            - Who was to lose a permission on it and keeps it, because other images of this account that are shared with
              the same account use the snapshot.
          returned: always
          type: list
          elements: dict
          contains:
            name:
              description: The account or group.
              returned: always
              type: str
              sample: "210987654321"
            image_ids:
              description: The other images.
              returned: always
              type: list
              elements: str
              sample: [ami-00ec2000000000004]
    tags:
      description: The tags of the image.
      returned: always
      type: dict
    error:
      description: What went wrong with this image, and what to do.
      returned: on failure
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec import SHARE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.share.run import ShareRun
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.share.request import parse_share_request
from ansible_collections.sealed.ami.plugins.module_utils._image.share.result import (
    share_diff,
    share_failure,
    share_summary,
    to_share_result,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=SHARE_ARGUMENTS, supports_check_mode=True)
    with failing_readably(module):
        connection = Connection.of_module(module)
        request = parse_share_request(module.params, default_region=module.region)
        outcomes = ShareRun(connection, request, warn=warn).run(check_mode=module.check_mode)
    result = to_share_result(outcomes)
    if module._diff:
        result["diff"] = share_diff(outcomes)
    message = share_failure(outcomes)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=share_summary(outcomes), **result)


if __name__ == "__main__":
    main()
