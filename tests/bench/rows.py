# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure copying by playbooks: each function prepares a scene, runs the programs on it, and returns their figures."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import typing as t

from bench.measure import Figures, Runs, Sample, alternate, play
from bench.scene import HOME, REGIONS, count_sealed, keys, plain_images
from emulated_aws.client import Emulator

LATENCY_MS = 50
OURS, LOOP, ASYNC = "ours", "community.aws loop", "community.aws async"
_PLAYS: t.Final = {OURS: "ours_fleet", LOOP: "peer_loop", ASYNC: "peer_async"}


class Scene(t.NamedTuple):
    """An emulator with images at home and a key in each destination region."""

    emulator: Emulator
    images: list[str]
    arns: dict[str, str]

    def play(self, label: str) -> Sample:
        """Run a program on all images and regions, and count the copies that are there after it as they should be."""
        regions = list(self.arns)
        sample = play(
            self.emulator,
            _PLAYS[label],
            images=self.images,
            regions=regions,
            destinations=[{"region": region} for region in regions],
        )
        calls = self.emulator.calls()
        busiest = max(sum(call["region"] == region for call in calls) for region in (HOME, *regions))
        self.emulator.faults.clear()
        made = count_sealed(self.emulator, self.arns)
        return sample.judged(made, len(self.images) * len(regions), busiest=busiest, **_to_start(calls))


def _to_start(calls: t.Sequence[dict[str, t.Any]]) -> dict[str, int]:
    """Return how many calls a run needed until the last copy was started; the rest look after it."""
    numbers = [number for number, call in enumerate(calls, 1) if call["action"] == "CopyImage"]
    return {"before": numbers[-1]} if numbers else {}


@contextlib.contextmanager
def scene(*, images: int, regions: t.Sequence[str], **settings: t.Any) -> t.Iterator[Scene]:
    """Start an emulator, fill it, and stop it in the end."""
    with Emulator.start(clock="real", seed="none") as emulator:
        arns = keys(emulator, regions)
        sources = plain_images(emulator, images)
        emulator.configure(latency_ms=LATENCY_MS, **settings)
        yield Scene(emulator, sources, arns)


def second_run(runs: Runs) -> list[Figures]:
    """Row 1: nothing to do, 20 images in 5 regions; each program finds what it has made itself."""
    programs = {}
    with contextlib.ExitStack() as stack:
        for label in (OURS, LOOP):
            held = stack.enter_context(scene(images=20, regions=REGIONS))
            require_ok(held.play(label))
            programs[label] = functools.partial(again, held, label)
        return alternate(runs, programs)


def first_run(runs: Runs) -> list[Figures]:
    """Row 2: one wave of 60 s copies in 5 regions, ours and asynchronous jobs."""
    return _fresh(runs, (OURS, ASYNC), images=20, regions=REGIONS, seconds=60)


def first_run_small(runs: Runs) -> list[Figures]:
    """Row 2a: what the loop can bear, 3 x 3 with 20 s copies."""
    return _fresh(runs, (OURS, LOOP), images=3, regions=REGIONS[:3], seconds=20)


def first_run_waves(runs: Runs) -> list[Figures]:
    """Row 2b: more copies than a region's quota, three waves of 60 s."""
    return _fresh(runs, (OURS, ASYNC), images=50, regions=REGIONS[:2], seconds=60)


def one_image(runs: Runs) -> list[Figures]:
    """Row 3: one image, one region, wait."""
    seconds = 3

    def program(label: str) -> Sample:
        with scene(images=1, regions=REGIONS[:1], copy_seconds_minimum=seconds) as held:
            sample = held.play(label)
            (call,) = held.emulator.calls(action="CopyImage")
            complete = datetime.datetime.fromisoformat(call["virtual_time"]).timestamp() + seconds
            return sample.judged(sample.made, sample.wanted, tail=sample.ended - complete)

    return alternate(runs, {label: functools.partial(program, label) for label in (OURS, LOOP)})


def overhead(runs: Runs) -> list[Figures]:
    """Row 4: one task with nothing to do, against one call of ec2_ami_info."""
    with scene(images=1, regions=REGIONS[:1]) as held:
        require_ok(held.play(OURS))
        info = functools.partial(play, held.emulator, "peer_info", images=held.images)
        return alternate(runs, {OURS: functools.partial(again, held, OURS), "amazon.aws.ec2_ami_info": info})


def throttled(runs: Runs) -> list[Figures]:
    """Row 7: a tenth of AWS's buckets, so that copies wait to be started, and no other quota."""
    return _fresh(
        runs, (OURS, LOOP), images=15, regions=REGIONS[:1], seconds=5, throttle=0.1, concurrent_snapshot_copies=0
    )


def _fresh(
    runs: Runs,
    labels: t.Iterable[str],
    *,
    images: int,
    regions: t.Sequence[str],
    seconds: float,
    throttle: float = 0.0,
    **settings: t.Any,
) -> list[Figures]:
    """Run each program on a scene of its own every time, where no copy exists yet."""

    def program(label: str) -> Sample:
        with scene(images=images, regions=regions, copy_seconds_minimum=seconds, **settings) as held:
            if throttle:
                held.emulator.faults.add("throttle", scale=throttle)
            return held.play(label)

    return alternate(runs, {label: functools.partial(program, label) for label in labels})


def again(held: Scene, label: str) -> Sample:
    """Return a run that should find everything there; one that changes something has failed."""
    sample = held.play(label)
    return dataclasses.replace(sample, failed=sample.failed or sample.changed > 0)


def require_ok(sample: Sample) -> None:
    """End where a run that only prepares has failed."""
    if sample.failed:
        raise SystemExit(f"a run that should succeed failed:\n{sample.output[-3000:]}")
