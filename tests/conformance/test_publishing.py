# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing: parameters that hold an image, and versions of launch templates (§19, §20)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import an_image, launch, reached, share_image
from .place import Place, a_name, instance, refused
from .rules import rule

IMAGE = {"Type": "String", "DataType": "aws:ec2:image"}


def ssm(place: Place) -> t.Any:
    """Return a client of Systems Manager."""
    return place.target.client("ssm", region=place.region, account=place.account)


def put(place: Place, name: str, value: str, **request: t.Any) -> int:
    """Write a parameter for an image and return the version that the answer names."""
    return int(ssm(place).put_parameter(Name=name, Value=value, **{**IMAGE, **request})["Version"])


def value_of(place: Place, name: str) -> tuple[str, int] | None:
    """Return value and version of a parameter, if it is there."""
    found = ssm(place).get_parameters(Names=[name])["Parameters"]
    return (found[0]["Value"], found[0]["Version"]) if found else None


@rule("19 validation", "S8", "SSM23-parameter-store-ec2-aliases")
def test_parameters_hold_available_images(home: Place) -> None:
    """A parameter for images takes the id of an available image, after a while."""
    image_id = an_image(home)
    version = put(home, "/golden/web", image_id)
    home.until(lambda: value_of(home, "/golden/web"), "parameter")
    assert value_of(home, "/golden/web") == (image_id, version)
    with refused("ValidationException"):
        put(home, "/golden/db", "no-image")


@rule("19 validation", "SSM23-parameter-store-ec2-aliases", "B3#3588")
def test_what_fails_validation_fails_in_silence(home: Place, other: Place) -> None:
    """An image that is not there is accepted with a version, and never written; an older value stays."""
    first, hidden = an_image(home), an_image(other)
    assert put(home, "/golden/web", hidden) >= 1
    home.target.pass_time(300)
    assert value_of(home, "/golden/web") is None
    put(home, "/golden/web", first)
    home.target.pass_time(300)
    put(home, "/golden/web", hidden, Overwrite=True)
    home.target.pass_time(300)
    assert (value_of(home, "/golden/web") or ("",))[0] == first


@pytest.mark.emulator_only
@rule("19 asynchronous", "SSM23-parameter-store-ec2-aliases")
def test_the_old_value_stays_until_the_new_one_is_validated(home: Place) -> None:
    """Until validation is over the old value is read, and nothing else can be written."""
    first, second = an_image(home), an_image(home)
    put(home, "web", first)
    home.target.configure(ssm_image_validation_seconds=60)
    version = put(home, "web", second, Overwrite=True)
    assert value_of(home, "web") == (first, 1)
    with refused():
        put(home, "web", first, Overwrite=True)
    home.target.pass_time(60)
    put(home, "other", first)
    assert value_of(home, "web") == (second, version)


@rule("19 overwrite", "S8")
def test_parameters_are_overwritten_on_request_and_keep_their_type(home: Place) -> None:
    """An existing parameter is overwritten on request only, and its data type cannot be changed."""
    image_id = an_image(home)
    put(home, "web", image_id)
    with refused("ParameterAlreadyExists"):
        put(home, "web", image_id)
    ssm(home).put_parameter(Name="text", Value=image_id, Type="String")
    with refused():
        put(home, "text", image_id, Overwrite=True)


@rule("19 labels", "S8", "API_LabelParameterVersion", "API_Parameter")
def test_labels_select_versions_and_move(home: Place) -> None:
    """A label is on one version, which name:label selects; a label that is not allowed is told with HTTP 200."""
    first, second = an_image(home), an_image(home)
    put(home, "/golden/web", first)
    home.until(lambda: value_of(home, "/golden/web"), "parameter")
    label = ssm(home).label_parameter_version
    answer = label(Name="/golden/web", ParameterVersion=1, Labels=["stable", "1st"])
    assert answer["InvalidLabels"] == ["1st"]
    version = put(home, "/golden/web", second, Overwrite=True)
    home.until(lambda: value_of(home, "/golden/web") == (second, version), "second version")
    shown = ssm(home).get_parameters(Names=["/golden/web", "/golden/web:stable", "/golden/web:none"])
    versions = {one.get("Selector"): (one["Name"], one["Version"]) for one in shown["Parameters"]}
    assert versions == {None: ("/golden/web", version), ":stable": ("/golden/web", 1)}
    assert shown["InvalidParameters"] == ["/golden/web:none"]
    label(Name="/golden/web", ParameterVersion=version, Labels=["stable"])
    [stable] = ssm(home).get_parameters(Names=["/golden/web:stable"])["Parameters"]
    assert stable["Version"] == version


