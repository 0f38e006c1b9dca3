# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit reads AWS as it is: what is encrypted with what, what cannot be seen, and in how many calls."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from emulated_aws.client import Emulator
from emulated_aws.ec2 import seed
from emulated_aws.identity import HOME_ACCOUNT
from emulated_aws.kms.keys import store
from system.audit.conftest import Audit

EVERYWHERE = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"]
STRICT = {"encrypted": True, "customer_managed": True, "key_usable": True}
VENDOR = "111122223333"


@pytest.mark.parametrize(
    ("name", "compliant", "words"),
    [
        pytest.param("encrypted-root", True, "", id="customer managed key"),
        pytest.param("database-sealed", True, "", id="three keys"),
        pytest.param("multi-region-key", True, "", id="multi-Region key"),
        pytest.param("plain-root", False, "not encrypted", id="plain"),
        pytest.param("mixed", False, "/dev/xvda: ", id="mixed"),
        pytest.param("default-key", False, "AWS managed key", id="AWS managed key"),
        pytest.param("locked-out", False, "Disabled", id="disabled key"),
        pytest.param("blank-volume", False, "/dev/sdf: the volume that it starts with", id="blank volume"),
        pytest.param("disabled", False, "not encrypted", id="disabled image"),
        pytest.param("deprecated", False, "not encrypted", id="deprecated image"),
        pytest.param("instance-store", None, "instance store", id="instance store"),
        pytest.param("stuck-pending", None, "pending", id="pending"),
        pytest.param("mixed-eu", False, "/dev/xvda: ", id="another region"),
    ],
)
def test_own_images(audit: Audit, name: str, compliant: bool | None, words: str) -> None:
    image = audit(regions=EVERYWHERE, policy=STRICT).image(name)
    assert image["compliant"] is compliant
    assert words in " ".join(image["reasons"])


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"image_ids": [f"ami-{n:017x}" for n in range(201)]}, id="ids"),
        pytest.param(
            {"image_ids": [f"ami-{n:017x}" for n in range(200)], "filters": {"state": "available"}},
            id="ids and a state",
        ),
        pytest.param({"owners": ["self"], "filters": {"name": [f"app-{n}" for n in range(402)]}}, id="names"),
    ],
)
def test_no_call_carries_more_filter_values_than_aws_takes(
    audit: Audit, emulator: Emulator, asked: dict[str, t.Any]
) -> None:
    audit(**asked)
    calls = emulator.calls(action="DescribeImages")
    assert len(calls) > 1
    assert all(sum(len(one["Values"]) for one in call["parameters"]["Filters"]) <= 200 for call in calls)


def test_each_device_is_told_with_its_key(audit: Audit) -> None:
    snapshots = audit().image("database-sealed")["snapshots"]
    told = [
        (one["device_name"], one["kms_key_aliases"], one["kms_key_manager"], one["kms_key_state"]) for one in snapshots
    ]
    assert told == [
        ("/dev/sdf", ["alias/data"], "CUSTOMER", "Enabled"),
        ("/dev/sdg", ["alias/logs"], "CUSTOMER", "Enabled"),
        ("/dev/xvda", ["alias/os"], "CUSTOMER", "Enabled"),
    ]
    assert [one["volume_size"] for one in snapshots] == [50, 20, 10]


@pytest.mark.parametrize(
    ("name", "compliant", "words"),
    [
        pytest.param("vendor-launch-only", None, "not shown to this account", id="snapshot not shared"),
        pytest.param("vendor-encrypted-keyless", None, "could not be read", id="key not shared"),
        pytest.param("vendor-encrypted", True, "", id="snapshot and key shared"),
        pytest.param("vendor-plain", False, "not encrypted", id="plain"),
    ],
)
def test_images_shared_with_us(audit: Audit, name: str, compliant: bool | None, words: str) -> None:
    image = audit(owners=[VENDOR], policy=STRICT).image(name)
    assert image["compliant"] is compliant
    assert words in " ".join(image["reasons"])


def test_what_is_not_shown_is_null_and_not_false(audit: Audit) -> None:
    (snapshot,) = audit(image_ids=["ami-00ec2000000000032"]).image("vendor-launch-only")["snapshots"]
    assert (snapshot["encrypted"], snapshot["kms_key_arn"], snapshot["kms_key_state"]) == (None, None, None)


