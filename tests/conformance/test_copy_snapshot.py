# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopySnapshot: parameters, errors that come later, and what the copy is (§2)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    a_key,
    a_snapshot,
    a_volume,
    copied_snapshot,
    copy_snapshot,
    share_snapshot,
    snapshot_of,
    tagged,
    tags_of,
)
from .keys import BAD_KEYS, absent_alias
from .place import Place, nothing_created, own_ids, refused, settled, snapshot, tampered
from .rules import rule

NOT_ACCESSIBLE = "Given key ID is not accessible"
KEY_WITHOUT_ENCRYPTION = ("InvalidParameterDependency", "InvalidParameterCombination", "InvalidRequest")


def outcome(place: Place, source_id: str, source: Place | None = None, **request: t.Any) -> str:
    """Return how a copy ends that AWS may refuse at once or later: a code, a state, and the message."""
    try:
        copy_id = copy_snapshot(place, source_id, source, **request)
    except place.ec2.exceptions.ClientError as error:
        return f"refused {error.response['Error']['Code']}"
    found = settled(place, snapshot, copy_id)
    return f"{found['State']} {found.get('StateMessage', '')}"


@pytest.mark.aws_safe
@rule("2 response", "M")
def test_response_has_the_id_and_the_tags(home: Place) -> None:
    """CopySnapshot answers with the new snapshot's id and its tags."""
    response = home.ec2.copy_snapshot(
        SourceSnapshotId=a_snapshot(home), SourceRegion=home.region, TagSpecifications=tagged("snapshot", Kind="copy")
    )
    assert response["SnapshotId"].startswith("snap-") and tags_of(response) == {"Kind": "copy"}


@pytest.mark.aws_safe
@pytest.mark.parametrize("missing", ["SourceRegion", "SourceSnapshotId"])
@rule("2 required", "M", "ERR")
def test_required_parameters(home: Place, missing: str) -> None:
    """SourceRegion and SourceSnapshotId are required."""
    request = {"SourceRegion": home.region, "SourceSnapshotId": "snap-0123456789abcdef0"}
    del request[missing]
    absent = {"SourceRegion": "PresignedUrl"}.get(missing, missing)
    with nothing_created(home), refused("MissingParameter"):
        call_without(home, absent, request)


def call_without(place: Place, absent: str, request: dict[str, str]) -> None:
    """Send a CopySnapshot; botocore signs a URL from SourceRegion, which must therefore be taken out on the wire."""
    if absent != "PresignedUrl":
        place.raw_ec2.copy_snapshot(**request)
        return

    def drop(params: dict[str, t.Any], **_: t.Any) -> None:
        for name in ("SourceRegion", "PresignedUrl"):
            params["body"].pop(name, None)

    place.raw_ec2.meta.events.register("before-call.ec2.CopySnapshot", drop)
    try:
        place.raw_ec2.copy_snapshot(SourceRegion=place.region, **request)
    finally:
        place.raw_ec2.meta.events.unregister("before-call.ec2.CopySnapshot", drop)


@pytest.mark.aws_safe
@rule("2 ClientToken", "M")
def test_there_is_no_client_token(home: Place) -> None:
    """CopySnapshot knows no ClientToken, not even on the wire."""
    source = a_snapshot(home)
    with nothing_created(home), refused("UnknownParameter"), tampered(home.ec2, "CopySnapshot", ClientToken="once"):
        copy_snapshot(home, source)


@pytest.mark.aws_safe
@rule("2 ClientToken", "M")
def test_a_repeated_call_makes_a_second_copy(home: Place) -> None:
    """Without a token the same call twice makes two snapshots."""
    source = a_snapshot(home)
    assert copy_snapshot(home, source) != copy_snapshot(home, source)


@pytest.mark.aws_safe
@rule("2 PresignedUrl", "B", "M")
def test_presigned_url_of_botocore_is_accepted(home: Place, away: Place) -> None:
    """Across regions botocore adds PresignedUrl and DestinationRegion by itself, and AWS takes them."""
    sent: list[set[str]] = []

    def spy(params: dict[str, t.Any], **_: t.Any) -> None:
        sent.append(set(params["body"]))

    source = a_snapshot(home)
    away.ec2.meta.events.register("before-call.ec2.CopySnapshot", spy)
    try:
        assert copied_snapshot(away, source, home)["State"] == "completed"
    finally:
        away.ec2.meta.events.unregister("before-call.ec2.CopySnapshot", spy)
    assert sent[0] >= {"PresignedUrl", "DestinationRegion"}


