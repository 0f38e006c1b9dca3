# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of a module reaches those who use roles, playbooks and the inventory, or a reason says why not."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.inventory import image_targets
from ansible_collections.sealed.ami.plugins.module_utils._argspec import (
    AUDIT_ARGUMENTS,
    COMPOSE_ARGUMENTS,
    COPY_ARGUMENTS,
)
from ansible_collections.sealed.ami.plugins.module_utils._argspec_publish import PUBLISH_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._argspec_retire import RETIRE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.attribute_table import ATTRIBUTE_ROWS, Row
from ansible_collections.sealed.ami.plugins.plugin_utils._targets import SETTINGS

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
MAKING = ("encrypted_copy", "image_from_instance", "multi_key_image")
ROLES = ("audit", "publish", "retire", "distribute", *MAKING)
COPY, COMPOSE, AUDIT = (
    ("sealed.ami.ec2_ami_encrypted_copy", COPY_ARGUMENTS),
    ("sealed.ami.ec2_ami_compose_keys", COMPOSE_ARGUMENTS),
    ("sealed.ami.ec2_ami_encryption_info", AUDIT_ARGUMENTS),
)
_DISTRIBUTES = "the role distribute does that"
_PLACES = dict.fromkeys(("availability_zone", "availability_zone_id", "outpost_arn"), "a destination has its own")
_INTERMEDIATE = dict.fromkeys(("intermediate", "expires_at"), _DISTRIBUTES)
_REMOVES = "what removes images is a task of its own"
_CREDENTIALS = "comes from the environment or module_defaults"
_ONE_OR_MANY = "the list takes one as well"
_NO_EFFECT = "has no effect"
_OF_IMAGE = "is for images of an image"
_OF_INSTANCE = "is for images of an instance"
_COSTS = "costs, and is about a run"
_COPIES_NOTHING = "no snapshot is copied"
_ALWAYS = "a play that goes on has to wait"

# Who calls a module, and the options that it does not pass on, each with the reason.
CALLERS: t.Final = [
    pytest.param(
        "roles/encrypted_copy/tasks/main.yml", COPY,
        {
            "source_image_id": _ONE_OR_MANY, "state": _REMOVES, "session_token": _CREDENTIALS,
            "tag_equality": _NO_EFFECT, **_INTERMEDIATE, **_PLACES,
        },
        id="encrypted_copy",
    ),
    pytest.param(
        "playbooks/fleet_copy.yml", COPY,
        {
            "source_image_id": _ONE_OR_MANY, "state": _REMOVES, "session_token": _CREDENTIALS,
            "tag_equality": _NO_EFFECT, **_INTERMEDIATE,
        },
        id="fleet_copy",
    ),
    pytest.param(
        "playbooks/compose_keys.yml", COMPOSE,
        {
            "instance_id": "s5_image_from_instance has it", "no_reboot": _OF_INSTANCE, "state": _REMOVES,
            "session_token": _CREDENTIALS,
        },
        id="compose_keys",
    ),
    pytest.param(
        "roles/image_from_instance/tasks/main.yml", COMPOSE,
        {
            "source_image_id": _OF_IMAGE, "source_region": _OF_IMAGE, "method": _OF_IMAGE, "instance": _OF_IMAGE,
            "temporary_tags": "nothing temporary is made",
            "snapshot_copy_completion_duration_minutes": _COPIES_NOTHING, "state": _REMOVES,
            "session_token": _CREDENTIALS,
            "check_key_access": "each snapshot takes the key of its volume, which EBS uses already",
        },
        id="image_from_instance",
    ),
    pytest.param(
        "roles/multi_key_image/tasks/main.yml", COMPOSE,
        {
            "instance_id": _OF_INSTANCE, "no_reboot": _OF_INSTANCE, "source_region": "the builder is in the region",
            "snapshot_copy_completion_duration_minutes": _COPIES_NOTHING,
            "on_failure": "builder and volumes go whatever happens", "session_token": _CREDENTIALS, "state": _REMOVES,
        },
        id="multi_key_image",
    ),
    pytest.param(
        "roles/publish/tasks/main.yml", ("sealed.ami.ec2_ami_publish", PUBLISH_ARGUMENTS),
        {"session_token": _CREDENTIALS}, id="publish",
    ),
    pytest.param(
        "roles/audit/tasks/scan.yml", AUDIT,
        {"launchable_by": "who may launch is not what encrypts"},
        id="audit",
    ),
    pytest.param(
        "roles/retire/tasks/run.yml", ("sealed.ami.ec2_ami_retire", RETIRE_ARGUMENTS),
        {"session_token": _CREDENTIALS}, id="retire",
    ),
]  # fmt: skip
# Options of an image that the file of targets does not take.
NOT_OF_A_TARGET: t.Final = {
    **dict.fromkeys(("source_image_id", "state", "session_token", "tag_equality", *_INTERMEDIATE), "see fleet_copy"),
    **dict.fromkeys(
        ("wait", "wait_timeout", "wait_delay", "on_failure", "superseded", "retired", "check_key_access"),
        "is about a run",
    ),
    "snapshot_copy_completion_duration_minutes": _COSTS,
    "destinations": "are made of its accounts and regions",
}
# Variables of a role that a playbook in front of it does not pass on.
NOT_PASSED: t.Final[dict[str, dict[str, str]]] = {
    "playbooks/tasks/copy_images.yml": {},
    "playbooks/s5_image_from_instance.yml": {},
    "playbooks/s6_multi_key_image.yml": {},
    "playbooks/publish.yml": {},
}
FRONTS: t.Final = {
    "playbooks/tasks/copy_images.yml": "encrypted_copy",
    "playbooks/s5_image_from_instance.yml": "image_from_instance",
    "playbooks/s6_multi_key_image.yml": "multi_key_image",
    "playbooks/publish.yml": "publish",
}


