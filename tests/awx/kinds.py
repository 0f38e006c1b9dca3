# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that the stand-in knows: what is unique of each, and what refers to what."""

from __future__ import annotations

import typing as t


class Kind(t.NamedTuple):
    """How AWX calls an object of a kind, what describes it, and which fields are unique together."""

    type_name: str
    definition: str
    unique: tuple[str, ...]


IN_ORGANIZATION = ("name", "organization")
KINDS = {
    "organizations": Kind("organization", "Organization", ("name",)),
    "teams": Kind("team", "Team", IN_ORGANIZATION),
    "users": Kind("user", "User", ("username",)),
    "instance_groups": Kind("instance_group", "InstanceGroup", ("name",)),
    "credential_types": Kind("credential_type", "CredentialType", ("name",)),
    "credentials": Kind("credential", "Credential", (*IN_ORGANIZATION, "credential_type")),
    # Not in an organization alone: the name of an execution environment is unique on the whole controller.
    "execution_environments": Kind("execution_environment", "ExecutionEnvironment", ("name",)),
    "projects": Kind("project", "Project", IN_ORGANIZATION),
    "inventories": Kind("inventory", "Inventory", IN_ORGANIZATION),
    "hosts": Kind("host", "Host", ("name", "inventory")),
    "inventory_sources": Kind("inventory_source", "InventorySource", IN_ORGANIZATION),
    "labels": Kind("label", "Label", IN_ORGANIZATION),
    "notification_templates": Kind("notification_template", "NotificationTemplate", IN_ORGANIZATION),
    "job_templates": Kind("job_template", "JobTemplate", IN_ORGANIZATION),
    "workflow_job_templates": Kind("workflow_job_template", "WorkflowJobTemplate", IN_ORGANIZATION),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node", "WorkflowJobTemplateNode", ("identifier", "workflow_job_template")
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", "WorkflowApprovalTemplate", ()),
    "schedules": Kind("schedule", "Schedule", ("name", "unified_job_template")),
}
# What a schedule or a node may launch.
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "inventory_sources", "workflow_approval_templates")
# Fields that hold the id of another object, by the collection that it is in.
REFERENCES = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "credential": ("credentials",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": TEMPLATES,
}
ASSOCIATED = {
    "job_template": ("labels", "credentials"),
    "workflow_job_template": ("labels",),
    "workflow_job_template_node": ("success_nodes", "failure_nodes", "always_nodes"),
}
ROLES = ("admin", "execute", "read", "approval", "use", "update", "member")
