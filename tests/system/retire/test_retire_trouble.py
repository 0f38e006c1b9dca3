# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble: images that somebody uses, answers that do not come, runs that end in the middle, and two at once."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws import attributes, retiring
from ansible_collections.sealed.ami.plugins.module_utils._execute.retire import deciding, run
from emulated_aws.client import Emulator
from system.compose.test_compose_killed import Killed, Scythe
from system.looking import Looking
from system.retire.conftest import DAY, OTHER, REGION, Fleet, Retire, changes, entry

pytestmark = pytest.mark.unused


@pytest.fixture
def scythe(monkeypatch: pytest.MonkeyPatch) -> Scythe:
    """Return what kills; it lets everybody live at first."""
    return Scythe(monkeypatch)


def _launch(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    fleet.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType="t3.small")


def _default_of_twelve(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    """Make it the default version of a template, with eleven newer ones, which AWS's references leave out."""
    data = {"ImageId": image_id, "InstanceType": "t3.small"}
    fleet.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    newer = {"ImageId": "ami-00ec2000000000001", "InstanceType": "t3.small"}
    for _version in range(11):
        fleet.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=newer)


def _override_of_empty_group(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    data = {"ImageId": "ami-00ec2000000000001", "InstanceType": "t3.small"}
    fleet.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    launch = {
        "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "1"},
        "Overrides": [{"ImageId": image_id, "InstanceType": "t3.large"}],
    }
    emulator.session(region=REGION).client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=0,
        AvailabilityZones=[f"{REGION}a"],
        MixedInstancesPolicy={"LaunchTemplate": launch},
    )


def _published(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    ssm = emulator.session(region=REGION).client("ssm")
    ssm.put_parameter(Name="/golden/web", Value=image_id, Type="String", DataType="aws:ec2:image")


def _shared_without_report(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    fleet.share(image_id, {"UserId": OTHER})


def _report_pending(emulator: Emulator, fleet: Fleet, image_id: str) -> None:
    fleet.share(image_id, {"UserId": OTHER})
    emulator.configure(usage_report_seconds=5 * 3600)
    fleet.report(image_id)


def _denied(action: str) -> t.Callable[[Emulator, Fleet, str], None]:
    def deny(emulator: Emulator, _fleet: Fleet, _image_id: str) -> None:
        emulator.faults.add("access_denied", action=action)

    return deny


def _values_denied(emulator: Emulator, _fleet: Fleet, _image_id: str) -> None:
    """Let the names of parameters be listed, one of which is another image's, and not what they hold."""
    ssm = emulator.session(region=REGION).client("ssm")
    ssm.put_parameter(Name="/golden/db", Value="ami-00ec2000000000001", Type="String", DataType="aws:ec2:image")
    emulator.faults.add("access_denied", action="GetParameters")


@pytest.mark.parametrize("stage", ["deprecate", "disable"])
@pytest.mark.parametrize(
    ("prepare", "in_use"),
    [
        pytest.param(_launch, True, id="an instance"),
        pytest.param(_default_of_twelve, True, id="the default version behind eleven newer ones"),
        pytest.param(_override_of_empty_group, True, id="an override of an empty group"),
        pytest.param(_published, True, id="a parameter"),
        pytest.param(_shared_without_report, None, id="shared, and no report"),
        pytest.param(_report_pending, None, id="a report pending for hours"),
        pytest.param(_denied("DescribeImageReferences"), None, id="references denied"),
        pytest.param(_denied("DescribeAutoScalingGroups"), None, id="groups denied"),
        pytest.param(_denied("DescribeParameters"), None, id="parameters denied"),
        pytest.param(_values_denied, None, id="the values of parameters denied"),
        pytest.param(_denied("DescribeInstances"), None, id="instances denied"),
    ],
)
def test_what_is_used_or_may_be_is_kept(
    emulator: Emulator,
    fleet: Fleet,
    retire: Retire,
    look: Looking,
    prepare: t.Callable[[Emulator, Fleet, str], None],
    in_use: bool | None,
    stage: str,
) -> None:
    """The cases of which peers' users report outages; at each step the evidence is read again."""
    old, _new = fleet.family(old=() if stage == "deprecate" else ("EnableImageDeprecation",))
    if stage == "disable":
        assert entry(retire(disable_after_days=0), old)["action"] == "deprecated"
        emulator.advance(3 * DAY)
    prepare(emulator, fleet, old)
    emulator.clear_calls()
    result = retire(disable_after_days=0)
    found = entry(result, old)
    assert (result.msg, result["changed"], changes(look)) == ("", False, [])
    assert (found["action"], found["in_use"], bool(found["evidence"])) == ("kept", in_use, True)
    refused = retire(disable_after_days=0, when_unknown="fail")
    assert (refused.failed, refused["changed"]) == (in_use is None, False)


def test_a_launch_elsewhere_that_nothing_shows_can_be_undone(emulator: Emulator, fleet: Fleet, retire: Retire) -> None:
    """AWS shows another account's launch of two hours ago nowhere: at most it is disabled, and comes back as it was."""
    old, _new = fleet.family()
    fleet.share(old, {"UserId": OTHER})
    fleet.report(old)
    retire(disable_after_days=0)
    emulator.advance(3 * DAY)
    emulator.configure(usage_report_lag=DAY)
    elsewhere: t.Any = emulator.session(region=REGION, account=OTHER).client("ec2")
    elsewhere.run_instances(ImageId=old, MinCount=1, MaxCount=1, InstanceType="t3.small")
    emulator.advance(2 * 3600)
    fleet.report(old)
    result = retire(disable_after_days=0)
    assert entry(result, old)["action"] == "disabled"
    retire(state="restored", undo=result["undo"])
    elsewhere.run_instances(ImageId=old, MinCount=1, MaxCount=1, InstanceType="t3.small")


@pytest.mark.parametrize("check", [False, True])
def test_more_than_the_limit_changes_nothing(fleet: Fleet, retire: Retire, look: Looking, check: bool) -> None:
    for number in range(4):
        fleet.image(f"web-{number}", may=())
    look.emulator.clear_calls()
    result = retire(limit=2, check=check)
    assert (result.failed, result["changed"], result["undo"]) == (True, False, [])
    assert "3 images are due for a step and limit is 2" in result.msg
    assert sorted(result.actions) == ["deprecated"] * 3 + ["kept"]
    assert [step["done"] for one in result["images"] for step in one["steps"]] == [False] * 3
    assert changes(look) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"filters": {"name": "wbe-*"}}, "select no image", id="nothing selected"),
        pytest.param({"image_ids": ["ami-00ec2000000000001"]}, "filters do not select", id="an image of no group"),
        pytest.param({"filters": {"nmae": "x"}}, "The filter 'nmae' is invalid", id="no filter"),
        pytest.param({"regions": ["eu-wset-1"]}, "did you mean eu-west-1", id="no region"),
        pytest.param({"group_by": None}, "needs group_by", id="no groups"),
        pytest.param({"state": "restored"}, "either image_ids or undo", id="nothing to restore"),
        pytest.param({"state": "restored", "undo": []}, "undo is empty", id="nothing was retired"),
        pytest.param(
            {"state": "restored", "image_ids": ["ami-00ec2000000000019"]}, "is pending", id="restore what is pending"
        ),
        pytest.param(
            {"state": "restored", "image_ids": ["ami-00ec2000000000031"]}, "has no image", id="restore a vendor's"
        ),
    ],
)
def test_bad_input_fails_with_a_sentence(
    fleet: Fleet, retire: Retire, look: Looking, options: dict[str, t.Any], words: str
) -> None:
    fleet.family(old=())
    look.emulator.clear_calls()
    result = retire(**options)
    assert (result.failed, result["changed"], changes(look)) == (True, False, [])
    assert words in result.msg


