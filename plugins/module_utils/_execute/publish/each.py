# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Do something with each of several items at once; the trouble of one stays its own."""

from __future__ import annotations

import contextlib
import typing as t

from ..._aws.errors import AwsError
from ..._image.errors import SealedError
from ..._image.publish.outcome import Published
from ..._image.publish.steps import Step
from ..parallel import for_each

Item = t.TypeVar("Item", bound=Published)


def each(items: t.Sequence[Item], work: t.Callable[[Item], None]) -> None:
    """Work on all items at once and keep the error of each with it."""

    def guarded(item: Item) -> None:
        try:
            work(item)
        except (AwsError, SealedError) as error:
            item.error = str(error)

    for_each(items, guarded)


@contextlib.contextmanager
def doing(item: Published, step: Step, *, ends: bool = True) -> t.Iterator[None]:
    """Note what becomes of a step; one that does not end here is noted when AWS shows its effect."""
    try:
        yield
    except (AwsError, SealedError):
        item.note(step, "failed")
        raise
    if ends:
        item.note(step, "done")
