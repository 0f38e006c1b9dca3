# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing where something is wrong: with the words of the task, with what AWS holds, or with AWS itself."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from system.publish.conftest import GOLDEN, KEYS, MODULE, REGION, SEALED, VERSIONS, Place, Publish
from system.running import RunModule

USER = "arn:aws:iam::123456789012:user/publisher"
LONG = "/".join(["", *(f"level{number}" for number in range(16))])


def template(**more: t.Any) -> dict[str, t.Any]:
    """Return the option for one template."""
    return {"launch_templates": [{"template_name": "database", **more}]}


def parameter(name: str = "/golden/db", **more: t.Any) -> dict[str, t.Any]:
    """Return the option for one parameter."""
    return {"ssm_parameters": [{"name": name, **more}]}


def named(reference: str) -> dict[str, t.Any]:
    """Return the options for an image by a parameter."""
    return {"image_id": None, "image_parameter": reference}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "nothing is to be published", id="nothing"),
        pytest.param({**parameter(), "allowed_keys": []}, "needs kms_key_id or allowed_keys", id="verified by no key"),
        pytest.param({**parameter(), "allowed_keys": ["golden"]}, "neither a key id", id="no key"),
        pytest.param({**parameter(), "require": "available", "kms_key_id": KEYS[0]}, "alone", id="keys for nothing"),
        pytest.param({**parameter(), "image_id": "golden"}, "is not an image id", id="no image"),
        pytest.param({**parameter(), "wait_timeout": 0}, "must be at least 1", id="no time"),
        pytest.param(parameter("/golden//db"), "is not allowed", id="empty level"),
        pytest.param(parameter("golden/db"), "begins with a slash", id="hierarchy without a slash"),
        pytest.param(parameter("/golden/db:stable"), "cannot be written by name", id="label in the name"),
        pytest.param(parameter("/golden/d b"), "is not allowed", id="blank"),
        pytest.param(parameter("/aws/service/ami"), "is reserved", id="reserved aws"),
        pytest.param(parameter("SSM-golden"), "is reserved", id="reserved ssm"),
        pytest.param(parameter(LONG), "has 16 levels", id="16 levels"),
        pytest.param(parameter(f"/{'x' * 1000}"), "has 1001 characters", id="too long"),
        pytest.param(parameter(labels=[f"l{number}" for number in range(11)]), "11 labels", id="11 labels"),
        pytest.param(parameter(labels=["1st"]), "label '1st' is not allowed", id="label of a digit"),
        pytest.param(parameter(labels=["aws-best"]), "label 'aws-best' is not allowed", id="reserved label"),
        pytest.param(parameter(tags={"aws:x": "y"}), "is reserved", id="reserved tag"),
        pytest.param({**parameter(), "image_id": None}, "by image_id or by image_parameter", id="no image named"),
        pytest.param({**parameter(), "image_parameter": "/web"}, "and not by both", id="image by id and parameter"),
        pytest.param({**parameter(), **named("/golden/d b")}, "names no parameter", id="image by no name"),
        pytest.param({**parameter(), **named("/golden/db:")}, "names no parameter", id="image by an empty label"),
        pytest.param({**parameter(), **named("/golden/none")}, "is not found in us-east-1", id="image by no parameter"),
        pytest.param({**parameter(), **named("/there:stable")}, "is not found in us-east-1", id="image by no label"),
        pytest.param({**parameter(), **named("/words")}, "is not an image id", id="image by other text"),
        pytest.param({**parameter(version="1")}, "version 1 needs labels", id="version without labels"),
        pytest.param({**parameter(version="1st", labels=["a"])}, "neither the number", id="version of no name"),
        pytest.param(
            {**parameter(version="1", labels=["a"], tier="Standard", description="x", overwrite_value="always")},
            "tier and description and overwrite_value=always cannot be had with version 1",
            id="version written",
        ),
        pytest.param(
            {**parameter(version="1", labels=["a"]), "state": "absent", "require": "none"},
            "version of ssm_parameters cannot be had with state=absent",
            id="version deleted",
        ),
        pytest.param(
            {**parameter(), **named("/there"), "state": "absent"}, "image_parameter cannot be had", id="deleted by name"
        ),
        pytest.param(parameter(version="1", labels=["a"]), "/golden/db is not there", id="version of no parameter"),
        pytest.param(parameter("/there", version="7", labels=["a"]), "has no version 7", id="version of none such"),
        pytest.param(parameter("/there", version="stable", labels=["a"]), "no version stable", id="label of none such"),
        pytest.param(
            parameter("/there", version="1", labels=["a"]),
            f"version 1 of parameter /there holds {GOLDEN}, not",
            id="version of another image",
        ),
        pytest.param({"ssm_parameters": [{"name": "web"}, {"name": "/web"}]}, "web is listed twice", id="same name"),
        pytest.param(template(template_id="lt-0123456789abcdef0"), "and not by both", id="id and name"),
        pytest.param({"launch_templates": [{"source_version": "1"}]}, "template_id or template_name", id="neither"),
        pytest.param({"launch_templates": [{"template_id": "lt-1"}]}, "is not an id such as", id="no id"),
        pytest.param({"launch_templates": [{"template_name": "a b c"}]}, "is not allowed", id="no name"),
        pytest.param(template(source_version="newest"), "neither default, latest nor", id="no version"),
        pytest.param(template(default_version="0"), "neither new, keep nor", id="version zero"),
        pytest.param(template(version_description="x" * 256), "256 characters of 255", id="long description"),
        pytest.param(template(source_version="9"), "VersionNotFound", id="version that does not exist"),
        pytest.param(template(default_version="9"), "VersionNotFound", id="default that does not exist"),
        pytest.param(template(default_version="1"), f"launches {GOLDEN}, not {SEALED}", id="default of another image"),
        pytest.param({"launch_templates": [{"template_name": "none"}]}, "NotFound", id="no such template"),
    ],
)
def test_bad_input_is_a_sentence_and_changes_nothing(
    place: Place, publish: Publish, options: dict[str, t.Any], words: str
) -> None:
    place.template("database")
    place.parameter("/there", GOLDEN)
    place.parameter("/words", "current", DataType="text")
    place.emulator.clear_calls()
    result = publish(**{"image_id": SEALED, **options})
    assert result.failed and words in result.msg, result.msg
    assert "Traceback" not in result.msg
    assert not result["changed"] and not place.mutations()
    assert (result["ssm_parameters"], result["launch_templates"], result["steps"]) == ([], [], [])


