# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios of the guided tour: which playbook is played, and what has to be seen in AWS afterwards."""

from __future__ import annotations

import dataclasses
import typing as t

PLAIN = "not encrypted"
Keys = t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Scene:
    """One scenario: ``wanted`` gives the alias of each device's key for each image, by region and name."""

    number: str
    title: str
    promise: str
    playbook: str
    source: tuple[str, str]
    wanted: t.Mapping[tuple[str, str], Keys]
    is_compliant: bool = True


def _all(alias: str, *devices: str) -> Keys:
    return dict.fromkeys(devices, alias)


HOME, OREGON, IRELAND, FRANKFURT = "us-east-1", "us-west-2", "eu-west-1", "eu-central-1"
MIXED = {"/dev/xvda": PLAIN, "/dev/sdf": "alias/aws/ebs"}
THREE_KEYS = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
DATABASE = ("/dev/xvda", "/dev/sdf", "/dev/sdg")

SCENES = (
    Scene(
        "S1",
        "Copy without any encryption parameter",
        "what is unencrypted stays so, what is encrypted stays encrypted",
        "s1_preserve_status",
        (HOME, "mixed"),
        {(IRELAND, "mixed"): MIXED, (OREGON, "mixed"): MIXED},
        is_compliant=False,
    ),
    Scene(
        "S2",
        "The same with an encrypted root",
        "the root comes under the default EBS key of the other region, for its own cannot leave home",
        "s2_preserve_encrypted_root",
        (HOME, "encrypted-root"),
        {(IRELAND, "encrypted-root-eu-west-1"): _all("alias/aws/ebs", "/dev/xvda")},
        is_compliant=False,
    ),
    Scene(
        "S3",
        "Encrypt while copying, and share",
        "an unencrypted image, found by name and owner; every snapshot of the copies is under our own key",
        "s3_encrypt",
        (HOME, "database"),
        {(region, f"database-sealed-{region}"): _all("alias/shared", *DATABASE) for region in (IRELAND, FRANKFURT)},
    ),
    Scene(
        "S4",
        "Re-encrypt under another key",
        "an encrypted image, at home and abroad",
        "s4_reencrypt",
        (HOME, "encrypted-root"),
        {(region, f"encrypted-root-os-{region}"): _all("alias/os", "/dev/xvda") for region in (HOME, FRANKFURT)},
    ),
    Scene(
        "S5",
        "An image of a running instance",
        "each snapshot takes the key of its volume, and the keys are compared before anything is made",
        "s5_image_from_instance",
        (HOME, "database-sealed"),
        {(HOME, "database-of-today"): THREE_KEYS},
    ),
    Scene(
        "S6",
        "One image, three keys",
        "launch, create volumes under their keys, attach, stop, make the image, tear down",
        "s6_multi_key_image",
        (HOME, "plain-root"),
        {(HOME, "web-three-keys"): THREE_KEYS},
    ),
)
