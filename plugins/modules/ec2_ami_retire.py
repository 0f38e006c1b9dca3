#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_retire
version_added: 1.0.0
short_description: Retire old AMIs step by step, only those that nothing uses, and restore them
description:
  - Takes this account's old Amazon Machine Images out of use, one step an image and run. It deprecates them, so that
    nobody finds them any more, later disables them, so that nobody can launch them, and where O(last_step=deregister)
    asks for it deregisters them in the end. All of it can be undone, the last step for as long as the Recycle Bin
    retains the image.
  - An image is kept when anything uses it, and when it is not known whether anything does. See
    M(sealed.ami.ec2_ami_usage_info) for the evidence, all of which is read again before each step.
  - Never touched are the newest image of a group, images of other accounts, pending images, images that AWS Backup,
    Data Lifecycle Manager or EC2 Image Builder manage, and the source of a copy that is pending. Failed images take no
    place among the newest, and are deregistered at most.
  - Only what this module has disabled is deregistered, or M(sealed.ami.ec2_ami_encrypted_copy) with
    C(superseded=retire). Of its snapshots those are deleted that AWS, or
    M(sealed.ami.ec2_ami_compose_keys), has made for this very image, and that no other image uses. A snapshot that
    somebody has registered an image of may be a backup, and stays; so does one that is locked.
  - What somebody enables by hand after this module has disabled it is kept, and what somebody takes out of the Recycle
    Bin waits again. After O(state=restored) an image starts from the first step.
  - AWS removes all launch permissions from an image that is disabled, and does not give them back. They are recorded
    first, in tags of the image and in RV(undo), and O(state=restored) gives them back.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  state:
    description:
      - V(retired) takes the images that O(filters) select, and no rule keeps, one step further.
      - V(restored) enables the images of O(image_ids) or O(undo) again, gives back who could launch them and when they
        were to be deprecated, and removes a deprecation that is in force. Where one of them cannot be restored, nothing
        is changed.
    type: str
    choices: [retired, restored]
    default: retired
  regions:
    description:
      - The regions to work in. Defaults to O(region) alone; O(undo) names its own.
    type: list
    elements: str
  filters:
    description:
      - Which of this account's images may be retired; filters by name, each with a value or a list of values, as
        DescribeImages takes them. Selecting nothing fails the task.
      - They have to select whole groups, for what they leave out does not count among the newest.
      - Required for O(state=retired).
    type: dict
  image_ids:
    description:
      - For O(state=retired), the only images to change, of those that O(filters) select. The others still count in
        their groups.
      - For O(state=restored), the images to restore.
    type: list
    elements: str
    aliases: [image_id]
  group_by:
    description:
      - Which images replace each other. V(tag:Family) groups by the value of the tag C(Family); V(name:^(web|db\)-)
        by what the regular expression captures of the name.
      - Images that are in no group are kept. Each region has groups of its own.
      - Required for O(state=retired).
    type: str
  keep:
    description: Which images stay as they are.
    type: dict
    suboptions:
      newest:
        description:
          - How many of the newest images of each group stay, at least 1. Disabled images, failed ones, and those that
            O(keep.tags) keeps, do not count.
        type: int
        default: 3
      younger_than_days:
        description: Images that were made fewer days ago stay.
        type: int
        default: 0
      tags:
        description: Images with any of these tags stay.
        type: dict
      shared:
        description: Whether images stay that are shared with anybody.
        type: bool
        default: false
      public:
        description: Whether images stay that are public.
        type: bool
        default: true
  launched_within_days:
    description:
      - An image that any account has launched in this time counts as used. AWS says so a day late.
    type: int
    default: 60
  report_max_age:
    description:
      - How many hours old a usage report on a shared image may be. AWS makes such a report when the owner asks for it
        (CreateImageUsageReport). Without one, it is not known whether other accounts use the image.
    type: int
    default: 24
  when_unknown:
    description:
      - What happens when it is not known whether an image is in use.
      - V(keep) keeps it and warns of what is not known; V(fail) fails before anything is changed.
    type: str
    choices: [keep, fail]
    default: keep
  last_step:
    description: The last step to take. V(deregister) takes failed images, too.
    type: str
    choices: [deprecate, disable, deregister]
    default: disable
  disable_after_days:
    description:
      - How many days after it was deprecated an image is disabled. For a shared image it is 2 at least, for nothing
        shows what another account has launched in the last 24 hours.
    type: int
    default: 14
  deregister_after_days:
    description:
      - How many days after it was disabled an image is deregistered, at least 1, and 2 for an image that was shared. A
        tag tells when that was; for an image that somebody else has disabled it is not known, and it is kept.
      - A failed image is deregistered so many days after it was made.
    type: int
    default: 60
  require_recycle_bin:
    description:
      - Whether an image is kept unless the Recycle Bin retains it, and each snapshot that is deleted with it at least
        as long. Every rule of the region is looked at, its tags, exclusion tags and whether it is available yet.
      - Where the rules cannot be read, the image is kept.
    type: bool
    default: true
  locked_snapshots:
    description:
      - What happens to an image that has a locked snapshot. V(keep) keeps it; V(leave) deregisters it and leaves the
        locked snapshot.
    type: str
    choices: [keep, leave]
    default: keep
  disable_protection:
    description:
      - Whether deregistration protection is taken off an image that is due to be deregistered, which is then done in a
        later run. A protection with cooldown goes on for 24 hours.
      - Otherwise a protected image is kept.
    type: bool
    default: false
  replacement:
    description:
      - Gives each image that is deprecated or disabled a tag with the image to use in place of it. Without this option
        no such tag is written.
    type: dict
    suboptions:
      tag:
        description:
          - The key of the tag. O(state=restored) removes it only under this default key.
        type: str
        default: sealed.ami:replaced-by
      image_id:
        description: An image, or V(newest) for the newest of the group that is available.
        type: str
        default: newest
  limit:
    description:
      - The most images to change in a run, in all regions together. Where more are due, the task fails with the whole
        result and changes nothing, since a wrong filter shows in this.
    type: int
    default: 20
  estimate_cost:
    description:
      - Whether to look up in AWS's price list what the snapshots cost that are deleted, see RV(costs), by
        C(pricing:GetProducts) in one call for each region. Where that is denied, the cost is not known, and nothing
        else changes.
    type: bool
    default: false
  undo:
    description:
      - For O(state=restored), what the task that retired the images returned as RV(undo).
    type: list
    elements: dict
    suboptions:
      image_id:
        description: The image.
        type: str
        required: true
      region:
        description: Its region.
        type: str
        required: true
      launch_permissions:
        description: Who could launch it.
        type: dict
        suboptions:
          user_ids:
            description: Account ids.
            type: list
            elements: str
          group_names:
            description: The group V(all).
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
      deprecation_time:
        description: When it was to be deprecated.
        type: str
      deregistration_protection:
        description: The deregistration protection that was taken off, V(enabled) or V(enabled-with-cooldown).
        type: str
      snapshot_ids:
        description:
          - All of its snapshots, for an image in the Recycle Bin, which does not tell them. Those in the bin are
            restored first. Where one has left it, nothing is restored.
        type: list
        elements: str
      tags:
        description: The tags that this module had written on it and its snapshots, for check mode.
        type: dict
  trust_recorded_permissions:
    description:
      - For O(state=restored) with O(image_ids), whether to give the launch permissions that the tags of an image
        record. Whoever may tag the image can write such tags, so that the task fails and shows them unless this is
        V(true). With O(undo) it is not needed.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds O(state=restored) waits for the snapshots of an image that it takes out of the Recycle Bin. The
        next run goes on from there.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
    description: Returns the same decisions and steps, and changes nothing.
  diff_mode:
    support: full
    description: Shows the state before and every step.
  idempotent:
    support: full
    description: A second run changes nothing until the next step is due.
