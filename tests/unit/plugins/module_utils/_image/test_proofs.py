# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that a thing is ours, thing by thing; and that nothing destroys without such a proof."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import re
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image import descriptions, doubts, proofs
from ansible_collections.sealed.ami.plugins.module_utils._image.key_grants import Grant, Terms, name_of
from ansible_collections.sealed.ami.plugins.module_utils._image.machines import Instance, Volume
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    BUILDER_TAG,
    COPY_TAG,
    DEVICE_TAG,
    KEY_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.use import Use
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    HOME,
    KEY_A,
    KEY_B,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_snapshot,
    an_image,
    required,
)

PLUGINS = pathlib.Path(__file__).resolve().parents[5] / "plugins"
KINDS = {name for name, kind in vars(proofs).items() if isinstance(kind, type) and issubclass(kind, proofs.Proof)}
# What the API can destroy, detach, purge or take back.
DESTRUCTIVE = re.compile(
    r"(deregister|delete|terminate|detach|stop|disassociate|reset|revoke|retire|cancel|disable_image$)\w*"
)
CLIENT = re.compile(r"ec2|kms|\.client\(")
UNSEEN = BlockDevice("/dev/sdg", snapshot_id="snap-g")
SOURCE: dict[str, t.Any] = {"source_image_id": SOURCE_ID, "source_region": HOME}
COPIED = f"Copied for DestinationAmi {COPY_ID} from SourceAmi {SOURCE_ID} for SourceSnapshot snap-1. Task on 1,764."


