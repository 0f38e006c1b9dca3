# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Show life while a module waits: per region, how far its snapshots are, and about how long it will take."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
import typing as t

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils._aws.progress import VARIABLE

# Lines in between would spoil what other callbacks print.
CALLBACKS: t.Final = frozenset({"default", "ansible.builtin.default", "awx_display"})
RHYTHM_SECONDS: t.Final = 30.0


class Tally:
    """The snapshots of one task, as far as they have been heard of."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._heard: dict[str, float] = {}
        self._regions: dict[str, dict[str, int]] = {}

    def hear(self, line: str, now: float) -> None:
        """Take in a line of the module's; one that cannot be read is left out."""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            news = json.loads(line)
            percents = {str(name): int(percent) for name, percent in news["percents"].items()}
            region = str(news["region"])
            self._regions.setdefault(region, {}).update(percents)
            self._heard[region] = now

    def lines(self, now: float) -> list[str]:
        """Return a line for each region that is not done."""
        unfinished = {region: percents for region, percents in self._regions.items() if min(percents.values()) < 100}
        return [self._line(region, unfinished[region], now) for region in sorted(unfinished)]

    def _line(self, region: str, percents: t.Mapping[str, int], now: float) -> str:
        done = sum(percent == 100 for percent in percents.values())
        least = min(percents.values())
        text = f"{region}: {done} of {len(percents)} snapshots completed, the others at {least} % or more"
        if least == 0:
            return text
        # The module looks rarely; between two looks the estimate runs down.
        heard = self._heard[region]
        left = max(0.0, (heard - self._started) * (100 - least) / least - (now - heard))
        return f"{text}, about {_spoken(left)} left"


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Reporter:
    """A thread that reads what the module writes and shows it in a calm rhythm."""

    def __init__(self, show: t.Callable[[str], None], *, rhythm: float) -> None:
        handle, self.path = tempfile.mkstemp(prefix="sealed-ami-progress-")
        os.close(handle)
        self._show, self._rhythm = show, rhythm
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Reporter:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._over.set()
        self._thread.join(1.0)
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def _follow(self) -> None:
        # Whatever goes wrong here must not touch the task.
        with contextlib.suppress(Exception), open(self.path, encoding="utf-8") as file:
            tally = Tally(time.monotonic())
            while not self._over.wait(self._rhythm):
                for line in file.readlines():
                    tally.hear(line, time.monotonic())
                for text in tally.lines(time.monotonic()):
                    self._show(text)


class ProgressAction(NormalAction):
    """Run the module as always, and show its progress where there is somebody to see it."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return what the module returns."""
        rhythm = self._rhythm(task_vars or {})
        if rhythm is None:
            return t.cast("dict[str, t.Any]", super().run(tmp, task_vars))
        name = (task_vars or {}).get("inventory_hostname", "")
        try:
            reporter = Reporter(lambda text: Display().display(f"  [{name}] {text}"), rhythm=rhythm)
        except OSError:
            return t.cast("dict[str, t.Any]", super().run(tmp, task_vars))
        usual = self._task.environment
        with reporter:
            self._task.environment = [*(usual or []), {VARIABLE: reporter.path}]
            try:
                return t.cast("dict[str, t.Any]", super().run(tmp, task_vars))
            finally:
                self._task.environment = usual

    def _rhythm(self, task_vars: t.Mapping[str, t.Any]) -> float | None:
        """Return the seconds between two reports; None where nobody waits or looks, or the file cannot be shared."""
        waits = str(self._task.args.get("wait", False)).lower() in ("true", "yes", "on", "1", "y", "t")
        silent = self._task.check_mode or self._task.async_val or self._task.no_log or not waits
        local = getattr(self._connection, "transport", "") == "local"
        if silent or not local or constants.DEFAULT_STDOUT_CALLBACK not in CALLBACKS:
            return None
        try:
            seconds = float(self._templar.template(task_vars.get("sealed_ami_progress_seconds", RHYTHM_SECONDS)))
        except (TypeError, ValueError):
            return None
        return seconds if seconds > 0 else None