notes:
  - Run it in check mode first; the result is a report of what is due when, and why the other images are kept.
  - Needs what M(sealed.ami.ec2_ami_usage_info) needs and C(ec2:DescribeImageAttribute), C(ec2:CreateTags) and
    C(ec2:EnableImageDeprecation), and to disable C(ec2:DisableImage). To deregister, it needs C(ec2:DescribeSnapshots),
    C(ec2:DeregisterImage), C(ec2:DeleteSnapshot), C(rbin:ListRules) and C(rbin:GetRule), and for O(disable_protection)
    C(ec2:DisableImageDeregistrationProtection). To restore, it needs C(ec2:DescribeImages), C(ec2:DescribeSnapshots),
    C(ec2:DescribeImageAttribute), C(ec2:EnableImage), C(ec2:ModifyImageAttribute), C(ec2:DisableImageDeprecation),
    C(ec2:EnableImageDeprecation), C(ec2:DeleteTags) and C(ec2:EnableImageDeregistrationProtection), and for images in
    the Recycle Bin C(ec2:ListImagesInRecycleBin), C(ec2:ListSnapshotsInRecycleBin),
    C(ec2:RestoreSnapshotFromRecycleBin) and C(ec2:RestoreImageFromRecycleBin). The policies are in C(docs/iam).
seealso:
  - module: sealed.ami.ec2_ami_usage_info
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: amazon.aws.ec2_ami
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Report what would be retired, and why the rest is kept
  sealed.ami.ec2_ami_retire:
    regions: [us-east-1, eu-west-1]
    filters:
      "tag:Stage": golden
    group_by: tag:Team
    keep:
      newest: 1
    estimate_cost: true
  check_mode: true
  register: report

