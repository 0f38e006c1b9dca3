# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Show life while a module waits: per region, how far its snapshots are, about how long it will take; then the end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import threading
import time
import typing as t

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils._aws.progress import VARIABLE
from ..module_utils._execute.threads import start_beside

# Lines in between would spoil what other callbacks print.
CALLBACKS: t.Final = frozenset({"default", "ansible.builtin.default", "awx_display"})
RHYTHM_SECONDS: t.Final = 30.0
STOPPING: t.Final = (signal.SIGINT, signal.SIGTERM)


class _Look(t.NamedTuple):
    """What was heard of a snapshot: how far it is, for how many seconds it has been in the making, and when."""

    percent: int
    age: float
    heard: float

    def left(self, now: float) -> float | None:
        """Return the seconds that it should still take; None where nothing can be said yet."""
        if self.percent == 0:
            return None
        # The module looks rarely; between two looks the estimate runs down.
        return max(0.0, self.age * (100 - self.percent) / self.percent - (now - self.heard))


class Tally:
    """The snapshots of one task, as far as they have been heard of."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._regions: dict[str, dict[str, _Look]] = {}

    def hear(self, line: str, now: float) -> None:
        """Take in a line of the module's; one that cannot be read is left out."""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            news = json.loads(line)
            ages = news.get("ages", {})
            looks = {
                str(name): _Look(int(percent), max(0.0, float(ages.get(name, now - self._started))), now)
                for name, percent in news["percents"].items()
            }
            self._regions.setdefault(str(news["region"]), {}).update(looks)

    def lines(self, now: float) -> list[str]:
        """Return a line for each region that is not done."""
        unfinished = {
            region: looks
            for region, looks in self._regions.items()
            if min(look.percent for look in looks.values()) < 100
        }
        return [self._line(region, list(unfinished[region].values()), now) for region in sorted(unfinished)]

    def _line(self, region: str, looks: t.Sequence[_Look], now: float) -> str:
        pending = [look for look in looks if look.percent < 100]
        least = min(look.percent for look in pending)
        done = len(looks) - len(pending)
        text = f"{region}: {done} of {len(looks)} snapshots completed, the others at {least} % or more"
        estimates = [look.left(now) for look in pending]
        known = [seconds for seconds in estimates if seconds is not None]
        if len(known) < len(pending):
            return text
        return f"{text}, about {_spoken(max(known))} left"


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Reporter:
    """A thread that reads what the module writes and shows it in a calm rhythm."""

    def __init__(self, show: t.Callable[[str], None], *, rhythm: float) -> None:
        # Ansible removes this folder at the end of its run, so that no file stays even if this process is killed.
        handle, self.path = tempfile.mkstemp(prefix="sealed-ami-progress-", dir=constants.DEFAULT_LOCAL_TMP)
        os.close(handle)
        self._show, self._rhythm = show, rhythm
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._usual: dict[int, t.Any] = {}
        self._is_passing_on = False

    def __enter__(self) -> Reporter:
        start_beside(self._thread)
        if threading.current_thread() is threading.main_thread():
            self._usual = {number: signal.signal(number, self._tidy_and_pass_on) for number in STOPPING}
        return self

    def __exit__(self, *_unused: object) -> None:
        for number, usual in self._usual.items():
            signal.signal(number, usual)
        self._over.set()
        self._thread.join(1.0)
        self._unlink()

    def _tidy_and_pass_on(self, number: int, frame: t.Any) -> None:
        """Remove the file and let the usual handler end this process, as Ansible's does without a return.

        That one lets the next signal kill this process at once, and only then stops the module, while Ansible sends
        SIGTERM twice right after SIGINT: until the module is stopped no further signal may arrive.
        """
        if self._is_passing_on:
            signal.raise_signal(number)  # It had arrived before it could be kept back, and comes again afterwards.
            return
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        self._is_passing_on = True
        try:
            self._unlink()
            usual = self._usual.get(number)
            if callable(usual):
                usual(number, frame)
            else:
                signal.signal(number, signal.SIG_DFL if usual is None else usual)
                signal.raise_signal(number)
        finally:
            self._is_passing_on = False
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _unlink(self) -> None:
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
    """Run the module as always, and show its progress and its end where there is somebody to see it."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return what the module returns."""
        name = (task_vars or {}).get("inventory_hostname", "")

        def show(text: str) -> None:
            Display().display(f"  [{name}] {text}")

        result = self._run_watched(tmp, task_vars, show)
        # Ansible shows the message of a failure itself, and that of a success to nobody who does not ask with -v.
        if self._is_seen() and result.get("msg") and not (result.get("failed") or Display().verbosity):
            show(str(result["msg"]))
        return result

    def _run_watched(
        self, tmp: t.Any, task_vars: dict[str, t.Any] | None, show: t.Callable[[str], None]
    ) -> dict[str, t.Any]:
        """Return what the module returns, with a thread beside it that shows progress, where that is wanted."""
        rhythm = self._rhythm(task_vars or {})
        if rhythm is None:
            return self._run_module(tmp, task_vars)
        try:
            reporter = Reporter(show, rhythm=rhythm)
        except OSError:
            return self._run_module(tmp, task_vars)
        usual = self._task.environment
        with reporter:
            self._task.environment = [*(usual or []), {VARIABLE: reporter.path}]
            try:
                return self._run_module(tmp, task_vars)
            finally:
                self._task.environment = usual

    def _run_module(self, tmp: t.Any, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result

    def _is_seen(self) -> bool:
        """Tell whether lines can be shown beside the task."""
        return not self._task.async_val and not self._task.no_log and constants.DEFAULT_STDOUT_CALLBACK in CALLBACKS

    def _rhythm(self, task_vars: t.Mapping[str, t.Any]) -> float | None:
        """Return the seconds between two reports; None where nobody waits or looks, or the file cannot be shared."""
        waits = str(self._task.args.get("wait", False)).lower() in ("true", "yes", "on", "1", "y", "t")
        local = getattr(self._connection, "transport", "") == "local"
        if self._task.check_mode or not waits or not local or not self._is_seen():
            return None
        try:
            seconds = float(self._templar.template(task_vars.get("sealed_ami_progress_seconds", RHYTHM_SECONDS)))
        except (TypeError, ValueError):
            return None
        return seconds if seconds > 0 else None
