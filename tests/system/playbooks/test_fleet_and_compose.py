# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks beside the scenarios, with their example variables. The audit, which changes nothing, has its own tests."""

from __future__ import annotations

import pathlib

from emulated_aws.client import Emulator
from system.looking import Looking
from system.playbooks.conftest import PLAYBOOKS, PlayRounds, example_variables
from system.running import RunPlaybook

HOME, CONSUMER = "123456789012", "210987654321"
NAMES = {"exported-sealed", "vendor-plain-sealed"}


def test_compose_keys(rounds: PlayRounds, served_look: Looking) -> None:
    rounds("compose_keys")
    (image,) = [one for one in served_look.images("us-east-1") if one["Name"] == "database-three-keys"]
    wanted = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
    keys = {device: served_look.key_arn(alias, "us-east-1") for device, alias in wanted.items()}
    assert served_look.keys("us-east-1", image["ImageId"]) == keys


def test_fleet_copy(rounds: PlayRounds, served_emulator: Emulator, tmp_path: pathlib.Path) -> None:
    targets = (PLAYBOOKS / "vars" / "image_targets.yml").read_text()
    local = "regions: [eu-west-1, eu-central-1, {region: us-east-1, availability_zone: us-east-1-bos-1a}]"
    (tmp_path / "local.image_targets.yml").write_text(targets.replace("regions: [eu-west-1, eu-central-1]", local))
    played = rounds("fleet_copy", "-i", str(tmp_path / "local.image_targets.yml"))
    assert set(played.first.report["stats"]) == {"production", "staging"}
    places = ((HOME, "eu-west-1"), (HOME, "eu-central-1"), (HOME, "us-east-1"), (CONSUMER, "eu-west-1"))
    for account, region in places:
        look = Looking(served_emulator, account=account)
        made = [image for image in look.images(region) if image["Name"] in NAMES]
        assert {image["Name"] for image in made} == NAMES
        for image in made:
            assert look.user_tags(image) == {"Stage": "golden"}
            assert set(look.keys(region, image["ImageId"]).values()) == {look.key_arn("alias/golden", region)}
            ids = [one["Ebs"]["SnapshotId"] for one in image["BlockDeviceMappings"] if "Ebs" in one]
            zones = {look.snapshots(region)[one].get("AvailabilityZone") for one in ids}
            assert zones == {"us-east-1-bos-1a" if region == "us-east-1" else None}


def test_several_hosts_pass_on_the_id_of_one_image(run_playbook: RunPlaybook, served_look: Looking) -> None:
    """Ansible adds up what hosts pass on, ids to one text; tests/variables has other playbooks on several hosts."""
    given = {**example_variables("compose_keys"), "sealed_ami_hosts": "all"}
    options = ("--forks", "1", "-c", "local", "-i", "one,two,")
    played = run_playbook(pathlib.Path("sealed.ami.compose_keys"), *options, **given)
    assert played.status == 0, played.explain()
    (image,) = [one for one in served_look.images("us-east-1") if one["Name"] == "database-three-keys"]
    passed_on = played.report["global_custom_stats"]
    assert passed_on["sealed_ami_image_id"] == image["ImageId"]
    assert passed_on["sealed_ami_composed_image_ids"] == {"us-east-1": image["ImageId"]}
