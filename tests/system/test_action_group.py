# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ``module_defaults`` block is for this collection and for amazon.aws."""

from __future__ import annotations

import pathlib
import typing as t

PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/sealed.ami.ami:
      region: eu-west-1
  tasks:
    - name: List
      amazon.aws.ec2_ami_info:
        owners: self
    - name: Copy
      sealed.ami.ec2_ami_encrypted_copy:
        source_image_id: ami-00ec2000000000001
        source_region: us-east-1
        kms_key_id: alias/golden
"""


def test_one_group_is_for_both_collections(run_playbook: t.Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "play.yml"
    path.write_text(PLAYBOOK)
    play = run_playbook(path)
    assert play.status == 0, play.errors or play.output
    assert {image["name"] for image in play.result("List")["images"]} >= {"plain-root-eu"}
    assert {image["region"] for image in play.result("Copy")["images"]} == {"eu-west-1"}