def read(path: str) -> t.Any:
    """Return what a YAML file holds."""
    return yaml.safe_load((COLLECTION / path).read_text())


def calls(node: t.Any, module: str) -> t.Iterator[dict[str, t.Any]]:
    """Return the arguments of every call of a module, however deep in blocks."""
    if isinstance(node, list):
        for one in node:
            yield from calls(one, module)
    elif isinstance(node, dict):
        if isinstance(node.get(module), dict):
            yield node[module]
        for one in node.values():
            yield from calls(one, module)


def options_of(role: str) -> dict[str, t.Any]:
    """Return the variables that a role documents."""
    return t.cast(
        "dict[str, t.Any]", read(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    )


@pytest.mark.parametrize(("path", "module", "reasons"), CALLERS)
def test_a_caller_passes_every_option_on(
    path: str, module: tuple[str, dict[str, t.Any]], reasons: dict[str, str]
) -> None:
    name, arguments = module
    most = max(calls(read(path), name), key=len)
    assert set(arguments) - set(most) == set(reasons), "pass the option on, or give a reason"


def test_a_target_takes_every_option_of_an_image() -> None:
    assert set(COPY_ARGUMENTS) - set(SETTINGS) == set(NOT_OF_A_TARGET)


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_documents_has_a_default_and_is_used(role: str) -> None:
    documented = options_of(role)
    defaults = read(f"roles/{role}/defaults/main.yml")
    required = {name for name, option in documented.items() if option.get("required")}
    assert set(defaults) == set(documented) - required
    files = [*(COLLECTION / "roles" / role / "tasks").glob("*.yml"), COLLECTION / "roles" / role / "vars" / "main.yml"]
    files += (COLLECTION / "roles" / role / "templates").glob("*")
    text = "\n".join(path.read_text() for path in files)
    assert [name for name in documented if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_documented_as_they_are(role: str) -> None:
    documented = options_of(role)
    defaults = read(f"roles/{role}/defaults/main.yml")
    plain = {name: value for name, value in defaults.items() if "{{" not in str(value) and name != "audit_policy"}
    assert {name: documented[name].get("default") for name in plain} == plain


@pytest.mark.parametrize(("path", "role"), FRONTS.items())
def test_a_playbook_passes_every_variable_of_its_role_on(path: str, role: str) -> None:
    tasks = read(path)
    passed = {name for call in vars_of(tasks) for name in call}
    assert set(options_of(role)) - passed == set(NOT_PASSED[path]), "pass the variable on, or give a reason"


@pytest.mark.parametrize("row", ATTRIBUTE_ROWS, ids=lambda row: row.name)
def test_a_destination_takes_what_the_table_says(row: Row) -> None:
    documented = options_of("encrypted_copy")["encrypted_copy_destinations"]["options"]
    destination = COPY_ARGUMENTS["destinations"]["options"]
    inventory = yaml.safe_load(image_targets.DOCUMENTATION)["options"][row.name]
    assert (row.name in documented, row.name in destination) == (row.of_destination, row.of_destination)
    for option in [inventory, *([documented[row.name], destination[row.name]] if row.of_destination else [])]:
        assert (option["type"], tuple(option.get("choices", ()))) == (row.argument["type"], row.choices)


@pytest.mark.parametrize("row", ATTRIBUTE_ROWS, ids=lambda row: row.name)
def test_readers_are_told_of_every_attribute(row: Row) -> None:
    role, variables = (
        (COLLECTION / path).read_text() for path in ("roles/encrypted_copy/README.md", "playbooks/vars/README.md")
    )
    assert re.search(rf"`(encrypted_copy)?_?{row.name}`", role)
    assert f"`sealed_ami_{row.name}`" in variables


@pytest.mark.parametrize("row", ATTRIBUTE_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("role", MAKING)
def test_words_of_a_choice_reach_the_module_or_nothing_does(row: Row, role: str) -> None:
    """What a choice is given is omitted where it is blank: an empty text is none of the words."""
    kind = options_of(role)[f"{role}_{row.name}"]["type"]
    assert kind == {"text": "str", "bool": "bool"}.get(row.answer, "raw")
    call = next(calls(read(f"roles/{role}/tasks/main.yml"), COPY[0] if role == "encrypted_copy" else COMPOSE[0]))
    assert ("default(omit, true)" in call[row.name]) == bool(row.choices)


def vars_of(node: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Return the variables of every task that includes a role."""
    if isinstance(node, list):
        for one in node:
            yield from vars_of(one)
    elif isinstance(node, dict):
        if "ansible.builtin.include_role" in node:
            yield node.get("vars", {})
        for one in node.values():
            yield from vars_of(one)
