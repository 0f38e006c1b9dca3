# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users may ask for, and the sentence for everything they may not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.request import (
    CopyRequest,
    parse_copy_request,
    render_name,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    GLOBAL_AWAY,
    HOME,
    KEY_A,
    SOURCE_ID,
    a_request,
    key_arn,
    options,
)

SECOND_ID = "ami-00000000000000002"
KEY_ID = "aaaaaaaa-0000-4000-8000-000000000000"
ALIAS_ARN = f"arn:aws:kms:{AWAY}:123456789012:alias/golden"
LONDON = {"region": "eu-west-2"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"source_image_id": None}, ["source_image_ids is empty"], id="no source"),
        pytest.param(
            {"source_image_id": None, "source_image_ids": []}, ["source_image_ids is empty"], id="empty list of sources"
        ),
        pytest.param(
            {"source_image_ids": [SECOND_ID]}, ["source_image_id", "exclude each other"], id="both forms of source"
        ),
        pytest.param(
            {"source_image_id": None, "source_image_ids": [SECOND_ID, SECOND_ID]},
            [SECOND_ID, "twice"],
            id="a source twice",
        ),
        pytest.param({"source_image_id": ""}, ["''", "not an image id"], id="empty id"),
        pytest.param(
            {"source_image_id": "i-00000000000000001"},
            ["i-00000000000000001", "not an image id", "ami-"],
            id="an instance's id",
        ),
        pytest.param({"source_image_id": "ami-123"}, ["ami-123", "17"], id="id too short"),
        pytest.param({"source_image_id": SOURCE_ID.upper()}, ["not an image id"], id="id in capitals"),
        pytest.param({"source_image_id": f"{SOURCE_ID}\n"}, ["not an image id"], id="id with a line break"),
        pytest.param({"source_region": "ireland"}, ["ireland", "eu-west-1"], id="malformed source region"),
        pytest.param({"source_region": "eu-west-1a"}, ["eu-west-1a", "region"], id="an availability zone"),
        pytest.param({"destinations": []}, ["destinations is empty"], id="no destination"),
        pytest.param({"destinations": [{"region": "moon"}]}, ["moon", "region"], id="malformed destination"),
        pytest.param({"destinations": [{"region": ""}]}, ["''", "region"], id="empty destination"),
        pytest.param({"destinations": [LONDON, LONDON]}, ["eu-west-2", "twice"], id="a destination twice"),
        pytest.param(
            {
                "destinations": [
                    {**LONDON, "kms_key_id": "alias/a"},
                    {**LONDON, "kms_key_id": "alias/a", "name": "other"},
                ]
            },
            ["eu-west-2", "alias/a", "twice"],
            id="a destination twice under one key",
        ),
        pytest.param(
            {"kms_key_id": "alias/a", "destinations": [LONDON, {**LONDON, "kms_key_id": "alias/a"}]},
            ["eu-west-2", "alias/a", "twice"],
            id="a destination twice, key once by default",
        ),
        pytest.param({"name": "ab"}, ["'ab'", "3 to 128"], id="name too short"),
        pytest.param({"name": "a" * 129}, ["3 to 128"], id="name too long"),
        pytest.param({"name": "web_ü"}, ["web_ü", "letters"], id="name with an illegal letter"),
        pytest.param({"name": "web:1"}, ["web:1"], id="name with a colon"),
        pytest.param({"name": "a{b}"}, ["a{b}"], id="unknown placeholder"),
        pytest.param({"name": "golden\n"}, ["golden"], id="name with a line break"),
        pytest.param({"name": ""}, ["name", "3 to 128"], id="empty name"),
        pytest.param({"destinations": [{**LONDON, "name": "ab"}]}, ["'ab'"], id="name of a destination"),
        pytest.param({"kms_key_id": "golden"}, ["golden", "alias/golden"], id="alias without its prefix"),
        pytest.param({"kms_key_id": "alias/"}, ["alias/"], id="alias without a name"),
        pytest.param({"kms_key_id": "alias/with space"}, ["alias/with space"], id="alias with a space"),
        pytest.param({"kms_key_id": key_arn(KEY_ID, region=HOME)}, [HOME, AWAY], id="key of another region"),
        pytest.param(
            {"kms_key_id": f"arn:aws:kms:{HOME}:123456789012:alias/golden"}, [HOME, AWAY], id="alias of another region"
        ),
        pytest.param({"kms_key_id": "arn:aws:iam::123456789012:role/x"}, ["arn:aws:iam"], id="arn of something else"),
        pytest.param(
            {"kms_key_id": KEY_A, "destinations": [LONDON]}, [AWAY, "eu-west-2"], id="default key of the wrong region"
        ),
        pytest.param(
            {"kms_key_id": "alias/a", "encrypted": False},
            ["kms_key_id", "encrypted=false"],
            id="key without encryption",
        ),
        pytest.param(
            {"encrypted": False, "destinations": [{**LONDON, "kms_key_id": "alias/a"}]},
            ["kms_key_id", "encrypted=false"],
            id="a destination's key without encryption",
        ),
        pytest.param({"description": "x" * 256}, ["256", "255"], id="description too long"),
        pytest.param({"tags": {"aws:x": "y"}}, ["tags", "aws:x"], id="aws's tag"),
        pytest.param({"tags": {"sealed.ami:source": "y"}}, ["sealed.ami:source"], id="our own tag"),
        pytest.param({"snapshot_tags": {"aws:x": "y"}}, ["snapshot_tags", "aws:x"], id="aws's tag on snapshots"),
        pytest.param({"tags": {"": "y"}}, ["tags", "128"], id="tag without a key"),
        pytest.param({"tags": {"a": "y" * 257}}, ["256"], id="tag value too long"),
        pytest.param({"launch_permissions": {"user_ids": ["123"]}}, ["123", "12 digits"], id="account id too short"),
        pytest.param({"launch_permissions": {"user_ids": ["self"]}}, ["self", "12 digits"], id="account by name"),
        pytest.param({"launch_permissions": {"group_names": ["everybody"]}}, ["everybody", "all"], id="unknown group"),
        pytest.param({"launch_permissions": {"org_arns": ["o-123"]}}, ["o-123", "ARN"], id="organisation by id"),
        pytest.param({"launch_permissions": {"org_unit_arns": ["ou-1"]}}, ["ou-1", "ARN"], id="unit by id"),
        pytest.param({"deprecate_at": "tomorrow"}, ["tomorrow", "2027"], id="time in words"),
        pytest.param({"deprecate_at": "2027-01-31"}, ["2027-01-31"], id="time without an hour"),
        pytest.param({"deprecate_at": "2027-02-31T00:00:00Z"}, ["2027-02-31"], id="a day that is not"),
        pytest.param({"snapshot_copy_completion_duration_minutes": 20}, ["20", "15"], id="no multiple of 15"),
        pytest.param({"snapshot_copy_completion_duration_minutes": 0}, ["0", "15"], id="no time"),
        pytest.param({"snapshot_copy_completion_duration_minutes": 2895}, ["2895", "2880"], id="more than two days"),
        pytest.param({"wait_timeout": 0}, ["wait_timeout"], id="no time to wait"),
        pytest.param({"wait_delay": -1}, ["wait_delay"], id="negative delay"),
        pytest.param(
            {"source_image_id": None, "source_image_ids": [SOURCE_ID, SECOND_ID], "name": "one-name"},
            ["one-name", "2 images", "{source_name}"],
            id="one name for two images",
        ),
        pytest.param(
            {
                "superseded": "deregister",
                "destinations": [{**LONDON, "kms_key_id": "alias/a"}, {**LONDON, "kms_key_id": "alias/b"}],
            },
            ["superseded", "eu-west-2"],
            id="two copies in a region that keeps one",
        ),
    ],
)
def test_bad_input(given: dict[str, t.Any], words: list[str]) -> None:
    with pytest.raises(SealedError) as caught:
        a_request(**given)
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


