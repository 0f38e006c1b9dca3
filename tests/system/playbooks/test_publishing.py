# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image in every account and region of a fleet, and back again to what was there before."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.running import RunPlaybook

HOME, CONSUMER = "123456789012", "210987654321"
SOURCE = "ami-00ec2000000000026"
PLACES = ((HOME, "eu-west-1"), (HOME, "eu-central-1"), (CONSUMER, "eu-west-1"))
NAME, NEW = "/golden/web/current", "/golden/web/new"
TARGETS = f"""
plugin: sealed.ami.image_targets
source_region: us-east-1
source_image_ids: [{SOURCE}]
kms_key_id: alias/golden
accounts:
  - account: home
    regions:
      - eu-west-1
      - eu-central-1
  - account: consumer
    role_arn: arn:aws:iam::{CONSUMER}:role/image-copier
    regions: [eu-west-1]
"""


class Fleet:
    """What consumers find in each account and region."""

    def __init__(self, emulator: Emulator, oracle: Guard) -> None:
        self.emulator = emulator
        oracle.given(NAME, NEW, to=["PutParameter", "LabelParameterVersion", "DeleteParameter"])

    def ssm(self, place: tuple[str, str]) -> t.Any:
        """Return a client of Systems Manager."""
        return self.emulator.session(account=place[0], region=place[1]).client("ssm")

    def copied(self, *, name: str) -> dict[tuple[str, str], str]:
        """Copy the source as this collection does, to every place, and return the copies."""
        made = {}
        for account, region in PLACES:
            ec2: t.Any = self.emulator.session(account=account, region=region).client("ec2")
            tags = [{"Key": "sealed.ami:source", "Value": f"us-east-1:{SOURCE}"}]
            made[account, region] = ec2.copy_image(
                SourceImageId=SOURCE, SourceRegion="us-east-1", Name=name, Encrypted=True, KmsKeyId="alias/golden",
                TagSpecifications=[{"ResourceType": "image", "Tags": tags}],
            )["ImageId"]  # fmt: skip
        self.emulator.advance(900)
        self.copied_elsewhere(name=f"{name}-elsewhere")
        return made

    def copied_elsewhere(self, *, name: str) -> None:
        """Copy the source once more and later, as to a Local Zone, where consumers of the region do not look."""
        account, region = PLACES[0]
        ec2: t.Any = self.emulator.session(account=account, region=region).client("ec2")
        tags = {"sealed.ami:source": f"us-east-1:{SOURCE}", "sealed.ami:place": f"{region}-zzz-1a"}
        entries = [{"Key": key, "Value": value} for key, value in tags.items()]
        ec2.copy_image(
            SourceImageId=SOURCE, SourceRegion="us-east-1", Name=name, Encrypted=True, KmsKeyId="alias/golden",
            TagSpecifications=[{"ResourceType": "image", "Tags": entries}],
        )  # fmt: skip
        self.emulator.advance(900)

    def found(self, name: str) -> dict[tuple[str, str], str | None]:
        """Return what every place's consumers get by a name."""
        shown = {place: self.ssm(place).get_parameters(Names=[name])["Parameters"] for place in PLACES}
        return {place: one[0]["Value"] if one else None for place, one in shown.items()}


@pytest.fixture
def fleet(served_emulator: Emulator, oracle: Guard) -> Fleet:
    """Return the fleet."""
    return Fleet(served_emulator, oracle)


def test_every_target_publishes_its_own_copy(run_playbook: RunPlaybook, fleet: Fleet, tmp_path: pathlib.Path) -> None:
    old, new = fleet.copied(name="web-1"), fleet.copied(name="web-2")
    for place, image in old.items():
        fleet.ssm(place).put_parameter(Name=NAME, Value=image, Type="String", DataType="aws:ec2:image")
    (tmp_path / "x.image_targets.yml").write_text(TARGETS)
    inventory = ("-i", str(tmp_path / "x.image_targets.yml"))
    names = f"name={NAME} labels=candidate\nname={NEW}"
    play = run_playbook(pathlib.Path("sealed.ami.publish"), *inventory, sealed_ami_ssm_parameters=names)
    assert play.status == 0, play.explain()
    assert fleet.found(NAME) == fleet.found(f"{NAME}:candidate") == fleet.found(NEW) == new
    passed_on = play.report["global_custom_stats"]
    previous = passed_on["sealed_ami_published_consumer"]["eu-west-1"]["ssm_parameters"][0]["previous"]
    assert previous["value"] == old[CONSUMER, "eu-west-1"]
    assert set(passed_on["sealed_ami_published_home"]) == {"eu-west-1", "eu-central-1"}
    # One of them is changed by somebody else, and no target can hide it from the report.
    consumer, path = (CONSUMER, "eu-west-1"), tmp_path / "report.json"
    fleet.ssm(consumer).put_parameter(Name=NEW, Value=old[consumer], Overwrite=True)
    look = {"sealed_ami_state": "validated", "sealed_ami_report_path": str(path), "sealed_ami_ssm_parameters": names}
    judged = run_playbook(pathlib.Path("sealed.ami.publish"), *inventory, **look)
    assert judged.status != 0
    report = json.loads(path.read_text())
    assert report["counts"] == {"correct": 8, "incorrect": 1, "missing": 0, "unexpected": 0, "unreachable": 0}
    assert not report["green"] and report["report"]["incorrect"][0]["host"] == "consumer"
    fleet.ssm(consumer).put_parameter(Name=NEW, Value=new[consumer], Overwrite=True)
    back = run_playbook(pathlib.Path("sealed.ami.rollback"), *inventory, sealed_ami_created="remove", **passed_on)
    assert back.status == 0, back.explain()
    assert fleet.found(NAME) == old
    assert set(fleet.found(NEW).values()) == {None}
