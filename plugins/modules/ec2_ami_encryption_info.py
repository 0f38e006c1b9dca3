#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_encryption_info
version_added: 1.0.0
short_description: Say what encrypts the snapshots of AMIs, and whether that complies with a policy
description:
  - Lists Amazon Machine Images of one region or many and says of each device whether its snapshot is encrypted, under
    which KMS key, who manages that key, and in which state it is.
  - With O(policy), says of each device and each image whether it complies, and why not.
  - What cannot be seen is never taken for fine. An image whose snapshots are not shared with this account, or a key
    that may not be described, makes RV(images[].compliant) null.
  - All regions are read at once. DescribeSnapshots takes 200 snapshots a call, every key is described once in each
    region.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  image_ids:
    description:
      - The images to look at, each in whichever of the O(regions) it is.
      - An id that none of the regions shows fails the task.
      - Without it, all images that fit O(owners) and O(filters) are looked at.
    type: list
    elements: str
    aliases: [image_id]
  kms_key_ids:
    description:
      - What hangs on these keys. Only images that one of them opens are looked at, and RV(kms_keys) says of each key
        which snapshots and images those are, snapshots of no image among them, what else names the key, and what is
        lost with it.
      - By key id, alias name, key ARN or alias ARN. An id or alias is looked for in each of the O(regions). A key that
        none of them has fails the task. One that KMS has deleted is found by its ARN while something is under it.
      - EC2 has no filter on the key, so all snapshots of this account are read. Snapshots of other accounts are seen as
        far as images among O(owners) show them.
      - Images whose snapshots are not shown may be under the key. They are looked at too, with a warning.
      - Mutually exclusive with O(image_ids).
    type: list
    elements: str
    aliases: [kms_key_id]
  owners:
    description:
      - Whose images to look at; account ids, V(self), V(amazon) and the like. Images of other accounts are shown as far
        as they are shared with this one.
      - Defaults to V(self), except where O(image_ids) or a filter on the owner says whose.
      - A filter on a name needs it. Anyone may publish an image under any name.
    type: list
    elements: str
    aliases: [owner]
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
  policy:
    description:
      - What to demand of the snapshots of every device. Whatever demands something of the key demands encryption too.
      - An unknown key, a policy that demands nothing and an empty list of keys are refused.
    type: dict
    suboptions:
      encrypted:
        description: Whether the snapshot must be encrypted.
        type: bool
      customer_managed:
        description: Whether its key must be a customer managed key. The AWS managed key cannot be shared.
        type: bool
      key_usable:
        description: Whether its key must be enabled, and neither pending deletion nor unusable for another reason.
        type: bool
      allowed_keys:
        description:
          - The keys that may be used, by key ARN, alias name (V(alias/golden), in the account and region of the key) or
            alias ARN. An alias means the key that it points to now.
          - A key complies that is one of these or has the tags of O(policy.allowed_key_tags).
        type: list
        elements: str
      allowed_key_tags:
        description: Tags, all of which a key must carry to be allowed. Tags of another account's key cannot be read.
        type: dict
      associated_keys:
        description:
          - What holds for the keys that were associated with a snapshot (C(ec2:AssociateKmsKeyId)). Whoever may use one
            of them reads the snapshot without a permission on its own key.
          - V(same_rules), the default, judges each by the rules for the snapshot's own key. V(forbid) lets none pass,
            and V(ignore) any.
          - Older releases of botocore do not show these keys. Then a device that is judged by its keys is at best not
            known to comply, unless this is V(ignore).
        type: str
        choices: [forbid, same_rules, ignore]
      watermarks:
        description:
          - Accounts and names of watermarks, such as V(123456789012:golden-*), with V(*) and V(?). The image must have
            at least one that fits one of them.
          - A watermark says who has approved an image, or what it was made from, and nothing of its keys.
          - Older releases of botocore do not show watermarks. Then the verdict is at best not known.
        type: list
        elements: str
      instance_types:
        description:
          - Instance types, such as V(m7i.*), outside of which the image must not be launched. Each type that
            RV(images[].instance_type_specification) names as supported must fit one of them; an image without a limit
            does not comply.
          - Older releases of botocore do not show this limit. Then the verdict is at best not known.
        type: list
        elements: str
      devices:
        description:
          - Rules for devices of a name. What is given here overrides the option of the same name above; the rest
            stays. Images without such a device are not concerned.
        type: list
        elements: dict
        suboptions:
          device_name:
            description: The name of the device, such as V(/dev/sdf).
            type: str
            required: true
          encrypted:
            description: See O(policy.encrypted).
            type: bool
          customer_managed:
            description: See O(policy.customer_managed).
            type: bool
          key_usable:
            description: See O(policy.key_usable).
            type: bool
          allowed_keys:
            description: See O(policy.allowed_keys).
            type: list
            elements: str
          allowed_key_tags:
            description: See O(policy.allowed_key_tags).
            type: dict
          associated_keys:
            description: See O(policy.associated_keys).
            type: str
            choices: [forbid, same_rules, ignore]
  launchable_by:
    description:
      - Account ids. For each image, RV(images[].launchable_by) says of each of these accounts whether it can start
        instances of the image, and whether its Auto Scaling groups can, with what is missing.
      - Looks at the launch permissions of the image, and at the policy, the AWS RAM resource share and the grants of
        each key, as far as they may be read. AWS shows the permissions of an image and the policy of a key to their
        own account alone, so ask with the credentials of the owner.
      - What cannot be read, a condition whose value is not known here, and access by a resource share, which AWS does
        not document for EBS, are null, never V(true).
      - V(true) means that one principal can use all of the keys. What else forbids a launch is not seen, such as the
        other account's own policies, the policies of organizations (service control and resource control policies) and
        Allowed AMIs.
    type: list
    elements: str
  block_public_access:
    description:
      - Whether to say of each region what keeps this account from sharing images and snapshots with everybody, in
        RV(block_public_access). It is a setting of account and region, and has no part in RV(compliant).
    type: bool
    default: false
  ignore_region_errors:
    description:
      - What happens when a region cannot be read. The other regions are read in any case, and RV(errors) says what went
        wrong.
      - When V(false), the task fails in the end, with all it has read. When V(true), it does not, and RV(compliant) is
        at most null.
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
  - A warning names each intermediate copy of the role P(sealed.ami.distribute#role) that is past its end
    (C(sealed.ami:expires)).
  - Needs C(ec2:DescribeImages) and C(ec2:DescribeSnapshots), C(kms:DescribeKey) and C(kms:ListAliases) for what it
    says of keys, and C(kms:ListResourceTags) for O(policy.allowed_key_tags). Where one of the three of KMS is denied, a
    warning says so and what it would have told is null.
  - O(kms_key_ids) reads with C(ec2:DescribeLaunchTemplateVersions), C(ec2:DescribeLockedSnapshots),
    C(ec2:GetEbsDefaultKmsKeyId), C(kms:GetKeyLastUsage), C(kms:ListGrants) and C(kms:ListKeyPolicies) too, each of
    which may be denied in the same way.
  - O(block_public_access) needs C(ec2:GetImageBlockPublicAccessState) and C(ec2:GetSnapshotBlockPublicAccessState).
    Where one is denied, a warning says so and the state is null.
  - O(launchable_by) needs C(ec2:DescribeImageAttribute), C(kms:GetKeyPolicy) and C(kms:ListGrants) as well, and for
    images that are shared with organizations C(organizations:DescribeAccount), C(organizations:DescribeOrganization)
    and C(organizations:ListParents). RV(images[].launchable_by[].unknown) names what is denied.
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: amazon.aws.ec2_ami_info
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: What encrypts our images in two regions
  sealed.ami.ec2_ami_encryption_info:
    regions: [us-east-1, eu-west-1]
  register: images

- name: Show every image that is not encrypted throughout, or is on the AWS managed key or a key that is going away
  sealed.ami.ec2_ami_encryption_info:
    regions: [us-east-1, us-west-2, eu-west-1, eu-central-1, ap-southeast-2]
    policy:
      encrypted: true
      customer_managed: true
      key_usable: true
  register: audit

- name: List them with the reasons
  ansible.builtin.debug:
    msg: "{{ audit.images | rejectattr('compliant', 'true') | items2dict(key_name='image_id', value_name='reasons') }}"

- name: Demand that the database image is under the key of its purpose, device by device
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    policy:
      key_usable: true
      devices:
        - device_name: /dev/xvda
          allowed_keys: [alias/os]
        - device_name: /dev/sdf
          allowed_keys: [alias/data]
        - device_name: /dev/sdg
          allowed_keys: [alias/logs]
  register: database
  failed_when: database is failed or database.compliant is not true

- name: Look at the images of a vendor that are shared with us, by name
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    owners: ["111122223333"]
    filters:
      name: vendor-*
    policy:
      encrypted: true

- name: Find snapshots that another key opens too, because somebody associated it
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    policy:
      associated_keys: forbid
  register: opened

- name: See which images the platform account has not approved
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    policy:
      encrypted: true
      watermarks: ["123456789012:golden-*"]
  register: approved

- name: See which images can be launched on other types than those that are certified
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    policy:
      instance_types: [m7i.*, t3.*]
  register: certified

- name: Say whether another account and its Auto Scaling groups can start an image
  sealed.ami.ec2_ami_encryption_info:
    region: us-east-1
    image_ids: [ami-00ec2000000000005]
    launchable_by: ["210987654321"]
  register: reach

- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ reach.images[0].launchable_by[0].missing }}"

