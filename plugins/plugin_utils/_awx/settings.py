# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the file of awx_setup may say: every mistake in it is found, and said, before anything is made."""

from __future__ import annotations

import collections
import difflib
import typing as t

Fields = dict[str, t.Any]
# The setting, and the type that it must have.
KNOWN: t.Final[dict[str, type]] = {
    "collection": str, "state": str, "remove": bool, "file": str, "organization": str, "label": str,
    "project_name": str, "project_url": str, "project_branch": str, "project_credential": str,
    "inventory_name": str, "inventory_path": str, "local_inventory_name": str, "cache_seconds": int,
    "environment_name": str, "environment_image": str, "environment_pull": str,
    "credential_name": str, "aws_access_key": str, "aws_secret_key": str, "aws_session_token": str,
    "update_secrets": bool, "credentials": list, "notification": dict, "forks": int, "slices": int,
    "questions": dict, "job_templates": list, "workflows": list, "schedules": list, "roles": list, "options": dict,
}  # fmt: skip
SECRET: t.Final = ("aws_access_key", "aws_secret_key", "aws_session_token", "credentials", "notification")
# The module of each kind of object whose options the file may give.
OPTIONS: t.Final = {
    "organization": "organization", "credential": "credential", "execution_environment": "execution_environment",
    "project": "project", "inventory": "inventory", "local_inventory": "inventory",
    "inventory_source": "inventory_source",
    "job_template": "job_template", "workflow_job_template": "workflow_job_template",
}  # fmt: skip
TEMPLATE: t.Final = ("name", "description", "playbook", "targets", "sliced", "survey", "options")
WORKFLOW: t.Final = ("name", "description", "survey", "nodes", "options")
NODE: t.Final = ("identifier", "job_template", "workflow", "approval", "success", "failure", "always", "options")
APPROVAL: t.Final = ("name", "description", "timeout")
# AWX finds an object of an organization by name++organization; a name with ++ in it would be read as two.
SEPARATOR: t.Final = "++"


class SettingsError(ValueError):
    """What is wrong with the file, all of it."""


def read(settings: Fields, modules: dict[str, list[str]]) -> Fields:
    """Return the settings, or raise SettingsError with every mistake; ``modules`` has the options of each module."""
    settings = {name: _from_command_line(value, KNOWN.get(name, str)) for name, value in settings.items()}
    wrong = _types(settings)
    if not wrong:
        wrong = [*_values(settings), *_objects(settings, modules), *_workflows(settings, modules)]
    if wrong := [*_unknown("awx_setup_", settings, list(KNOWN)), *wrong]:
        raise SettingsError("; ".join(wrong))
    return settings


