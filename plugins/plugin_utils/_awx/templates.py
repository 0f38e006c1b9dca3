# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Job templates, and workflows with their nodes: made as the file says, and nodes that it does not have taken away."""

from __future__ import annotations

import typing as t

from . import defaults
from .objects import Builder, Thing, named
from .settings import Fields

EVENTS: t.Final = ("success", "failure", "always")


class TemplateBuilder(Builder):
    """Adds what can be launched."""

    def job_templates(self) -> list[Thing]:
        """Return the job templates, every option said, so that nothing stays of what was set before."""
        before_approvals = self._before_approvals()
        return [self._job_template(item, told=item["name"] in before_approvals) for item in self._is["job_templates"]]

    def _job_template(self, item: Fields, *, told: bool) -> Thing:
        """Return a job template with all that it needs to be there first."""
        sliced = bool(item.get("sliced"))
        inventory = self._is["inventory_name" if item.get("targets") else "local_inventory_name"]
        own: Fields = {
            **defaults.JOB_TEMPLATE,
            "name": item["name"],
            "description": item.get("description", ""),
            **self._owner,
            "project": self._is["project_name"],
            "playbook": f"playbooks/{item['playbook']}.yml",
            "inventory": named(inventory, self._organization),
            "execution_environment": self._is["environment_name"],
            "credentials": [self._is["credential_name"]] if self._is["aws_access_key"] else [],
            "forks": self._is["forks"],
            "job_slice_count": self._is["slices"] if sliced else 1,
            "ask_job_slice_count_on_launch": sliced,
            **self._survey(item),
            **({"notification_templates_success": [self._is["notification"]["name"]]} if told else {}),
            **self._options("job_template"),
            **item.get("options", {}),
        }
        own = self._referring({**own, "labels": self._labelled(own)})
        needs = (*self._in, ("projects", self._is["project_name"]), ("inventories", inventory), self._environment)
        needs = (*needs, *(("labels", name) for name in own["labels"]), *self._needs_credentials(own))
        return Thing("job_templates", item["name"], "job_template", own, (*needs, *self._told(own)))

    def workflows(self) -> list[Thing]:
        """Return the workflows, without their nodes."""
        return [self._workflow(item) for item in self._is["workflows"]]

    def _workflow(self, item: Fields) -> Thing:
        """Return a workflow with all that it needs to be there first."""
        tell = [self._is["notification"]["name"]] if self._is["notification"] else []
        own: Fields = {
            **defaults.WORKFLOW,
            "name": item["name"],
            "description": item.get("description", ""),
            **self._owner,
            **self._survey(item),
            **{f"notification_templates_{event}": tell for event in ("success", "error", "approvals")},
            **self._options("workflow_job_template"),
            **item.get("options", {}),
        }
        own = self._referring({**own, "labels": self._labelled(own)})
        needs = (*self._in, *(("labels", name) for name in own["labels"]), *self._told(own))
        return Thing("workflow_job_templates", item["name"], "workflow_job_template", own, needs)

    def old_nodes(self) -> list[Thing]:
        """Return the nodes to take away: those that the file does not have, and those that cannot be changed to it.

        A node that is left without its predecessors starts at once, and asks for its approval.
        """
        things = []
        for item in self._is["workflows"]:
            wanted = {node["identifier"]: node for node in item["nodes"]}
            for there in self._nodes_there(item["name"]):
                if there["identifier"] not in wanted or _must_go(wanted[there["identifier"]], there):
                    place = self._place(item, there["identifier"])
                    things.append(
                        Thing("old_nodes", self._node_name(item, there), place[0], {**place[1], "state": "absent"})
                    )
        return things

    def nodes(self) -> list[Thing]:
        """Return the nodes, not linked yet: with an approval, the module takes links for the approval's own."""
        return [self._node(item, node) for item in self._is["workflows"] for node in item["nodes"]]

    def _node(self, item: Fields, node: Fields) -> Thing:
        module, options = self._place(item, node["identifier"])
        needs = [("workflow_job_templates", item["name"])]
        if node.get("approval"):
            options["approval_node"] = {"description": "", "timeout": 0, **node["approval"]}
        else:
            launched = node.get("job_template") or node["workflow"]
            options |= {**defaults.NODE_LISTS, "unified_job_template": launched}
            options["lookup_organization"] = self._organization
            needs.append(("job_templates" if node.get("job_template") else "workflow_job_templates", launched))
        options |= self._referring(node.get("options", {}))
        return Thing("workflow_job_template_nodes", self._node_name(item, node), module, options, tuple(needs))

    def links(self) -> list[Thing]:
        """Return which node follows which, for every event, also none."""
        things = []
        for item in self._is["workflows"]:
            for node in item["nodes"]:
                module, options = self._place(item, node["identifier"])
                options |= {f"{event}_nodes": node.get(event, []) for event in EVENTS}
                followers = {one for event in EVENTS for one in node.get(event, [])}
                ends = [node["identifier"], *sorted(followers)]
                needs = tuple(("workflow_job_template_nodes", f"{one} of {item['name']}") for one in ends)
                things.append(Thing("links", self._node_name(item, node), module, options, needs))
        return things

    def _place(self, item: Fields, identifier: str) -> tuple[str, Fields]:
        place = {"identifier": identifier, "workflow_job_template": item["name"], **self._owner}
        return "workflow_job_template_node", place

    def _node_name(self, item: Fields, node: Fields) -> str:
        return f"{node['identifier']} of {item['name']}"

    def _nodes_there(self, workflow: str) -> list[Fields]:
        ids = {one["id"] for one in self._found.get("workflow_job_templates", []) if one["name"] == workflow}
        return [
            one for one in self._found.get("workflow_job_template_nodes", []) if one["workflow_job_template"] in ids
        ]

    def _before_approvals(self) -> set[str]:
        """Return the templates whose jobs end right before an approval: who approves shall be told what they made."""
        found = set()
        for item in self._is["workflows"] if self._is["notification"] else []:
            approvals = {node["identifier"] for node in item["nodes"] if node.get("approval")}
            for node in item["nodes"]:
                if approvals & {*node.get("success", []), *node.get("always", [])} and node.get("job_template"):
                    found.add(node["job_template"])
        return found

    def _survey(self, item: Fields) -> Fields:
        spec = [self._is["questions"][name] for name in item.get("survey", [])]
        return {
            "survey_enabled": bool(spec),
            "survey_spec": {"name": "", "description": "", "spec": spec} if spec else {},
        }

    def _labelled(self, options: Fields) -> list[str]:
        return [self._is["label"], *(name for name in options["labels"] if name != self._is["label"])]

    def _told(self, options: Fields) -> list[tuple[str, str]]:
        name = self._is["notification"].get("name")
        lists = [value for option, value in options.items() if option.startswith("notification_templates_")]
        used = name and any(named(name, self._organization) in value for value in lists)
        return [("notification_templates", name)] if used else []


def _must_go(wanted: Fields, there: Fields) -> bool:
    """Tell whether the module cannot turn the node into the one that is wanted.

    It sends no empty values, and would give an approval's name to the job template that a node launches.
    """
    launched = there.get("summary_fields", {}).get("unified_job_template", {})
    is_approval = launched.get("unified_job_type") == "workflow_approval"
    options = wanted.get("options", {})
    stays = [name for name in defaults.NODE if there.get(name) and not options.get(name)]
    return is_approval != bool(wanted.get("approval")) or bool(stays)
