# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing, run by run: what is done once, what is left alone, and the plan that is the work."""

from __future__ import annotations

import typing as t

import pytest

from system.publish.conftest import GOLDEN, KEYS, PLAIN, SEALED, Place, Publish

IMMUTABLE, MOVING = "/golden/database/2026-11-26", "/golden/database/current"
PARAMETERS: list[dict[str, t.Any]] = [
    {"name": MOVING, "labels": ["candidate"], "tags": {"Team": "platform"}},
    {"name": IMMUTABLE, "overwrite_value": "never"},
]
BOTH: dict[str, t.Any] = {
    "ssm_parameters": PARAMETERS,
    "launch_templates": [{"template_name": "database", "version_description": "sealed {image_id}"}],
}


@pytest.fixture
def shop(place: Place) -> Place:
    """Return the place with a moving name and a template that lead to an older image."""
    place.opens(IMMUTABLE, MOVING)
    place.parameter(MOVING)
    place.template("database")
    place.emulator.clear_calls()
    return place


def test_everything_leads_to_the_image_in_the_right_order(shop: Place, publish: Publish) -> None:
    result = publish(**BOTH)
    assert not result.failed, result.msg
    assert result["changed"] and result["images"][0]["action"] == "published"
    assert (shop.value(IMMUTABLE), shop.value(MOVING), shop.value(f"{MOVING}:candidate")) == (SEALED,) * 3
    assert shop.versions("database") == [GOLDEN, f"{SEALED}*"]
    assert shop.mutations() == [
        "PutParameter", "PutParameter", "AddTagsToResource", "LabelParameterVersion", "CreateLaunchTemplateVersion",
        "ModifyLaunchTemplate",
    ]  # fmt: skip
    first, second = (one["parameters"]["Name"] for one in shop.emulator.calls(action="PutParameter"))
    assert (first, second) == (IMMUTABLE, MOVING)
    moving = result["ssm_parameters"][0]
    assert (moving["version"], moving["previous"]) == (2, {"value": GOLDEN, "version": 1, "labels": {}})
    template = result["launch_templates"][0]
    assert (template["version"], template["default_version"], template["previous_default_version"]) == (2, 2, 1)


def test_four_runs_make_one_version(shop: Place, publish: Publish) -> None:
    changed = [publish(**BOTH)["changed"] for _run in range(4)]
    assert changed == [True, False, False, False]
    assert len(shop.versions("database")) == 2


def test_the_plan_is_the_work(shop: Place, publish: Publish) -> None:
    planned = publish(check=True, diff=True, **BOTH)
    assert planned["changed"] and not shop.mutations()
    assert f"parameter {MOVING}: {GOLDEN}" in planned["diff"]["before"]
    assert f"parameter {MOVING}: {SEALED}" in planned["diff"]["after"]
    done = publish(**BOTH)
    assert [one["step"] for one in planned["steps"]] == [one["step"] for one in done["steps"]]
    assert {one["status"] for one in done["steps"]} == {"done"}
    assert len(done["steps"]) == len(shop.mutations())
    again = publish(check=True, diff=True, **BOTH)
    assert not again["changed"] and again["steps"] == [] and again["diff"]["before"] == again["diff"]["after"]


def test_nothing_to_do_takes_three_calls(place: Place, publish: Publish) -> None:
    names = [f"/golden/{number}" for number in range(10)]
    for name in names:
        place.parameter(name, SEALED)
    for number in range(5):
        place.template(f"template-{number}", SEALED)
    place.emulator.clear_calls()
    result = publish(
        require="encrypted",
        ssm_parameters=[{"name": name} for name in names],
        launch_templates=[{"template_name": f"template-{number}"} for number in range(5)],
    )
    assert not result.failed and not result["changed"] and not place.mutations()
    assert sorted(place.reads()) == ["DescribeImages", "DescribeLaunchTemplateVersions", "GetParameters"]


def test_ten_parameters_are_validated_together(place: Place, publish: Publish) -> None:
    place.emulator.configure(ssm_image_validation_seconds=60)
    names = [f"/golden/{number}" for number in range(10)]
    place.opens(*names)
    result = publish(ssm_parameters=[{"name": name} for name in names], wait_timeout=90)
    assert not result.failed, result.msg
    assert {place.value(name) for name in names} == {SEALED}


