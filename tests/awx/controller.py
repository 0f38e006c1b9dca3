# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for an AWX controller: it keeps objects as AWX does, and refuses what AWX's description does not allow."""

from __future__ import annotations

import copy
import itertools
import typing as t
import urllib.parse

from .kinds import ASSOCIATED, KINDS, REFERENCES, ROLES, TEMPLATES
from .launching import Launch, accepted
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
NOTIFICATION_DEFAULTS = {"http_method": "POST", "username": "", "password": ""}
NOTIFICATION_SECRETS = {"password", "token"}
HIDDEN = "$encrypted$"


class Controller:
    """The objects of one controller, every request that was made, and every mistake in one."""

    def __init__(self, playbooks: t.Iterable[str], *, hosts: t.Sequence[str] = ()) -> None:
        self._objects: dict[str, dict[int, Fields]] = {kind: {} for kind in KINDS}
        self._related: dict[str, list[int]] = {}
        self._surveys: dict[str, Fields] = {}
        self._ids = itertools.count(1)
        self._looks: dict[int, int] = {}
        self._playbooks = sorted(playbooks)
        self._hosts = list(hosts)
        self.requests: list[tuple[str, str, Fields]] = []
        self.mistakes: list[str] = []
        self.launches: list[Launch] = []
        self.add("organizations", {"name": "Default"})
        self.add("credential_types", dict(DESCRIPTION["credential_type"]))

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Return every request that was no question."""
        return [(method, path) for method, path, _body in self.requests if method != "get"]

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

    def role_members(self, item: Fields, role: str, actors: str) -> list[int]:
        """Return the ids of the users or teams that have a role on an object."""
        return self._related.get(f"{API}roles/{item['id'] * 100 + ROLES.index(role)}/{actors}/", [])

    def survey(self, item: Fields) -> Fields:
        """Return an object's survey."""
        return self._surveys.get(item["url"], {})

    def answer(self, method: str, path: str, query: dict[str, str], body: Fields) -> Answer:
        """Answer a request."""
        self.requests.append((method, path, body))
        kind, *rest = (urllib.parse.unquote(part) for part in path.removeprefix(API).strip("/").split("/"))
        if kind in ("unified_job_templates", "project_updates", "inventory_updates"):
            return self._elsewhere(kind, rest, query)
        if rest and not rest[0].isdigit():
            found = self._by_named_url(kind, rest[0])
            return (200, self._shown(found)) if found else (404, {"detail": "Not found."})
        if not is_operation(method, path):
            return self._refuse(404, [f"AWX 24.6.1 has no {method.upper()} {template_of(path)}"])
        if wrong := self._wrong(method, path, body):
            return self._refuse(400, wrong)
        if kind == "roles":
            return self._associate(method, path, body)
        if not rest:
            return self._list(kind, query) if method == "get" else self._create(kind, body)
        item = self._objects[kind].get(int(rest[0]))
        return self._of_one(method, kind, item, rest[1:], body) if item else (404, {"detail": "Not found."})

    def _wrong(self, method: str, path: str, body: Fields) -> list[str]:
        definition = body_of(method, path)
        if definition is None or method == "get":
            return []
        return mistakes(definition, body, partial=method == "patch") + self._broken_references(body)

    def _of_one(self, method: str, kind: str, item: Fields, rest: list[str], body: Fields) -> Answer:
        if rest:
            return self._sub(method, item, rest[0], body)
        if method == "delete":
            return self._delete(kind, item)
        return (200, self._shown(item)) if method == "get" else self._update(kind, item, body)

    def add(self, kind: str, body: Fields) -> Fields:
        """Keep a new object, as AWX fills it up."""
        number, known = next(self._ids), KINDS[kind]
        url = f"{API}{kind}/{number}/"
        related = {name: f"{url}{name}/" for name in ("survey_spec", "update", "playbooks")}
        own = {"id": number, "type": known.type_name, "url": url, "related": related, "summary_fields": {}}
        item = {**defaults_of(known.definition), **self._stored(kind, body), **own}
        if kind == "job_templates":
            item["organization"] = self._objects["projects"][item["project"]]["organization"]
        if kind == "inventory_sources":
            item["organization"] = self._objects["inventories"][item["inventory"]]["organization"]
        if kind == "projects":
            item["scm_revision"] = "0" * 40
            item["summary_fields"] = {"current_update": {"id": next(self._ids)}}
        if kind == "notification_templates":
            item["notification_configuration"] = {**NOTIFICATION_DEFAULTS, **item["notification_configuration"]}
        self._objects[kind][number] = item
        return item

    def _refuse(self, status: int, wrong: list[str]) -> Answer:
        self.mistakes += wrong
        return status, {"detail": "; ".join(wrong)}

    def _stored(self, kind: str, body: Fields) -> Fields:
        """Return what AWX keeps of a body: null is what the field's default says, and read-only fields are ignored."""
        fields = fields_of(KINDS[kind].definition)
        kept = {name: value for name, value in body.items() if name in fields and not fields[name].get("readOnly")}
        return {name: fields[name].get("default") if value is None else value for name, value in kept.items()}

    def _broken_references(self, body: Fields) -> list[str]:
        return [
            f"{name}: there is no object {body[name]}"
            for name, kinds in REFERENCES.items()
            if body.get(name) is not None and not any(body[name] in self._objects[kind] for kind in kinds)
        ]

    def _by_named_url(self, kind: str, text: str) -> Fields | None:
        """Find an object by ``name++organization``; a credential by ``name++type+kind++organization``."""
        parts = [part.replace("\0", "+") for part in text.replace("[+]", "\0").split("++")]
        found = [
            item
            for item in self.all(kind)
            if (item.get("name"), *self._scope_names(kind, item)) == (parts[0], *parts[1:])
        ]
        return found[0] if found else None

    def _scope_names(self, kind: str, item: Fields) -> list[str]:
        organization = self._objects["organizations"].get(item.get("organization") or 0, {}).get("name", "")
        if kind == "credentials":
            type_ = self._objects["credential_types"][item["credential_type"]]
            return [f"{type_['name']}+{type_['kind']}", organization]
        return [organization] if "organization" in KINDS[kind].unique else []

    def _elsewhere(self, kind: str, rest: list[str], query: dict[str, str]) -> Answer:
        if kind == "unified_job_templates":
            items = [item for name in TEMPLATES for item in self.all(name)]
            return self._page([item for item in items if self._fits(item, query)])
        number = int(rest[0])
        self._looks[number] = self._looks.get(number, 0) + 1
        done = self._looks[number] > 1 or kind == "inventory_updates"
        finished = "2026-11-24T00:00:00Z" if done else None
        status = "successful" if done else "running"
        return 200, {"id": number, "type": kind[:-1], "status": status, "finished": finished} | {
            "failed": False,
            "scm_revision": "0" * 40,
            "event_processing_finished": done,
        }

    def _list(self, kind: str, query: dict[str, str]) -> Answer:
        known = {*fields_of(KINDS[kind].definition), "id", "page_size", "page", "labels"}
        if unknown := {name.removeprefix("or__").partition("__")[0] for name in query} - known:
            return self._refuse(400, [f"{kind} cannot be filtered by {name}" for name in sorted(unknown)])
        return self._page([item for item in self.all(kind) if self._fits(item, query)])

    def _page(self, items: list[Fields]) -> Answer:
        return 200, {"count": len(items), "next": None, "previous": None, "results": list(map(self._shown, items))}

    def _shown(self, item: Fields) -> Fields:
        """Return an object as AWX shows it: secrets are hidden, and what it refers to is named."""
        shown = copy.deepcopy(item)
        secrets = {field["id"] for field in DESCRIPTION["credential_type"]["inputs"]["fields"] if field.get("secret")}
        for key in secrets & set(shown.get("inputs", {}) if shown["type"] == "credential" else {}):
            shown["inputs"][key] = HIDDEN
        configuration = shown.get("notification_configuration") or {}
        for key in NOTIFICATION_SECRETS & set(configuration):
            configuration[key] = HIDDEN if configuration[key] else ""
        number = item["id"] * 100
        shown["summary_fields"]["object_roles"] = {
            f"{role}_role": {"id": number + at, "name": role} for at, role in enumerate(ROLES)
        }
        template = self._template(item.get("unified_job_template"))
        if template:
            shown["related"]["unified_job_template"] = template["url"]
            kind = "workflow_approval" if template["type"] == "workflow_approval_template" else "job"
            summary = {"id": template["id"], "name": template["name"], "unified_job_type": kind}
            shown["summary_fields"]["unified_job_template"] = summary
        for name in ("labels", "success_nodes", "failure_nodes", "always_nodes"):
            if name in ASSOCIATED.get(item["type"], ()):
                ids = self.related(item, name)
                results = [{"id": one, "name": self._any(one).get("name")} for one in ids]
                shown["summary_fields"][name] = {"count": len(ids), "results": results}
        return shown

    def _template(self, number: int | None) -> Fields | None:
        return next((self._objects[kind][number] for kind in TEMPLATES if number in self._objects[kind]), None)

    def _any(self, number: int) -> Fields:
        return next((items[number] for items in self._objects.values() if number in items), {})

    def _twins(self, kind: str, body: Fields, number: int = 0) -> list[str]:
        unique = KINDS[kind].unique
        same = [
            item
            for item in self.all(kind)
            if item["id"] != number and all(item.get(name) == body.get(name) for name in unique)
        ]
        return (
            [f"{kind} with this {', '.join(unique)} already exists: {body.get(unique[0])}"] if same and unique else []
        )

    def _create(self, kind: str, body: Fields) -> Answer:
        if kind == "job_templates":
            if body.get("playbook") not in self._playbooks or not body.get("project"):
                return self._refuse(400, [f"Playbook not found for project: {body.get('playbook')}"])
            scope = {"organization": self._objects["projects"][body["project"]]["organization"]}
        elif kind == "inventory_sources":
            scope = {"organization": self._objects["inventories"][body["inventory"]]["organization"]}
        else:
            scope = {}
        if wrong := self._twins(kind, {**body, **scope}):
            return self._refuse(400, wrong)
        return 201, self._shown(self.add(kind, body))

    def _update(self, kind: str, item: Fields, body: Fields) -> Answer:
        if kind == "execution_environments" and body.get("organization") not in (None, item["organization"]):
            return self._refuse(400, ["Cannot change the organization of an execution environment"])
        if wrong := self._twins(kind, {**item, **body}, item["id"]):
            return self._refuse(400, wrong)
        before = copy.deepcopy(item)
        item |= self._stored(kind, body)
        for name in ("inputs", "notification_configuration"):
            kept = {key: before[name][key] for key, value in (item.get(name) or {}).items() if value == HIDDEN}
            if kept:
                item[name] = {**item[name], **kept}
        return 200, self._shown(item)

    def _delete(self, kind: str, item: Fields) -> Answer:
        number = item["id"]
        del self._objects[kind][number]
        for url in [url for url in self._related if url.startswith(item["url"])]:
            self._forget_orphans(self._related.pop(url))
        for ids in self._related.values():
            ids[:] = [one for one in ids if one != number]
        owner = {"workflow_job_templates": "workflow_job_template", "inventories": "inventory"}.get(kind)
        for child_kind in ("workflow_job_template_nodes", "inventory_sources", "hosts") if owner else ():
            for child in [one for one in self.all(child_kind) if one.get(owner or "") == number]:
                self._delete(child_kind, child)
        for schedule in [one for one in self.all("schedules") if one["unified_job_template"] == number]:
            self._delete("schedules", schedule)
        return (202 if kind == "inventories" else 204), None

    def _forget_orphans(self, ids: list[int]) -> None:
        """Labels go with the last object that has them."""
        for number in ids:
            if number in self._objects["labels"] and not any(number in others for others in self._related.values()):
                del self._objects["labels"][number]

    def _sub(self, method: str, item: Fields, name: str, body: Fields) -> Answer:
        if name == "survey_spec":
            return self._survey(method, item, body)
        if name == "launch":
            return self._launch(item, body)
        if name == "playbooks":
            return 200, self._playbooks
        if name == "update":
            return self._synchronize(item)
        if name == "create_approval_template":
            template = self.add("workflow_approval_templates", body)
            item["unified_job_template"] = template["id"]
            return 201, self._shown(template)
        return self._associate(method, f"{item['url']}{name}/", body)

    def _associate(self, method: str, url: str, body: Fields) -> Answer:
        ids = self._related.setdefault(url, [])
        if method == "get":
            results = [{"id": number} for number in ids]
            return 200, {"count": len(ids), "next": None, "previous": None, "results": results}
        if set(body) - {"id", "disassociate"} or not self._any(body.get("id", 0)):
            return self._refuse(400, [f"{url}: no association is made of {body}"])
        ids.remove(body["id"]) if body.get("disassociate") else ids.append(body["id"])
        self._forget_orphans([body["id"]])
        return 204, None

    def _synchronize(self, item: Fields) -> Answer:
        number = next(self._ids)
        kind = "inventory" if item["type"] == "inventory_source" else "project"
        if kind == "inventory":
            item["last_updated"] = "2026-11-24T00:00:00Z"
            for name in self._hosts:
                if not any((one["name"], one["inventory"]) == (name, item["inventory"]) for one in self.all("hosts")):
                    self.add("hosts", {"name": name, "inventory": item["inventory"]})
        url = f"{API}{kind}_updates/{number}/"
        return 202, {f"{kind}_update": number, "id": number, "url": url, "status": "pending"}

    def _survey(self, method: str, item: Fields, body: Fields) -> Answer:
        if method == "get":
            return 200, self.survey(item)
        if method == "delete":
            self._surveys.pop(item["url"], None)
            return 200, None
        if wrong := survey_mistakes(body):
            return self._refuse(400, wrong)
        self._surveys[item["url"]] = body
        return 200, None

    def _launch(self, item: Fields, body: Fields) -> Answer:
        hosts = [host for host in self.all("hosts") if host["inventory"] == item.get("inventory")]
        launch, wrong = accepted(item, self.survey(item), body, hosts=len(hosts))
        if wrong:
            return 400, {"variables_needed_to_start": wrong}
        self.launches.append(launch)
        return 201, {"id": next(self._ids), "ignored_fields": launch.ignored}

    def _fits(self, item: Fields, query: dict[str, str]) -> bool:
        """Tell whether an object is among those asked for; fields behind or__ are alternatives."""
        either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
        every = {name: value for name, value in query.items() if not name.startswith(("or__", "page"))}
        return all(self._has(item, name, value) for name, value in every.items()) and (
            not either or any(self._has(item, name, value) for name, value in either.items())
        )

    def _has(self, item: Fields, name: str, value: str) -> bool:
        first, _, rest = name.partition("__")
        if not rest:
            return str(item.get(name)) == value
        numbers = self.related(item, first) if first in ASSOCIATED.get(item["type"], ()) else [item.get(first)]
        return any(self._has(self._any(number), rest, value) for number in numbers if number is not None)