- name: What becomes unusable when a key goes; fail while one is pending deletion that images or locked snapshots need
  sealed.ami.ec2_ami_encryption_info:
    regions: [us-east-1, eu-west-1]
    kms_key_ids: [alias/golden, alias/data]
  register: hanging
  failed_when: hanging is failed or hanging.kms_keys | rejectattr('at_risk', 'false') | length > 0

- name: Find the regions in which this account could still share images or snapshots with everybody
  sealed.ami.ec2_ami_encryption_info:
    regions: [us-east-1, eu-west-1]
    block_public_access: true
  register: public

- name: Show them
  ansible.builtin.debug:
    msg: "{{ public.block_public_access | selectattr('images', 'ne', 'block-new-sharing') | map(attribute='region') }}"

- name: Say it in a sentence for each key
  ansible.builtin.debug:
    msg: "{{ hanging.kms_keys | items2dict(key_name='kms_key_arn', value_name='verdict') }}"
"""

RETURN = r"""
changed:
  description: Always V(false).
  returned: always
  type: bool
compliant:
  description:
    - V(true) when every image complies, V(false) when one does not, and null when something is not known, when nothing
      was found, when RV(unused_device_rules) are left, or without O(policy).
  returned: always
  type: bool
summary:
  description: How many images there are of each kind; null without O(policy).
  returned: always
  type: dict
  contains:
    images:
      description: All of them.
      type: int
      returned: with a policy
    compliant:
      description: Those that comply.
      type: int
      returned: with a policy
    not_compliant:
      description: Those that do not.
      type: int
      returned: with a policy
    unknown:
      description: Those of which something needed could not be seen.
      type: int
      returned: with a policy
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
      description: The state, such as V(available), V(pending), V(failed) or V(disabled).
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
    source_image_id:
      description: The image it was copied from, by AWS's word, else by this collection's tag; null for others.
      type: str
      returned: always
      sample: ami-0123456789abcdef0
    source_region:
      description: The region of that image.
      type: str
      returned: always
      sample: us-east-1
    source_instance_id:
      description: The instance that it was made from; null for others.
      type: str
      returned: always
    volume_size:
      description: The GiB of all its EBS devices together.
      type: int
      returned: always
    tags:
      description: Its tags. AWS hides those of other accounts' images.
      type: dict
      returned: always
    watermarks:
      description: Its watermarks, each an account and a name; null where the installed botocore does not show them.
      type: list
      elements: str
      returned: always
      sample: ["123456789012:golden-approved"]
    instance_type_specification:
      description: On which instance types it can be launched; null where nothing limits them.
      type: dict
      returned: always
      contains:
        supported_instance_types:
          description: The only types; empty where any will do.
          type: list
          elements: str
          returned: always
        unsupported_instance_types:
          description: Types that it cannot be launched on.
          type: list
          elements: str
          returned: always
    image_allowed:
      description: Whether Allowed AMIs allows it, or would in audit mode; null where the setting is disabled.
      type: bool
      returned: always
    scan_results:
      description: What Amazon Inspector has found in it, as DescribeImages shows it; null where nothing is shown.
      type: dict
      returned: always
    compliant:
      description: Whether it complies with O(policy); null when that is not known, and without a policy.
      type: bool
      returned: always
    reasons:
      description: Why not, each beginning with the name of the device.
      type: list
      elements: str
      returned: always
    launchable_by:
      description: One entry for each account of O(launchable_by), in that order; empty without it.
      type: list
      elements: dict
      returned: always
      contains:
        account_id:
          description: The account.
          type: str
          returned: always
          sample: "210987654321"
        instances:
          description: Whether it can start instances, as far as that depends on the owners of image and keys.
          type: bool
          returned: always
        autoscaling:
          description: Whether its Auto Scaling groups can, which launch as a service-linked role.
          type: bool
          returned: always
        launch_permission:
          description: Whether it may launch the image at all, by itself or by an organization or unit.
          type: bool
          returned: always
        kms_keys:
          description: The keys of the image's snapshots, by ARN.
          type: list
          elements: dict
          returned: always
          contains:
            kms_key_arn:
              description: The key.
              type: str
              returned: always
            instances:
              description: Whether the account can use it to start instances.
              type: bool
              returned: always
            autoscaling:
              description: Whether its Auto Scaling can.
              type: bool
              returned: always
            via:
              description:
                - What opens it to the account, wholly or in part; V(key_policy), V(grant) and V(ram), which is a
                  resource share.
              type: list
              elements: str
              returned: always
              sample: [key_policy]
            principals:
              description:
                - Who can use it. The root of the account stands for everybody whom the account's own policies let in.
              type: list
              elements: str
              returned: always
              sample: ["arn:aws:iam::210987654321:root"]
        missing:
          description: What is missing and how to give it, with statements and tasks ready to be used.
          type: list
          elements: str
          returned: always
        unknown:
          description: What is not known, and why.
          type: list
          elements: str
          returned: always
    snapshots:
      description: Its EBS devices, by name. Instance store devices have neither snapshot nor key and are left out.
      type: list
      elements: dict
      returned: always
      contains:
        device_name:
          description: The name of the device.
          type: str
          returned: always
          sample: /dev/sdf
        snapshot_id:
          description: The snapshot; null for a volume that starts empty, and while AWS does not show it.
          type: str
          returned: always
          sample: snap-0123456789abcdef0
        volume_size:
          description: The size of the volume in GiB.
          type: int
          returned: always
        encrypted:
          description: Whether it is encrypted; null when the snapshot cannot be seen.
          type: bool
          returned: always
        availability_zone:
          description: The Local Zone that the snapshot lies in; null for the region, or when that cannot be seen.
          type: str
          returned: always
          sample: us-east-1-bos-1a
        outpost_arn:
          description: The Outpost that the snapshot lies on; null otherwise, or when that cannot be seen.
          type: str
          returned: always
        kms_key_arn:
          description: The ARN of its key; null when it has none, or none is shown.
          type: str
          returned: always
          sample: arn:aws:kms:us-east-1:123456789012:key/00000003-0000-4000-8000-000000000001
        kms_key_aliases:
          description: The aliases that point to the key now; null when they cannot be read.
          type: list
          elements: str
          returned: always
          sample: [alias/data]
        kms_key_manager:
          description: V(CUSTOMER) or V(AWS); null when it cannot be read.
          type: str
          returned: always
        kms_key_state:
          description: The state by KMS, or V(Deleted) when KMS does not know the key any more; null when unreadable.
          type: str
          returned: always
          sample: Enabled
        kms_key_deletion_date:
          description: When a key that is pending deletion goes.
          type: str
          returned: always
        associated_kms_keys:
          description:
            - The other keys that open the snapshot, each with the five values above. Null when that is not known, for
              the snapshot cannot be seen or the installed botocore does not show them.
          type: list
          elements: dict
          returned: always
        compliant:
          description: Whether the device complies with O(policy); null when that is not known, and without a policy.
          type: bool
          returned: always
        reasons:
          description: Why not.
          type: list
          elements: str
          returned: always