@pytest.mark.emulator_only
@pytest.mark.parametrize(("uses", "version"), [(True, 2), (False, 1)])
@rule("19 versions", "SSM23-parameter-store-ec2-aliases")
def test_versions_of_failed_validations_under_both_readings(home: Place, uses: bool, version: int) -> None:
    """Whether a failed validation uses up a version is open, as is whether shared images are valid."""
    home.target.configure(ssm_failed_validation_uses_version=uses)
    put(home, "web", "ami-00000000000000bad")
    assert put(home, "web", an_image(home)) == version


@pytest.mark.emulator_only
@pytest.mark.parametrize("valid", [True, False])
@rule("19 shared images", "B3#3588")
def test_shared_images_in_parameters_under_both_readings(home: Place, other: Place, valid: bool) -> None:
    """Whether an image of another account that is shared can be in a parameter is open."""
    home.target.configure(ssm_shared_images_validate=valid)
    image_id = an_image(other)
    share_image(other, image_id, home, storage=False)
    put(home, "web", image_id)
    assert bool(value_of(home, "web")) == valid


def taken(place: Place, name: str, image_id: str) -> None:
    """Wait until a parameter holds the image."""
    place.until(lambda: (value_of(place, name) or ("",))[0] == image_id, "parameter")


@rule("19 listing", "S8")
def test_parameters_for_images_are_listed_by_their_data_type(home: Place) -> None:
    """DescribeParameters filters by data type, in pages of the size asked for, and shows no values."""
    image_id = an_image(home)
    ssm(home).put_parameter(Name="text", Value=image_id, Type="String")
    for name in ("/golden/a", "/golden/b", "/golden/c"):
        put(home, name, image_id)
        taken(home, name, image_id)
    filters = [{"Key": "DataType", "Option": "Equals", "Values": ["aws:ec2:image"]}]
    found = ssm(home).describe_parameters(ParameterFilters=filters, MaxResults=2)
    rest = ssm(home).describe_parameters(ParameterFilters=filters, MaxResults=2, NextToken=found["NextToken"])
    listed = [*found["Parameters"], *rest["Parameters"]]
    assert sorted(one["Name"] for one in listed) == ["/golden/a", "/golden/b", "/golden/c"]
    assert all("Value" not in one and one["ARN"] for one in listed) and not rest.get("NextToken")


@rule("19 selectors", "S8")
def test_parameters_are_got_by_version_and_label(home: Place) -> None:
    """A name with a version or label gets that version, whose answer names the selector apart from the name."""
    old, new = an_image(home), an_image(home)
    for number, image_id in enumerate((old, new), start=1):
        put(home, "/golden/web", image_id, Overwrite=number > 1)
        taken(home, "/golden/web", image_id)
    ssm(home).label_parameter_version(Name="/golden/web", ParameterVersion=1, Labels=["stable"])
    names = ["/golden/web", "/golden/web:1", "/golden/web:stable", "/golden/none"]
    answer = ssm(home).get_parameters(Names=names)
    found = {f"{one['Name']}{one.get('Selector', '')}": one["Value"] for one in answer["Parameters"]}
    assert found == {"/golden/web": new, "/golden/web:1": old, "/golden/web:stable": old}
    assert answer["InvalidParameters"] == ["/golden/none"]


def a_template(place: Place, **data: t.Any) -> str:
    """Make a launch template and return its id."""
    made = place.ec2.create_launch_template(LaunchTemplateName=a_name("template"), LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def a_version(place: Place, template: str, data: dict[str, t.Any], **request: t.Any) -> dict[str, t.Any]:
    """Make a version and return the answer."""
    answer = place.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data, **request)
    return t.cast(dict[str, t.Any], answer)


def versions(place: Place, **request: t.Any) -> list[dict[str, t.Any]]:
    """Return versions as they are described."""
    return t.cast(
        list[dict[str, t.Any]], place.ec2.describe_launch_template_versions(**request)["LaunchTemplateVersions"]
    )


@rule("20 versions", "M8", "A26-api-createlaunchtemplateversion")
def test_versions_inherit_from_their_source(home: Place) -> None:
    """With a source version the new one has all of it and what is given; without, only what is given."""
    old, new = an_image(home), an_image(home)
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-00000001", "VolumeSize": 8}}
    template = a_template(home, ImageId=old, InstanceType="t3.micro", BlockDeviceMappings=[mapping])
    second = a_version(home, template, {"ImageId": new}, SourceVersion="1")["LaunchTemplateVersion"]
    assert second["VersionNumber"] == 2 and second["DefaultVersion"] is False
    data = second["LaunchTemplateData"]
    assert (data["ImageId"], data["InstanceType"]) == (new, "t3.micro")
    assert data["BlockDeviceMappings"] == [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8}}]
    third = a_version(home, template, {"ImageId": new})["LaunchTemplateVersion"]
    assert third["LaunchTemplateData"] == {"ImageId": new}
    [first] = versions(home, LaunchTemplateId=template, Versions=["1"])
    assert first["LaunchTemplateData"]["BlockDeviceMappings"] == [mapping]


