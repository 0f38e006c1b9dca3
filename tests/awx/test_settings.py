# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake in the file of awx_setup is named, all at once, before the controller is asked for anything."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.plugin_utils._awx.difference import before
from ansible_collections.sealed.ami.plugins.plugin_utils._awx.plan import plan
from ansible_collections.sealed.ami.plugins.plugin_utils._awx.settings import SettingsError

from .applying import MODULES, SECRET, Fields, file_settings

TEMPLATE = {"name": "T", "playbook": "audit"}
APPROVAL = {"identifier": "a", "approval": {"name": "Go on"}}


def workflow(*nodes: Fields) -> list[Fields]:
    """Return a workflow of these nodes."""
    return [{"name": "W", "nodes": list(nodes)}]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"slice": 3}, "awx_setup_slice is not known; did you mean slices?"),
        ({"forks": "many"}, "awx_setup_forks must be a int, not 'many'"),
        ({"remove": "perhaps"}, "awx_setup_remove must be a bool, not 'perhaps'"),
        ({"workflows": None}, "awx_setup_workflows must be a list, not None"),
        ({"collection": "awx.aws"}, "awx_setup_collection must be awx.awx or ansible.controller, not 'awx.aws'"),
        ({"state": "gone"}, "awx_setup_state must be present or absent, not 'gone'"),
        ({"project_url": ""}, "say in awx_setup_project_url which Git repository"),
        ({"organization": ""}, "awx_setup_organization must not be empty"),
        ({"project_name": "a++b"}, "the name 'a++b' must not hold ++"),
        ({"local_inventory_name": "Image targets"}, "must differ"),
        ({"options": {"template": {}}}, "awx_setup_options.template is not known; did you mean job_template?"),
        ({"options": {"job_template": {"timeuot": 1}}}, "timeuot is not known; did you mean timeout?"),
        ({"options": {"project": []}}, "awx_setup_options.project must be a dictionary, not []"),
        ({"job_templates": [{"name": "T"}]}, "job template 'T': playbook is missing"),
        ({"job_templates": [TEMPLATE, TEMPLATE]}, "awx_setup_job_templates has 'T' 2 times"),
        ({"job_templates": [{**TEMPLATE, "slices": 2}]}, "job template 'T': slices is not known; did you mean sliced?"),
        ({"job_templates": [{**TEMPLATE, "survey": ["image_s"]}]}, "the question image_s is not known"),
        ({"job_templates": [{**TEMPLATE, "survey": ["key", "required_key"]}]}, "has 'sealed_ami_kms_key_id' 2 times"),
        ({"job_templates": [{**TEMPLATE, "options": {"ask_limits": 1}}]}, "did you mean ask_limit?"),
        ({"notification": {"name": "n"}}, "awx_setup_notification.type is missing"),
        ({"notification": {"name": "n", "type": "x", "configuration": {"a": 1}, "text": {}}}, "text is not known"),
        ({"roles": [{"teem": "A"}]}, "awx_setup_roles, number 1: teem is not known; did you mean team?"),
        ({"schedules": [{"rule": "x"}]}, "awx_setup_schedules, number 1: rule is not known; did you mean rrule?"),
        ({"credentials": [{"input": {}}]}, "awx_setup_credentials, number 1: input is not known; did you mean inputs?"),
        ({"workflows": [{"name": "W"}]}, "workflow 'W': nodes is missing"),
        ({"workflows": workflow({"identifier": "a"})}, "one of job_template, workflow and approval is required"),
        ({"workflows": workflow({**APPROVAL, "job_template": "Images: audit"})}, "one of job_template, workflow and"),
        ({"workflows": workflow({**APPROVAL, "success": ["b"]})}, "success: the node b is not known; known are a"),
        ({"workflows": workflow(APPROVAL, APPROVAL)}, "nodes has 'a' 2 times"),
        ({"workflows": workflow({"identifier": "a", "job_template": "Images: audits"})}, "did you mean Images: audit?"),
        ({"workflows": workflow({"identifier": "a", "approval": {"text": "x"}})}, "approval.name is missing"),
    ],
)
def test_a_mistake_is_named(changes: Fields, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        plan(file_settings(**changes), {}, MODULES)
    assert sentence in str(raised.value)


def test_all_mistakes_are_named_at_once_and_no_secret_is() -> None:
    settings = file_settings(forks="many", slices="few", aws_secret_key=[SECRET], notification=SECRET)
    with pytest.raises(SettingsError) as raised:
        plan(settings, {}, MODULES)
    for name in ("forks", "slices", "aws_secret_key", "notification"):
        assert f"awx_setup_{name} must be" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("module", "option"),
    [("job_template", "prevent_instance_group_fallback"), ("inventory_source", "limit"), ("project", "allow_override")],
)
def test_a_collection_that_is_too_old_is_named(module: str, option: str) -> None:
    older = {**MODULES, module: [name for name in MODULES[module] if name != option]}
    with pytest.raises(SettingsError, match=rf"^awx.awx is too old: {module} has no {option}; .* awx.awx 24.6.1 and"):
        plan(file_settings(), {}, older)


def test_the_command_line_says_numbers_and_yes_as_text() -> None:
    settings = file_settings(forks="7", slices="3", update_secrets="yes", remove="False")
    calls = plan(settings, {}, MODULES)["calls"]
    (copy,) = (call["options"] for call in calls if call["label"] == "job template Images: copy to the fleet")
    assert (copy["forks"], copy["job_slice_count"]) == (7, 3)


@pytest.mark.parametrize(
    ("options", "shown", "expected"),
    [
        ({"forks": 20, "limit": ""}, {"forks": 5, "limit": ""}, {"forks": 5}),
        ({"extra_vars": {"a": 1}}, {"extra_vars": '{"a": 1}'}, {}),
        ({"extra_vars": {}}, {"extra_vars": '{"a": 1}'}, {"extra_vars": '{"a": 1}'}),
        ({"extra_vars": {}}, {"extra_vars": "---"}, {}),
        ({"project": "sealed.ami", "labels": ["a"]}, {"project": 7, "labels": []}, {}),
        ({"description": "new", "name": "T"}, {}, {}),
    ],
)
def test_what_differs_is_told_by_field(options: Fields, shown: Fields, expected: dict[str, t.Any]) -> None:
    assert before(options, shown) == expected
