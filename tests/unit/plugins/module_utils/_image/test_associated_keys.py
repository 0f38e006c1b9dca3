# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot that another key opens too (aws_rules §15) is under its own key, and not the one that was asked for."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import AuditedDevice, AuditedKey
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.policy import Rules, parse_policy
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.verdict import judge_device
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.facts import sort_leftovers
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.identity import device_differences
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import classify
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.preflight import Case, require_possible
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import beside_own_key
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    KEY_A,
    KEY_B,
    LINEAGE,
    a_copy,
    a_device,
    a_requirement,
    a_snapshot,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_disk,
    a_recipe,
    a_source,
    an_image_of,
    material_of,
    snapshots_for,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    ALIAS_DENIED,
    PENDING,
    SECOND_ID,
    SHOWN,
    SOURCE,
    kinds,
    plan,
)

AWS_MANAGED = AuditedKey(KEY_B, "Enabled", "AWS", None, ())
FINE = AuditedKey(KEY_B, "Enabled", "CUSTOMER", None, ("alias/logs",))
OWN = AuditedKey(KEY_A, "Enabled", "CUSTOMER", None, ("alias/golden",))


def opened(image: Image, *by: str, device: int = 0) -> Image:
    """Return the image with keys associated with one of its snapshots, and none with the others."""
    keys = {device: by or (KEY_B,)}
    found = (dataclasses.replace(one, associated_keys=keys.get(n, ())) for n, one in enumerate(image.devices))
    return dataclasses.replace(image, devices=tuple(found))


@pytest.mark.parametrize(
    ("associated", "expected"),
    [
        pytest.param(None, True, id="not known: an older botocore would find no copy at all"),
        pytest.param((), True, id="none"),
        pytest.param((KEY_B,), False, id="one"),
        pytest.param((KEY_B, "not named by AWS"), False, id="two"),
    ],
)
def test_a_key_alone(associated: tuple[str, ...] | None, expected: bool) -> None:
    device = dataclasses.replace(a_device("sda1", KEY_A, COPY_ID), associated_keys=associated)
    assert required(KEY_A).is_on(device)
    assert required(KEY_A).is_alone_on(device) is expected
    assert not required(KEY_B).is_alone_on(device), "who associates a key with what is under another seals nothing"
    said = beside_own_key(device)
    assert bool(said) is not expected and all(key in said for key in associated or ())


@pytest.mark.parametrize(
    ("image", "group"),
    [
        pytest.param(opened(a_copy(**SHOWN)), "other", id="the first snapshot"),
        pytest.param(opened(a_copy(**SHOWN), device=1), "other", id="another one"),
        pytest.param(opened(a_copy(**SHOWN, state="disabled")), "other", id="disabled"),
        pytest.param(opened(a_copy(**SHOWN, **PENDING)), "other", id="pending"),
        pytest.param(opened(a_copy(**SHOWN), device=9), "met", id="none"),
    ],
)
def test_a_copy_that_another_key_opens_is_not_the_copy(image: Image, group: str) -> None:
    assert [one.image_id for one in getattr(classify([image], LINEAGE, a_requirement(required(), SOURCE)), group)]


def test_nor_does_it_pass_for_one_under_an_alias_that_may_not_be_described() -> None:
    requirement = a_requirement(ALIAS_DENIED, SOURCE)
    assert requirement.is_undecided(a_copy(**SHOWN))
    assert not requirement.is_undecided(opened(a_copy(**SHOWN)))
    assert requirement.unsealed(opened(a_copy(**SHOWN)))


def test_preserved_statuses_ask_for_no_key() -> None:
    image = opened(a_copy(key_tag="source", sda1=None, sdf=KEY_B), KEY_A, device=1)
    assert plan(image, preserve=True).action == "unchanged"


