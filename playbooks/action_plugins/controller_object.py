# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the playbook awx_setup alone: make one object, by a module of awx.awx or ansible.controller.

A playbook cannot name a module by a variable and give it a dictionary of options without a warning of Ansible's.
"""

from __future__ import annotations

import json
import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module of one call of the plan."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Return the module's result, with what differs; in check mode also for what cannot be looked up yet."""
        super().run(tmp, task_vars)
        call = self._task.args["call"]
        options = call["options"]
        if self._task.check_mode and not call["ready"]:
            return {"changed": True, "msg": "would be made or changed, with others that are not there yet"}
        module = f"{self._task.args['collection']}.{call['module']}"
        result: dict[str, t.Any] = self._execute_module(module_name=module, module_args=options, task_vars=task_vars)
        if result.get("changed") and call["before"]:
            result["diff"] = {"before": call["before"], "after": {name: options[name] for name in call["before"]}}
        return _without(_secrets(options), result) if call["secret"] else result


def _secrets(options: dict[str, t.Any]) -> list[str]:
    """Return what a credential or a notification is made with."""
    values = [*options.get("inputs", {}).values(), *options.get("notification_configuration", {}).values()]
    return [str(value) for value in values if isinstance(value, str) and value]


def _without(secrets: list[str], result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return a result whose texts, such as the answer of a controller that refused it, hold none of the secrets."""
    result.pop("invocation", None)
    text = json.dumps(result)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(json.dumps(secret)[1:-1], "********")
    return t.cast(dict[str, t.Any], json.loads(text))
