# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key a new snapshot or volume gets: AWS's tables as pure functions (aws_rules §1.3, §2, §4.1)."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Outcome(enum.Enum):
    """What becomes of the data, or why the request is refused."""

    UNENCRYPTED = "unencrypted"
    GIVEN_KEY = "the key named in the request"
    SOURCE_KEY = "the key of the source"
    DEFAULT_KEY = "the region's key for EBS encryption"
    AWS_EBS_KEY = "the AWS managed key aws/ebs"
    REFUSED_DECRYPTION = "an encrypted source cannot give an unencrypted copy"
    REFUSED_KEY_ALONE = "a key needs Encrypted=true"
    REFUSED_FALSE = "encryption by default cannot be overridden"


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the data comes from, as the requesting account sees it."""

    encrypted: bool
    owned: bool = True
    same_region: bool = True


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the request says; ``None`` stands for a parameter that was not sent."""

    encrypted: bool | None = None
    key: bool = False


KeyRule = t.Literal["source", "aws_ebs"]
FalseRule = t.Literal["error", "ignored"]


def copy_image(source: Source, asked: Asked, by_default: bool, same_region: KeyRule, false: FalseRule) -> Outcome:
    """Decide for one snapshot of CopyImage; ``same_region`` chooses the EC2 guide ("source") or the EBS guide."""
    if source.encrypted and asked.encrypted is False:
        return Outcome.REFUSED_DECRYPTION
    if asked.key:
        return Outcome.GIVEN_KEY if asked.encrypted else Outcome.REFUSED_KEY_ALONE
    if not source.encrypted:
        return _unencrypted_source(asked, by_default, false)
    if source.owned and source.same_region and same_region == "source":
        return Outcome.SOURCE_KEY
    if not source.owned or by_default or same_region == "source":
        return Outcome.DEFAULT_KEY
    return Outcome.AWS_EBS_KEY


def _unencrypted_source(asked: Asked, by_default: bool, false: FalseRule) -> Outcome:
    if by_default and asked.encrypted is False and false == "error":
        return Outcome.REFUSED_FALSE
    return Outcome.DEFAULT_KEY if asked.encrypted or by_default else Outcome.UNENCRYPTED


def copy_snapshot(source: Source, asked: Asked, by_default: bool, same_region: KeyRule) -> Outcome:
    """Decide for CopySnapshot; Encrypted=false is treated like a parameter not sent."""
    if asked.key:
        return Outcome.GIVEN_KEY if asked.encrypted else Outcome.REFUSED_KEY_ALONE
    if not source.encrypted:
        return Outcome.DEFAULT_KEY if asked.encrypted or by_default else Outcome.UNENCRYPTED
    if source.owned and source.same_region and same_region == "source":
        return Outcome.SOURCE_KEY
    return Outcome.DEFAULT_KEY if by_default else Outcome.AWS_EBS_KEY


def new_volume(source: Source | None, asked: Asked, by_default: bool) -> Outcome:
    """Decide for a volume, from a snapshot or empty (``None``); used by CreateVolume and RunInstances alike."""
    if asked.key:
        return Outcome.GIVEN_KEY if asked.encrypted else Outcome.REFUSED_KEY_ALONE
    if source and source.encrypted:
        return Outcome.SOURCE_KEY if source.owned else Outcome.DEFAULT_KEY
    return Outcome.DEFAULT_KEY if asked.encrypted or by_default else Outcome.UNENCRYPTED
