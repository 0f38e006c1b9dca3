# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the scenarios S1 to S4: what they promise is so, as boto3 alone sees it."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import SOURCES
from system.looking import Looking
from system.playbooks.conftest import PlayRounds

HOME, IRELAND, FRANKFURT, OREGON = "us-east-1", "eu-west-1", "eu-central-1", "us-west-2"
DEFAULT = "alias/aws/ebs"


def keys_of(look: Looking, region: str, *, name: str) -> dict[str, str | None]:
    """Return the key ARN of each device of our only image of that name."""
    (image,) = [image for image in look.images(region) if image["Name"] == name]
    return look.keys(region, image["ImageId"])


@pytest.mark.parametrize(
    ("playbook", "expected"),
    [
        pytest.param(
            "s1_preserve_status",
            {(region, "mixed"): {"/dev/xvda": None, "/dev/sdf": DEFAULT} for region in (IRELAND, OREGON)},
            id="S1",
        ),
        pytest.param(
            "s2_preserve_encrypted_root", {(IRELAND, "encrypted-root-eu-west-1"): {"/dev/xvda": DEFAULT}}, id="S2"
        ),
        pytest.param(
            "s3_encrypt",
            {
                (region, f"database-sealed-{region}"): dict.fromkeys(
                    ("/dev/xvda", "/dev/sdf", "/dev/sdg"), "alias/shared"
                )
                for region in (IRELAND, FRANKFURT)
            },
            id="S3",
        ),
        pytest.param(
            "s4_reencrypt",
            {(region, f"encrypted-root-os-{region}"): {"/dev/xvda": "alias/os"} for region in (HOME, FRANKFURT)},
            id="S4",
        ),
    ],
)
def test_example_variables(
    rounds: PlayRounds, served_look: Looking, playbook: str, expected: dict[tuple[str, str], dict[str, str | None]]
) -> None:
    rounds(playbook)
    for (region, name), devices in expected.items():
        wanted = {device: served_look.key_arn(alias, region) if alias else None for device, alias in devices.items()}
        assert keys_of(served_look, region, name=name) == wanted


def test_text_of_a_survey_is_as_good_as_lists(rounds: PlayRounds, served_look: Looking) -> None:
    text = {
        "sealed_ami_source_image_ids": f"{SOURCES['plain-root']}\n{SOURCES['database']}",
        "sealed_ami_source_name": "",
        "sealed_ami_regions": f"{IRELAND}, {OREGON}",
        "sealed_ami_share_with": "210987654321 111122223333",
        "sealed_ami_encrypted": "true",
        "sealed_ami_name": "",
    }
    rounds("s3_encrypt", **text)
    for region in (IRELAND, OREGON):
        for name in ("plain-root", "database"):
            (image,) = [one for one in served_look.images(region) if one["Name"] == name]
            assert set(served_look.keys(region, image["ImageId"]).values()) == {
                served_look.key_arn("alias/shared", region)
            }
            asked: dict[str, t.Any] = {"Attribute": "launchPermission", "ImageId": image["ImageId"]}
            granted = served_look.ec2(region).describe_image_attribute(**asked)["LaunchPermissions"]
            assert sorted(one["UserId"] for one in granted) == ["111122223333", "210987654321"]
