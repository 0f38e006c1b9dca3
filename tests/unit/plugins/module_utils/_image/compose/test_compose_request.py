# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users may ask ec2_ami_compose_keys for, and the sentence for everything they may not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import InstanceOptions
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.volumes import VolumeShape, require_shape
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import HOME, SOURCE_ID
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import a_compose_request

INSTANCE = {"source_image_id": None, "instance_id": "i-00000000000000001", "source_region": None}
DATA = "/dev/sdf"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"source_image_id": None}, ["neither"], id="no source"),
        pytest.param({"instance_id": "i-00000000000000001"}, ["exclude each other"], id="two sources"),
        pytest.param({"source_image_id": "ami-1"}, ["ami-1", "not an image id"], id="malformed image id"),
        pytest.param({**INSTANCE, "instance_id": "i-1"}, ["i-1", "not an instance id"], id="malformed instance id"),
        pytest.param({"instance": {"hold": True}}, ["method=instance"], id="held, method not said"),
        pytest.param(
            {"method": "instance", "instance": {"held_instance_id": "i-1"}}, ["i-1", "not an instance id"], id="held id"
        ),
        pytest.param(
            {"method": "instance", "instance": {"hold": True, "held_instance_id": "i-00000000000000001"}},
            ["exclude each other"],
            id="held and to be held",
        ),
        pytest.param({"name": "a"}, ["3 to 128"], id="short name"),
        pytest.param({"source_region": "ireland"}, ["ireland"], id="malformed region"),
        pytest.param({"kms_key_id": "golden"}, ["alias/golden"], id="alias without its prefix"),
        pytest.param(
            {"device_mapping": [{"device_name": DATA}, {"device_name": DATA}]}, [DATA, "twice"], id="device twice"
        ),
        pytest.param({"device_mapping": [{"device_name": "data disk"}]}, ["not a device name"], id="no device name"),
        pytest.param({"device_mapping": [{"device_name": f"{DATA}\n"}]}, ["not a device name"], id="line break"),
        pytest.param(
            {"device_mapping": [{"device_name": DATA, "no_device": True, "iops": 1}]}, ["iops"], id="dropped with iops"
        ),
        pytest.param(
            {"device_mapping": [{"device_name": DATA, "snapshot_id": "snap-1"}]}, ["snap-1"], id="malformed snapshot id"
        ),
        pytest.param({"wait_delay": 0}, ["at least 1"], id="no delay"),
        pytest.param({"method": "snapshots", "instance": {"user_data": "x"}}, ["no instance"], id="needless instance"),
        pytest.param({**INSTANCE, "source_region": "eu-central-1"}, ["own region"], id="instance of another region"),
        pytest.param({**INSTANCE, "method": "instance"}, ["for source_image_id"], id="method for an instance"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, t.Any], words: list[str]) -> None:
    with pytest.raises(SealedError) as caught:
        a_compose_request(**given)
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


def test_a_removal_needs_a_name_only() -> None:
    request = a_compose_request(source_image_id=None, state="absent")
    assert (request.present, request.source_tag) == (False, None)


def test_the_source_is_named_with_its_region() -> None:
    assert a_compose_request().source_tag == f"{HOME}:{SOURCE_ID}"
    assert a_compose_request(**INSTANCE).source_tag == "eu-west-1:i-00000000000000001"


def test_the_instance_has_imdsv2_unless_asked_otherwise() -> None:
    assert a_compose_request().instance == InstanceOptions()
    assert InstanceOptions().http_tokens == "required"
    given = {"instance_type": "c5.large", "metadata_options": {"http_tokens": "optional", "http_endpoint": None}}
    options = a_compose_request(method="instance", instance=given).instance
    assert (options.instance_type, options.http_tokens, options.http_endpoint) == ("c5.large", "optional", "enabled")


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        pytest.param(VolumeShape(1, "gp2"), None, id="gp2"),
        pytest.param(VolumeShape(16385, "gp2"), "16384", id="gp2 too large"),
        pytest.param(VolumeShape(10, "gp2", 3000), "cannot be chosen", id="gp2 with iops"),
        pytest.param(VolumeShape(1, "gp3", 3000, 750), None, id="gp3 at its base"),
        pytest.param(VolumeShape(8, "gp3", 4000, 1000), None, id="gp3 at 500 a GiB and a quarter"),
        pytest.param(VolumeShape(65536, "gp3", 80000, 2000), None, id="gp3 at its most of all"),
        pytest.param(VolumeShape(160, "gp3", 80000, 2000), None, id="the least gp3 with the most iops"),
        pytest.param(VolumeShape(16, "gp3", 8000, 2000), None, id="the least gp3 with the most throughput"),
        pytest.param(VolumeShape(65537, "gp3"), "1 to 65536", id="gp3 too large"),
        pytest.param(VolumeShape(8, "gp3", 4001), "500 for each GiB", id="gp3 beyond its size"),
        pytest.param(VolumeShape(8, "gp3", None, 751), "a quarter", id="gp3 beyond its iops"),
        pytest.param(VolumeShape(8, "gp3", None, 2001), "125 to 2000", id="gp3 beyond all"),
        pytest.param(VolumeShape(8, "gp3", 80001), "3000 to 80000", id="gp3 iops beyond all"),
        pytest.param(VolumeShape(100, "io1", 5000), None, id="io1 at 50 a GiB"),
        pytest.param(VolumeShape(100, "io1", 5001), "50 for each GiB", id="io1 beyond its size"),
        pytest.param(VolumeShape(100, "io1"), "need iops", id="io1 without iops"),
        pytest.param(VolumeShape(100, "io1", 5000, 125), "only for gp3", id="io1 with throughput"),
        pytest.param(VolumeShape(4, "io2", 4000), None, id="io2 at 1000 a GiB"),
        pytest.param(VolumeShape(3, "io2", 100), "4 to 65536", id="io2 too small"),
        pytest.param(VolumeShape(124, "st1"), "125 to 16384", id="st1 too small"),
        pytest.param(VolumeShape(1025, "standard"), "1 to 1024", id="magnetic too large"),
        pytest.param(VolumeShape(8, "ssd"), "does not exist", id="no such type"),
    ],
)
def test_volumes_that_aws_makes(shape: VolumeShape, word: str | None) -> None:
    if word is None:
        require_shape(shape, device_name=DATA)
        return
    with pytest.raises(SealedError, match=word):
        require_shape(shape, device_name=DATA)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        pytest.param(VolumeShape(8, "gp3"), VolumeShape(8, "gp3", 3000, 125), id="gp3"),
        pytest.param(VolumeShape(8, "gp2", 100), VolumeShape(8, "gp2"), id="gp2 as AWS reports it"),
        pytest.param(VolumeShape(8, "io1", 200, 5), VolumeShape(8, "io1", 200), id="io1"),
    ],
)
def test_shapes_are_compared_as_aws_reports_them(given: VolumeShape, normal: VolumeShape) -> None:
    assert given.normalized() == normal
