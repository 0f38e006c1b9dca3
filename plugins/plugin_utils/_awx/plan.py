# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What awx_setup does, in order: from the file and from what the controller has. Pure: asks nobody, changes nothing."""

from __future__ import annotations

import typing as t

from . import settings as file
from .difference import before
from .objects import AWS, Found, Key, Thing
from .settings import Fields, SettingsError
from .templates import TemplateBuilder

LINKS: t.Final = ("old_nodes", "links", "targets", "roles")
NAMES: t.Final = {
    "organizations": "organization", "credentials": "credential", "execution_environments": "execution environment",
    "projects": "project", "inventories": "inventory", "hosts": "host", "inventory_sources": "inventory source",
    "targets": "first synchronization of", "labels": "label", "notification_templates": "notification",
    "job_templates": "job template", "workflow_job_templates": "workflow", "old_nodes": "remove the node",
    "workflow_job_template_nodes": "node", "links": "links of the node", "schedules": "schedule", "roles": "role",
}  # fmt: skip


def plan(settings: Fields, found: Found, modules: dict[str, list[str]]) -> Fields:
    """Return the calls in order, and the names of what the file does not have.

    ``found`` has the objects of the organization by their API's name, and the playbooks that the project has.
    """
    settings = file.read(settings, modules)
    _foreign_environment(settings, found)
    there = _there(settings, found)
    builder = TemplateBuilder(settings, found)
    others = _others(settings, found)
    if settings["state"] == "absent":
        return _result(_absent(settings, builder, there, others), there, [], found)
    things = [
        *builder.organization(),
        *builder.credentials(),
        *builder.environment(),
        *builder.project(synchronize=_unseen(settings, found, there)),
        *builder.inventories(),
        *builder.localhost(),
        *builder.source(),
        *(builder.synchronization() if _never_synchronized(settings, found) else []),
        *builder.labels(),
        *builder.notification(),
        *builder.job_templates(),
        *builder.workflows(),
        *builder.old_nodes(),
        *builder.nodes(),
        *builder.links(),
        *builder.schedules(),
        *builder.roles(),
        *(others if settings["remove"] else []),
    ]
    _old_collection(things, settings, modules)
    return _result(things, there, others, found)


def _old_collection(things: list[Thing], settings: Fields, modules: dict[str, list[str]]) -> None:
    """Say which options the modules of an old collection lack, before one of them fails in the middle."""
    lacking = {
        f"{thing.module} has no {name}"
        for thing in things
        for name in thing.options
        if thing.module in modules and name not in modules[thing.module]
    }
    if lacking:
        raise SettingsError(
            f"{settings['collection']} is too old: {', '.join(sorted(lacking))}; the oldest that will do are "
            "awx.awx 24.6.1 and ansible.controller 4.6.0"
        )


def _result(things: list[Thing], there: set[Key], others: list[Thing], found: Found) -> Fields:
    calls = [
        {
            "label": f"{NAMES[thing.kind]} {thing.name}",
            "module": thing.module,
            "options": thing.options,
            "secret": thing.secret,
            # What is not ready would be looked for in vain by a module in check mode; it is to be made anyway.
            "ready": all(need in there for need in thing.needs),
            "before": {} if thing.secret else before(thing.options, _one(found, thing)),
        }
        for thing in things
    ]
    return {"calls": calls, "others": [f"{NAMES[thing.kind]} {thing.name}" for thing in others]}


def _one(found: Found, thing: Thing) -> Fields:
    """Return the object that the controller has, as it shows it."""
    same = [item for item in found.get(thing.kind, []) if isinstance(item, dict) and item.get("name") == thing.name]
    return same[0] if len(same) == 1 else {}


def _there(settings: Fields, found: Found) -> set[Key]:
    """Return what AWX has, or is said to have: a name that the settings do not make is the user's own."""
    there = {
        (kind, str(item.get("name", ""))) for kind, items in found.items() for item in items if isinstance(item, dict)
    }
    workflows = {item["id"]: item["name"] for item in found.get("workflow_job_templates", [])}
    there |= {
        ("workflow_job_template_nodes", f"{node['identifier']} of {workflows.get(node['workflow_job_template'])}")
        for node in found.get("workflow_job_template_nodes", [])
    }
    # A name that the file does not make is the user's own; the module says if it is not there.
    own = {item["name"] for name in ("job_templates", "workflows") for item in settings[name]}
    for role in settings["roles"]:
        for kind, option in (
            ("job_templates", "job_templates"),
            ("workflow_job_templates", "workflows"),
            ("projects",) * 2,
        ):
            there |= {(kind, name) for name in role.get(option, []) if name not in own}
    there |= {(kind, item.get("unified_job_template", "")) for item in settings["schedules"]
              for kind in ("job_templates",) if item.get("unified_job_template") not in own}  # fmt: skip
    return there


