# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read the keys of source snapshots before the first change."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.keys import Warn, describe_key
from .._image.errors import PreflightError
from .._image.model import Image, KmsKey


def describe_source_keys(region: Region, sources: t.Iterable[Image], *, warn: Warn) -> dict[str, KmsKey | None]:
    """Return the keys of the sources by ARN: None for one that is gone, none for one that may not be described."""
    arns = sorted({arn for source in sources for arn in source.kms_key_arns})
    keys: dict[str, KmsKey | None] = {}
    for arn in arns:
        try:
            keys[arn] = describe_key(region, arn)
        except PreflightError:
            keys[arn] = None
        except AwsError as error:
            if not error.is_denied:
                raise
            warn(
                f"kms:DescribeKey on {arn}, a key of the source snapshots in {region.name}, is denied, so it could not "
                "be checked; copying needs kms:Decrypt and kms:ReEncryptFrom on it"
            )
    return keys