def test_the_same_template_by_id_and_by_name_is_refused(place: Place, publish: Publish) -> None:
    template_id = place.template("database")
    place.emulator.clear_calls()
    result = publish(launch_templates=[{"template_name": "database"}, {"template_id": template_id}])
    assert "are the same template" in result.msg and not place.mutations()


@pytest.mark.parametrize(
    "kind", [{"DataType": "text"}, {"DataType": "text", "Type": "StringList"}, {"DataType": "text", "Value": GOLDEN}]
)
def test_a_parameter_of_text_is_refused_with_the_remedy(place: Place, publish: Publish, kind: dict[str, str]) -> None:
    place.parameter("/golden/db", kind.pop("Value", SEALED), **kind)
    place.template("database")
    place.emulator.clear_calls()
    result = publish(**parameter(), **template())
    assert result.failed and "delete-parameter --name /golden/db" in result.msg, result.msg
    assert not place.mutations()


def test_an_immutable_name_of_another_image_stops_everything(place: Place, publish: Publish) -> None:
    place.parameter("/golden/day", GOLDEN)
    place.template("database")
    place.emulator.clear_calls()
    result = publish(
        ssm_parameters=[{"name": "/golden/db"}, {"name": "/golden/day", "overwrite_value": "never"}], **template()
    )
    assert result.failed and f"holds {GOLDEN} (version 1), not {SEALED}" in result.msg, result.msg
    assert not place.mutations()


@pytest.fixture
def writer(emulator: Emulator) -> Credentials:
    """Return a principal who may describe images, but not when Parameter Store asks in its name."""
    statements = [
        {"Effect": "Allow", "Action": ["ssm:*", "kms:*", "ec2:DescribeSnapshots"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "ec2:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": REGION}},
        },
    ]
    return emulator.principal(USER, [{"Version": "2012-10-17", "Statement": statements}])


