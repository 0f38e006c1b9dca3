# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local Zones and Outposts as places of snapshots: what can be copied where, and under which key (§21)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    INSTANCE_TYPE,
    PLAIN,
    ROOT,
    a_key,
    a_snapshot,
    a_volume,
    an_image,
    copied,
    copied_snapshot,
    copy,
    copy_snapshot,
    image_of,
    key_of,
    keys_of,
    reached,
    settled,
    snapshot_ids,
    snapshot_of,
    snapshots_of,
)
from .place import Place, a_name, image, nothing_created, refused, snapshot, volume
from .rules import rule
from .target import SELF

Request = dict[str, t.Any]
# Two zones of one group, one of another group, and one of another Region.
FIRST, SECOND, ELSEWHERE, ABROAD = "us-west-2-lax-1a", "us-west-2-lax-1b", "us-west-2-las-1a", "us-east-1-bos-1a"
REGION = "region"


@pytest.fixture
def west(home: Place) -> Place:
    """Our account in a region with several Local Zones, which it has enabled."""
    place = Place(home.target, SELF, "us-west-2")
    for zone in (FIRST, ELSEWHERE):
        opt_in(place, zone)
    opt_in(home, ABROAD)
    return place


def opt_in(place: Place, zone: str) -> None:
    """Enable the group of a Local Zone."""
    place.ec2.modify_availability_zone_group(GroupName=zone[:-1], OptInStatus="opted-in")


def outpost(place: Place) -> str:
    """Return the ARN of an Outpost of the region."""
    return f"arn:aws:outposts:{place.region}:{place.account_id}:outpost/op-0123456789abcdef0"


def to(place: Place, where: str) -> Request:
    """Return the parameter of a copy that names the destination."""
    if where == REGION:
        return {}
    return {"DestinationOutpostArn": outpost(place)} if where == "outpost" else {"DestinationAvailabilityZone": where}


def where_is(found: t.Mapping[str, t.Any]) -> str:
    """Tell where a snapshot lies."""
    return str(found.get("AvailabilityZone") or ("outpost" if found.get("OutpostArn") else REGION))


@rule("21 zones", "M8")
def test_local_zones_are_listed_once_they_are_enabled(home: Place) -> None:
    """Local Zones are shown on request, or once the account has enabled their group, with their parent zone."""
    before = {one["ZoneName"]: one for one in home.ec2.describe_availability_zones()["AvailabilityZones"]}
    every = home.ec2.describe_availability_zones(AllAvailabilityZones=True)["AvailabilityZones"]
    statuses = {one["ZoneName"]: one["OptInStatus"] for one in every}
    assert ABROAD not in before and statuses[ABROAD] == "not-opted-in"
    assert {one["OptInStatus"] for one in before.values()} == {"opt-in-not-required"}
    with refused():
        home.ec2.describe_availability_zones(ZoneNames=[ABROAD])
    opt_in(home, ABROAD)
    [found] = home.ec2.describe_availability_zones(ZoneNames=[ABROAD])["AvailabilityZones"]
    assert (found["ZoneType"], found["OptInStatus"], found["GroupName"]) == ("local-zone", "opted-in", ABROAD[:-1])
    assert before[found["ParentZoneName"]]["ZoneId"] == found["ParentZoneId"]


@rule("21 zones", "M8")
def test_zones_are_filtered_by_type_and_never_disabled(home: Place) -> None:
    """The filter zone-type tells Local Zones from the region's own; a group cannot be disabled by the account."""
    opt_in(home, ABROAD)
    by_type = {"Name": "zone-type", "Values": ["local-zone"]}
    found = home.ec2.describe_availability_zones(Filters=[by_type])["AvailabilityZones"]
    assert [one["ZoneName"] for one in found] == [ABROAD]
    with refused():
        home.ec2.modify_availability_zone_group(GroupName=ABROAD[:-1], OptInStatus="not-opted-in")
    with refused():
        home.ec2.modify_availability_zone_group(GroupName="us-east-1-none-1", OptInStatus="opted-in")


# From where, to where (both in the region of the call, but for "abroad"), and whether CopyImage and CopySnapshot do it.
MATRIX = [
    pytest.param(REGION, FIRST, True, True, id="region to zone"),
    pytest.param(REGION, "outpost", True, True, id="region to outpost"),
    pytest.param(FIRST, REGION, True, True, id="zone to region"),
    pytest.param(FIRST, SECOND, True, True, id="zone to zone of its group"),
    pytest.param(FIRST, ELSEWHERE, False, False, id="zone to zone of another group"),
    pytest.param(FIRST, FIRST, False, True, id="within a zone"),
    pytest.param(FIRST, "outpost", False, False, id="zone to outpost"),
    pytest.param("outpost", REGION, False, False, id="outpost to region"),
    pytest.param("outpost", FIRST, False, False, id="outpost to zone"),
    pytest.param("outpost", "outpost", False, False, id="within an outpost"),
]


