# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling: which images groups launch, and by what they name them (§14.4, §17.3, §20)."""

from __future__ import annotations

import json
import typing as t

import pytest

from .builders import INSTANCE_TYPE, ROOT, a_key, an_image
from .place import Place, a_name, image, instance, reached, refused, volume
from .rules import rule

ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
FAILED, DONE = "Failed", "Successful"
OTHER_TYPE = "c5.large"
Answer = dict[str, t.Any]


def scaling(place: Place) -> t.Any:
    """Return a client of Auto Scaling."""
    return place.target.client("autoscaling", region=place.region, account=place.account)


def a_template(place: Place, image_id: str, *later: str) -> str:
    """Make a launch template with a version for each image and return its id."""
    first, *others = ({"ImageId": one, "InstanceType": INSTANCE_TYPE} for one in (image_id, *later))
    made = place.ec2.create_launch_template(LaunchTemplateName=a_name("template"), LaunchTemplateData=first)
    template = str(made["LaunchTemplate"]["LaunchTemplateId"])
    for data in others:
        place.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    return template


def by_template(template: str, version: str = "") -> Answer:
    """Return what launches by a launch template, at the version that AWS takes by itself if none is given."""
    return {"LaunchTemplate": {"LaunchTemplateId": template} | ({"Version": version} if version else {})}


def by_policy(template: str, *overrides: Answer, version: str = "$Default") -> Answer:
    """Return what launches by a mixed instances policy."""
    launch = {"LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": version}}
    return {"MixedInstancesPolicy": {"LaunchTemplate": launch | ({"Overrides": list(overrides)} if overrides else {})}}


def a_group(place: Place, launch: Answer, size: int = 1) -> str:
    """Make a group of this size and return its name."""
    name = a_name("group")
    scaling(place).create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=size,
        AvailabilityZones=[place.zone],
        **launch,
    )
    return name


def group(place: Place, name: str) -> Answer:
    """Return a group as it is described."""
    [found] = scaling(place).describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return t.cast(Answer, found)


def members(place: Place, name: str) -> list[Answer]:
    """Return the instances of a group, in a steady order."""
    return sorted(group(place, name)["Instances"], key=lambda one: str(one["InstanceId"]))


def images(place: Place, name: str) -> list[str]:
    """Return the images of the instances of a group, as EC2 tells them."""
    found = [instance(place, one["InstanceId"]) for one in members(place, name)]
    return [str(one["ImageId"]) for one in found if one]


def grow(place: Place, name: str, size: int) -> None:
    """Set the size of a group."""
    scaling(place).set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=size)


def refresh(place: Place, name: str, **request: t.Any) -> str:
    """Start an instance refresh and return its id."""
    return str(scaling(place).start_instance_refresh(AutoScalingGroupName=name, **request)["InstanceRefreshId"])


def refreshed(place: Place, name: str, refresh_id: str) -> Answer:
    """Return a refresh once it is over."""

    def ready() -> Answer | None:
        [found] = scaling(place).describe_instance_refreshes(
            AutoScalingGroupName=name, InstanceRefreshIds=[refresh_id]
        )["InstanceRefreshes"]
        return None if found["Status"] in ("Pending", "InProgress", "Baking") else found

    return place.until(ready, "instance refresh")


@rule("20 versions of groups", "AS8")
def test_groups_launch_the_version_that_they_name(home: Place) -> None:
    """A group launches the version it names; $Latest, and $Default, which none means too, are looked up each time."""
    first, second, third = an_image(home), an_image(home), an_image(home)
    template = a_template(home, first, second)
    names = {version: a_group(home, by_template(template, version)) for version in ("1", "$Latest", "$Default", "")}
    assert {version: images(home, name) for version, name in names.items()} == {
        "1": [first],
        "$Latest": [second],
        "$Default": [first],
        "": [first],
    }
    home.ec2.create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"ImageId": third, "InstanceType": INSTANCE_TYPE}
    )
    home.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    for name in names.values():
        grow(home, name, 2)
    assert {version: sorted(images(home, name)) for version, name in names.items()} == {
        "1": [first, first],
        "$Latest": sorted([second, third]),
        "$Default": sorted([first, second]),
        "": sorted([first, second]),
    }


