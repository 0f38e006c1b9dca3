# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of awx_setup, carried out by the modules of awx.awx: it becomes what the file says, and nothing twice."""

from __future__ import annotations

import json
import typing as t

import pytest

from .applying import KEYS, MODULES, Applying, Fields, file_settings
from .controller import Controller
from .kinds import KINDS

CHAT: Fields = {
    "name": "Image channel",
    "type": "webhook",
    "configuration": {
        "url": "https://chat.example.com/hooks/images",
        "http_method": "POST",
        "disable_ssl_verification": False,
        "headers": {},
        "username": "bot",
        "password": "a-secret-of-the-chat",
    },
    "messages": {"success": {"message": "{{ job.name }}: {{ job.artifacts }}"}},
}


def small(**changes: t.Any) -> Fields:
    """Return a file with two templates and a workflow of them, for runs of a second."""
    templates = [
        {"name": "Copy", "playbook": "s3_encrypt", "survey": ["images", "key"]},
        {"name": "Judge", "playbook": "audit", "survey": ["audit_regions"]},
    ]
    nodes = [
        {"identifier": "copy", "job_template": "Copy", "success": ["approve"]},
        {"identifier": "approve", "approval": {"name": "Go on"}, "success": ["judge"]},
        {"identifier": "judge", "job_template": "Judge"},
    ]
    workflows = [{"name": "Both", "survey": ["images"], "nodes": nodes}]
    return file_settings(**{"job_templates": templates, "workflows": workflows, **changes})


def names(controller: Controller, kind: str) -> list[str]:
    """Return the names of all objects of a kind."""
    return [item.get("identifier") or item["name"] for item in controller.all(kind)]


def links(controller: Controller, event: str) -> dict[str, list[str]]:
    """Return which nodes follow which."""
    nodes = {node["id"]: node["identifier"] for node in controller.all("workflow_job_template_nodes")}
    return {
        node["identifier"]: [nodes[number] for number in controller.related(node, f"{event}_nodes")]
        for node in controller.all("workflow_job_template_nodes")
    }


def test_check_mode_says_all_on_an_empty_controller_and_a_second_run_writes_nothing(
    controller: Controller, applying: Applying
) -> None:
    settings = file_settings(**KEYS, notification=CHAT)
    predicted = applying.run(settings, check=True)
    assert controller.writes == []
    first = applying.run(settings)
    # Links of a node that has none are no change, which only the controller can tell.
    assert [label for label in predicted.changed if not label.startswith("links")] == [
        label for label in first.changed if not label.startswith("links")
    ]
    written = len(controller.writes)
    second = applying.run(settings)
    assert (second.changed, second.others, controller.writes[written:]) == ([], [], [])
    assert applying.run(settings, check=True).changed == []
    assert controller.mistakes == []


def test_two_organizations_with_the_same_names_live_side_by_side(controller: Controller, applying: Applying) -> None:
    first, second = small(**KEYS, notification=CHAT), small(**KEYS, notification=CHAT, organization="Other + more")
    for settings in (first, second):
        applying.run(settings)
    written = len(controller.writes)
    for settings in (first, second):
        assert applying.run(settings).changed == []
    assert controller.writes[written:] == []
    for kind in ("job_templates", "workflow_job_templates", "inventories", "projects", "credentials"):
        by_organization = [item["organization"] for item in controller.all(kind)]
        assert len(set(by_organization)) == 2, kind
    for template in controller.all("job_templates"):
        for field, kind in (("project", "projects"), ("inventory", "inventories")):
            (owner,) = (item["organization"] for item in controller.all(kind) if item["id"] == template[field])
            assert owner == template["organization"]
        (credential,) = controller.related(template, "credentials")
        (owner,) = (item["organization"] for item in controller.all("credentials") if item["id"] == credential)
        assert owner == template["organization"]
    applying.run({**second, "state": "absent"})
    assert {item["organization"] for item in controller.all("job_templates")} == {1}
    assert applying.run(first).changed == []


def test_an_environment_of_another_organization_is_not_taken(controller: Controller, applying: Applying) -> None:
    applying.run(small(environment_name="shared"))
    with pytest.raises(ValueError, match="belongs to another organization"):
        applying.run(small(environment_name="shared", organization="Other"))


@pytest.mark.parametrize(
    ("kind", "name", "by_hand"),
    [
        ("job_templates", "Judge", {"extra_vars": '{"audit_fail_on": []}'}),
        ("job_templates", "Judge", {"ask_limit_on_launch": True, "limit": "nobody"}),
        ("job_templates", "Copy", {"job_slice_count": 5, "verbosity": 3, "diff_mode": True, "timeout": 9}),
        ("inventories", "Image targets", {"variables": '{"a": 1}', "prevent_instance_group_fallback": True}),
        ("projects", "sealed.ami", {"allow_override": True, "scm_refspec": "refs/x"}),
        ("inventory_sources", "Image targets", {"host_filter": "x", "update_on_launch": False}),
        ("workflow_job_templates", "Both", {"allow_simultaneous": True, "extra_vars": '{"a": 1}'}),
        ("hosts", "localhost", {"variables": "", "enabled": False}),
    ],
)
def test_what_was_set_by_hand_goes_back(
    controller: Controller, applying: Applying, kind: str, name: str, by_hand: Fields
) -> None:
    settings = small()
    applying.run(settings)
    item = controller.named(kind, name)
    before = dict(item)
    item |= by_hand
    predicted = applying.run(settings, check=True)
    done = applying.run(settings)
    assert len(done.changed) == 1 and done.changed == predicted.changed
    assert {field: item[field] for field in by_hand} == {field: before[field] for field in by_hand}