def _from_command_line(value: t.Any, type_: type) -> t.Any:
    """Return what a text means where a number or a yes is wanted, for ``-e name=value`` knows texts alone."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    if type_ is bool and isinstance(value, str):
        return words.get(value.lower(), value)
    return int(value) if type_ is int and isinstance(value, str) and value.isdigit() else value


def _unknown(where: str, given: t.Iterable[str], known: t.Sequence[str]) -> list[str]:
    found = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            found.append(f"{where}{name} is not known; {hint}")
    return found


def _types(settings: Fields) -> list[str]:
    missing = [f"awx_setup_{name} is missing" for name in KNOWN if name not in settings and name != "file"]
    return missing + [
        f"awx_setup_{name} must be a {KNOWN[name].__name__}" + ("" if name in SECRET else f", not {value!r}")
        for name, value in settings.items()
        if name in KNOWN and (not isinstance(value, KNOWN[name]) or (KNOWN[name] is int and isinstance(value, bool)))
    ]


def _values(settings: Fields) -> list[str]:
    """Return what is wrong with single values."""
    wrong = []
    if settings["collection"] not in ("awx.awx", "ansible.controller"):
        wrong.append(f"awx_setup_collection must be awx.awx or ansible.controller, not {settings['collection']!r}")
    if settings["state"] not in ("present", "absent"):
        wrong.append(f"awx_setup_state must be present or absent, not {settings['state']!r}")
    if not settings["project_url"] and settings["state"] == "present":
        wrong.append("say in awx_setup_project_url which Git repository holds the playbooks and the file of targets")
    blank = ("organization", "label", "project_name", "inventory_name", "local_inventory_name", "environment_name")
    wrong += [f"awx_setup_{name} must not be empty" for name in blank if not settings[name]]
    if settings["inventory_name"] == settings["local_inventory_name"]:
        wrong.append("awx_setup_inventory_name and awx_setup_local_inventory_name must differ")
    names = [str(value) for name, value in settings.items() if name.endswith("_name") or name == "organization"]
    names += [str(item.get("name", "")) for item in settings["job_templates"] + settings["workflows"]]
    return wrong + [f"the name {name!r} must not hold {SEPARATOR}" for name in names if SEPARATOR in name]


def _objects(settings: Fields, modules: dict[str, list[str]]) -> list[str]:
    """Return what is wrong with lists of objects, each with its place."""
    wrong = _unknown("awx_setup_options.", settings["options"], list(OPTIONS))
    for kind, options in settings["options"].items():
        wrong += _options(f"awx_setup_options.{kind}.", options, modules, OPTIONS.get(kind, ""))
    wrong += _twice("awx_setup_job_templates", [item.get("name") for item in settings["job_templates"]])
    for item in settings["job_templates"]:
        where = f"job template {item.get('name')!r}: "
        wrong += [f"{where}{name} is missing" for name in ("name", "playbook") if not item.get(name)]
        wrong += _unknown(where, item, TEMPLATE)
        wrong += _options(where, item.get("options", {}), modules, "job_template")
        wrong += _questions(where, item, settings)
    if settings["notification"]:
        known = ("name", "type", "configuration", "messages", "description")
        wrong += _unknown("awx_setup_notification.", settings["notification"], known)
        needed = ("name", "type", "configuration")
        wrong += [
            f"awx_setup_notification.{name} is missing" for name in needed if not settings["notification"].get(name)
        ]
    for name, module in (("credentials", "credential"), ("schedules", "schedule"), ("roles", "role")):
        for number, item in enumerate(settings[name], 1):
            wrong += _options(f"awx_setup_{name}, number {number}: ", item, modules, module)
    return wrong


def _options(where: str, options: t.Any, modules: dict[str, list[str]], module: str) -> list[str]:
    if not isinstance(options, dict):
        return [f"{where.rstrip('.: ')} must be a dictionary, not {options!r}"]
    return _unknown(where, options, modules[module]) if module in modules else []


def _twice(where: str, names: list[t.Any]) -> list[str]:
    return [f"{where} has {name!r} {count} times" for name, count in collections.Counter(names).items() if count > 1]


def _questions(where: str, item: Fields, settings: Fields) -> list[str]:
    asked = item.get("survey", [])
    wrong = _unknown(f"{where}the question ", asked, list(settings["questions"]))
    variables = [settings["questions"][name].get("variable") for name in asked if name in settings["questions"]]
    return wrong + [f"{where}{mistake}" for mistake in _twice("the survey", variables)]


def _workflows(settings: Fields, modules: dict[str, list[str]]) -> list[str]:
    wrong = _twice("awx_setup_workflows", [item.get("name") for item in settings["workflows"]])
    for item in settings["workflows"]:
        where = f"workflow {item.get('name')!r}: "
        wrong += [f"{where}{name} is missing" for name in ("name", "nodes") if not item.get(name)]
        wrong += _unknown(where, item, WORKFLOW)
        wrong += _options(where, item.get("options", {}), modules, "workflow_job_template")
        wrong += _questions(where, item, settings)
        wrong += _twice(f"{where}nodes", [node.get("identifier") for node in item.get("nodes", [])])
        for node in item.get("nodes", []):
            wrong += _node(f"{where}node {node.get('identifier')!r}: ", node, item, settings, modules)
    return wrong


def _node(where: str, node: Fields, workflow: Fields, settings: Fields, modules: dict[str, list[str]]) -> list[str]:
    """Return what is wrong with a node of a workflow."""
    wrong = _unknown(where, node, NODE)
    wrong += _options(where, node.get("options", {}), modules, "workflow_job_template_node")
    launched = [name for name in ("job_template", "workflow", "approval") if node.get(name)]
    if len(launched) != 1:
        wrong.append(f"{where}one of job_template, workflow and approval is required")
    if node.get("approval"):
        wrong += _unknown(f"{where}approval.", node["approval"], APPROVAL)
        wrong += [] if node["approval"].get("name") else [f"{where}approval.name is missing"]
    if node.get("job_template"):
        names = [item.get("name") for item in settings["job_templates"]]
        wrong += _unknown(f"{where}the job template ", [node["job_template"]], names)
    identifiers = [one.get("identifier") for one in workflow.get("nodes", [])]
    for event in ("success", "failure", "always"):
        wrong += _unknown(f"{where}{event}: the node ", node.get(event, []), identifiers)
    return wrong