@pytest.mark.parametrize("uses", [True, False])
def test_the_image_before_is_the_way_back(shop: Place, publish: Publish, uses: bool) -> None:
    shop.emulator.configure(ssm_failed_validation_uses_version=uses)
    done = publish(**BOTH)
    back = publish(
        done["ssm_parameters"][0]["previous"]["value"],
        ssm_parameters=[{"name": MOVING, "labels": ["candidate"]}],
        launch_templates=[{"template_name": "database", "default_version": "1"}],
    )
    assert not back.failed, back.msg
    assert (shop.value(MOVING), shop.value(f"{MOVING}:candidate"), shop.value(IMMUTABLE)) == (GOLDEN, GOLDEN, SEALED)
    assert shop.versions("database") == [f"{GOLDEN}*", SEALED]
    again = publish(**{**BOTH, "ssm_parameters": []})
    assert again["launch_templates"][0]["action"] == "updated"
    assert shop.versions("database") == [GOLDEN, f"{SEALED}*"]


def test_labels_alone_promote(shop: Place, publish: Publish) -> None:
    publish(**BOTH)
    shop.emulator.clear_calls()
    result = publish(ssm_parameters=[{"name": MOVING, "labels": ["candidate", "stable"]}])
    assert (shop.mutations(), shop.value(f"{MOVING}:stable")) == (["LabelParameterVersion"], SEALED)
    assert result["ssm_parameters"][0]["previous"]["labels"] == {"candidate": 2}


def test_keep_makes_a_version_and_no_default(shop: Place, publish: Publish) -> None:
    kept: dict[str, t.Any] = {"launch_templates": [{"template_name": "database", "default_version": "keep"}]}
    assert [publish(**kept)["changed"] for _run in range(2)] == [True, False]
    assert shop.versions("database") == [f"{GOLDEN}*", SEALED]


def test_a_template_that_changed_gets_a_version_of_its_own(shop: Place, publish: Publish) -> None:
    publish(launch_templates=BOTH["launch_templates"])
    shop.ec2.create_launch_template_version(
        LaunchTemplateName="database", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )
    result = publish(launch_templates=[{"template_name": "database", "source_version": "latest"}])
    assert result["launch_templates"][0]["version"] == 4
    assert shop.versions("database") == [GOLDEN, SEALED, GOLDEN, f"{SEALED}*"]


def test_snapshots_of_a_mapping_make_no_second_version(place: Place, publish: Publish) -> None:
    """AWS leaves them out of a version that is made of another (aws_rules §20)."""
    mapping = {"DeviceName": "/dev/sdz", "Ebs": {"SnapshotId": "snap-00000001", "VolumeSize": 8}}
    place.template("mapped", BlockDeviceMappings=[mapping])
    asked: dict[str, t.Any] = {"launch_templates": [{"template_name": "mapped", "source_version": "1"}]}
    results = [publish(**asked) for _run in range(3)]
    assert [one["changed"] for one in results] == [True, False, False]
    assert "snap-00000001" in " ".join(results[0].warnings)
    assert len(place.versions("mapped")) == 2


def test_an_alias_is_seen_to_lead_to_the_image(shop: Place, publish: Publish) -> None:
    shop.emulator.configure(ssm_image_validation_seconds=30)
    shop.template("follower", f"resolve:ssm:{MOVING}")
    result = publish(ssm_parameters=PARAMETERS, launch_templates=[{"template_name": "follower"}])
    assert not result.failed, result.msg
    assert result["launch_templates"][0]["action"] == "unchanged"
    assert len(shop.versions("follower")) == 1
    assert not publish(ssm_parameters=PARAMETERS, launch_templates=[{"template_name": "follower"}])["changed"]


def test_absent_takes_down_what_still_holds_the_image(place: Place, publish: Publish) -> None:
    place.opens("/ours", "/other", "/text", to=["DeleteParameter"])
    place.parameter("/ours", SEALED)
    place.parameter("/other", GOLDEN)
    place.parameter("/text", SEALED, DataType="text")
    place.template("database", SEALED)
    asked: dict[str, t.Any] = {
        "state": "absent",
        "ssm_parameters": [{"name": name} for name in ("/ours", "/other", "/text", "/none")],
        "launch_templates": [{"template_name": "database"}],
    }
    planned = publish(check=True, **asked)
    assert planned["changed"] and place.value("/ours") == SEALED
    result = publish(**asked)
    assert [one["action"] for one in result["ssm_parameters"]] == ["removed", "left", "left", "unchanged"]
    assert [place.value(name) for name in ("/ours", "/other", "/text")] == [None, GOLDEN, SEALED]
    assert place.versions("database") == [f"{SEALED}*"]
    assert not publish(**asked)["changed"]