@pytest.mark.parametrize(("source", "wanted", "by_image", "by_snapshot"), MATRIX)
@rule("21 matrix", "M8", "EBS-lz")
def test_copies_of_images_by_place(west: Place, source: str, wanted: str, by_image: bool, by_snapshot: bool) -> None:
    """Images go to Local Zones and Outposts of the region, and back from Local Zones; snapshots say where they lie."""
    del by_snapshot
    image_id = copied(west, an_image(west), **to(west, source))["ImageId"] if source != REGION else an_image(west)
    if by_image:
        found = snapshots_of(west, copied(west, image_id, **to(west, wanted)))
        assert [where_is(one) for one in found.values()] == [wanted]
    else:
        with nothing_created(west), refused():
            copy(west, image_id, **to(west, wanted))


@pytest.mark.parametrize(("source", "wanted", "by_image", "by_snapshot"), MATRIX)
@rule("21 matrix", "M8", "EBS-lz")
def test_copies_of_snapshots_by_place(west: Place, source: str, wanted: str, by_image: bool, by_snapshot: bool) -> None:
    """Snapshots go the same ways as images, and besides within a Local Zone."""
    del by_image
    first = a_snapshot(west)
    if source != REGION:
        first = copied_snapshot(west, first, **to(west, source))["SnapshotId"]
    if by_snapshot:
        assert where_is(copied_snapshot(west, first, **to(west, wanted))) == wanted
    else:
        with nothing_created(west), refused():
            copy_snapshot(west, first, **to(west, wanted))


@rule("21 matrix", "M8")
def test_local_copies_stay_in_their_region(home: Place, west: Place) -> None:
    """From a Local Zone nothing is copied to another region, and into one, or onto an Outpost, from its own only."""
    regional, local = an_image(west), copied(west, an_image(west), **to(west, FIRST))["ImageId"]
    [regional_part], [local_part] = (list(snapshot_ids(image_of(west, one)).values()) for one in (regional, local))
    for where in (ABROAD, "outpost", REGION):
        with nothing_created(home), refused():
            copy(home, local, west, **to(home, where))
        with nothing_created(home), refused():
            copy_snapshot(home, local_part, west, **to(home, where))
    for where in (ABROAD, "outpost"):
        with nothing_created(home), refused():
            copy(home, regional, west, **to(home, where))
        with nothing_created(home), refused():
            copy_snapshot(home, regional_part, west, **to(home, where))


@pytest.mark.emulator_only
@pytest.mark.parametrize(("between", "allowed"), [("none", ()), ("group", (SECOND,)), ("parent", (SECOND, ELSEWHERE))])
@rule("21 matrix", "M8")
def test_which_local_zones_exchange_images_under_every_reading(
    west: Place, between: str, allowed: tuple[str, ...]
) -> None:
    """Between which Local Zones of a region images are copied is open: only "certain" ones do it."""
    west.target.configure(local_zone_copies_between=between)
    local = copied(west, an_image(west), **to(west, FIRST))["ImageId"]
    for wanted in (SECOND, ELSEWHERE):
        if wanted in allowed:
            assert copied(west, local, **to(west, wanted))["State"] == "available"
        else:
            with refused():
                copy(west, local, **to(west, wanted))


@rule("21 destinations", "M8")
def test_destinations_have_to_be_there_and_enabled(home: Place) -> None:
    """A destination is a Local Zone that the account has enabled, by name or id, or an Outpost of the region."""
    source, [part] = an_image(home), [a_snapshot(home)]
    elsewhere = outpost(home).replace(home.region, "us-west-2")
    wrong: list[Request] = [
        {"DestinationAvailabilityZone": ABROAD},
        {"DestinationAvailabilityZone": home.zone},
        {"DestinationAvailabilityZone": "us-east-1-none-1a"},
        {"DestinationOutpostArn": elsewhere},
    ]
    for request in wrong:
        with nothing_created(home), refused():
            copy(home, source, **request)
        with nothing_created(home), refused():
            copy_snapshot(home, part, **request)
    opt_in(home, ABROAD)
    [zone] = home.ec2.describe_availability_zones(ZoneNames=[ABROAD])["AvailabilityZones"]
    [made] = snapshots_of(home, copied(home, source, DestinationAvailabilityZoneId=zone["ZoneId"])).values()
    assert made["AvailabilityZone"] in (ABROAD, zone["ZoneId"])