def test_a_region_is_needed() -> None:
    with pytest.raises(SealedError, match="source_region is missing"):
        parse_copy_request(options(source_image_id=SOURCE_ID), default_region=None)
    with pytest.raises(SealedError, match="region is missing"):
        parse_copy_request(options(source_image_id=SOURCE_ID, source_region=HOME), default_region=None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"kms_key_id": KEY_ID}, KEY_ID, id="key id"),
        pytest.param({"kms_key_id": KEY_A}, KEY_A, id="key arn"),
        pytest.param({"kms_key_id": "alias/golden"}, "alias/golden", id="alias"),
        pytest.param({"kms_key_id": "alias/aws/ebs"}, "alias/aws/ebs", id="alias of aws"),
        pytest.param({"kms_key_id": ALIAS_ARN}, ALIAS_ARN, id="alias arn"),
        pytest.param({"kms_key_id": GLOBAL_AWAY}, GLOBAL_AWAY, id="replica's arn"),
        pytest.param(
            {"kms_key_id": GLOBAL_AWAY.rpartition("/")[2]}, GLOBAL_AWAY.rpartition("/")[2], id="multi-region id"
        ),
        pytest.param({}, None, id="default key"),
        pytest.param({"kms_key_id": ""}, None, id="empty means default, as a template's default gives it"),
    ],
)
def test_every_form_of_key(given: dict[str, t.Any], expected: str | None) -> None:
    assert a_request(**given).destinations[0].kms_key_id == expected


