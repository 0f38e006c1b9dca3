# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateVolume: parameters and which key the volume gets (§4.1's table, §4.2)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    PLAIN,
    a_key,
    a_snapshot,
    a_volume,
    an_alias,
    aws_managed_key,
    default_key,
    key_of,
    share_snapshot,
    tagged,
    tags_of,
)
from .keys import BAD_KEYS, disabled
from .place import GONE, Place, a_name, refused, settled, tampered, volume
from .rules import rule

SOURCES = ("empty", "plain", "shared plain", "own encrypted", "shared encrypted")


def a_source(kind: str, *, place: Place, other: Place, key: str) -> dict[str, t.Any]:
    """Return the parameters that make a volume from such a source; ``key`` is the encrypted ones'."""
    if kind == "empty":
        return {"Size": 1}
    owner = other if kind.startswith("shared") else place
    snapshot_id = a_snapshot(owner, key=key if kind.endswith("encrypted") else PLAIN)
    if owner is other:
        share_snapshot(other, snapshot_id, place)
    return {"SnapshotId": snapshot_id}


@pytest.mark.parametrize("by_default", [False, True], ids=["default-off", "default-on"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["omitted", "encrypted"])
@pytest.mark.parametrize("kind", SOURCES)
@rule("4.1 table", "EBS-enc")
def test_outcome_without_a_key(home: Place, other: Place, kind: str, encrypted: bool, by_default: bool) -> None:
    """Without a key: an own encrypted snapshot's key stays, a shared one's never; the rest gets the default, if any."""
    key = a_key(home) if kind == "own encrypted" else a_key(other, shared_with=home)
    source = a_source(kind, place=home, other=other, key=key)
    default = a_key(home)
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    if by_default:
        home.ec2.enable_ebs_encryption_by_default()
    found = volume(home, a_volume(home, key="default" if encrypted else PLAIN, **source))
    stays_plain = not kind.endswith("encrypted") and not encrypted and not by_default
    expected = key if kind == "own encrypted" else PLAIN if stays_plain else default
    assert found is not None and key_of(found) == expected


@pytest.mark.aws_safe
@pytest.mark.parametrize("kind", SOURCES)
@rule("4.1 table", "EBS-enc", "UG23-EBSEncryption")
def test_outcome_with_a_key(home: Place, other: Place, kind: str) -> None:
    """With Encrypted and a key it is that key, from whatever source; an alias shows as the key's ARN."""
    source_key = a_key(other, shared_with=home) if kind.startswith("shared") else a_key(home)
    key = a_key(home)
    source = a_source(kind, place=home, other=other, key=source_key)
    found = volume(home, a_volume(home, key=an_alias(home, key), **source))
    assert found is not None and key_of(found) == key


@pytest.mark.aws_safe
@rule("4.2 KmsKeyId", "ERR", "UG23-AMIEncryption")
def test_key_needs_encrypted(home: Place) -> None:
    """KmsKeyId without Encrypted is refused with InvalidParameterDependency, in these words."""
    words = "The parameter [KmsKeyId] requires the parameter Encrypted to be set."
    with refused("InvalidParameterDependency", says=words):
        home.ec2.create_volume(AvailabilityZone=home.zone, Size=1, KmsKeyId="alias/aws/ebs")


@pytest.mark.aws_safe
@rule("4.2 response", "M")
def test_response_shows_the_volume(home: Place) -> None:
    """CreateVolume answers with the volume: creating, of type gp2, and with the tags it was given."""
    made = home.ec2.create_volume(AvailabilityZone=home.zone, Size=1, TagSpecifications=tagged("volume", Kind="volume"))
    assert (made["State"], made["VolumeType"], made["Size"]) == ("creating", "gp2", 1)
    assert tags_of(made) == {"Kind": "volume"} and made["AvailabilityZone"] == home.zone


@pytest.mark.aws_safe
@rule("4.2 response", "M")
def test_size_is_the_snapshots_unless_given(home: Place) -> None:
    """A volume is as large as its snapshot unless told otherwise, and names it."""
    snapshot_id = a_snapshot(home, size=2)
    found = volume(home, a_volume(home, SnapshotId=snapshot_id)) or {}
    assert (found["Size"], found["SnapshotId"]) == (2, snapshot_id)
    assert (volume(home, a_volume(home, SnapshotId=snapshot_id, Size=3)) or {})["Size"] == 3


WRONG: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "neither size nor snapshot": ({}, ()),
    "absent snapshot": ({"SnapshotId": "snap-0123456789abcdef0"}, ("InvalidSnapshot.NotFound",)),
    "unknown type": ({"Size": 1, "VolumeType": "gp9"}, ("UnknownVolumeType", "InvalidParameterValue")),
    "IOPS for gp2": ({"Size": 100, "VolumeType": "gp2", "Iops": 300}, ()),
    "io1 without IOPS": ({"Size": 100, "VolumeType": "io1"}, ()),
    "io2 without IOPS": ({"Size": 100, "VolumeType": "io2"}, ()),
    "throughput too low": ({"Size": 100, "VolumeType": "gp3", "Throughput": 100}, ()),
    "throughput too high": ({"Size": 100, "VolumeType": "gp3", "Throughput": 2001}, ()),
    "rate without a snapshot": ({"Size": 1, "VolumeInitializationRate": 200}, ()),
    "throughput for gp2": ({"Size": 100, "VolumeType": "gp2", "Throughput": 125}, ()),
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("case", WRONG)
@rule("4.2 errors", "M", "ERR")
def test_wrong_parameters(home: Place, case: str) -> None:
    """What makes no volume is refused at once."""
    request, codes = WRONG[case]
    with refused(*codes):
        home.ec2.create_volume(AvailabilityZone=home.zone, **request)


@pytest.mark.aws_safe
@rule("4.2 errors", "ERR")
def test_unknown_zone(home: Place) -> None:
    """A zone that does not exist is refused with InvalidZone.NotFound."""
    with refused("InvalidZone.NotFound"):
        home.ec2.create_volume(AvailabilityZone="moon-west-1a", Size=1)


@pytest.mark.aws_safe
@rule("4.2 errors", "M")
def test_volume_is_not_smaller_than_its_snapshot(home: Place) -> None:
    """A volume cannot be smaller than its snapshot."""
    snapshot_id = a_snapshot(home, size=2)
    with refused():
        home.ec2.create_volume(AvailabilityZone=home.zone, SnapshotId=snapshot_id, Size=1)


@pytest.mark.aws_safe
@pytest.mark.parametrize("bad_key", BAD_KEYS, ids=lambda bad_key: bad_key.__name__)
@rule("4.2 bad key", "M", "ERR")
def test_bad_key_fails_later(home: Place, away: Place, bad_key: t.Callable[[Place, Place], str]) -> None:
    """A key that cannot be used is found out later: the volume vanishes or ends in error."""
    key = bad_key(home, away)
    made = home.ec2.create_volume(AvailabilityZone=home.zone, Size=1, Encrypted=True, KmsKeyId=key)
    assert made["State"] == "creating"
    assert settled(home, volume, made["VolumeId"])["State"] in (GONE["State"], "error")


@pytest.mark.emulator_only
@pytest.mark.parametrize("reading", ["vanishes", "error"])
@rule("4.2 bad key", "ERR")
def test_bad_key_under_both_readings(home: Place, away: Place, reading: str) -> None:
    """Whether the volume vanishes or ends in error is open."""
    home.target.configure(bad_key_volume=reading)
    key = disabled(home, away)
    made = home.ec2.create_volume(AvailabilityZone=home.zone, Size=1, Encrypted=True, KmsKeyId=key)
    expected = {"vanishes": GONE["State"], "error": "error"}[reading]
    assert settled(home, volume, made["VolumeId"])["State"] == expected


@pytest.mark.aws_safe
@rule("9 tokens", "M", "ERR")
def test_client_token(home: Place) -> None:
    """The same token and parameters give the same volume; other parameters IdempotentParameterMismatch."""
    request = {"AvailabilityZone": home.zone, "Size": 1, "ClientToken": a_name("token")}
    first = home.ec2.create_volume(**request)["VolumeId"]
    assert home.ec2.create_volume(**request)["VolumeId"] == first
    with refused("IdempotentParameterMismatch"):
        home.ec2.create_volume(**{**request, "Size": 2})


@pytest.mark.aws_safe
@rule("4.2 snapshots", "EBS-enc")
def test_snapshot_of_a_volume_has_its_key(home: Place) -> None:
    """A snapshot of a volume has the volume's key, and names the volume."""
    key = a_key(home)
    volume_id = a_volume(home, key=key)
    made = home.ec2.create_snapshot(VolumeId=volume_id, Description="made")
    assert (made["VolumeId"], made["State"], made["Description"]) == (volume_id, "pending", "made")
    assert key_of(made) == key and made["OwnerId"] == home.account_id


@pytest.mark.aws_safe
@rule("4.2 snapshots", "ERR")
def test_snapshot_of_an_absent_volume(home: Place) -> None:
    """A snapshot of a volume that does not exist is refused with InvalidVolume.NotFound."""
    with refused("InvalidVolume.NotFound"):
        home.ec2.create_snapshot(VolumeId="vol-0123456789abcdef0")


@rule("6 existing volumes", "M")
def test_settings_do_not_reach_existing_volumes(home: Place) -> None:
    """Encryption by default does not change volumes that exist, nor their snapshots."""
    volume_id = a_volume(home)
    home.ec2.enable_ebs_encryption_by_default()
    assert (volume(home, volume_id) or {})["Encrypted"] is False
    assert home.ec2.create_snapshot(VolumeId=volume_id)["Encrypted"] is False


@pytest.mark.aws_safe
@rule("4.1 table", "EBS-enc")
def test_default_key_is_the_accounts(home: Place) -> None:
    """With Encrypted alone an empty volume gets the default key, which is aws/ebs unless changed."""
    found = volume(home, a_volume(home, key="default")) or {}
    assert key_of(found) == default_key(home)
    assert default_key(home) == aws_managed_key(home)


@pytest.mark.aws_safe
@rule("refusal UnknownParameter", "ERR")
def test_unknown_parameter(home: Place) -> None:
    """A parameter that CreateVolume does not know is refused."""
    with refused("UnknownParameter"), tampered(home.ec2, "CreateVolume", KmsKey="alias/aws/ebs"):
        home.ec2.create_volume(AvailabilityZone=home.zone, Size=1)


@rule("4.2 rate", "M")
@pytest.mark.parametrize(("rate", "taken"), [(99, False), (100, True), (300, True), (301, False)])
def test_the_rate_of_initialization(home: Place, rate: int, taken: bool) -> None:
    """The blocks of a snapshot come at 100 to 300 MiB/s, if anything is said of it."""
    request = {"AvailabilityZone": home.zone, "SnapshotId": a_snapshot(home), "VolumeInitializationRate": rate}
    if taken:
        assert home.ec2.create_volume(**request)["VolumeId"]
        return
    with refused():
        home.ec2.create_volume(**request)
