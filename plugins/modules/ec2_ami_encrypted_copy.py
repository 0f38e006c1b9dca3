#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_encrypted_copy
version_added: 1.0.0
short_description: Copy AMIs with encryption under the right KMS key, to one region or many
description:
  - Copies Amazon Machine Images with their snapshots encrypted, or re-encrypted, under a KMS key of your choice.
  - A copy counts as present when AWS says of an image of this account in the destination region that it was copied from
    the source image, and every volume of it is under the required key. An image of an instance that was launched from
    the source names the same source, but is no copy. Names and tags are attributes, never identity, so a second run
    changes nothing.
  - A copy that another tool or person made is recognized too. Its tags and permissions are then only added to, and it
    is never removed.
  - A copy that somebody has disabled is reported as V(retired) and not made again; see O(retired).
  - Keys, sources, permissions and tags are judged before anything is changed, in check mode as well. EBS itself accepts
    a disabled or missing key and fails the copy much later.
  - The snapshots of a copy are distinct from those of its source and are billed as such; the result and check mode
    say how many GiB a copy adds.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  source_image_id:
    description:
      - The image to copy.
      - Exactly one of O(source_image_id) and O(source_image_ids) is needed.
    type: str
  source_image_ids:
    description:
      - The images to copy, each to every destination.
    type: list
    elements: str
  source_region:
    description:
      - The region of the source images. Defaults to O(region).
    type: str
  availability_zone:
    description:
      - The name of a Local Zone of O(region) for the snapshots of the copies to lie in; see
        O(destinations[].availability_zone). With O(destinations), it is given in the one that it is for.
    type: str
  availability_zone_id:
    description:
      - The id of the Local Zone; see O(availability_zone).
    type: str
  outpost_arn:
    description:
      - The ARN of an Outpost of O(region) for the snapshots of the copies to lie on; see
        O(destinations[].outpost_arn). With O(destinations), it is given in the one that it is for.
    type: str
  destinations:
    description:
      - The regions to copy to. Options given here override those of the same name at the top level.
      - Without it, the images are copied to O(region).
    type: list
    elements: dict
    suboptions:
      region:
        description: The destination region.
        type: str
        required: true
      kms_key_id:
        description: The key for this region; see O(kms_key_id).
        type: str
      availability_zone:
        description:
          - The name of a Local Zone of the region for the snapshots of the copies to lie in. By itself they lie in the
            region.
          - A copy there is another one than the copy in the region; neither is ever taken for the other. Its keys are
            final - neither a launch nor a volume can have another key - and it is launched in its Local Zone only.
          - The source is in the same region, or in another Local Zone of it. Between which Local Zones AWS copies
            images it does not document.
          - Some Local Zones take encrypted snapshots only, and encrypt the others under the default key.
          - O(destinations[].availability_zone), O(destinations[].availability_zone_id) and
            O(destinations[].outpost_arn) are mutually exclusive. None of them can have
            O(snapshot_copy_completion_duration_minutes).
        type: str
      availability_zone_id:
        description: The id of the Local Zone; see O(destinations[].availability_zone).
        type: str
      outpost_arn:
        description:
          - The ARN of an Outpost of the region for the snapshots of the copies to lie on. What
            O(destinations[].availability_zone) says of keys and identity holds there too.
          - The source's snapshots lie in the region. They are always encrypted on an Outpost, so
            O(encrypted=false) is refused, and cannot be shared, so O(launch_permissions) are.
        type: str
      name:
        description: The name of the copies in this region; see O(name).
        type: str
      description:
        description: The description of the copies in this region.
        type: str
      tags:
        description: The tags of the copies in this region.
        type: dict
      snapshot_tags:
        description: The tags of the snapshots in this region; see O(snapshot_tags).
        type: dict
      launch_permissions:
        description: Who may launch the copies in this region; see O(launch_permissions).
        type: dict
        suboptions:
          user_ids:
            description: Account ids.
            type: list
            elements: str
          group_names:
            description: The group V(all), for unencrypted images only.
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
        description: When the copies in this region become deprecated; see O(deprecate_at).
        type: str
      deregistration_protection:
        description: Protection of the copies in this region; see O(deregistration_protection).
        type: str
        choices: [enabled, enabled-with-cooldown, disabled]
      imds_support:
        description: For the copies in this region; see O(imds_support).
        type: str
        choices: [v2.0]
      watermarks:
        description: For the copies in this region; see O(watermarks).
        type: list
        elements: str
      instance_type_specification:
        description: For the copies in this region; see O(instance_type_specification).
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
  name:
    description:
      - The name of the copy, 3 to 128 characters. V({source_name}), V({source_image_id}) and V({region}) are replaced.
      - Defaults to V({source_name}). Inside the source region the default is V({source_name}-encrypted), and
        V({source_name}-copy) with O(encrypted=false).
      - A copy in a Local Zone or on an Outpost has the zone, or the id of the Outpost, at the end of its default name.
      - AWS cannot rename an image, so an existing copy keeps its name.
    type: str
  description:
    description:
      - The description of the copy, up to 255 characters. An existing copy is given it too.
    type: str
  encrypted:
    description:
      - When V(true), every snapshot of the copy is encrypted under O(kms_key_id). CopyImage leaves volumes that start
        empty as they are, so a source with an unencrypted one is refused; M(sealed.ami.ec2_ami_compose_keys) can
        encrypt it.
      - When V(false), the status of each snapshot is preserved, unencrypted or encrypted. An encrypted snapshot can
        never be copied to an unencrypted one. In another region encrypted snapshots come under the default EBS key
        there, for their own key cannot leave its region.
    type: bool
    default: true
  kms_key_id:
    description:
      - The KMS key of the destination region, by id, key ARN, alias (V(alias/name)) or alias ARN.
      - A multi-Region key is named by its replica in the destination region; an alias works for every region that has
        it.
      - Defaults to the account's default EBS key in the destination region. Images under the AWS managed key
        V(alias/aws/ebs) cannot be shared.
    type: str
  copy_tags:
    description:
      - Whether to give the copy the tags of its source, below those of O(tags). AWS hides the tags of other accounts'
        images; a warning says that the source shows none.
      - Without O(tags), nothing is purged.
    type: bool
    default: false
  snapshot_tags:
    description:
      - The tags of the copy's snapshots. Defaults to the tags of the image.
    type: dict
  snapshot_copy_completion_duration_minutes:
    description:
      - Ask for a time-based copy that completes within this time, in steps of 15 from 15 to 2880 minutes. It costs
        extra.
    type: int
  superseded:
    description:
      - What happens to a copy of the same source and in the same place under another key once the copy under the
        required key is verified. It takes O(wait=true), or a later run.
      - V(retire) disables it, so that nobody can launch it, and destroys nothing. Who could launch it is recorded
        first, in tags of the image and in RV(images[].superseded), which says what still uses it, too.
        M(sealed.ami.ec2_ami_retire) restores it.
      - V(deregister) removes it for good, disabled or not. Snapshots that could not be deleted then are deleted by the
        next run.
      - Only images for which AWS's lineage, this collection's tags and the keys of the snapshots agree are ever
        disabled or deregistered.
    type: str
    choices: [keep, retire, deregister]
    default: keep
  retired:
    description:
      - What happens when the copy is there, but somebody has disabled it. V(report) changes nothing and warns,
        V(recopy) makes another copy beside it.
    type: str
    choices: [report, recopy]
    default: report
  check_key_access:
    description:
      - Whether to try the keys of copies that are to be made before the first copy, by dry runs. Where EBS may not use
        a key, AWS takes the request, and the copy fails later.
      - V(auto) warns of a denial, with the statement to add to a policy. V(true) fails before anything is changed, and
        warns of what could not be proved. V(false) tries nothing.
      - In one region, source key and key of the copy are tried together by C(kms:ReEncrypt); between regions
        C(kms:Decrypt) is tried on the one, C(kms:GenerateDataKeyWithoutPlaintext) and C(kms:CreateGrant) on the other.
        Each pair of keys is tried once, which AWS bills as one to three KMS requests. A run with nothing to copy tries
        nothing.
      - A policy that opens a key to EBS alone (C(kms:ViaService)) denies a dry run also where the copy would succeed.
    type: str
    choices: ['auto', 'true', 'false']
    default: auto
  intermediate:
    description:
      - Whether the copy is there only for other accounts to copy it, and goes then, as the role
        C(distribute) does it. It carries the tag C(sealed.ami:purpose=intermediate) from the beginning.
      - Such a copy never counts as the copy of a task without this option, nor the other way round, also for
        O(state=absent) and O(superseded).
    type: bool
    default: false
  expires_at:
    description:
      - With O(intermediate), when the copy should be gone, such as V(2027-01-31T00:00:00Z). It is written into the tag
        C(sealed.ami:expires) and nothing happens then; the audit names images that are past it.
    type: str
  on_failure:
    description:
      - What happens to a copy that this task started and that failed. V(keep) leaves it for inspection and names it,
        V(rollback) removes it with its snapshots. A kept one is removed by the next run of the task,
        also where the alias or the default key stands for another key by then; one that is not
        proven to be of the same task, such as one under another key and another name, stays, and a warning names it.
        A copy that another run started stays, and so does one whose
        predecessor is deregistered already. Copies in other regions stay; copies still running at O(wait_timeout) too.
    type: str
    choices: [keep, rollback]
    default: keep
  state:
    description:
      - V(present) makes the copy. V(absent) deregisters it with its snapshots, disabled or not, and deletes snapshots
        that an earlier deregistration left behind. A copy with deregistration protection is removed where
        O(deregistration_protection=disabled) is passed. Copies under other keys stay, and so do those in another place
        than the destination's, and a warning names them.
      - The source image need not exist any more, unless a copy has to be made.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description:
      - Whether to wait until the copy is available, and verify its keys. Without waiting, RV(images[].reason) says that
        they are not verified yet, and a copy on its way that somebody else has started is not taken for this one.
      - Sharing, deprecation, protection and O(superseded) take an available image, so without waiting they are left to
        the next run.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait in seconds, all copies together. AWS goes on after that, and a further run resumes.
    type: int
    default: 3600
  tag_equality:
    description:
      - Accepted for playbooks written for M(community.aws.ec2_ami_copy); it has no effect, since a copy is recognized
        by its lineage and key.
    type: bool
    default: false