@pytest.mark.parametrize("uses", [True, False])
@pytest.mark.parametrize("before", [None, GOLDEN])
def test_a_silent_failure_names_the_writers_permission_first(
    place: Place, run_module: RunModule, writer: Credentials, before: str | None, uses: bool
) -> None:
    place.emulator.configure(ssm_failed_validation_uses_version=uses)
    place.opens("/golden/db", "/golden/day")
    place.template("database")
    if before:
        place.parameter("/golden/db", before)
    result = run_module(
        MODULE, as_=writer, region=REGION, image_id=SEALED, allowed_keys=KEYS, wait_timeout=60,
        ssm_parameters=[{"name": "/golden/db"}, {"name": "/golden/other", "overwrite_value": "changed"}][:1],
        **template(),
    )  # fmt: skip
    assert result.failed and not result["changed"]
    first, second = (result.msg.index(word) for word in ("lacks ec2:DescribeImages", "is not available and visible"))
    assert first < second < result.msg.index("in process")
    assert (f"it holds {GOLDEN} (version 1)" if before else "there is no such parameter") in result.msg
    assert "Not reached: create a version of launch template database" in result.msg
    assert [one["status"] for one in result["steps"]] == ["failed", "not reached", "not reached"]
    assert place.value("/golden/db") == before and place.versions("database") == [f"{GOLDEN}*"]


def test_a_denied_describe_images_is_named_before_anything_changes(place: Place, publish: Publish) -> None:
    place.emulator.faults.add("access_denied", action="DescribeImages")
    result = publish(**parameter())
    assert "ec2:DescribeImages" in result.msg and not place.mutations()


def test_a_validation_that_takes_too_long_is_taken_up_by_the_next_run(place: Place, publish: Publish) -> None:
    place.emulator.configure(ssm_image_validation_seconds=100)
    place.opens("/golden/db")
    first = publish(**parameter(), wait_timeout=30)
    assert first.failed and "still in process" in first.msg
    second = publish(**parameter(), wait_timeout=200)
    assert not second.failed, second.msg
    assert place.value("/golden/db") == SEALED
    versions = place.ssm.get_parameter_history(Name="/golden/db")["Parameters"]
    assert [one["Version"] for one in versions] == [1]


@pytest.mark.parametrize("valid", [True, False])
def test_a_shared_image_under_both_readings(place: Place, publish: Publish, valid: bool) -> None:
    """Whether Parameter Store takes an image of another account is open (aws_rules §19)."""
    place.emulator.configure(ssm_shared_images_validate=valid)
    place.opens("/golden/db")
    result = publish("ami-00ec2000000000031", require="available", **parameter(), wait_timeout=30)
    assert result.failed is not valid
    assert result["changed"] is valid


