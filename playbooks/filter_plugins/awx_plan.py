# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the playbook awx_setup alone: what to make, and the options that the controller's modules have."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.plugins.loader import fragment_loader, module_loader
from ansible.utils.plugin_docs import get_plugin_docs
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.sealed.ami.plugins.plugin_utils._awx.plan import plan
from ansible_collections.sealed.ami.plugins.plugin_utils._awx.settings import SettingsError

MODULES: t.Final = (
    "organization", "credential", "execution_environment", "project", "inventory", "inventory_source", "job_template",
    "workflow_job_template", "workflow_job_template_node", "schedule", "role",
)  # fmt: skip


def awx_module_options(collection: str) -> dict[str, list[str]]:
    """Return the options of each module, with their other names, from its documentation."""
    found = {}
    for name in MODULES:
        try:
            documented = get_plugin_docs(f"{collection}.{name}", "module", module_loader, fragment_loader, False)[0]
        except Exception as error:
            raise AnsibleFilterError(f"{collection} is not usable: install the collection: {error}") from error
        options = documented["options"]
        found[name] = [*options, *(alias for option in options.values() for alias in option.get("aliases", []))]
    return found


def awx_plan(settings: dict[str, t.Any], found: dict[str, t.Any], modules: dict[str, list[str]]) -> dict[str, t.Any]:
    """Return the calls in order, the names of what the file does not have, and what is wrong with the file."""
    try:
        # What is meant for the controller, such as ansible_playbook_python of a host there, must not be filled in here.
        return t.cast(dict[str, t.Any], wrap_var(_plain({**plan(settings, found, modules), "mistakes": ""})))
    except SettingsError as error:
        return {"calls": [], "others": [], "mistakes": str(error)}


def _plain(value: t.Any) -> t.Any:
    """Return a value without Ansible's own kinds of lists and dictionaries, which cannot be marked."""
    if isinstance(value, t.Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"awx_plan": awx_plan, "awx_module_options": awx_module_options}
