# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's request throttling: one token bucket for each action, account and region, in virtual time."""

from __future__ import annotations

import dataclasses
import threading

from emulated_aws.clock import clock
from emulated_aws.wire import Request

# Capacity and refill per second: "Request throttling for the Amazon EC2 API".
BUCKETS = {
    "CopyImage": (100, 1), "CreateSnapshot": (100, 5), "CreateSnapshots": (100, 5), "CreateVolume": (100, 5),
    "DeleteSnapshot": (100, 5), "DeregisterImage": (100, 5), "CreateTags": (100, 10), "ModifyImageAttribute": (100, 5),
    "ModifySnapshotAttribute": (100, 5), "RunInstances": (5, 2), "TerminateInstances": (100, 5),
}  # fmt: skip
DESCRIBE, UNFILTERED, OTHER = (100, 20), (50, 10), (50, 5)
UNFILTERED_ACTIONS = {"DescribeInstances", "DescribeSnapshots", "DescribeVolumes", "DescribeInstanceStatus"}
NARROWING = ("Filters", "MaxResults", "InstanceIds", "SnapshotIds", "VolumeIds")


def bucket_of(request: Request) -> tuple[str, tuple[int, int]]:
    """Return the name of the bucket that the call draws from, with its capacity and its refill per second."""
    if request.action in BUCKETS:
        return request.action, BUCKETS[request.action]
    if request.action in UNFILTERED_ACTIONS and not any(request.parameters.get(name) for name in NARROWING):
        return "unfiltered", UNFILTERED
    if request.action.startswith(("Describe", "Get", "List")):
        return "describe", DESCRIBE
    return "other", OTHER


@dataclasses.dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    """The buckets of all accounts and regions; ``scale`` makes them smaller or larger than AWS's."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def admits(self, request: Request, account: str) -> bool:
        """Take a token for the call if there is one; other services than EC2 have limits that no client here meets."""
        if request.service != "ec2":
            return True
        name, (capacity, refill) = bucket_of(request)
        size, now = max(1.0, capacity * self.scale), clock.now()
        with self._lock:
            bucket = self._buckets.setdefault((account, request.region, name), _Bucket(size, now))
            bucket.tokens = min(size, bucket.tokens + (now - bucket.filled_at) * refill * self.scale)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
        return True
