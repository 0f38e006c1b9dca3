# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios S1 to S4: which key each snapshot of a copy ends up under, wherever it goes."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, BY_DEFAULT, FAR, HOME, SOURCES, Copy
from system.looking import Looking

ACCOUNT = "123456789012"
# On rows 4 and 5 of the table AWS's two guides contradict each other (aws_rules §1.3).
GUIDES = pytest.mark.parametrize(
    "guide", [pytest.param("source", id="EC2 guide"), pytest.param("aws_ebs", id="EBS guide")]
)
PLAIN = None


def sealed(look: Looking, region: str, image_id: str) -> dict[str, str | None]:
    """Return the alias, as the catalogue has it, of the key of each device."""
    aliases = {
        alias["TargetKeyId"]: alias["AliasName"]
        for alias in look.kms(region).list_aliases()["Aliases"]
        if "TargetKeyId" in alias
    }
    return {
        device: aliases[arn.rpartition("/")[2]] if arn else PLAIN for device, arn in look.keys(region, image_id).items()
    }


def copy_calls(look: Looking) -> list[dict[str, t.Any]]:
    """Return the parameters of every CopyImage."""
    return [call["parameters"] for call in look.calls(action="CopyImage")]


MIXED, ENCRYPTED = ("/dev/sdf", "/dev/xvda"), ("/dev/xvda",)
ROOT_STAYS_PLAIN = {"/dev/xvda": PLAIN, "/dev/sdf": "alias/aws/ebs"}


@GUIDES
@pytest.mark.parametrize(
    ("source", "region", "expected"),
    [
        pytest.param("mixed", AWAY, ROOT_STAYS_PLAIN, id="S1 mixed, another region"),
        pytest.param(
            "mixed", HOME, {"/dev/xvda": PLAIN, "/dev/sdf": {"source": "alias/data", "aws_ebs": "alias/aws/ebs"}},
            id="S1 mixed, same region",
        ),
        pytest.param(
            "mixed", BY_DEFAULT, {"/dev/xvda": "alias/golden", "/dev/sdf": "alias/golden"},
            id="S1 mixed, encryption by default",
        ),
        pytest.param("plain-root", AWAY, {"/dev/xvda": PLAIN}, id="S1 plain, another region"),
        pytest.param("plain-root", HOME, {"/dev/xvda": PLAIN}, id="S1 plain, same region"),
        pytest.param("plain-root", BY_DEFAULT, {"/dev/xvda": "alias/golden"}, id="S1 plain, encryption by default"),
        pytest.param("encrypted-root", AWAY, {"/dev/xvda": "alias/aws/ebs"}, id="S2 encrypted root, another region"),
        pytest.param(
            "encrypted-root", HOME, {"/dev/xvda": {"source": "alias/golden", "aws_ebs": "alias/aws/ebs"}},
            id="S2 encrypted root, same region",
        ),
        pytest.param("encrypted-root", BY_DEFAULT, {"/dev/xvda": "alias/golden"}, id="S2 encryption by default"),
        pytest.param("vendor-encrypted", AWAY, {"/dev/xvda": "alias/aws/ebs"}, id="S2 shared with us"),
        pytest.param("vendor-encrypted", HOME, {"/dev/xvda": "alias/aws/ebs"}, id="S2 shared with us, same region"),
    ],
)  # fmt: skip
def test_statuses_are_preserved(
    copy: Copy, look: Looking, emulator: Emulator, guide: str, source: str, region: str, expected: dict[str, t.Any]
) -> None:
    emulator.configure(copy_image_same_region_key=guide)
    first = copy(source, region=region, encrypted=False)
    assert (first.msg, first["changed"], first["image"]["action"]) == ("", True, "copied")
    wanted = {device: key[guide] if isinstance(key, dict) else key for device, key in expected.items()}
    assert sealed(look, region, first["image_id"]) == wanted
    (sent,) = copy_calls(look)
    assert {"Encrypted", "KmsKeyId"}.isdisjoint(sent)
    second = copy(source, region=region, encrypted=False)
    assert (second["changed"], second["image_id"]) == (False, first["image_id"])
    assert len(copy_calls(look)) == 1


FORMS = ["alias/os", "key id", "key arn", "alias arn", "alias/global", "replica arn"]


def key_reference(form: str, look: Looking, region: str) -> tuple[str, str]:
    """Return a reference of that form, and the ARN of the key behind it."""
    alias = "alias/global" if form in ("alias/global", "replica arn") else "alias/os"
    arn = look.key_arn(alias, region)
    references = {
        "key id": arn.rpartition("/")[2],
        "key arn": arn,
        "replica arn": arn,
        "alias arn": f"arn:aws:kms:{region}:{ACCOUNT}:{alias}",
    }
    return references.get(form, form), arn


CHOSEN = [
    *(
        pytest.param(guide, source, "alias/os", id=f"{scenario}, {guide}")
        for guide in ("source", "aws_ebs")
        for source, scenario in (
            ("database", "S3 plain"),
            ("encrypted-root", "S4 encrypted"),
            ("database-sealed", "S4 three keys"),
        )
    ),
    *(pytest.param("source", "mixed", form, id=form) for form in FORMS[1:]),
]