def functions(folder: str) -> t.Iterator[tuple[pathlib.Path, ast.FunctionDef]]:
    """Yield every function below a folder of ``plugins`` with its file."""
    for path in sorted((PLUGINS / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def names(node: ast.AST) -> set[str]:
    """Return the names that are used in a piece of code, by attribute or alone."""
    found = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return found | {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def test_only_the_folder_of_proofs_makes_any() -> None:
    makers = set()
    for path in PLUGINS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            function = node.func if isinstance(node, ast.Call) else None
            name = getattr(function, "id", None) or getattr(function, "attr", None)
            if name in KINDS:
                makers.add(path.parent.name)
            assert not (name == "replace" and names(node) & KINDS), path
    assert makers == {"proofs"}


def test_whatever_destroys_takes_a_proof() -> None:
    destroyers = {}
    for _path, function in functions("module_utils/_aws"):
        called = {
            node.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute)
            and CLIENT.search(ast.unparse(node.value))
            and DESTRUCTIVE.match(node.attr)
        }
        if called:
            arguments = {ast.unparse(one.annotation) for one in function.args.args if one.annotation is not None}
            destroyers[function.name] = any(kind in one for one in arguments for kind in KINDS)
    assert {name for name, proved in destroyers.items() if not proved} == set()
    known = {
        "deregister_image",
        "delete_snapshot",
        "terminate_instance",
        "delete_volume",
        "remove_tags",
        "disable_image",
        "delete_parameter",
        "delete_version",
        "revoke_grant",
    }
    assert known <= destroyers.keys()


def test_nothing_outside_the_gateway_destroys() -> None:
    for path, function in functions("module_utils/_execute"):
        assert not {one for one in names(function) if one in ("ec2", "ec2_once", "kms")} or path.name == "regions.py"


@pytest.mark.parametrize(
    ("image", "doubt"),
    [
        pytest.param(a_copy(sda1=KEY_A), None, id="a copy of ours"),
        pytest.param(a_copy(state="failed"), None, id="failed, no snapshot shown"),
        pytest.param(a_copy(state="pending", sda1=True), None, id="pending, key not shown yet"),
        pytest.param(a_copy(sda1=True), "does not show", id="key not shown"),
        pytest.param(a_copy(sda1=KEY_A, sdf=True), "does not show", id="one of two keys not shown"),
        pytest.param(a_copy(state="disabled", sda1=True), "does not show", id="disabled, key not shown"),
        pytest.param(a_copy(sda1=KEY_A, extra=(UNSEEN,)), "does not show", id="encryption not shown"),
        pytest.param(a_copy(key_tag="source", sda1=True), "does not show", id="preserved, key not shown"),
        pytest.param(a_copy(), "does not show", id="no snapshot in the answer"),
        pytest.param(a_copy(sda1=KEY_A, source_region=None), None, id="region not shown"),
        pytest.param(a_copy(sda1=KEY_A, source_instance_id="i-1"), "image of instance i-1", id="of an instance"),
        pytest.param(a_copy(sda1=KEY_A, source_image_id=None), "no lineage", id="our tags alone"),
        pytest.param(a_copy(sda1=KEY_A, source_image_id="ami-2"), "comes from ami-2", id="of another source"),
        pytest.param(a_copy(sda1=KEY_A, source_region="eu-west-2"), "in eu-west-2", id="of another region"),
        pytest.param(a_copy(sda1=KEY_A, key_tag=None), "another tool", id="without our tags"),
        pytest.param(a_copy(sda1=KEY_A, key_tag=KEY_B), "not under it", id="tags of a copy under another key"),
        pytest.param(a_copy(sda1=None), "not under it", id="plain, with the tags of a sealed one"),
        pytest.param(a_copy(sda1=KEY_A, sdf=KEY_B), "not under it", id="one device under another key"),
        pytest.param(a_copy(sda1=KEY_A, tags={"aws:backup:x": ""}), "AWS service", id="made by a service"),
        pytest.param(a_copy(sda1=KEY_A, tags={SOURCE_TAG: "us-east-1:ami-2"}), "tags", id="our tag of another source"),
    ],
)
def test_copies(image: Image, doubt: str | None) -> None:
    found = doubts.doubt_of_copy(image, **SOURCE)
    assert (found is None) is (doubt is None)
    assert doubt is None or doubt in str(found)
    proof = proofs.copy_is_ours(image, **SOURCE)
    assert (proof.resource_id if proof else None) == (COPY_ID if doubt is None else None)


@pytest.mark.parametrize(
    ("shown", "made"),
    [
        pytest.param(a_copy(tags={"mark": "1"}), True, id="it carries the mark"),
        pytest.param(a_copy(tags={"mark": "2"}), False, id="another run made it"),
        pytest.param(a_copy(), False, id="no mark"),
        pytest.param(None, False, id="not shown"),
        pytest.param(a_copy("ami-9", tags={"mark": "1"}), False, id="another image"),
    ],
)
def test_made_or_met(shown: Image | None, made: bool) -> None:
    assert bool(proofs.started_by_this_run(COPY_ID, shown, mark=("mark", "1"))) is made


def test_parts_of_an_image_need_the_proof_of_that_image() -> None:
    image, other = a_copy(sda1=KEY_A), an_image("ami-9", sda1=KEY_A)
    ours = proofs.copy_is_ours(image, **SOURCE)
    assert ours is not None
    assert [proof.resource_id for proof in proofs.snapshots_of_copy(ours, image)] == list(image.snapshot_ids)
    for part in (image.image_id, *image.snapshot_ids):
        assert proofs.may_purge(ours, image, part).resource_id == part
        assert proofs.may_take_permissions(ours, image, part).resource_id == part
    for foreign in ("snap-9", other.image_id, *other.snapshot_ids):
        with pytest.raises(ValueError, match="no part"):
            proofs.may_purge(ours, image, foreign)
        with pytest.raises(ValueError, match="no part"):
            proofs.may_take_permissions(ours, image, foreign)
    with pytest.raises(ValueError, match="not for ami-9"):
        proofs.snapshots_of_copy(ours, other)
    with pytest.raises(ValueError, match="not for ami-9"):
        proofs.may_purge(ours, other, other.image_id)


def copied(**fields: t.Any) -> Snapshot:
    """Return a snapshot that CopyImage made at our call."""
    tags = {SOURCE_TAG: LINEAGE.tag, KEY_TAG: KEY_A, COPY_TAG: "sealed-ami-0"}
    shown = {"encrypted": True, "kms_key_arn": KEY_A, "volume_id": "vol-ffffffff", "description": COPIED, "tags": tags}
    return a_snapshot("snap-1", **{**shown, **fields})


@pytest.mark.parametrize("missing", [SOURCE_TAG, COPY_TAG, KEY_TAG])
def test_each_of_our_tags_is_needed(missing: str) -> None:
    """Somebody's own copy of the source, under any key, may carry some of them."""
    image, snapshot = a_copy(sda1=KEY_A), copied()
    some = {key: value for key, value in image.tags.items() if key != missing}
    assert proofs.copy_is_ours(image, **SOURCE) and not proofs.copy_is_ours(
        dataclasses.replace(image, tags=some), **SOURCE
    )
    some = {key: value for key, value in snapshot.tags.items() if key != missing}
    assert not proofs.snapshot_of_copy(dataclasses.replace(snapshot, tags=some), **SOURCE)


@pytest.mark.parametrize(
    ("snapshot", "ours"),
    [
        pytest.param(copied(), True, id="by our call"),
        pytest.param(copied(volume_id="vol-0123456789abcdef0"), False, id="a backup of a volume with all our tags"),
        pytest.param(copied(volume_id=""), False, id="volume not shown"),
        pytest.param(copied(description=f"Created by CreateImage(i-1) for {COPY_ID}"), False, id="by CreateImage"),
        pytest.param(copied(description=""), False, id="no description"),
        pytest.param(copied(description=COPIED.replace(SOURCE_ID, f"{SOURCE_ID}0")), False, id="of a longer id"),
        pytest.param(copied(description=f"see: {COPIED}"), False, id="quoted"),
        pytest.param(copied(tags={}), False, id="by another tool"),
        pytest.param(copied(kms_key_arn=KEY_B), False, id="under another key"),
    ],
)
def test_snapshots_of_copies(snapshot: Snapshot, ours: bool) -> None:
    assert bool(proofs.snapshot_of_copy(snapshot, **SOURCE)) is ours


def test_aws_says_for_which_image_a_snapshot_was_copied() -> None:
    assert descriptions.destination_of(copied()) == COPY_ID
    assert descriptions.destination_of(copied(volume_id="vol-1")) == ""
    assert descriptions.destination_of(copied(description="mine")) == ""


WORK = "sealed-ami-0123-4567"
LAUNCHED = "sealed-ami-abc-"
CREATED = "Created by CreateImage(i-9) for ami-1"


@pytest.mark.parametrize(
    ("token", "image_id", "ours"),
    [
        pytest.param(f"{LAUNCHED}1", SOURCE_ID, True, id="our token"),
        pytest.param("sealed-ami-xyz-1", SOURCE_ID, False, id="another token"),
        pytest.param(f"x{LAUNCHED}", SOURCE_ID, False, id="our token within another"),
        pytest.param("", SOURCE_ID, False, id="no token"),
        pytest.param(f"{LAUNCHED}1", "", False, id="image not shown"),
    ],
)
def test_instances(token: str, image_id: str, ours: bool) -> None:
    instance = Instance("i-1", "running", client_token=token, image_id=image_id, tags={COPY_TAG: WORK})
    found = proofs.instance_is_ours(instance, token=LAUNCHED)
    assert (found.resource_id if found else None) == ("i-1" if ours else None)
    assert proofs.instance_is_ours(instance, token="") is None


MADE = {COPY_TAG: WORK, DEVICE_TAG: "/dev/sdf"}
ATTACHED = {"attached_to": ("i-1",), "device_name": "/dev/sdf", "state": "in-use"}


@pytest.mark.parametrize(
    ("fields", "with_instance", "unused"),
    [
        pytest.param(ATTACHED, True, False, id="attached to ours"),
        pytest.param({**ATTACHED, "device_name": "/dev/sdx"}, False, False, id="at another device of ours"),
        pytest.param({**ATTACHED, "tags": {COPY_TAG: WORK}}, False, False, id="of a user, tagged after our instance"),
        pytest.param({**ATTACHED, "volume_size": 500}, False, False, id="of a user, of another size, at ours"),
        pytest.param({**ATTACHED, "snapshot_id": "snap-1"}, False, False, id="restored, attached to ours"),
        pytest.param({**ATTACHED, "encrypted": False}, False, False, id="plain, attached to ours"),
        pytest.param({"attached_to": ("i-1",), "tags": {}}, False, False, id="a rescue volume attached to ours"),
        pytest.param({"attached_to": ("i-2",)}, False, False, id="attached elsewhere"),
        pytest.param({"attached_to": ("i-1", "i-2")}, False, False, id="multi-attached"),
        pytest.param({}, False, True, id="free"),
        pytest.param({"state": "in-use"}, False, False, id="in use, attachment not shown"),
        pytest.param({"kms_key_arn": KEY_B}, False, False, id="under another key"),
        pytest.param({"volume_type": "io2"}, False, False, id="of another type"),
        pytest.param({"snapshot_id": "snap-1"}, False, False, id="restored from a snapshot"),
        pytest.param({"volume_size": 6}, False, False, id="of another size"),
        pytest.param({"encrypted": False}, False, False, id="unencrypted"),
        pytest.param({"tags": {COPY_TAG: WORK}}, False, False, id="tagged after its instance"),
        pytest.param({"tags": {**MADE, COPY_TAG: "other"}}, False, False, id="for another name"),
    ],
)
def test_volumes(fields: dict[str, t.Any], with_instance: bool, unused: bool) -> None:
    plain: dict[str, t.Any] = {
        "state": "available", "encrypted": True, "kms_key_arn": KEY_A, "volume_type": "gp3", "volume_size": 5,
        "tags": MADE,
    }  # fmt: skip
    volume = Volume("vol-1", **{**plain, **fields})
    instance = proofs.instance_is_ours(
        Instance("i-1", "running", client_token=f"{LAUNCHED}1", image_id="ami-1"), token=LAUNCHED
    )
    assert instance is not None
    made_for = proofs.MadeFor("/dev/sdf", origin="", size=5, key=required(KEY_A), types=("gp3", "gp2"))
    assert bool(proofs.volume_of_instance(volume, instance, made_for, work=WORK)) is with_instance
    found = proofs.unused_volume(volume, made_for, work=WORK, imaged={"vol-1"})
    assert (found.resource_id if found else None) == ("vol-1" if unused else None)


@pytest.mark.parametrize(
    ("origin", "imaged", "ours"),
    [
        pytest.param("snap-1", "", False, id="of the right snapshot, which anybody may restore"),
        pytest.param("snap-1", "vol-1", True, id="of the right snapshot, and our snapshot was taken of it"),
        pytest.param("", "", False, id="tags, size, key and type alone"),
        pytest.param("", "vol-1", True, id="our snapshot was taken of it"),
        pytest.param("", "vol-11", False, id="our snapshot was taken of another"),
    ],
)
def test_volumes_that_are_like_ours_in_all_that_can_be_chosen(origin: str, imaged: str, ours: bool) -> None:
    volume = Volume("vol-1", "available", True, volume_size=5, snapshot_id=origin, zone="us-east-1a", tags=MADE)
    made_for = proofs.MadeFor("/dev/sdf", origin=origin, size=5)
    proof = proofs.unused_volume(volume, made_for, work=WORK, imaged={imaged})
    assert (proof.resource_id if proof else None) == ("vol-1" if ours else None)


OURS: dict[str, t.Any] = {"state": "terminated", "client_token": f"{LAUNCHED}1", "image_id": SOURCE_ID}


@pytest.mark.parametrize(
    ("fields", "builder", "ours"),
    [
        pytest.param({}, None, True, id="AWS names the instance of the tag, and lists it no more"),
        pytest.param({}, ("i-9", OURS), True, id="our instance, which has ended"),
        pytest.param({}, ("i-9", {**OURS, "state": "shutting-down"}), True, id="our instance, about to end"),
        pytest.param(
            {}, ("i-9", {**OURS, "state": "stopped"}), False, id="our instance, whose image may be on its way"
        ),
        pytest.param({}, ("i-9", {**OURS, "client_token": "terraform"}), False, id="a tag written on purpose"),
        pytest.param({}, ("i-9", {**OURS, "client_token": ""}), False, id="of an instance without a token"),
        pytest.param({}, ("i-8", OURS), False, id="another instance was looked at"),
        pytest.param({"description": CREATED.replace("i-9", "i-8")}, None, False, id="a nightly image with the tag"),
        pytest.param({"tags": {}}, None, False, id="without the tag"),
        pytest.param({"description": "Created for policy: policy-1"}, None, False, id="Data Lifecycle Manager"),
        pytest.param({"description": "", "tags": {BUILDER_TAG: ""}}, None, False, id="nothing said, empty tag"),
        pytest.param({"description": f"see: {CREATED}"}, None, False, id="quoted"),
        pytest.param({"volume_id": "vol-ffffffff"}, None, False, id="a copy that kept the description"),
    ],
)
def test_snapshots_of_images_that_are_gone(
    fields: dict[str, t.Any], builder: tuple[str, dict[str, t.Any]] | None, ours: bool
) -> None:
    plain: dict[str, t.Any] = {"description": CREATED, "volume_id": "vol-1", "tags": {BUILDER_TAG: "i-9"}}
    instance = Instance(builder[0], **builder[1]) if builder else None
    proof = proofs.snapshot_of_builder(a_snapshot("snap-1", **{**plain, **fields}), instance, token=LAUNCHED)
    assert (proof.resource_id if proof else None) == ("snap-1" if ours else None)


COMPOSED = {COPY_TAG: WORK, SOURCE_TAG: f"{HOME}:{SOURCE_ID}"}
OF_INSTANCE = {COPY_TAG: WORK, SOURCE_TAG: f"{HOME}:i-1"}
BUILT: dict[str, t.Any] = {"source_instance_id": "i-9", "tags": {**COMPOSED, BUILDER_TAG: "i-9"}}
DESCRIBED: dict[str, t.Any] = {"devices": (BlockDevice("/dev/sda1", "snap-1", snapshot_description=CREATED),)}


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        pytest.param({}, None, id="registered"),
        pytest.param({**BUILT, "source_image_id": SOURCE_ID}, None, id="by way of an instance"),
        pytest.param(BUILT, None, id="AWS shows no image of the instance"),
        pytest.param({**BUILT, "source_client_token": f"{LAUNCHED}1"}, None, id="of an instance with our client token"),
        pytest.param({**BUILT, "source_client_token": ""}, "was not launched by", id="of an instance without a token"),
        pytest.param({**BUILT, "source_client_token": "terraform"}, "was not launched by", id="of one of another tool"),
        pytest.param({**BUILT, "source_instance_id": "i-8"}, "tags do not say", id="of another one of the source"),
        pytest.param({**BUILT, "tags": COMPOSED}, "tags do not say", id="tags of an image made of snapshots"),
        pytest.param({**DESCRIBED, "tags": BUILT["tags"]}, None, id="only its snapshots name the instance"),
        pytest.param(DESCRIBED, "instance i-9, and its tags", id="only its snapshots name another instance"),
        pytest.param({"source_instance_id": "i-1", "tags": OF_INSTANCE, "source_image_id": "ami-5"}, None, id="of it"),
        pytest.param({"tags": OF_INSTANCE}, None, id="pending, no lineage yet"),
        pytest.param({"tags": {}}, "recipe tags", id="no tags"),
        pytest.param({"tags": {**COMPOSED, COPY_TAG: "x"}}, "recipe tags", id="tags of another name"),
        pytest.param({"tags": {**COMPOSED, "aws:backup:x": "1"}}, "AWS service", id="AWS Backup"),
        pytest.param({"source_image_id": "ami-5"}, "copied from ami-5", id="a copy of it"),
        pytest.param({"source_image_id": SOURCE_ID}, "copied from", id="a copy of the source"),
        pytest.param({"source_instance_id": "i-9", "source_image_id": "ami-5"}, "ami-5 is not", id="nightly backup"),
        pytest.param({"source_instance_id": "i-2", "tags": OF_INSTANCE}, "i-2 is not", id="of another instance"),
    ],
)
def test_composed_images(fields: dict[str, t.Any], doubt: str | None) -> None:
    image = Image("ami-1", HOME, **{"tags": COMPOSED, **fields})
    found = doubts.doubt_of_composed(image, work=WORK, token=LAUNCHED)
    assert (found is None) is (doubt is None) and (doubt or "") in str(found or "")
    assert bool(proofs.composed_is_ours(image, work=WORK, token=LAUNCHED)) is (doubt is None)