def test_absent_gives_the_default_back_if_told(shop: Place, publish: Publish) -> None:
    publish(launch_templates=BOTH["launch_templates"])
    asked: dict[str, t.Any] = {
        "state": "absent", "launch_templates": [{"template_name": "database", "default_version": "1"}]
    }  # fmt: skip
    assert [publish(**asked)["changed"] for _run in range(2)] == [True, False]
    assert shop.versions("database") == [f"{GOLDEN}*", SEALED]


@pytest.mark.parametrize(
    ("image", "options", "words"),
    [
        pytest.param(PLAIN, {}, "is not encrypted", id="not encrypted"),
        pytest.param(SEALED, {"allowed_keys": ["alias/os"]}, "which is not allowed", id="under other keys"),
        pytest.param(SEALED, {"allowed_keys": ["alias/none"]}, "alias/none", id="a key that is not there"),
        pytest.param(PLAIN, {"require": "encrypted"}, "is not encrypted", id="any key, and none"),
        pytest.param("ami-00ec2000000000019", {"require": "available"}, "is pending", id="pending"),
        pytest.param("ami-00ec2000000000011", {"require": "encrypted"}, "instance store", id="instance store"),
        pytest.param("ami-00ec2000000000041", {"require": "none"}, "is not found in us-east-1", id="not here"),
        pytest.param("ami-00ec2000000000032", {}, "is not encrypted", id="whose snapshots are not shown"),
    ],
)
def test_what_is_not_as_demanded_is_not_published(
    shop: Place, publish: Publish, image: str, options: dict[str, t.Any], words: str
) -> None:
    result = publish(image, **{**BOTH, **options})
    assert result.failed and words in result.msg, result.msg
    assert not result["changed"] and not shop.mutations()
    assert shop.value(MOVING) == GOLDEN


def test_a_label_is_promoted_to_the_version_of_another(shop: Place, publish: Publish) -> None:
    """What the name alone leads to is newer than the candidate by now, and stays."""
    promote: dict[str, t.Any] = {
        "image_id": None,
        "image_parameter": f"{MOVING}:candidate",
        "ssm_parameters": [{"name": MOVING, "version": "candidate", "labels": ["stable"]}],
    }
    shop.ssm.label_parameter_version(Name=MOVING, ParameterVersion=1, Labels=["stable"])
    publish(**BOTH)
    shop.parameter(MOVING, "ami-00ec2000000000001")
    planned = publish(check=True, diff=True, **promote)
    done = publish(diff=True, **promote)
    assert not done.failed, done.msg
    assert f"parameter {MOVING}:stable: version 1" in done["diff"]["before"]
    assert f"parameter {MOVING}:stable: version 2" in done["diff"]["after"]
    assert f"parameter {MOVING}: ami-00ec2000000000001" in done["diff"]["after"]
    assert planned["diff"] == done["diff"] and [one["step"] for one in planned["steps"]] == [
        f"move label stable of parameter {MOVING} to version 2, {SEALED}"
    ]
    assert (done["images"][0]["image_id"], done["ssm_parameters"][0]["version"]) == (SEALED, 2)
    assert (shop.value(f"{MOVING}:stable"), shop.value(MOVING)) == (SEALED, "ami-00ec2000000000001")
    assert not publish(**promote)["changed"]
    # And back to the version of before.
    number = done["ssm_parameters"][0]["previous"]["labels"]["stable"]
    back: dict[str, t.Any] = {
        "image_parameter": f"{MOVING}:{number}",
        "ssm_parameters": [{"name": MOVING, "version": str(number), "labels": ["stable"]}],
    }
    assert publish(**{**promote, **back, "allowed_keys": KEYS})["changed"]
    assert shop.value(f"{MOVING}:stable") == GOLDEN


@pytest.mark.parametrize("source", ["/staging/database", "/plain/database", "/staging/database:2"])
def test_what_one_name_leads_to_is_promoted_to_another(place: Place, publish: Publish, source: str) -> None:
    place.opens("/production/database")
    place.template("database")
    place.parameter("/production/database", GOLDEN)
    place.parameter("/staging/database", GOLDEN)
    place.parameter("/staging/database", SEALED)
    place.parameter("/plain/database", SEALED, DataType="text")
    asked: dict[str, t.Any] = {
        "image_id": None,
        "image_parameter": source,
        "ssm_parameters": [{"name": "/production/database"}],
        "launch_templates": [{"template_name": "database", "version_description": "from {image_id}"}],
    }
    assert [publish(**asked)["changed"] for _run in range(2)] == [True, False]
    assert place.value("/production/database") == SEALED
    (version,) = place.ec2.describe_launch_template_versions(LaunchTemplateName="database", Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    assert version["VersionDescription"] == f"from {SEALED}"
