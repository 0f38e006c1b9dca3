#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_compose_keys
version_added: 1.0.0
short_description: Make one AMI whose volumes are each encrypted under a KMS key of their own
description:
  - Makes an Amazon Machine Image whose snapshots are encrypted under different KMS keys, one for each device. CopyImage
    takes one key for all of them, so this module builds what that cannot.
  - The image is made of another image, from any region, or of an instance whose volumes have the right keys already.
    Devices can be added, empty or from a snapshot, and dropped.
  - The image is recognized by its name, by the recipe in its tags and by the lineage that AWS records, and the key,
    size and type of every device are read back from AWS. An image of the same name that differs is an error with the
    difference, never reused or replaced.
  - Keys, sources and permissions are judged before anything is changed. An interrupted run is resumed by the next one,
    which takes over what is good and removes what is not.
  - Nothing is ever made unencrypted on the way.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  name:
    description:
      - The name of the image, 3 to 128 characters. With the recipe, it is the image's identity.
    type: str
    required: true
  source_image_id:
    description:
      - The image to make the new one of. Exactly one of O(source_image_id) and O(instance_id) is needed.
    type: str
  source_region:
    description:
      - The region of the source image, which may differ from O(region). Defaults to O(region).
    type: str
  instance_id:
    description:
      - The running or stopped instance to make the image of. Each snapshot takes the key of its volume, so the keys of
        all volumes are compared with O(device_mapping) and O(kms_key_id) first, and a difference is an error before
        anything is made. Volumes that are not listed must be encrypted, under any key.
    type: str
  no_reboot:
    description:
      - For O(instance_id), whether to leave a running instance alone. AWS reboots it otherwise, so that the file
        systems are consistent. A stopped instance stays as it is.
    type: bool
    default: false
  kms_key_id:
    description:
      - The KMS key of the devices for which O(device_mapping) names none, by id, key ARN, alias (V(alias/name)) or
        alias ARN, in O(region).
      - Without it, an encrypted device keeps its key where that is possible, which is inside its region and for
        snapshots of this account. Any other device comes under the account's default EBS key in O(region).
    type: str
  device_mapping:
    description:
      - What is different from the source, device by device. Devices that are not listed stay as they are, under
        O(kms_key_id).
    type: list
    elements: dict
    suboptions:
      device_name:
        description: The name of the device as the source has it, or a new one to add a volume.
        type: str
        required: true
      kms_key_id:
        description: The key of this device; see O(kms_key_id).
        type: str
      snapshot_id:
        description:
          - For an added device, the snapshot that the volume is made of, in O(source_region) or O(region).
        type: str
      volume_size:
        description:
          - The size of the volume in GiB, at least that of its snapshot. An added device without a snapshot starts
            empty.
        type: int
        aliases: [size]
      volume_type:
        description: The type of the volume. Defaults to that of the source, and to V(gp3) for added devices.
        type: str
      iops:
        description: The IOPS of V(gp3), V(io1) and V(io2) volumes.
        type: int
      throughput:
        description: The throughput of V(gp3) volumes in MiB/s.
        type: int
      delete_on_termination:
        description:
          - Whether the volume ends with its instance. Defaults to that of the source, and to V(false) for added
            devices.
        type: bool
      no_device:
        description: Leave this device of the source out. The root device cannot be left out.
        type: bool
        default: false
  method:
    description:
      - How an image is made of O(source_image_id).
      - V(snapshots) copies each snapshot to its key and registers the image of the copies. No instance is started and
        no byte of the content changes. A snapshot that is under its key already is used as it is, without a copy.
      - V(instance) starts an instance with each device under its key, attaches the added volumes, stops it, and creates
        the image. The operating system boots once, so the content changes. Instance and volumes are removed whatever
        happens. The source image must be in O(region).
      - V(auto) is V(snapshots), unless the source has billing information, such as a license for Windows or Red Hat
        Enterprise Linux or a Marketplace product code, which registering an image may lose; then it is V(instance). The
        result says which and why.
      - Should a registered image have lost billing information, it is deregistered and the task fails.
      - Either way the image has the watermarks and the instance types of O(source_image_id), beside O(watermarks)
        and unless O(instance_type_specification) says otherwise. A watermark of another account, which that account
        alone can attach, is lost by registering; V(auto) is V(instance) then, unless the source is in another region.
        What is lost is told by a warning and by RV(images[].lost).
    type: str
    choices: [auto, snapshots, instance]
    default: auto
  instance:
    description:
      - The instance of O(method=instance). It ends with the task, unless it is held.
    type: dict
    suboptions:
      instance_type:
        description: Its type. Defaults to a small type that suits the image's architecture.
        type: str
        aliases: [type]
      subnet_id:
        description: Its subnet. Defaults to the first default subnet of the default VPC.
        type: str
        aliases: [vpc_subnet_id]
      security_group_ids:
        description: Its security groups. Defaults to the default group of the VPC.
        type: list
        elements: str
        aliases: [security_groups]
      iam_instance_profile:
        description: The name or ARN of its instance profile.
        type: str
        aliases: [instance_profile, profile]
      key_name:
        description: The name of its key pair, which tasks of yours by way of SSH need.
        type: str
      user_data:
        description:
          - Its user data. The instance is stopped as soon as it runs, so whatever they start may be cut short.
        type: str
      hold:
        description:
          - Go only as far as the running instance with all its volumes attached, and leave it to tasks of yours, as the
            role P(sealed.ami.multi_key_image#role) does. C(image.instance_id) of the result names it. A call with
            O(instance.held_instance_id) and otherwise the same options makes the image then.
          - With O(state=absent) the instance and its volumes are removed, and an image of the name stays.
        type: bool
        default: false
      held_instance_id:
        description:
          - The instance that a call with O(instance.hold) has left. No other is launched, for only this one has what
            your tasks did on it. It must have been launched for this very image.
          - It ends with this call, unless the call is refused before anything is done; the message says so then. A call
            with O(instance.hold) and O(state=absent) ends it in any case.
        type: str
      volume_initialization_rate:
        description:
          - How fast its volumes get the blocks of their snapshots, in MiB/s from 100 to 300, so that a large image is
            ready sooner. AWS bills it by size. Volumes that start empty have none to get.
        type: int
      metadata_options:
        description: How it reaches its metadata.
        type: dict
        suboptions:
          http_tokens:
            description: V(required) allows IMDSv2 only.
            type: str
            choices: [optional, required]
            default: required
          http_endpoint:
            description: Whether metadata can be reached at all.
            type: str
            choices: [enabled, disabled]
            default: enabled
  description:
    description:
      - The description of the image, up to 255 characters. An existing image is given it too.
    type: str
  snapshot_tags:
    description:
      - The tags of the image's snapshots. Defaults to the tags of the image. Beside these, each snapshot has the tags
        C(sealed.ami:device) and C(sealed.ami:kms_key) with its device and the alias or ARN of its key.
      - A snapshot that is used as it is, without a copy, keeps its tags and its permissions. An image that is shared
        with accounts from the start has no such snapshots. If an existing one is shared later, these accounts can
        launch it, but not copy it, and a warning says so.
    type: dict
  temporary_tags:
    description:
      - Tags of what is made on the way and removed again, beside O(tags), which it has too. Meets the policies of an
        organization that allow instances and volumes only with certain tags.
      - The image and its snapshots do not get them.
    type: dict
  snapshot_location:
    description:
      - For an image of an instance in a Local Zone or on an Outpost, whether its snapshots lie there too (V(local)), or
        in the region (V(regional)). AWS takes V(regional) by itself in a Local Zone, and demands one of them on an
        Outpost that has local snapshots.
      - For O(instance_id), and for O(method=instance) with an O(instance.subnet_id) there. Anywhere else it is refused.
      - In a Local Zone and on an Outpost keys are final - neither a launch nor a volume can have another key - and the
        image is launched there only. An image of O(name) whose snapshots lie elsewhere is an error.
      - Successive snapshots of a volume are all local, or all in the region.
      - Needs a recent botocore, and C(ec2:DescribeAvailabilityZones).
    type: str
    choices: [local, regional]
  snapshot_copy_completion_duration_minutes:
    description:
      - Ask for time-based copies of the snapshots that complete within this time, in steps of 15 from 15 to 2880
        minutes. It costs extra.
      - For O(method=snapshots), which alone copies snapshots. Copies from a Local Zone have no duration.
    type: int
  check_key_access:
    description:
      - Whether to try the keys of the devices that are to come under their key before anything is made, by dry runs.
        Where EBS may not use a key, AWS takes the request, and the snapshot, volume or instance fails later.
      - V(auto) warns of a denial, with the statement to add to a policy. V(true) fails before anything is changed, and
        warns of what could not be proved. V(false) tries nothing.
      - The calls are those of O(sealed.ami.ec2_ami_encrypted_copy#module:check_key_access). Each pair of keys is tried
        once; devices that stay as they are, images of O(instance_id), and a run with nothing to make try nothing.
      - A policy that opens a key to EBS alone (C(kms:ViaService)) denies a dry run also where the image would be made.
    type: str
    choices: ['auto', 'true', 'false']
    default: auto
  on_failure:
    description:
      - What happens to the snapshots and the image that this run has made when the task fails. V(keep) leaves and names
        them, and the next run takes them over; V(rollback) removes them. What another run has made stays, and so does
        what is still running at O(wait_timeout).
      - Instance and volumes of O(method=instance) are removed in any case.
    type: str
    choices: [keep, rollback]
    default: keep
  state:
    description:
      - V(present) makes the image, V(absent) deregisters it with the snapshots that were made for it, and deletes what
        interrupted runs have left. Only O(name) is needed for that; with O(source_image_id) or O(instance_id), the
        image must have been made of that.
      - Volumes that interrupted runs have left are looked for if O(device_mapping) adds an empty one or with
        O(method=instance), instances with O(method=instance). A volume that is attached to nothing is only removed if
        O(device_mapping) lists its device with the same size and snapshot, and a snapshot of the image was taken of it.
      - Only what AWS itself proves to be made by this module is removed, whatever tags something carries. The rest is
        named in a warning.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description:
      - Whether to wait until the image is available. Snapshots are always awaited, for the image is made of them, and
        so is an image of O(method=instance), for the instance must not end before. Without waiting, what can only be
        set on an available image, such as sharing, is set by the next run if the image is not available at once.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait in seconds, all in all. AWS goes on copying after that, and a further run resumes. An image of
        O(method=instance) that is not available by then is removed, as its instance is.
    type: int
    default: 3600
attributes:
  idempotent:
    support: full
    description: The image is recognized by its name and recipe, and by each device's key, size and type.
notes:
  - The collection marks what it makes with tags that begin with C(sealed.ami:), by which it finds it again, and which
    it never purges. Tags travel to instances, volumes and backups, so they prove nothing. Instances are known by their
    client token and image, volumes by their origin and attachments, snapshots by the description that they were given
    when they were made. An image of O(method=instance) and its snapshots have the tag C(sealed.ami:builder) with the
    id of the instance, which has to be the one that AWS says they were made of.
  - An image of an instance is recognized by its name too; a second run does not take a newer picture of the instance.
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: amazon.aws.ec2_ami
  - name: Use encryption with EBS-backed AMIs
    description: The AWS guide.
    link: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
extends_documentation_fragment:
  - sealed.ami.image
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Put the root volume under the key of the OS and the data volumes under keys of their own
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000004
    name: database-three-keys
    device_mapping:
      - device_name: /dev/xvda
        kms_key_id: alias/os
      - device_name: /dev/sdf
        kms_key_id: alias/data
      - device_name: /dev/sdg
        kms_key_id: alias/logs
    wait: true

- name: Do it by the procedure that AWS documents - launch, create and attach volumes, create the image
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000002
    name: os-and-two-volumes
    method: instance
    instance:
      instance_type: t3.small
    device_mapping:
      - device_name: /dev/xvda
        kms_key_id: alias/os
      - device_name: /dev/sdf
        volume_size: 50
        kms_key_id: alias/data
      - device_name: /dev/sdg
        volume_size: 20
        kms_key_id: alias/logs
    wait: true

- name: Give one volume of an image with several keys a new key, and leave the others as they are
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000005
    name: database-new-log-key
    device_mapping:
      - device_name: /dev/sdg
        kms_key_id: arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001
    wait: true

- name: Add an encrypted volume that starts empty, and drop the one for logs
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000005
    name: database-with-scratch
    device_mapping:
      - device_name: /dev/sdh
        volume_size: 100
        volume_type: gp3
        iops: 6000
        throughput: 500
        delete_on_termination: true
        kms_key_id: alias/data
      - device_name: /dev/sdg
        no_device: true
    wait: true

- name: Say what composing an image in another region would make, and how many GiB it would add
  sealed.ami.ec2_ami_compose_keys:
    source_region: us-east-1
    region: eu-west-1
    source_image_id: ami-00ec2000000000005
    name: database-ireland
    kms_key_id: alias/golden
    device_mapping:
      - device_name: /dev/sdf
        kms_key_id: alias/data
    wait: true
  check_mode: true
  diff: true

- name: Compose it there, and let another account launch it
  sealed.ami.ec2_ami_compose_keys:
    source_region: us-east-1
    region: eu-west-1
    source_image_id: ami-00ec2000000000005
    name: database-ireland
    kms_key_id: alias/shared
    tags:
      Team: platform
    launch_permissions:
      user_ids:
        - "210987654321"
    wait: true

- name: Add an empty volume in an organization that allows no volume and no instance without a cost center
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000002
    name: os-and-scratch
    tags:
      CostCenter: "42"
    temporary_tags:
      Purpose: image building
    device_mapping:
      - device_name: /dev/sdf
        volume_size: 5
        kms_key_id: alias/data
    wait: true

- name: Make it only if every key is proved to be open beforehand
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    source_image_id: ami-00ec2000000000004
    name: database-proved
    check_key_access: true
    kms_key_id: alias/data
    device_mapping:
      - device_name: /dev/xvda
        kms_key_id: alias/os
    wait: true

- name: Find the instance that the database runs on
  amazon.aws.ec2_instance_info:
    region: us-east-1
    filters:
      "tag:Name": running-database
      instance-state-name: running
  register: database

- name: Make an image of it, provided that its volumes are under the right keys
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    instance_id: "{{ database.instances[0].instance_id }}"
    no_reboot: true
    name: database-as-it-runs
    device_mapping:
      - device_name: /dev/xvda
        kms_key_id: alias/os
      - device_name: /dev/sdf
        kms_key_id: alias/data
      - device_name: /dev/sdg
        kms_key_id: alias/logs
    wait: true

- name: Remove an image with the snapshots that were made for it
  sealed.ami.ec2_ami_compose_keys:
    region: us-east-1
    name: database-three-keys
    state: absent
"""

RETURN = r"""
changed:
  description: Whether anything was, or in check mode would be, changed in AWS.
  returned: always
  type: bool
msg:
  description: What became of the image, in one line, which a terminal shows too; or what went wrong.
  returned: always
  type: str
  sample: "unchanged: database-sealed ami-0fedcba9876543211 in eu-west-1 under alias/golden (the copy exists)"
image_id:
  description: The id of the image; null in check mode for an image that does not exist yet.
  returned: when the request is possible at all
  type: str
  sample: ami-0fedcba9876543210
image:
  description: The only entry of RV(images).
  returned: when the request is possible at all
  type: dict
images:
  description: One entry, in the form that M(sealed.ami.ec2_ami_encrypted_copy) returns too.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id of the image; null where it does not exist yet, or no more after a failure.
      returned: always
      type: str
      sample: ami-0fedcba9876543210
    name:
      description: The name of the image.
      returned: always
      type: str
      sample: database-three-keys
    state:
      description: The state of the image as AWS names it, or V(absent).
      returned: always
      type: str
      sample: available
    region:
      description: The region of the image.
      returned: always
      type: str
      sample: us-east-1
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
      description: The image that it was made of; null for an image of an instance.
      returned: always
      type: str
      sample: ami-0123456789abcdef0
    source_region:
      description: The region of the source.
      returned: always
      type: str
      sample: us-east-1
    instance_id:
      description: The instance that it was made of, or that is held.
      returned: for an image of an instance, and with O(instance.hold)
      type: str
      sample: i-0123456789abcdef0
    action:
      description:
        - What was done, or in check mode would be. V(composed) is a new image, V(adopted) one that another run had
          begun, V(updated) one that exists and was given other attributes. V(prepared) is an instance that is held.
      returned: always
      type: str
      sample: composed
    reason:
      description: Why.
      returned: always
      type: str
      sample: us-east-1 has no image 'database-three-keys' of this recipe
    method:
      description: How the image is made, V(snapshots) or V(instance).
      returned: when O(state=present)
      type: str
      sample: snapshots
    method_reason:
      description: Why it is made in this way.
      returned: when O(state=present)
      type: str
      sample: source image ami-0123456789abcdef0 has no billing information to lose
    snapshots:
      description: The snapshot of each device, in the order of the device names, with the key read back from AWS.
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
          description: The id of the snapshot; null in check mode for one that does not exist yet.
          returned: always
          type: str
          sample: snap-0123456789abcdef0
        encrypted:
          description: Whether it is encrypted.
          returned: always
          type: bool
          sample: true
        kms_key_arn:
          description: The ARN of its key.
          returned: always
          type: str
          sample: arn:aws:kms:us-east-1:123456789012:key/00000003-0000-4000-8000-000000000001
        kms_key_alias:
          description: The alias by which the task asked for that key; null where it named the key otherwise, or none.
          returned: always
          type: str
          sample: alias/golden
        associated_kms_key_arns:
          description:
            - Other keys that open the snapshot too (C(ec2:AssociateKmsKeyId)). An image with one is not the image asked
              for. Null where the installed botocore does not show them.
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
      description: The tags of the image, with this collection's own.
      returned: always
      type: dict
      sample: {Team: platform}
    new_storage_gib:
      description: The GiB of snapshots that the image adds to the bill at most.
      returned: always
      type: int
      sample: 80
    lost:
      description:
        - What the source has and the image cannot have, such as watermarks of another account; and of an image that is
          made, fast snapshot restore of snapshots that it does not share, and for Windows fast launch.
        - The latter is read where C(ec2:DescribeFastSnapshotRestores) and C(ec2:DescribeFastLaunchImages) are allowed,
          and not known elsewhere.
      returned: when something is lost
      type: list
      elements: str
      sample: ["watermark 210987654321:vendor approved"]
    removed:
      description:
        - The ids of images and snapshots that were removed, or in check mode would be, and of instances and volumes
          that an interrupted run had left.
      returned: when something was removed
      type: list
      elements: str
      sample: [snap-0fedcba9876543210]
    left:
      description: The ids of what was to be removed and is still there.
      returned: when there is such
      type: list
      elements: str
      sample: [snap-0fedcba9876543210]
    error:
      description: What went wrong.
      returned: on failure
      type: str
    created:
      description: The ids of everything that this run has made and that still exists.
      returned: on failure
      type: list
      elements: str
      sample: [snap-0fedcba9876543210]
    adopted:
      description:
        - The ids of what another run has made, or may have made, and this one went on with. It still exists, and a
          rollback leaves it.
      returned: on failure, when there is such
      type: list
      elements: str
      sample: [snap-0123456789abcdef0]
key_checks:
  description:
    - What dry runs told of the use of keys before anything was made; empty where nothing was tried. See
      O(check_key_access).
  returned: always
  type: list
  elements: dict
  contains:
    kms_key_arn:
      description: The key.
      returned: always
      type: str
      sample: arn:aws:kms:us-east-1:123456789012:key/00000002-0000-4000-8000-000000000001
    region:
      description: The region in which it was tried.
      returned: always
      type: str
      sample: us-east-1
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

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COMPOSE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.run import ComposeRun
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, finish, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import parse_compose_request


def main() -> None:
    module = AnsibleAWSModule(argument_spec=COMPOSE_ARGUMENTS, supports_check_mode=True)
    key_checks: list[dict[str, t.Any]] = []
    with failing_readably(module, key_checks=key_checks):
        connection = Connection.of_module(module)
        request = parse_compose_request(module.params, default_region=module.region)
        run = ComposeRun(connection, request, warn=warn, key_checks=key_checks)
        outcome = run.run(check_mode=module.check_mode)
    finish(module, [outcome], single=True, key_checks=key_checks)


if __name__ == "__main__":
    main()