@pytest.mark.parametrize("kind", ["drop", "server_error", "throttled"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_makes_no_second_version(place: Place, publish: Publish, kind: str, when: str) -> None:
    if kind == "throttled" and when == "after":
        pytest.skip("AWS does nothing for a call that it throttles")
    place.emulator.configure(ssm_image_validation_seconds=20)
    place.opens("/golden/db")
    place.template("database")
    place.parameter("/golden/db", GOLDEN)
    place.emulator.advance(30)
    for action in ("PutParameter", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate"):
        more = {"when": when} if kind != "throttled" else {}
        place.emulator.faults.add(kind, action=action, count=1, **more)
    result = publish(**parameter(), **template())
    assert not result.failed, result.msg
    history = place.ssm.get_parameter_history(Name="/golden/db")["Parameters"]
    assert [one["Value"] for one in history] == [GOLDEN, SEALED]
    assert place.versions("database") == [GOLDEN, f"{SEALED}*"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param("TooManyUpdates", "There are concurrent updates.", id="by its code"),
        pytest.param("ValidationException", "The validation is still in process.", id="by its words"),
    ],
)
def test_a_write_that_is_refused_for_another_is_sent_again(
    place: Place, publish: Publish, code: str, message: str
) -> None:
    """Under which code AWS refuses it is open (aws_rules §19)."""
    place.opens("/golden/db")
    place.parameter("/golden/db", GOLDEN)
    place.emulator.faults.add("error", action="PutParameter", code=code, status=400, message=message, count=3)
    result = publish(**parameter())
    assert not result.failed, result.msg
    assert [one["Value"] for one in place.ssm.get_parameter_history(Name="/golden/db")["Parameters"]] == [
        GOLDEN,
        SEALED,
    ]


def test_somebody_else_who_writes_meanwhile_is_named(place: Place, publish: Publish) -> None:
    place.opens("/golden/db")
    place.parameter("/golden/db", GOLDEN)
    other = "ami-00ec2000000000001"
    place.emulator.faults.add(
        "mutate", action="GetParameters", nth=2,
        changes=[{"path": "Parameters.0.Value", "set": other}, {"path": "Parameters.0.Version", "set": 3}],
    )  # fmt: skip
    result = publish(**parameter())
    assert f"somebody else has written {other}" in result.msg and result["changed"]


def test_labels_that_aws_does_not_take_are_noticed(place: Place, publish: Publish) -> None:
    place.opens("/golden/db")
    place.emulator.faults.add(
        "mutate", action="LabelParameterVersion", changes=[{"path": "InvalidLabels", "set": ["stable"]}]
    )
    result = publish(**parameter(labels=["stable"]), **template())
    assert "NotFound" in result.msg and not place.mutations()
    place.template("database")
    result = publish(**parameter(labels=["stable"]), **template())
    assert "did not take the labels stable" in result.msg and result["changed"]
    assert place.versions("database") == [f"{GOLDEN}*"]


WARNING = {"path": "Warning", "set": {"Errors": [{"Code": "InvalidParameterCombination", "Message": "no such type"}]}}


@pytest.mark.parametrize("times", [1, 2])
def test_a_version_that_aws_warns_of_is_taken_back(place: Place, publish: Publish, times: int) -> None:
    place.template("database", to=[*VERSIONS, "DeleteLaunchTemplateVersions"])
    place.emulator.faults.add("mutate", action="CreateLaunchTemplateVersion", changes=[WARNING])
    for run in range(times):
        result = publish(**template())
        assert result.failed and "no such type" in result.msg and "It was deleted again" in result.msg
        assert not result["changed"] and result["launch_templates"][0]["removed_version"] == 2 + run
    assert place.versions("database") == [f"{GOLDEN}*"]


def test_a_version_that_cannot_be_taken_back_is_named(place: Place, publish: Publish) -> None:
    place.template("database", to=[*VERSIONS, "DeleteLaunchTemplateVersions"])
    place.emulator.faults.add("mutate", action="CreateLaunchTemplateVersion", changes=[WARNING])
    place.emulator.faults.add("access_denied", action="DeleteLaunchTemplateVersions")
    result = publish(**template())
    assert result["changed"] and "ec2:DeleteLaunchTemplateVersions" in result.msg
    assert result["launch_templates"][0]["version"] == 2
    assert place.versions("database") == [f"{GOLDEN}*", SEALED]


def test_warnings_may_be_accepted(place: Place, publish: Publish) -> None:
    place.template("database")
    place.emulator.faults.add("mutate", action="CreateLaunchTemplateVersion", changes=[WARNING])
    result = publish(**template(), accept_template_warnings=True)
    assert not result.failed and any("no such type" in one for one in result.warnings)
    assert place.versions("database") == [GOLDEN, f"{SEALED}*"]


@pytest.mark.parametrize("name", ["/golden/db", "/golden/db:stable", "/golden/db:3"])
def test_an_alias_that_leads_elsewhere_is_refused(place: Place, publish: Publish, name: str) -> None:
    place.parameter("/golden/db", GOLDEN)
    place.template("follower", f"resolve:ssm:{name}")
    place.emulator.clear_calls()
    result = publish(ssm_parameters=[{"name": "/golden/web"}], launch_templates=[{"template_name": "follower"}])
    assert result.failed and f"follows resolve:ssm:{name}, which leads to" in result.msg, result.msg
    assert not place.mutations()


def overriding(template_id: str) -> dict[str, t.Any]:
    """Return a policy of which an override names an image of its own."""
    specification = {"LaunchTemplateId": template_id, "Version": "$Default"}
    overrides = [{"InstanceType": "t3.small", "ImageId": GOLDEN}]
    return {"LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": overrides}}


def a_group(place: Place, name: str, policy: dict[str, t.Any]) -> None:
    """Make an Auto Scaling group without instances."""
    place.scaling.create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=0, MaxSize=2, AvailabilityZones=["us-east-1a"], MixedInstancesPolicy=policy
    )