def test_images_of_others_are_not_selected(fleet: Fleet, retire: Retire) -> None:
    """The vendor's public image has the name of ours."""
    result = retire(filters={"name": "plain-root"}, group_by="name:^(plain)", check=True)
    assert [one["image_id"] for one in result["images"]] == ["ami-00ec2000000000001"]


def comes_to_an_end(retire: Retire, stage: dict[str, t.Any]) -> dict[str, t.Any]:
    """Run until nothing is left to do, and return the last result."""
    for _run in range(3):
        result = retire(**stage)
        assert result.msg == ""
        if not result["changed"]:
            return result
    raise AssertionError("it never comes to rest")


@pytest.mark.parametrize("stage", ["deprecate", "disable", "restore"])
def test_a_killed_run_is_finished_by_the_next(
    emulator: Emulator, fleet: Fleet, retire: Retire, look: Looking, scythe: Scythe, stage: str
) -> None:
    """Whatever change was the last, the next run ends where one clean run does, permissions and all."""
    ends = []
    for changes_done in range(5):
        old, new = fleet.family()
        _prepare(emulator, fleet, retire, old, stage)
        options: dict[str, t.Any] = {"disable_after_days": 0 if stage != "deprecate" else 14}
        if stage == "restore":
            options = {"state": "restored", "image_ids": [old], "trust_recorded_permissions": True}
        if changes_done:
            scythe.after(changes_done)
            with pytest.raises(Killed):
                retire(**options)
                raise Killed  # There were fewer changes than that.
            scythe.after(None)
        comes_to_an_end(retire, options)
        ends.append(_end(fleet, old))
        for image_id in (old, new):
            fleet.ec2.deregister_image(ImageId=image_id)
    assert all(end == ends[0] for end in ends), ends


def _prepare(emulator: Emulator, fleet: Fleet, retire: Retire, old: str, stage: str) -> None:
    fleet.share(old, {"UserId": OTHER})
    fleet.ec2.enable_image_deprecation(ImageId=old, DeprecateAt="2030-01-01T00:00:00Z")
    fleet.report(old)
    if stage == "deprecate":
        return
    assert entry(retire(disable_after_days=0), old)["action"] == "deprecated"
    emulator.advance(3 * DAY)
    fleet.report(old)
    if stage == "restore":
        assert entry(retire(disable_after_days=0), old)["action"] == "disabled"