@rule("20 versions of groups", "AS8")
def test_groups_show_the_version_as_it_was_given_and_instances_its_number(home: Place) -> None:
    """A group shows the version as it was given, if it was; its instances show the number they were launched by."""
    template = a_template(home, an_image(home), an_image(home))
    latest, silent = a_group(home, by_template(template, "$Latest")), a_group(home, by_template(template))
    assert group(home, latest)["LaunchTemplate"]["Version"] == "$Latest"
    assert "Version" not in group(home, silent)["LaunchTemplate"]
    assert [one["LaunchTemplate"]["Version"] for one in members(home, latest)] == ["2"]
    details = scaling(home).describe_auto_scaling_instances()["AutoScalingInstances"]
    assert {one["AutoScalingGroupName"]: one["LaunchTemplate"]["Version"] for one in details} == {
        latest: "2",
        silent: "1",
    }


@rule("17.3 overrides", "AS8")
def test_overrides_name_images_of_their_own(home: Place) -> None:
    """An override's ImageId beats the template's, and the instance shows it; without it instances show no image."""
    of_template, own = an_image(home), an_image(home)
    template = a_template(home, of_template)
    plain = a_group(home, by_policy(template, {"InstanceType": INSTANCE_TYPE}))
    name = a_group(home, by_policy(template, {"InstanceType": INSTANCE_TYPE, "ImageId": own}))
    assert (images(home, plain), images(home, name)) == ([of_template], [own])
    assert [one.get("ImageId") for one in members(home, plain) + members(home, name)] == [None, own]
    shown = group(home, name)
    assert "LaunchTemplate" not in shown
    [override] = shown["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert override["ImageId"] == own


@rule("17.3 overrides", "AS8", "ASG23-ec2-auto-scaling-mixed-instances-groups-launch-template-overrides")
def test_overrides_name_templates_of_their_own(home: Place) -> None:
    """An override's LaunchTemplateSpecification leads to another image, at the version that it names."""
    first, second = an_image(home), an_image(home)
    own = {"LaunchTemplateId": a_template(home, first, second), "Version": "$Latest"}
    override = {"InstanceType": OTHER_TYPE, "LaunchTemplateSpecification": own}
    name = a_group(home, by_policy(a_template(home, an_image(home)), override))
    assert images(home, name) == [second]
    assert [(one["InstanceType"], one["LaunchTemplate"]["Version"]) for one in members(home, name)] == [
        (OTHER_TYPE, "2")
    ]


@rule("17.3 overrides", "AS8", "M8")
def test_a_new_version_changes_nothing_where_an_override_names_the_image(home: Place) -> None:
    """A group whose override names an image goes on with it, whatever new versions its template gets."""
    old, new = an_image(home), an_image(home)
    template = a_template(home, old)
    override = {"InstanceType": INSTANCE_TYPE, "ImageId": old}
    name = a_group(home, by_policy(template, override, version="$Latest"))
    home.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"ImageId": new})
    grow(home, name, 2)
    assert images(home, name) == [old, old]


@rule("17.3 not covered", "AS8", "UG-refs")
def test_an_image_that_only_an_override_names_has_no_reference(home: Place) -> None:
    """DescribeImageReferences knows no groups: an image of an override of an empty group, or of none, is not found."""
    used = an_image(home)
    a_group(home, by_policy(a_template(home, an_image(home)), {"InstanceType": OTHER_TYPE, "ImageId": used}), size=0)
    scaling(home).create_launch_configuration(
        LaunchConfigurationName=a_name("configuration"), ImageId=used, InstanceType=INSTANCE_TYPE
    )
    found = home.ec2.describe_image_references(ImageIds=[used], IncludeAllResourceTypes=True)
    assert found["ImageReferences"] == []


