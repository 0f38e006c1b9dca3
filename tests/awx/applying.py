# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry the plan of awx_setup out in this process, by the real modules of awx.awx: a run takes seconds, not minutes."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import os
import pathlib
import typing as t
import unittest.mock
import urllib.parse
import urllib.request

import yaml
from ansible.module_utils import basic

from ansible_collections.sealed.ami.plugins.plugin_utils._awx.plan import plan

from .server import TOKEN

ROOT = pathlib.Path(__file__).resolve().parents[2]
Fields = dict[str, t.Any]
SECRET, SESSION = "a-secret-of-the-test", "a-session-of-the-test"
# Each request reads all of the machine's certificates, also for http: four fifths of a run's time.
WITHOUT_CERTIFICATES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
KEYS = {"aws_access_key": "AKIAEXAMPLE", "aws_secret_key": SECRET, "aws_session_token": SESSION}


class Unsafe(yaml.SafeLoader):
    """Reads Ansible's YAML, with texts that are no templates."""


Unsafe.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast(yaml.ScalarNode, node)))


class Failed(AssertionError):
    """A module has failed."""


class Ended(Exception):
    """A module has ended, with a result."""


def file_settings(**changes: t.Any) -> Fields:
    """Return what the playbook's own file of variables says, with changes; without any key of AWS unless given."""
    text = (ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text()
    said = {name.removeprefix("awx_setup_"): value for name, value in yaml.load(text, Unsafe).items()}
    organization = changes.get("organization", said["organization"])
    said |= {name: "" for name in KEYS} | {"environment_name": f"sealed.ami for {organization}"}
    return {**said, "project_url": "https://git.example.com/images.git", **changes}


def module_options(name: str) -> list[str]:
    """Return the options of a module of awx.awx, from its documentation."""
    module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    return [*options, *(alias for option in options.values() for alias in option.get("aliases", []))]


MODULES = {
    name: module_options(name)
    for name in (
        "organization", "credential", "execution_environment", "project", "inventory", "inventory_source",
        "job_template", "workflow_job_template", "workflow_job_template_node", "schedule", "role",
    )
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Applied:
    """What one run did."""

    changed: list[str]
    others: list[str]
    planned: list[str]


def queries(organization: str, environment: str) -> dict[str, Fields]:
    """Return what the playbook asks for, as its text says."""
    (play,) = yaml.safe_load((ROOT / "playbooks" / "awx_setup.yml").read_text())
    text = json.dumps(play["vars"]["awx_setup__queries"])
    in_organization = json.dumps(play["vars"]["awx_setup__in_organization"])
    text = text.replace('"{{ awx_setup__in_organization }}"', in_organization)
    text = text.replace("{{ awx_setup_organization }}", organization)
    return t.cast(dict[str, Fields], json.loads(text.replace("{{ awx_setup_environment_name }}", environment)))


class Applying:
    """A controller's URL, and the runs against it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def look(self, settings: Fields) -> dict[str, t.Any]:
        """Return what the playbook would find."""
        asked = queries(settings["organization"], settings["environment_name"])
        found: dict[str, t.Any] = {kind: self._get(kind, query)["results"] for kind, query in asked.items()}
        for project in found["projects"]:
            if project["name"] == settings["project_name"]:
                found["playbooks"] = self._get(f"projects/{project['id']}/playbooks", {})
        return found

    def plan(self, settings: Fields) -> Fields:
        """Return what the playbook would decide."""
        return plan(settings, self.look(settings), MODULES)

    def primary_options(self, name: str) -> list[str]:
        """Return the options of a module, without their aliases and without those of the connection."""
        module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
        return list(yaml.safe_load(module.DOCUMENTATION)["options"])

    def run(self, settings: Fields, *, check: bool = False) -> Applied:
        """Plan and carry out."""
        decided = self.plan(settings)
        changed = []
        for call in decided["calls"]:
            if (check and not call["ready"]) or self.module(call["module"], call["options"], check=check)["changed"]:
                changed.append(call["label"])
        return Applied(changed, decided["others"], [call["label"] for call in decided["calls"]])

    def _get(self, path: str, query: Fields) -> t.Any:
        request = urllib.request.Request(
            f"{self._url}/api/v2/{path}/?{urllib.parse.urlencode(query)}", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def module(self, name: str, options: Fields, *, check: bool = False) -> Fields:
        """Run one module."""
        module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
        connection = {"controller_host": self._url, "controller_oauthtoken": TOKEN, "validate_certs": False}
        arguments = {**options, **connection, "_ansible_check_mode": check}
        encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()

        def leave(_module: t.Any, **result: t.Any) -> None:
            raise Ended(result)

        def fail(_module: t.Any, **result: t.Any) -> None:
            raise Failed(f"{name} {options.get('name', options.get('identifier'))}: {result.get('msg')} {result}")

        patches: dict[str, t.Any] = {"exit_json": leave, "fail_json": fail}
        with (
            unittest.mock.patch.multiple(basic.AnsibleModule, **patches),
            unittest.mock.patch.object(basic, "_ANSIBLE_ARGS", encoded),
            unittest.mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
            unittest.mock.patch("time.sleep"),
            unittest.mock.patch.dict("os.environ", WITHOUT_CERTIFICATES),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            try:
                module.main()
            except Ended as ended:
                return t.cast(Fields, {"changed": False, **ended.args[0]})
        raise Failed(f"{name} came to no end")
