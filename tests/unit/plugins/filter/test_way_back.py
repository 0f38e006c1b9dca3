# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result says of before, as tasks: nothing more is put back than what was changed."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.filter.way_back import way_back

NEW, OLD, OLDER = "ami-0000000000000new0", "ami-0000000000000old0", "ami-000000000000older"
HOME, NAME = "us-east-1", "/golden/web"


def result(*parameters: dict[str, t.Any], templates: t.Sequence[dict[str, t.Any]] = ()) -> dict[str, t.Any]:
    """Return what the role hands on of one region."""
    return {
        HOME: {"images": [{"image_id": NEW}], "ssm_parameters": list(parameters), "launch_templates": list(templates)}
    }


def parameter(action: str = "updated", **previous: t.Any) -> dict[str, t.Any]:
    """Return what became of a parameter, of which something was there before."""
    before = {"value": OLD, "version": 3, "labels": {}, **previous}
    return {"name": NAME, "action": action, "previous": before, "labels": sorted(before["labels"])}


def template(action: str = "created", **changes: t.Any) -> dict[str, t.Any]:
    """Return what became of a template."""
    before = {"previous_default_version": 1, "previous_image_id": OLD, "default_version": 2}
    return {"template_id": "lt-1", "template_name": "web", "action": action, **before, **changes}


def task(kind: str, entry: dict[str, t.Any], **which: t.Any) -> dict[str, t.Any]:
    """Return the task that puts back one thing."""
    replaces = {} if which.get("state") == "absent" else {"replaces": NEW}
    return {"region": HOME, "state": "present", **which, **replaces, kind: [entry]}


@pytest.mark.parametrize(
    ("given", "tasks"),
    [
        pytest.param(
            result(parameter()), [task("ssm_parameters", {"name": NAME}, image_id=OLD)], id="value"
        ),
        pytest.param(
            result(parameter("failed")), [task("ssm_parameters", {"name": NAME}, image_id=OLD)], id="failed on the way"
        ),
        pytest.param(
            result(parameter("removed", value=NEW)), [task("ssm_parameters", {"name": NAME}, image_id=NEW)],
            id="taken down",
        ),
        pytest.param(
            result(parameter(labels={"a": 3, "b": 2})),
            [
                task("ssm_parameters", {"name": NAME, "labels": ["a"]}, image_id=OLD),
                task("ssm_parameters", {"name": NAME, "version": "2", "labels": ["b"]}, image_parameter=f"{NAME}:2"),
            ],
            id="labels, with the value and elsewhere",
        ),
        pytest.param(
            result(parameter(value=NEW, labels={"a": 2})),
            [task("ssm_parameters", {"name": NAME, "version": "2", "labels": ["a"]}, image_parameter=f"{NAME}:2")],
            id="labels alone",
        ),
        pytest.param(result(parameter("unchanged")), [], id="unchanged"),
        pytest.param(result(parameter("not reached")), [], id="not reached"),
        pytest.param(result(parameter("left")), [], id="left"),
        pytest.param(
            result(templates=[template()]),
            [task("launch_templates", {"template_id": "lt-1", "default_version": "1"}, image_id=OLD)], id="default",
        ),
        pytest.param(
            result(templates=[template(previous_image_id="resolve:ssm:/golden/db:x")]),
            [
                task(
                    "launch_templates", {"template_id": "lt-1", "default_version": "1"}, image_parameter="/golden/db:x"
                )
            ],
            id="default with an alias",
        ),
        pytest.param(result(templates=[template(default_version=1)]), [], id="default kept"),
        pytest.param(result(templates=[template("not reached", default_version=1)]), [], id="default not reached"),
        pytest.param({HOME: {"images": [], "msg": "refused", "failed": True}}, [], id="refused"),
    ],
)  # fmt: skip
def test_what_puts_back(given: dict[str, t.Any], tasks: list[dict[str, t.Any]]) -> None:
    assert way_back(given) == {"tasks": tasks, "left": []}


def test_one_image_takes_one_task_in_a_region() -> None:
    other = {**parameter(value=OLDER), "name": "/golden/db"}
    found = way_back(result(parameter(), other, templates=[template()]))["tasks"]
    assert [(one["image_id"], len(one["ssm_parameters"]), "launch_templates" in one) for one in found] == [
        (OLD, 1, True), (OLDER, 1, False),
    ]  # fmt: skip


def test_what_was_not_there_is_left_and_named_unless_it_is_to_go() -> None:
    created = {**parameter("created"), "previous": None}
    assert way_back(result(created))["tasks"] == []
    assert f"{NAME} was not there before" in way_back(result(created))["left"][0]
    assert way_back(result(created), "remove") == {
        "tasks": [task("ssm_parameters", {"name": NAME}, image_id=NEW, state="absent")], "left": []
    }  # fmt: skip
    labeled = {**parameter(), "labels": ["stable"]}
    assert "label stable" in way_back(result(labeled))["left"][0]
    nameless = template(previous_image_id=None)
    assert "names no image" in way_back(result(templates=[nameless]))["left"][0]


@pytest.mark.parametrize(("given", "created"), [([], "keep"), ({HOME: "done"}, "keep"), ({}, "perhaps")])
def test_what_is_no_result_is_refused(given: t.Any, created: str) -> None:
    with pytest.raises(AnsibleFilterError):
        way_back(given, created)