attributes:
  idempotent:
    support: full
    description: The copy is recognized by its source, as AWS records it, and by the key of each snapshot.
notes:
  - "Migrating from M(community.aws.ec2_ami_copy): rename the module in the task; every option of it is accepted, its
    aliases too. One difference is deliberate: O(encrypted) defaults to V(true). A task that left it out to get an
    unencrypted copy must say O(encrypted=false), and then encrypted snapshots stay encrypted, where the other module
    fails."
  - "Three defaults differ without changing what a task means: O(name) is the source's name rather than C(default),
    O(description) is left as it is rather than emptied, and O(wait_timeout) is an hour rather than ten minutes. Copies
    that the other module made are recognized by their lineage and key, and their snapshots are given the tags."
  - "The principal needs ec2:DescribeImages, ec2:DescribeSnapshots, ec2:CopyImage, ec2:CreateTags and kms:DescribeKey,
    and on the keys what EBS does with them on its behalf - kms:CreateGrant, kms:GenerateDataKeyWithoutPlaintext,
    kms:ReEncrypt* and kms:Decrypt. Further actions are needed by the options that use them; a Local Zone as a
    destination is looked up by ec2:DescribeAvailabilityZones."
  - The collection marks its copies with four to seven tags that begin with C(sealed.ami:), and their snapshots with
    three to six. They count for the 50 tags that AWS takes, and are never purged. By themselves they prove nothing,
    because tags travel - an image is removed only where AWS's lineage, the tags and the keys agree, and a snapshot
    where the image or AWS's own description names it.
