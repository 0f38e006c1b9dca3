# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Do the same work for many regions at once."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .._aws.errors import AwsError
from .._image.errors import SealedError

K = t.TypeVar("K")
R = t.TypeVar("R")

_WORKERS: t.Final = 32


def for_each(keys: t.Iterable[K], work: t.Callable[[K], R], *, workers: int = _WORKERS) -> dict[K, R | AwsError]:
    """Return the result for each key, or the AwsError that ended its work; one region's trouble stays its own.

    What makes the request impossible is raised once all have ended, in one error for all regions.
    """
    keys = list(keys)
    results: dict[K, R | AwsError] = {}
    if not keys:
        return results
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(workers, len(keys))) as pool:
        futures = {key: pool.submit(work, key) for key in keys}
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
