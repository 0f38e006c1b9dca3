# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type is understood as it was meant, or refused with their own words."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image import answers
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError

TWO = ["us-east-1", "us-west-2"]
KEYS = {"/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
ARN = "arn:aws:kms:us-east-1:123456789012:alias/team:data"


@pytest.mark.parametrize(
    "typed",
    [
        TWO,
        tuple(TWO),
        "us-east-1,us-west-2",
        "us-east-1, us-west-2",
        "us-east-1 us-west-2",
        "us-east-1\nus-west-2\n",
        "\r\nus-east-1\r\n\r\nus-west-2\r\n",
        " us-east-1 ,\n\tus-west-2, ",
        '["us-east-1", "us-west-2"]',
        ' [ "us-east-1",\n "us-west-2" ]\n',
        ["us-east-1, us-west-2"],
        ["us-east-1\r\n", " us-west-2"],
        "us-east-1\u00a0us-west-2",
    ],
)
def test_a_list(typed: t.Any) -> None:
    assert answers.parse_list(typed) == TWO


@pytest.mark.parametrize("typed", [None, "", "  ", "\r\n", [], "none", " None\n", "[]"])
def test_an_empty_list(typed: t.Any) -> None:
    assert answers.parse_list(typed) == []


def test_a_number_in_a_list_is_its_digits() -> None:
    assert answers.parse_list([210987654321]) == answers.parse_list("210987654321") == ["210987654321"]


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("us-east-1; us-west-2", "us-east-1; us-west-2"),
        ("us-east-1\n'us-west-2'", "'us-west-2'"),
        ("us-east-1\n- us-west-2", "- us-west-2"),
        ("us-east-1, none", "us-east-1, none"),
        ("['us-east-1', 'us-west-2']", "['us-east-1', 'us-west-2']"),
        ('{"us-east-1": "us-west-2"}', '{"us-east-1": "us-west-2"}'),
        ('["us-east-1", null]', "None"),
        ([{"region": "us-east-1"}], "{'region': 'us-east-1'}"),
        ("us-east-1\u200b", "us-east-1\\u200b"),
        ("regions=us-east-1", "regions=us-east-1"),
        (True, "True"),
    ],
)
def test_a_list_that_is_refused(typed: t.Any, quoted: str) -> None:
    with pytest.raises(RequestError) as refused:
        answers.parse_list(typed)
    assert quoted in str(refused.value) and "expected" in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        KEYS,
        "/dev/sdf=alias/data\n/dev/sdg=alias/logs",
        "/dev/sdf = alias/data\n/dev/sdg: alias/logs\n",
        "\r\n/dev/sdf :alias/data\r\n\r\n  /dev/sdg =alias/logs  \r\n",
        "/dev/sdf=alias/data,/dev/sdg=alias/logs",
        "/dev/sdf: alias/data, /dev/sdg: alias/logs,",
        "/dev/sdf=alias/data /dev/sdg = alias/logs",
        '{"/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}',
    ],
)
def test_a_map(typed: t.Any) -> None:
    assert answers.parse_pairs(typed) == KEYS


@pytest.mark.parametrize("sign", ["=", " = ", ":", ": "])
def test_colons_in_a_value_stay(sign: str) -> None:
    assert answers.parse_pairs(f"sdf{sign}{ARN}") == {"sdf": ARN}


@pytest.mark.parametrize("typed", [None, "", " \r\n ", {}, "none", "{}"])
def test_an_empty_map(typed: t.Any) -> None:
    assert answers.parse_pairs(typed) == {}


@pytest.mark.parametrize(
    ("typed", "quoted"),
    [
        ("/dev/sdf=alias/data\n/dev/sdg alias/logs", "/dev/sdg alias/logs"),
        ("/dev/sdf=alias/data\n/dev/sdg=", "/dev/sdg="),
        ("/dev/sdf", "/dev/sdf"),
        ("=alias/data", "=alias/data"),
        ("/dev/sdf==alias/data", "/dev/sdf==alias/data"),
        ("/dev/sdf=alias/data=alias/logs", "/dev/sdf=alias/data=alias/logs"),
        ("/dev/sdf => alias/data", "/dev/sdf => alias/data"),
        ("/dev/sdf -> alias/data", "/dev/sdf -> alias/data"),
        ("/dev/sdf='alias/data'", "/dev/sdf='alias/data'"),
        ("- /dev/sdf=alias/data", "- /dev/sdf=alias/data"),
        ("/dev/sdf=alias/data # the data", "/dev/sdf=alias/data # the data"),
        ("/dev/sdf=alias/data;/dev/sdg=alias/logs", "/dev/sdf=alias/data;/dev/sdg=alias/logs"),
        ("/dev/sdf=alias/data\u200b", "/dev/sdf=alias/data\\u200b"),
        ("{'/dev/sdf': 'alias/data'}", "{'/dev/sdf': 'alias/data'}"),
        ('["/dev/sdf=alias/data"]', '["/dev/sdf=alias/data"]'),
        ('{"/dev/sdf": null}', "/dev/sdf: None"),
        ({"/dev/sdf": ""}, "/dev/sdf: ''"),
        ({"/dev/sdf": ["alias/data"]}, "/dev/sdf: ['alias/data']"),
        (["/dev/sdf=alias/data"], "['/dev/sdf=alias/data']"),
        (7, "7"),
    ],
)
def test_a_map_that_is_refused(typed: t.Any, quoted: str) -> None:
    with pytest.raises(RequestError) as refused:
        answers.parse_pairs(typed)
    assert quoted in str(refused.value) and "expected" in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "/dev/sdf=alias/a\n/dev/sdf=alias/b",
        "/dev/sdf=alias/a, /dev/sdf: alias/b",
        '{"/dev/sdf": "alias/a", "/dev/sdf": "alias/b"}',
    ],
)
def test_a_device_with_two_keys_is_refused(typed: str) -> None:
    with pytest.raises(RequestError, match=r"'/dev/sdf' is given twice, as 'alias/a' and 'alias/b'"):
        answers.parse_pairs(typed)