def test_what_beats_the_image_is_told(place: Place, publish: Publish) -> None:
    mappings = [
        {"DeviceName": "/dev/xvda", "Ebs": {"KmsKeyId": "alias/golden", "Encrypted": True}},
        {"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": False, "VolumeSize": 8}},
    ]
    template_id = place.template("database", BlockDeviceMappings=mappings)
    a_group(place, "mixed", overriding(template_id))
    result = publish(**template())
    told = " ".join(result.warnings)
    assert "/dev/xvda with KmsKeyId alias/golden" in told and "/dev/sdf with Encrypted=false" in told
    assert f"group mixed has overrides that name {GOLDEN}" in told
    assert result["launch_templates"][0]["warnings"] == result.warnings
    assert "ReplaceRootVolume" not in told


@pytest.mark.parametrize(("image", "told"), [(SEALED, True), (GOLDEN, False)])
def test_a_refresh_of_root_volumes_and_an_image_of_several(
    place: Place, publish: Publish, image: str, told: bool
) -> None:
    template_id = place.template("database", "ami-00ec2000000000025")
    a_group(place, "roots", overriding(template_id))
    place.scaling.start_instance_refresh(
        AutoScalingGroupName="roots",
        Strategy="ReplaceRootVolume",
        DesiredConfiguration={"MixedInstancesPolicy": overriding(template_id)},
    )
    result = publish(image, **template())
    assert not result.failed, result.msg
    assert any("refreshes by ReplaceRootVolume" in one for one in result.warnings) is told


def test_groups_that_may_not_be_read_are_told_of(place: Place, publish: Publish) -> None:
    place.template("database")
    place.emulator.faults.add("access_denied", action="DescribeAutoScalingGroups")
    result = publish(**template())
    assert not result.failed and "autoscaling:DescribeAutoScalingGroups" in " ".join(result.warnings)


def test_a_failure_in_the_middle_names_what_was_done(place: Place, publish: Publish) -> None:
    place.opens("/golden/db", "/golden/day")
    place.template("database")
    place.emulator.faults.add("access_denied", action="LabelParameterVersion")
    asked: dict[str, t.Any] = {
        "ssm_parameters": [{"name": "/golden/db", "labels": ["stable"]}, {"name": "/golden/day"}], **template()
    }  # fmt: skip
    result = publish(**asked)
    assert result.failed and result["changed"] and "ssm:LabelParameterVersion" in result.msg
    assert [one["status"] for one in result["steps"]] == ["done", "failed", "done", "not reached", "not reached"]
    assert [one["action"] for one in result["ssm_parameters"]] == ["failed", "created"]
    assert result["launch_templates"][0]["action"] == "not reached"
    place.emulator.faults.clear()
    assert not publish(**asked).failed
    assert (place.value("/golden/db:stable"), place.versions("database")) == (SEALED, [GOLDEN, f"{SEALED}*"])


def test_what_somebody_else_has_published_since_is_not_replaced(place: Place, publish: Publish) -> None:
    place.opens("/golden/db", "/golden/new")
    place.parameter("/golden/db", GOLDEN)
    place.ssm.label_parameter_version(Name="/golden/db", ParameterVersion=1, Labels=["stable"])
    place.template("database")
    place.emulator.clear_calls()
    other = "ami-00ec2000000000001"
    asked: dict[str, t.Any] = {
        "ssm_parameters": [{"name": "/golden/db", "labels": ["stable"]}, {"name": "/golden/new"}], **template()
    }  # fmt: skip
    refused = publish(**asked, replaces=other)
    for what in (
        "parameter /golden/db leads to",
        "label stable of parameter /golden/db",
        "template database, version 1",
    ):
        assert what in refused.msg, refused.msg
    assert not place.mutations()
    assert "cannot be had with state=absent" in publish(**parameter(), state="absent", replaces=other).msg
    assert publish(**asked, replaces=GOLDEN)["changed"]
    # What is there by now leads to the image already.
    assert not publish(**asked, replaces=other).failed
