# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two plans for one target come to: nothing that the first has done is lost."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target, follow
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import CopyImage, Plan
from ansible_collections.sealed.ami.plugins.module_utils._image.vocabulary import Action
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    HOME,
    SOURCE_ID,
    a_copy,
)

TARGET = Target(SOURCE_ID, HOME, AWAY)
FOUND = a_copy()


def an_outcome(action: Action, **fields: t.Any) -> Outcome:
    """Return an outcome for the one target."""
    return Outcome(TARGET, action=action, **{"reason": f"why {action}", **fields})


@pytest.mark.parametrize(
    ("second", "action", "image"),
    [
        pytest.param(an_outcome("unchanged", image=FOUND), "adopted", FOUND, id="verified"),
        pytest.param(an_outcome("updated", image=FOUND, changed=True), "adopted", FOUND, id="verified and changed"),
        pytest.param(an_outcome("copied", image=a_copy("ami-2")), "copied", a_copy("ami-2"), id="not the copy"),
        pytest.param(an_outcome("failed", error="gone"), "failed", FOUND, id="not to be judged"),
    ],
)
def test_what_was_adopted_and_then_judged(second: Outcome, action: str, image: Image) -> None:
    first = an_outcome("adopted", image=FOUND, changed=True, removed=["ami-0"], created=["snap-1"], left=["snap-0"])
    both = follow(first, second)
    assert (both.action, both.image, both.changed) == (action, image, True)
    assert both.reason == ("why adopted" if action == "adopted" else f"why {action}")
    assert (both.removed, both.created, both.left, both.error) == (["ami-0"], ["snap-1"], ["snap-0"], second.error)


def test_what_the_second_plan_does_is_added() -> None:
    first = an_outcome("adopted", removed=["ami-0"], created=["ami-1"], left=["snap-0", "snap-9"])
    second = an_outcome("copied", changed=True, removed=["snap-0", "ami-0"], created=[COPY_ID], left=["snap-9"])
    both = follow(first, second)
    assert (both.removed, both.created, both.left) == (["ami-0", "snap-0"], ["ami-1", COPY_ID], ["snap-9"])
    assert both.changed
    assert not follow(an_outcome("adopted"), an_outcome("unchanged")).changed


def test_nothing_acts_on_an_image_that_nobody_has_seen() -> None:
    assert an_outcome("copied", image=FOUND).known_image == FOUND
    with pytest.raises(SealedError, match=f"no image of {SOURCE_ID} in {AWAY}"):
        _unused = an_outcome("failed").known_image


@pytest.mark.parametrize(("creates", "image"), [(False, None), (False, FOUND), (True, None)])
def test_a_plan_that_starts_no_copy_says_so(creates: bool, image: Image | None) -> None:
    create = CopyImage(SOURCE_ID, HOME, "copy", "", None, "token", {}, {})
    assert Plan("copied", "new", FOUND, create=create).copying == (create, FOUND)
    with pytest.raises(ValueError, match="starts no copy"):
        _unused = Plan("copied", "new", image, create=create if creates else None).copying
