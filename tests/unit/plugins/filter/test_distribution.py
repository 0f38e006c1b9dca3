# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which way each image goes to each account and why, what its owner gives for it, and what goes afterwards."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.filter.distribution import distribution
from ansible_collections.sealed.ami.plugins.filter.distribution_clean_up import distribution_clean_up

OWNER, ONE, TWO = "123456789012", "210987654321", "111122223333"
HOME, AWAY = "us-east-1", "eu-west-1"
OPEN, LOCKED, BETWEEN = "ami-0000000000000001", "ami-0000000000000002", "ami-00000000000000ff"
KEY, TRANSFER = (f"arn:aws:kms:{HOME}:{OWNER}:key/{number}" for number in "12")
DEFAULT = f"arn:aws:kms:{HOME}:{OWNER}:key/aws-ebs"
NOTE = "sealed.ami:intermediates-1"
Options = dict[str, t.Any]


def an_image(image_id: str, key: str | None, **more: t.Any) -> Options:
    """Return an image of the owner as ec2_ami_encryption_info shows it."""
    manager = "AWS" if key == DEFAULT else "CUSTOMER" if key else None
    device = {"kms_key_arn": key, "kms_key_manager": manager, "encrypted": key is not None}
    own = {"image_id": image_id, "name": "web", "owner_id": OWNER, "state": "available", "tags": {}}
    return {**own, "snapshots": [device], **more}


IMAGES = [an_image(OPEN, KEY), an_image(LOCKED, DEFAULT)]
INTERMEDIATE = {**an_image(BETWEEN, TRANSFER), "source_image_id": LOCKED, "action": "copied"}


def a_host(account: str = ONE, *, key: str | None = "alias/own", **more: t.Any) -> Options:
    """Return the variables of one account in two regions."""
    places = [{"region": region, **({"kms_key_id": key} if key else {})} for region in (HOME, AWAY)]
    target = {"source_image_ids": [OPEN], "source_region": HOME, "destinations": places, **more.pop("target", {})}
    return {
        "sealed_ami_target": target,
        "sealed_ami_owner": {"role_arn": "", "profile": "", "transfer_kms_key_id": TRANSFER},
        "sealed_ami_account_id": account,
        "sealed_ami_role_arn": f"arn:aws:iam::{account}:role/ops/copier",
        **more,
    }


def a_copy(region: str, source: str = OPEN, **more: t.Any) -> Options:
    """Return a copy as the consumer's account shows it, under the key of its alias."""
    device = {"encrypted": True, "kms_key_arn": f"arn:aws:kms:{region}:{ONE}:key/9", "kms_key_aliases": ["alias/own"]}
    own = {"region": region, "source_image_id": source, "source_region": HOME, "state": "available"}
    return {**own, "source_instance_id": None, "creation_date": "2026", "snapshots": [device], **more}


def plan(*hosts: Options, images: t.Sequence[Options] | None = None, between: t.Sequence[Options] = ()) -> Options:
    """Return the plan for hosts that are named by number."""
    by_name = {f"host{number}": host for number, host in enumerate(hosts)}
    return distribution(by_name, list(by_name), IMAGES if images is None else images, between)


def only(found: Options) -> Options:
    """Return the only way of a plan."""
    (way,) = found["ways"]
    return t.cast(Options, way)


