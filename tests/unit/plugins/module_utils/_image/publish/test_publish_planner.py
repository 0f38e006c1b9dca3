# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans to publish: a table of what AWS holds, what is wanted, and the steps in their order."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import (
    parameter_of_image,
    version_of_this_task,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.facts import (
    Group,
    Parameter,
    PublishFacts,
    Template,
    Version,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.judge import require_publishable
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.outcome import Publication
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.plan import PublishPlan
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.planner import plan_publishing
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.request import (
    PublishRequest,
    WantedParameter,
    WantedTemplate,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.result import (
    publish_failure,
    to_publish_result,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.steps import (
    CreateVersion,
    DeleteParameter,
    LabelParameter,
    PutParameter,
    SetDefaultVersion,
    TagParameter,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.publish.warnings import group_warnings
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    HOME,
    KEY_A,
    KEY_B,
    an_image,
)

NEW, OLD = "ami-0000000000000new0", "ami-0000000000000old0"
NAME, TEMPLATE = "/golden/web", "lt-1"


def version(number: int, image: str = OLD, *, default: bool = False, **data: t.Any) -> Version:
    """Return a version of the only template."""
    return Version(TEMPLATE, "web", number, {"ImageId": image, "InstanceType": "t3.micro", **data}, default)


def template(source: Version, *others: Version, **more: t.Any) -> Template:
    """Return what was read: the source, the default among all, and the versions that have the image."""
    every = (source, *others)
    default = next((one for one in every if one.is_default), source)
    with_image = tuple(one for one in every if one.image == NEW)
    return Template(source, default, max(one.number for one in every), with_image=with_image, **more)


def plan(
    *,
    parameters: t.Sequence[WantedParameter] = (),
    found: t.Sequence[Parameter] = (),
    wanted: WantedTemplate | None = None,
    read: Template | None = None,
    **request: t.Any,
) -> PublishPlan:
    """Plan for some parameters and perhaps one template."""
    templates = (wanted,) if wanted else ()
    asked = PublishRequest(NEW, HOME, "none", parameters=tuple(parameters), templates=templates, **request)
    facts = PublishFacts(
        image=an_image(NEW),
        parameters={one.name: one for one in found},
        templates={wanted.label: read} if wanted and read else {},
    )
    return plan_publishing(asked, facts)


WANTED = WantedParameter(NAME)


@pytest.mark.parametrize(
    ("wanted", "before", "steps"),
    [
        pytest.param(WANTED, None, [PutParameter], id="new"),
        pytest.param(WANTED, Parameter(NAME, OLD, 3), [PutParameter], id="another image"),
        pytest.param(WANTED, Parameter(NAME, NEW, 3), [], id="there"),
        pytest.param(WantedParameter(NAME, "always"), Parameter(NAME, NEW, 3), [PutParameter], id="always"),
        pytest.param(WantedParameter(NAME, "never"), Parameter(NAME, NEW, 3), [], id="immutable and there"),
        pytest.param(WantedParameter(NAME, "never"), None, [PutParameter], id="immutable and new"),
        pytest.param(WantedParameter(NAME, tags={"a": "1"}), None, [PutParameter], id="tags go with what is new"),
        pytest.param(
            WantedParameter(NAME, tags={"a": "1"}), Parameter(NAME, OLD, 3, tags={"a": "0", "b": "2"}),
            [PutParameter, TagParameter], id="tags of what is there",
        ),
        pytest.param(
            WantedParameter(NAME, tags={"a": "1"}), Parameter(NAME, NEW, 3, tags={"a": "1", "b": "2"}), [],
            id="other tags stay",
        ),
        pytest.param(
            WantedParameter(NAME, labels=("x",)), Parameter(NAME, NEW, 3, labels={"x": 2}), [LabelParameter],
            id="label elsewhere",
        ),
        pytest.param(
            WantedParameter(NAME, labels=("x",)), Parameter(NAME, NEW, 3, labels={"x": 3}), [], id="label here"
        ),
        pytest.param(
            WantedParameter(NAME, labels=("x",), version="2"),
            Parameter(NAME, OLD, 3, labels={"x": 1}, chosen=Parameter(NAME, NEW, 2)), [LabelParameter],
            id="label to an older version",
        ),
        pytest.param(
            WantedParameter(NAME, labels=("x",), version="y"),
            Parameter(NAME, OLD, 3, labels={"x": 2}, chosen=Parameter(NAME, NEW, 2)), [],
            id="label at an older version",
        ),
        pytest.param(
            WantedParameter(NAME, labels=("x",)), Parameter(NAME, OLD, 3, labels={"x": 3}),
            [PutParameter, LabelParameter], id="label of the old version",
        ),
    ],
)  # fmt: skip
def test_what_a_parameter_needs(wanted: WantedParameter, before: Parameter | None, steps: list[type]) -> None:
    found = plan(parameters=[wanted], found=[before] if before else [])
    assert [type(step) for step in found.steps] == steps
    assert (found.parameters[0].action == "unchanged") is (not steps)


@pytest.mark.parametrize("before", [{"data_type": "text"}, {"type": "SecureString"}, {"type": "StringList"}])
@pytest.mark.parametrize("value", [OLD, NEW])
def test_what_is_no_parameter_for_an_image_is_refused(before: dict[str, t.Any], value: str) -> None:
    with pytest.raises(PreflightError, match="delete-parameter --name /golden/web"):
        plan(parameters=[WANTED], found=[Parameter(NAME, value, 1, **before)])


@pytest.mark.parametrize(
    ("wanted", "read", "steps", "target"),
    [
        pytest.param({}, template(version(1, default=True)), [CreateVersion, SetDefaultVersion], None, id="create"),
        pytest.param({}, template(version(1, NEW, default=True)), [], 1, id="there"),
        pytest.param({}, template(version(1, default=True), version(2, NEW)), [SetDefaultVersion], 2, id="reuse"),
        pytest.param(
            {}, template(version(1, default=True), version(2, NEW), version(4, NEW)), [SetDefaultVersion], 4,
            id="reuse the newest",
        ),
        pytest.param(
            {}, template(version(1, default=True), version(2, NEW), version(3, NEW, InstanceType="t3.large")),
            [SetDefaultVersion], 2, id="reuse the newest that is equal",
        ),
        pytest.param(
            {}, template(version(1, default=True), version(2, NEW, UserData="x")),
            [CreateVersion, SetDefaultVersion], None, id="none is equal",
        ),
        pytest.param({"default": None}, template(version(1, default=True)), [CreateVersion], None, id="keep"),
        pytest.param({"default": None}, template(version(1, default=True), version(2, NEW)), [], 2, id="keep, there"),
        pytest.param(
            {"default": 2}, template(version(1, default=True), version(2, NEW), chosen=version(2, NEW)),
            [SetDefaultVersion], 2, id="number",
        ),
        pytest.param(
            {"default": 2}, template(version(2, NEW, default=True), chosen=version(2, NEW)), [], 2, id="number, there"
        ),
        pytest.param(
            {"source": "$Latest"}, template(version(3, NEW), version(1, default=True)), [SetDefaultVersion], 3,
            id="latest",
        ),
        pytest.param(
            {}, template(version(1, "resolve:ssm:/x", default=True), resolved=NEW), [], 1, id="alias that leads there"
        ),
    ],
)  # fmt: skip
def test_what_a_template_needs(wanted: dict[str, t.Any], read: Template, steps: list[type], target: int | None) -> None:
    found = plan(wanted=WantedTemplate(template_name="web", **wanted), read=read)
    assert [type(step) for step in found.steps] == steps
    assert found.templates[0].version == target


def test_snapshots_of_mappings_make_no_difference_but_mappings_do() -> None:
    ebs = {"VolumeSize": 8}
    mapped = version(1, default=True, BlockDeviceMappings=[{"DeviceName": "x", "Ebs": {**ebs, "SnapshotId": "snap-1"}}])
    made = version(2, NEW, BlockDeviceMappings=[{"DeviceName": "x", "Ebs": ebs}])
    larger = version(2, NEW, BlockDeviceMappings=[{"DeviceName": "x", "Ebs": {"VolumeSize": 9}}])
    bare = version(1, default=True, BlockDeviceMappings=[{"DeviceName": "x", "Ebs": {"SnapshotId": "snap-1"}}])
    without = version(2, NEW, BlockDeviceMappings=[{"DeviceName": "x"}])
    assert made.launches_as(mapped) and without.launches_as(bare) and not larger.launches_as(mapped)


def test_the_token_tells_what_is_made_and_nothing_else() -> None:
    def token(read: Template, **more: t.Any) -> str:
        step = plan(wanted=WantedTemplate(template_name="web", **more), read=read).steps[0]
        return str(getattr(step, "client_token", ""))

    first = token(template(version(1, default=True)))
    assert first == token(template(version(1, default=True), version(5, NEW, UserData="x")))
    others = {
        token(template(version(2, default=True))),
        token(template(version(1, default=True, UserData="x"))),
        token(template(version(1, default=True)), description="x"),
    }
    assert len(others | {first}) == 4 and all(one.isascii() and len(one) <= 64 for one in others)


def test_what_stays_comes_before_what_moves_and_defaults_last() -> None:
    names = [WantedParameter("/moving", labels=("x",)), WantedParameter("/fixed", "never")]
    found = plan(parameters=names, wanted=WantedTemplate(template_name="web"), read=template(version(1, default=True)))
    assert [(type(step), getattr(step, "name", "")) for step in found.steps] == [
        (PutParameter, "/fixed"), (PutParameter, "/moving"), (LabelParameter, "/moving"), (CreateVersion, ""),
        (SetDefaultVersion, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "chosen", "alias", "allowed"),
    [
        pytest.param((), "", f"resolve:ssm:{NAME}", True, id="the name"),
        pytest.param(("x",), "", f"resolve:ssm:{NAME}:x", True, id="its label"),
        pytest.param(("y",), "", f"resolve:ssm:{NAME}:x", False, id="another label"),
        pytest.param((), "", f"resolve:ssm:{NAME}:7", False, id="a version"),
        pytest.param((), "", "resolve:ssm:/golden/other", False, id="another name"),
        pytest.param((), "", f"resolve:ssm:arn:aws:ssm:us-east-1:1:parameter{NAME}", False, id="another account's"),
        pytest.param(("x",), "2", f"resolve:ssm:{NAME}:x", True, id="its label, to a version"),
        pytest.param(("x",), "2", f"resolve:ssm:{NAME}", False, id="the name, of which labels alone move"),
    ],
)
def test_an_alias_has_to_be_moved_by_this_task(labels: tuple[str, ...], chosen: str, alias: str, allowed: bool) -> None:
    read = template(version(1, alias, default=True), resolved=OLD)
    asked: dict[str, t.Any] = {
        "parameters": [WantedParameter(NAME, labels=labels, version=chosen)],
        "found": [Parameter(NAME, OLD, 3, chosen=Parameter(NAME, NEW, 2) if chosen else None)],
        "wanted": WantedTemplate(template_name="web"),
        "read": read,
    }
    if allowed:
        assert plan(**asked).templates[0].follows
    else:
        with pytest.raises(PreflightError, match="which leads to"):
            plan(**asked)


@pytest.mark.parametrize(
    ("before", "action"),
    [
        (Parameter(NAME, NEW, 2), "removed"),
        (Parameter(NAME, OLD, 2), "left"),
        (Parameter(NAME, NEW, 2, data_type="text"), "left"),
        (None, "unchanged"),
    ],
)
def test_only_what_holds_the_image_is_taken_down(before: Parameter | None, action: str) -> None:
    found = plan(parameters=[WantedParameter(NAME, "never")], found=[before] if before else [], present=False)
    assert found.parameters[0].action == action
    assert [type(step) for step in found.steps] == [DeleteParameter] * (action == "removed")
    assert (parameter_of_image(before, NEW) is not None) is (action == "removed")


@pytest.mark.parametrize(
    ("read", "default", "steps"),
    [
        (template(version(2, NEW, default=True)), 0, 0),
        (template(version(2, NEW, default=True)), None, 0),
        (template(version(2, NEW, default=True), chosen=version(1)), 1, 1),
        (template(version(2, OLD, default=True), chosen=version(1)), 1, 0),
    ],
)
def test_a_default_goes_back_only_where_told(read: Template, default: int | None, steps: int) -> None:
    found = plan(wanted=WantedTemplate(template_name="web", default=default), read=read, present=False)
    assert len(found.steps) == steps


def test_a_default_does_not_go_back_to_the_image() -> None:
    read = template(version(2, NEW, default=True), chosen=version(1, NEW))
    with pytest.raises(PreflightError, match="which is to be taken down"):
        plan(wanted=WantedTemplate(template_name="web", default=1), read=read, present=False)


@pytest.mark.parametrize(("number", "newest", "proved"), [(3, 2, True), (2, 2, False), (1, 2, False)])
def test_a_version_that_was_there_is_not_ours(number: int, newest: int, proved: bool) -> None:
    assert (version_of_this_task(TEMPLATE, number, newest_before=newest) is not None) is proved


def opened_by(*keys: str) -> Image:
    """Return an image under the key that other keys open too."""
    image = an_image(NEW, sda1=KEY_A)
    devices = tuple(dataclasses.replace(one, associated_keys=keys) for one in image.devices)
    return dataclasses.replace(image, devices=devices)


EMPTY = BlockDevice("/dev/sdg", volume_size=5)


@pytest.mark.parametrize(
    ("require", "image", "words"),
    [
        pytest.param("none", an_image(NEW, state="pending", sda1=None), "", id="anything"),
        pytest.param("available", an_image(NEW, state="disabled"), "is disabled", id="disabled"),
        pytest.param("available", an_image(NEW, sda1=None), "", id="available"),
        pytest.param("encrypted", an_image(NEW, sda1=KEY_B), "", id="any key"),
        pytest.param("encrypted", an_image(NEW, sda1=KEY_B, sdf=None), "/dev/sdf", id="one is plain"),
        pytest.param("encrypted", an_image(NEW), "no EBS device", id="nothing shown"),
        pytest.param("verified", an_image(NEW, sda1=KEY_A), "", id="the key"),
        pytest.param("verified", an_image(NEW, sda1=KEY_A, sdf=KEY_B), "which is not allowed", id="one other key"),
        pytest.param("verified", opened_by(KEY_A), "", id="the key, associated with itself"),
        pytest.param("verified", opened_by(KEY_B), "associated key", id="another key is associated"),
        pytest.param("verified", opened_by(KEY_A, KEY_B), "associated key", id="one of two associated keys"),
        pytest.param("encrypted", opened_by(KEY_B), "", id="any keys"),
        pytest.param("verified", an_image(NEW, sda1=True), "does not show under which key", id="hidden key"),
        pytest.param(
            "verified", an_image(NEW, sda1=KEY_A, extra=[dataclasses.replace(EMPTY, encrypted=True)]), "",
            id="encrypted volume that starts empty",
        ),
        pytest.param(
            "verified", an_image(NEW, sda1=KEY_A, extra=[dataclasses.replace(EMPTY, encrypted=False)]), "/dev/sdg",
            id="plain volume that starts empty",
        ),
        pytest.param("verified", an_image(NEW, sda1=KEY_A, extra=[EMPTY]), "does not say", id="not said"),
        pytest.param("none", None, "is not found", id="not there"),
    ],
)  # fmt: skip
def test_what_may_be_published(require: t.Any, image: t.Any, words: str) -> None:
    request = PublishRequest(NEW, HOME, require)
    if not words:
        assert require_publishable(image, request, {KEY_A}) is image
    else:
        with pytest.raises(PreflightError, match=words):
            require_publishable(image, request, {KEY_A})


def test_a_failure_names_what_was_not_reached_and_what_was_done() -> None:
    wanted = WantedTemplate(template_name="web")
    request = PublishRequest(NEW, HOME, "none", parameters=(WANTED,), templates=(wanted,))
    facts = PublishFacts(an_image(NEW), templates={"web": template(version(1, default=True))})
    found = Publication.planned(request, an_image(NEW), plan_publishing(request, facts))
    found.parameters[0].note(found.plan.steps[0], "done")
    found.templates[0].note(found.plan.steps[1], "failed")
    found.templates[0].error = "denied"
    result = to_publish_result(found, predicted=False)
    assert [one["status"] for one in result["steps"]] == ["done", "failed", "not reached"]
    assert result["changed"] and result["launch_templates"][0]["default_version"] == 1
    message = publish_failure(found) or ""
    assert message.startswith("web: denied. Not reached: make the new version the default")


def test_groups_are_warned_of_each_for_its_reason() -> None:
    plans = plan(wanted=WantedTemplate(template_name="web"), read=template(version(1, default=True))).templates
    both = Group("g", frozenset({TEMPLATE}), (OLD, NEW), replaces_root=True)
    several, single = an_image(NEW, sda1=KEY_A, sdf=KEY_A), an_image(NEW, sda1=KEY_A)
    assert len(group_warnings(plans, [both], several)) == 2
    assert len(group_warnings(plans, [both], single)) == 1
    fine = Group("g", frozenset({TEMPLATE}), (NEW,))
    assert group_warnings(plans, [fine], several) == []
