# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned beside images that are nearly the copy: disabled, pending, another tool's, or with a plain volume."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    COPY_TAG,
    KEY_TAG,
    SOURCE_TAG,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import SetTags
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    KEY_A,
    KEY_B,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_snapshot,
    an_image,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    BLANK,
    OTHER_KEY,
    PENDING,
    SECOND_ID,
    SHOWN,
    SOURCE,
    kinds,
    plan,
)

COPY = "CopyImage"
DISABLED: dict[str, t.Any] = {"state": "disabled"}
RETIRED = a_copy(**SHOWN, **DISABLED)


def a_copied_snapshot(key: str) -> Snapshot:
    """Return a snapshot of a copy of ours under the key, whose image is gone."""
    return a_snapshot(
        "snap-1",
        encrypted=True,
        kms_key_arn=key,
        volume_id="vol-ffffffff",
        description=f"Copied for DestinationAmi {SECOND_ID} from SourceAmi {SOURCE_ID} for SourceSnapshot snap-2.",
        tags={SOURCE_TAG: LINEAGE.tag, KEY_TAG: key, COPY_TAG: "sealed-ami-0"},
    )


@pytest.mark.parametrize(
    ("images", "options", "action", "image_id"),
    [
        pytest.param([RETIRED], {}, "retired", COPY_ID, id="disabled"),
        pytest.param([a_copy(**SHOWN, **DISABLED, key_tag=None)], {}, "retired", COPY_ID, id="another tool's"),
        pytest.param([RETIRED], {"retired": "recopy"}, "copied", "", id="another is asked for"),
        pytest.param([a_copy(**OTHER_KEY, **DISABLED)], {}, "copied", "", id="disabled, another key"),
        pytest.param(
            [a_copy(**SHOWN, **DISABLED), a_copy(SECOND_ID, **SHOWN)], {}, "unchanged", SECOND_ID, id="one is fit"
        ),
        pytest.param(
            [a_copy(**SHOWN, **DISABLED), a_copy(SECOND_ID, **PENDING)], {}, "adopted", SECOND_ID, id="one comes"
        ),
        pytest.param(
            [a_copy(**OTHER_KEY, **DISABLED)], {"superseded": "deregister"}, "replaced", "", id="disabled predecessor"
        ),
    ],
)
def test_disabled_copies_are_seen(images: list[Image], options: dict[str, t.Any], action: str, image_id: str) -> None:
    found = plan(*images, **options)
    assert found.image is not None
    assert (found.action, found.image.image_id) == (action, image_id)
    if action == "retired":
        assert (found.steps, found.changed, found.awaits) == ((), False, False)
        assert "enable it" in found.reason and COPY_ID in found.reason and found.warnings


def test_a_further_copy_beside_a_disabled_one_has_its_own_token() -> None:
    first = plan().create
    again = plan(RETIRED, retired="recopy").create
    assert first is not None and again is not None
    assert first.client_token != again.client_token


@pytest.mark.parametrize(
    ("image", "wait", "action"),
    [
        pytest.param(a_copy(**PENDING), False, "adopted", id="ours"),
        pytest.param(a_copy(**PENDING, key_tag=None), False, "copied", id="somebody else's, which nobody will judge"),
        pytest.param(a_copy(**PENDING, tags={SOURCE_TAG: "us-east-1:ami-2"}), False, "copied", id="tags of another"),
        pytest.param(a_copy(**PENDING, key_tag=None), True, "adopted", id="somebody else's, judged in the end"),
    ],
)
def test_nobody_hands_out_what_is_not_judged(image: Image, wait: bool, action: str) -> None:
    found = plan(image, wait=wait)
    assert found.action == action
    assert ("not verified yet" in found.reason) is not wait


def test_without_waiting_nothing_is_promised_that_takes_an_available_image() -> None:
    found = plan(
        a_copy(**OTHER_KEY),
        wait=False,
        superseded="deregister",
        launch_permissions={"user_ids": ["210987654321"]},
        deprecate_at="2030-01-01T00:00:00Z",
    )
    assert (found.action, kinds(found)) == ("copied", [COPY])