seealso:
  - module: community.aws.ec2_ami_copy
  - name: Copy an Amazon EC2 AMI
    description: The AWS guide.
    link: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html
extends_documentation_fragment:
  - sealed.ami.image
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Copy an image to another region as it is, and let each snapshot keep its encryption status (S1, S2)
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000003
    source_region: us-east-1
    region: eu-west-1
    encrypted: false
    wait: true

- name: Encrypt an unencrypted image under the default EBS key of the destination (S3)
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000001
    source_region: us-east-1
    region: eu-west-1
    wait: true

- name: Encrypt an unencrypted image under a key of our own in the same region (S3)
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000004
    region: us-east-1
    kms_key_id: alias/golden
    wait: true

- name: Say what the same would do in another region, and how many GiB it would add
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000004
    source_region: us-east-1
    region: eu-central-1
    kms_key_id: alias/golden
  check_mode: true
  diff: true

- name: Re-encrypt an encrypted image under another key (S4)
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: eu-central-1
    kms_key_id: arn:aws:kms:eu-central-1:123456789012:key/00000001-0000-4000-8000-000000000004
    wait: true

- name: Use one multi-Region key everywhere; each destination has its own replica behind the alias
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000001
    source_region: us-east-1
    destinations:
      - region: eu-west-1
      - region: eu-central-1
    kms_key_id: alias/global
    wait: true

