# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is said at once, in one sentence, with nothing changed in any region."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, FAR, HOME, SOURCES, THIRD, Copy
from system.looking import Looking
from system.running import Result

UNKNOWN_KEY = "99999999-0000-4000-8000-000000000000"


def require_refused(result: Result, look: Looking, *words: str) -> None:
    """Demand one sentence with these words, and not one call that could change something."""
    assert result.failed
    assert [word for word in words if word not in result.msg] == [], result.msg
    assert "\n" not in result.msg and "Traceback" not in result.msg
    assert (result["changed"], result["images"]) == (False, [])
    assert look.mutations() == []


KEYS = [
    pytest.param("alias/disabled", ["alias/disabled", AWAY, "is Disabled", "kms:EnableKey"], id="disabled"),
    pytest.param(
        "alias/dying", ["alias/dying", AWAY, "PendingDeletion", "kms:CancelKeyDeletion"], id="pending deletion"
    ),
    pytest.param("alias/asymmetric", ["RSA_2048", "symmetric"], id="asymmetric"),
    pytest.param("alias/signing", ["ECC_NIST_P256", "symmetric"], id="for signing"),
    pytest.param("alias/hmac", ["HMAC_256", "symmetric"], id="hmac"),
    pytest.param("alias/no-material", ["PendingImport", "import its key material"], id="without material"),
    pytest.param("alias/unknown", ["alias/unknown does not exist in eu-west-1"], id="unknown alias"),
    pytest.param("golden", ["'golden'", "alias/golden"], id="alias without its prefix"),
    pytest.param(UNKNOWN_KEY, [UNKNOWN_KEY, "does not exist in eu-west-1"], id="unknown id"),
    pytest.param(
        "arn:aws:kms:us-east-1:123456789012:key/00000001-0000-4000-8000-000000000001",
        ["is in us-east-1, the image goes to eu-west-1", "replica"],
        id="key of another region",
    ),
    pytest.param(
        "arn:aws:kms:us-east-1:123456789012:alias/golden", ["is in us-east-1", "eu-west-1"], id="alias elsewhere"
    ),
    pytest.param(
        "arn:aws:kms:eu-west-1:123456789012:key/" + UNKNOWN_KEY, [UNKNOWN_KEY, "does not exist"], id="unknown arn"
    ),
    pytest.param("alias/with space", ["alias/with space", "neither a key id"], id="malformed alias"),
]


@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
@pytest.mark.parametrize(("key", "words"), KEYS)
def test_keys(copy: Copy, look: Looking, check: bool, key: str, words: list[str]) -> None:
    result = copy("plain-root", kms_key_id=key, check=check)
    require_refused(result, look, *words)


def test_a_multi_region_key_without_a_replica_there(copy: Copy, look: Looking) -> None:
    key_id = look.key_arn("alias/global", HOME).rpartition("/")[2]
    for reference in ("alias/global", key_id):
        result = copy("plain-root", region=THIRD, kms_key_id=reference)
        require_refused(result, look, reference, f"does not exist in {THIRD}")


def test_one_bad_key_of_several_stops_all(copy: Copy, look: Looking) -> None:
    destinations = [{"region": AWAY}, {"region": FAR, "kms_key_id": "alias/disabled"}, {"region": THIRD}]
    result = copy("plain-root", kms_key_id="alias/golden", destinations=destinations)
    require_refused(result, look, FAR, "alias/disabled", "is Disabled")


def test_every_bad_key_is_named(copy: Copy, look: Looking) -> None:
    destinations = [{"region": AWAY, "kms_key_id": "alias/dying"}, {"region": FAR, "kms_key_id": "alias/disabled"}]
    result = copy("plain-root", destinations=destinations)
    require_refused(result, look, AWAY, "PendingDeletion", FAR, "is Disabled")


def test_one_region_twice_under_two_names_of_a_key(copy: Copy, look: Looking) -> None:
    arn = look.key_arn("alias/golden", AWAY)
    destinations = [{"region": AWAY, "kms_key_id": "alias/golden"}, {"region": AWAY, "kms_key_id": arn}]
    require_refused(copy("plain-root", destinations=destinations), look, AWAY, "alias/golden", arn, "twice")


