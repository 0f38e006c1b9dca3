# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for an AWX controller: it keeps objects as AWX does, and refuses what AWX's description does not allow."""

from __future__ import annotations

import copy
import itertools
import typing as t

from .schema import (
    DESCRIPTION,
    Fields,
    body_of,
    defaults_of,
    fields_of,
    is_operation,
    mistakes,
    survey_mistakes,
    template_of,
)

Answer = tuple[int, t.Any]
API = "/api/v2/"
TYPES = {
    "organizations": ("organization", "Organization"),
    "credential_types": ("credential_type", "CredentialType"),
    "credentials": ("credential", "Credential"),
    "execution_environments": ("execution_environment", "ExecutionEnvironment"),
    "projects": ("project", "Project"),
    "inventories": ("inventory", "Inventory"),
    "inventory_sources": ("inventory_source", "InventorySource"),
    "notification_templates": ("notification_template", "NotificationTemplate"),
    "job_templates": ("job_template", "JobTemplate"),
    "workflow_job_templates": ("workflow_job_template", "WorkflowJobTemplate"),
    "workflow_job_template_nodes": ("workflow_job_template_node", "WorkflowJobTemplateNode"),
    "workflow_approval_templates": ("workflow_approval_template", "WorkflowApprovalTemplate"),
}
# Fields that hold the id of another object, by the collection that it is in.
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": ("job_templates", "workflow_job_templates", "workflow_approval_templates"),
}
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
WEBHOOK_DEFAULTS = {"http_method": "POST", "username": "", "password": ""}
HIDDEN = "$encrypted$"


