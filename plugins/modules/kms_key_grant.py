#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key_grant
version_added: 1.0.0
short_description: Grant a role the use of the KMS key of images, also of another account's key
description:
  - Makes sure that a principal has a grant on a KMS key, or has it no more. A grant gives one principal what EBS needs
    of a key, without any change to the key's policy, and is taken away by its id.
  - It works from the account of the key and from any other one that the key's policy lets make grants. That is the only
    way in which Auto Scaling can launch images under a key of another account.
  - A grant that gives all that is asked for is found whatever its name is.
  - It revokes the grant that O(grant_id) names. Without O(grant_id) it revokes only a grant of which AWS shows the name
    that the module gives for this request, exactly the grantee, operations, O(constraints) and O(retiring_principal) of
    the task, and the caller's account as the one that issued it. AWS does not show who in that account made it.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  key_id:
    description:
      - The key, by key ARN, key id, alias name or alias ARN. The key ARN is needed where C(kms:DescribeKey) is denied.
      - A key ARN says in which region the key is; otherwise O(region) does.
    type: str
    required: true
  grantee_principal:
    description:
      - The ARN of the role, user or account that may use the key.
      - Required, except with O(grant_id).
    type: str
  purpose:
    description:
      - What the grantee does with images under the key. Exactly one of O(purpose) and O(operations) is required, except
        with O(grant_id).
      - V(copy) is for a role that copies an image whose snapshots are under the key, V(launch) for one that launches
        instances, V(autoscaling) for the service-linked role of Auto Scaling.
      - All of them include C(CreateGrant), with which the grantee can pass on what it has to EBS, but also to others.
    type: str
    choices: [launch, copy, autoscaling]
  operations:
    description: What the grantee may do with the key, in place of O(purpose).
    type: list
    elements: str
    choices:
      - CreateGrant
      - Decrypt
      - DescribeKey
      - Encrypt
      - GenerateDataKey
      - GenerateDataKeyWithoutPlaintext
      - ReEncryptFrom
      - ReEncryptTo
      - RetireGrant
  constraints:
    description: Binds the grant to calls with an encryption context.
    type: dict
    suboptions:
      encryption_context_equals:
        description: Exactly this encryption context.
        type: dict
      encryption_context_subset:
        description: An encryption context that includes these pairs.
        type: dict
  temporary:
    description:
      - Whether the grant is to be taken away again soon. Its name says so, and O(state=absent) with it revokes only
        such a grant, so that one that was there before, or that is meant to last, stays.
      - With O(state=present), no grant is made where there is one that gives as much, temporary or not.
    type: bool
    default: false
  retiring_principal:
    description: The ARN of a principal that may retire the grant.
    type: str
  grant_id:
    description:
      - With O(state=absent), the grant to revoke, whoever made it. It excludes O(grantee_principal), O(purpose),
        O(operations), O(constraints) and O(retiring_principal).
    type: str
  state:
    description:
      - V(present) makes the grant unless there is one that gives as much to the grantee, with the same O(constraints)
        and O(retiring_principal).
      - V(absent) revokes the grant of O(grant_id), or the one that the caller's account made with this module for the
        same O(grantee_principal), O(purpose) or O(operations), O(constraints) and O(retiring_principal). Other grants
        that still allow some of it, also one of the same name that another account issued, are left, and a warning
        names them.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description:
      - Whether to wait until AWS should know a new grant everywhere, which takes up to five minutes. Until then the
        grantee may be denied, and EC2 takes no token that would bridge this.
      - Only the grantee could try the grant, so the module says in a warning that it could not.
    type: bool
    default: true
  wait_timeout:
    description: The longest time to wait, in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Asks KMS by a dry run whether it would make or revoke the grant, which it does not.
  diff_mode:
    support: full
    description: Shows the grants before and after.
  idempotent:
    support: full
    description: A grant is not made twice.
