# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the verdict on a device, and how verdicts add up to one on the image."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import AuditedDevice, AuditedKey
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.policy import Policy, Rules
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.verdict import judge_device, judge_image
from ansible_collections.sealed.ami.plugins.module_utils._image.marks import InstanceTypes
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image

PLACE = "arn:aws:kms:eu-west-1:123456789012"
ARN = f"{PLACE}:key/00000001-0000-4000-8000-000000000003"
ENCRYPTED, MANAGED, USABLE = Rules(encrypted=True), Rules(customer_managed=True), Rules(key_usable=True)


def a_key(**more: t.Any) -> AuditedKey:
    """Return a customer managed key in good order, but for what is said otherwise."""
    fields = {"state": "Enabled", "manager": "CUSTOMER", "aliases": ("alias/golden",), "tags": {"Use": "images"}}
    return AuditedKey(ARN, **{**fields, **more})


def under(key: AuditedKey | None) -> AuditedDevice:
    """Return a device whose snapshot is encrypted."""
    return AuditedDevice("/dev/xvda", "snap-1", True, key, 8)


PLAIN = AuditedDevice("/dev/xvda", "snap-1", False, None, 8)
UNSEEN = AuditedDevice("/dev/xvda", "snap-1", None, None, 8, "snapshot snap-1 is not shown to this account")
BLANK = AuditedDevice("/dev/sdf", None, False, None, 8)


@pytest.mark.parametrize(
    ("device", "rules", "compliant", "reason"),
    [
        pytest.param(PLAIN, Rules(), True, "", id="nothing demanded"),
        pytest.param(UNSEEN, Rules(), True, "", id="nothing demanded of what is unseen"),
        pytest.param(PLAIN, ENCRYPTED, False, "snap-1 is not encrypted", id="plain"),
        pytest.param(PLAIN, MANAGED, False, "snap-1 is not encrypted", id="plain, key manager demanded"),
        pytest.param(PLAIN, USABLE, False, "snap-1 is not encrypted", id="plain, usable key demanded"),
        pytest.param(PLAIN, Rules(allowed_keys=(ARN,)), False, "snap-1 is not encrypted", id="plain, key demanded"),
        pytest.param(BLANK, ENCRYPTED, False, "volume that it starts with is not", id="blank volume, plain"),
        pytest.param(AuditedDevice("/dev/sdf", None, True), ENCRYPTED, True, "", id="blank volume, encrypted"),
        pytest.param(AuditedDevice("/dev/sdf", None, True), USABLE, None, "under which key", id="blank volume, key"),
        pytest.param(AuditedDevice("/dev/sdf", "snap-1"), ENCRYPTED, None, "whether", id="encryption not said"),
        pytest.param(UNSEEN, ENCRYPTED, None, "not shown", id="snapshot not shared"),
        pytest.param(UNSEEN, Rules(allowed_keys=(ARN,)), None, "not shown", id="snapshot not shared, key demanded"),
        pytest.param(under(None), ENCRYPTED, True, "", id="encrypted, key not shown"),
        pytest.param(under(None), USABLE, None, "under which key", id="usable demanded, key not shown"),
        pytest.param(under(a_key()), ENCRYPTED, True, "", id="encrypted"),
        pytest.param(under(a_key()), MANAGED, True, "", id="customer managed"),
        pytest.param(under(a_key(manager="AWS")), MANAGED, False, "AWS managed key", id="AWS managed"),
        pytest.param(under(a_key(manager="AWS")), ENCRYPTED, True, "", id="AWS managed, encryption demanded"),
        pytest.param(under(a_key(manager=None)), MANAGED, None, "could not be read", id="manager unread"),
        pytest.param(under(a_key(manager="NOBODY")), MANAGED, None, "could not be read", id="manager of a new kind"),
        pytest.param(under(a_key()), USABLE, True, "", id="usable"),
        pytest.param(under(a_key(state="Updating")), USABLE, True, "", id="updating"),
        pytest.param(under(a_key(state="Disabled")), USABLE, False, "kms:EnableKey", id="disabled"),
        pytest.param(under(a_key(state="PendingDeletion", deletion_date="2026-12-24T00:00:00Z")), USABLE, False,
                     "to be deleted on 2026-12-24T00:00:00Z", id="pending deletion"),
        pytest.param(under(a_key(state="PendingImport")), USABLE, False, "key material", id="pending import"),
        pytest.param(under(a_key(state="Unavailable")), USABLE, False, "key store", id="unavailable"),
        pytest.param(under(a_key(state="Deleted")), USABLE, False, "can decrypt", id="deleted"),
        pytest.param(under(a_key(state=None)), USABLE, None, "could not be read", id="state unread"),
        pytest.param(under(a_key(state="Melted")), USABLE, None, "Melted, a state not known", id="new state"),
        pytest.param(under(a_key(state="Disabled")), ENCRYPTED, True, "", id="disabled, encryption demanded"),
    ],
)  # fmt: skip
def test_rules_of_encryption(device: AuditedDevice, rules: Rules, compliant: bool | None, reason: str) -> None:
    verdict = judge_device(device, rules)
    assert verdict.compliant is compliant
    assert reason in " ".join(verdict.reasons)
    assert bool(verdict.reasons) is (compliant is not True)