def test_another_copy_is_made_and_said_why() -> None:
    found = plan(opened(a_copy(**SHOWN), device=1))
    assert kinds(found) == ["CopyImage"]
    assert COPY_ID in found.reason and KEY_B in found.reason and "ec2:DisassociateKmsKeyId" in found.reason
    assert found.create and (first := plan().create)
    assert found.create.client_token != first.client_token, "AWS would answer the token with the opened copy"
    assert plan(opened(a_copy(**SHOWN)), a_copy(SECOND_ID, **SHOWN)).action == "unchanged"


def test_superseded_copies_go_with_it() -> None:
    found = plan(opened(a_copy(**SHOWN)), superseded="deregister")
    assert (found.action, kinds(found)) == ("replaced", ["CopyImage", "DeregisterImage"])


@pytest.mark.parametrize(
    ("copies", "source", "refused"),
    [
        pytest.param([opened(a_copy(**SHOWN))], opened(SOURCE, KEY_A, device=1), True, id="perhaps carried"),
        pytest.param([opened(a_copy(**SHOWN))], SOURCE, False, id="associated with the copy alone"),
        pytest.param([], opened(SOURCE, KEY_A, device=1), False, id="associated with the source alone"),
        pytest.param(
            [a_copy(sda1=KEY_B, sdf=KEY_B, key_tag=KEY_B), opened(a_copy(SECOND_ID, **SHOWN))],
            opened(SOURCE, KEY_A, device=1),
            True,
            id="beside a copy under another key",
        ),
    ],
)
def test_no_run_makes_one_more_copy_that_may_come_out_alike(copies: list[Image], source: Image, refused: bool) -> None:
    case = Case(AWAY, plan(*copies), a_requirement(required(), SOURCE), source)
    if not refused:
        require_possible(case)
        return
    with pytest.raises(PreflightError, match="Disassociate the key"):
        require_possible(case)


@pytest.mark.parametrize("associated", [None, (), (KEY_B,)])
def test_a_snapshot_backs_an_image_itself_only_where_its_key_is_alone(associated: tuple[str, ...] | None) -> None:
    source = a_source(a_disk("xvda", KEY_A, associated_keys=associated), a_disk("sdf", KEY_A), region=AWAY)
    request = a_compose_request(source_region=AWAY, kms_key_id=KEY_A)
    recipe = a_recipe(request, material_of(source))
    reused = {one.device_name: one.is_reusable for one in recipe.ebs_devices}
    assert reused == {"/dev/xvda": not associated, "/dev/sdf": True}


def test_a_composed_image_differs_by_an_associated_key() -> None:
    recipe = a_recipe(request := a_compose_request(kms_key_id=KEY_A), material_of(a_source()))
    assert request.name == recipe.name
    image = an_image_of(recipe)
    assert device_differences(recipe, image) == ()
    (line,) = device_differences(recipe, opened(image, KEY_B))
    assert image.devices[0].device_name in line and KEY_B in line and "wanted key" in line


def test_what_an_earlier_run_left_is_of_no_use_once_another_key_opens_it() -> None:
    recipe = a_recipe(a_compose_request(kms_key_id=KEY_A), material_of(a_source()))
    left = snapshots_for(recipe, an_image_of(recipe))
    good, useless = sort_leftovers(recipe, left.values())
    assert (len(good), useless) == (2, ())
    spoilt = {name: dataclasses.replace(one, associated_keys=(KEY_B,)) for name, one in left.items()}
    good, useless = sort_leftovers(recipe, spoilt.values())
    assert (good, len(useless)) == ({}, 2)


def test_a_device_takes_over_what_its_snapshot_says() -> None:
    image = a_copy(sda1=KEY_A)
    (snapshot_id,) = image.snapshot_ids
    for associated in (None, (), (KEY_B,)):
        shown = {snapshot_id: a_snapshot(snapshot_id, kms_key_arn=KEY_A, associated_keys=associated)}
        assert image.with_snapshots(shown).devices[0].associated_keys == associated
    assert opened(image).with_snapshots({}).devices[0].associated_keys is None, "what was not seen is not known"


