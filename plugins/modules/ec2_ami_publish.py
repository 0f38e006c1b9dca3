#!/usr/bin/python
# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_ami_publish
version_added: 1.0.0
short_description: Lead consumers to a verified AMI, by parameters and launch templates
description:
  - Writes the id of an Amazon Machine Image into parameters of Systems Manager of the data type C(aws:ec2:image), and
    makes launch templates launch it, in one account and region.
  - The image is judged first. If it is not what O(require) demands, nothing is changed, and no consumer ever sees it.
  - AWS accepts a parameter with HTTP 200 and validates it later; a validation that fails is told nowhere. A name counts
    as published when AWS shows the image under it, in a version not older than the one written.
  - Watermarks come first, then immutable names, then moving names, then versions of launch templates, and their
    default versions last. A failure stops what comes after it, and RV(steps) says what was done and what was not
    reached.
  - Running it again changes nothing. A version of a launch template that launches the same image otherwise alike is
    reused, where C(amazon.aws.ec2_launch_template) makes another one with every run.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  image_id:
    description:
      - The image, which must be in the region of the task. Images, parameters and templates are regional.
      - Exactly one of O(image_id) and O(image_parameter) is required.
    type: str
  image_parameter:
    description:
      - A parameter that holds the id of the image, by name or ARN; a version or a label may follow, as in
        V(/golden/web/current:candidate). This promotes what one name or label leads to, to other names, labels and
        templates. The image is judged as any other.
      - It is read once, at the beginning, and may be one of text or of AWS. Not with O(state=absent).
    type: str
  require:
    description:
      - What the image must be before anything is published.
      - V(verified), every snapshot is encrypted under O(kms_key_id) or one of O(allowed_keys); V(encrypted), every
        volume is encrypted, under whichever key; V(available), its state says so; V(none), it is there.
      - Keys that were associated with a snapshot must be allowed too for V(verified). Where the installed botocore does
        not show them, a warning says so.
      - Whichever it is, the image must be visible in the region. Not looked at with O(state=absent).
    type: str
    choices: [none, available, encrypted, verified]
    default: verified
  kms_key_id:
    description: A key that snapshots may be under, by id, ARN, alias name or alias ARN.
    type: str
  allowed_keys:
    description: More such keys. ARNs of other regions are passed over, so that one list does for all regions.
    type: list
    elements: str
  ssm_parameters:
    description:
      - The parameters that are to hold the image.
      - A parameter of the data type V(text) is refused, for AWS does not change the data type of a parameter.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name, a hierarchy with a leading slash and at most 15 levels.
        type: str
        required: true
      overwrite_value:
        description:
          - What happens to a parameter that is there.
          - V(never), it is immutable; if it holds another image, the task fails before anything is changed.
          - V(changed), it is overwritten when it holds another image.
          - V(always), a version is written in every run.
        type: str
        choices: [never, changed, always]
        default: changed
      labels:
        description:
          - Labels to move to the version that holds the image, at most 10. A label that another version has leaves it.
        type: list
        elements: str
      version:
        description:
          - A version of the parameter, by its number or by a label of it, that holds the image. Nothing is written; the
            O(ssm_parameters[].labels) move to it, and what the name alone leads to stays. This promotes a version, and
            is the way back to one of RV(ssm_parameters[].previous.labels).
          - Not with O(state=absent).
        type: str
      tags:
        description: Tags that the parameter is to have; others stay.
        type: dict
      tier:
        description: The tier, given to AWS when the parameter is written. AWS never returns one to V(Standard).
        type: str
        choices: [Standard, Advanced, Intelligent-Tiering]
      description:
        description: The description, given to AWS when the parameter is written.
        type: str
  launch_templates:
    description:
      - The launch templates that are to launch the image, each by O(launch_templates[].template_id) or
        O(launch_templates[].template_name).
      - A template whose image is an alias (C(resolve:ssm:NAME)) gets no version; the task sees to it that the alias
        leads to the image.
    type: list
    elements: dict
    suboptions:
      template_id:
        description: The id.
        type: str
      template_name:
        description: The name.
        type: str
      source_version:
        description:
          - The version to start from, V(default), V(latest) or a number. The version that launches the image is this
            one with the image in it.
        type: str
        default: default
      default_version:
        description:
          - V(new), the version that launches the image becomes the default; V(keep), the default stays.
          - A number makes that version the default, which must launch the image already; none is created. This is the
            way back to RV(launch_templates[].previous_default_version).
          - With O(state=absent), a number is the version that becomes the default if the default launches the image;
            otherwise the template is left as it is.
        type: str
        default: new
      version_description:
        description: The description of a version that is created. C({image_id}) stands for the image.
        type: str
  replaces:
    description:
      - An image. What the task moves must lead to it, or to the published image, already; otherwise somebody else has
        published since, and the task fails before anything is changed. The playbook C(sealed.ami.rollback) says it.
      - What is not there yet is published all the same. Not with O(state=absent).
    type: str
  watermarks:
    description:
      - Names of watermarks, such as V(golden-approved), that the image is to have under the account of the task. They
        are attached once the image is judged, before anything leads to it, and go on to all its copies.
      - At most 5, on images of the own account that are not public. Needs a botocore that knows them.
      - Not with O(state=absent).
    type: list
    elements: str
  accept_template_warnings:
    description:
      - AWS creates a version of a launch template even where it warns of errors in it. Such a version is deleted again
        and the task fails, unless this is V(true).
    type: bool
    default: false
  state:
    description:
      - V(absent) deletes those of O(ssm_parameters) that still hold the image, and leaves the others.
      - V(validated) changes nothing and says in RV(report) of the image, each parameter and template whether it is as
        it would be after publishing. The task fails unless all are; what could not be read is not.
      - Launch templates and their versions are never deleted, see O(launch_templates[].default_version).
    type: str
    choices: [present, absent, validated]
    default: present
  paths:
    description:
      - With O(state=validated), hierarchies such as V(/golden/database) in which parameters that O(ssm_parameters) does
        not name are unexpected.
    type: list
    elements: str
  wait_timeout:
    description: For how many seconds AWS may take to show what was written. Validation takes up to some minutes.
    type: int
    default: 300
  wait_delay:
    description: The longest pause between two looks, in seconds.
    type: int
    default: 15