@pytest.mark.parametrize(
    ("key", "rules", "compliant"),
    [
        pytest.param(a_key(), Rules(allowed_keys=(ARN,)), True, id="ARN"),
        pytest.param(a_key(), Rules(allowed_keys=(ARN.replace("eu-west-1", "eu-central-1"),)), False, id="replica"),
        pytest.param(a_key(), Rules(allowed_keys=("alias/golden",)), True, id="alias"),
        pytest.param(a_key(), Rules(allowed_keys=(f"{PLACE}:alias/golden",)), True, id="alias ARN"),
        pytest.param(a_key(), Rules(allowed_keys=(f"{PLACE[:-1]}3:alias/golden",)), False, id="alias ARN elsewhere"),
        pytest.param(a_key(), Rules(allowed_keys=("alias/gold",)), False, id="part of an alias"),
        pytest.param(a_key(aliases=()), Rules(allowed_keys=("alias/golden",)), False, id="alias points elsewhere now"),
        pytest.param(a_key(aliases=None), Rules(allowed_keys=("alias/golden",)), None, id="aliases unread"),
        pytest.param(a_key(aliases=None), Rules(allowed_keys=(ARN, "alias/x")), True, id="ARN, aliases unread"),
        pytest.param(a_key(aliases=None), Rules(allowed_keys=(ARN[:-1],)), False, id="other ARN, aliases unread"),
        pytest.param(a_key(), Rules(allowed_key_tags={"Use": "images"}), True, id="tag"),
        pytest.param(a_key(), Rules(allowed_key_tags={"Use": "logs"}), False, id="tag of another value"),
        pytest.param(a_key(), Rules(allowed_key_tags={"Use": "images", "Env": "prod"}), False, id="one tag of two"),
        pytest.param(a_key(tags=None), Rules(allowed_key_tags={"Use": "images"}), None, id="tags unread"),
        pytest.param(a_key(tags=None), Rules(allowed_keys=("alias/golden",), allowed_key_tags={"Use": "x"}), True,
                     id="alias, tags unread"),
        pytest.param(a_key(tags={}), Rules(allowed_keys=("alias/x",), allowed_key_tags={"Use": "x"}), False,
                     id="neither"),
        pytest.param(a_key(tags=None), Rules(allowed_keys=("alias/x",), allowed_key_tags={"Use": "x"}), None,
                     id="other alias, tags unread"),
    ],
)  # fmt: skip
def test_allowed_keys(key: AuditedKey, rules: Rules, compliant: bool | None) -> None:
    assert judge_device(under(key), rules).compliant is compliant


def test_a_failed_rule_outweighs_an_unknown_one_and_both_are_told() -> None:
    verdict = judge_device(under(a_key(manager="AWS", state=None)), Rules(customer_managed=True, key_usable=True))
    assert verdict.compliant is False
    assert len(verdict.reasons) == 2


@pytest.mark.parametrize(
    ("image", "devices", "compliant"),
    [
        pytest.param(Image("ami-1", "eu-west-1"), (under(a_key()), under(a_key())), True, id="all comply"),
        pytest.param(Image("ami-1", "eu-west-1"), (under(a_key()), PLAIN), False, id="one fails"),
        pytest.param(Image("ami-1", "eu-west-1"), (under(a_key()), UNSEEN), None, id="one is unknown"),
        pytest.param(Image("ami-1", "eu-west-1"), (UNSEEN, PLAIN), False, id="one fails, one is unknown"),
        pytest.param(Image("ami-1", "eu-west-1"), (), None, id="no device shown"),
        pytest.param(Image("ami-1", "eu-west-1", root_device_type="instance-store"), (), None, id="instance store"),
        pytest.param(Image("ami-1", "eu-west-1", root_device_type=""), (under(a_key()),), None, id="root of no type"),
        pytest.param(Image("ami-1", "eu-west-1", state="pending"), (under(a_key()),), None, id="pending"),
        pytest.param(Image("ami-1", "eu-west-1", state="failed"), (under(a_key()),), True, id="failed, encrypted"),
        pytest.param(Image("ami-1", "eu-west-1", state="disabled"), (PLAIN,), False, id="disabled, plain"),
    ],
)
def test_images(image: Image, devices: tuple[AuditedDevice, ...], compliant: bool | None) -> None:
    verdict, verdicts = judge_image(image, devices, Policy(ENCRYPTED))
    assert verdict.compliant is compliant
    assert len(verdicts) == len(devices)
    assert bool(verdict.reasons) is (compliant is not True)