- name: Bring an image to a Local Zone under the key that holds there for good, and keep a copy in its region
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000004
    source_region: us-east-1
    kms_key_id: alias/golden
    destinations:
      - region: us-east-1
      - region: us-east-1
        availability_zone: us-east-1-bos-1a
    wait: true

- name: Bring the golden images to the regions where they run, all copies at once
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_ids:
      - ami-00ec2000000000001
      - ami-00ec2000000000004
    source_region: us-east-1
    name: "{source_name}-sealed"
    kms_key_id: alias/golden
    destinations:
      - region: us-west-2
      - region: eu-west-1
      - region: ap-southeast-2
        kms_key_id: alias/data
        tags:
          Team: sydney
    tags:
      Team: platform
    wait: true
    wait_timeout: 7200
  register: golden

- name: Show the ids by region
  ansible.builtin.debug:
    msg: "{{ golden.images | items2dict(key_name='region', value_name='image_id') }}"

- name: Let another account and an organization launch the copy until the end of the year, and nobody deregister it
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000001
    source_region: us-east-1
    region: eu-west-1
    kms_key_id: alias/shared
    copy_tags: true
    launch_permissions:
      user_ids:
        - "210987654321"
      org_arns:
        - arn:aws:organizations::123456789012:organization/o-exampleorgid
    deprecate_at: "2027-12-31T00:00:00Z"
    deregistration_protection: enabled
    watermarks:
      - golden-approved
    instance_type_specification:
      supported_instance_types:
        - m7i.*
        - m7a.*
    wait: true

- name: Start a copy now
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: us-west-2
    kms_key_id: alias/os

- name: Wait for it later, in another task or another run; it is the same copy
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: us-west-2
    kms_key_id: alias/os
    wait: true

- name: Move to another key - the copy under the old one goes once the new one is verified
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: us-west-2
    kms_key_id: alias/golden
    superseded: deregister
    on_failure: rollback
    wait: true

- name: Move to another key - the copy under the old one can no longer be launched, and can be restored
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: us-west-2
    kms_key_id: alias/data
    superseded: retire
    wait: true
  register: moved

- name: Let the old copy be launched again, by those who could before
  sealed.ami.ec2_ami_retire:
    state: restored
    undo: "{{ moved.image.superseded | map(attribute='undo') }}"

- name: Remove a copy with its snapshots; the source need not exist any more
  sealed.ami.ec2_ami_encrypted_copy:
    source_image_id: ami-00ec2000000000002
    source_region: us-east-1
    region: us-west-2
    kms_key_id: alias/golden
    state: absent
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, changed in AWS.
  returned: always
  type: bool
  sample: true
