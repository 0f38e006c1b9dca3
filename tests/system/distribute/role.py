# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the task files of the role distribute in this process and in virtual time, as the playbook does, host by host.

The tasks are the role's own, and Ansible templates them; only what Ansible does with a task is done here, as far as the
role needs it. So a run takes a second instead of a minute, and can be killed at any call.
"""

from __future__ import annotations

import time
import typing as t

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.sealed.ami.plugins.filter.distribution import FilterModule as Planning
from ansible_collections.sealed.ami.plugins.filter.distribution_clean_up import FilterModule as CleaningUp
from ansible_collections.sealed.ami.plugins.plugin_utils._targets import SETTINGS, parse_targets
from emulated_aws.identity import Credentials
from system.running import ROOT, RunModule

ROLE = ROOT / "roles" / "distribute"
OWNER = "localhost"
# The playbook's plays, in their order: who does which part of the role.
PARTS = (("look", True), ("find", False), ("give", True), ("copy", False), ("take_back", True))
_KEYWORDS = frozenset(
    [
        "name",
        "when",
        "vars",
        "register",
        "loop",
        "loop_control",
        "until",
        "retries",
        "delay",
        "check_mode",
        "changed_when",
        "failed_when",
        "block",
        "rescue",
    ]
)
Variables = dict[str, t.Any]


class TaskFailed(Exception):
    """A task has failed; ``result`` is what it returned."""

    def __init__(self, name: str, result: Variables) -> None:
        super().__init__(f"{name}: {_words(result)}")
        self.result = result


def _words(result: Variables) -> str:
    items = [str(one.get("msg")) for one in result.get("results") or () if one.get("failed")]
    return " | ".join(items) or str(result.get("msg"))


class Role:
    """The role with an inventory; ``credentials`` are those of each host, localhost being the owner."""

    def __init__(self, run: RunModule, targets: str, credentials: t.Mapping[str, Credentials]) -> None:
        self._run, self._credentials, self._loader = run, dict(credentials), DataLoader()
        self.results: list[tuple[str, str, Variables]] = []
        self.extra: Variables = {}
        self.check = False
        self._base: Variables = {}
        for folder in ("defaults", "vars"):
            self._base.update(self._load(f"{folder}/main.yml"))
        self.hosts = {OWNER: {}, **_hosts(targets)}

    def act_as(self, host: str, credentials: Credentials) -> None:
        """Let a host act with other credentials."""
        self._credentials[host] = credentials

    def play(self, *parts: str) -> str:
        """Play these parts, or all, and return what failed; as in a play, that ends it."""
        self.results.clear()
        for part, is_owner in PARTS:
            if parts and part not in parts:
                continue
            for host in [OWNER] if is_owner else [one for one in self.hosts if one != OWNER]:
                try:
                    self._tasks(host, self._load(f"tasks/{part}.yml"), {})
                except TaskFailed as error:
                    return str(error)
        return " | ".join(self.errors().values())

    def errors(self) -> dict[str, str]:
        """Return what consumers say that went wrong, by host."""
        said = {host: (facts.get("distribute_result") or {}).get("error") for host, facts in self.hosts.items()}
        return {host: str(words) for host, words in said.items() if words}

    @property
    def changed(self) -> list[str]:
        """Return the names of the tasks that changed something."""
        return [name for _host, name, result in self.results if result.get("changed")]

    @property
    def told(self) -> str:
        """Return all messages and warnings of the last run, of items too."""
        every = [one for _host, _name, result in self.results for one in (result, *(result.get("results") or ()))]
        return "\n".join(str(part) for one in every for part in (one.get("msg"), *(one.get("warnings") or ())) if part)

    def _load(self, path: str) -> t.Any:
        return self._loader.load_from_file(str(ROLE / path), trusted_as_template=True)

    def _variables(self, host: str, more: Variables) -> Variables:
        everybody = {name: {**facts, "inventory_hostname": name} for name, facts in self.hosts.items()}
        consumers = [name for name in self.hosts if name != OWNER]
        return {
            **self._base,
            **everybody[host],
            "distribute_plan": self.hosts[OWNER].get("distribute_plan", {}),
            "hostvars": everybody,
            "groups": {"all": consumers},
            "ansible_check_mode": self.check,
            **more,
            # What other jobs have passed on, which takes a lookup that only Ansible itself finds.
            "distribute__of_jobs": [{} for _name in consumers],
            **self.extra,
        }

    def _templar(self, host: str, more: Variables) -> Templar:
        templar = Templar(self._loader, variables=self._variables(host, more))
        filters: t.Any = templar._engine.environment.filters
        for plugin in (Planning(), CleaningUp()):
            for name, function in plugin.filters().items():
                filters[f"sealed.ami.{name}"] = function
        return templar

    def _tasks(self, host: str, tasks: t.Any, scope: Variables) -> None:
        for task in tasks:
            own = {**scope, **(task.get("vars") or {})}
            if "block" in task:
                self._block(host, task, own)
            else:
                self._task(host, task, own)

    def _block(self, host: str, task: Variables, scope: Variables) -> None:
        if not self._meets(host, task.get("when"), scope):
            return
        try:
            self._tasks(host, task["block"], scope)
        except TaskFailed as error:
            if "rescue" not in task:
                raise
            self._tasks(host, task["rescue"], {**scope, "ansible_failed_result": error.result})

    def _meets(self, host: str, condition: t.Any, scope: Variables) -> bool:
        conditions = [] if condition is None else condition if isinstance(condition, list) else [condition]
        templar = self._templar(host, scope)
        return all(one if isinstance(one, bool) else templar.evaluate_conditional(one) for one in conditions)

    def _task(self, host: str, task: Variables, scope: Variables) -> None:
        if "loop" in task:
            items = self._templar(host, scope).template(task["loop"])
            results = [{**self._once(host, task, {**scope, "item": item}), "item": item} for item in items]
            failed = any(one.get("failed") for one in results)
            result: Variables = {"results": results, "changed": any(one.get("changed") for one in results)}
            result.update({"failed": True, "msg": "One or more items failed"} if failed else {})
        else:
            result = self._once(host, task, scope)
        if "register" in task:
            self.hosts[host][task["register"]] = result
        self.results.append((host, task["name"], result))
        if result.get("failed"):
            raise TaskFailed(task["name"], result)

    def _once(self, host: str, task: Variables, scope: Variables) -> Variables:
        if not self._meets(host, task.get("when"), scope):
            return {"skipped": True, "changed": False}
        for _attempt in range(int(self._templar(host, scope).template(task.get("retries", 0))) + 1):
            result = self._act(host, task, scope)
            # As Ansible does, before it looks whether to try again.
            if "failed_when" in task:
                result["failed"] = self._meets(host, task["failed_when"], scope)
            if "until" not in task:
                break
            if self._meets(host, task["until"], {**scope, task["register"]: result}):
                break
            time.sleep(float(task["delay"]))
        if "changed_when" in task:
            result["changed"] = self._meets(host, task["changed_when"], scope)
        return result

    def _act(self, host: str, task: Variables, scope: Variables) -> Variables:
        (name,) = set(task) - _KEYWORDS
        templar = self._templar(host, scope)
        given = templar.template(task[name])
        if name == "ansible.builtin.include_tasks":
            self._tasks(host, self._load(f"tasks/{given}"), scope)
        elif name == "ansible.builtin.set_fact":
            self.hosts[host].update(given)
        elif name == "ansible.builtin.assert":
            conditions = task[name]["that"]
            if not self._meets(host, conditions, scope):
                return {"failed": True, "msg": templar.template(task[name]["fail_msg"])}
        elif name == "ansible.builtin.debug":
            return {"msg": given["msg"]}
        elif name != "ansible.builtin.set_stats":
            return self._module(host, name, dict(given), check=self.check or task.get("check_mode", False))
        return {"changed": False}

    def _module(self, host: str, name: str, given: Variables, *, check: bool) -> Variables:
        module = name.removeprefix("sealed.ami.")
        if module == name:
            module = name.replace("amazon.aws.", "ansible_collections.amazon.aws.plugins.modules.")
        if not {"region", "regions"} & set(given) and module == "ec2_ami_encrypted_copy":
            given["region"] = self.hosts[host]["sealed_ami_target"]["destinations"][0]["region"]
        result = self._run(module, check=check, as_=self._credentials[host], **given)
        return {**result, "warnings": result.warnings}


def _hosts(targets: str) -> dict[str, Variables]:
    """Return the hosts that the inventory plugin makes of a file of targets."""
    config = {name: value for name, value in yaml.safe_load(targets).items() if name != "plugin"}
    found: dict[str, Variables] = {}
    for one in parse_targets(config):
        own = {name: one.variables[f"sealed_ami_{name}"] for name in SETTINGS if f"sealed_ami_{name}" in one.variables}
        if "sealed_ami_destinations" in one.variables:
            own["destinations"] = one.variables["sealed_ami_destinations"]
        found[one.name] = {**one.variables, "sealed_ami_target": own}
    return found
