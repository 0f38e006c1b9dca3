# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the scenarios S5 and S6, which make images by way of an instance."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking, tags
from system.playbooks.conftest import PlayRounds, example_variables
from system.running import RunPlaybook

HOME = "us-east-1"
THREE_KEYS = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
# What the play does to the instance while it is at rest.
AT_REST = ("CreateImage", "CreateTags", "DeleteTags")
S5, S6 = pathlib.Path("sealed.ami.s5_image_from_instance"), pathlib.Path("sealed.ami.s6_multi_key_image")


@pytest.fixture
def instance_id(served_emulator: Emulator) -> str:
    """Return the instance of the catalogue."""
    return str(next(iter(served_emulator.catalogue()["instances"])))


def require_three_keys(look: Looking, name: str) -> dict[str, t.Any]:
    """Return the only image of the name, whose three volumes are each under their key."""
    (image,) = [one for one in look.images(HOME) if one["Name"] == name]
    wanted = {device: look.key_arn(alias, HOME) for device, alias in THREE_KEYS.items()}
    assert look.keys(HOME, image["ImageId"]) == wanted
    return image


def remains(look: Looking, instance_id: str) -> list[str]:
    """Return the instances that live and the volumes, without those of the catalogue's instance."""
    ec2 = look.ec2(HOME)
    instances = [one for entry in ec2.describe_instances()["Reservations"] for one in entry["Instances"]]
    held = {
        one["Ebs"]["VolumeId"] for i in instances if i["InstanceId"] == instance_id for one in i["BlockDeviceMappings"]
    }
    alive = [one["InstanceId"] for one in instances if one["State"]["Name"] != "terminated"]
    volumes = [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]]
    return [one for one in (*alive, *volumes) if one not in {instance_id, *held}]


def hook(folder: pathlib.Path, name: str, *, fails: bool = False) -> tuple[str, pathlib.Path]:
    """Return a file of tasks that leaves a trace, and the trace."""
    trace = folder / f"{name}.trace"
    path = folder / f"{name}.yml"
    end = "- ansible.builtin.fail:\n    msg: hook failed\n" if fails else ""
    path.write_text(f"- ansible.builtin.shell: echo {name} >> {trace}\n  changed_when: true\n{end}")
    return str(path), trace


def test_s5_with_the_example_variables(rounds: PlayRounds, served_look: Looking, instance_id: str) -> None:
    rounds("s5_image_from_instance", sealed_ami_instance_id=instance_id)
    assert require_three_keys(served_look, "database-of-today")["SourceInstanceId"] == instance_id


def test_s5_brings_the_instance_to_rest_and_back(
    run_playbook: RunPlaybook, served_look: Looking, instance_id: str, tmp_path: pathlib.Path, oracle: Guard
) -> None:
    oracle.given(instance_id, to=AT_REST)
    (before, rested), (after, resumed) = hook(tmp_path, "before"), hook(tmp_path, "after")
    variables = example_variables("s5_image_from_instance") | {"sealed_ami_instance_id": instance_id}
    variables |= {"sealed_ami_before_tasks": before, "sealed_ami_after_tasks": after}
    first = run_playbook(S5, **variables)
    assert first.status == 0, first.explain()
    require_three_keys(served_look, "database-of-today")
    second = run_playbook(S5, **variables)
    assert (second.status, second.changed) == (0, 0), second.explain()
    assert (rested.read_text(), resumed.read_text()) == ("before\n", "after\n")
    # As if the first run had been killed while the instance was at rest.
    served_look.ec2(HOME).create_tags(Resources=[instance_id], Tags=[{"Key": "sealed.ami:at-rest", "Value": "yes"}])
    third = run_playbook(S5, **variables)
    assert third.status == 0, third.explain()
    assert (rested.read_text(), resumed.read_text()) == ("before\n", "after\nafter\n")


def test_s5_brings_the_instance_back_after_a_failure(
    run_playbook: RunPlaybook, served_look: Looking, instance_id: str, tmp_path: pathlib.Path, oracle: Guard
) -> None:
    oracle.given(instance_id, to=AT_REST)
    (before, _rested), (after, resumed) = hook(tmp_path, "before", fails=True), hook(tmp_path, "after")
    variables = example_variables("s5_image_from_instance") | {"sealed_ami_instance_id": instance_id}
    play = run_playbook(S5, **variables, sealed_ami_before_tasks=before, sealed_ami_after_tasks=after)
    assert play.status != 0 and "hook failed" in play.explain()
    assert resumed.read_text() == "after\n"
    assert [one for one in served_look.images(HOME) if one["Name"] == "database-of-today"] == []


def test_s6_with_the_example_variables(rounds: PlayRounds, served_look: Looking, instance_id: str) -> None:
    rounds("s6_multi_key_image", sealed_ami_wait_delay=1)
    image = require_three_keys(served_look, "web-three-keys")
    assert tags(image)["Team"] == "platform"
    ends = {one["DeviceName"]: one["Ebs"]["DeleteOnTermination"] for one in image["BlockDeviceMappings"]}
    assert ends == {"/dev/xvda": True, "/dev/sdf": False, "/dev/sdg": False}
    assert remains(served_look, instance_id) == []


