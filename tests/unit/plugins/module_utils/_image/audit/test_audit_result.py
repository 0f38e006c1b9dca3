# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info module returns for what was read, above all where something was not."""

from __future__ import annotations

import tracemalloc
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import AuditedKey, RegionAudit, source_of
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.policy import Policy, Rules
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import AuditRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.result import (
    audit_failure,
    audit_warnings,
    to_audit_result,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image, Snapshot

ARN = "arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003"
KEY = AuditedKey(ARN, "Enabled", "CUSTOMER", None, ("alias/golden",))
ENCRYPTED = Policy(Rules(encrypted=True))


def an_image(image_id: str, *, name: str = "golden", region: str = "eu-west-1", **more: t.Any) -> Image:
    """Return an image of one device with the snapshot ``snap-`` and the image's number."""
    device = BlockDevice("/dev/xvda", f"snap-{image_id[4:]}", volume_size=8)
    return Image(image_id, region, name, devices=(device,), owner_id="123456789012", **more)


def an_audit(*images: Image, encrypted: bool = True, region: str = "eu-west-1") -> RegionAudit:
    """Return a region where every snapshot is seen."""
    key = ARN if encrypted else None
    snapshots = {one: Snapshot(one, "completed", encrypted, key, 8) for image in images for one in image.snapshot_ids}
    return RegionAudit(region, images, snapshots, {ARN: KEY})


def a_request(**more: t.Any) -> AuditRequest:
    """Return a request for two regions under a policy."""
    return AuditRequest(**{"regions": ("eu-west-1", "us-east-1"), "policy": ENCRYPTED, **more})


BROKEN = RegionAudit("us-east-1", error="Failed to describe images in us-east-1")
HIDDEN = RegionAudit("us-east-1", (an_image("ami-3", region="us-east-1"),))


@pytest.mark.parametrize(
    ("audits", "compliant"),
    [
        pytest.param([an_audit(an_image("ami-1"))], True, id="all comply"),
        pytest.param(
            [an_audit(an_image("ami-1")), an_audit(an_image("ami-2"), encrypted=False)], False, id="one fails"
        ),
        pytest.param([an_audit(an_image("ami-1")), HIDDEN], None, id="one is unknown"),
        pytest.param([an_audit(an_image("ami-1")), BROKEN], None, id="a region is unread"),
        pytest.param([an_audit(an_image("ami-1"), encrypted=False), BROKEN], False, id="one fails, a region is unread"),
        pytest.param([an_audit()], None, id="nothing found"),
        pytest.param([BROKEN], None, id="nothing read"),
    ],
)
def test_only_what_was_seen_to_comply_complies(audits: list[RegionAudit], compliant: bool | None) -> None:
    result = to_audit_result(audits, a_request())
    assert result["compliant"] is compliant
    assert result["summary"]["images"] == len(result["images"])


def test_without_a_policy_nothing_is_judged() -> None:
    result = to_audit_result([an_audit(an_image("ami-1"))], a_request(policy=None))
    assert (result["compliant"], result["summary"], result["images"][0]["compliant"]) == (None, None, None)
    assert result["images"][0]["snapshots"][0]["kms_key_arn"] == ARN


def test_a_missing_image_is_named_and_spoils_the_verdict() -> None:
    request = a_request(image_ids=("ami-1", "ami-9"))
    result = to_audit_result([an_audit(an_image("ami-1"))], request)
    assert (result["missing_image_ids"], result["compliant"]) == (["ami-9"], None)
    assert "ami-9" in str(audit_failure(result, request))


@pytest.mark.parametrize(("ignore", "fails"), [(False, True), (True, False)])
def test_a_region_that_cannot_be_read_fails_the_audit_unless_ignored(ignore: bool, fails: bool) -> None:
    request = a_request(ignore_region_errors=ignore)
    result = to_audit_result([an_audit(an_image("ami-1")), BROKEN], request)
    assert [entry["image_id"] for entry in result["images"]] == ["ami-1"]
    assert result["errors"] == [{"region": "us-east-1", "message": BROKEN.error}]
    assert bool(audit_failure(result, request)) is fails


def test_images_come_by_region_then_name_then_id() -> None:
    first = an_audit(an_image("ami-3", name="b"), an_image("ami-2", name="a"), an_image("ami-1", name="b"))
    second = an_audit(an_image("ami-4", name="a", region="us-east-1"), region="us-east-1")
    images = to_audit_result([first, second], a_request())["images"]
    assert [entry["image_id"] for entry in images] == ["ami-2", "ami-1", "ami-3", "ami-4"]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        pytest.param(Image("ami-1", "eu-west-1"), (None, None), id="none"),
        pytest.param(Image("ami-1", "eu-west-1", source_image_id="ami-0", source_region="us-east-1"),
                     ("ami-0", "us-east-1"), id="by AWS"),
        pytest.param(Image("ami-1", "eu-west-1", tags={"sealed.ami:source": "us-east-1:ami-0"}),
                     ("ami-0", "us-east-1"), id="by tag"),
        pytest.param(Image("ami-1", "eu-west-1", source_image_id="ami-0", source_region="us-east-1",
                           tags={"sealed.ami:source": "eu-north-1:ami-9"}), ("ami-0", "us-east-1"), id="AWS over tag"),
        pytest.param(Image("ami-1", "eu-west-1", tags={"sealed.ami:source": "nonsense"}), (None, None), id="bad tag"),
    ],
)  # fmt: skip
def test_lineage(image: Image, source: tuple[str | None, str | None]) -> None:
    assert source_of(image) == source