errors:
  description: The regions that could not be read.
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
kms_keys:
  description: What hangs on each of O(kms_key_ids), by region. Empty without that option.
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      returned: always
    kms_key_arn:
      description: The ARN of the key.
      type: str
      returned: always
      sample: arn:aws:kms:us-east-1:123456789012:key/00000003-0000-4000-8000-000000000001
    kms_key_aliases:
      description: The aliases that point to the key now; null when they cannot be read.
      type: list
      elements: str
      returned: always
    kms_key_manager:
      description: V(CUSTOMER) or V(AWS); null when it cannot be read.
      type: str
      returned: always
    kms_key_state:
      description: The state by KMS, or V(Deleted); null when it cannot be read.
      type: str
      returned: always
      sample: Enabled
    kms_key_deletion_date:
      description: When a key that is pending deletion goes.
      type: str
      returned: always
    image_ids:
      description:
        - The images with a snapshot under the key. Once it is disabled or deleted, they can be neither launched nor
          copied, except perhaps by an associated key.
      type: list
      elements: str
      returned: always
    associated_image_ids:
      description: The images with a snapshot under another key that this one opens too.
      type: list
      elements: str
      returned: always
    snapshots:
      description: The snapshots that the key opens, by id.
      type: list
      elements: dict
      returned: always
      contains:
        snapshot_id:
          description: The snapshot.
          type: str
          returned: always
        volume_size:
          description: The size of the volume in GiB.
          type: int
          returned: always
        associated:
          description: Whether the snapshot is under another key, with which this one is associated.
          type: bool
          returned: always
        image_ids:
          description: The images looked at that use it.
          type: list
          elements: str
          returned: always
    verdict:
      description:
        - A sentence that says how many images can be neither launched nor copied once the key is disabled or deleted,
          and how many an associated key perhaps still opens.
      type: str
      returned: always
      sample: 3 images unusable when the key is disabled or deleted
    at_risk:
      description:
        - Whether the key cannot be used, such as one that is pending deletion, and images or locked snapshots are under
          it. Null when that is not known.
      type: bool
      returned: always
      sample: false
    unusable_image_ids:
      description: Those of RV(kms_keys[].image_ids) with a snapshot that no other key opens.
      type: list
      elements: str
      returned: always
    locked_snapshot_ids:
      description:
        - The snapshots under the key that are locked, which nobody can delete, and nobody read once the key is gone.
          Null when the locks cannot be read.
      type: list
      elements: str
      returned: always
    launch_templates:
      description:
        - The devices of launch templates that name the key, in their newest and their default versions. Their
          launches fail without it, whatever key the image is under. Null when they, or the aliases of the key where one
          of them names an alias, cannot be read.
      type: list
      elements: dict
      returned: always
      contains:
        template_id:
          description: The launch template.
          type: str
          returned: always
        template_name:
          description: Its name.
          type: str
          returned: always
        version:
          description: The number of the version.
          type: int
          returned: always
        default:
          description: Whether it is the default version.
          type: bool
          returned: always
        device_name:
          description: The device.
          type: str
          returned: always
    default_of_region:
      description:
        - Whether it is the default key of EBS in the region, under which whatever names no key is encrypted. Null when
          that cannot be read.
      type: bool
      returned: always
    grants:
      description: The grants on the key, AWS's own for volumes in use among them. Null when they cannot be read.
      type: list
      elements: dict
      returned: always
      contains:
        grant_id:
          description: The grant.
          type: str
          returned: always
        name:
          description: Its name, empty where it has none.
          type: str
          returned: always
        grantee_principal:
          description: Who may use the key.
          type: str
          returned: always
        operations:
          description: What for.
          type: list
          elements: str
          returned: always
    shared_by_ram:
      description: Whether a resource share of AWS RAM has the key. Null when that cannot be read.
      type: bool
      returned: always
    last_usage:
      description:
        - The last use that KMS has recorded, C(operation) and C(timestamp); empty where it has recorded none. A hint
          only - an image needs its key whenever it is launched, and KMS has not always recorded. Null when it
          cannot be read.
      type: dict
      returned: always
      sample: {operation: Decrypt, timestamp: "2026-11-23T10:00:00Z"}
