# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What AWS documents, or is known to do, and more than one part rests on: times, states, quotas, names of fields."""

from __future__ import annotations

import typing as t

# How long AWS may hide what it has just named: "up to 2.5 minutes", AWS Support in packer issue 3377.
VISIBILITY_SECONDS: t.Final = 150.0
# What was seen may be hidden again for a moment; longer, and it is gone.
GONE_SECONDS: t.Final = 60.0
# AWS takes no request of a clock that is further off than 15 minutes (IAM guide, "Troubleshoot signed requests").
CLOCK_SECONDS: t.Final = 900.0
# How long a filter by tag may miss what was just tagged: a minute, and some for the way.
TAG_SECONDS: t.Final = 65.0

# The states of an image that will never be available.
FAILED_STATES: t.Final = ("failed", "error", "invalid")
# And of one that has all its snapshots: a disabled image keeps them, and their keys.
WHOLE_STATES: t.Final = ("available", "disabled")
# While KMS updates a key it goes on encrypting.
USABLE_KEY_STATES: t.Final = ("Enabled", "Updating")

# "Concurrent snapshot copies per destination Region", not adjustable (EBS guide, "Copy an Amazon EBS snapshot").
CONCURRENT_SNAPSHOT_COPIES: t.Final = 20
# AWS has begun nothing, and the same call may succeed once something else has ended.
QUOTA_CODES: t.Final = frozenset(
    {
        "ResourceLimitExceeded",
        "SnapshotCopyLimitExceeded",
        "PendingSnapshotLimitExceeded",
        "ConcurrentSnapshotLimitExceeded",
        "ConcurrentCreateImageNoRebootLimitExceeded",
        "SnapshotCreationPerVolumeRateExceeded",
    }
)

# What an image and an instance show of how they boot. RegisterImage takes each under the same name.
BOOT_FIELDS: t.Final = (
    "Architecture",
    "VirtualizationType",
    "EnaSupport",
    "SriovNetSupport",
    "BootMode",
    "TpmSupport",
    "ImdsSupport",
    "KernelId",
    "RamdiskId",
)
# What they show of what is billed beside the machine, the same for both.
BILLING_FIELDS: t.Final = ("Platform", "PlatformDetails", "UsageOperation", "ProductCodes")

# How a KMS key may be named: an alias and both kinds of ARN say which everywhere, a key id only in its region.
ALIAS_OR_KEY_ARN: t.Final = (
    r"(?:alias/[A-Za-z0-9:/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key/[0-9a-z-]+|alias/[A-Za-z0-9:/_-]+))"
)
KEY_ID: t.Final = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