def test_a_key_pending_deletion_says_when(audit: Audit, emulator: Emulator) -> None:
    kms = emulator.session().client("kms")
    kms.schedule_key_deletion(KeyId="00000001-0000-4000-8000-000000000001", PendingWindowInDays=7)
    image = audit(policy={"key_usable": True}).image("encrypted-root")
    assert image["compliant"] is False
    assert image["snapshots"][0]["kms_key_deletion_date"] in image["reasons"][0]


def test_a_key_that_is_gone_is_told_as_deleted(audit: Audit, emulator: Emulator) -> None:
    store(HOME_ACCOUNT, "us-east-1").keys.pop("00000001-0000-4000-8000-000000000001")
    answer = audit(policy={"key_usable": True})
    assert answer.image("encrypted-root")["snapshots"][0]["kms_key_state"] == "Deleted"
    assert answer.image("encrypted-root")["compliant"] is False


@pytest.mark.parametrize(
    ("policy", "compliant"),
    [
        pytest.param({"allowed_keys": ["alias/golden"]}, True, id="alias"),
        pytest.param({"allowed_keys": ["arn:aws:kms:us-east-1:123456789012:alias/golden"]}, True, id="alias ARN"),
        pytest.param({"allowed_keys": ["alias/os"]}, False, id="another alias"),
        pytest.param({"allowed_key_tags": {"Use": "images"}}, True, id="tag"),
        pytest.param({"allowed_key_tags": {"Use": "logs"}}, False, id="another tag"),
        pytest.param({"allowed_keys": ["alias/os"], "devices": [
            {"device_name": "/dev/xvda", "allowed_keys": ["alias/golden"]}]}, True, id="device"),
    ],
)  # fmt: skip
def test_allowed_keys(audit: Audit, emulator: Emulator, policy: dict[str, t.Any], compliant: bool) -> None:
    kms = emulator.session().client("kms")
    kms.tag_resource(KeyId="00000001-0000-4000-8000-000000000001", Tags=[{"TagKey": "Use", "TagValue": "images"}])
    assert audit(policy=policy).image("encrypted-root")["compliant"] is compliant


def test_the_source_of_a_copy_is_told(audit: Audit, emulator: Emulator) -> None:
    ec2 = emulator.session().client("ec2", region_name="eu-central-1")
    ec2.copy_image(
        SourceImageId="ami-00ec2000000000002", SourceRegion="us-east-1", Name="copied", Encrypted=True,
        KmsKeyId="alias/golden",
    )  # fmt: skip
    image = audit(regions=["eu-central-1"], policy=STRICT).image("copied")
    assert (image["source_image_id"], image["source_region"]) == ("ami-00ec2000000000002", "us-east-1")
    assert image["compliant"] is True


@pytest.mark.parametrize(
    ("action", "warns_of"),
    [
        pytest.param("kms:DescribeKey", "kms:DescribeKey", id="DescribeKey"),
        pytest.param("kms:ListAliases", "kms:ListAliases", id="ListAliases"),
        pytest.param("kms:ListResourceTags", "kms:ListResourceTags", id="ListResourceTags"),
    ],
)
def test_a_denied_question_makes_unknown_and_warns(
    audit: Audit, emulator: Emulator, action: str, warns_of: str
) -> None:
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": action, "Resource": "*"},
    ]
    auditor = emulator.principal(
        f"arn:aws:iam::{HOME_ACCOUNT}:user/auditor", [{"Version": "2012-10-17", "Statement": statements}]
    )
    policy = {"customer_managed": True, "allowed_keys": ["alias/golden"], "allowed_key_tags": {"Use": "images"}}
    answer = audit(credentials=auditor, policy=policy)
    assert answer.failure is None
    image = answer.image("database-sealed")
    assert image["compliant"] is (None if action != "kms:DescribeKey" else False)
    assert answer.image("encrypted-root")["compliant"] is (True if action == "kms:ListResourceTags" else None)
    assert len([warning for warning in answer.warnings if warns_of in warning]) == 1