@rule("20 warnings", "M8", "A26-api-createlaunchtemplateversion")
def test_a_version_with_a_mistake_is_made_and_warned_about(home: Place) -> None:
    """A version that names a missing image is made all the same, with a warning; an unknown source version is not."""
    template = a_template(home, InstanceType="t3.micro")
    answer = a_version(home, template, {"ImageId": "ami-00000000000000bad"}, SourceVersion="1")
    assert answer["LaunchTemplateVersion"]["VersionNumber"] == 2 and answer["Warning"]["Errors"]
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        a_version(home, template, {"InstanceType": "t3.small"}, SourceVersion="9")
    assert "Warning" not in a_version(home, template, {"ImageId": an_image(home)})


@rule("20 deleting", "M8", "A26-api-deletelaunchtemplateversions")
def test_versions_are_deleted_but_for_the_default(home: Place) -> None:
    """A version is deleted by its number, which no other gets; the default one is not, and the answer says so."""
    template = a_template(home, InstanceType="t3.micro")
    for kind in ("t3.small", "t3.large"):
        a_version(home, template, {"InstanceType": kind})
    answer = home.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "3"])
    assert [one["VersionNumber"] for one in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [3]
    assert [one["VersionNumber"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    assert sorted(one["VersionNumber"] for one in versions(home, LaunchTemplateId=template)) == [1, 2]
    assert [one["VersionNumber"] for one in versions(home, LaunchTemplateId=template, Versions=["$Latest"])] == [2]
    with refused("InvalidLaunchTemplateId.VersionNotFound"):
        versions(home, LaunchTemplateId=template, Versions=["3"])
    assert a_version(home, template, {"InstanceType": "t3.nano"})["LaunchTemplateVersion"]["VersionNumber"] == 4


@rule("20 token", "M8")
def test_the_same_token_makes_one_version(home: Place) -> None:
    """A repeated request with its token gives the same version."""
    template, token = a_template(home, InstanceType="t3.micro"), a_name("token")
    request = {"ClientToken": token}
    made = [a_version(home, template, {"ImageId": "ami-00000001"}, **request) for _ in range(2)]
    numbers = [one["LaunchTemplateVersion"]["VersionNumber"] for one in made]
    assert numbers == [2, 2]


@rule("20 describe", "M8")
def test_versions_are_found_by_image_and_over_all_templates(home: Place) -> None:
    """Without a template $Latest and $Default of all are listed; image-id filters."""
    old, new = an_image(home), an_image(home)
    template, _other = a_template(home, ImageId=old), a_template(home, ImageId=old)
    a_version(home, template, {"ImageId": new})
    assert len(versions(home, Versions=["$Latest", "$Default"])) == 4
    by_image = [{"Name": "image-id", "Values": [new]}]
    assert [one["VersionNumber"] for one in versions(home, Versions=["$Latest"], Filters=by_image)] == [2]
    assert versions(home, Versions=["$Default"], Filters=by_image) == []


@rule("20 aliases", "M8", "U26-create-launch-template")
def test_templates_lead_to_images_by_parameters(home: Place) -> None:
    """A template may name a parameter; ResolveAlias shows the image, and an instance is launched of it."""
    image_id = an_image(home)
    put(home, "/golden/web", image_id)
    home.until(lambda: value_of(home, "/golden/web"), "parameter")
    template = a_template(home, ImageId="resolve:ssm:/golden/web", InstanceType="t3.micro")
    [plain] = versions(home, LaunchTemplateId=template)
    [resolved] = versions(home, LaunchTemplateId=template, ResolveAlias=True)
    assert plain["LaunchTemplateData"]["ImageId"] == "resolve:ssm:/golden/web"
    assert resolved["LaunchTemplateData"]["ImageId"] == image_id
    made = home.ec2.run_instances(LaunchTemplate={"LaunchTemplateId": template}, MinCount=1, MaxCount=1)
    reached(home, made["Instances"][0]["InstanceId"], "running")
    by_parameter = instance(home, launch(home, "resolve:ssm:/golden/web"))
    assert by_parameter and by_parameter["ImageId"] == image_id


@pytest.mark.emulator_only
@rule("20 source", "M8")
def test_dollar_names_of_a_source_version_under_both_readings(home: Place) -> None:
    """Whether $Latest can be the source of a version is open."""
    template = a_template(home, InstanceType="t3.micro")
    with refused():
        a_version(home, template, {"InstanceType": "t3.small"}, SourceVersion="$Latest")
    home.target.configure(launch_template_accepts_dollar_source=True)
    answer = a_version(home, template, {"InstanceType": "t3.small"}, SourceVersion="$Latest")
    assert answer["LaunchTemplateVersion"]["VersionNumber"] == 2