def test_rules_hold_for_the_device_they_name() -> None:
    policy = Policy(ENCRYPTED, {"/dev/sdf": Rules()})
    verdict, (root, data) = judge_image(Image("ami-1", "eu-west-1"), (PLAIN, BLANK), policy)
    assert (root.compliant, data.compliant) == (False, True)
    assert verdict.reasons == ("/dev/xvda: snapshot snap-1 is not encrypted",)


@pytest.mark.parametrize("misspelt", ["xvda", "/dev/xvdA", "/dev/sda1"])
def test_rules_for_no_device_of_the_image_prove_nothing(misspelt: str) -> None:
    policy = Policy(Rules(), {misspelt: ENCRYPTED})
    verdict, _verdicts = judge_image(Image("ami-1", "eu-west-1"), (PLAIN, BLANK), policy)
    assert verdict.compliant is None
    assert verdict.reasons == ("no rule of the policy is about any of its devices (/dev/xvda, /dev/sdf)",)


GOLDEN = "123456789012:golden-2026"


@pytest.mark.parametrize(
    ("present", "wanted", "shown", "compliant"),
    [
        pytest.param((GOLDEN,), ("123456789012:golden-*",), True, True, id="a pattern"),
        pytest.param((GOLDEN,), ("123456789012:x", GOLDEN), True, True, id="one of two"),
        pytest.param(("1" * 12 + ":golden-2026",), (GOLDEN,), True, False, id="another account's"),
        pytest.param((), (GOLDEN,), True, False, id="none"),
        pytest.param((GOLDEN,), ("123456789012:Golden-*",), True, False, id="case counts"),
        pytest.param(("123456789012:a[1]",), ("123456789012:a[1]",), True, True, id="brackets mean themselves"),
        pytest.param(("123456789012:a1",), ("123456789012:a[1]",), True, False, id="brackets are no pattern"),
        pytest.param((), (GOLDEN,), False, None, id="botocore shows none"),
    ],
)
def test_watermarks(present: tuple[str, ...], wanted: tuple[str, ...], shown: bool, compliant: bool | None) -> None:
    image = Image("ami-1", "eu-west-1", root_device_type="ebs", watermarks=present)
    policy = Policy(Rules(), watermarks=wanted)
    verdict, _devices = judge_image(image, (PLAIN,), policy, shows_watermarks=shown)
    assert verdict.compliant is compliant and bool(verdict.reasons) is not compliant
    both = Policy(ENCRYPTED, watermarks=wanted)
    assert judge_image(image, (PLAIN,), both, shows_watermarks=shown)[0].compliant is False


@pytest.mark.parametrize(
    ("types", "wanted", "shown", "compliant"),
    [
        (InstanceTypes(("m7i.large", "t3.*")), ("m7i.*", "t3.*"), True, True),
        (InstanceTypes(("t3.micro",)), ("t*",), True, True),
        (InstanceTypes(("t3.*",), ("t3.nano",)), ("t3.*",), True, True),
        (InstanceTypes(("t*",)), ("t3.*",), True, False),
        (InstanceTypes(("m7i.large", "p5.48xlarge")), ("m7i.*",), True, False),
        (InstanceTypes((), ("p5.48xlarge",)), ("m7i.*",), True, False),
        (InstanceTypes(), ("m7i.*",), True, False),
        (InstanceTypes(), ("*",), True, False),
        (InstanceTypes(), ("m7i.*",), False, None),
    ],
)
def test_instance_types(types: InstanceTypes, wanted: tuple[str, ...], shown: bool, compliant: bool | None) -> None:
    image = Image("ami-1", "eu-west-1", root_device_type="ebs", instance_types=types)
    verdict, _devices = judge_image(image, (PLAIN,), Policy(Rules(), instance_types=wanted), shows_types=shown)
    assert verdict.compliant is compliant
    assert compliant or verdict.reasons
    both = Policy(ENCRYPTED, instance_types=wanted)
    assert judge_image(image, (PLAIN,), both, shows_types=shown)[0].compliant is False


def test_the_types_that_are_too_many_are_named() -> None:
    image = Image(
        "ami-1", "eu-west-1", root_device_type="ebs", instance_types=InstanceTypes(("m7i.large", "p5.*", "x2.*"))
    )
    verdict, _devices = judge_image(image, (PLAIN,), Policy(Rules(), instance_types=("m7i.*", "t3.*")))
    assert verdict.reasons == ("it can be launched on p5.*, x2.*, which is not m7i.* or t3.*",)
