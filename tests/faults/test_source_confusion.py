# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking images up by a name that anyone may give theirs requires an owner."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.catalogue_keys import VENDOR
from system.looking import Looking
from system.running import RunModule

MODULE = "ec2_ami_encryption_info"
ASKED: dict[str, t.Any] = {"region": "us-east-1"}


@pytest.mark.parametrize("name", ["name", "description", "manifest-location", "image-location"])
def test_a_name_without_an_owner_is_refused(run_module: RunModule, look: Looking, name: str) -> None:
    result = run_module(MODULE, filters={name: "plain-root"}, **ASKED)
    assert result.failed and "name-confusion attack" in result.msg and "owners" in result.msg
    assert look.calls() == []


@pytest.mark.parametrize(
    "owner", [{"owners": ["self"]}, {"filters": {"name": "plain-root", "owner-id": "123456789012"}}]
)
def test_with_an_owner_the_attackers_image_is_not_found(run_module: RunModule, owner: dict[str, t.Any]) -> None:
    result = run_module(MODULE, **{"filters": {"name": "plain-root"}, **ASKED, **owner})
    assert [image["image_id"] for image in result["images"]] == [image_id("plain-root")]


def test_other_filters_mean_our_own_images(run_module: RunModule) -> None:
    result = run_module(MODULE, filters={"tag:Team": "platform"}, **ASKED)
    assert result["images"] and image_id("plain-root", account=VENDOR) not in {
        one["image_id"] for one in result["images"]
    }