notes:
  - Needs C(kms:ListGrants), C(kms:CreateGrant) or C(kms:RevokeGrant), and C(kms:DescribeKey), in the policy of the
    principal and, for a key of another account, in the policy of the key. In both, C(kms:CreateGrant) can be bound by
    C(kms:GranteePrincipal) and C(kms:GrantOperations). Without C(kms:DescribeKey) the key is not judged beforehand.
  - To revoke without O(grant_id) it asks C(sts:GetCallerIdentity), which no policy can deny, for the caller's account,
    and fails where a grant might be its own and STS does not answer.
  - With C(iam:GetRole) a service-linked role of the own account that does not exist is noticed before the grant is
    asked for.
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: amazon.aws.kms_key
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Let the consumer's role copy images under our key
  sealed.ami.kms_key_grant:
    key_id: arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001
    grantee_principal: arn:aws:iam::210987654321:role/image-copier
    purpose: copy
    wait: false
  register: granted

- name: Let one of our own roles launch what is under the key of an alias
  sealed.ami.kms_key_grant:
    region: us-east-1
    key_id: alias/golden
    grantee_principal: arn:aws:iam::123456789012:role/launcher
    purpose: launch
    wait: false

- name: See what a narrower grant would be, in check mode
  sealed.ami.kms_key_grant:
    region: us-east-1
    key_id: alias/data
    grantee_principal: arn:aws:iam::210987654321:role/restore
    operations: [DescribeKey, Decrypt]
    retiring_principal: arn:aws:iam::123456789012:role/image-copier
  check_mode: true

- name: Take back what the consumer's role was granted
  sealed.ami.kms_key_grant:
    key_id: arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001
    grantee_principal: arn:aws:iam::210987654321:role/image-copier
    purpose: copy
    state: absent

- name: Revoke a grant by its id, whoever made it; it is gone already here
  sealed.ami.kms_key_grant:
    key_id: arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001
    grant_id: "{{ granted.grant_id }}"
    state: absent
"""

RETURN = r"""
changed:
  description: Whether a grant was made or revoked, or would be.
  returned: always
  type: bool
reason:
  description: Why.
  returned: always
  type: str
key_arn:
  description: The ARN of the key; its id as it was given where C(kms:DescribeKey) is denied.
  returned: always
  type: str
  sample: arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001
region:
  description: The region of the key.
  returned: always
  type: str
grant_id:
  description: The id of the grant that is there now; null in check mode where it would be made, and where none is left.
  returned: always
  type: str
  sample: 1667b97d27cf748cf05b487217dd4179526c949d14fb3903858e25193253fe59
grants:
  description: The grant that is there now, and those that were revoked.
  returned: always
  type: list
  elements: dict
  contains:
    grant_id:
      description: The id; null in check mode where it would be made.
      type: str
      returned: always
    name:
      description: The name. Grants of this module are named C(sealed-ami:purpose:12 hexadecimal digits), temporary ones
        C(sealed-ami:purpose-temporary:12 hexadecimal digits).
      type: str
      returned: always
      sample: sealed-ami:copy:0123456789ab
    action:
      description: V(granted), V(unchanged) or V(revoked).
      type: str
      returned: always
    grantee_principal:
      description: Who may use the key.
      type: str
      returned: always
    operations:
      description: What the grantee may do.
      type: list
      elements: str
      returned: always
    constraints:
      description: The encryption contexts that it is bound to; empty where it is not.
      type: dict
      returned: always
    retiring_principal:
      description: Who may retire it; null where it names nobody.
      type: str
      returned: always
    issuing_account:
      description: The account that it was made in; null where that has not been read back.
      type: str
      returned: always
left:
  description:
    - The ids of grants that go on allowing the grantee something of what was to be taken away, as they were not made
      for this request, or not by the caller's account.
  returned: always
  type: list
  elements: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec import GRANT_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.grant.run import GrantRun
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_with, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.request import parse_grant_request
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.result import to_grant_diff, to_grant_result


def main() -> None:
    module = AnsibleAWSModule(argument_spec=GRANT_ARGUMENTS, supports_check_mode=True)
    with failing_with(module, grants=[], left=[]):
        connection = Connection.of_module(module)
        request = parse_grant_request(module.params, default_region=module.region)
        outcome = GrantRun(connection.region(request.region), request).run(check_mode=module.check_mode)
    for warning in outcome.warnings:
        warn(warning)
    result = to_grant_result(outcome)
    if module._diff:
        result["diff"] = to_grant_diff(outcome)
    if outcome.error:
        module.fail_json(msg=outcome.error, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