attributes:
  check_mode:
    support: full
    description: Shows the steps that would be taken.
  diff_mode:
    support: full
    description: Shows what each name leads to before and after.
  idempotent:
    support: partial
    description: O(ssm_parameters[].overwrite_value=always) writes in every run.
notes:
  - The way back is in the result. Publish RV(ssm_parameters[].previous.value) under the same names, or move a label to
    its version in RV(ssm_parameters[].previous.labels) by O(ssm_parameters[].version), and make
    RV(launch_templates[].previous_default_version) the default.
  - Warnings say where instances will not come from the image, or not under its keys. A template's mapping names a key
    or sets C(Encrypted), an override of an Auto Scaling group names an image, or a group refreshes by
    C(ReplaceRootVolume), which refuses images of several volumes. Groups are looked at when a template changes.
  - A run that has nothing to do makes three reading calls for up to ten parameters and any number of templates whose
    default launches the image, one more for the snapshots of O(require=verified), one for each alias among the keys,
    one for every ten labels and versions, one for O(image_parameter), and one for each parameter with
    O(ssm_parameters[].tags).
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
  - module: sealed.ami.ec2_ami_encryption_info
  - module: community.aws.ssm_parameter
    description: Writes parameters of the data type C(text) only.
  - module: amazon.aws.ec2_launch_template
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - sealed.ami.sdk
"""

EXAMPLES = r"""
- name: Publish the sealed image of the day, under a name that stays and one that moves
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_id: ami-00ec2000000000005
    kms_key_id: alias/os
    allowed_keys: [alias/data, alias/logs]
    ssm_parameters:
      - name: /golden/database/2026-11-26
        overwrite_value: never
      - name: /golden/database/current
        labels: [candidate]
        tags:
          Team: platform
  register: published