def test_ephemeral_disks_are_no_concern() -> None:
    disks = (*an_image("ami-1").devices, BlockDevice("/dev/sdb", virtual_name="ephemeral0"))
    audit = an_audit(Image("ami-1", "eu-west-1", devices=disks))
    (entry,) = to_audit_result([audit], a_request())["images"]
    assert [snapshot["device_name"] for snapshot in entry["snapshots"]] == ["/dev/xvda"]
    assert entry["compliant"] is True


def test_peak_memory_grows_with_the_number_of_images_and_no_faster() -> None:
    def peak(count: int) -> int:
        audit = an_audit(*(an_image(f"ami-{number:08d}") for number in range(count)))
        tracemalloc.start()
        result = to_audit_result([audit], a_request())
        _now, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert result["summary"]["compliant"] == count
        return highest

    assert peak(10_000) <= 12 * peak(1_000)


@pytest.mark.parametrize(
    ("devices", "unused", "compliant"),
    [
        ({}, [], True),
        ({"/dev/xvda": Rules(encrypted=True)}, [], True),
        ({"xvda": Rules(encrypted=True)}, ["xvda"], None),
        ({"/dev/xvda": Rules(encrypted=True), "/dev/sdf": Rules(customer_managed=True)}, ["/dev/sdf"], None),
    ],
)
def test_a_rule_that_judges_nothing_spoils_the_verdict(
    devices: dict[str, Rules], unused: list[str], compliant: bool | None
) -> None:
    policy = Policy(Rules(encrypted=True), devices)
    found = to_audit_result([an_audit(an_image("ami-1"))], a_request(policy=policy))
    assert (found["unused_device_rules"], found["compliant"]) == (unused, compliant)
    warnings = audit_warnings(found)
    assert [name for name in unused if name not in str(warnings)] == []
    assert bool(warnings) is bool(unused)


def test_a_rule_that_judges_nothing_does_not_hide_what_fails() -> None:
    policy = Policy(Rules(encrypted=True), {"xvda": Rules(encrypted=True)})
    found = to_audit_result([an_audit(an_image("ami-1"), encrypted=False)], a_request(policy=policy))
    assert (found["compliant"], found["unused_device_rules"]) == (False, ["xvda"])


def test_nothing_found_is_said() -> None:
    found = to_audit_result([an_audit()], a_request())
    assert found["compliant"] is None
    assert audit_warnings(found) == ["no image was found in eu-west-1, us-east-1; nothing was judged"]
    assert audit_warnings(to_audit_result([an_audit(an_image("ami-1"))], a_request())) == []


def test_nothing_found_is_an_answer_where_nothing_was_to_be_judged() -> None:
    assert audit_warnings(to_audit_result([an_audit()], a_request(policy=None))) == []