def test_the_single_form() -> None:
    request = a_request()
    assert (request.source_image_ids, request.source_region) == ((SOURCE_ID,), HOME)
    assert [destination.region for destination in request.destinations] == [AWAY]
    assert request.is_single
    assert request == CopyRequest((SOURCE_ID,), HOME, request.destinations)


def test_the_source_region_defaults_to_the_region() -> None:
    request = parse_copy_request(options(source_image_id=SOURCE_ID), default_region=AWAY)
    assert (request.source_region, request.destinations[0].region) == (AWAY, AWAY)


def test_a_destination_overrides_the_top_level() -> None:
    request = a_request(
        source_image_id=None,
        source_image_ids=[SOURCE_ID, SECOND_ID],
        kms_key_id="alias/golden",
        description="all",
        tags={"a": "1"},
        launch_permissions={"user_ids": ["210987654321"]},
        destinations=[
            {"region": AWAY, "kms_key_id": None, "name": None},
            {**LONDON, "kms_key_id": "alias/london", "description": "", "tags": {}, "name": "{source_name}-x",
             "launch_permissions": {"user_ids": []}},
        ],
    )  # fmt: skip
    first, second = request.destinations
    assert not request.is_single
    assert (first.kms_key_id, second.kms_key_id) == ("alias/golden", "alias/london")
    assert (first.name, second.name) == (None, "{source_name}-x")
    assert (first.attributes.description, second.attributes.description) == ("all", "")
    assert (first.attributes.tags, second.attributes.tags) == ({"a": "1"}, {})
    assert second.attributes.launch_permissions == LaunchPermissions()


def test_one_region_twice_under_two_keys_is_fine() -> None:
    request = a_request(destinations=[{**LONDON, "kms_key_id": "alias/a"}, {**LONDON, "kms_key_id": "alias/b"}])
    assert [destination.kms_key_id for destination in request.destinations] == ["alias/a", "alias/b"]


def test_tag_values_become_text() -> None:
    attributes = a_request(tags={"n": 1, "yes": True, "none": None}).destinations[0].attributes
    assert attributes.tags == attributes.snapshot_tags == {"n": "1", "yes": "True", "none": ""}