@pytest.mark.parametrize(
    ("description", "volume_id", "copied_is", "empty_is"),
    [
        pytest.param("ours", "vol-ffffffff", True, True, id="copied"),
        pytest.param("ours", "vol-1", False, True, id="taken of a volume"),
        pytest.param("ours, later", "vol-ffffffff", False, False, id="a longer description"),
        pytest.param("a database nobody may lose", "vol-ffffffff", False, False, id="somebody's"),
        pytest.param("", "vol-ffffffff", False, False, id="none"),
    ],
)
def test_snapshots_born_with_our_description(description: str, volume_id: str, copied_is: bool, empty_is: bool) -> None:
    snapshot = a_snapshot("snap-1", description=description, volume_id=volume_id)
    for is_copy, ours in ((True, copied_is), (False, empty_is)):
        assert bool(proofs.snapshot_by_description(snapshot, description="ours", is_copy=is_copy)) is ours


@pytest.mark.parametrize(
    ("description", "ours"),
    [
        pytest.param("Created by CreateImage(i-1) for ami-1", True, id="for this image"),
        pytest.param("Created by CreateImage(i-1) for ami-1 from vol-1", True, id="AWS's older words"),
        pytest.param("Created by CreateImage(i-1) for ami-2", False, id="for another"),
        pytest.param("Created by CreateImage(i-2) for ami-1", False, id="of another instance"),
        pytest.param("Created by CreateImage(i-1) for ami-11", False, id="for a longer id"),
        pytest.param("see: Created by CreateImage(i-1) for ami-1", False, id="quoted"),
    ],
)
def test_snapshots_of_create_image(description: str, ours: bool) -> None:
    image = Image("ami-1", HOME, source_instance_id="i-1", devices=(BlockDevice("/dev/sda1", "snap-1"),))
    proof = proofs.snapshot_of_created(a_snapshot("snap-1", description=description), image)
    assert bool(proof) is ours
    assert bool(proofs.all_snapshots_are_ours(image, [proof] if proof else [])) is ours
    assert proofs.all_snapshots_are_ours(Image("ami-1", HOME), []) is None


