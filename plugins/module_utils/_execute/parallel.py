# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Do the same work for many regions at once."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import threading
import typing as t

from .._aws.errors import AwsError
from .._image.errors import SealedError
from .threads import start_beside

K = t.TypeVar("K")
R = t.TypeVar("R")

_WORKERS: t.Final = 32
THREAD_NAME: t.Final = "sealed.ami region"


def for_each(keys: t.Iterable[K], work: t.Callable[[K], R], *, workers: int = _WORKERS) -> dict[K, R | AwsError]:
    """Return the result for each key, or the AwsError that ended its work; one region's trouble stays its own.

    What makes the request impossible is raised once all have ended, in one error for all regions.
    """
    keys = list(keys)
    results: dict[K, R | AwsError] = {}
    if not keys:
        return results
    futures = _started(keys, work, workers=workers)
    concurrent.futures.wait(futures.values())
    impossible: list[SealedError] = []
    for key, future in futures.items():
        try:
            results[key] = future.result()
        except AwsError as error:
            results[key] = error
        except SealedError as error:
            impossible.append(error)
    if impossible:
        raise type(impossible[0])("; ".join(dict.fromkeys(str(error) for error in impossible)))
    return results


def all_of(answers: t.Mapping[K, R | AwsError]) -> dict[K, R]:
    """Return the results where each is needed; the first error is raised."""
    results: dict[K, R] = {}
    for key, answer in answers.items():
        if isinstance(answer, AwsError):
            raise answer
        results[key] = answer
    return results


def _started(keys: t.Sequence[K], work: t.Callable[[K], R], *, workers: int) -> dict[K, concurrent.futures.Future[R]]:
    """Start the work in daemon threads, so that Ctrl-C ends the module at once; the next run takes up what was begun.

    For the threads of an executor Python waits before it ends, however long they wait for AWS.
    """
    futures: dict[K, concurrent.futures.Future[R]] = {key: concurrent.futures.Future() for key in keys}
    waiting: queue.SimpleQueue[K] = queue.SimpleQueue()
    for key in futures:
        waiting.put(key)

    def serve() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                _fulfil(futures, waiting.get_nowait(), work)

    for _number in range(min(workers, len(futures))):
        start_beside(threading.Thread(target=serve, name=THREAD_NAME, daemon=True))
    return futures


def _fulfil(futures: t.Mapping[K, concurrent.futures.Future[R]], key: K, work: t.Callable[[K], R]) -> None:
    try:
        futures[key].set_result(work(key))
    except BaseException as error:
        futures[key].set_exception(error)