- name: Deprecate what nothing uses, all but the newest image of each team
  sealed.ami.ec2_ami_retire:
    region: us-east-1
    filters:
      "tag:Stage": golden
    group_by: tag:Team
    keep:
      newest: 1
      tags:
        Keep: "true"
    last_step: deprecate
  register: deprecated

- name: Disable it as soon as it is deprecated, in place of two weeks later; shared images still wait for two days
  sealed.ami.ec2_ami_retire:
    region: us-east-1
    filters:
      "tag:Stage": golden
    group_by: tag:Team
    keep:
      newest: 1
    disable_after_days: 0
  register: retired

- name: Deregister what was disabled two months ago, if the Recycle Bin retains it
  sealed.ami.ec2_ami_retire:
    region: us-east-1
    filters:
      "tag:Stage": golden
    group_by: tag:Team
    keep:
      newest: 1
    last_step: deregister
    deregister_after_days: 60
    replacement:
      image_id: newest
  register: deregistered

- name: Undo all that this task has done, launch permissions included
  sealed.ami.ec2_ami_retire:
    state: restored
    undo: "{{ retired.undo }}"

- name: Restore one image whose task nobody remembers, with the launch permissions that its tags record
  sealed.ami.ec2_ami_retire:
    state: restored
    region: us-east-1
    image_ids: [ami-00ec2000000000001]
    trust_recorded_permissions: true
"""

RETURN = r"""
changed:
  description: Whether anything was changed.
  returned: always
  type: bool
images:
  description: The images that O(filters) select, or that were to be restored, after failure too.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The id.
      type: str
      returned: always
      sample: ami-00ec2000000000001
    name:
      description: The name.
      type: str
      returned: always
      sample: plain-root
    region:
      description: The region.
      type: str
      returned: always
      sample: us-east-1
    state:
      description: The state after the task.
      type: str
      returned: always
      sample: disabled
    group:
      description: The group it belongs to; null for none, and for O(state=restored).
      type: str
      returned: always
      sample: platform
    creation_date:
      description: When it was made.
      type: str
      returned: always
      sample: "2026-11-23T10:00:00.000Z"
    deprecation_time:
      description: Since when it is deprecated, or will be; null for never.
      type: str
      returned: always
      sample: "2026-11-26T10:02:00.000Z"
    action:
      description:
        - V(deprecated), V(disabled) or V(deregistered) when this task has done so, or would in check mode;
          V(unprotected) when it has taken the deregistration protection off; V(waiting) when the next step is not due
          yet; V(kept) when a rule or its use keeps it; V(restored); V(unchanged) when there is nothing left to do;
          V(failed) when a step failed.
      type: str
      returned: always
      sample: disabled
    reason:
      description: Why.
      type: str
      returned: always
      sample: deprecated since 2026-11-12T10:02:00.000Z; as of 2026-11-25T10:00:00Z, nothing uses it
    next_step:
      description: The step that it waits for.
      type: str
      returned: always
      sample: disable
    due:
      description: From when on that step is taken.
      type: str
      returned: always
      sample: "2026-12-10T10:02:00Z"
    in_use:
      description: Whether it is in use; null when that is not known, and when nobody looked, for it was kept anyway.
      type: bool
      returned: always
      sample: false
    evidence:
      description: What uses it, and what could not be read.
      type: list
      elements: str
      returned: always
      sample: [instance i-0123456789abcdef0]
    volume_size:
      description: The GiB of all its EBS devices together.
      type: int
      returned: always
      sample: 8
    snapshots:
      description: For an image that is due to be deregistered, what becomes of each of its snapshots.
      type: list
      elements: dict
      returned: always
      contains:
        snapshot_id:
          description: The id.
          type: str
          returned: always
          sample: snap-00ec2000000000001
        volume_size:
          description: The GiB of the volume.
          type: int
          returned: always
          sample: 8
        action:
          description: V(deleted) when this task has deleted it, or would in check mode; else V(left).
          type: str
          returned: always
          sample: deleted
        reason:
          description: Why.
          type: str
          returned: always
          sample: AWS says that it was made for ami-00ec2000000000001
    gib_freed:
      description:
        - The GiB of the volumes whose snapshots are deleted. AWS bills less, for it stores a block once that several
          snapshots share, and bills them until RV(images[].billed_until).
      type: int
      returned: always
      sample: 8
    undo_path:
      description: How what this task has done to the image can be undone; null where it has done nothing.
      type: str
      returned: always
      sample: state=restored with undo, from the Recycle Bin
    undo_until:
      description: Until when the Recycle Bin retains a deregistered image; null where that is not so.
      type: str
      returned: always
      sample: "2026-12-10T10:00:00Z"
    billed_until:
      description: Until when the Recycle Bin retains its snapshots, which AWS bills; null where that is not so.
      type: str
      returned: always
      sample: "2026-12-10T10:00:00Z"
    tags:
      description: Its tags after the task.
      type: dict
      returned: always
      sample: {Team: platform}
    steps:
      description: The calls of this task that change something, in order.
      type: list
      elements: dict
      returned: always
      contains:
        description:
          description: What it does.
          type: str
          returned: always
          sample: disable image ami-00ec2000000000001
        done:
          description: Whether it has been done; V(false) in check mode.
          type: bool
          returned: always
          sample: true
    error:
      description: What went wrong, and what to do.
      type: str
      returned: when a step of the image failed
      sample: Failed to disable image ami-00ec2000000000001 in us-east-1