def test_a_copy_that_kept_the_description_of_create_image_is_not_its_work() -> None:
    copy = a_snapshot("snap-1", description="Created by CreateImage(i-1) for ami-1", volume_id="vol-ffffffff")
    assert proofs.snapshot_of_created(copy, Image("ami-1", HOME, source_instance_id="i-1")) is None
    assert proofs.snapshot_of_created(copy, Image("ami-1", HOME)) is None


@pytest.mark.parametrize(
    ("in_use", "of", "proved"),
    [
        pytest.param(False, (COPY_ID, HOME), True, id="nothing uses it"),
        pytest.param(True, (COPY_ID, HOME), False, id="something does"),
        pytest.param(None, (COPY_ID, HOME), False, id="not all was read"),
        pytest.param(False, ("ami-other", HOME), False, id="evidence of another image"),
        pytest.param(False, (COPY_ID, "eu-north-1"), False, id="evidence of its id in another region"),
    ],
)
def test_only_what_nothing_uses_is_disabled(in_use: bool | None, of: tuple[str, str], proved: bool) -> None:
    proof = proofs.may_disable(Image(COPY_ID, HOME), Use(*of, in_use=in_use))
    assert (proof.resource_id if proof else None) == (COPY_ID if proved else None)


TERMS = Terms("arn:aws:iam::210987654321:role/copier", ("Decrypt", "DescribeKey"), retiring="arn:aws:iam::1:root")
GRANT = Grant("grant-1", name_of("copy", TERMS), TERMS, "arn:aws:iam::123456789012:root")


