# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to say what is copied where, for all tests of ec2_ami_encrypted_copy."""

from __future__ import annotations

import typing as t

from emulated_aws.catalogue_images import IMAGES
from emulated_aws.identity import Credentials
from system.running import Result

MODULE = "ec2_ami_encrypted_copy"
HOME, AWAY, FAR, THIRD, BY_DEFAULT = "us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2"
SOURCES = {spec.name: spec.image_id for spec in reversed(IMAGES)}


class Copy(t.Protocol):
    """``copy("plain-root", kms_key_id=…)``: from home to Ireland, waiting, unless the options say otherwise."""

    def __call__(
        self, source: str, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any
    ) -> Result: ...