def _end(fleet: Fleet, image_id: str) -> tuple[t.Any, ...]:
    """Return what an image is in the end, without ids and times of this trial."""
    shown = fleet.shown(image_id)
    tags = {
        key: value.replace(image_id, "it")
        for key, value in fleet.tags(image_id).items()
        if key != "sealed.ami:disabled-at"
    }
    noted = fleet.tags(image_id).get("sealed.ami:disabled-at", "")[:2]
    as_before = str(shown.get("DeprecationTime", "")).startswith("2030")
    return shown["State"], tags, noted, as_before, fleet.permissions(image_id)


@pytest.mark.parametrize("action", ["CreateTags", "DisableImage", "EnableImageDeprecation"])
def test_a_denied_step_is_told_and_loses_nothing(emulator: Emulator, fleet: Fleet, retire: Retire, action: str) -> None:
    old, _new = fleet.family()
    if action != "EnableImageDeprecation":
        retire()
        emulator.advance(15 * DAY)
    emulator.faults.add("access_denied", action=action)
    result = retire()
    found = entry(result, old)
    assert (result.failed, found["action"], fleet.shown(old)["State"]) == (True, "failed", "available")
    assert f"ec2:{action}" in result.msg
    assert result["changed"] is (action == "DisableImage")
    assert [one["done"] for one in found["steps"]].count(True) == (action == "DisableImage")
    emulator.faults.clear()
    assert retire().msg == ""


@pytest.mark.parametrize("act", ["disable", "deregister"])
def test_another_run_may_come_first(
    emulator: Emulator, fleet: Fleet, retire: Retire, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Between what this run has read and its call, another one disables the image, or it is deregistered."""
    old, _new = fleet.family()
    retire()
    emulator.advance(15 * DAY)
    disable = retiring.disable_image

    def overtaken(region: t.Any, proof: t.Any) -> None:
        getattr(fleet.ec2, f"{act}_image")(ImageId=proof.resource_id)
        disable(region, proof)

    monkeypatch.setattr(run, "disable_image", overtaken)
    result = retire()
    assert (result.msg, result["changed"]) == ("", True)
    assert entry(result, old)["action"] == ("disabled" if act == "disable" else "unchanged")


def test_permissions_that_were_gone_before_they_were_read_are_not_recorded(
    emulator: Emulator, fleet: Fleet, retire: Retire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run disables the image just before its permissions are read: its record must not be overwritten."""
    old, _new = fleet.family()
    fleet.share(old, {"UserId": OTHER})
    fleet.report(old)
    retire()
    emulator.advance(15 * DAY)
    fleet.report(old)
    permissions = attributes.launch_permissions
    record = {"Key": "sealed.ami:launch-permissions-1", "Value": f"{old} 1 {OTHER}"}

    def overtaken(region: t.Any, image_id: str) -> t.Any:
        fleet.ec2.create_tags(Resources=[image_id], Tags=[record])
        fleet.ec2.disable_image(ImageId=image_id)
        return permissions(region, image_id)

    monkeypatch.setattr(deciding, "launch_permissions", overtaken)
    result = retire()
    assert (result.msg, result["changed"], entry(result, old)["action"]) == ("", False, "kept")
    monkeypatch.setattr(deciding, "launch_permissions", permissions)
    retire(state="restored", image_ids=[old], trust_recorded_permissions=True)
    assert fleet.permissions(old) == [{"UserId": OTHER}]


@pytest.mark.parametrize(
    "settings",
    [
        {"references_when_denied": "shrink"},
        {"references_see_text_parameters": False},
        {"own_account_in_usage_report": True},
        {"references_lag_seconds": 6 * 3600.0},
    ],
)
def test_whichever_way_aws_answers_a_used_image_is_kept(
    emulator: Emulator, fleet: Fleet, retire: Retire, settings: dict[str, t.Any]
) -> None:
    old, _new = fleet.family(old=())
    _launch(emulator, fleet, old)
    emulator.configure(**settings)
    assert entry(retire(), old)["action"] == "kept"


@pytest.mark.parametrize("present", [47, 50])
def test_an_image_without_room_for_the_record_is_not_disabled(
    emulator: Emulator, fleet: Fleet, retire: Retire, present: int
) -> None:
    """AWS takes 50 tags: two more are needed, and where they do not fit, nothing is taken away."""
    old, _new = fleet.family()
    retire()
    emulator.advance(15 * DAY)
    more = [{"Key": f"tag-{number}", "Value": "x"} for number in range(present - len(fleet.tags(old)))]
    fleet.ec2.create_tags(Resources=[old], Tags=more)
    result = retire()
    assert result.failed is (present == 50)
    assert fleet.shown(old)["State"] == ("available" if present == 50 else "disabled")
    assert result["changed"] is (present != 50)
