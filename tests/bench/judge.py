# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold what was measured against what was to be reached."""

from __future__ import annotations

import contextlib
import math
import typing as t

from bench.estate import AUDIT, CUSTODIAN
from bench.fleet import IMAGES as FLEET_IMAGES
from bench.fleet import PER_ACCOUNT, PER_REGION
from bench.floor import INFO, PARTS, PING, STEPS
from bench.heavy import (
    EMULATED,
    FIRST_RUNS,
    INSTANCE,
    PACKER,
    PAGED,
    REPORTED,
    RETIRED,
    SIZES,
    SNAPSHOTS,
    TASKS,
    label_at,
)
from bench.measure import Figures
from bench.publishing import PUBLISH
from bench.publishing import TASKS as PUBLISHING_TASKS
from bench.retiring import LOOP as RETIRING_LOOP
from bench.retiring import RETIRE
from bench.rows import ASYNC, LOOP, OURS
from bench.scene import DESTINATIONS

Found = t.Mapping[str, Figures]
# Ours looks again after a second at the least; the peers after fifteen.
_TICK_SECONDS: t.Final = 1.0


class Finding(t.NamedTuple):
    """One figure that follows from the runs, and the limit that it was to keep, if there is one."""

    text: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Tell whether the limit is kept; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        return self.value >= (self.at_least or -math.inf) and (self.at_most is None or self.value <= self.at_most)

    @property
    def is_timed(self) -> bool:
        """Tell whether it follows from wall times, which say little on a machine that does other work too."""
        return self.text.startswith(("wall time", "seconds from"))

    @property
    def limit(self) -> str:
        """Return the limit for a table."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""


class Row(t.NamedTuple):
    """What a row is called, and how it is judged."""

    title: str
    judge: t.Callable[[Found], t.Iterator[Finding]]


def judge(number: str, figures: t.Sequence[Figures]) -> list[Finding]:
    """Return what the figures of a row say, as far as all its programs were run."""
    found = {one.label: one for one in figures}
    findings = []
    with contextlib.suppress(KeyError):
        for finding in ROWS[number].judge(found):
            findings.append(finding)
    return findings


def _ratio(found: Found, figure: str, *, of: str, to: str) -> float:
    return found[of].median(figure) / found[to].median(figure)


def _second(found: Found) -> t.Iterator[Finding]:
    yield Finding("wall time of the loop ÷ ours", _ratio(found, "wall", of=LOOP, to=OURS), at_least=40)
    yield Finding("calls of ours in the busiest region", found[OURS].median("busiest"), at_most=3)


def _bound(seconds: float) -> t.Callable[[Found], t.Iterator[Finding]]:
    def judged(found: Found) -> t.Iterator[Finding]:
        yield Finding(f"wall time of ours ÷ {seconds:.0f} s", found[OURS].median("wall") / seconds, at_most=1.10)
        yield Finding(
            "wall time of the asynchronous jobs ÷ ours, however much they made",
            _ratio(found, "wall", of=ASYNC, to=OURS),
        )
        for figure, name in (("wall", "wall time"), ("cpu", "processor time"), ("calls", "calls")):
            # What the jobs leave undone they do not spend anything on either.
            each = _ratio(found, figure, of=ASYNC, to=OURS) / _ratio(found, "made", of=ASYNC, to=OURS)
            yield Finding(f"{name} for each copy made, of the asynchronous jobs ÷ ours", each, at_least=1)
        yield Finding("copies of ours that are missing or wrong", _missing(found[OURS]), at_most=0)
        yield Finding("copies of the asynchronous jobs that are missing or wrong", _missing(found[ASYNC]))

    return judged


def _missing(figures: Figures) -> float:
    return figures.median("wanted") - figures.median("made")


def _small(found: Found) -> t.Iterator[Finding]:
    yield Finding("wall time of the loop ÷ ours", _ratio(found, "wall", of=LOOP, to=OURS), at_least=8)


def _single(found: Found) -> t.Iterator[Finding]:
    ours = found[OURS]
    yield Finding("calls of ours until the copy is started", ours.median("before"), at_most=4)
    yield Finding("calls of ours that look after it", ours.median("calls") - ours.median("before"))
    yield Finding("calls of the loop in all", found[LOOP].median("calls"))
    yield Finding("seconds from the copy's completion to the end of the play", ours.median("tail"), None, _TICK_SECONDS)
    yield Finding("the same for the loop", found[LOOP].median("tail"))
    yield Finding("processor time of ours ÷ the loop's", _ratio(found, "cpu", of=OURS, to=LOOP), at_most=1)


def _overhead(found: Found) -> t.Iterator[Finding]:
    peer = "amazon.aws.ec2_ami_info"
    yield Finding("wall time of ours ÷ ec2_ami_info's", _ratio(found, "wall", of=OURS, to=peer), at_most=1.15)
    yield Finding("processor time of ours ÷ ec2_ami_info's", _ratio(found, "cpu", of=OURS, to=peer), at_most=1.15)


def _floor(found: Found) -> t.Iterator[Finding]:
    ping = found[PING].median("cpu")
    ours = found[OURS].median("cpu") - ping
    yield Finding("processor seconds of ours above a ping", ours, at_most=0.35)
    yield Finding("processor seconds of ec2_ami_info above a ping", found[INFO].median("cpu") - ping)
    parts = {part: found[STEPS].median(part) for part in PARTS}
    for part, words in PARTS.items():
        yield Finding(f"processor seconds of ours for {words}", parts[part])
    rest = ours - sum(seconds for part, seconds in parts.items() if part != "core")
    yield Finding("processor seconds of ours for what is left: Ansible packs and unpacks the module", rest)


def _compose(found: Found) -> t.Iterator[Finding]:
    yield Finding("wall time of the tasks ÷ snapshots", _ratio(found, "wall", of=TASKS, to=SNAPSHOTS), at_least=3)
    yield Finding("calls of the tasks ÷ snapshots", _ratio(found, "calls", of=TASKS, to=SNAPSHOTS), at_least=1)
    yield Finding("wall time of the tasks ÷ instance", _ratio(found, "wall", of=TASKS, to=INSTANCE), at_least=1)


def _scale(found: Found) -> t.Iterator[Finding]:
    for work, (size, full) in SIZES.items():
        small, large = found[label_at(work, size)], found[label_at(work, full)]
        for figure, name in (("cpu", "processor time"), ("mib", "memory")):
            each = large.median(figure) / full / (small.median(figure) / size)
            yield Finding(f"{work}: {name} for each image at {full:,} ÷ at {size:,}", each, at_most=1.2)
    full = SIZES["info"][1]
    yield Finding("info: calls for 1,000 images", found[label_at("info", full)].median("calls") / full * 1000)


def _retire(found: Found) -> t.Iterator[Finding]:
    small, *_middle, full = RETIRED
    large = found[label_at("retire", full)]
    yield Finding(f"calls in a region of {full:,} images", large.median("calls"), at_most=full / 10 + 40)
    yield Finding(f"seconds for {full:,} images in each region", large.median("wall"), at_most=60)
    for figure, name in (("cpu", "processor time"), ("mib", "memory")):
        each = large.median(figure) / full / (found[label_at("retire", small)].median(figure) / small)
        yield Finding(f"{name} for each image at {full:,} ÷ at {small:,}", each, at_most=1.2)


def _pages(found: Found) -> t.Iterator[Finding]:
    calls = found[EMULATED].median("calls") / PAGED * 1000
    yield Finding("calls for 1,000 images", calls, at_most=1)
    yield Finding("milliseconds of processor time for each image", found[EMULATED].median("cpu") / PAGED * 1000)


def _fleet(at_least: float | None) -> t.Callable[[Found], t.Iterator[Finding]]:
    def judged(found: Found) -> t.Iterator[Finding]:
        for figure, name, limit in (
            ("cpu", "processor time", at_least),
            ("mib", "memory", at_least),
            ("wall", "wall time", None),
        ):
            ratio = _ratio(found, figure, of=PER_REGION, to=PER_ACCOUNT)
            yield Finding(f"{name} of a host for each region ÷ each account", ratio, at_least=limit)
        ours = found[PER_ACCOUNT]
        places = ours.median("wanted") / FLEET_IMAGES
        # Each account is one role to take, and one look at its source images.
        calls = (ours.median("calls") - 2 * places / len(DESTINATIONS)) / places
        yield Finding("calls of a host for each account in each region", calls, at_most=3)

    return judged


def _accounts(found: Found) -> t.Iterator[Finding]:
    for size, bound in FIRST_RUNS.items():
        seconds = found[label_at("account", size)].median("virtual")
        yield Finding(
            f"virtual seconds for {size} images ÷ {bound}, what the quota allows", seconds / bound, at_most=1.1
        )


def _audit(found: Found) -> t.Iterator[Finding]:
    yield Finding("MiB of the page", found[AUDIT].median("page_mib"), at_most=64)
    for figure, name in (("wall", "wall time"), ("cpu", "processor time"), ("calls", "calls"), ("mib", "memory")):
        ratio = _ratio(found, figure, of=CUSTODIAN, to=AUDIT)
        yield Finding(f"{name} of Cloud Custodian ÷ ours", ratio, at_least=None if figure == "mib" else 1)


def _report(found: Found) -> t.Iterator[Finding]:
    small, large = (found[label_at("page", size)] for size in REPORTED)
    yield Finding(f"MiB of the page of {REPORTED[1]:,} images", large.median("page_mib"), at_most=64)
    each = large.median("cpu") / REPORTED[1] / (small.median("cpu") / REPORTED[0])
    yield Finding("processor time for each image, ten times as many ÷ as many", each, at_most=1.2)


def _publish(found: Found) -> t.Iterator[Finding]:
    for figure, name in (("cpu", "processor time"), ("calls", "calls"), ("wall", "wall time")):
        yield Finding(f"{name} of the tasks ÷ ours", _ratio(found, figure, of=PUBLISHING_TASKS, to=PUBLISH), at_least=1)
    yield Finding("calls of ours with nothing to do", found[PUBLISH].median("again"))
    yield Finding("the same for the tasks", found[PUBLISHING_TASKS].median("again"))
    yield Finding(
        "places of ours that lead to an image that is not encrypted", found[PUBLISH].median("wrong"), at_most=0
    )
    yield Finding("the same for the tasks", found[PUBLISHING_TASKS].median("wrong"))


def _retire_beside_tasks(found: Found) -> t.Iterator[Finding]:
    for figure, name in (("cpu", "processor time"), ("calls", "calls"), ("wall", "wall time")):
        ratio = _ratio(found, figure, of=RETIRING_LOOP, to=RETIRE)
        yield Finding(f"{name} of the tasks ÷ ours", ratio, at_least=1)
    yield Finding("images that are launched from, and that ours took away", found[RETIRE].median("wrong"), at_most=0)
    yield Finding("the same for the tasks", found[RETIRING_LOOP].median("wrong"))


def _throttled(found: Found) -> t.Iterator[Finding]:
    # CopyImage has a bucket of 10 that fills at 0.1 a second: the last 5 of 15 copies wait, and then take 5 s.
    bound = (15 - 10) / 0.1 + 5
    yield Finding(f"wall time of ours ÷ {bound:.0f} s", found[OURS].median("wall") / bound, at_most=1.2)
    yield Finding("wall time of the loop ÷ ours", _ratio(found, "wall", of=LOOP, to=OURS))
    yield Finding("failed runs of ours", found[OURS].failures, at_most=0)


def _packer(found: Found) -> t.Iterator[Finding]:
    yield Finding("wall time of Packer ÷ ours", _ratio(found, "wall", of=PACKER, to=OURS), at_least=1)
    yield Finding("calls of Packer ÷ ours", _ratio(found, "calls", of=PACKER, to=OURS), at_least=1)


ROWS: t.Final = {
    "1": Row("nothing to do, 20 images x 5 regions", _second),
    "2": Row("first run, 20 images x 5 regions, copies of 60 s", _bound(60.0)),
    "2a": Row("first run, 3 images x 3 regions, copies of 20 s", _small),
    "2b": Row("first run, 50 images x 2 regions, three waves of 60 s", _bound(180.0)),
    "3": Row("one image to one region, copy of 3 s", _single),
    "4": Row("one task with nothing to do", _overhead),
    "4a": Row("nothing to do, 20 images x 5 regions, beside a ping", _floor),
    "5": Row("an image of 80 GiB under three keys", _compose),
    "6": Row("5,000 images x 20 regions planned, 10,000 images audited", _scale),
    "6a": Row("the emulated AWS with 20,000 images in 5 regions, put there and listed", _pages),
    "7": Row("15 copies to a region at a tenth of AWS's request rates", _throttled),
    "8": Row("encrypted images in the home region and five others, copies of 20 s", _packer),
    "9": Row("nothing to do, 20 images x 20 regions of each of 10 accounts by fleet_copy", _fleet(5)),
    "9b": Row("first run to 20 regions of an account in one task, copies of 60 s, in virtual time", _accounts),
    "10": Row("audit of 1,000 images in each of 20 regions of 10 accounts", _audit),
    "10a": Row("audit of 10 images in each of 20 regions of 3 accounts", _audit),
    "10b": Row("the audit's page of 200,000 images of two devices, half of them with something wrong", _report),
    "11": Row(
        "an image under three names and in two launch templates, published twice; then one not encrypted", _publish
    ),
    "12": Row("1,000 images in each of 5 regions planned to be retired", _retire),
    "13": Row("of 20 images all but the newest 3 taken out of use, 2 of them in use", _retire_beside_tasks),
    "9a": Row("nothing to do, 20 images x 20 regions of one account by fleet_copy", _fleet(None)),
}