@pytest.mark.parametrize("reference", ["alias/golden", "key arn"])
def test_a_key_that_may_not_be_described_is_used_with_a_warning(
    copy: Copy, look: Looking, emulator: Emulator, reference: str
) -> None:
    arn = look.key_arn("alias/golden", AWAY)
    key = arn if reference == "key arn" else reference
    emulator.faults.add("access_denied", service="kms", action=["DescribeKey", "ListAliases"])
    first = copy("plain-root", kms_key_id=key)
    assert (first.msg, first["image"]["action"]) == ("", "copied")
    assert [warning for warning in first.warnings if "kms:DescribeKey" in warning and key in warning]
    assert set(look.keys(AWAY, first["image_id"]).values()) == {arn}
    second = copy("plain-root", kms_key_id=key)
    if reference == "key arn":
        assert (second["changed"], second["image_id"]) == (False, first["image_id"])
    else:
        # The alias may stand for another key by now: neither "unchanged" nor a second copy would be known to be right.
        assert second.failed and "cannot be told" in second.msg and first["image_id"] in second.msg


def test_a_moved_alias_is_noticed_where_no_key_may_be_described(copy: Copy, look: Looking, emulator: Emulator) -> None:
    """The list of aliases tells which key it is."""
    first = copy("plain-root", kms_key_id="alias/golden")
    other = look.kms(AWAY).create_key()["KeyMetadata"]["Arn"]
    emulator.faults.add("access_denied", service="kms", action="DescribeKey")
    same = copy("plain-root", kms_key_id="alias/golden")
    assert (same["image"]["action"], same["image_id"]) == ("unchanged", first["image_id"])
    look.kms(AWAY).update_alias(AliasName="alias/golden", TargetKeyId=other)
    second = copy("plain-root", kms_key_id="alias/golden")
    assert (second.msg, second["image"]["action"]) == ("", "copied")
    assert set(look.keys(AWAY, second["image_id"]).values()) == {other}


def test_a_key_that_may_not_be_described_for_once(copy: Copy, emulator: Emulator) -> None:
    emulator.faults.add("access_denied", service="kms", action="DescribeKey", count=1)
    first = copy("plain-root", kms_key_id="alias/golden")
    second = copy("plain-root", kms_key_id="alias/golden")
    assert (first.warnings != [], second.warnings) == (True, [])
    assert (second["changed"], second["image_id"]) == (False, first["image_id"])


SHARED = {"user_ids": ["210987654321"]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, ["alias/aws/ebs", "AWS managed key", "cannot be shared"], id="default key"),
        pytest.param({"kms_key_id": "alias/aws/ebs"}, ["alias/aws/ebs", "AWS managed key"], id="asked by name"),
        pytest.param(
            {"kms_key_id": "alias/golden", "launch_permissions": {"group_names": ["all"]}},
            ["'all'", "cannot be public"],
            id="public",
        ),
        pytest.param(
            {"kms_key_id": "alias/golden",
             "destinations": [{"region": AWAY}, {"region": FAR, "kms_key_id": "alias/aws/ebs"}]},
            [FAR, "AWS managed key"],
            id="one destination of several",
        ),
    ],
)  # fmt: skip
def test_sharing_that_the_key_forbids(copy: Copy, look: Looking, options: dict[str, t.Any], words: list[str]) -> None:
    require_refused(copy("plain-root", **{"launch_permissions": SHARED, **options}), look, *words)


@pytest.mark.parametrize(
    ("source", "region"),
    [
        pytest.param("mixed", AWAY, id="another region"),
        pytest.param("vendor-encrypted", AWAY, id="another account's, another region"),
        pytest.param("vendor-encrypted", HOME, id="another account's, same region"),
    ],
)
def test_sharing_of_preserved_snapshots_that_come_under_the_default_key(
    copy: Copy, look: Looking, source: str, region: str
) -> None:
    result = copy(source, region=region, encrypted=False, launch_permissions=SHARED)
    require_refused(result, look, region, "AWS managed key")


def test_sharing_of_a_preserved_copy_that_is_under_the_default_key(copy: Copy, look: Looking) -> None:
    assert copy("mixed", encrypted=False).msg == ""
    look.emulator.clear_calls()
    result = copy("mixed", encrypted=False, launch_permissions=SHARED, description="new")
    require_refused(result, look, AWAY, "AWS managed key")


@pytest.mark.parametrize(
    ("source", "region", "permissions"),
    [
        pytest.param("plain-root", AWAY, {"group_names": ["all"]}, id="plain for everybody"),
        pytest.param("plain-root", AWAY, SHARED, id="plain for an account"),
        pytest.param("encrypted-root", HOME, SHARED, id="encrypted, under its own key"),
    ],
)
def test_sharing_of_preserved_snapshots_that_may_be_shared(
    copy: Copy, source: str, region: str, permissions: dict[str, t.Any]
) -> None:
    result = copy(source, region=region, encrypted=False, launch_permissions=permissions)
    assert (result.msg, result["changed"]) == ("", True)
    assert not copy(source, region=region, encrypted=False, launch_permissions=permissions)["changed"]


