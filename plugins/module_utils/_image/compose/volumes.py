# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What volumes AWS makes: types, sizes, IOPS and throughput that go together. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import RequestError

DEFAULT_TYPE: t.Final = "gp3"
GP3_IOPS: t.Final = 3000
GP3_THROUGHPUT: t.Final = 125
# GiB (EBS guide, "Amazon EBS volume types").
_SIZES: t.Final = {
    "gp2": (1, 16384),
    "gp3": (1, 65536),
    "io1": (4, 16384),
    "io2": (4, 65536),
    "st1": (125, 16384),
    "sc1": (125, 16384),
    "standard": (1, 1024),
}
# Lowest, highest, and the most for each GiB.
_IOPS: t.Final = {"gp3": (3000, 80000, 500), "io1": (100, 64000, 50), "io2": (100, 256000, 1000)}
_THROUGHPUT: t.Final = (125, 2000)
_THROUGHPUT_PER_IOPS: t.Final = 0.25


@dataclasses.dataclass(frozen=True)
class VolumeShape:
    """Size in GiB, type, IOPS and throughput in MiB/s of one volume."""

    volume_size: int
    volume_type: str
    iops: int | None = None
    throughput: int | None = None

    def normalized(self) -> VolumeShape:
        """Return the shape as AWS reports it: gp3 always has both figures, other types only what they can have."""
        if self.volume_type == "gp3":
            gp3_iops = GP3_IOPS if self.iops is None else self.iops
            throughput = GP3_THROUGHPUT if self.throughput is None else self.throughput
            return dataclasses.replace(self, iops=gp3_iops, throughput=throughput)
        iops = self.iops if self.volume_type in _IOPS else None
        return dataclasses.replace(self, iops=iops, throughput=None)


def require_shape(shape: VolumeShape, *, device_name: str) -> None:
    """Refuse what AWS would refuse once half of the work is done."""
    what = f"device {device_name}"
    kind = shape.volume_type
    if kind not in _SIZES:
        raise RequestError(f"{what}: volume_type {kind!r} does not exist; use one of {', '.join(_SIZES)}")
    smallest, largest = _SIZES[kind]
    if not smallest <= shape.volume_size <= largest:
        raise RequestError(
            f"{what}: volume_size is {shape.volume_size} GiB, but {kind} volumes hold {smallest} to {largest}"
        )
    _require_iops(shape, what=what)
    _require_throughput(shape, what=what)


def _require_iops(shape: VolumeShape, *, what: str) -> None:
    """Refuse iops that EBS would refuse, which is after the first snapshots are made."""
    kind = shape.volume_type
    if shape.iops is None:
        if kind in ("io1", "io2"):
            raise RequestError(f"{what}: {kind} volumes need iops")
        return
    if kind not in _IOPS:
        raise RequestError(f"{what}: iops cannot be chosen for {kind} volumes, only for {', '.join(_IOPS)}")
    lowest, highest, per_gib = _IOPS[kind]
    if not lowest <= shape.iops <= highest:
        raise RequestError(f"{what}: iops is {shape.iops}, but {kind} volumes take {lowest} to {highest}")
    if shape.iops > max(lowest, per_gib * shape.volume_size):
        raise RequestError(
            f"{what}: iops is {shape.iops}, but {kind} volumes of {shape.volume_size} GiB take at most "
            f"{per_gib * shape.volume_size} ({per_gib} for each GiB)"
        )


def _require_throughput(shape: VolumeShape, *, what: str) -> None:
    if shape.throughput is None:
        return
    if shape.volume_type != "gp3":
        raise RequestError(f"{what}: throughput cannot be chosen for {shape.volume_type} volumes, only for gp3")
    lowest, highest = _THROUGHPUT
    if not lowest <= shape.throughput <= highest:
        raise RequestError(f"{what}: throughput is {shape.throughput} MiB/s, but gp3 takes {lowest} to {highest}")
    iops = GP3_IOPS if shape.iops is None else shape.iops
    if shape.throughput > iops * _THROUGHPUT_PER_IOPS:
        raise RequestError(
            f"{what}: throughput is {shape.throughput} MiB/s, but {iops} iops allow at most "
            f"{int(iops * _THROUGHPUT_PER_IOPS)} (a quarter); raise iops"
        )
