# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: image_targets
version_added: 1.0.0
short_description: One host for each account, or each account and region, that images go to
description:
  - Makes one inventory host of each account, or with O(host_per=region) of each account and region, with everything
    that the playbooks of this collection need to know about it. So C(--forks) spreads the work on one machine, and job
    slicing in AWX over many.
  - The host's name is that of the account; with O(host_per=region) followed by a dot and the region, such as
    C(production.eu-west-1), and by another dot and the Local Zone or Outpost where the copies lie in one. Hosts come in
    the order of the file. Their connection is C(local), on the Python that runs the playbook.
  - Each host is given the variables C(sealed_ami_account), C(sealed_ami_account_id), C(sealed_ami_role_arn) and
    C(sealed_ami_profile) where known, and every other option that applies to it under its name behind C(sealed_ami_),
    such as C(sealed_ami_source_image_ids).
  - The host of an account has the region codes in C(sealed_ami_regions), and in C(sealed_ami_destinations) a
    dictionary for each of them with the options that a destination of M(sealed.ami.ec2_ami_encrypted_copy) can have of
    its own, such as the key and the tags. The host of a region has the region in C(sealed_ami_region), and these
    options beside the others, such as C(sealed_ami_kms_key_id).
  - The host's variable C(sealed_ami_target) has these options once more. A playbook falls back on it where an extra
    variable, such as an answer of a survey, is blank.
  - Text is understood as P(sealed.ami.answer#filter) does. A blank option counts as absent, and V(none) as empty, such
    as to remove a description that an earlier run has set.
  - Values may be templates, which see extra variables, and encrypted by Ansible Vault. With a value of the vault
    nothing is cached. The file holds no credentials, and keys that would are refused. Its name ends in
    C(image_targets.yml) or C(image_targets.yaml).
author:
  - sealed.ami contributors (@sealed-ami)
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [sealed.ami.image_targets]
  host_per:
    description:
      - What one host stands for. With V(account) one task copies all images to all regions of the account, which takes
        far less memory and processor time than a task for each region. The regions of such a host must agree in
        O(source_image_ids), O(source_region), O(encrypted), O(copy_tags), O(purge_tags) and groups.
      - With V(region) the regions are hosts, to slice a job finer, or to limit a play to some regions.
    type: str
    choices: [account, region]
    default: account
  accounts:
    description:
      - The accounts, each with its regions. Beside the options shown here an account takes every option that says what
        is copied and how, such as O(source_image_ids) and O(tags), which then hold for its regions in place of those
        at the top.
    type: list
    elements: dict
    required: true
    suboptions:
      account:
        description: The name of the account, the first part of its hosts' names. Defaults to its id.
        type: str
      account_id:
        description: The account's id of 12 digits, in quotes. Defaults to that in O(accounts[].role_arn).
        type: str
      role_arn:
        description:
          - The role to act as in this account. Without it and O(accounts[].profile), the caller's own credentials are
            used as they are.
        type: str
      profile:
        description:
          - The profile to use from the AWS configuration file of the machine that runs the play. It excludes
            O(accounts[].role_arn).
        type: str
      pattern:
        description: For this account; see O(pattern).
        type: str
        choices: [auto, copy, intermediate, share]
      grant_autoscaling:
        description: For this account; see O(grant_autoscaling).
        type: bool
      groups:
        description: The inventory groups that the account's hosts belong to.
        type: list
        elements: str
      regions:
        description:
          - Region codes; or dictionaries of C(region), C(groups), and every option that says what is copied and how,
            which hold for this region in place of the account's.
          - A dictionary may name a Local Zone or an Outpost of its region by O(availability_zone),
            O(availability_zone_id) or O(outpost_arn). The copies lie there then; for a copy in the region as well,
            list the region a second time. P(sealed.ami.distribute#role) takes none of them.
        type: list
        elements: raw
        required: true
  owner:
    description:
      - Who owns the images, for P(sealed.ami.distribute#role), which makes them copies of accounts that do not. Each
        host has it in C(sealed_ami_owner). It may be empty, where the caller's own credentials are the owner's.
    type: dict
    suboptions:
      role_arn:
        description: The role to act as for the owner.
        type: str
      profile:
        description: The profile to use for the owner. It excludes O(owner.role_arn).
        type: str
      transfer_kms_key_id:
        description:
          - A key of the owner in O(source_region), for intermediate copies of images that cannot be shared as they are.
        type: str
  pattern:
    description:
      - How an image comes into an account that does not own it. V(copy) makes a copy in the account, under its own key;
        V(intermediate) the same of a copy under O(owner.transfer_kms_key_id), so that the image's own key stays closed;
        V(share) lets the account launch the owner's image, under the owner's key.
      - V(auto) is V(copy) for an account with a O(kms_key_id), and V(share) for one without; V(copy) goes by an
        intermediate where AWS lets nobody share the image itself.
      - For P(sealed.ami.distribute#role). An account can have its own.
    type: str
    choices: [auto, copy, intermediate, share]
    default: auto
  grant_autoscaling:
    description:
      - Whether the account grants its service-linked role of Auto Scaling the keys that the images come under. An
        account can have its own.
    type: bool
    default: false
  source_image_ids:
    description: The images to copy.
    type: list
    elements: str
  source_region:
    description: The region of these images.
    type: str
  kms_key_id:
    description: The KMS key; an alias holds for every account and region that has it.
    type: str
  encrypted:
    description: Whether to encrypt, or to preserve the status of each snapshot.
    type: bool
  copy_tags:
    description: Whether to give the copies the tags of their sources.
    type: bool
  availability_zone:
    description:
      - For an entry of O(accounts[].regions) alone, the name of a Local Zone in it; see
        O(sealed.ami.ec2_ami_encrypted_copy#module:availability_zone). It takes O(source_region) to be the same region.
    type: str
  availability_zone_id:
    description: The same by the id of the Local Zone.
    type: str
  outpost_arn:
    description: For an entry of O(accounts[].regions) alone, the ARN of an Outpost in it.
    type: str
  name:
    description: The name of the copies, with V({source_name}), V({source_image_id}) and V({region}) replaced.
    type: str
  description:
    description: The description of the copies.
    type: str
  tags:
    description: The tags of the copies.
    type: dict
  purge_tags:
    description: Whether to remove tags that are not in O(tags).
    type: bool
  snapshot_tags:
    description: The tags of their snapshots.
    type: dict
  launch_permissions:
    description: Who may launch the copies, as in M(sealed.ami.ec2_ami_encrypted_copy).
    type: dict
  deprecate_at:
    description: When the copies become deprecated, in quotes; V(none) removes the deprecation.
    type: str
  deregistration_protection:
    description: Whether the copies are protected from being deregistered.
    type: str
    choices: [enabled, enabled-with-cooldown, disabled]
  imds_support:
    description:
      - With V(v2.0), instances of the image require IMDSv2 unless their launch says otherwise.
      - AWS never takes it back, so leave it out where the software in the image does not support IMDSv2.
    type: str
    choices: [v2.0]
  watermarks:
    description:
      - Watermarks to attach once the image is available and verified, such as V(golden-approved).
      - AWS keeps each under the account that attaches it and carries it into copies and images of instances. An
        image has 5 at most, a public one none. Those that are there and not listed stay.
      - Needs a recent botocore; one that does not know watermarks is refused.
    type: list
    elements: str
  instance_type_specification:
    description:
      - On which instance types the image can be launched, complete; both lists empty lift every limit.
      - Needs a recent botocore; one that does not know this limit is refused.
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
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
seealso:
  - module: sealed.ami.ec2_ami_encrypted_copy
"""

EXAMPLES = r"""
# aws.image_targets.yml: two accounts with five regions, one host for each region
plugin: sealed.ami.image_targets
host_per: region
source_region: us-east-1
source_image_ids: [ami-0123456789abcdef0, ami-0fedcba9876543210]
kms_key_id: alias/golden
accounts:
  - account: production
    role_arn: arn:aws:iam::123456789012:role/image-copier
    groups: [live]
    regions:
      - us-east-1
      - eu-west-1
      - region: eu-central-1
        kms_key_id: alias/golden-de
        tags:
          Residency: eu
  - account: staging
    role_arn: arn:aws:iam::210987654321:role/image-copier
    regions: [us-east-1, eu-west-1]
keyed_groups:
  - key: sealed_ami_region
    prefix: region
compose:
  sealed_ami_description: "'For ' ~ sealed_ami_account"
groups:
  europe: sealed_ami_region.startswith('eu-')

---
# small.image_targets.yml: the same without what only single regions have, one host for each account
plugin: sealed.ami.image_targets
source_region: us-east-1
source_image_ids: [ami-0123456789abcdef0, ami-0fedcba9876543210]
kms_key_id: alias/golden
accounts:
  - account: production
    role_arn: arn:aws:iam::123456789012:role/image-copier
    groups: [live]
    regions:
      - us-east-1
      - eu-west-1
      - region: eu-central-1
        kms_key_id: alias/golden-de
        tags:
          Residency: eu
  - account: staging
    role_arn: arn:aws:iam::210987654321:role/image-copier
    regions: [us-east-1, eu-west-1]

---
# places.image_targets.yml: a copy in the region, one in a Local Zone under a key that is final there, one on an Outpost
plugin: sealed.ami.image_targets
host_per: region
source_region: us-east-1
source_image_ids: [ami-0123456789abcdef0]
kms_key_id: alias/golden
accounts:
  - account: production
    regions:
      - us-east-1
      - region: us-east-1
        availability_zone: us-east-1-bos-1a
        kms_key_id: alias/golden-boston
      - region: us-east-1
        outpost_arn: arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0
"""

import hashlib
import json
import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import load_extra_vars

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError
from ansible_collections.sealed.ami.plugins.plugin_utils._targets import (
    SETTINGS,
    Target,
    parse_settings,
    parse_targets,
)
from ansible_collections.sealed.ami.plugins.plugin_utils._targets_distribution import DISTRIBUTION

LOCAL: t.Final = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
# What Ansible loads "!vault" as, before ansible-core 2.19 and since.
_VAULTED: t.Final = ("AnsibleVaultEncryptedUnicode", "EncryptedString")
OWN: t.Final = frozenset(SETTINGS) | {"accounts", "host_per", "owner", *DISTRIBUTION}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Make hosts of the targets in a file."""

    NAME = "sealed.ami.image_targets"
    # The file is the user's, and so are templates in it; ansible-core 2.19 and later ask.
    trusted_by_default = True

    def verify_file(self, path: str) -> bool:
        """Tell whether the file has one of the names that are meant for this plugin."""
        return super().verify_file(path) and path.endswith(("image_targets.yml", "image_targets.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the targets of the file at ``path`` to the inventory."""
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        # What is not an option of Ansible's own is for the parser, which knows what is allowed where.
        ansible_options = set(self.option_definitions) - OWN
        self.templar.available_variables = load_extra_vars(loader)
        self._has_secret = False
        own = {name: self._resolve(value) for name, value in config.items() if name not in ansible_options}
        try:
            for target in self._targets(own, path, cache=cache):
                self._add(target)
        except RequestError as error:
            raise AnsibleParserError(f"{path}: {error}") from error

    def _resolve(self, value: t.Any) -> t.Any:
        """Return the value with templates filled in and what the vault holds decrypted, as plain as YAML has it."""
        if isinstance(value, t.Mapping):
            return {self._resolve(name): self._resolve(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolve(one) for one in value]
        if type(value).__name__ in _VAULTED:
            self._has_secret = True
            return str(value)
        if isinstance(value, str) and self.templar.is_template(value):
            return self._resolve(self.templar.template(value))
        return value

    def _targets(self, config: dict[str, t.Any], path: str, *, cache: bool) -> tuple[Target, ...]:
        """Return the targets from the cache, which knows a changed file from the one it has seen, or from the file."""
        if not self.get_option("cache") or self._has_secret:
            return parse_targets(config)
        content = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
        key = f"{self.get_cache_key(path)}_{content[:12]}"
        if cache and key in self._cache:
            return tuple(Target(**{**found, "groups": tuple(found["groups"])}) for found in self._cache[key])
        targets = parse_targets(config)
        self._cache[key] = [dict(vars(target)) for target in targets]
        return targets

    def _add(self, target: Target) -> None:
        self.inventory.add_host(target.name)
        variables = {**LOCAL, **target.variables}
        for name, value in variables.items():
            self.inventory.set_variable(target.name, name, value)
        for group in target.groups:
            self.inventory.add_host(target.name, group=self.inventory.add_group(group))
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, target.name, strict=strict)
        self._remember(target)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, target.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, target.name, strict=strict)

    def _remember(self, target: Target) -> None:
        """Keep the settings a second time, where a blank answer of a survey does not take their place."""
        known = self.inventory.get_host(target.name).get_vars()
        given, composed = (
            {name: variables[f"sealed_ami_{name}"] for name in SETTINGS if f"sealed_ami_{name}" in variables}
            for variables in (target.variables, known)
        )
        changed = {name: value for name, value in composed.items() if name not in given or given[name] != value}
        if "sealed_ami_destinations" in target.variables:
            given["destinations"] = target.variables["sealed_ami_destinations"]
        self.inventory.set_variable(target.name, "sealed_ami_target", {**given, **parse_settings(changed, target.name)})
