# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is lost with a key, and what else names it; what could not be read is null, never no."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.key_uses import (
    is_named,
    losses_entry,
    uses_entry,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import AuditedKey, KeyUses, TemplateKey
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import KEY_A, KEY_B, a_snapshot

GOLDEN = AuditedKey(KEY_A, state="Enabled", aliases=("alias/golden",))
SECRET = AuditedKey(KEY_A, state="Enabled")
PLACE, KEY_ID = KEY_A.partition(":key/")[0], KEY_A.partition(":key/")[2]
DYING = AuditedKey(KEY_A, state="PendingDeletion", deletion_date="2026-12-24T00:00:00Z")


@pytest.mark.parametrize(
    ("reference", "known", "unknown"),
    [
        pytest.param(KEY_A, True, True, id="ARN"),
        pytest.param(KEY_B, False, False, id="another ARN"),
        pytest.param(KEY_ID, True, True, id="id"),
        pytest.param(KEY_ID[1:], False, False, id="the end of an id"),
        pytest.param("alias/golden", True, None, id="alias"),
        pytest.param("alias/gold", False, None, id="another alias"),
        pytest.param(f"{PLACE}:alias/golden", True, None, id="alias ARN"),
        pytest.param("arn:aws:kms:eu-west-1:210987654321:alias/golden", False, None, id="another account's alias"),
    ],
)
def test_a_key_is_known_by_each_of_its_names(reference: str, known: bool, unknown: bool | None) -> None:
    assert (is_named(GOLDEN, reference), is_named(SECRET, reference)) == (known, unknown)


def template(reference: str) -> TemplateKey:
    """Return a device of a template that names a key."""
    return TemplateKey("lt-1", "web", 3, True, "/dev/xvda", reference)


@pytest.mark.parametrize(
    ("key", "templates", "expected"),
    [
        pytest.param(GOLDEN, None, None, id="not read"),
        pytest.param(GOLDEN, [], 0, id="none"),
        pytest.param(GOLDEN, ["alias/golden", KEY_B], 1, id="one of two"),
        pytest.param(SECRET, [KEY_A, KEY_B], 1, id="named by ARN"),
        pytest.param(SECRET, [KEY_A, "alias/golden"], None, id="an alias that may be this key's"),
    ],
)
def test_templates(key: AuditedKey, templates: list[str] | None, expected: int | None) -> None:
    read = None if templates is None else tuple(template(one) for one in templates)
    found = uses_entry(key, KeyUses(templates=read))["launch_templates"]
    assert (None if found is None else len(found)) == expected


def test_what_was_not_read_is_null_and_what_is_not_there_is_empty() -> None:
    assert set(uses_entry(GOLDEN, KeyUses()).values()) == {None}
    read = KeyUses(default=KEY_B, templates=(), grants=(), is_shared=False, last_usage={}, locks={})
    assert list(uses_entry(GOLDEN, read).values()) == [False, [], [], False, {}]


ON_A = [
    a_snapshot("snap-1", encrypted=True, kms_key_arn=KEY_A, associated_keys=()),
    a_snapshot("snap-2", encrypted=True, kms_key_arn=KEY_A, associated_keys=(KEY_B,)),
    a_snapshot("snap-3", encrypted=True, kms_key_arn=KEY_A, associated_keys=()),
]
USERS = {"snap-1": ["ami-1"], "snap-2": ["ami-1", "ami-2"]}


@pytest.mark.parametrize("more", [True, False])
def test_what_is_lost(more: bool) -> None:
    found = losses_entry(DYING, KeyUses(locks={"snap-3": "governance", "snap-9": "compliance"}), ON_A, USERS, more=more)
    assert (found["unusable_image_ids"], found["locked_snapshot_ids"]) == (["ami-1"], ["snap-3"])
    least = "at least " if more else ""
    assert found["verdict"] == (
        f"{least}1 image unusable while the key is PendingDeletion and is to be deleted on 2026-12-24T00:00:00Z; "
        "1 image perhaps still opened by an associated key"
    )
    assert "2 images" not in losses_entry(GOLDEN, KeyUses(), ON_A, {}, more=False)["verdict"]


@pytest.mark.parametrize(
    ("state", "users", "locks", "more", "expected"),
    [
        pytest.param("Enabled", USERS, {}, False, False, id="usable"),
        pytest.param("PendingDeletion", USERS, {}, False, True, id="dying, with images"),
        pytest.param("Disabled", USERS, None, True, True, id="disabled, with images, all else hidden"),
        pytest.param("PendingDeletion", {}, {"snap-3": "compliance"}, False, True, id="dying, with a lock"),
        pytest.param("PendingDeletion", {}, {}, False, False, id="dying, nothing needs it"),
        pytest.param("PendingDeletion", {}, {}, True, None, id="dying, images hidden"),
        pytest.param("PendingDeletion", {}, None, False, None, id="dying, locks not read"),
        pytest.param(None, USERS, {}, False, None, id="state not read"),
        pytest.param("Deleted", USERS, {}, False, True, id="gone"),
    ],
)
def test_at_risk(state: str | None, users: dict[str, t.Any], locks: t.Any, more: bool, expected: bool | None) -> None:
    assert (
        losses_entry(AuditedKey(KEY_A, state=state), KeyUses(locks=locks), ON_A, users, more=more)["at_risk"]
        is expected
    )