@rule("17.3 launch configurations", "AS8")
def test_launch_configurations_name_images(home: Place) -> None:
    """A launch configuration names its image for good; its name is taken, and a group's cannot be deleted."""
    image_id, name = an_image(home), a_name("configuration")
    client = scaling(home)
    request = {"LaunchConfigurationName": name, "ImageId": image_id, "InstanceType": INSTANCE_TYPE}
    client.create_launch_configuration(**request)
    [shown] = client.describe_launch_configurations(LaunchConfigurationNames=[name])["LaunchConfigurations"]
    assert shown["ImageId"] == image_id
    with refused("AlreadyExists"):
        client.create_launch_configuration(**request)
    made = a_group(home, {"LaunchConfigurationName": name})
    assert images(home, made) == [image_id]
    assert [one["LaunchConfigurationName"] for one in members(home, made)] == [name]
    with refused("ResourceInUse"):
        client.delete_launch_configuration(LaunchConfigurationName=name)


@rule("20 checks of groups", "benishak/lamp-aws-cloudformation#1", "aws-samples/ai-services-workshop#2")
def test_launch_configurations_of_missing_images_are_refused(home: Place) -> None:
    """A launch configuration cannot be made of an image that is not there; the error names it."""
    with refused("ValidationError", says="does not exist"):
        scaling(home).create_launch_configuration(
            LaunchConfigurationName=a_name("configuration"),
            ImageId="ami-00000000000000bad",
            InstanceType=INSTANCE_TYPE,
        )


@rule("20 checks of groups", "AS8", "ryanmurakami/hbfl#58")
def test_groups_need_a_template_that_ec2_would_launch(home: Place) -> None:
    """A group is made, and changed, of one of the three forms and a template that EC2 would launch only."""
    good, template = an_image(home), a_template(home, "ami-00000000000000bad")
    with refused("ValidationError", says="fully-formed launch template"):
        a_group(home, by_template(template), size=0)
    with refused("ValidationError"):
        a_group(home, by_template(a_template(home, good), "7"), size=0)
    with refused("ValidationError"):
        a_group(home, by_template(template) | by_policy(template), size=0)
    name = a_group(home, by_template(a_template(home, good)))
    with refused("ValidationError", says="fully-formed launch template"):
        scaling(home).update_auto_scaling_group(AutoScalingGroupName=name, **by_template(template))
    assert images(home, name) == [good]


@pytest.mark.emulator_only
@pytest.mark.parametrize("checks", [True, False])
@rule("20 checks of groups", "AS8")
def test_missing_images_of_overrides_under_both_readings(home: Place, checks: bool) -> None:
    """Whether the image that an override names is looked at when the group is made is open."""
    home.target.configure(autoscaling_checks_override_images=checks)
    override = {"InstanceType": INSTANCE_TYPE, "ImageId": "ami-00000000000000bad"}
    launch = by_policy(a_template(home, an_image(home)), override)
    if checks:
        with refused("ValidationError"):
            a_group(home, launch, size=0)
    else:
        assert members(home, a_group(home, launch)) == []


@rule("20 changes of groups", "AS8")
def test_what_is_not_given_to_an_update_stays(home: Place) -> None:
    """An update without a policy leaves it; a template given takes its place; instances stay as they were launched."""
    old, new = an_image(home), an_image(home)
    name = a_group(home, by_policy(a_template(home, old), {"InstanceType": INSTANCE_TYPE, "ImageId": old}))
    scaling(home).update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=4)
    assert group(home, name)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"][0]["ImageId"] == old
    scaling(home).update_auto_scaling_group(AutoScalingGroupName=name, **by_template(a_template(home, new)))
    assert "MixedInstancesPolicy" not in group(home, name)
    assert images(home, name) == [old]
    grow(home, name, 2)
    assert sorted(images(home, name)) == sorted([old, new])


@rule("20 launches that fail", "ASG23-ts-as-ami", "ASG23-CHAP_Troubleshooting")
def test_an_image_that_is_gone_is_told_by_the_activities(home: Place) -> None:
    """Deregistering an image asks no group; its next launch fails, which the scaling activities tell, and only they."""
    image_id = an_image(home)
    name = a_group(home, by_template(a_template(home, image_id)))
    home.ec2.deregister_image(ImageId=image_id)
    home.until(lambda: image(home, image_id) is None, "deregistered")
    grow(home, name, 2)
    activities = scaling(home).describe_scaling_activities(AutoScalingGroupName=name)["Activities"]
    assert [one["StatusCode"] for one in activities] == [FAILED, DONE]
    assert image_id in activities[0]["StatusMessage"]
    assert len(members(home, name)) == 1 and group(home, name)["DesiredCapacity"] == 2


