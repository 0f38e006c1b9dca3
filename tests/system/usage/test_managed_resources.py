# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS's own services manage in the account uses images and keys as well, and is hidden unless it is asked for."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from system.looking import Looking
from system.running import RunModule

KNOWS = "ansible_collections.sealed.ami.plugins.module_utils._aws.connection._BotocoreRegion.knows"
ASKED: dict[str, tuple[str, dict[str, t.Any]]] = {
    "DescribeInstances": ("ec2_ami_usage_info", {"image_ids": [image_id("database")]}),
    "DescribeLaunchTemplates": ("ec2_ami_usage_info", {"image_ids": [image_id("database")]}),
    "DescribeLaunchTemplateVersions": ("ec2_ami_encryption_info", {"kms_key_ids": ["alias/data"]}),
}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("action", ASKED)
def test_it_is_asked_for_where_botocore_knows_how(
    run_module: RunModule, look: Looking, monkeypatch: pytest.MonkeyPatch, action: str, is_known: bool
) -> None:
    if not is_known:
        monkeypatch.setattr(KNOWS, lambda _self, _operation, member: member != "IncludeManagedResources")
    module, options = ASKED[action]
    result = run_module(module, region="us-east-1", **options)
    assert not result.failed, result.msg
    sent = [call["parameters"].get("IncludeManagedResources") for call in look.calls(action=action)]
    assert sent and {str(one).lower() for one in sent} == {"true" if is_known else "none"}