def _foreign_environment(settings: Fields, found: Found) -> None:
    """Refuse a name that an execution environment of another organization has, for it is unique on the controller."""
    ids = [item["id"] for item in found.get("organizations", [])]
    for item in found.get("execution_environments", []):
        if item["name"] == settings["environment_name"] and item.get("organization") not in (None, *ids):
            raise SettingsError(
                f"the execution environment {item['name']!r} belongs to another organization, and its name is unique "
                "on the controller; choose another awx_setup_environment_name"
            )


def _unseen(settings: Fields, found: Found, there: set[Key]) -> bool:
    """Tell whether the project lacks a playbook that a template needs; a new one is synchronized when it is made."""
    wanted = {f"playbooks/{item['playbook']}.yml" for item in settings["job_templates"]}
    return ("projects", settings["project_name"]) in there and not wanted <= {
        str(name) for name in found.get("playbooks", [])
    }


def _never_synchronized(settings: Fields, found: Found) -> bool:
    sources = [item for item in found.get("inventory_sources", []) if item["name"] == settings["inventory_name"]]
    return not any(item.get("last_updated") for item in sources)


def _others(settings: Fields, found: Found) -> list[Thing]:
    """Return what carries the label of this set-up, or belongs to what does, and is not in the file."""
    owner = {"organization": settings["organization"], "state": "absent"}
    things, ours = [], {}
    for kind, module, section in (
        ("workflow_job_templates", "workflow_job_template", "workflows"),
        ("job_templates", "job_template", "job_templates"),
    ):
        wanted = {item["name"] for item in settings[section]}
        for item in found.get(kind, []):
            labels = [one["name"] for one in item.get("summary_fields", {}).get("labels", {}).get("results", [])]
            if item["name"] in wanted:
                ours[item["id"]] = item["name"]
            elif settings["label"] in labels:
                things.append(Thing(kind, item["name"], module, {"name": item["name"], **owner}))
    wanted_at = {(item.get("unified_job_template"), item.get("name")) for item in settings["schedules"]}
    for item in found.get("schedules", []):
        launched = ours.get(item["unified_job_template"])
        if launched is not None and (launched, item["name"]) not in wanted_at:
            options = {"name": item["name"], "unified_job_template": launched, **owner}
            things.append(Thing("schedules", f"{item['name']} of {launched}", "schedule", options))
    return things


def _absent(settings: Fields, builder: TemplateBuilder, there: set[Key], others: list[Thing]) -> list[Thing]:
    """Return the removal of all that is there, what launches first; never that of the organization."""
    owner = {"organization": settings["organization"], "state": "absent"}
    wanted: list[tuple[str, str, str, Fields]] = [
        *(("workflow_job_templates", "workflow_job_template", item["name"], owner) for item in settings["workflows"]),
        *(("job_templates", "job_template", item["name"], owner) for item in settings["job_templates"]),
        ("notification_templates", "notification_template", settings["notification"].get("name", ""), owner),
        ("inventories", "inventory", settings["inventory_name"], owner),
        ("inventories", "inventory", settings["local_inventory_name"], owner),
        ("projects", "project", settings["project_name"], owner),
        ("execution_environments", "execution_environment", settings["environment_name"], {"state": "absent"}),
    ]
    credentials = {item["name"]: item for item in builder.credential_items()}
    credentials.setdefault(settings["credential_name"], {"credential_type": AWS})
    for name, item in credentials.items():
        options: Fields = {key: item[key] for key in ("user", "team") if key in item} or owner
        type_ = {"credential_type": item["credential_type"], "state": "absent"}
        wanted.append(("credentials", "credential", name, {**options, **type_}))
    removed = [
        Thing(kind, name, module, {"name": name, **options})
        for kind, module, name, options in wanted
        if (kind, name) in there
    ]
    templates = [thing for thing in others if thing.kind != "schedules"]
    return [*templates, *removed]
