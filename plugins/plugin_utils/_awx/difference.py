# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What differs between an object of the controller and the file, for --diff; the modules of awx.awx do not say it."""

from __future__ import annotations

import json
import typing as t

# These hold ids of other objects where the file has names.
REFERENCES: t.Final = (
    "organization", "project", "inventory", "credential", "execution_environment", "default_environment",
    "source_project", "unified_job_template", "webhook_credential", "survey_spec",
)  # fmt: skip


def before(options: dict[str, t.Any], shown: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the values that the controller has and the file changes."""
    return {
        name: shown[name]
        for name, value in options.items()
        if name in shown
        and name not in REFERENCES
        and not isinstance(value, list)
        and _value(shown[name]) != _value(value)
    }


def _value(value: t.Any) -> t.Any:
    """Return what a text of AWX's says, for it keeps variables as JSON."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return {} if value in ("", "---") else value