def test_s6_runs_tasks_and_tears_down_when_they_fail(
    run_playbook: RunPlaybook, served_look: Looking, instance_id: str, tmp_path: pathlib.Path
) -> None:
    variables = example_variables("s6_multi_key_image") | {"sealed_ami_wait_delay": 1}
    failing, _trace = hook(tmp_path, "failing", fails=True)
    play = run_playbook(S6, **variables, sealed_ami_tasks_file=failing)
    assert play.status != 0 and "hook failed" in play.explain()
    assert remains(served_look, instance_id) == []
    working, trace = hook(tmp_path, "working")
    play = run_playbook(S6, **variables, sealed_ami_tasks_file=working)
    assert play.status == 0, play.explain()
    assert trace.read_text() == "working\n"
    require_three_keys(served_look, "web-three-keys")
    assert remains(served_look, instance_id) == []
    # The alias is given to another key: the image is not what was asked for any more, and nothing is launched.
    served_look.kms(HOME).update_alias(AliasName="alias/data", TargetKeyId=served_look.key_arn("alias/golden", HOME))
    served_look.emulator.clear_calls()
    play = run_playbook(S6, **variables, sealed_ami_tasks_file=working)
    assert play.status != 0 and "/dev/sdf" in play.explain() and "alias/data" in play.explain()
    assert served_look.mutations() == []


def test_s6_tears_down_when_the_image_has_become_impossible(
    run_playbook: RunPlaybook, served_look: Looking, instance_id: str, tmp_path: pathlib.Path
) -> None:
    """While the tasks ran, somebody took the name: the module refuses, and the builder ends all the same."""
    image_id = example_variables("s6_multi_key_image")["sealed_ami_source_image_id"]
    take = f"import boto3; boto3.client('ec2', '{HOME}').copy_image"
    take += f"(SourceImageId='{image_id}', SourceRegion='{HOME}', Name='web-three-keys', Encrypted=True)"
    taking = tmp_path / "taking.yml"
    command = {"argv": ["{{ ansible_playbook_python }}", "-c", take]}
    taking.write_text(json.dumps([{"name": "Take the name", "ansible.builtin.command": command}]))
    variables = example_variables("s6_multi_key_image") | {"sealed_ami_wait_delay": 1}
    play = run_playbook(S6, **variables, sealed_ami_tasks_file=str(taking))
    assert play.status != 0 and "is taken by" in play.explain() and "still held" in play.explain()
    assert remains(served_look, instance_id) == []


def launch_decoy(look: Looking, image_id: str, worn: dict[str, str]) -> str:
    """Launch an instance of ours in production that carries all the tags, as instances do whose tags were copied."""
    carried = [{"Key": key, "Value": value} for key, value in worn.items()]
    specifications: t.Any = [{"ResourceType": kind, "Tags": carried} for kind in ("instance", "volume")]
    asked: t.Any = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small"}
    launched = look.ec2(HOME).run_instances(**asked, TagSpecifications=specifications)
    return str(launched["Instances"][0]["InstanceId"])


@pytest.mark.parametrize("with_tasks", [True, False])
def test_s6_takes_nothing_for_its_own_by_its_tags(
    run_playbook: RunPlaybook, served_look: Looking, instance_id: str, tmp_path: pathlib.Path, with_tasks: bool
) -> None:
    working, _trace = hook(tmp_path, "working")
    chosen = {"sealed_ami_tasks_file": working} if with_tasks else {}
    variables = example_variables("s6_multi_key_image") | {"sealed_ami_wait_delay": 1, **chosen}
    assert run_playbook(S6, **variables).status == 0
    image = require_three_keys(served_look, "web-three-keys")
    decoy = launch_decoy(served_look, variables["sealed_ami_source_image_id"], tags(image))
    ec2 = served_look.ec2(HOME)
    # Snapshots of an image that AWS may only hide would be waited for, in real time.
    ec2.deregister_image(ImageId=image["ImageId"], DeleteAssociatedSnapshots=True)
    served_look.emulator.clear_calls()
    again = run_playbook(S6, **variables)
    assert again.status == 0, again.explain()
    require_three_keys(served_look, "web-three-keys")
    (entry,) = ec2.describe_instances(InstanceIds=[decoy])["Reservations"]
    assert entry["Instances"][0]["State"]["Name"] in ("pending", "running")
    volumes = [one["Ebs"]["VolumeId"] for one in entry["Instances"][0]["BlockDeviceMappings"]]
    assert [one for one in remains(served_look, instance_id) if one not in (decoy, *volumes)] == []
    touched = [call for call in served_look.emulator.calls() if decoy in str(call) and "Describe" not in call["action"]]
    assert touched == []


def test_s6_refuses_a_disabled_image_and_leaves_it(run_playbook: RunPlaybook, served_look: Looking) -> None:
    variables = example_variables("s6_multi_key_image") | {"sealed_ami_wait_delay": 1}
    assert run_playbook(S6, **variables).status == 0
    image = require_three_keys(served_look, "web-three-keys")
    served_look.ec2(HOME).disable_image(ImageId=image["ImageId"])
    served_look.emulator.clear_calls()
    again = run_playbook(S6, **variables)
    assert again.status != 0 and image["ImageId"] in again.explain() and "disabled" in again.explain()
    assert served_look.mutations() == []


def test_s6_takes_a_key_by_the_alias_of_another_account(
    run_playbook: RunPlaybook, served_look: Looking, served_emulator: Emulator
) -> None:
    other = "210987654321"
    kms = served_emulator.session(account=other).client("kms", region_name=HOME)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::123456789012:root", f"arn:aws:iam::{other}:root"]},
    }
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "kms:*", "Resource": "*"}]}
    key_id = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/theirs", TargetKeyId=key_id)
    theirs = f"arn:aws:kms:{HOME}:{other}:alias/theirs"
    volumes = [{"device_name": "/dev/sdf", "kms_key_id": theirs, "volume_size": 2}]
    variables = example_variables("s6_multi_key_image") | {"sealed_ami_wait_delay": 1, "sealed_ami_volumes": volumes}
    first = run_playbook(S6, **variables)
    assert first.status == 0, first.explain()
    second = run_playbook(S6, **variables)
    assert (second.status, second.changed) == (0, 0), second.explain()
