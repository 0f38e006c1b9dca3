# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What AWX takes where nothing is said; said each time, so that what was set by hand or earlier goes back."""

from __future__ import annotations

import typing as t

_TOLD: t.Final[dict[str, list[str]]] = {
    "notification_templates_started": [], "notification_templates_success": [], "notification_templates_error": [],
}  # fmt: skip
PROJECT: t.Final = {
    "scm_refspec": "", "scm_clean": False, "scm_delete_on_update": False, "scm_track_submodules": False,
    "scm_update_on_launch": True, "allow_override": False, "timeout": 0, **_TOLD,
}  # fmt: skip
INVENTORY: t.Final = {
    "kind": "", "variables": {}, "instance_groups": [], "prevent_instance_group_fallback": False,
}  # fmt: skip
INVENTORY_SOURCE: t.Final = {
    "enabled_var": "", "enabled_value": "", "host_filter": "", "limit": "", "scm_branch": "", "timeout": 0,
    "verbosity": 1, "overwrite": True, "overwrite_vars": True, "update_on_launch": True, **_TOLD,
}  # fmt: skip
JOB_TEMPLATE: t.Final = {
    "job_type": "run", "limit": "", "verbosity": 0, "extra_vars": {}, "job_tags": "", "skip_tags": "",
    "start_at_task": "", "timeout": 0, "scm_branch": "", "host_config_key": "",
    "force_handlers": False, "use_fact_cache": False, "become_enabled": False, "diff_mode": False,
    "allow_simultaneous": False, "prevent_instance_group_fallback": False, "job_slice_count": 1,
    "ask_diff_mode_on_launch": True, "ask_job_type_on_launch": True,
    "ask_variables_on_launch": False, "ask_limit_on_launch": False, "ask_tags_on_launch": False,
    "ask_skip_tags_on_launch": False, "ask_verbosity_on_launch": False, "ask_inventory_on_launch": False,
    "ask_credential_on_launch": False, "ask_execution_environment_on_launch": False, "ask_forks_on_launch": False,
    "ask_instance_groups_on_launch": False, "ask_job_slice_count_on_launch": False, "ask_labels_on_launch": False,
    "ask_timeout_on_launch": False, "ask_scm_branch_on_launch": False,
    "credentials": [], "instance_groups": [], "labels": [], **_TOLD,
}  # fmt: skip
WORKFLOW: t.Final = {
    "extra_vars": {}, "allow_simultaneous": False, "ask_variables_on_launch": False, "ask_labels_on_launch": False,
    "ask_tags_on_launch": False, "ask_skip_tags_on_launch": False, "ask_inventory_on_launch": False,
    "ask_scm_branch_on_launch": False, "ask_limit_on_launch": False, "labels": [],
    **_TOLD, "notification_templates_approvals": [],
}  # fmt: skip
# Fields of a node that the module cannot empty: a node with one of them set and no longer asked for is made again.
NODE: t.Final = (
    "extra_data", "scm_branch", "job_type", "job_tags", "skip_tags", "limit", "diff_mode", "verbosity",
    "all_parents_must_converge", "forks", "job_slice_count", "timeout", "inventory", "execution_environment",
)  # fmt: skip
NODE_LISTS: t.Final[dict[str, list[str]]] = {"credentials": [], "labels": [], "instance_groups": []}
# Types of credentials by the kind that their named URL has.
CREDENTIAL_KINDS: t.Final = {
    "Amazon Web Services": "cloud", "Container Registry": "registry", "Source Control": "scm", "Machine": "ssh",
    "Vault": "vault", "Red Hat Ansible Automation Platform": "cloud", "GitHub Personal Access Token": "token",
    "GitLab Personal Access Token": "token", "Ansible Galaxy/Automation Hub API Token": "galaxy",
}  # fmt: skip
_NOTHING: t.Final = {"message": None, "body": None}
APPROVAL_EVENTS: t.Final = ("running", "approved", "timed_out", "denied")


def messages(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the texts of a notification for every event, as AWX keeps those that are not given."""
    events = {event: {**_NOTHING, **(given.get(event) or {})} for event in ("started", "success", "error")}
    approvals = given.get("workflow_approval") or {}
    return {**events, "workflow_approval": {one: {**_NOTHING, **(approvals.get(one) or {})} for one in APPROVAL_EVENTS}}