USABLE, LOGS, GOLDEN = {"key_usable": True}, {"allowed_keys": ["alias/logs"]}, {"allowed_keys": ["alias/golden"]}
BOTH = {"allowed_keys": ["alias/golden", "alias/logs"]}


@pytest.mark.parametrize(
    ("associated", "policy", "compliant", "words"),
    [
        pytest.param((), {"associated_keys": "forbid"}, True, "", id="forbidden, none"),
        pytest.param((FINE,), {"associated_keys": "forbid"}, False, "ec2:DisassociateKmsKeyId", id="forbidden, one"),
        pytest.param(
            (AuditedKey("key-id"),), {"associated_keys": "forbid"}, False, "key-id", id="forbidden, a bare id"
        ),
        pytest.param(None, {"associated_keys": "forbid"}, None, "botocore", id="forbidden, not known"),
        pytest.param((FINE,), BOTH, True, "", id="an allowed one"),
        pytest.param((FINE,), GOLDEN, False, "not one of the allowed", id="another one"),
        pytest.param((FINE,), LOGS, False, "not one of the allowed", id="allowed, while the own key is not"),
        pytest.param((AWS_MANAGED,), {"customer_managed": True}, False, "AWS managed", id="AWS managed"),
        pytest.param((dataclasses.replace(FINE, state="PendingDeletion"),), USABLE, False, "Pending", id="unusable"),
        pytest.param((dataclasses.replace(FINE, aliases=None),), GOLDEN, None, "aliases", id="aliases unread"),
        pytest.param((FINE, AWS_MANAGED), {"customer_managed": True}, False, "AWS managed", id="the second of two"),
        pytest.param((AuditedKey("key-id"),), USABLE, None, "does not give its ARN", id="a bare id"),
        pytest.param(None, USABLE, None, "not known", id="not known"),
        pytest.param((FINE,), {"encrypted": True}, True, "", id="no rule about keys"),
        pytest.param(None, {"encrypted": True}, True, "", id="no rule about keys, not known"),
        pytest.param((FINE,), {**GOLDEN, "associated_keys": "ignore"}, True, "", id="ignored"),
        pytest.param(None, {**GOLDEN, "associated_keys": "ignore"}, True, "", id="ignored, not known"),
        pytest.param((FINE,), {**BOTH, "associated_keys": "forbid"}, False, "too", id="forbidden, though allowed"),
    ],
)
def test_verdicts(
    associated: tuple[AuditedKey, ...] | None, policy: dict[str, t.Any], compliant: bool | None, words: str
) -> None:
    device = AuditedDevice("/dev/xvda", "snap-1", True, OWN, 8, associated=associated)
    parsed = parse_policy(policy)
    assert parsed is not None
    verdict = judge_device(device, parsed.rules_for("/dev/xvda"))
    assert verdict.compliant is compliant
    assert words in " ".join(verdict.reasons)
    assert bool(verdict.reasons) is (compliant is not True)


def test_a_plain_snapshot_is_told_as_that_and_no_more() -> None:
    verdict = judge_device(AuditedDevice("/dev/xvda", "snap-1", False), Rules(associated_keys="forbid"))
    assert verdict.compliant is False and verdict.reasons == ("snapshot snap-1 is not encrypted",)


def test_a_device_has_a_rule_of_its_own() -> None:
    policy = parse_policy({**USABLE, "devices": [{"device_name": "/dev/sdf", "associated_keys": "forbid"}]})
    assert policy is not None
    assert (policy.rules.associated_keys, policy.rules_for("/dev/sdf").associated_keys) == ("same_rules", "forbid")
    assert policy.rules_for("/dev/sdf").key_usable


@pytest.mark.parametrize("value", ["same_rules", "ignore"])
def test_what_forbids_nothing_demands_nothing(value: str) -> None:
    with pytest.raises(RequestError, match="demands nothing"):
        parse_policy({"associated_keys": value})