summary:
  description: How many images there are of each action.
  returned: always
  type: dict
  sample:
    deprecated: 0
    disabled: 1
    unprotected: 0
    deregistered: 0
    restored: 0
    waiting: 0
    kept: 2
    unchanged: 0
    failed: 0
costs:
  description: For each region what the snapshots cost that were deleted; empty unless O(estimate_cost=true).
  returned: always
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      returned: always
      sample: us-east-1
    gib_freed:
      description: The sum of RV(images[].gib_freed) in the region.
      type: int
      returned: always
      sample: 120
    price:
      description: The list price of a GiB of standard snapshots a month, without discounts; null where it is not known.
      type: float
      returned: always
      sample: 0.05
    currency:
      description: The currency of the price.
      type: str
      returned: always
      sample: USD
    monthly_cost:
      description:
        - What the GiB cost a month at most. AWS bills less for snapshots that share blocks, and bills them until
          RV(images[].billed_until).
      type: float
      returned: always
      sample: 6.0
    reason:
      description: Why the price is not known; null where it is.
      type: str
      returned: always
      sample: null
leftovers:
  description:
    - Snapshots that a task of this module was to delete with an image, and that are there without it. Either that task
      was interrupted or somebody has restored them, so that they are left as they are.
  returned: always
  type: list
  elements: dict
  contains:
    snapshot_id:
      description: The snapshot.
      type: str
      returned: always
      sample: snap-00ec2000000000001
    region:
      description: Its region.
      type: str
      returned: always
      sample: us-east-1
    image_id:
      description: The image that is gone.
      type: str
      returned: always
      sample: ami-00ec2000000000001
undo:
  description:
    - What O(undo) takes to restore the images that this task has changed. Keep it. In check mode, what it would be.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: The image.
      type: str
      returned: always
      sample: ami-00ec2000000000001
    region:
      description: Its region.
      type: str
      returned: always
      sample: us-east-1
    launch_permissions:
      description: Who could launch it before it was disabled; null where it was deprecated alone.
      type: dict
      returned: always
      sample: {user_ids: ["210987654321"], group_names: [], org_arns: [], org_unit_arns: []}
    deprecation_time:
      description: When it was to be deprecated before this module did that; null for never.
      type: str
      returned: always
      sample: "2027-01-31T00:00:00.000Z"
    deregistration_protection:
      description: The deregistration protection that this module has taken off; null for none.
      type: str
      returned: always
      sample: enabled
    snapshot_ids:
      description: All snapshots of an image that is deregistered, those that are left included; null for any other.
      type: list
      elements: str
      returned: always
      sample: [snap-00ec2000000000001]
    tags:
      description: The tags that this module had written on an image that is deregistered, and on its snapshots.
      type: dict
      returned: always
      sample: {"sealed.ami:disabled-at": "2026-11-26T10:00:00Z"}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec_retire import RETIRE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.retire.run import retire_images
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.request import parse_retire_request
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.result import (
    retire_diff,
    retire_failure,
    retire_message,
    retire_warnings,
    to_retire_result,
)


def main() -> None:
    module = AnsibleAWSModule(argument_spec=RETIRE_ARGUMENTS, supports_check_mode=True)
    with failing_readably(module, summary={}, undo=[], costs=[], leftovers=[]):
        connection = Connection.of_module(module)
        request = parse_retire_request(module.params, default_region=module.region)
        found = retire_images(connection, request, check_mode=module.check_mode)
    predicted = module.check_mode and not found.refusal
    result = to_retire_result(found.outcomes, predicted=predicted, prices=found.prices, leftovers=found.leftovers)
    for warning in retire_warnings(found.outcomes, found.leftovers):
        warn(warning)
    if module._diff:
        result["diff"] = retire_diff(found.outcomes)
    message = found.refusal or retire_failure(found.outcomes)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=retire_message(result, predicted=module.check_mode), **result)


if __name__ == "__main__":
    main()