def test_everything_that_a_template_can_have_is_said(controller: Controller, applying: Applying) -> None:
    """Whatever the file stops saying goes back, for each option has a default, or is one of these."""
    settings = small()
    spoken = {
        "job_template": {"new_name", "copy_from", "credential", "vault_credential", "custom_virtualenv", "state",
                         "webhook_service", "webhook_credential"},
        "workflow_job_template": {"new_name", "copy_from", "inventory", "limit", "scm_branch", "job_tags", "skip_tags",
                                  "webhook_service", "webhook_credential", "workflow_nodes", "destroy_current_nodes",
                                  "state"},
        "project": {"new_name", "copy_from", "local_path", "credential", "custom_virtualenv", "state", "interval",
                    "signature_validation_credential"},
        "inventory": {"new_name", "copy_from", "host_filter", "input_inventories", "state"},
        "inventory_source": {"new_name", "source_vars", "credential", "custom_virtualenv", "state"},
    }  # fmt: skip
    calls = applying.plan(settings)["calls"]
    for module, unsaid in spoken.items():
        said = {name for call in calls if call["module"] == module for name in call["options"]}
        assert set(applying.primary_options(module)) - said == unsaid, module
    assert MODULES


def test_credentials_surveys_and_nodes_that_the_file_drops_are_dropped(
    controller: Controller, applying: Applying
) -> None:
    applying.run(small(**KEYS))
    settings = small()
    settings["job_templates"][1]["survey"] = []
    settings["workflows"][0]["nodes"] = [{"identifier": "judge", "job_template": "Judge"}]
    done = applying.run(settings)
    judge = controller.named("job_templates", "Judge")
    assert controller.related(judge, "credentials") == []
    assert (judge["survey_enabled"], controller.survey(judge)) == (False, {})
    assert names(controller, "workflow_job_template_nodes") == ["judge"]
    assert {"remove the node copy of Both", "remove the node approve of Both"} <= set(done.changed)
    assert applying.run(settings).changed == []


@pytest.mark.parametrize(
    "other",
    [
        {"identifier": "approve", "job_template": "Judge", "success": ["judge"]},
        {"identifier": "approve", "approval": {"name": "Go on", "description": "Look"}, "failure": ["judge"]},
    ],
    ids=["an approval becomes a job", "its links change"],
)
def test_a_node_becomes_what_the_file_says_and_no_template_is_renamed(
    controller: Controller, applying: Applying, other: Fields
) -> None:
    applying.run(small())
    there_and_back = small()
    there_and_back["workflows"][0]["nodes"][1] = other
    for settings in (there_and_back, small()):
        applying.run(settings)
        assert names(controller, "job_templates") == ["Copy", "Judge"]
        nodes = settings["workflows"][0]["nodes"]
        for event in ("success", "failure", "always"):
            assert links(controller, event) == {node["identifier"]: node.get(event, []) for node in nodes}
        assert applying.run(settings).changed == []


def test_a_node_whose_option_the_module_cannot_empty_is_made_again(controller: Controller, applying: Applying) -> None:
    settings = small()
    settings["workflows"][0]["nodes"][0]["options"] = {"extra_data": {"sealed_ami_kms_key_id": "alias/a"}}
    applying.run(settings)
    done = applying.run(small())
    assert "remove the node copy of Both" in done.changed
    assert controller.named("workflow_job_template_nodes", "copy")["extra_data"] == {}
    assert links(controller, "success") == {"copy": ["approve"], "approve": ["judge"], "judge": []}


def test_what_the_file_does_not_have_is_named_and_removed_by_the_switch(
    controller: Controller, applying: Applying
) -> None:
    applying.run(small())
    controller.add("job_templates", {"name": "By hand", "project": controller.named("projects", "sealed.ami")["id"]})
    judge = controller.named("job_templates", "Judge")["id"]
    controller.add("schedules", {"name": "Nightly", "unified_job_template": judge, "rrule": "x"})
    settings = small(workflows=[])
    settings["job_templates"][0]["name"] = "Copy, renamed"
    kept = applying.run(settings)
    assert kept.others == ["workflow Both", "job template Copy", "schedule Nightly of Judge"]
    assert {"Copy", "Copy, renamed", "Judge", "By hand"} == set(names(controller, "job_templates"))
    removing = {**settings, "remove": True}
    assert applying.run(removing, check=True).changed == kept.others
    assert applying.run(removing).changed == kept.others
    assert {"Copy, renamed", "Judge", "By hand"} == set(names(controller, "job_templates"))
    assert (controller.all("workflow_job_templates"), controller.all("schedules")) == ([], [])
    assert applying.run(removing).changed == []