@pytest.mark.parametrize("fault", ["unreachable", "error"])
def test_one_region_neither_stops_nor_hides_the_others(
    audit: Audit, emulator: Emulator, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", emulator.advance)
    fields = {} if fault == "unreachable" else {"code": "UnauthorizedOperation", "status": 403}
    emulator.faults.add(fault, region="eu-west-1", **fields)
    answer = audit(regions=EVERYWHERE, policy=STRICT)
    assert [error["region"] for error in answer.result["errors"]] == ["eu-west-1"]
    assert "eu-west-1" in str(answer.failure)
    assert answer.image("encrypted-root")["compliant"] is True
    assert not [image for image in answer.result["images"] if image["region"] == "eu-west-1"]


def test_errors_may_be_ignored_but_then_nothing_is_called_compliant(audit: Audit, emulator: Emulator) -> None:
    emulator.faults.add("error", region="eu-west-1", code="UnauthorizedOperation", status=403)
    answer = audit(
        regions=["us-east-1", "eu-west-1"],
        image_ids=["ami-00ec2000000000002"],
        policy=STRICT,
        ignore_region_errors=True,
    )
    assert answer.failure is None
    assert answer.result["compliant"] is None


def test_an_id_that_is_nowhere_fails_and_the_others_are_told(audit: Audit) -> None:
    answer = audit(image_ids=["ami-00ec2000000000002", "ami-0123456789abcdef0"], policy=STRICT)
    assert "ami-0123456789abcdef0" in str(answer.failure)
    assert answer.image("encrypted-root")["compliant"] is True


def test_a_mistyped_region_is_refused_before_anything_is_read(audit: Audit, emulator: Emulator) -> None:
    with pytest.raises(PreflightError, match="did you mean eu-west-1"):
        audit(regions=["us-east-1", "eu-wset-1"])
    assert emulator.counts() == {"ec2:DescribeRegions": 1}


def test_nothing_but_reading_happens(audit: Audit, emulator: Emulator) -> None:
    audit(regions=EVERYWHERE, policy=STRICT | {"allowed_key_tags": {"Use": "images"}})
    assert set(emulator.counts()) == {
        "ec2:DescribeImages", "ec2:DescribeSnapshots", "kms:ListAliases", "kms:DescribeKey", "kms:ListResourceTags",
    }  # fmt: skip


def _fill(region: str, count: int) -> None:
    """Make images of one device, their snapshots under two keys by turns."""
    place = seed.Place(HOME_ACCOUNT, region)
    for number in range(count):
        key = ("alias/golden", "alias/data")[number % 2]
        seed.image(place, name=f"bulk-{number:05d}", disks=[seed.Disk("/dev/xvda", key=key)])


def test_calls_for_a_thousand_images_are_few_and_exact(audit: Audit, emulator: Emulator) -> None:
    _fill("us-west-2", 1000)
    answer = audit(regions=["us-west-2"], policy=STRICT)
    assert answer.result["summary"] == {"images": 1000, "compliant": 1000, "not_compliant": 0, "unknown": 0}
    assert emulator.counts() == {
        "ec2:DescribeImages": 1, "ec2:DescribeSnapshots": 5, "kms:ListAliases": 1, "kms:DescribeKey": 2,
    }  # fmt: skip


def test_pages_are_read_to_the_end(audit: Audit, emulator: Emulator) -> None:
    _fill("us-west-2", 1100)
    answer = audit(regions=["us-west-2", "eu-central-1"], policy=STRICT)
    assert answer.result["summary"]["compliant"] == 1100
    counts = emulator.counts(region="us-west-2")
    assert (counts["ec2:DescribeImages"], counts["ec2:DescribeSnapshots"], counts["kms:DescribeKey"]) == (2, 6, 2)


def test_hundreds_of_ids_are_asked_for_in_batches(audit: Audit, emulator: Emulator) -> None:
    place = seed.Place(HOME_ACCOUNT, "us-west-2")
    ids = [seed.image(place, name=f"bulk-{number}", disks=[seed.Disk("/dev/xvda")]) for number in range(450)]
    answer = audit(regions=["us-west-2"], image_ids=ids, policy={"encrypted": True})
    assert answer.result["summary"]["not_compliant"] == 450
    assert emulator.counts() == {"ec2:DescribeImages": 3, "ec2:DescribeSnapshots": 3}
