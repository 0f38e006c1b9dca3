# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before the first change, rule by rule."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.preflight import (
    Case,
    require_possible,
    takes_chosen_key,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image, KmsKey
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    HOME,
    KEY_A,
    KEY_B,
    OTHER_ACCOUNT,
    a_copy,
    a_requirement,
    an_image,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import SHOWN, SOURCE, plan

FRIENDS = LaunchPermissions(user_ids=frozenset({OTHER_ACCOUNT}))
EVERYBODY = LaunchPermissions(group_names=frozenset({"all"}))
OF_AWS = dataclasses.replace(required(KEY_A), metadata=KmsKey(KEY_A, manager="AWS"))
MARKET = {"ProductCodes": [{"ProductCodeId": "x", "ProductCodeType": "marketplace"}]}


def case(*images: Image, preserve: bool = False, source: Image = SOURCE, **fields: t.Any) -> Case:
    """Return the case of a copy of the source, under key A unless it is to be preserved."""
    given = {name: fields.pop(name) for name in ("tags", "snapshot_tags", "purge_tags") if name in fields}
    planned = plan(*images, preserve=preserve, source=source, **given)
    requirement = a_requirement(None if preserve else required(KEY_A), source)
    return Case(**{"region": AWAY, "plan": planned, "requirement": requirement, "source": source, **fields})


def many(count: int) -> dict[str, str]:
    """Return so many tags."""
    return {f"t{number}": "v" for number in range(count)}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(case(), None, id="nothing special"),
        pytest.param(case(permissions=FRIENDS), None, id="shared under a customer managed key"),
        pytest.param(
            case(permissions=FRIENDS, requirement=a_requirement(OF_AWS, SOURCE)), "AWS managed", id="key of AWS"
        ),
        pytest.param(case(permissions=EVERYBODY), "cannot be public", id="encrypted for everybody"),
        pytest.param(
            case(permissions=FRIENDS, preserve=True, chosen_keys=(OF_AWS,)), "AWS managed", id="chosen by AWS"
        ),
        pytest.param(
            case(permissions=EVERYBODY, preserve=True, source=an_image(sda1=None), public_blocks=("images: block",)),
            "blocks public access there: images: block",
            id="public, blocked",
        ),
        pytest.param(
            case(permissions=EVERYBODY, preserve=True, source=an_image(sda1=None)), None, id="public, not blocked"
        ),
        pytest.param(case(permissions=FRIENDS, public_blocks=("images: block",)), None, id="not public, blocked"),
        pytest.param(case(tags=many(46)), None, id="46 tags and 4 of ours"),
        pytest.param(case(tags=many(47)), "47 tags and 4 of this collection's own, 51 together", id="47 and 4"),
        pytest.param(case(tags={}, snapshot_tags=many(47)), None, id="47 on snapshots, and 3 of ours"),
        pytest.param(case(tags={}, snapshot_tags=many(48)), "its snapshots", id="48 on snapshots, and 3 of ours"),
        pytest.param(case(tags=many(48), snapshot_tags={}), "Give 2 fewer", id="48 on the image alone"),
        pytest.param(
            case(a_copy(**SHOWN, tags={"old": "1"}), tags=many(47), purge_tags=False), "would have 48", id="none purged"
        ),
        pytest.param(case(a_copy(**SHOWN, tags={"old": "1"}), tags=many(47)), None, id="one goes, 47 and 3 stay"),
        pytest.param(
            case(source=an_image(sda1=None, billing=MARKET), foreign=True), "Marketplace", id="somebody's product"
        ),
        pytest.param(case(source=an_image(sda1=None, billing=MARKET)), None, id="a product of our own"),
        pytest.param(
            case(a_copy(sda1=KEY_A), source=an_image(sda1=None, billing=MARKET), foreign=True), None, id="copied before"
        ),
    ],
)
def test_rules(found: Case, words: str | None) -> None:
    if words is None:
        require_possible(found)
        return
    with pytest.raises(PreflightError, match=words):
        require_possible(found)


@pytest.mark.parametrize(
    ("source", "region", "by_default", "foreign", "expected"),
    [
        pytest.param(an_image(sda1=None), AWAY, False, False, False, id="plain stays plain"),
        pytest.param(an_image(sda1=None), AWAY, True, False, True, id="plain, encrypted by default"),
        pytest.param(an_image(sda1=KEY_B), AWAY, False, False, True, id="encrypted leaves its region"),
        pytest.param(an_image(sda1=KEY_B), HOME, False, False, False, id="encrypted stays"),
        pytest.param(an_image(sda1=KEY_B), HOME, False, True, True, id="encrypted leaves its account"),
        pytest.param(an_image(sda1=None), HOME, False, True, False, id="plain leaves its account"),
    ],
)
def test_the_key_that_aws_chooses(source: Image, region: str, by_default: bool, foreign: bool, expected: bool) -> None:
    requirement = a_requirement(None, source, encryption_by_default=by_default)
    found = case(preserve=True, source=source, region=region, requirement=requirement, foreign=foreign)
    assert takes_chosen_key(found) is expected
    assert not takes_chosen_key(case(source=source, region=region, foreign=foreign))