def test_a_key_of_another_service(copy: Copy, look: Looking) -> None:
    arn = str(look.kms(AWAY).describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"])
    for reference in ("alias/aws/s3", arn, arn.rpartition("/")[2]):
        look.emulator.clear_calls()
        require_refused(copy("plain-root", kms_key_id=reference), look, reference, "another service")
    assert copy("plain-root", kms_key_id="alias/aws/ebs").msg == ""


@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
def test_what_can_be_seen_beforehand(copy: Copy, look: Looking, check: bool) -> None:
    """Each would be refused by AWS once the copy is made, or would fail it."""
    ec2 = look.ec2(AWAY)
    key_id = look.key_arn("alias/os", AWAY).rpartition("/")[2]
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key_id)
    ec2.enable_ebs_encryption_by_default()
    look.kms(AWAY).disable_key(KeyId=key_id)
    look.emulator.clear_calls()
    for source in ("plain-root", "encrypted-root"):
        require_refused(copy(source, encrypted=False, check=check), look, "default EBS key", key_id, "is Disabled")
    ec2.disable_ebs_encryption_by_default()
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    look.emulator.clear_calls()
    public: dict[str, t.Any] = {"encrypted": False, "launch_permissions": {"group_names": ["all"]}}
    require_refused(copy("plain-root", **public, check=check), look, AWAY, "block-new-sharing")
    tags = {f"t{number}": "v" for number in range(48)}
    refused = copy("plain-root", kms_key_id="alias/golden", tags=tags, check=check)
    require_refused(refused, look, "48 tags", "4 of this collection's own", "50")
    unit = "arn:aws:organizations::123456789012:ou/o-exampleorg1/ou-exam-12345678"
    shared: dict[str, t.Any] = {"kms_key_id": "alias/golden", "launch_permissions": {"org_arns": [unit]}}
    require_refused(copy("plain-root", **shared, check=check), look, "org_unit_arns", unit)


def test_reading_a_block_that_may_not_be_read_is_a_warning(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.faults.add("access_denied", action="Get*BlockPublicAccessState")
    emulator.faults.add("access_denied", action="GetEbsDefaultKmsKeyId")
    made = copy("mixed", encrypted=False)
    assert (made.msg, made["image"]["action"]) == ("", "copied")
    assert [one for one in made.warnings if "default EBS key" in one]
    public = copy("plain-root", encrypted=False, launch_permissions={"group_names": ["all"]})
    assert public.msg == "" and len([one for one in public.warnings if "public" in one]) == 2


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        pytest.param("stuck-pending", {}, ["is pending, not available"], id="pending"),
        pytest.param("stuck-failed", {}, ["is failed"], id="failed"),
        pytest.param("instance-store", {}, ["instance store", "EBS"], id="instance store"),
        pytest.param("archived", {}, ["/dev/xvda", "archived", "RestoreSnapshotTier"], id="archived"),
        pytest.param("disabled", {}, ["is disabled, not available"], id="disabled"),
        pytest.param("vendor-private", {}, ["not found in us-east-1", "launch permission"], id="not shared"),
        pytest.param(
            "vendor-launch-only", {}, ["111122223333", "create-volume permission"], id="shared for launch only"
        ),
        pytest.param("plain-root", {"source_region": FAR}, [f"not found in {FAR}", "source_region"], id="elsewhere"),
        pytest.param(
            "plain-root", {"source_image_id": "ami-0123456789abcdef0"}, ["ami-0123456789abcdef0"], id="unknown"
        ),
        pytest.param("locked-out", {}, ["/dev/xvda", "is Disabled", "kms:EnableKey"], id="its own key is disabled"),
    ],
)
@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
def test_sources(
    copy: Copy, look: Looking, check: bool, source: str, options: dict[str, t.Any], words: list[str]
) -> None:
    result = copy(source, kms_key_id="alias/golden", check=check, **options)
    require_refused(result, look, options.get("source_image_id", SOURCES[source]), *words)


@pytest.mark.parametrize(
    ("restored", "refused"),
    [
        pytest.param({"TemporaryRestoreDays": 1}, True, id="for a day"),
        pytest.param({"TemporaryRestoreDays": 30}, False, id="for a month"),
        pytest.param({"PermanentRestore": True}, False, id="for good"),
    ],
)
def test_sources_restored_from_the_archive(
    copy: Copy, look: Looking, restored: dict[str, t.Any], refused: bool
) -> None:
    image = look.image(HOME, SOURCES["archived"])
    assert image is not None
    snapshot_id = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    look.ec2(HOME).restore_snapshot_tier(SnapshotId=snapshot_id, **restored)
    look.emulator.advance(80_000)
    look.emulator.clear_calls()
    result = copy("archived", kms_key_id="alias/golden")
    if refused:
        require_refused(result, look, SOURCES["archived"], "returns to the archive", "RestoreSnapshotTier")
    else:
        assert result.msg == ""


