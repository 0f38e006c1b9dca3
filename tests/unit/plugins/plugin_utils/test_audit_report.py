# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a report arranges keys and families, whatever lineage the images claim."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.plugin_utils._audit_report import arrange_report, describe_policy

GOLDEN = "arn:aws:kms:{region}:123456789012:key/00000001-0000-4000-8000-000000000001"


def a_snapshot(key: str | None = "alias/golden", *, region: str = "eu-west-1", **more: t.Any) -> dict[str, t.Any]:
    """Return a device of a result; ``key`` of None is a plain one."""
    plain = {"kms_key_arn": None, "kms_key_aliases": None, "kms_key_manager": None, "kms_key_state": None}
    arn = GOLDEN.format(region=region)
    keyed = {"kms_key_arn": arn, "kms_key_aliases": [key], "kms_key_manager": "CUSTOMER", "kms_key_state": "Enabled"}
    device = {"device_name": "/dev/xvda", "snapshot_id": "snap-1", "volume_size": 8, "kms_key_deletion_date": None}
    verdict = {"encrypted": key is not None, "compliant": key is not None, "reasons": []}
    return {**device, **verdict, **(keyed if key else plain), **more}


def an_entry(image_id: str, source: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    """Return an image of a result."""
    region = more.get("region", "eu-west-1")
    entry = {"image_id": image_id, "name": f"name-{image_id}", "region": region, "compliant": True, "reasons": []}
    lineage = {"source_image_id": source, "source_region": "us-east-1" if source else None}
    return {**entry, **lineage, "snapshots": [a_snapshot(region=region)], **more}


def a_result(*images: dict[str, t.Any], account: str = "123456789012", **more: t.Any) -> dict[str, t.Any]:
    """Return what the role holds of one account."""
    return {
        "account": account,
        "name": "",
        "regions": ["eu-west-1", "us-east-1"],
        "images": images,
        "errors": [],
        **more,
    }


def families(*images: dict[str, t.Any]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return each family by its root, with its members and how far each is from it."""
    report = arrange_report([a_result(*images)], {"encrypted": True})
    return [
        (family["root_id"], [(member["image_id"], member["depth"]) for member in family["members"]])
        for family in report["families"]
    ]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        pytest.param([an_entry("a"), an_entry("b")], [("a", [("a", 0)]), ("b", [("b", 0)])], id="no lineage"),
        pytest.param([an_entry("b", "a"), an_entry("a")], [("a", [("a", 0), ("b", 1)])], id="copy"),
        pytest.param([an_entry("c", "b"), an_entry("b", "a"), an_entry("a"), an_entry("d", "a")],
                     [("a", [("a", 0), ("b", 1), ("c", 2), ("d", 1)])], id="copy of a copy"),
        pytest.param([an_entry("b", "gone"), an_entry("c", "gone")], [("gone", [("b", 1), ("c", 1)])],
                     id="copies of what was not looked at"),
        pytest.param([an_entry("a", "a")], [("a", [("a", 0)])], id="copy of itself"),
        pytest.param([an_entry("a", "b"), an_entry("b", "a")], [("a", [("a", 0), ("b", 1)])], id="circle"),
    ],
)  # fmt: skip
def test_families_follow_lineage(images: list[dict[str, t.Any]], expected: t.Any) -> None:
    assert families(*images) == expected


@pytest.mark.parametrize(
    ("images", "name"),
    [
        pytest.param([("a", None, "database"), ("b", "a", "database-eu-west-1")], "database", id="its source"),
        pytest.param([("b", "gone", "base"), ("c", "gone", "base")], "base", id="the same everywhere"),
        pytest.param(
            [("b", "gone", "database-sealed-eu-central-1"), ("c", "gone", "database-sealed-eu-west-1")],
            "database-sealed-eu…",
            id="a region at the end",
        ),
        pytest.param([("b", "gone", "web"), ("c", "gone", "wiki")], "", id="nothing in common"),
        pytest.param([("b", "gone", "only-one")], "only-one", id="one copy"),
        pytest.param([("b", "gone", ""), ("c", "gone", "named")], "", id="an image without a name"),
    ],
)
def test_a_family_is_named_after_what_all_of_it_has_in_common(
    images: list[tuple[str, str | None, str]], name: str
) -> None:
    entries = [an_entry(image_id, source, name=given) for image_id, source, given in images]
    (family,) = arrange_report([a_result(*entries)], {"encrypted": True})["families"]
    assert family["name"] == name


def test_every_image_is_in_one_family_whatever_circles_tags_forge() -> None:
    sources = {"a": "b", "b": "c", "c": "a", "d": "b", "e": "d", "f": "g", "g": "f"}
    images = [an_entry(name, source) for name, source in sources.items()]
    shown = [member for _root, members in families(*images) for member, _depth in members]
    assert sorted(shown) == list("abcdefg")


def test_what_is_wrong_comes_first() -> None:
    images = [
        an_entry("a"),
        an_entry("b", compliant=None),
        an_entry("c", compliant=False),
        an_entry("d", "a", compliant=None),
    ]
    assert [root for root, _members in families(*images)] == ["c", "a", "b"]


def test_keys_of_one_alias_share_name_and_colour_and_are_counted() -> None:
    images = [
        an_entry("a", snapshots=[a_snapshot(), a_snapshot(device_name="/dev/sdf")]),
        an_entry("b", region="us-east-1", snapshots=[a_snapshot(region="us-east-1", kms_key_state="Disabled")]),
    ]
    (key,) = arrange_report([a_result(*images)], {"encrypted": True})["keys"]
    told = [(member["arn"], member["images"], member["devices"], member["trouble"]) for member in key["members"]]
    assert (key["mark"], key["name"]) == ("K1", "alias/golden")
    assert told == [(GOLDEN.format(region="eu-west-1"), 1, 2, False), (GOLDEN.format(region="us-east-1"), 1, 1, True)]


@pytest.mark.parametrize(
    ("snapshot", "mark", "words"),
    [
        pytest.param(a_snapshot(), "K1", "alias/golden, Enabled", id="key"),
        pytest.param(a_snapshot(kms_key_state=None), "K1", "alias/golden, state not known", id="state unread"),
        pytest.param(a_snapshot(None), "open", "not encrypted", id="plain"),
        pytest.param(a_snapshot(encrypted=None, kms_key_arn=None), "?", "encryption not known", id="unseen"),
        pytest.param(a_snapshot(kms_key_arn=None), "??", "encrypted, key not known", id="key unseen"),
    ],
)
def test_a_device_is_marked_by_what_encrypts_it(snapshot: dict[str, t.Any], mark: str, words: str) -> None:
    report = arrange_report([a_result(an_entry("a", snapshots=[snapshot]))], {"encrypted": True})
    (found,) = report["families"][0]["members"][0]["marks"]
    assert (found["mark"], found["words"]) == (mark, words)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, [], id="an audit of before"),
        pytest.param({"associated_kms_keys": None}, [], id="not known"),
        pytest.param({"associated_kms_keys": []}, [], id="none"),
        pytest.param(
            {
                "associated_kms_keys": [
                    {"kms_key_arn": "arn:1", "kms_key_aliases": ["alias/logs", "alias/old"]},
                    {"kms_key_arn": "arn:2", "kms_key_aliases": []},
                    {"kms_key_arn": "arn:3", "kms_key_aliases": None},
                ]
            },
            ["alias/logs", "arn:2", "arn:3"],
            id="by alias, else by ARN",
        ),
    ],
)
def test_other_keys_that_open_a_device_are_named(more: dict[str, t.Any], expected: list[str]) -> None:
    report = arrange_report([a_result(an_entry("a", snapshots=[a_snapshot(**more)]))], {"encrypted": True})
    assert report["families"][0]["members"][0]["devices"][0]["also"] == expected


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("forbid", "All devices: encrypted, opened by no associated key"),
        ("same_rules", "All devices: encrypted"),
        ("ignore", "All devices: encrypted, whatever keys are associated"),
    ],
)
def test_what_holds_for_associated_keys_is_told(rule: str, line: str) -> None:
    assert describe_policy({"encrypted": True, "associated_keys": rule}) == [line]


def test_regions_without_images_are_kept_apart_and_errors_carry_their_account() -> None:
    errors = [{"region": "us-east-1", "message": "no"}]
    report = arrange_report([a_result(an_entry("a")), a_result(account="2", errors=errors)], {"encrypted": True})
    assert (report["regions"], report["empty_regions"]) == (["eu-west-1"], ["us-east-1"])
    assert report["errors"] == [{"account": "2", "region": "us-east-1", "message": "no"}]
    assert report["summary"] == {"images": 1, "compliant": 1, "not_compliant": 0, "unknown": 0}


def test_a_policy_is_told_in_words() -> None:
    devices = [{"device_name": "/dev/sdf", "encrypted": None, "allowed_keys": ["alias/data"]}]
    policy = {"encrypted": True, "key_usable": True, "allowed_key_tags": {"Use": "images"}, "devices": devices}
    every = "encrypted, under a key that is enabled and not pending deletion"
    assert describe_policy(policy) == [
        f"All devices: {every}, under a key with the tags Use=images",
        f"/dev/sdf: {every}, under alias/data or a key with the tags Use=images",
    ]


def an_estate() -> dict[str, t.Any]:
    """Return three families: one of a source with two copies, one that is not compliant, and one not known."""
    return a_result(
        an_entry("c", name="app"),
        an_entry("d", "c", name="app", region="us-east-1"),
        an_entry("e", "c", name="app", region="us-west-2"),
        an_entry("b", name="base\nline", compliant=False, reasons=["not encrypted", "key\ngone"]),
        an_entry("a", name="", compliant=None, reasons=["not known"]),
    )


@pytest.mark.parametrize(
    ("limit", "shown", "indexed"),
    [
        pytest.param(None, ["b", "a", "c"], [], id="no limit"),
        pytest.param(5, ["b", "a", "c"], [], id="just enough"),
        pytest.param(4, ["b", "a"], ["c", "d", "e"], id="a family is not cut in two"),
        pytest.param(1, ["b"], ["a", "c", "d", "e"], id="what is wrong comes first"),
        pytest.param(0, [], ["a", "c", "d", "e", "b"], id="none"),
    ],
)
def test_what_is_not_shown_in_full_is_a_line_of_the_index(
    limit: int | None, shown: list[str], indexed: list[str]
) -> None:
    report = arrange_report([an_estate()], {"encrypted": True}, limit=limit)
    assert [family["root_id"] for family in report["families"]] == shown
    lines = [line for block in report["index"] for line in block["text"].splitlines()]
    assert [next(word for word in line.split("  ")[1:] if len(word) == 1) for line in lines] == indexed
    assert (report["indexed"], report["summary"]["images"]) == (len(indexed), 5)


def test_a_line_of_the_index_says_what_is_wrong_and_stays_one_line() -> None:
    report = arrange_report([an_estate()], {"encrypted": True}, limit=0)
    (block,) = report["index"]
    assert block["text"].splitlines() == [
        "?  a  a  eu-west-1  123456789012  K1: not known",
        "✓  app  c  eu-west-1  123456789012  K1",
        "✓  app  d  us-east-1  123456789012  K1",
        "✓  app  e  us-west-2  123456789012  K1",
        "✗  base line  b  eu-west-1  123456789012  K1: not encrypted; key gone",
    ]
    assert (block["first"], block["last"], block["count"]) == ("a", "base line", 5)


def test_the_index_is_cut_into_blocks_in_the_order_of_names() -> None:
    images = [an_entry(f"ami-{number}", name=f"name-{number:04d}") for number in reversed(range(2500))]
    report = arrange_report([a_result(*images)], {"encrypted": True}, limit=300)
    assert len(report["families"]) == 300
    assert [(block["first"], block["last"], block["count"]) for block in report["index"]] == [
        ("name-0300", "name-1299", 1000),
        ("name-1300", "name-2299", 1000),
        ("name-2300", "name-2499", 200),
    ]


def test_regions_of_the_matrix_are_those_shown_and_no_filled_region_counts_as_empty() -> None:
    report = arrange_report([an_estate()], {"encrypted": True}, limit=2)
    assert (report["regions"], report["empty_regions"]) == (["eu-west-1"], [])
