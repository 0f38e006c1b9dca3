# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the benchmark that compare runs of playbooks: each prepares a scene, runs the programs, gives figures."""

from __future__ import annotations

import contextlib
import functools
import math
import typing as t

from bench.measure import Figures, Sample, alternate, play
from bench.scene import HOME, REGIONS, keys, plain_images
from emulated_aws.client import Emulator

LATENCY_MS = 50


class Row(t.NamedTuple):
    """A finished row: its figures, what to compare with what, and the ratios that follow."""

    number: str
    title: str
    figures: list[Figures]
    notes: list[str]


@contextlib.contextmanager
def scene(*, images: int, regions: t.Sequence[str], **settings: t.Any) -> t.Iterator[tuple[Emulator, dict[str, t.Any]]]:
    """Start an emulator with images in the home region and a key in each other; yield it and the plays' variables."""
    with Emulator.start(clock="real", seed="none") as emulator:
        keys(emulator, "alias/bench", regions)
        sources = plain_images(emulator, images)
        emulator.configure(latency_ms=LATENCY_MS, **settings)
        destinations = [{"region": region} for region in regions]
        yield emulator, {"images": sources, "regions": list(regions), "destinations": destinations}


def second_run(*, runs: int) -> Row:
    """Row 1: nothing to do, 20 images in 5 regions."""
    with scene(images=20, regions=REGIONS) as (emulator, variables):
        ours, peer = (functools.partial(play, emulator, name, **variables) for name in ("ours_fleet", "peer_loop"))
        _require_ok(ours(), peer())
        figures = alternate(runs, ours=ours, peer_loop=peer)
        _require_ok(ours())
        per_region = {region: len(emulator.calls(region=region)) for region in (HOME, *REGIONS)}
    calls = f"calls of ours by region, one run: {per_region}"
    return Row("1", "second run, 20 images x 5 regions", figures, [calls, _ratio(figures, "wall")])


def first_run(*, runs: int) -> Row:
    """Row 2: first run with 60 s copies; (b) beside ours, and the bound."""
    figures, notes = [], []
    for images, regions in ((20, REGIONS), (50, REGIONS[:2])):
        label = f"{images} x {len(regions)}"
        bound = math.ceil(images / 20) * 60
        for name, title in (("ours_fleet", "ours"), ("peer_async", "peer async")):
            samples = [_first(name, images, regions, seconds=60) for _number in range(runs)]
            figures.append(Figures(f"{title} {label}", tuple(samples)))
            notes.append(f"{title} {label}: {figures[-1].median('wall') / bound:.2f} x the bound of {bound} s")
    return Row("2", "first run, 60 s copies, quota 20 a region", figures, notes)


def first_run_small(*, runs: int) -> Row:
    """Row 2a: the same work as the loop can bear: 3 x 3, 20 s copies."""
    figures = [
        Figures(title, tuple(_first(name, 3, REGIONS[:3], seconds=20) for _number in range(runs)))
        for name, title in (("ours_fleet", "ours"), ("peer_loop", "peer loop"))
    ]
    return Row("2a", "first run, 3 x 3, 20 s copies", figures, [_ratio(figures, "wall")])


def one_image(*, runs: int) -> Row:
    """Row 3: one image, one region, wait."""
    figures = [
        Figures(title, tuple(_first(name, 1, REGIONS[:1], seconds=3) for _number in range(runs)))
        for name, title in (("ours_fleet", "ours"), ("peer_loop", "peer loop"))
    ]
    sample = figures[0].samples[-1]
    return Row(
        "3", "one image, one region, 3 s copy", figures, [f"calls of ours: {sample.counts}", _ratio(figures, "cpu")]
    )


def overhead(*, runs: int) -> Row:
    """Row 4: one task with nothing to do, against one call of ec2_ami_info."""
    with scene(images=1, regions=REGIONS[:1]) as (emulator, variables):
        ours, peer = (functools.partial(play, emulator, name, **variables) for name in ("ours_fleet", "peer_info"))
        _require_ok(ours(), peer())
        figures = alternate(max(runs, 7), ours=ours, ec2_ami_info=peer)
    return Row("4", "one no-op task", figures, [_ratio(figures, "wall"), _ratio(figures, "cpu")])


def throttled(*, runs: int) -> Row:
    """Row 7: a tenth of AWS's buckets; the makespan against what the buckets allow, and the loop."""
    figures = []
    for name, title in (("ours_fleet", "ours"), ("peer_loop", "peer loop")):
        samples = [
            _first(name, 30, REGIONS[:2], seconds=5, throttle=0.1, concurrent_snapshot_copies=0)
            for _number in range(runs)
        ]
        figures.append(Figures(title, tuple(samples)))
    # CopyImage: a bucket of 10 that fills at 0.1 a second; 30 copies a region wait for 20 of them.
    bound = (30 - 10) / 0.1 + 5
    notes = [f"ours: {figures[0].median('wall') / bound:.2f} x the bound of {bound:.0f} s", _ratio(figures, "wall")]
    return Row("7", "30 images x 2 regions, buckets at a tenth", figures, notes)


def _first(
    name: str,
    images: int,
    regions: t.Sequence[str],
    *,
    seconds: float,
    throttle: float | None = None,
    **settings: t.Any,
) -> Sample:
    with scene(images=images, regions=regions, copy_seconds_minimum=seconds, **settings) as (emulator, variables):
        if throttle is not None:
            emulator.faults.add("throttle", scale=throttle)
        return play(emulator, name, **variables)


def _require_ok(*samples: Sample) -> None:
    for sample in samples:
        if sample.failed:
            raise SystemExit(f"a run that should succeed failed:\n{sample.output[-3000:]}")


def _ratio(figures: t.Sequence[Figures], figure: str) -> str:
    first, second = figures[0], figures[1]
    ratio = second.median(figure) / first.median(figure)
    return f"{figure}: {second.label} takes {ratio:.2f} x as much as {first.label}"