@rule("20 groups and their instances", "AS8")
def test_a_group_with_instances_is_deleted_by_force_only(home: Place) -> None:
    """A terminated instance is replaced; a group that has instances is deleted by force only, and they go with it."""
    name = a_group(home, by_template(a_template(home, an_image(home))))
    [first] = members(home, name)
    home.ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    [second] = members(home, name)
    assert second["InstanceId"] != first["InstanceId"]
    with refused("ResourceInUse"):
        scaling(home).delete_auto_scaling_group(AutoScalingGroupName=name)
    scaling(home).delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    assert scaling(home).describe_auto_scaling_groups()["AutoScalingGroups"] == []
    reached(home, second["InstanceId"], "terminated")


def sealed_for_role(place: Place, *, allowed: bool) -> str:
    """Return an image under a key whose policy lets Auto Scaling's role in, or leaves it to IAM."""
    key = a_key(place)
    if allowed:
        policy = json.loads(place.kms.get_key_policy(KeyId=key)["Policy"])
        account = place.account_id
        role = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:{ROLE}"}, "Action": "kms:*"}
        policy["Statement"].append(role | {"Resource": "*"})
        place.kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    return an_image(place, root=key)


@pytest.mark.parametrize("allowed", [True, False])
@rule("14.4 service-linked role", "ASG23-key-policy-requirements-EBS-encryption")
def test_keys_let_the_role_of_auto_scaling_in_by_their_policy(home: Place, allowed: bool) -> None:
    """Groups launch as a service-linked role, which a key's policy has to let in: else instances end, as they start."""
    a_group(home, by_template(a_template(home, an_image(home))))  # The first group makes the role.
    name = a_group(home, by_template(a_template(home, sealed_for_role(home, allowed=allowed))))
    [made] = members(home, name)
    state = reached(home, made["InstanceId"], "running", "terminated")["State"]["Name"]
    assert state == ("running" if allowed else "terminated")
    assert len(members(home, name)) == (1 if allowed else 0)


@rule("14.4 service-linked role", "ASG23-key-policy-requirements-EBS-encryption")
def test_the_aws_managed_key_needs_no_policy_for_auto_scaling(home: Place) -> None:
    """Images under the AWS managed key are launched by any group."""
    name = a_group(home, by_template(a_template(home, an_image(home, root="alias/aws/ebs"))))
    [made] = members(home, name)
    assert reached(home, made["InstanceId"], "running", "terminated")["State"]["Name"] == "running"


@rule("20 instance refresh", "AS8", "ASG23-asg-instance-refresh")
def test_a_refresh_replaces_instances_and_then_changes_the_group(home: Place) -> None:
    """A refresh replaces every instance by the desired configuration, which is the group's once it has succeeded."""
    old, new = an_image(home), an_image(home)
    template = a_template(home, old, new)
    name = a_group(home, by_template(template, "1"), size=2)
    before = [one["InstanceId"] for one in members(home, name)]
    started = refresh(home, name, DesiredConfiguration=by_template(template, "2"))
    assert refreshed(home, name, started)["Status"] == DONE
    assert images(home, name) == [new, new]
    assert not set(before) & {one["InstanceId"] for one in members(home, name)}
    assert group(home, name)["LaunchTemplate"]["Version"] == "2"


@pytest.mark.emulator_only
@rule("20 instance refresh", "AS8", "ASG23-asg-instance-refresh")
def test_a_refresh_that_fails_or_is_cancelled_leaves_the_group(home: Place) -> None:
    """There is one refresh at a time; cancelled or failed it leaves the configuration, and rolls back if it can."""
    old, new = an_image(home), an_image(home)
    template = a_template(home, old, new)
    name, client = a_group(home, by_template(template, "1")), scaling(home)
    with refused("ActiveInstanceRefreshNotFound"):
        client.cancel_instance_refresh(AutoScalingGroupName=name)
    home.target.configure(instance_refresh_seconds=600)
    started = refresh(home, name, DesiredConfiguration=by_template(template, "2"))
    with refused("InstanceRefreshInProgress"):
        refresh(home, name)
    assert client.cancel_instance_refresh(AutoScalingGroupName=name)["InstanceRefreshId"] == started
    assert refreshed(home, name, started)["Status"] == "Cancelled"
    failing = refresh(home, name, DesiredConfiguration=by_template(template, "2"))
    home.ec2.deregister_image(ImageId=new)
    assert refreshed(home, name, failing)["Status"] == FAILED
    refresh(home, name)
    with refused("IrreversibleInstanceRefresh"):
        client.rollback_instance_refresh(AutoScalingGroupName=name)
    assert images(home, name) == [old] and group(home, name)["LaunchTemplate"]["Version"] == "1"