@pytest.mark.aws_safe
@rule("2 Encrypted", "M")
def test_encrypted_cannot_be_taken_back(home: Place) -> None:
    """Encrypted=false never makes a plain copy of an encrypted snapshot."""
    source = a_snapshot(home, key=DEFAULT_KEY)
    try:
        copy_id = copy_snapshot(home, source, Encrypted=False)
    except home.ec2.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    else:
        assert snapshot_of(home, copy_id)["Encrypted"] is True


@pytest.mark.emulator_only
@pytest.mark.parametrize("key", [PLAIN, DEFAULT_KEY], ids=["plain-source", "encrypted-source"])
@pytest.mark.parametrize("reading", ["error", "ignored"])
@rule("2 Encrypted", "M")
def test_encrypted_false_under_both_readings(home: Place, key: str | None, reading: str) -> None:
    """Whether Encrypted=false is an error, or ignored, is open."""
    home.target.configure(copy_snapshot_explicit_false=reading)
    source = a_snapshot(home, key=key)
    if reading == "error":
        with nothing_created(home), refused():
            copy_snapshot(home, source, Encrypted=False)
    else:
        assert copied_snapshot(home, source, Encrypted=False)["Encrypted"] is (key is not PLAIN)


@pytest.mark.parametrize("by_default", [False, True], ids=["default-off", "default-on"])
@rule("2 KmsKeyId", "UG23-ebs-copy-snapshot", "M")
def test_key_needs_encrypted(home: Place, by_default: bool) -> None:
    """KmsKeyId needs Encrypted=true, even where encryption by default is on."""
    source, key = a_snapshot(home), a_key(home)
    if by_default:
        home.ec2.enable_ebs_encryption_by_default()
    with nothing_created(home), refused(*KEY_WITHOUT_ENCRYPTION):
        copy_snapshot(home, source, KmsKeyId=key)


@pytest.mark.aws_safe
@rule("2 missing source", "OBS", "ERR")
def test_absent_source(home: Place) -> None:
    """A source that is not there is found out later, or refused with InvalidSnapshot.NotFound."""
    found = outcome(home, "snap-0123456789abcdef0")
    assert found in ("error Source snapshot is not found", "refused InvalidSnapshot.NotFound")


@pytest.mark.aws_safe
@rule("2 missing source", "OBS", "ERR")
def test_source_of_another_account(home: Place, other: Place) -> None:
    """A snapshot that is not shared with us is as good as absent."""
    found = outcome(home, a_snapshot(other))
    assert found in ("error Source snapshot is not found", "refused InvalidSnapshot.NotFound", "refused AuthFailure")


@pytest.mark.aws_safe
@rule("2 missing source", "OBS", "ERR")
def test_malformed_source(home: Place) -> None:
    """A source that is no snapshot id is refused or ends in error."""
    found = outcome(home, "snapshot-1")
    assert found.startswith("error ") or found in (
        "refused InvalidSnapshotID.Malformed",
        "refused InvalidParameterValue",
    )


@pytest.mark.aws_safe
@pytest.mark.parametrize("bad_key", BAD_KEYS, ids=lambda bad_key: bad_key.__name__)
@rule("2 bad key", "EBS-copy", "OBS", "M")
def test_bad_key_fails_later(home: Place, away: Place, bad_key: t.Callable[[Place, Place], str]) -> None:
    """A key that cannot be used is found out later, and the snapshot says so."""
    key = bad_key(home, away)
    copy_id = copy_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=key)
    found = settled(home, snapshot, copy_id)
    assert found["State"] == "error" and NOT_ACCESSIBLE in found["StateMessage"]


@pytest.mark.aws_safe
@rule("2 bad key", "EBS-copy")
def test_source_whose_key_is_not_shared(home: Place, other: Place) -> None:
    """A shared snapshot whose key is not shared cannot be copied, which is found out later."""
    source = a_snapshot(other, key=a_key(other))
    share_snapshot(other, source, home)
    assert NOT_ACCESSIBLE in outcome(home, source, Encrypted=True, KmsKeyId=a_key(home))


