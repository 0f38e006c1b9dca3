# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The objects that awx_setup makes, each as the options of the controller's module for it."""

from __future__ import annotations

import dataclasses
import typing as t

from . import defaults
from .settings import Fields

Key = tuple[str, str]
Found = t.Mapping[str, list[Fields]]
HIDDEN: t.Final = "$encrypted$"
AWS: t.Final = "Amazon Web Services"


@dataclasses.dataclass(frozen=True)
class Thing:
    """One call of a module: which object it is, what it needs to be there, and whether its options hold a secret."""

    kind: str
    name: str
    module: str
    options: Fields
    needs: tuple[Key, ...] = ()
    secret: bool = False


def named(name: str, organization: str) -> str:
    """Return what finds an object of that name in this organization only, where another has one of the same name."""
    return "++".join(part.replace("+", "[+]") for part in (name, organization))


def credential_named(item: Fields, organization: str) -> str:
    """Return what finds a credential; of a type whose kind is not known, the name alone."""
    kind = defaults.CREDENTIAL_KINDS.get(item["credential_type"])
    own = item.get("organization", organization)
    if kind is None or item.get("user") or item.get("team"):
        return str(item["name"])
    return f"{item['name'].replace('+', '[+]')}++{item['credential_type']}+{kind}++{own.replace('+', '[+]')}"