def test_tags_hold_blanks_commas_and_signs() -> None:
    typed = "Team=platform, east\r\nOwner: Jane Doe\nEmpty=\nUrl: https://example.com/?a=b\nRatio=1:2\n"
    expected = {"Team": "platform, east", "Owner": "Jane Doe", "Empty": "", "Url": "https://example.com/?a=b"}
    assert answers.parse_tags(typed) == {**expected, "Ratio": "1:2"}
    assert (
        answers.parse_tags('{"Team": "platform"}') == answers.parse_tags({"Team": "platform"}) == {"Team": "platform"}
    )
    assert answers.parse_tags("none") == answers.parse_tags({}) == {}


@pytest.mark.parametrize("line", ["platform", "=platform", "app:tier=web", "- Team: platform", "a:b:c", '"Team": "x"'])
def test_a_tag_that_is_refused(line: str) -> None:
    with pytest.raises(RequestError) as refused:
        answers.parse_tags(f"Stage=golden\n{line}")
    assert repr(line) in str(refused.value)


def test_records() -> None:
    expected = [{"device_name": "/dev/sdf", "volume_size": "20"}, {"device_name": "/dev/sdg"}]
    assert answers.parse_records("device_name=/dev/sdf volume_size=20\r\n\r\ndevice_name: /dev/sdg\r\n") == expected
    assert (
        answers.parse_records('[{"device_name": "/dev/sdf", "volume_size": "20"}, {"device_name": "/dev/sdg"}]')
        == expected
    )
    assert answers.parse_records(["device_name=/dev/sdf, volume_size=20", {"device_name": "/dev/sdg"}]) == expected
    assert answers.parse_records('{"device_name": "/dev/sdg"}') == answers.parse_records([{"device_name": "/dev/sdg"}])
    assert answers.parse_records("none") == answers.parse_records([]) == answers.parse_records(None) == []


@pytest.mark.parametrize(
    "typed", ["/dev/sdf", "[1]", ["/dev/sdf"], '"x"', {"device_name": "/dev/sdf"}, "size=1 size=2"]
)
def test_records_that_are_refused(typed: t.Any) -> None:
    with pytest.raises(RequestError):
        answers.parse_records(typed)


def test_a_dictionary() -> None:
    assert answers.parse_dict('{"user_ids": []}') == answers.parse_dict({"user_ids": []}) == {"user_ids": []}
    for typed in ("user_ids=1", "[1]", [1]):
        with pytest.raises(RequestError):
            answers.parse_dict(typed)


@pytest.mark.parametrize(
    ("typed", "meant"), [(True, True), ("False", False), (" yes\n", True), ("0", False), (1, True)]
)
def test_a_truth(typed: t.Any, meant: bool) -> None:
    assert answers.parse_bool(typed) is meant


@pytest.mark.parametrize("typed", ["nope", "none", 2, ["true"]])
def test_a_truth_that_is_refused(typed: t.Any) -> None:
    with pytest.raises(RequestError, match="expected true or false"):
        answers.parse_bool(typed)


def test_a_number() -> None:
    assert [answers.parse_int(one) for one in (3600, "3600", " 60\r\n")] == [3600, 3600, 60]
    for typed in ("1h", "3.5", True, "", None):
        with pytest.raises(RequestError, match="expected a whole number"):
            answers.parse_int(typed)


@pytest.mark.parametrize(
    ("typed", "meant"), [("  golden\r\n", "golden"), ("none", ""), (" NONE ", ""), (5, "5"), (None, "")]
)
def test_a_text(typed: t.Any, meant: str) -> None:
    assert answers.parse_text(typed) == meant