@pytest.mark.parametrize("where", [FIRST, "outpost"])
@rule("21 time-based", "M8")
def test_local_copies_have_no_completion_duration(west: Place, where: str) -> None:
    """Neither to nor from a Local Zone, nor to an Outpost, is a copy time-based."""
    source, part = an_image(west), a_snapshot(west)
    with nothing_created(west), refused():
        copy(west, source, SnapshotCopyCompletionDurationMinutes=15, **to(west, where))
    with nothing_created(west), refused():
        copy_snapshot(west, part, CompletionDurationMinutes=15, **to(west, where))
    if where == FIRST:
        local = copied(west, source, **to(west, where))["ImageId"]
        with nothing_created(west), refused():
            copy(west, local, SnapshotCopyCompletionDurationMinutes=15)


@rule("21 encryption", "M8", "UG23-snapshots-outposts")
def test_outposts_are_always_encrypted(home: Place) -> None:
    """What is copied onto an Outpost is encrypted, under the region's default key if none is given."""
    source, part, key = an_image(home), a_snapshot(home), a_key(home)
    default = home.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    expected = home.kms.describe_key(KeyId=default)["KeyMetadata"]["Arn"]
    assert keys_of(home, copied(home, source, **to(home, "outpost"))) == {ROOT: expected}
    assert key_of(copied_snapshot(home, part, **to(home, "outpost"))) == expected
    given: Request = {"Encrypted": True, "KmsKeyId": key}
    assert keys_of(home, copied(home, source, **given, **to(home, "outpost"))) == {ROOT: key}


@pytest.mark.emulator_only
@pytest.mark.parametrize("required", [True, False])
@rule("21 encryption", "M8")
def test_encryption_in_local_zones_under_both_readings(west: Place, required: bool) -> None:
    """Some Local Zones require encrypted snapshots, which then come so; in others they are as they were."""
    west.target.configure(local_zone_requires_encryption=required)
    source = an_image(west)
    [plain] = keys_of(west, copied(west, source, **to(west, FIRST))).values()
    assert (plain is not PLAIN) == required
    key = a_key(west)
    assert keys_of(west, copied(west, an_image(west, root=key), **to(west, FIRST))) == {ROOT: key}


@rule("21 key is final", "EBS-lz", "UG23-snapshots-outposts")
def test_volumes_keep_the_key_of_local_snapshots(west: Place) -> None:
    """A volume of a local snapshot has its key; another one is refused, and it is made in the same Local Zone only."""
    key, other = a_key(west), a_key(west)
    local = copied_snapshot(west, a_snapshot(west), Encrypted=True, KmsKeyId=key, **to(west, FIRST))["SnapshotId"]
    request = {"SnapshotId": local, "AvailabilityZone": FIRST}
    made = west.ec2.create_volume(**request)
    assert settled(west, volume, made["VolumeId"])["KmsKeyId"] == key
    assert west.ec2.create_volume(**request, Encrypted=True, KmsKeyId=key)["KmsKeyId"] == key
    with refused():
        west.ec2.create_volume(**request, Encrypted=True, KmsKeyId=other)
    for zone in (west.zone, SECOND):
        with refused():
            west.ec2.create_volume(SnapshotId=local, AvailabilityZone=zone)


def a_subnet(place: Place, zone: str) -> str:
    """Make a subnet in the zone and return its id."""
    vpc = place.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = place.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone=zone)
    return str(subnet["Subnet"]["SubnetId"])


def launched(place: Place, image_id: str, subnet: str, **ebs: t.Any) -> str:
    """Launch an instance in the subnet and return its id."""
    mappings = {"BlockDeviceMappings": [{"DeviceName": ROOT, "Ebs": ebs}]} if ebs else {}
    request = {"InstanceType": INSTANCE_TYPE, "SubnetId": subnet, "MinCount": 1, "MaxCount": 1, **mappings}
    return str(place.ec2.run_instances(ImageId=image_id, **request)["Instances"][0]["InstanceId"])


@rule("21 key is final", "EBS-lz")
def test_a_launch_in_a_local_zone_cannot_change_the_key(west: Place) -> None:
    """An image in a Local Zone is launched there only, under the key of its copy."""
    key, other = a_key(west), a_key(west)
    local = copied(west, an_image(west), Encrypted=True, KmsKeyId=key, **to(west, FIRST))["ImageId"]
    subnet = a_subnet(west, FIRST)
    with refused():
        launched(west, local, subnet, Encrypted=True, KmsKeyId=other)
    with refused():
        west.ec2.run_instances(ImageId=local, InstanceType=INSTANCE_TYPE, MinCount=1, MaxCount=1)
    found = reached(west, launched(west, local, subnet), "running")
    [mapping] = found["BlockDeviceMappings"]
    assert key_of(settled(west, volume, mapping["Ebs"]["VolumeId"])) == key