def test_an_empty_plain_volume_is_refused_before_the_copy() -> None:
    source = an_image(sda1=None, extra=(BLANK,))
    with pytest.raises(PreflightError, match=r"/dev/sdz.*ec2_ami_compose_keys"):
        plan(source=source)
    with pytest.raises(PreflightError, match="/dev/sdz"):
        plan(a_copy(sda1=KEY_A, extra=(BLANK,)), source=source)
    assert plan(source=source, preserve=True).action == "copied"
    sealed = dataclasses.replace(BLANK, encrypted=True)
    assert plan(source=an_image(sda1=None, extra=(sealed,))).action == "copied"


def test_another_tool_s_copy_is_added_to_and_told_of() -> None:
    theirs = a_copy(**SHOWN, key_tag=None, tags={"Team": "a", "dlm:managed": "true"})
    sharing = {COPY_ID: Sharing(LaunchPermissions(user_ids=frozenset({"111122223333"})))}
    found = plan(theirs, tags={"Team": "b"}, launch_permissions={"user_ids": []}, sharing=sharing)
    (step, *others) = [one for one in found.steps if getattr(one, "kind", "") == "image"]
    assert not others and isinstance(step, SetTags)
    assert (dict(step.add), dict(step.remove)) == ({"Team": "b"}, {})
    assert not [one for one in found.steps if getattr(one, "remove", None)]
    assert "dlm:managed" in found.warnings[0] and "launch permissions" in found.warnings[1]


@pytest.mark.parametrize(
    ("options", "source", "purged"),
    [
        pytest.param({"tags": {"a": "1"}}, SOURCE, True, id="asked for"),
        pytest.param({"copy_tags": True}, SOURCE, False, id="nothing but the source's"),
        pytest.param({"copy_tags": True, "tags": {"a": "1"}}, SOURCE, True, id="both"),
        pytest.param({"copy_tags": True, "tags": {"a": "1"}}, None, False, id="the source's are not known any more"),
    ],
)
def test_copying_tags_purges_none_by_itself(options: dict[str, t.Any], source: Image | None, purged: bool) -> None:
    found = plan(a_copy(**SHOWN, tags={"b": "2"}), source=source, **options)
    assert any(step.remove for step in found.steps if isinstance(step, SetTags)) is purged


def test_a_source_that_shows_no_tags_is_told_of() -> None:
    (warning,) = plan(copy_tags=True).warnings
    assert SOURCE_ID in warning and "owner" in warning
    assert not plan().warnings
    assert not plan(source=an_image(sda1=None, tags={"a": "1"}), copy_tags=True).warnings


def test_a_copy_needs_no_source_once_it_is_there() -> None:
    assert plan(a_copy(**SHOWN), source=None).action == "unchanged"
    assert plan(a_copy(**PENDING), source=None).action == "adopted"
    with pytest.raises(PreflightError, match="is not found"):
        plan(source=None)


@pytest.mark.parametrize("state", [SHOWN, PENDING])
def test_of_several_the_first_found_is_taken_in_every_run(state: dict[str, t.Any]) -> None:
    dated = {SECOND_ID: "2026-02-01", COPY_ID: "2026-01-01", "ami-000000000000000c2": "2026-03-01"}
    images = [a_copy(image_id, creation_date=date, **state) for image_id, date in dated.items()]
    for order in (images, images[::-1]):
        found = plan(*order).image
        assert found is not None and found.image_id == COPY_ID


def test_what_a_superseded_copy_left_goes_with_the_next_run() -> None:
    left = a_copied_snapshot(KEY_B)
    assert kinds(plan(a_copy(**SHOWN), orphans=(left,), superseded="deregister")) == ["DeleteSnapshot"]
    assert kinds(plan(a_copy(**SHOWN), orphans=(left,))) == []
    assert kinds(plan(a_copy(**SHOWN), orphans=(a_copied_snapshot(KEY_A),), superseded="deregister")) == []