@rule("20 skip matching", "AS8")
def test_a_refresh_may_skip_what_matches(home: Place) -> None:
    """With SkipMatching instances of the desired image stay."""
    old, new = an_image(home), an_image(home)
    template = a_template(home, old, new)
    name = a_group(home, by_template(template, "$Latest"))
    [kept] = members(home, name)
    skipping = {"Preferences": {"SkipMatching": True}}
    assert refreshed(home, name, refresh(home, name, **skipping))["Status"] == DONE
    assert [one["InstanceId"] for one in members(home, name)] == [kept["InstanceId"]]
    desired = by_template(template, "1")
    assert refreshed(home, name, refresh(home, name, DesiredConfiguration=desired, **skipping))["Status"] == DONE
    assert images(home, name) == [old]


def root_only(template: str, *image_ids: str | None) -> Answer:
    """Return the request for new root volumes, with an override for each image."""
    kinds = (INSTANCE_TYPE, OTHER_TYPE)
    overrides = [
        {"InstanceType": kind} | ({"ImageId": one} if one else {}) for kind, one in zip(kinds, image_ids, strict=False)
    ]
    return {"Strategy": "ReplaceRootVolume", "DesiredConfiguration": by_policy(template, *overrides)}


@pytest.mark.emulator_only
@pytest.mark.parametrize("shows", [True, False])
@rule("20 ReplaceRootVolume", "AS8", "ASG-replace-root-volume")
def test_root_volumes_are_replaced_under_both_readings(home: Place, shows: bool) -> None:
    """ReplaceRootVolume keeps the instances; the group shows the new image, EC2 perhaps the one of the launch."""
    home.target.configure(replaced_root_shows_image=shows)
    old, new = an_image(home), an_image(home)
    template = a_template(home, old)
    name = a_group(home, by_policy(template, {"InstanceType": INSTANCE_TYPE, "ImageId": old}))
    [before] = members(home, name)
    assert refreshed(home, name, refresh(home, name, **root_only(template, new)))["Status"] == DONE
    [after] = members(home, name)
    assert (after["InstanceId"], after["ImageId"]) == (before["InstanceId"], new)
    assert images(home, name) == [new if shows else old]
    found = instance(home, after["InstanceId"])
    [mapping] = found["BlockDeviceMappings"] if found else []
    root = volume(home, mapping["Ebs"]["VolumeId"])
    shown = image(home, new)
    assert root and shown and mapping["DeviceName"] == ROOT
    assert root["SnapshotId"] == shown["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


@pytest.mark.emulator_only
@pytest.mark.parametrize("how", ["sync", "failed"])
@rule("20 ReplaceRootVolume", "AS8", "ASG-replace-root-volume")
def test_images_of_several_volumes_under_both_readings(home: Place, how: str) -> None:
    """ReplaceRootVolume takes images of one volume only, named by every override; whether at once or later is open."""
    home.target.configure(instance_refresh_refuses=how)
    old, several = an_image(home), an_image(home, data={"/dev/sdf": None})
    template = a_template(home, old)
    name = a_group(home, by_policy(template, {"InstanceType": INSTANCE_TYPE, "ImageId": old}))
    [before] = members(home, name)
    for request in (root_only(template, several), root_only(template, old, None), root_only(template, old, several)):
        if how == "sync":
            with refused("ValidationError"):
                refresh(home, name, **request)
        else:
            assert refreshed(home, name, refresh(home, name, **request))["Status"] == FAILED
    assert members(home, name) == [before]