msg:
  description: What became of the copies, in one line, which a terminal shows too; or what went wrong.
  returned: always
  type: str
  sample: "unchanged: database-sealed ami-0fedcba9876543211 in eu-west-1 under alias/golden (the copy exists)"
image_id:
  description: The id of the copy; null in check mode for a copy that does not exist yet.
  returned: when one image goes to one destination, and the request is possible at all
  type: str
  sample: ami-0fedcba9876543210
image:
  description: The only entry of RV(images).
  returned: when one image goes to one destination, and the request is possible at all
  type: dict
  sample: {image_id: ami-0fedcba9876543210, state: available, action: copied}
images:
  description:
    - One entry for each source image in each destination, image by image, in the order asked for. It has the same shape
      whether the copy was made, found or predicted, and after a failure too, so that nothing created is ever unnamed.
    - Empty where the request was refused before anything was changed. After the first change every image is listed with
      what was done, removed and left.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id of the copy; null where there is none, or none yet.
      returned: always
      type: str
      sample: ami-0fedcba9876543210
    name:
      description: The name of the copy.
      returned: always
      type: str
      sample: database-sealed
    state:
      description: The state of the copy as AWS names it, or V(absent).
      returned: always
      type: str
      sample: available
    region:
      description: The destination region.
      returned: always
      type: str
      sample: eu-west-1
    availability_zone:
      description: The name of the Local Zone that the snapshots lie in; null for the region itself or an Outpost.
      returned: always
      type: str
      sample: us-west-2-lax-1a
    outpost_arn:
      description: The ARN of the Outpost that the snapshots lie on; null otherwise.
      returned: always
      type: str
      sample: arn:aws:outposts:us-west-2:123456789012:outpost/op-0123456789abcdef0
    source_image_id:
      description: The image that was copied.
      returned: always
      type: str
      sample: ami-0123456789abcdef0
    source_region:
      description: The region of the source image.
      returned: always
      type: str
      sample: us-east-1
    action:
      description:
        - What was done, or in check mode would be. V(copied) is a new copy, V(adopted) one that another run or tool had
          started, V(unchanged) one that is just as asked for, V(updated) one that was given other attributes,
          V(replaced) a new one in the place of one under another key, V(retired) one that somebody has disabled,
          V(removed) one that is gone, V(failed) an error.
      returned: always
      type: str
      sample: copied
    reason:
      description: Why.
      returned: always
      type: str
      sample: >-
        eu-west-1 has no copy under key alias/golden
        (arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003)
    snapshots:
      description: Each EBS device, in the order of the device names, with the key that AWS reports of its snapshot.
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
          description: The id of the snapshot; null where it does not exist yet, and for a volume that starts empty.
          returned: always
          type: str
          sample: snap-0123456789abcdef0
        encrypted:
          description: Whether the snapshot is encrypted.
          returned: always
          type: bool
          sample: true
        kms_key_arn:
          description: The ARN of its key; null for an unencrypted snapshot, and where only AWS can tell.
          returned: always
          type: str
          sample: arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003
        kms_key_alias:
          description: The alias by which the task asked for that key; null where it named the key otherwise, or none.
          returned: always
          type: str
          sample: alias/golden
        associated_kms_key_arns:
          description:
            - Other keys that open the snapshot too (C(ec2:AssociateKmsKeyId)). An image with one is not the image asked
              for, unless statuses are preserved. Null where the installed botocore does not show them.
          returned: always
          type: list
          elements: str
          sample: []
        volume_size:
          description: The size of the volume in GiB.
          returned: always
          type: int
          sample: 50
    tags:
      description: The tags of the copy, with this collection's own, except the mark of the run that made it.
      returned: always
      type: dict
      sample: {Team: platform}
    new_storage_gib:
      description: The GiB of snapshots that the copy adds to the bill at most.
      returned: always
      type: int
      sample: 80
    lost:
      description:
        - What somebody has switched on for the source, or for the copy that was there before, and a new copy does not
          have. Fast snapshot restore, and for Windows fast launch.
        - It is read where C(ec2:DescribeFastSnapshotRestores) and C(ec2:DescribeFastLaunchImages) are allowed, and not
          known elsewhere.
      returned: when something of it is seen
      type: list
      elements: str
      sample: ["fast snapshot restore of /dev/xvda (snap-0123456789abcdef0) in us-east-1a"]
    removed:
      description:
        - The ids of images and snapshots that were removed, of failed and superseded copies too. In check mode it names
          a snapshot also where AWS will keep it, because another image uses it.
      returned: when something was removed
      type: list
      elements: str
      sample: [ami-0fedcba9876543211, snap-0fedcba9876543210]
    left:
      description: The ids of what was to be removed and is still there - refused by AWS, or used by another image.
      returned: when something was left
      type: list
      elements: str
      sample: [snap-0fedcba9876543210]
    superseded:
      description: The copies under other keys that were disabled, or would be in check mode. See O(superseded).
      returned: when there are such, and O(superseded=retire)
      type: list
      elements: dict
      contains:
        image_id:
          description: The id.
          returned: always
          type: str
          sample: ami-0fedcba9876543211
        name:
          description: The name.
          returned: always
          type: str
          sample: database
        state:
          description: The state after the task, as AWS names it.
          returned: always
          type: str
          sample: disabled
        in_use:
          description:
            - Whether anything used it when the task began; null when that is not known. See
              M(sealed.ami.ec2_ami_usage_info).
          returned: always
          type: bool
          sample: true
        evidence:
          description: What uses it, and what could not be read.
          returned: always
          type: list
          elements: str
          sample: [launch template lt-0123456789abcdef0]
        undo:
          description: What O(sealed.ami.ec2_ami_retire#module:undo) takes to restore the image.
          returned: always
          type: dict
          sample:
            image_id: ami-0fedcba9876543211
            region: eu-west-1
            launch_permissions: {user_ids: ["210987654321"], group_names: [], org_arns: [], org_unit_arns: []}
            deprecation_time: null
    error:
      description: What went wrong with this copy, and what to do.
      returned: on failure
      type: str
      sample: wait_timeout of 3600 s is over and image ami-0fedcba9876543210 is still pending in eu-west-1
    created:
      description:
        - The ids of everything that this run has made and that still exists. What an earlier or another run made is not
          among them, even where AWS has answered this run's call with it.
      returned: on failure
      type: list
      elements: str
      sample: [ami-0fedcba9876543210, snap-0123456789abcdef0]
key_checks:
  description:
    - What dry runs told of the use of keys before the first copy; empty where nothing was tried. See
      O(check_key_access).
  returned: always
  type: list
  elements: dict
  contains:
    kms_key_arn:
      description: The key.
      returned: always
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003
    region:
      description: The region in which it was tried.
      returned: always
      type: str
      sample: eu-west-1
    action:
      description: The action that was tried, or, of a denial, the one that AWS named.
      returned: always
      type: str
      sample: kms:GenerateDataKeyWithoutPlaintext
    proved:
      description: Whether the principal may use the key so; null where that could not be told.
      returned: always
      type: bool
      sample: true
    reason:
      description: Why.
      returned: always
      type: str
      sample: a dry run succeeded
    principal:
      description: The principal, where AWS named it in a denial; null otherwise.
      returned: always
      type: str
      sample: arn:aws:iam::123456789012:user/copier
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COPY_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run import CopyRun
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, finish, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.request import parse_copy_request


def main() -> None:
    module = AnsibleAWSModule(argument_spec=COPY_ARGUMENTS, supports_check_mode=True)
    key_checks: list[dict[str, t.Any]] = []
    with failing_readably(module, key_checks=key_checks):
        connection = Connection.of_module(module)
        request = parse_copy_request(module.params, default_region=module.region)
        run = CopyRun(connection, request, warn=warn, key_checks=key_checks)
        outcomes = run.run(check_mode=module.check_mode)
    finish(module, outcomes, single=request.is_single, key_checks=key_checks)


if __name__ == "__main__":
    main()
