# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of AWS against botocore's and the gateway's reading of them.

``answers`` holds examples of the AWS CLI's reference (facts only, in wire form, every id replaced); ``odd`` holds what
recordings showed to occur beside them (aws_rules §25). What is expected is read from the files by other means.
"""

from __future__ import annotations

import json
import re
import typing as t

import boto3
import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws import (
    attributes,
    audit,
    connection,
    errors,
    images,
    instances,
    keys,
    register,
    snapshots,
    volumes,
)
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Region

from .harness import Recorded, Replay, recorded, replaying

ANSWERS, ODD = recorded("answers"), recorded("odd")


@pytest.fixture(scope="module")
def server() -> t.Iterator[Replay]:
    with replaying() as found:
        yield found


@pytest.fixture(scope="module")
def region(server: Replay) -> Region:
    session = boto3.Session("AKIA0000123456789012", "replayed", region_name="us-east-1")
    return connection.Connection(session, endpoint_url=server.url).region("us-east-1")


def ids(found: Recorded, tag: str) -> set[str]:
    """Return the texts of an element, read without a parser."""
    return set(re.findall(rf"<{tag}>([^<]+)</{tag}>", found.text))


def named(answers: list[Recorded], action: str) -> list[t.Any]:
    """Return the successful answers to an action, as parameters."""
    return [
        pytest.param(one, id=one.path.stem)
        for one in answers
        if one.action == action and one.path.suffix and one.status == 200
    ]


def test_there_are_enough_examples() -> None:
    assert len(ANSWERS) >= 40
    assert len({one.action for one in ANSWERS}) >= 30


@pytest.mark.parametrize("answer", [pytest.param(one, id=one.path.stem) for one in ANSWERS])
def test_botocore_reads_every_text_of_an_example(server: Replay, region: Region, answer: Recorded) -> None:
    """Whatever text is in the answer is found in what boto3 returns: the file is in AWS's own form."""
    server.answer = answer
    client = region.kms if answer.service == "kms" else region.ec2
    parsed = client._make_api_call(answer.action, _anything(client.meta.service_model.operation_model(answer.action)))
    shown = json.dumps(parsed, default=str, ensure_ascii=False)
    # Times and numbers have another form in Python; words have none.
    texts = re.findall(r">([A-Za-z][^<&]*)<" if answer.path.suffix == ".xml" else r': "([A-Za-z][^"\\]*)"', answer.text)
    missing = [text for text in texts if text.strip() and text not in shown and text not in ("true", "false")]
    assert not missing


def _anything(model: t.Any) -> dict[str, t.Any]:
    """Return a value for each required parameter, as the server looks at none."""
    shape = model.input_shape
    return {name: _value(shape.members[name]) for name in (shape.required_members if shape else ())}


def _value(shape: t.Any) -> t.Any:
    if shape.type_name == "structure":
        return {name: _value(shape.members[name]) for name in shape.required_members}
    plain: dict[str, t.Any] = {"list": [], "integer": 1, "boolean": True, "timestamp": "2026-11-26T00:00:00Z"}
    return plain.get(shape.type_name, (getattr(shape, "enum", None) or ["xxx"])[0])


@pytest.mark.parametrize("answer", named(ANSWERS + ODD, "DescribeImages"))
def test_images(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    found = images.describe_images(region, [])
    assert {image.image_id for image in found} == ids(answer, "imageId")
    assert {device.snapshot_id for image in found for device in image.devices if device.snapshot_id} == ids(
        answer, "snapshotId"
    )
    assert {image.root_device_name for image in found if image.root_device_name} == ids(answer, "rootDeviceName")


@pytest.mark.parametrize("answer", named(ANSWERS + ODD, "DescribeSnapshots"))
def test_snapshots(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    found = snapshots.find_snapshots(region, ["snap-1"])
    assert set(found) == ids(answer, "snapshotId")
    assert {one.kms_key_arn for one in found.values() if one.kms_key_arn} == ids(answer, "kmsKeyId")
    assert {one.state for one in found.values()} == ids(answer, "status")


@pytest.mark.parametrize("answer", named(ANSWERS + ODD, "DescribeInstances"))
def test_instances(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    [instance_id] = ids(answer, "instanceId")
    found = instances.find_instance(region, instance_id)
    assert found is not None and found.instance_id == instance_id


@pytest.mark.parametrize("answer", named(ODD, "DescribeVolumes"))
def test_volumes(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    assert set(volumes.find_volumes(region, ["vol-1"])) == set(
        re.findall(r"<volumeId>(vol-\w+)</volumeId><size>", answer.text)
    )


@pytest.mark.parametrize("answer", named(ANSWERS + ODD, "DescribeKey"))
def test_keys(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    metadata = json.loads(answer.text)["KeyMetadata"]
    found = keys.describe_key(region, "x")
    assert (found.arn, found.state) == (metadata["Arn"], metadata["KeyState"])


@pytest.mark.parametrize("answer", named(ANSWERS + ODD, "ListAliases"))
def test_aliases(server: Replay, region: Region, answer: Recorded) -> None:
    server.answer = answer
    _aliases_of, refusal = audit.list_aliases(region)
    assert refusal is None


def test_single_facts(server: Replay, region: Region) -> None:
    """Encryption by default, zones and permissions are read as they stand in the files."""
    for answer in ANSWERS:
        server.answer = answer
        if answer.action == "GetEbsEncryptionByDefault":
            expected = "<ebsEncryptionByDefault>true<" in answer.text
            assert keys.encryption_by_default(region, warn=pytest.fail) is expected
        elif answer.action == "DescribeAvailabilityZones":
            assert set(volumes.available_zones(region)) <= ids(answer, "zoneName")
        elif answer.action == "DescribeSnapshotAttribute":
            shown = attributes.snapshot_permissions(region, "snap-1")
            assert {one for one in ids(answer, "userId") if one in str(shown)} == ids(answer, "userId")


@pytest.mark.parametrize("answer", [pytest.param(one, id=one.path.name) for one in ODD if one.status != 200])
def test_refusals(server: Replay, region: Region, answer: Recorded) -> None:
    """A refusal keeps AWS's code and sentence, whatever its HTTP status."""
    server.answer = answer
    [code] = ids(answer, "Code") if answer.path.suffix == ".xml" else {json.loads(answer.text)["__type"]}
    client = region.kms if answer.service == "kms" else region.ec2
    method = getattr(client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", answer.action).lower())
    operation = client.meta.service_model.operation_model(answer.action)
    with pytest.raises(errors.AwsError) as caught:
        errors.call("replay", method, **_anything(operation))
    sentence = re.search(r'<Message>([^<]*)<|"message": "([^"]*)"', answer.text)
    assert caught.value.code == code and sentence
    assert (sentence[1] or sentence[2]) in str(caught.value)


def test_a_created_image_is_named(server: Replay, region: Region) -> None:
    """The secure boot data of an image come as AWS encodes them, or as nothing."""
    server.answer = None
    assert register.uefi_data(region, "ami-1") is None