def test_a_vendor_s_image_that_is_deprecated_can_still_be_copied(copy: Copy, look: Looking) -> None:
    vendor = Looking(look.emulator, account="111122223333")
    # Other tests may have let months pass: AWS takes no time of the past.
    vendor.ec2(HOME).describe_images(ImageIds=[SOURCES["vendor-plain"]])
    now = datetime.datetime.fromisoformat(look.emulator.calls()[-1]["virtual_time"])
    tomorrow = now + datetime.timedelta(days=1)
    vendor.ec2(HOME).enable_image_deprecation(ImageId=SOURCES["vendor-plain"], DeprecateAt=tomorrow.isoformat())
    look.emulator.advance(30 * 86_400)
    assert copy("vendor-plain", kms_key_id="alias/golden").msg == ""


def test_one_bad_source_of_several_stops_all(copy: Copy, look: Looking) -> None:
    ids = [SOURCES["plain-root"], SOURCES["archived"]]
    result = copy("plain-root", source_image_id=None, source_image_ids=ids, kms_key_id="alias/golden")
    require_refused(result, look, SOURCES["archived"], "archived")


def test_a_source_under_a_key_that_may_not_be_described(copy: Copy, look: Looking) -> None:
    result = copy("vendor-encrypted-keyless", kms_key_id="alias/golden")
    assert result.failed
    arn = look.calls(action="DescribeKey")[-1]["parameters"]["KeyId"]
    assert [warning for warning in result.warnings if "111122223333:key/" in warning and "source" in warning]
    assert "Given key ID is not accessible" in result.msg and "111122223333:key/" in result.msg
    assert arn


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"region": "eu-west-9"}, ["eu-west-9 does not exist", "did you mean eu-west-"], id="unknown"),
        pytest.param({"region": "moon-base-1"}, ["moon-base-1", "does not exist"], id="unlike any region"),
        pytest.param({"source_region": "eu-wst-1"}, ["eu-wst-1"], id="unknown source region"),
        pytest.param({"region": "cn-north-1"}, ["cn-north-1", "aws-cn", "partition"], id="China"),
        pytest.param({"source_region": "us-gov-west-1"}, ["us-gov", "partition"], id="from GovCloud"),
        pytest.param({"region": "ireland"}, ["ireland", "region"], id="malformed"),
        pytest.param({"destinations": [{"region": AWAY}, {"region": "eu-west-9"}]}, ["eu-west-9"], id="one of several"),
        pytest.param({"encrypted": False}, ["kms_key_id", "encrypted=false"], id="key without encryption"),
        pytest.param({"name": "a:b"}, ["a:b"], id="name"),
        pytest.param({"name": "{source_name}:{region}"}, ["plain-root:eu-west-1"], id="name that comes out wrong"),
        pytest.param({"deprecate_at": "2020-01-01T00:00:00Z"}, ["deprecate_at", "2020-01-01", "past"], id="long ago"),
        pytest.param({"deprecate_at": "2099-01-01T00:00:00Z"}, ["deprecate_at", "2099", "10 years"], id="far ahead"),
    ],
)
def test_requests(copy: Copy, look: Looking, options: dict[str, t.Any], words: list[str]) -> None:
    require_refused(copy("plain-root", **{"kms_key_id": "alias/golden", **options}), look, *words)


def test_credentials(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.faults.add("expired_token")
    expired = copy("plain-root", kms_key_id="alias/golden")
    assert expired.failed and "credentials expired" in expired.msg
    emulator.faults.clear()
    emulator.faults.add("clock_skew")
    skewed = copy("plain-root", kms_key_id="alias/golden")
    assert skewed.failed and "clock" in skewed.msg
    emulator.faults.clear()
    assert look.mutations() == []


def test_no_credentials_at_all(copy: Copy, look: Looking) -> None:
    result = copy("plain-root", kms_key_id="alias/golden", access_key=None, secret_key=None)
    assert result.failed and "credentials" in result.msg and "did not answer" not in result.msg
    result = copy("plain-root", kms_key_id="alias/golden", access_key=None, secret_key=None, profile="nobody")
    assert result.failed and "nobody" in result.msg and "Traceback" not in result.msg
    assert look.calls() == []