@pytest.mark.parametrize(
    ("fields", "terms", "ours"),
    [
        pytest.param({}, {}, True, id="ours"),
        pytest.param({"issuing_account": "123456789012"}, {}, True, id="its account by id"),
        pytest.param({"issuing_account": "arn:aws-cn:iam::123456789012:root"}, {}, True, id="of another partition"),
        pytest.param({}, {"operations": ("DescribeKey", "Decrypt")}, True, id="in another order"),
        pytest.param({"issuing_account": "arn:aws:iam::210987654321:root"}, {}, False, id="another account made it"),
        pytest.param({"issuing_account": ""}, {}, False, id="AWS does not show who made it"),
        pytest.param({"issuing_account": "1123456789012"}, {}, False, id="no account"),
        pytest.param({"name": ""}, {}, False, id="without a name"),
        pytest.param({"name": name_of("launch", TERMS)}, {}, False, id="made for another purpose"),
        pytest.param({"name": GRANT.name.upper()}, {}, False, id="almost our name"),
        pytest.param({}, {"grantee": "arn:aws:iam::210987654321:role/other"}, False, id="for another grantee"),
        pytest.param({}, {"operations": ("Decrypt",)}, False, id="gives less"),
        pytest.param({}, {"operations": ("Decrypt", "DescribeKey", "Encrypt")}, False, id="gives more"),
        pytest.param({}, {"constraints": {"EncryptionContextEquals": {"a": "b"}}}, False, id="bound"),
        pytest.param({}, {"retiring": None}, False, id="retired by nobody"),
    ],
)
def test_grants(fields: dict[str, t.Any], terms: dict[str, t.Any], ours: bool) -> None:
    """Anybody may choose our name: a grant is ours where the rest agrees, and our account made it."""
    grant = dataclasses.replace(GRANT, terms=dataclasses.replace(TERMS, **terms), **fields)
    proof = proofs.grant_is_ours(grant, "key-1", purpose="copy", wanted=TERMS, account="123456789012")
    assert ((proof.resource_id, proof.key_arn) if proof else None) == (("grant-1", "key-1") if ours else None)
    assert proofs.grant_is_ours(grant, "key-1", purpose="copy", wanted=TERMS, account="") is None


@pytest.mark.parametrize(("grant_id", "named"), [("grant-1", True), ("grant-2", False), ("", False), (None, False)])
def test_a_grant_goes_that_the_task_names(grant_id: str | None, named: bool) -> None:
    proof = proofs.grant_named(GRANT, "key-1", grant_id=grant_id)
    assert ((proof.resource_id, proof.key_arn) if proof else None) == (("grant-1", "key-1") if named else None)