def test_absent_takes_all_down_and_nothing_else(controller: Controller, applying: Applying) -> None:
    applying.run(small(**KEYS, notification=CHAT))
    project = controller.add("projects", {"name": "Another", "organization": 1})
    controller.add("job_templates", {"name": "By hand", "project": project["id"]})
    controller.add("inventories", {"name": "Another", "organization": 1})
    absent = small(state="absent", notification=CHAT)
    predicted = applying.run(absent, check=True)
    assert applying.run(absent).changed == predicted.changed
    ours = set(KINDS) - {"credential_types", "workflow_approval_templates"}
    left = {kind: names(controller, kind) for kind in ours if controller.all(kind)}
    assert left == {kind: ["Another"] for kind in ("inventories", "projects")} | {
        "job_templates": ["By hand"],
        "organizations": ["Default"],
    }
    assert applying.run(absent).changed == []


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, False),
        ({"configuration": {**CHAT["configuration"], "password": "another"}}, False),
        ({"configuration": {**CHAT["configuration"], "username": "other"}}, True),
        ({"messages": {}}, True),
    ],
    ids=["the same", "another secret", "another name", "other texts"],
)
def test_a_notification_with_a_secret_is_written_when_it_differs(
    controller: Controller, applying: Applying, change: Fields, written: bool
) -> None:
    applying.run(small(notification=CHAT))
    applying.run(small(notification=CHAT))
    settings = small(notification={**CHAT, **change})
    before = len(controller.writes)
    applying.run(settings)
    assert bool(controller.writes[before:]) == written
    assert controller.named("notification_templates", "Image channel")["notification_configuration"] == {
        **settings["notification"]["configuration"],
        "password": "a-secret-of-the-chat",
    }
    applying.run({**settings, "update_secrets": True})
    configuration = controller.named("notification_templates", "Image channel")["notification_configuration"]
    assert configuration == settings["notification"]["configuration"]


def with_free_options() -> Fields:
    """Return a file that gives each kind of object options of its own."""
    settings = small(
        credentials=[{"name": "Registry", "credential_type": "Container Registry", "inputs": {"host": "r.io"}}],
        options={
            "execution_environment": {"credential": "Registry"},
            "job_template": {"timeout": 7200, "instance_groups": ["images"], "labels": ["images"]},
            "inventory_source": {"timeout": 60},
        },
        roles=[
            {"teams": ["Builders"], "role": "execute", "job_templates": ["Copy"], "workflows": ["Both"]},
            {"users": ["ann"], "role": "approval", "workflows": ["Both"]},
        ],
        schedules=[
            {"name": "Nightly", "unified_job_template": "Judge", "rrule": "DTSTART:20261201T020000Z RRULE:FREQ=DAILY",
             "extra_data": {"audit_regions": "us-east-1"}},
        ],
    )  # fmt: skip
    settings["job_templates"][0]["options"] = {"timeout": 60, "allow_simultaneous": True}
    return settings


def test_free_options_reach_every_object(controller: Controller, applying: Applying) -> None:
    """Roles, instance groups, labels, schedules, timeouts, a registry's credential, and options of one template."""
    registry = controller.add(
        "credential_types", {"name": "Container Registry", "kind": "registry", "inputs": {"fields": []}}
    )
    group = controller.add("instance_groups", {"name": "images"})["id"]
    team = controller.add("teams", {"name": "Builders", "organization": 1})["id"]
    user = controller.add("users", {"username": "ann"})["id"]
    settings = with_free_options()
    applying.run(settings)
    assert applying.run(settings).changed == []
    copy, judge = (controller.named("job_templates", name) for name in ("Copy", "Judge"))
    assert [(item["timeout"], item["allow_simultaneous"]) for item in (copy, judge)] == [(60, True), (7200, False)]
    assert controller.related(copy, "instance_groups") == [group]
    labels = {item["id"]: item["name"] for item in controller.all("labels")}
    assert {labels[number] for number in controller.related(copy, "labels")} == {"sealed.ami", "images"}
    (environment,) = controller.all("execution_environments")
    credential = controller.named("credentials", "Registry")
    assert (environment["credential"], credential["credential_type"]) == (credential["id"], registry["id"])
    (workflow,) = controller.all("workflow_job_templates")
    assert controller.role_members(copy, "execute", "teams") == controller.role_members(workflow, "execute", "teams")
    assert controller.role_members(workflow, "execute", "teams") == [team]
    assert controller.role_members(workflow, "approval", "users") == [user]
    (schedule,) = controller.all("schedules")
    assert (schedule["unified_job_template"], schedule["extra_data"]) == (judge["id"], {"audit_regions": "us-east-1"})
    assert controller.named("inventory_sources", "Image targets")["timeout"] == 60
    assert json.loads(judge["extra_vars"]) == {}