@pytest.mark.parametrize("region", [pytest.param(HOME, id="same region"), pytest.param(FAR, id="another region")])
@pytest.mark.parametrize(("guide", "source", "form"), CHOSEN)
def test_encrypted_under_a_chosen_key(
    copy: Copy, look: Looking, emulator: Emulator, guide: str, region: str, form: str, source: str
) -> None:
    emulator.configure(copy_image_same_region_key=guide)
    reference, arn = key_reference(form, look, region)
    emulator.clear_calls()
    first = copy(source, region=region, kms_key_id=reference)
    assert (first.msg, first["changed"], first["image"]["action"]) == ("", True, "copied")
    assert set(look.keys(region, first["image_id"]).values()) == {arn}
    assert [(sent["Encrypted"], sent["KmsKeyId"]) for sent in copy_calls(look)] == [(True, arn)]
    emulator.clear_calls()
    second = copy(source, region=region, kms_key_id=reference)
    assert (second["changed"], second["image_id"]) == (False, first["image_id"])
    assert look.mutations() == []


@GUIDES
@pytest.mark.parametrize(
    ("region", "alias"),
    [
        pytest.param(HOME, "alias/aws/ebs", id="same region"),
        pytest.param(AWAY, "alias/aws/ebs", id="another region"),
        pytest.param(BY_DEFAULT, "alias/golden", id="the account's own default key"),
    ],
)
@pytest.mark.parametrize(
    "source", [pytest.param("plain-root", id="S3 plain"), pytest.param("encrypted-root", id="S4 encrypted")]
)
def test_encrypted_under_the_default_key(
    copy: Copy, look: Looking, emulator: Emulator, guide: str, region: str, alias: str, source: str
) -> None:
    emulator.configure(copy_image_same_region_key=guide)
    first = copy(source, region=region)
    assert first.msg == ""
    assert sealed(look, region, first["image_id"]) == {"/dev/xvda": alias}
    # Resolved and shown, never left for AWS to choose.
    (sent,) = copy_calls(look)
    assert sent["KmsKeyId"] == look.key_arn(alias, region)
    assert look.key_arn(alias, region) in first["image"]["reason"]
    assert not copy(source, region=region)["changed"]


def test_the_same_multi_region_key_elsewhere_is_another_key(copy: Copy, look: Looking) -> None:
    here = copy("multi-region-key", region=HOME, kms_key_id="alias/global")
    there = copy("multi-region-key", region=FAR, kms_key_id="alias/global")
    arns = {*look.keys(HOME, here["image_id"]).values(), *look.keys(FAR, there["image_id"]).values()}
    assert arns == {look.key_arn("alias/global", region) for region in (HOME, FAR)}
    assert len({arn.rpartition("/")[2] for arn in arns if arn}) == 1
    # Under the primary key already: the copy is incremental; in the other region it is full.
    assert (here["image"]["new_storage_gib"], there["image"]["new_storage_gib"]) == (0, 8)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(source, id=source)
        for source in (
            "ephemeral", "uefi-tpm", "windows", "rhel", "arm64", "deprecated", "hostile", "paravirtual",
            "vendor-plain", "marketplace", "name-twin",
        )
    ],
)  # fmt: skip
def test_any_kind_of_image(copy: Copy, look: Looking, source: str) -> None:
    first = copy(source, kms_key_id="alias/golden", name="copy-of-{source_image_id}")
    assert (first.msg, first["image"]["state"]) == ("", "available")
    copied = look.image(AWAY, first["image_id"])
    assert copied is not None
    assert (copied["Name"], copied["SourceImageId"]) == (f"copy-of-{SOURCES[source]}", SOURCES[source])
    assert set(look.keys(AWAY, first["image_id"]).values()) == {look.key_arn("alias/golden", AWAY)}
    second = copy(source, kms_key_id="alias/golden", name="copy-of-{source_image_id}")
    assert (second.msg, second["changed"]) == ("", False)


def test_an_empty_plain_volume_is_not_sealed(copy: Copy, look: Looking) -> None:
    look.emulator.clear_calls()
    for check in (True, False):
        refused = copy("blank-volume", kms_key_id="alias/golden", check=check)
        assert refused.failed and "ec2_ami_compose_keys" in refused.msg and "/dev/" in refused.msg
    assert look.mutations() == []
    assert copy("blank-volume", encrypted=False).msg == ""


def test_a_copy_of_a_copy(copy: Copy, look: Looking) -> None:
    first = copy("plain-root", kms_key_id="alias/golden", tags={"Team": "os"})
    options = {"source_image_id": first["image_id"], "source_region": AWAY, "region": FAR, "copy_tags": True}
    second = copy("plain-root", **options, kms_key_id="alias/data")
    copied = look.image(FAR, second["image_id"])
    assert copied is not None
    assert look.user_tags(copied) == {"Team": "os"}
    assert second["image"]["tags"]["sealed.ami:source"] == f"{AWAY}:{first['image_id']}"
    assert not copy("plain-root", **options, kms_key_id="alias/data")["changed"]


def test_names(copy: Copy) -> None:
    assert copy("plain-root")["image"]["name"] == "plain-root"
    assert copy("plain-root", region=HOME)["image"]["name"] == "plain-root-encrypted"
    named = copy("plain-root", region=FAR, name="{source_name} {source_image_id} {region}")["image"]["name"]
    assert named == f"plain-root {SOURCES['plain-root']} {FAR}"