- name: Promote the candidate to stable; what the name alone leads to stays
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_parameter: /golden/database/current:candidate
    allowed_keys: [alias/os, alias/data, alias/logs]
    ssm_parameters:
      - name: /golden/database/current
        version: candidate
        labels: [stable]

- name: Say whether consumers find it, and nothing else beside it
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_id: ami-00ec2000000000005
    allowed_keys: [alias/os, alias/data, alias/logs]
    ssm_parameters:
      - name: /golden/database/2026-11-26
      - name: /golden/database/current
        labels: [candidate]
    paths: [/golden/database]
    state: validated

- name: Let a launch template launch it, and keep its former default in the result
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_id: ami-00ec2000000000005
    require: encrypted
    launch_templates:
      - template_name: database
        version_description: sealed {image_id}
  register: rolled_out

- name: Go back to the version that was the default before
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_id: "{{ rolled_out.launch_templates[0].previous_image_id }}"
    replaces: ami-00ec2000000000005
    require: available
    launch_templates:
      - template_name: database
        default_version: "{{ rolled_out.launch_templates[0].previous_default_version }}"

- name: Take the moving name down, unless it leads to another image by now
  sealed.ami.ec2_ami_publish:
    region: us-east-1
    image_id: ami-00ec2000000000005
    ssm_parameters:
      - name: /golden/database/current
    state: absent
"""

RETURN = r"""
images:
  description: The image that was published; one entry.
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
      description: The name; null with O(state=absent).
      type: str
      returned: always
    state:
      description: The state by AWS; null with O(state=absent).
      type: str
      returned: always
    region:
      description: The region.
      type: str
      returned: always
    action:
      description: V(published), V(withdrawn), V(unchanged) or V(failed).
      type: str
      returned: always
    reason:
      description: What was demanded of it.
      type: str
      returned: always
    snapshots:
      description: Its EBS devices.
      type: list
      elements: dict
      returned: always
      contains:
        device_name:
          description: The name of the device.
          type: str
          returned: always
        snapshot_id:
          description: The snapshot.
          type: str
          returned: always
        encrypted:
          description: Whether it is encrypted.
          type: bool
          returned: always
        kms_key_arn:
          description: The key; null unless O(require=verified).
          type: str
          returned: always
    watermarks:
      description: The keys of its watermarks, each an account and a name; those that would be attached are missing.
      type: list
      elements: str
      returned: always
      sample: ["123456789012:golden-approved"]
    error:
      description: What went wrong with a watermark.
      type: str
      returned: on failure
ssm_parameters:
  description: The parameters, in the order of O(ssm_parameters).
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      returned: always
    arn:
      description: The ARN; null where AWS has shown none.
      type: str
      returned: always
    version:
      description: The version that holds the image; null where none is seen.
      type: int
      returned: always
    previous:
      description: What was there before; null where there was none.
      type: dict
      returned: always
      contains:
        value:
          description: The value.
          type: str
          returned: always
        version:
          description: Its version.
          type: int
          returned: always
        labels:
          description: The versions that those of O(ssm_parameters[].labels) were on.
          type: dict
          returned: always
    labels:
      description: The labels that were asked for.
      type: list
      elements: str
      returned: always
    action:
      description: V(created), V(updated), V(unchanged), V(removed), V(left), V(failed) or V(not reached).
      type: str
      returned: always
    reason:
      description: Why.
      type: str
      returned: always
    error:
      description: What went wrong.
      type: str
      returned: on failure
