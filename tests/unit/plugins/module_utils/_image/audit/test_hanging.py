# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on a key: by its own key or an associated one, in an image or in none, and what cannot be known."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.hanging import (
    images_on_keys,
    is_undecided,
    key_entries,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import RegionAudit
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import AuditRequest, parse_audit_request
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.result import audit_failure, to_audit_result
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image, Snapshot
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    HOME,
    KEY_A,
    KEY_B,
    a_snapshot,
    an_image,
    snapshots_of,
)

ON_A, ON_B = an_image("ami-a", sda1=KEY_A, sdf=KEY_B), an_image("ami-b", sda1=KEY_B)
PLAIN, HIDDEN = an_image("ami-p", sda1=None), an_image("ami-h", sda1=True)
SHOWN: dict[str, Snapshot] = {k: v for one in (ON_A, ON_B, PLAIN, HIDDEN) for k, v in snapshots_of(one).items()}


def opened(image: Image, by: str) -> dict[str, Snapshot]:
    """Return all snapshots, those of the image opened by a further key."""
    own = {one: dataclasses.replace(SHOWN[one], associated_keys=(by,)) for one in image.snapshot_ids}
    return {**SHOWN, **own}


@pytest.mark.parametrize(
    ("image", "snapshots", "kept", "undecided"),
    [
        pytest.param(ON_A, SHOWN, True, False, id="under it"),
        pytest.param(ON_B, SHOWN, False, False, id="under another"),
        pytest.param(ON_B, opened(ON_B, KEY_A), True, False, id="under another, opened by it"),
        pytest.param(ON_B, opened(ON_B, KEY_A.rpartition("/")[2]), True, False, id="opened by it, by its id alone"),
        pytest.param(ON_B, opened(ON_B, KEY_B), False, False, id="opened by another"),
        pytest.param(PLAIN, SHOWN, False, False, id="plain"),
        pytest.param(HIDDEN, SHOWN, True, True, id="its key is not shown"),
        pytest.param(ON_B, {}, True, True, id="its snapshot is not shown"),
        pytest.param(an_image("ami-n", state="pending"), SHOWN, True, True, id="pending, without snapshots yet"),
        pytest.param(an_image("ami-s", root_device_type="instance-store"), SHOWN, False, False, id="instance store"),
    ],
)
def test_images(image: Image, snapshots: dict[str, Snapshot], kept: bool, undecided: bool) -> None:
    assert bool(images_on_keys([image], snapshots, [KEY_A])) is kept
    assert is_undecided(image, snapshots, [KEY_A]) is undecided


def test_each_key_is_told_with_what_hangs_on_it() -> None:
    loose = a_snapshot("snap-loose", encrypted=True, kms_key_arn=KEY_A, volume_size=5)
    snapshots = {**opened(ON_B, KEY_A), "snap-loose": loose}
    audit = RegionAudit(HOME, (ON_A, ON_B), snapshots, asked={"alias/a": KEY_A, KEY_A: KEY_A})
    (entry,) = key_entries(audit, lambda key: {"kms_key_arn": key.arn})
    assert (entry["region"], entry["kms_key_arn"]) == (HOME, KEY_A)
    assert (entry["image_ids"], entry["associated_image_ids"]) == (["ami-a"], ["ami-b"])
    told = [(one["snapshot_id"], one["associated"], one["image_ids"]) for one in entry["snapshots"]]
    assert told == [
        ("snap-loose", False, []), ("snap-sda1-of-ami-a", False, ["ami-a"]), ("snap-sda1-of-ami-b", True, ["ami-b"])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        pytest.param([{"alias/a": KEY_A}, {}], [], id="in one region"),
        pytest.param([{}, {}], ["alias/a"], id="in none"),
    ],
)
def test_a_key_that_no_region_has_fails(asked: list[dict[str, str]], missing: list[str]) -> None:
    request = AuditRequest((HOME, "eu-west-1"), kms_key_ids=("alias/a",))
    audits = [RegionAudit(region, asked=found) for region, found in zip(request.regions, asked, strict=True)]
    result = to_audit_result(audits, request)
    assert result["missing_kms_key_ids"] == missing
    assert ("alias/a" in (audit_failure(result, request) or "")) is bool(missing)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"kms_key_ids": []}, "kms_key_ids is empty", id="empty list"),
        pytest.param({"kms_key_ids": [""]}, "kms_key_ids is empty", id="a blank"),
        pytest.param({"kms_key_ids": ["alias/a"], "image_ids": ["ami-1234567890abcdef0"]}, "exclusive", id="images"),
    ],
)
def test_refusals(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_audit_request(options, default_region=HOME)


def test_keys_are_asked_for_once() -> None:
    request = parse_audit_request({"kms_key_ids": ["alias/a", "alias/a", KEY_A]}, default_region=HOME)
    assert (request.kms_key_ids, request.owners) == (("alias/a", KEY_A), ("self",))