@pytest.mark.parametrize(
    ("host", "pattern", "reason"),
    [
        (a_host(), "copy", "key of its own"),
        (a_host(sealed_ami_pattern="copy"), "copy", "pattern copy asks"),
        (a_host(sealed_ami_pattern="intermediate"), "intermediate", "pattern intermediate asks"),
        (a_host(target={"source_image_ids": [LOCKED]}), "intermediate", DEFAULT),
        (a_host(sealed_ami_pattern="copy", target={"source_image_ids": [LOCKED]}), "intermediate", DEFAULT),
        (a_host(key=None, target={"destinations": [{"region": HOME}]}), "share", "has no key"),
        (a_host(sealed_ami_pattern="share", target={"destinations": [{"region": HOME}]}), "share", "share asks"),
        (a_host(OWNER), "own", "owns the image"),
        (a_host(OWNER, target={"source_image_ids": [LOCKED]}), "own", "owns the image"),
        (a_host(OWNER, sealed_ami_pattern="share"), "own", "owns the image"),
    ],
)
def test_the_pattern_is_chosen_with_a_reason(host: Options, pattern: str, reason: str) -> None:
    way = only(plan(host))
    assert way["pattern"] == pattern and reason in way["reason"]


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ([], ["no host"]),
        ([a_host(sealed_ami_owner=None)], ["host0", "owner"]),
        ([a_host(sealed_ami_account_id=None)], ["host0", "role_arn or account_id"]),
        ([a_host(target={"source_image_ids": []})], ["source_image_ids"]),
        ([a_host(target={"source_image_ids": ["ami-0bad"]})], ["ami-0bad", "not found"]),
        ([a_host(), a_host(TWO, target={"source_region": AWAY})], ["host1", "host0", "differ"]),
        ([a_host(key=None, sealed_ami_pattern="copy")], [HOME, AWAY, "no kms_key_id"]),
        ([a_host(target={"destinations": [{"region": HOME, "kms_key_id": "a"}, {"region": AWAY}]})], [AWAY, "key"]),
        ([a_host(key=None)], [AWAY, "launched in its own region"]),
        ([a_host(sealed_ami_pattern="share", target={"source_image_ids": [LOCKED]})], [DEFAULT, "AWS managed"]),
        ([a_host(sealed_ami_owner={"transfer_kms_key_id": ""}, target={"source_image_ids": [LOCKED]})],
         [DEFAULT, "transfer_kms_key_id"]),
        ([a_host(sealed_ami_owner={"transfer_kms_key_id": ""}, sealed_ami_pattern="intermediate")],
         ["transfer_kms_key_id"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(hosts: list[Options], words: list[str]) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        plan(*hosts)
    assert [word for word in words if word not in str(refused.value)] == []
    assert "\n" not in str(refused.value)


def test_what_the_owner_gives_is_linear_in_images() -> None:
    found = plan(a_host(), a_host(TWO), a_host(OWNER))
    assert found["shares"] == [{"purpose": "copy", "image_ids": [OPEN], "user_ids": sorted([ONE, TWO])}]
    grantees = [f"arn:aws:iam::{account}:role/ops/copier" for account in sorted([ONE, TWO])]
    assert found["grants"] == [{"key_id": KEY, "grantee_principal": who} for who in grantees]
    assert found["transfers"] == [] and found["notes"] == []


def test_without_a_role_the_account_is_granted_the_key() -> None:
    found = plan(a_host(sealed_ami_role_arn=None))
    assert found["grants"] == [{"key_id": KEY, "grantee_principal": f"arn:aws:iam::{ONE}:root"}]


def test_an_unencrypted_image_needs_no_grant() -> None:
    assert plan(a_host(), images=[an_image(OPEN, None)])["grants"] == []


def test_an_intermediate_takes_the_place_of_its_image() -> None:
    host = a_host(target={"source_image_ids": [LOCKED]})
    before = plan(host)
    assert (before["transfers"], before["shares"], before["grants"]) == ([LOCKED], [], [])
    assert before["consumers"]["host0"]["copies"] == []
    after = plan(host, between=[INTERMEDIATE])
    assert after["shares"] == [{"purpose": "copy", "image_ids": [BETWEEN], "user_ids": [ONE]}]
    assert [grant["key_id"] for grant in after["grants"]] == [TRANSFER]
    assert after["notes"] == [{"image_id": LOCKED, "tags": {NOTE: f"{LOCKED} 1 {BETWEEN}"}}]
    (copy,) = after["consumers"]["host0"]["copies"]
    assert (copy["source_image_ids"], copy["of"]) == ([BETWEEN], [LOCKED])
    assert [one["name"] for one in copy["destinations"]] == ["web-encrypted", "web"]


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_an_intermediate_that_is_not_whole_is_not_shared(state: str) -> None:
    found = plan(a_host(target={"source_image_ids": [LOCKED]}), between=[{**INTERMEDIATE, "state": state}])
    assert (found["shares"], found["grants"], found["notes"]) == ([], [], [])


def test_copies_that_are_there_need_nothing() -> None:
    found = plan(a_host(distribute_found=[a_copy(HOME), a_copy(AWAY)]))
    assert only(found)["done"] and (found["shares"], found["grants"]) == ([], [])


def test_copies_of_an_intermediate_that_is_gone_are_known() -> None:
    noted = an_image(LOCKED, DEFAULT, tags={NOTE: f"{LOCKED} 1 {BETWEEN}"})
    host = a_host(
        target={"source_image_ids": [LOCKED]}, distribute_found=[a_copy(one, BETWEEN) for one in (HOME, AWAY)]
    )
    found = plan(host, images=[noted])
    assert only(found)["done"] and found["transfers"] == []
    (copy,) = found["consumers"]["host0"]["copies"]
    assert copy["source_image_ids"] == [BETWEEN]
    travelled = an_image(LOCKED, DEFAULT, tags={NOTE: f"{OPEN} 1 {BETWEEN}"})
    assert plan(host, images=[travelled])["transfers"] == [LOCKED], "the note of another image"


@pytest.mark.parametrize(
    "change",
    [
        {"state": "disabled"},
        {"state": "pending"},
        {"source_image_id": "ami-0bad"},
        {"source_region": AWAY},
        {"source_instance_id": "i-1"},
        {"snapshots": [{"encrypted": True, "kms_key_arn": None, "kms_key_aliases": None}]},
        {"snapshots": [{"encrypted": False, "kms_key_arn": None, "kms_key_aliases": ["alias/own"]}]},
        {"snapshots": [{"encrypted": True, "kms_key_arn": KEY, "kms_key_aliases": ["alias/other"]}]},
    ],
    ids=str,
)
def test_what_is_not_known_to_be_the_copy_is_not(change: Options) -> None:
    found = plan(a_host(distribute_found=[a_copy(HOME), a_copy(AWAY, **change)]))
    assert not only(found)["done"] and found["shares"]


def test_nothing_is_given_to_whom_could_not_be_asked() -> None:
    found = plan(a_host(), a_host(TWO, distribute_error="no such role"))
    assert [share["user_ids"] for share in found["shares"]] == [[ONE]]
    assert [way["host"] for way in found["ways"]] == ["host0", "host1"]


def clean(found: Options, between: t.Sequence[Options] = (), **results: Options) -> Options:
    """Return what is taken back."""
    return distribution_clean_up(found, results, IMAGES, between)


def test_everything_goes_once_all_have_it() -> None:
    found = plan(a_host(target={"source_image_ids": [OPEN, LOCKED]}), between=[INTERMEDIATE])
    end = clean(found, [INTERMEDIATE], host0={"verified": [OPEN, LOCKED]})
    assert (end["complete"], end["kept"]) == ([OPEN, LOCKED], {})
    assert end["unshare"] == [OPEN, LOCKED, BETWEEN] and end["user_ids"] == [ONE]
    assert {one["key_id"] for one in end["revoke"]} == {KEY, TRANSFER}, "nobody can be granted an AWS managed key"
    assert end["intermediates"] == {BETWEEN: LOCKED}


@pytest.mark.parametrize("result", [{}, {"verified": [], "error": "denied"}, {"verified": [LOCKED]}], ids=str)
def test_an_image_that_one_lacks_keeps_everything(result: Options) -> None:
    hosts = [a_host(account, target={"source_image_ids": [OPEN, LOCKED]}) for account in (ONE, TWO)]
    end = clean(plan(*hosts, between=[INTERMEDIATE]), [INTERMEDIATE], host0={"verified": [OPEN, LOCKED]}, host1=result)
    assert OPEN in end["kept"] and "host1" in end["kept"][OPEN][0] and OPEN not in end["unshare"]
    assert result.get("error", "") in end["kept"][OPEN][0]
    assert KEY not in {one["key_id"] for one in end["revoke"]}
    assert (BETWEEN in end["unshare"]) == (LOCKED in end["complete"]) == (result.get("verified") == [LOCKED])


def test_a_key_stays_for_an_image_that_needs_it() -> None:
    """Two images are under one key, and one of them is not there yet."""
    both = [an_image(OPEN, KEY), an_image(LOCKED, KEY)]
    found = plan(a_host(target={"source_image_ids": [OPEN, LOCKED]}), images=both)
    end = distribution_clean_up(found, {"host0": {"verified": [OPEN]}}, both, [])
    assert (end["unshare"], end["revoke"]) == ([OPEN], [])


def test_what_is_shared_for_launch_stays_shared() -> None:
    host = a_host(key=None, target={"destinations": [{"region": HOME}]})
    found = plan(host)
    assert found["shares"] == [{"purpose": "launch", "image_ids": [OPEN], "user_ids": [ONE]}] and not found["grants"]
    end = clean(found, host0={"verified": [OPEN]})
    assert (end["unshare"], end["revoke"], end["kept"]) == ([], [], {})


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ({"availability_zone": f"{HOME}-bos-1a"}, f"Local Zone {HOME}-bos-1a"),
        ({"availability_zone_id": "use1-bos1-az1"}, "Local Zone use1-bos1-az1"),
        ({"outpost_arn": f"arn:aws:outposts:{HOME}:{ONE}:outpost/op-0123456789abcdef0"}, "Outpost arn:aws:outposts"),
    ],
)
def test_nothing_is_distributed_to_places_in_regions(place: Options, word: str) -> None:
    places = [{"region": HOME, "kms_key_id": "alias/own"}, {"region": HOME, "kms_key_id": "alias/own", **place}]
    for host in (
        a_host(target={"destinations": places}),
        a_host(sealed_ami_region=HOME, target={"destinations": [], **place}),
    ):
        with pytest.raises(AnsibleFilterError, match=f"host0: images of another account.*{word}.*fleet_copy"):
            plan(host)


