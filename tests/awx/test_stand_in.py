# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in does what AWX 24.6.1 did when awx_setup was run against it."""

from __future__ import annotations

import typing as t

import pytest

from .applying import Applying
from .controller import API, HIDDEN, Controller

Fields = dict[str, t.Any]
WEBHOOK = {"url": "https://chat.example.com", "disable_ssl_verification": False, "headers": {}, "password": "secret"}


def create(controller: Controller, kind: str, **body: t.Any) -> tuple[int, Fields]:
    """Ask for a new object."""
    return controller.answer("post", f"{API}{kind}/", {}, body)


@pytest.mark.parametrize("sent", [{"kind": None}, {"kind": ""}, {}])
def test_null_is_kept_as_the_empty_choice(controller: Controller, sent: Fields) -> None:
    body = {"name": "Targets", "organization": 1, **sent}
    status, shown = controller.answer("post", f"{API}inventories/", {}, body)
    assert (status, shown["kind"], shown["host_filter"]) == (201, "", None)
    changed = controller.answer("patch", shown["url"], {}, sent)[1]
    assert changed["kind"] == ""


@pytest.mark.parametrize("kind", ["inventories", "projects", "labels", "teams", "workflow_job_templates"])
def test_names_are_unique_in_an_organization_and_are_found_by_named_urls(controller: Controller, kind: str) -> None:
    other = create(controller, "organizations", name="Other+")[1]["id"]
    assert create(controller, kind, name="One", organization=1)[0] == 201
    number = create(controller, kind, name="One", organization=other)[1]["id"]
    assert create(controller, kind, name="One", organization=1)[0] == 400
    assert controller.answer("get", f"{API}{kind}/One++Other[+]/", {}, {})[1]["id"] == number
    assert controller.answer("get", f"{API}{kind}/One++Nobody/", {}, {})[0] == 404
    twins = controller.answer("get", f"{API}{kind}/", {"name": "One"}, {})[1]
    assert twins["count"] == 2
    own = controller.answer("get", f"{API}{kind}/", {"name": "One", "organization__name": "Other+"}, {})[1]
    assert [item["id"] for item in own["results"]] == [number]


def test_environments_are_unique_on_the_controller_and_stay_in_their_organization(controller: Controller) -> None:
    other = create(controller, "organizations", name="Other")[1]["id"]
    shown = create(controller, "execution_environments", name="ee", image="i", organization=1)[1]
    assert create(controller, "execution_environments", name="ee", image="i", organization=other)[0] == 400
    assert controller.answer("patch", shown["url"], {}, {"organization": other})[0] == 400


def test_secrets_come_back_hidden_and_a_hidden_one_is_no_change(controller: Controller) -> None:
    inputs = {"username": "u", "password": "p"}
    credential = create(controller, "credentials", name="aws", credential_type=2, organization=1, inputs=inputs)[1]
    assert credential["inputs"] == {"username": "u", "password": HIDDEN}
    controller.answer("patch", credential["url"], {}, {"inputs": credential["inputs"]})
    assert controller.named("credentials", "aws")["inputs"] == inputs
    body = {"notification_type": "webhook", "notification_configuration": WEBHOOK}
    told = create(controller, "notification_templates", name="chat", organization=1, **body)[1]
    assert told["notification_configuration"]["password"] == HIDDEN
    controller.answer("patch", told["url"], {}, {"notification_configuration": told["notification_configuration"]})
    assert controller.named("notification_templates", "chat")["notification_configuration"]["password"] == "secret"


def test_a_naive_comparison_of_a_notification_changes_it_on_every_run(
    controller: Controller, applying: Applying
) -> None:
    options: Fields = {"name": "chat", "organization": "Default", "notification_type": "webhook"}
    options["notification_configuration"] = WEBHOOK
    runs = [applying.module("notification_template", options) for _run in range(3)]
    assert [run["changed"] for run in runs] == [True, True, True]


def test_a_label_goes_with_the_last_object_that_has_it(controller: Controller) -> None:
    label = create(controller, "labels", name="ours", organization=1)[1]["id"]
    workflows = [create(controller, "workflow_job_templates", name=name, organization=1)[1]["url"] for name in "ab"]
    for url in workflows:
        controller.answer("post", f"{url}labels/", {}, {"id": label})
    controller.answer("post", f"{workflows[0]}labels/", {}, {"id": label, "disassociate": True})
    assert controller.all("labels")
    controller.answer("delete", workflows[1], {}, {})
    assert not controller.all("labels")


def test_what_awx_does_not_have_is_refused(controller: Controller) -> None:
    assert controller.answer("delete", f"{API}labels/1/", {}, {})[0] == 404
    assert create(controller, "projects", name="p", organization=99)[0] == 400
    assert controller.answer("get", f"{API}inventories/", {"nothing": "1"}, {})[0] == 400
    assert len(controller.mistakes) == 3
