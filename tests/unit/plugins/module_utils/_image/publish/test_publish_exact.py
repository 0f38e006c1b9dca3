# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans to publish, held to equal values: beside each image, type and account those that sort before and after it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.facts import Parameter, PublishFacts, Template
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.judge import (
    hides_associated_keys,
    require_publishable,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.planner import (
    plan_image,
    plan_parameter,
    plan_publishing,
    plan_template,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.request import (
    PublishRequest,
    WantedParameter,
    WantedTemplate,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.steps import (
    AttachWatermark,
    CreateVersion,
    LabelParameter,
    PutParameter,
    SetDefaultVersion,
    TagParameter,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import HOME, KEY_A, an_image, fresh

from .test_publish_planner import NAME, NEW, TEMPLATE, template, version

LOW, HIGH = "ami-0000000000000aaa0", "ami-0000000000000zzz0"
ACCOUNT = "123456789012"
WEB = WantedTemplate(template_id=TEMPLATE)


def asking(**changes: t.Any) -> PublishRequest:
    """Return a request to publish the image."""
    return PublishRequest(NEW, HOME, **{"require": "none", **changes})


def of_image(image: Image, **changes: t.Any) -> Image:
    """Return the image with other fields."""
    return dataclasses.replace(image, **changes)


@pytest.mark.parametrize("require", ["none", "available", "encrypted", "verified"])
@pytest.mark.parametrize("state", ["a", "available", "disabled", "pending"])
def test_what_is_published_is_available_unless_nothing_is_required(state: str, require: t.Any) -> None:
    image = of_image(an_image(NEW, sda1=KEY_A), state=fresh(state))
    request = asking(require=fresh(require))
    if state == "available" or require == "none":
        assert require_publishable(image, request, [KEY_A]) == image
    else:
        with pytest.raises(PreflightError, match=f"is {state}, not available"):
            require_publishable(image, request, [KEY_A])


@pytest.mark.parametrize("require", ["encrypted", "verified"])
@pytest.mark.parametrize("root", ["a", "ebs", "instance-store"])
def test_what_is_encrypted_has_its_root_on_ebs(root: str, require: t.Any) -> None:
    image = of_image(an_image(NEW, sda1=KEY_A), root_device_type=fresh(root))
    if root == "ebs":
        assert require_publishable(image, asking(require=fresh(require)), [KEY_A]) == image
    else:
        with pytest.raises(PreflightError, match="instance store"):
            require_publishable(image, asking(require=require), [KEY_A])


@pytest.mark.parametrize(("require", "refused"), [("encrypted", False), ("verified", True)])
def test_keys_count_where_verified_is_required(require: t.Any, refused: bool) -> None:
    image = an_image(NEW, sda1=KEY_A)
    if not refused:
        assert require_publishable(image, asking(require=fresh(require)), []) == image
        return
    with pytest.raises(PreflightError, match=f"snapshot {image.snapshot_ids[0]}"):
        require_publishable(image, asking(require=fresh(require)), [])


def test_an_empty_volume_is_named_by_its_device_alone() -> None:
    image = of_image(an_image(NEW), devices=(BlockDevice("/dev/sdh", None, False, None, 8),))
    with pytest.raises(PreflightError, match=r"not encrypted: /dev/sdh is not encrypted"):
        require_publishable(image, asking(require="encrypted"), [])


@pytest.mark.parametrize(("keys", "hides"), [(None, True), ((), False), ((KEY_A,), False)])
def test_whether_associated_keys_are_shown(keys: tuple[str, ...] | None, hides: bool) -> None:
    image = an_image(NEW, sda1=KEY_A)
    devices = tuple(dataclasses.replace(one, associated_keys=keys) for one in image.devices)
    assert hides_associated_keys(of_image(image, devices=devices)) is hides


@pytest.mark.parametrize("owner", ["000000000001", ACCOUNT, "999999999999"])
@pytest.mark.parametrize("public", [False, True])
def test_watermarks_are_attached_by_the_owner_to_what_is_not_public(owner: str, public: bool) -> None:
    image = of_image(an_image(NEW), owner_id=fresh(owner), is_public=public, watermarks=(f"{ACCOUNT}:old",))
    facts = PublishFacts(image=image, account=ACCOUNT)
    assert plan_image(asking(), facts).steps == ()
    if owner != ACCOUNT or public:
        with pytest.raises(PreflightError, match="is public" if owner == ACCOUNT else f"account {owner}"):
            plan_image(asking(watermarks=("new",)), facts)
    else:
        assert plan_image(asking(watermarks=("old", "new")), facts).steps == (AttachWatermark(NEW, "new"),)


def test_watermarks_need_an_image_and_an_account() -> None:
    assert plan_image(asking(watermarks=("new",)), PublishFacts(image=None, account=ACCOUNT)).steps == ()
    with pytest.raises(PreflightError, match="sts:GetCallerIdentity"):
        plan_image(asking(watermarks=("new",)), PublishFacts(image=an_image(NEW), account=""))


def test_two_names_of_a_template_are_refused() -> None:
    named = (WantedTemplate(template_name="web"), WEB)
    facts = PublishFacts(image=an_image(NEW), templates={one.label: template(version(1)) for one in named})
    with pytest.raises(PreflightError, match=f"web and {TEMPLATE} are the same template"):
        plan_publishing(asking(templates=named), facts)


@pytest.mark.parametrize("value", [LOW, NEW, HIGH])
@pytest.mark.parametrize("overwrite", ["changed", "always"])
def test_a_parameter_is_written_where_it_holds_another_image_or_always(value: str, overwrite: t.Any) -> None:
    found = plan_parameter(WantedParameter(NAME, fresh(overwrite)), Parameter(NAME, fresh(value), 3), NEW)
    if value == NEW:
        always = ("updated", "it is written again whatever it holds")
        assert (found.action, found.reason) == (
            always if overwrite == "always" else ("unchanged", "it holds the image (version 3)")
        )
    else:
        assert (found.action, found.reason) == ("updated", f"it holds {value}")


@pytest.mark.parametrize("tag", ["", "a", "m", "z"])
@pytest.mark.parametrize("at", [None, 2, 3, 4, 1000])
def test_tags_and_labels_are_told_where_they_differ(tag: str, at: int | None) -> None:
    """Numbers beyond those that Python keeps once are other objects, too."""
    labels = {"x": at} if at else {}
    before = Parameter(NAME, fresh(NEW), int("3"), labels=labels, tags={"t": fresh(tag)} if tag else {})
    found = plan_parameter(WantedParameter(NAME, labels=("x",), tags={"t": "m"}), before, NEW)
    tagged, moved = tag != "m", at != 3
    expected = [*(["its tags differ"] if tagged else []), *(["labels x move"] if moved else [])]
    assert found.reason == (" and ".join(expected) or "it holds the image (version 3)")
    assert [type(one) for one in found.steps] == [*([TagParameter] * tagged), *([LabelParameter] * moved)]
    large = dataclasses.replace(before, version=int("1000"), labels={"x": int("1000")})
    assert "labels" not in plan_parameter(WantedParameter(NAME, labels=("x",)), large, NEW).reason


def test_a_new_value_gets_its_label_whether_an_older_one_has_it_or_none() -> None:
    for labels in ({}, {"x": 2}, {"x": 3}):
        found = plan_parameter(WantedParameter(NAME, labels=("x",)), Parameter(NAME, LOW, 3, labels=labels), NEW)
        assert [type(one) for one in found.steps] == [PutParameter, LabelParameter]


@pytest.mark.parametrize("kind", ["SecureString", "String", "StringList", "T"])
@pytest.mark.parametrize("data_type", ["a", "aws:ec2:image", "aws:ssm:integration", "text"])
def test_a_parameter_is_a_string_of_the_type_for_images(kind: str, data_type: str) -> None:
    before = Parameter(NAME, NEW, 3, type=fresh(kind), data_type=fresh(data_type))
    if (kind, data_type) == ("String", "aws:ec2:image"):
        assert plan_parameter(WantedParameter(NAME), before, NEW).action == "unchanged"
        return
    words = f"is of data type {data_type}," if kind == "String" else f"is of type {kind},"
    with pytest.raises(PreflightError, match=words):
        plan_parameter(WantedParameter(NAME), before, NEW)


@pytest.mark.parametrize("value", [LOW, NEW, HIGH])
@pytest.mark.parametrize("data_type", ["a", "aws:ec2:image", "text"])
def test_only_a_parameter_that_holds_the_image_is_removed(value: str, data_type: str) -> None:
    before = Parameter(NAME, fresh(value), 3, data_type=fresh(data_type))
    request = asking(parameters=(WantedParameter(NAME),), present=False)
    (found,) = plan_publishing(request, PublishFacts(image=None, parameters={NAME: before})).parameters
    if (value, data_type) == (NEW, "aws:ec2:image"):
        assert (found.action, found.reason) == ("removed", "it holds the image (version 3)")
    else:
        what = value if data_type == "aws:ec2:image" else f"something of data type {data_type}"
        assert (found.action, found.reason, found.steps) == ("left", f"it holds {what}, not the image", ())


@pytest.mark.parametrize("image", ["", LOW, NEW, HIGH])
def test_a_version_that_is_named_launches_the_image(image: str) -> None:
    chosen = version(300, fresh(image))
    before = Template(version(1), version(1, default=True), 300, chosen=chosen)
    if image == NEW:
        assert plan_template(WantedTemplate(template_id=TEMPLATE, default=300), before, asking()).version == 300
        return
    with pytest.raises(PreflightError, match=f"launches {image or 'no image of its own'}, not {NEW}"):
        plan_template(WantedTemplate(template_id=TEMPLATE, default=300), before, asking())


@pytest.mark.parametrize("image", ["", LOW, NEW, HIGH])
def test_the_source_or_an_equal_version_is_used_before_one_is_created(image: str) -> None:
    """Of several equal ones the newest, and none that launches otherwise or another image."""
    source = version(1, fresh(image))
    found = plan_template(WEB, template(source), asking())
    assert found.version == (1 if image == NEW else None)
    assert found.reason == (
        "version 1 launches the image"
        if image == NEW
        else f"no version launches the image as version 1 launches {image or 'none'}"
    )
    others = (version(2, fresh(NEW)), version(300, fresh(NEW)), version(4, NEW, InstanceType="m7i.large"))
    found = plan_template(WEB, template(source, *others), asking())
    assert found.version == (1 if image == NEW else 300)
    wrong = Template(source, source, 9, with_image=(version(8, LOW), version(9, HIGH)))
    assert plan_template(WEB, wrong, asking()).version == (1 if image == NEW else None)


@pytest.mark.parametrize(("number", "default"), [(1, 1), (300, 300), (300, 1), (1, 300)])
@pytest.mark.parametrize("wanted", [None, 0])
def test_the_default_moves_where_it_is_another_version(number: int, default: int, wanted: int | None) -> None:
    source = version(int(str(number)), fresh(NEW))
    before = Template(source, version(int(str(default)), LOW, default=True), 300, with_image=(source,))
    found = plan_template(WantedTemplate(template_id=TEMPLATE, default=wanted), before, asking())
    moves = wanted is not None and number != default
    assert found.action == ("updated" if moves else "unchanged")
    assert found.steps == ((SetDefaultVersion(TEMPLATE, "web", number, default),) if moves else ())


def test_a_version_that_is_created_and_made_the_default_is_created() -> None:
    found = plan_template(WEB, template(version(1, LOW, default=True)), asking())
    assert (found.action, [type(one) for one in found.steps]) == ("created", [CreateVersion, SetDefaultVersion])


def test_two_runs_ask_for_the_same_version_by_the_same_token() -> None:
    """Whatever order AWS answers in; who accepts warnings asks for another."""

    def token(source: t.Any, **changes: t.Any) -> str:
        (created, _default) = plan_template(WEB, template(source), asking(**changes)).steps
        assert isinstance(created, CreateVersion)
        return created.client_token

    source = version(1, LOW, KeyName="k", default=True)
    turned = dataclasses.replace(source, data=dict(reversed(list(source.data.items()))))
    assert token(source) == token(turned) == token(source, accept_warnings=False)
    assert token(source) != token(source, accept_warnings=True)


@pytest.mark.parametrize("resolved", [None, LOW, NEW, HIGH])
@pytest.mark.parametrize(("selector", "said"), [("", False), (":x", True), (":3", False)])
def test_an_alias_has_to_lead_to_the_image(selector: str, said: bool, resolved: str | None) -> None:
    source = version(1, f"resolve:ssm:{NAME}{selector}", default=True)
    before = template(source, resolved=fresh(resolved) if resolved else None)
    if resolved == NEW:
        assert plan_template(WEB, before, asking()).reason.endswith("which leads to the image")
        return
    with pytest.raises(PreflightError) as refused:
        plan_template(WEB, before, asking())
    assert f"leads to {resolved or 'no image'}, not to {NEW}" in str(refused.value)
    assert ("with the label" in str(refused.value)) is said


@pytest.mark.parametrize("default", [LOW, NEW, HIGH])
@pytest.mark.parametrize("back", ["", LOW, NEW, HIGH])
def test_a_default_goes_back_from_the_image_to_another(default: str, back: str) -> None:
    before = Template(version(2, fresh(default)), version(2, fresh(default), default=True), 2)
    before = dataclasses.replace(before, chosen=version(1, fresh(back)))
    wanted = WantedTemplate(template_id=TEMPLATE, default=1)
    request = asking(templates=(wanted,), present=False)
    facts = PublishFacts(image=None, templates={TEMPLATE: before})
    if default == NEW and back == NEW:
        with pytest.raises(PreflightError, match="which is to be taken down"):
            plan_publishing(request, facts)
        return
    (found,) = plan_publishing(request, facts).templates
    assert [type(one) for one in found.steps] == ([SetDefaultVersion] if default == NEW else [])
    assert default == NEW or found.action == "left"
    assert default != NEW or found.reason == f"version 1 launches {back or 'no image of its own'}"