class Controller:
    """The objects of one controller, every request that was made, and every mistake in one."""

    def __init__(self, playbooks: t.Iterable[str]) -> None:
        self._objects: dict[str, dict[int, Fields]] = {kind: {} for kind in TYPES}
        self._related: dict[str, list[int]] = {}
        self._surveys: dict[str, Fields] = {}
        self._ids = itertools.count(1)
        self._looks: dict[int, int] = {}
        self._playbooks = set(playbooks)
        self.requests: list[tuple[str, str, Fields]] = []
        self.mistakes: list[str] = []
        self._add("organizations", {"name": "Default"})
        self._add("credential_types", dict(DESCRIPTION["credential_type"]))

    def all(self, kind: str) -> list[Fields]:
        """Return the objects of a kind, in the order they were made."""
        return list(self._objects[kind].values())

    def named(self, kind: str, name: str) -> Fields:
        """Return the object of that name, or of that identifier."""
        (found,) = (item for item in self.all(kind) if name in (item.get("name"), item.get("identifier")))
        return found

    def related(self, item: Fields, name: str) -> list[int]:
        """Return the ids that an object is associated with."""
        return self._related.get(f"{item['url']}{name}/", [])

    def survey(self, item: Fields) -> Fields:
        """Return an object's survey."""
        return self._surveys.get(item["url"], {})

    def answer(self, method: str, path: str, query: dict[str, str], body: Fields) -> Answer:
        """Answer a request."""
        self.requests.append((method, path, body))
        if not is_operation(method, path):
            return self._refuse(404, [f"AWX 24.6.2 has no {method.upper()} {template_of(path)}"])
        definition = body_of(method, path)
        if definition is not None:
            wrong = mistakes(definition, body, partial=method == "patch")
            wrong += self._broken_references(body)
            if wrong:
                return self._refuse(400, wrong)
        kind, *rest = path.removeprefix(API).strip("/").split("/")
        if kind in ("unified_job_templates", "project_updates"):
            return self._elsewhere(kind, rest, query)
        if not rest:
            return self._list(kind, query) if method == "get" else self._create(kind, body)
        item = self._objects[kind].get(int(rest[0]))
        if item is None:
            return 404, {"detail": "Not found."}
        if len(rest) == 2:
            return self._sub(method, item, rest[1], body)
        return (200, self._shown(item)) if method == "get" else self._update(kind, item, body)

    def _refuse(self, status: int, wrong: list[str]) -> Answer:
        self.mistakes += wrong
        return status, {"detail": "; ".join(wrong)}

    def _broken_references(self, body: Fields) -> list[str]:
        return [
            f"{name}: there is no object {body[name]}"
            for name, kinds in REFERENCES.items()
            if body.get(name) is not None and not any(body[name] in self._objects[kind] for kind in kinds)
        ]

    def _elsewhere(self, kind: str, rest: list[str], query: dict[str, str]) -> Answer:
        if kind == "project_updates":
            number = int(rest[0])
            self._looks[number] = self._looks.get(number, 0) + 1
            done = self._looks[number] > 1
            finished = "2026-11-24T00:00:00Z" if done else None
            status = "successful" if done else "running"
            return 200, {"id": number, "type": "project_update", "status": status, "finished": finished} | {
                "failed": False,
                "scm_revision": "0" * 40,
                "event_processing_finished": done,
            }
        items = [item for name in TEMPLATES for item in self.all(name)]
        return self._page([item for item in items if _fits(item, query)])

    def _list(self, kind: str, query: dict[str, str]) -> Answer:
        known = {*fields_of(TYPES[kind][1]), "id", "page_size", "page"}
        if unknown := {name.removeprefix("or__") for name in query} - known:
            return self._refuse(400, [f"{kind} cannot be filtered by {name}" for name in sorted(unknown)])
        return self._page([item for item in self.all(kind) if _fits(item, query)])

    def _page(self, items: list[Fields]) -> Answer:
        return 200, {"count": len(items), "next": None, "previous": None, "results": list(map(self._shown, items))}

    def _shown(self, item: Fields) -> Fields:
        """Return an object as AWX shows it: secrets are hidden."""
        shown = copy.deepcopy(item)
        secrets = {field["id"] for field in DESCRIPTION["credential_type"]["inputs"]["fields"] if field.get("secret")}
        for key in secrets & set(shown.get("inputs", {}) if shown["type"] == "credential" else {}):
            shown["inputs"][key] = HIDDEN
        configuration = shown.get("notification_configuration") or {}
        for key in {"password", "token"} & set(configuration):
            configuration[key] = HIDDEN if configuration[key] else ""
        return shown

    def _create(self, kind: str, body: Fields) -> Answer:
        unknown = kind == "job_templates" and body.get("playbook") not in self._playbooks
        if unknown or (kind == "job_templates" and not body.get("project")):
            return self._refuse(400, [f"Playbook not found for project: {body.get('playbook')}"])
        key = "identifier" if kind == "workflow_job_template_nodes" else "name"
        scope = "workflow_job_template" if key == "identifier" else "organization"
        twins = [item for item in self.all(kind) if (item[key], item.get(scope)) == (body.get(key), body.get(scope))]
        if twins and kind != "inventory_sources":
            return self._refuse(400, [f"{kind} with this {scope} and {key} already exists: {body.get(key)}"])
        return 201, self._shown(self._add(kind, body))

    def _add(self, kind: str, body: Fields) -> Fields:
        number, (type_name, definition) = next(self._ids), TYPES[kind]
        url = f"{API}{kind}/{number}/"
        related = {name: f"{url}{name}/" for name in ("survey_spec", "update")}
        own = {"id": number, "type": type_name, "url": url, "related": related, "summary_fields": {}}
        written = {name: value for name, value in body.items() if name in _writable(kind)}
        item = {**defaults_of(definition), **written, **own}
        if kind == "job_templates":
            item["organization"] = self._objects["projects"][item["project"]]["organization"]
        if kind == "projects":
            item["scm_revision"] = "0" * 40
        if kind == "notification_templates":
            item["notification_configuration"] = {**WEBHOOK_DEFAULTS, **item["notification_configuration"]}
        self._objects[kind][number] = item
        return item

    def _update(self, kind: str, item: Fields, body: Fields) -> Answer:
        hidden = {
            name: value for name, value in item.get("inputs", {}).items() if body.get("inputs", {}).get(name) == HIDDEN
        }
        item |= {name: value for name, value in body.items() if name in _writable(kind)}
        if hidden:
            item["inputs"] = {**item["inputs"], **hidden}
        return 200, self._shown(item)

    def _sub(self, method: str, item: Fields, name: str, body: Fields) -> Answer:
        if name == "survey_spec":
            return self._survey(method, item, body)
        if name == "update":
            number = next(self._ids)
            return 202, {"project_update": number, "id": number, "url": f"{API}project_updates/{number}/"}
        if name == "create_approval_template":
            template = self._add("workflow_approval_templates", body)
            item["unified_job_template"] = template["id"]
            item["related"]["unified_job_template"] = template["url"]
            return 201, self._shown(template)
        ids = self._related.setdefault(f"{item['url']}{name}/", [])
        if method == "get":
            return 200, {
                "count": len(ids),
                "next": None,
                "previous": None,
                "results": [{"id": number} for number in ids],
            }
        if set(body) - {"id", "disassociate"} or not any(body.get("id") in kind for kind in self._objects.values()):
            return self._refuse(400, [f"{name}: no association is made of {body}"])
        ids.remove(body["id"]) if body.get("disassociate") else ids.append(body["id"])
        return 204, None

    def _survey(self, method: str, item: Fields, body: Fields) -> Answer:
        if method == "get":
            return 200, self.survey(item)
        if wrong := survey_mistakes(body):
            return self._refuse(400, wrong)
        self._surveys[item["url"]] = body
        return 200, None


def _writable(kind: str) -> set[str]:
    return {name for name, field in fields_of(TYPES[kind][1]).items() if not field.get("readOnly")}


def _fits(item: Fields, query: dict[str, str]) -> bool:
    """Tell whether an object is among those asked for; fields behind or__ are alternatives."""
    either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
    every = {name: value for name, value in query.items() if not name.startswith(("or__", "page"))}
    return all(str(item.get(name)) == value for name, value in every.items()) and (
        not either or any(str(item.get(name)) == value for name, value in either.items())
    )