@pytest.mark.parametrize(
    ("template", "region", "expected"),
    [
        pytest.param(None, AWAY, "golden", id="source's name in another region"),
        pytest.param(None, HOME, "golden-encrypted", id="marked in the source region"),
        pytest.param("{source_name}-sealed", AWAY, "golden-sealed", id="source name"),
        pytest.param("x-{region}", AWAY, f"x-{AWAY}", id="region"),
        pytest.param("{source_image_id} ({source_name})", AWAY, f"{SOURCE_ID} (golden)", id="several"),
        pytest.param("fixed", HOME, "fixed", id="none"),
    ],
)
def test_names(template: str | None, region: str, expected: str) -> None:
    place: dict[str, t.Any] = {"source_image_id": SOURCE_ID, "source_region": HOME, "region": region}
    assert render_name(template, source_name="golden", **place) == expected


@pytest.mark.parametrize("region", [pytest.param(HOME, id="source region"), pytest.param(AWAY, id="another region")])
def test_long_names_are_cut(region: str) -> None:
    name = render_name(None, source_name="n" * 128, source_image_id=SOURCE_ID, source_region=HOME, region=region)
    assert len(name) == 128
    assert name.endswith("-encrypted") is (region == HOME)


@pytest.mark.parametrize(
    ("template", "source_name"),
    [
        pytest.param("{source_name}-and-more", "n" * 128, id="too long"),
        pytest.param("{source_name}{region}:", "golden", id="illegal"),
    ],
)
def test_names_that_come_out_wrong(template: str, source_name: str) -> None:
    with pytest.raises(SealedError, match="not allowed"):
        render_name(template, source_name=source_name, source_image_id=SOURCE_ID, source_region=HOME, region=AWAY)


@pytest.mark.parametrize("template", [None, "{source_name}", "x-{source_name}"])
def test_a_source_without_a_name_needs_one_given(template: str | None) -> None:
    with pytest.raises(SealedError, match="has no name; pass name"):
        render_name(template, source_name="", source_image_id=SOURCE_ID, source_region=HOME, region=AWAY)
    given = render_name("web", source_name="", source_image_id=SOURCE_ID, source_region=HOME, region=AWAY)
    assert given == "web"


@pytest.mark.parametrize(
    ("region", "encrypted", "name"),
    [
        pytest.param(HOME, True, "web-encrypted", id="encrypted beside its source"),
        pytest.param(HOME, False, "web-copy", id="as it is, beside its source"),
        pytest.param(AWAY, False, "web", id="elsewhere"),
    ],
)
def test_a_plain_copy_is_not_called_encrypted(region: str, encrypted: bool, name: str) -> None:
    made = render_name(
        None, source_name="web", source_image_id=SOURCE_ID, source_region=HOME, region=region, encrypted=encrypted
    )
    assert made == name


def test_an_empty_key_of_a_destination_does_not_mean_another_key() -> None:
    entry = {"region": "eu-west-2", "kms_key_id": ""}
    with pytest.raises(SealedError, match="kms_key_id of eu-west-2 is empty; leave it out for alias/golden"):
        a_request(destinations=[entry], kms_key_id="alias/golden")
    assert a_request(destinations=[entry]).destinations[0].kms_key_id is None


@pytest.mark.parametrize(
    ("option", "arn", "fits"),
    [
        ("org_arns", "arn:aws:organizations::123456789012:organization/o-exampleorgid", True),
        ("org_arns", "arn:aws:organizations::123456789012:ou/o-exampleorgid/ou-root-unit", False),
        ("org_unit_arns", "arn:aws:organizations::123456789012:ou/o-exampleorgid/ou-root-unit", True),
        ("org_unit_arns", "arn:aws:organizations::123456789012:organization/o-exampleorgid", False),
    ],
)
def test_organizations_and_their_units_are_told_apart(option: str, arn: str, fits: bool) -> None:
    if fits:
        assert a_request(launch_permissions={option: [arn]}).destinations[0].attributes.launch_permissions
        return
    with pytest.raises(SealedError, match=option):
        a_request(launch_permissions={option: [arn]})


def test_a_braced_source_name_is_not_a_template() -> None:
    name = render_name("{source_name}", source_name="web", source_image_id=SOURCE_ID, source_region=HOME, region=AWAY)
    assert name == "web"