launch_templates:
  description: The launch templates, in the order of O(launch_templates).
  returned: always
  type: list
  elements: dict
  contains:
    template_id:
      description: The id.
      type: str
      returned: always
      sample: lt-0123456789abcdef0
    template_name:
      description: The name.
      type: str
      returned: always
    version:
      description: The version that launches the image; null where none is there yet.
      type: int
      returned: always
    default_version:
      description: The default version; null in check mode where it would be a new one.
      type: int
      returned: always
    previous_default_version:
      description: The default version before.
      type: int
      returned: always
    previous_image_id:
      description: The image, or the alias, that the default version before names; null where it names none.
      type: str
      returned: always
    removed_version:
      description: The version that was created and deleted again, for AWS warned of it.
      type: int
      returned: when there is one
    action:
      description: V(created), V(updated), V(unchanged), V(left), V(failed) or V(not reached).
      type: str
      returned: always
    reason:
      description: Why.
      type: str
      returned: always
    warnings:
      description: What in the template or its groups beats the image.
      type: list
      elements: str
      returned: always
    error:
      description: What went wrong.
      type: str
      returned: on failure
report:
  description: What consumers find, by verdict.
  returned: with O(state=validated)
  type: dict
  contains:
    correct:
      description: What is as it would be after publishing.
      type: list
      elements: dict
      returned: always
      contains: &finding
        kind:
          description: V(image), V(parameter), V(launch template) or V(path).
          type: str
          returned: always
        name:
          description: Its name or id.
          type: str
          returned: always
        holds:
          description: The image that it leads to; null where none is, or none is known.
          type: str
          returned: always
        reason:
          description: Why.
          type: str
          returned: always
    incorrect:
      description: What leads elsewhere, is of the wrong data type, or would be changed by publishing.
      type: list
      elements: dict
      returned: always
      contains: *finding
    missing:
      description: What is not there.
      type: list
      elements: dict
      returned: always
      contains: *finding
    unexpected:
      description: What is below O(paths) and was not named.
      type: list
      elements: dict
      returned: always
      contains: *finding
    unreachable:
      description: What could not be read, so that nothing is known of it.
      type: list
      elements: dict
      returned: always
      contains: *finding
steps:
  description: The changes, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    step:
      description: What is done, as a sentence.
      type: str
      returned: always
    "on":
      description: The image, the parameter or the template.
      type: str
      returned: always
    status:
      description: V(done), V(failed), V(not reached), or V(planned) in check mode.
      type: str
      returned: always
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.sealed.ami.plugins.module_utils._argspec_publish import PUBLISH_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.publish.run import publish
from ansible_collections.sealed.ami.plugins.module_utils._execute.publish.validate import validate
from ansible_collections.sealed.ami.plugins.module_utils._finish import failing_readably, warn
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.report import (
    Finding,
    to_report,
    what_is_wrong,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.request import parse_publish_request
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.result import (
    publish_diff,
    publish_failure,
    publish_summary,
    to_publish_result,
)


def end_validation(module: AnsibleAWSModule, found: list[Finding]) -> t.NoReturn:
    """Say what was found, and fail unless all of it is correct."""
    report = to_report(found)
    result = {"report": report, "images": [], "ssm_parameters": [], "launch_templates": [], "steps": []}
    message = what_is_wrong(found)
    if message:
        module.fail_json(msg=message, changed=False, **result)
    module.exit_json(msg=f"all correct: {', '.join(one.name for one in found)}", changed=False, **result)
    raise AssertionError("exit_json does not return")


def main() -> None:
    module = AnsibleAWSModule(argument_spec=PUBLISH_ARGUMENTS, supports_check_mode=True)
    with failing_readably(module, ssm_parameters=[], launch_templates=[], steps=[]):
        request = parse_publish_request(module.params, region=module.region)
        if request.validates:
            end_validation(module, validate(Connection.of_module(module), request, warn=warn))
        found = publish(Connection.of_module(module), request, check=module.check_mode, warn=warn)
    result = to_publish_result(found, predicted=module.check_mode)
    for warning in dict.fromkeys(one for item in found.templates for one in item.warnings):
        warn(warning)
    if module._diff:
        result["diff"] = publish_diff(found, result)
    message = publish_failure(found)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=publish_summary(result, predicted=module.check_mode), **result)


if __name__ == "__main__":
    main()