@pytest.mark.parametrize("place", [{"availability_zone": f"{HOME}-bos-1a"}, {"outpost_arn": "arn:aws:outposts:"}])
def test_a_copy_in_a_local_zone_is_not_the_region_s(place: Options) -> None:
    local = a_copy(HOME)
    local["snapshots"] = [{**local["snapshots"][0], **place}]
    target = {"destinations": [{"region": HOME, "kms_key_id": "alias/own"}]}
    assert only(plan(a_host(distribute_found=[a_copy(HOME)], target=target)))["done"]
    assert not only(plan(a_host(distribute_found=[local], target=target)))["done"]


def acts(found: Options) -> list[str]:
    """Return what the owner asks to be allowed."""
    return [one["act"] for one in found["access"]]


def test_what_the_owner_asks_to_be_allowed() -> None:
    """Everything that it will do and take back, in as many calls as there are images, whatever the accounts."""
    both = {"source_image_ids": [OPEN, LOCKED]}
    assert acts(plan(a_host())) == ["share", "grant"]
    assert acts(plan(a_host(target={"source_image_ids": [LOCKED]}))) == ["copy", "remove", "note", "share", "grant"]
    one, many = plan(a_host(target=both)), plan(a_host(target=both), a_host(TWO, target=both))
    assert acts(one) == acts(many) == ["copy", "remove", "note", "share", "grant", "share", "grant"]
    assert {act["region"] for act in many["access"]} == {HOME}
    assert many["access"][-1]["kms_key_ids"] == [KEY] and len(many["access"][-1]["grantee_principals"]) == 2
    launching = plan(a_host(sealed_ami_pattern="share", target={"destinations": [{"region": HOME}]}))
    assert acts(launching) == ["launch"]


def test_what_a_consumer_asks_to_be_allowed() -> None:
    (home, away, *removal) = plan(a_host())["consumers"]["host0"]["access"]
    assert removal == [{"act": "remove", "region": HOME}, {"act": "remove", "region": AWAY}]
    assert (home["act"], home["region"], away["region"], away["source_region"]) == ("copy", HOME, AWAY, HOME)
    assert (home["kms_key_id"], home["kms_key_ids"], home["image_ids"]) == ("alias/own", [KEY], [OPEN])
    locked = plan(a_host(target={"source_image_ids": [LOCKED]}))["consumers"]["host0"]["access"]
    assert locked[0]["kms_key_ids"] == [], "the transfer key is granted with the intermediate copy"


def test_nothing_is_asked_where_nothing_is_to_do() -> None:
    done = plan(a_host(distribute_found=[a_copy(HOME), a_copy(AWAY)]))
    assert done["access"] == [] and done["consumers"]["host0"]["access"] == []