@rule("21 local snapshots", "M8", "EBS-lz")
def test_volumes_in_local_zones_have_local_or_regional_snapshots(west: Place) -> None:
    """Location says where a snapshot of a volume in a Local Zone lies, by itself in the region, for a volume's life."""
    made = west.ec2.create_volume(AvailabilityZone=FIRST, Size=1)
    settled(west, volume, made["VolumeId"])
    local = west.ec2.create_snapshot(VolumeId=made["VolumeId"], Location="local")["SnapshotId"]
    assert where_is(settled(west, snapshot, local)) == FIRST
    with refused():
        west.ec2.create_snapshot(VolumeId=made["VolumeId"])
    another = west.ec2.create_volume(AvailabilityZone=FIRST, Size=1)["VolumeId"]
    settled(west, volume, another)
    assert where_is(settled(west, snapshot, west.ec2.create_snapshot(VolumeId=another)["SnapshotId"])) == REGION
    with refused():
        west.ec2.create_snapshot(VolumeId=a_volume(west), Location="local")


@rule("21 local snapshots", "M8")
def test_images_of_instances_in_local_zones(west: Place) -> None:
    """CreateImage of an instance in a Local Zone makes regional snapshots, or local ones if asked."""
    regional = an_image(west)
    subnet = a_subnet(west, FIRST)
    for location, where in (("local", FIRST), ("regional", REGION), ("", REGION)):
        asked = {"SnapshotLocation": location} if location else {}
        instance_id = launched(west, regional, subnet)
        reached(west, instance_id, "running")
        made = west.ec2.create_image(InstanceId=instance_id, Name=a_name(), NoReboot=True, **asked)["ImageId"]
        assert settled(west, image, made)["State"] == "available"
        assert [where_is(one) for one in snapshots_of(west, image_of(west, made)).values()] == [where]
    at_home = west.ec2.run_instances(ImageId=regional, InstanceType=INSTANCE_TYPE, MinCount=1, MaxCount=1)
    instance_id = at_home["Instances"][0]["InstanceId"]
    reached(west, instance_id, "running")
    with refused():
        west.ec2.create_image(InstanceId=instance_id, Name=a_name(), SnapshotLocation="local")


@pytest.mark.parametrize("where", [ABROAD, "outpost"])
@rule("21 local snapshots", "EBS-lz", "EBS-lock", "UG23-snapshots-outposts")
def test_what_local_snapshots_cannot(home: Place, other: Place, where: str) -> None:
    """Local snapshots have no Recycle Bin and no archive; on Outposts they cannot be shared or locked either."""
    opt_in(home, ABROAD)
    rbin = home.target.client("rbin", region=home.region, account=home.account)
    period = {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}
    rbin.create_rule(ResourceType="EBS_SNAPSHOT", RetentionPeriod=period)
    local = copied_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=a_key(home), **to(home, where))
    snapshot_id = local["SnapshotId"]
    with refused():
        home.ec2.modify_snapshot_tier(SnapshotId=snapshot_id, StorageTier="archive")
    share = {"OperationType": "add", "UserIds": [other.account_id], "Attribute": "createVolumePermission"}
    lock = {"LockMode": "governance", "LockDuration": 1}
    if where == "outpost":
        with refused():
            home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, **share)
        with refused():
            home.ec2.lock_snapshot(SnapshotId=snapshot_id, **lock)
    else:
        home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, **share)
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)
    assert home.ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []


@rule("21 local images", "M8", "EBS-lz")
def test_images_and_their_local_snapshots_go_for_good(home: Place) -> None:
    """The snapshots of a local image go with it, past the Recycle Bin; nothing on the image says where it lies."""
    opt_in(home, ABROAD)
    regional = an_image(home, root=DEFAULT_KEY)
    local = copied(home, regional, **to(home, ABROAD))
    assert set(local) == set(copied(home, regional))
    [part] = snapshot_ids(local).values()
    answer = home.ec2.deregister_image(ImageId=local["ImageId"], DeleteAssociatedSnapshots=True)
    assert [one["ReturnCode"] for one in answer["DeleteSnapshotResults"]] == ["success"]
    assert snapshot(home, part) is None and snapshot_of(home, *snapshot_ids(image_of(home, regional)).values())