missing_kms_key_ids:
  description: Those of O(kms_key_ids) that no region shows.
  returned: always
  type: list
  elements: str
unused_device_rules:
  description:
    - The devices of O(policy.devices) that no image has, such as those whose names are misspelt. Their rules have
      judged nothing.
  returned: always
  type: list
  elements: str
block_public_access:
  description: What blocks public sharing in each region that could be read. Empty without O(block_public_access).
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      returned: always
      sample: us-east-1
    images:
      description:
        - V(block-new-sharing) or V(unblocked). What is shared already stays so. Null when it cannot be read.
      type: str
      returned: always
      sample: block-new-sharing
    snapshots:
      description:
        - V(block-all-sharing), which closes snapshots that are shared already, V(block-new-sharing) or V(unblocked).
          Null when it cannot be read.
      type: str
      returned: always
      sample: block-all-sharing
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec import AUDIT_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.audit.run import read_audit
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import parse_audit_request
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.result import (
    audit_failure,
    audit_warnings,
    expired_warnings,
    to_audit_result,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=AUDIT_ARGUMENTS, supports_check_mode=True)
    with failing_readably(
        module, regions=[], errors=[], missing_image_ids=[], kms_keys=[], missing_kms_key_ids=[], unused_device_rules=[]
    ):
        connection = Connection.of_module(module)
        request = parse_audit_request(module.params, default_region=module.region)
        audits = read_audit(connection, request)
    result = to_audit_result(audits, request)
    told = [*(one for audit in audits for one in audit.warnings), *audit_warnings(result)]
    for warning in [*told, *expired_warnings(audits, now=Pace().now())]:
        warn(warning)
    message = audit_failure(result, request)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