class Builder:
    """Turns the file into things, by name alone; what there is already matters for secrets only."""

    def __init__(self, settings: Fields, found: Found) -> None:
        self._is, self._found = settings, found
        self._organization: str = settings["organization"]
        self._owner = {"organization": self._organization}
        self._in: tuple[Key, ...] = (("organizations", self._organization),)
        self._by_name = {item["name"]: credential_named(item, self._organization) for item in self.credential_items()}

    def credential_items(self) -> list[Fields]:
        """Return the options of each credential of the file."""
        items = [dict(item) for item in self._is["credentials"]]
        if self._is["aws_access_key"]:
            secrets = {"username": self._is["aws_access_key"], "password": self._is["aws_secret_key"]}
            if self._is["aws_session_token"]:
                secrets["security_token"] = self._is["aws_session_token"]
            described = "What the roles of the targets are assumed from"
            own = {"name": self._is["credential_name"], "credential_type": AWS, "inputs": secrets}
            items.insert(0, {**own, "description": described, **self._options("credential")})
        return items

    def organization(self) -> list[Thing]:
        """Return the organization, which is made if it is not there, and otherwise given what the file says of it."""
        options = {"name": self._organization, **self._options("organization")}
        return [Thing("organizations", self._organization, "organization", options)]

    def credentials(self) -> list[Thing]:
        """Return the credentials; secrets are sent when they are made, and later when the file says so."""
        owner: Fields
        things = []
        for item in self.credential_items():
            owner = {} if item.get("user") or item.get("team") else self._owner
            options = {**owner, "update_secrets": self._is["update_secrets"], **item}
            things.append(Thing("credentials", item["name"], "credential", options, self._in, secret=True))
        return things

    def environment(self) -> list[Thing]:
        """Return the execution environment."""
        name = self._is["environment_name"]
        options = {
            "name": name,
            "description": "Ansible with the collection sealed.ami",
            "image": self._is["environment_image"],
            "pull": self._is["environment_pull"],
            **self._owner,
            **self._referring(self._options("execution_environment")),
        }
        needs = (*self._in, *self._needs_credentials(options))
        return [Thing("execution_environments", name, "execution_environment", options, needs)]

    def project(self, *, synchronize: bool) -> list[Thing]:
        """Return the project; AWX takes a job template only for a playbook that it has seen in it."""
        name = self._is["project_name"]
        options = {
            "name": name,
            "description": "Playbooks and targets of encrypted images",
            **self._owner,
            "scm_type": "git",
            "scm_url": self._is["project_url"],
            "scm_branch": self._is["project_branch"],
            **({"credential": self._is["project_credential"]} if self._is["project_credential"] else {}),
            "default_environment": self._is["environment_name"],
            "scm_update_cache_timeout": self._is["cache_seconds"],
            **defaults.PROJECT,
            "update_project": synchronize,
            "wait": True,
            **self._options("project"),
        }
        options = self._referring(options)
        needs = (*self._in, self._environment, *self._needs_credentials(options))
        return [Thing("projects", name, "project", options, needs)]

    def inventories(self) -> list[Thing]:
        """Return the inventory of the targets, and one for the playbooks that play on localhost alone."""
        described = {
            "inventory": "One host for each account and region",
            "local_inventory": "For the playbooks that no mistake in the file of targets shall stop",
        }
        things = []
        for kind, text in described.items():
            name = self._is[f"{kind}_name"]
            options = {"name": name, "description": text, **self._owner, **defaults.INVENTORY, **self._options(kind)}
            things.append(Thing("inventories", name, "inventory", options, self._in))
        return things

    def localhost(self) -> list[Thing]:
        """Return the host of the local inventory."""
        inventory = self._is["local_inventory_name"]
        options = {
            "name": "localhost",
            "inventory": named(inventory, self._organization),
            "description": "The execution environment itself",
            "enabled": True,
            "variables": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        }
        return [Thing("hosts", f"localhost of {inventory}", "host", options, (("inventories", inventory),))]

    def source(self) -> list[Thing]:
        """Return the source of the targets."""
        name = self._is["inventory_name"]
        options = {
            "name": name,
            "description": "Accounts and regions, read by the plugin sealed.ami.image_targets",
            **self._owner,
            "inventory": name,
            "source": "scm",
            "source_project": self._is["project_name"],
            "source_path": self._is["inventory_path"],
            "execution_environment": self._is["environment_name"],
            "update_cache_timeout": self._is["cache_seconds"],
            **defaults.INVENTORY_SOURCE,
            **self._referring(self._options("inventory_source")),
        }
        needs = (("inventories", name), ("projects", self._is["project_name"]), self._environment)
        return [Thing("inventory_sources", name, "inventory_source", options, needs)]

    def synchronization(self) -> list[Thing]:
        """Return the first look at the targets: a job has no more slices than its inventory has hosts when launched."""
        name = self._is["inventory_name"]
        options = {"name": name, "inventory": name, **self._owner, "wait": True, "timeout": 600}
        return [
            Thing("targets", name, "inventory_source_update", options, (("inventory_sources", name),)),
        ]

    def labels(self) -> list[Thing]:
        """Return the labels that the file gives to anything; by one of them a later run knows what is its own."""
        names = {self._is["label"]}
        for item in (*self._is["job_templates"], *self._is["workflows"], *self._is["schedules"]):
            names |= set(item.get("options", item).get("labels", []))
        names |= {name for options in self._is["options"].values() for name in options.get("labels", [])}
        return [Thing("labels", name, "label", {"name": name, **self._owner}, self._in) for name in sorted(names)]

    def notification(self) -> list[Thing]:
        """Return whom to tell; what differs from it by secrets alone, which AWX does not show, is left as it is."""
        item = self._is["notification"]
        if not item:
            return []
        options: Fields = {"name": item["name"], **self._owner, "notification_type": item["type"]}
        options |= {"description": item.get("description", ""), "messages": defaults.messages(item.get("messages", {}))}
        there = next((one for one in self._found.get("notification_templates", []) if one["name"] == item["name"]), {})
        known = there.get("notification_configuration") or {}
        same = there.get("notification_type") == item["type"] and all(
            name in known and known[name] in (value, HIDDEN) for name, value in item["configuration"].items()
        )
        if not same or self._is["update_secrets"]:
            options["notification_configuration"] = item["configuration"]
        return [
            Thing("notification_templates", item["name"], "notification_template", options, self._in, secret=True),
        ]

    def roles(self) -> list[Thing]:
        """Return who may launch, approve or use what."""
        kinds = {"job_templates": "job_templates", "workflows": "workflow_job_templates", "projects": "projects"}
        things = []
        for item in self._is["roles"]:
            needs = tuple(
                (kind, str(name))
                for option, kind in kinds.items()
                for name in [*item.get(option, []), *([item[option[:-1]]] if item.get(option[:-1]) else [])]
            )
            who = ", ".join(str(one) for key in ("teams", "users", "team", "user") for one in _list(item.get(key)))
            what = ", ".join(name for _kind, name in needs)
            options = {"lookup_organization": self._organization, **item}
            things.append(
                Thing("roles", f"{item.get('role')} for {who} on {what}", "role", options, (*self._in, *needs))
            )
        return things

    def schedules(self) -> list[Thing]:
        """Return when what is launched by itself."""
        workflows = {item["name"] for item in self._is["workflows"]}
        things = []
        for item in self._is["schedules"]:
            launched = str(item.get("unified_job_template", ""))
            kind = "workflow_job_templates" if launched in workflows else "job_templates"
            options = {**self._owner, "description": "", "enabled": True, "extra_data": {}, **self._referring(item)}
            needs = (*self._in, (kind, launched))
            things.append(Thing("schedules", str(item.get("name")), "schedule", options, needs))
        return things

    @property
    def _environment(self) -> Key:
        return "execution_environments", self._is["environment_name"]

    def _options(self, kind: str) -> Fields:
        return dict(self._is["options"].get(kind, {}))

    def _referring(self, options: Fields) -> Fields:
        """Return options whose names of the file's own objects cannot be taken for those of another organization."""
        told = self._is["notification"].get("name")
        changed = dict(options)
        for name, value in options.items():
            if name == "credential":
                changed[name] = self._by_name.get(value, value)
            elif name == "credentials":
                changed[name] = [self._by_name.get(one, one) for one in value]
            elif name.startswith("notification_templates_"):
                changed[name] = [named(one, self._organization) if one == told else one for one in value]
        return changed

    def _needs_credentials(self, options: Fields) -> list[Key]:
        used = [options.get("credential"), *options.get("credentials", [])]
        return [("credentials", name) for name, known in self._by_name.items() if known in used]


def _list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