@rule("2 bad key", "EBS-copy")
def test_key_disabled_while_copying(home: Place) -> None:
    """A key that is disabled while the copy runs makes it end in error."""
    key = a_key(home)
    copy_id = copy_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=key)
    home.kms.disable_key(KeyId=key)
    found = settled(home, snapshot, copy_id)
    assert found["State"] == "error" and NOT_ACCESSIBLE in found["StateMessage"]


@pytest.mark.aws_safe
@rule("2 source state", "M")
def test_pending_source(home: Place) -> None:
    """A source must be completed: a copy of a pending one is refused or ends in error."""
    pending = str(home.ec2.create_snapshot(VolumeId=a_volume(home))["SnapshotId"])
    assert outcome(home, pending).startswith(("refused", "error"))


@pytest.mark.aws_safe
@rule("2 tags", "M")
def test_tags_are_not_copied(home: Place) -> None:
    """The tags of the source stay behind."""
    source = a_snapshot(home, TagSpecifications=tagged("snapshot", Team="os"))
    assert tags_of(copied_snapshot(home, source)) == {}


@pytest.mark.aws_safe
@rule("2 tags", "M")
def test_only_snapshots_can_be_tagged(home: Place) -> None:
    """TagSpecifications for anything but snapshot make the request fail."""
    source = a_snapshot(home)
    with nothing_created(home), refused():
        copy_snapshot(home, source, TagSpecifications=tagged("image", Kind="image"))


@pytest.mark.aws_safe
@rule("2 VolumeId", "M")
def test_volume_of_a_copy_means_nothing(home: Place) -> None:
    """The volume id of a copy is arbitrary: never the source's."""
    source = snapshot_of(home, a_snapshot(home))
    assert copied_snapshot(home, source["SnapshotId"])["VolumeId"] != source["VolumeId"]


@pytest.mark.aws_safe
@rule("2 permissions", "P#3761")
def test_permissions_are_not_copied(home: Place, other: Place) -> None:
    """Who may use the source may not use the copy."""
    source = a_snapshot(home)
    share_snapshot(home, source, other)
    copy_id = copied_snapshot(home, source)["SnapshotId"]
    shown = home.ec2.describe_snapshot_attribute(SnapshotId=copy_id, Attribute="createVolumePermission")
    assert shown["CreateVolumePermissions"] == []


@pytest.mark.aws_safe
@pytest.mark.parametrize("minutes", [1, 20, 2895])
@rule("2 CompletionDurationMinutes", "EBS-time", "M")
def test_completion_duration_must_be_a_multiple_of_15(home: Place, minutes: int) -> None:
    """A time-based copy takes a multiple of 15 minutes, at most 48 hours."""
    source = a_snapshot(home)
    with nothing_created(home), refused():
        home.raw_ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=home.region, CompletionDurationMinutes=minutes)


@rule("2 CompletionDurationMinutes", "EBS-time", "M")
def test_time_based_copies_say_so(home: Place) -> None:
    """TransferType and CompletionDurationMinutes tell a time-based copy from a standard one."""
    source = a_snapshot(home)
    timed = copied_snapshot(home, source, CompletionDurationMinutes=30)
    assert (timed["TransferType"], timed["CompletionDurationMinutes"]) == ("time-based", 30)
    assert copied_snapshot(home, source).get("TransferType", "standard") == "standard"


@pytest.mark.aws_safe
@rule("2 DryRun", "M")
def test_dry_run(home: Place) -> None:
    """A dry run that would succeed is refused with DryRunOperation."""
    source = a_snapshot(home)
    with nothing_created(home), refused("DryRunOperation", status=None):
        copy_snapshot(home, source, DryRun=True)


@pytest.mark.aws_safe
@rule("2 failed copies", "OBS")
def test_failed_copies_remain_until_deleted(home: Place) -> None:
    """A copy that ended in error stays until it is deleted."""
    copy_id = copy_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=absent_alias(home, home))
    assert settled(home, snapshot, copy_id)["State"] == "error"
    assert copy_id in own_ids(home)
    home.ec2.delete_snapshot(SnapshotId=copy_id)
    assert copy_id not in own_ids(home)
