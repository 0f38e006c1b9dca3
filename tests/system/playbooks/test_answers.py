# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type into surveys, through whole playbooks: blank leaves, ``none`` clears, and nothing is lost."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import SOURCES
from system.looking import Looking, tags
from system.running import Play, RunPlaybook

HOME, IRELAND = "us-east-1", "eu-west-1"
CONSUMER = "210987654321"
FLEET, S3, COMPOSE = (pathlib.Path(f"sealed.ami.{name}") for name in ("fleet_copy", "s3_encrypt", "compose_keys"))
ATTRIBUTES = ("sealed_ami_description", "sealed_ami_deprecate_at", "sealed_ami_tags", "sealed_ami_share_with")
TARGETS = """
plugin: sealed.ami.image_targets
source_region: us-east-1
kms_key_id: alias/golden
accounts:
  - account: home
    groups: [live]
    regions: [eu-west-1]
"""


@pytest.fixture
def targets(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a file of targets with one target."""
    path = tmp_path / "mine.image_targets.yml"
    path.write_text(TARGETS)
    return path


class Fleet:
    """Play the fleet with what a person typed."""

    def __init__(self, run: RunPlaybook, path: pathlib.Path):
        self._run, self.path = run, path

    def __call__(self, *options: str, **typed: t.Any) -> Play:
        """Copy one image, unless told otherwise."""
        return self._run(
            FLEET, "-i", str(self.path), *options, sealed_ami_source_image_ids=SOURCES["plain-root"], **typed
        )


@pytest.fixture
def fleet(run_playbook: RunPlaybook, targets: pathlib.Path) -> Fleet:
    """Return the fleet of one target."""
    return Fleet(run_playbook, targets)


def only_copy(look: Looking, source: str, region: str = IRELAND) -> dict[str, t.Any]:
    """Return the only copy of an image in a region."""
    (found,) = [image for image in look.images(region) if image.get("SourceImageId") == source]
    return found


def shared_with(look: Looking, image: dict[str, t.Any], region: str = IRELAND) -> list[str]:
    """Return the accounts that may launch an image."""
    asked: dict[str, t.Any] = {"Attribute": "launchPermission", "ImageId": image["ImageId"]}
    return sorted(one["UserId"] for one in look.ec2(region).describe_image_attribute(**asked)["LaunchPermissions"])


def attributes(look: Looking, image: dict[str, t.Any]) -> tuple[t.Any, ...]:
    """Return what the answers are about, and the key."""
    (key,) = set(look.keys(IRELAND, image["ImageId"]).values())
    deprecated = str(image.get("DeprecationTime", ""))[:10]
    return image.get("Description") or "", deprecated, look.user_tags(image), shared_with(look, image), key


@pytest.mark.parametrize("playbook", ["fleet_copy", "s3_encrypt"])
def test_blank_leaves_and_none_clears(
    run_playbook: RunPlaybook, served_look: Looking, targets: pathlib.Path, playbook: str
) -> None:
    source, path = SOURCES["plain-root"], pathlib.Path(f"sealed.ami.{playbook}")
    place = {"sealed_ami_source_region": HOME, "sealed_ami_regions": IRELAND, "sealed_ami_source_image_ids": source}
    answers = ("golden", "2029-06-30T00:00:00Z", "Team=platform, east", f"{CONSUMER}\r\n")
    typed = dict(zip(ATTRIBUTES, answers, strict=True))
    key = {} if playbook == "fleet_copy" else {"sealed_ami_kms_key_id": "alias/golden"}
    blank = {**dict.fromkeys(ATTRIBUTES, ""), **(key or {"sealed_ami_kms_key_id": " "})}

    first = run_playbook(path, "-i", str(targets), **place, **typed, **key)
    assert first.status == 0, first.explain()
    golden = served_look.key_arn("alias/golden", IRELAND)
    expected = ("golden", "2029-06-30", {"Team": "platform, east"}, [CONSUMER], golden)
    assert attributes(served_look, only_copy(served_look, source)) == expected

    served_look.emulator.clear_calls()
    second = run_playbook(path, "-i", str(targets), **place, **blank)
    assert (second.status, second.changed) == (0, 0), second.explain()
    assert served_look.mutations() == []

    nothing: dict[str, t.Any] = {**dict.fromkeys(ATTRIBUTES, "none"), "sealed_ami_share_with": []}
    third = run_playbook(path, "-i", str(targets), **place, **nothing, **key)
    assert third.status == 0, third.explain()
    assert attributes(served_look, only_copy(served_look, source)) == ("", "", {}, [], golden)


def test_what_is_typed_outranks_what_one_region_has(
    run_playbook: RunPlaybook, served_look: Looking, targets: pathlib.Path
) -> None:
    own = "{region: us-west-2, kms_key_id: alias/data, description: own, tags: {Stage: west}}"
    targets.write_text(TARGETS.replace("[eu-west-1]", f"[eu-west-1, {own}]"))
    source = SOURCES["plain-root"]
    typed = {"sealed_ami_source_image_ids": source}
    first = run_playbook(FLEET, "-i", str(targets), **typed)
    assert first.status == 0, first.explain()
    expected = {IRELAND: ("alias/golden", None, {}), "us-west-2": ("alias/data", "own", {"Stage": "west"})}
    for region, (alias, description, own_tags) in expected.items():
        copy = only_copy(served_look, source, region)
        assert set(served_look.keys(region, copy["ImageId"]).values()) == {served_look.key_arn(alias, region)}
        assert (copy.get("Description") or None, served_look.user_tags(copy)) == (description, own_tags)

    for_all = {"sealed_ami_description": "for all", "sealed_ami_tags": "Stage=all", "sealed_ami_kms_key_id": " "}
    second = run_playbook(FLEET, "-i", str(targets), **typed, **for_all)
    assert second.status == 0, second.explain()
    for region, (alias, _, _) in expected.items():
        copy = only_copy(served_look, source, region)
        assert set(served_look.keys(region, copy["ImageId"]).values()) == {served_look.key_arn(alias, region)}
        assert (copy["Description"], served_look.user_tags(copy)) == ("for all", {"Stage": "all"})

    key = {**typed, **for_all, "sealed_ami_kms_key_id": "alias/golden"}
    predicted = run_playbook(FLEET, "-i", str(targets), "--check", **key)
    assert (predicted.status, predicted.changed) == (0, 1), predicted.explain()


def test_a_copy_is_not_a_source(fleet: Fleet, run_playbook: RunPlaybook, served_look: Looking) -> None:
    source, tagged = (
        SOURCES["plain-root"],
        {"sealed_ami_only_with_tags": {"Distribute": "fleet"}, "sealed_ami_copy_tags": True},
    )
    served_look.ec2(HOME).create_tags(Resources=[source], Tags=[{"Key": "Distribute", "Value": "fleet"}])
    first = fleet(**tagged)
    assert first.status == 0, first.explain()
    copy = only_copy(served_look, source)
    assert tags(copy)["Distribute"] == "fleet"

    of_copy = {**tagged, "sealed_ami_source_image_ids": copy["ImageId"], "sealed_ami_source_region": IRELAND}
    path = fleet.path.with_name("further.image_targets.yml")
    path.write_text(f"host_per: region{TARGETS.replace('[eu-west-1]', '[eu-west-1, us-west-2]')}")
    inventory = ("-i", str(path))
    served_look.emulator.clear_calls()
    refused = run_playbook(FLEET, *inventory, **of_copy)
    assert refused.status != 0 and copy["ImageId"] in refused.explain() and "sealed_ami_of_copies" in refused.explain()
    ended_well = run_playbook(FLEET, *inventory, **of_copy, sealed_ami_may_select_nothing=True)
    assert ended_well.status == 0, ended_well.explain()
    assert served_look.mutations() == []
    asked_for = run_playbook(
        FLEET, *inventory, **of_copy, sealed_ami_of_copies="yes", sealed_ami_hosts="home.us-west-2"
    )
    assert asked_for.status == 0, asked_for.explain()
    assert only_copy(served_look, copy["ImageId"], "us-west-2")


@pytest.mark.parametrize(
    ("options", "typed", "words"),
    [
        pytest.param((), {"sealed_ami_hosts": "livee"}, ["'livee' fits no host", "which has home."], id="group"),
        pytest.param(("--limit", "home*"), {"sealed_ami_hosts": "localhost"}, ["fits no host", "home*"], id="limit"),
        pytest.param(("--limit", "nobody"), {}, ["no hosts to target"], id="limit that fits nobody"),
        pytest.param((), {"sealed_ami_only_with_tags": "Distribute=fleet"}, [SOURCES["plain-root"]], id="tags"),
    ],
)  # fmt: skip
def test_nobody_and_nothing_is_an_error(
    fleet: Fleet, served_look: Looking, options: tuple[str, ...], typed: dict[str, t.Any], words: list[str]
) -> None:
    served_look.emulator.clear_calls()
    played = fleet(*options, **typed)
    assert played.status != 0
    said = f"{played.explain()} {played.errors} {played.output}"
    assert [word for word in words if word not in said] == [], said
    assert served_look.mutations() == []


def test_a_refused_inventory_is_an_error(fleet: Fleet, targets: pathlib.Path, served_emulator: Emulator) -> None:
    targets.write_text(TARGETS.replace("groups", "account_id: 123456789012\n    groups"))
    played = fleet()
    assert played.status != 0
    assert (
        "quote it" in played.errors and "fits no host of the inventory, which is empty" in played.output + played.errors
    )


COMPOSED = {
    "sealed_ami_region": HOME,
    "sealed_ami_source_image_id": SOURCES["database"],
    "sealed_ami_image_name": "three",
    "sealed_ami_kms_key_id": "alias/os",
}
COPIED = {
    "sealed_ami_source_image_ids": SOURCES["plain-root"],
    "sealed_ami_source_region": HOME,
    "sealed_ami_regions": IRELAND,
}


@pytest.mark.parametrize(
    ("playbook", "typed", "quoted"),
    [
        (COMPOSE, {"sealed_ami_device_keys": "/dev/sdf alias/data"}, "/dev/sdf alias/data"),
        (COMPOSE, {"sealed_ami_device_keys": "/dev/sdf=alias/data\n/dev/sdg -> alias/logs"}, "/dev/sdg -> alias/logs"),
        (S3, {"sealed_ami_regions": f"{IRELAND}; us-west-2"}, f"{IRELAND}; us-west-2"),
        (S3, {"sealed_ami_source_image_ids": "ami-1 and; ami-2"}, "ami-1 and; ami-2"),
        (S3, {"sealed_ami_source_name": "x", "sealed_ami_source_owners": "self;me"}, "self;me"),
        (S3, {"sealed_ami_tags": "golden"}, "golden"),
        (S3, {"sealed_ami_share_with": "210987654321;"}, "210987654321;"),
        (S3, {"sealed_ami_wait": "perhaps"}, "perhaps"),
    ],
)
def test_a_line_that_is_not_understood_is_quoted(
    run_playbook: RunPlaybook, served_look: Looking, playbook: pathlib.Path, typed: dict[str, str], quoted: str
) -> None:
    played = run_playbook(playbook, **{**(COMPOSED if playbook == COMPOSE else COPIED), **typed})
    assert played.status != 0 and quoted in played.explain() and "not understood" in played.explain()
    assert served_look.mutations() == []


def test_keys_as_people_write_them(run_playbook: RunPlaybook, served_look: Looking) -> None:
    keys = "/dev/sdf = alias/data\r\n/dev/sdg: alias/logs\r\n"
    blank = dict.fromkeys(("sealed_ami_method", "sealed_ami_tags", "sealed_ami_wait_timeout"), "")
    played = run_playbook(COMPOSE, **{**COMPOSED, **blank, "sealed_ami_device_keys": keys})
    assert played.status == 0, played.explain()
    (image,) = [one for one in served_look.images(HOME) if one["Name"] == "three"]
    wanted = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
    found = {device: served_look.key_arn(alias, HOME) for device, alias in wanted.items()}
    assert served_look.keys(HOME, image["ImageId"]) == found


def test_two_keys_in_one_region(run_playbook: RunPlaybook, served_look: Looking) -> None:
    source = SOURCES["plain-root"]
    two = "region=eu-west-1 kms_key_id=alias/golden name=one\nregion=eu-west-1 kms_key_id=alias/os name=two"
    place = {"sealed_ami_source_region": HOME, "sealed_ami_source_image_ids": source}
    played = run_playbook(S3, **place, sealed_ami_destinations=two)
    assert played.status == 0, played.explain()
    made = {image["ImageId"] for image in served_look.images(IRELAND) if image.get("SourceImageId") == source}
    passed_on = played.report["global_custom_stats"]["sealed_ami_image_ids"]
    assert len(made) == 2 and set(passed_on[source][IRELAND]) == made
    # The next job of a workflow composes an image of exactly one.
    again = run_playbook(
        COMPOSE, sealed_ami_image_ids=passed_on, sealed_ami_region=IRELAND, sealed_ami_image_name="three"
    )
    assert again.status != 0 and [one for one in made if one not in again.explain()] == []
