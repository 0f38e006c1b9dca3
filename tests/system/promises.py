# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the lines of a plan as a person does: which changing calls to AWS do they promise?"""

from __future__ import annotations

from system.running import Result

# How a line begins, and which action of AWS it means.
CALLS = {
    "copy image": "CopyImage",
    "copy snapshot": "CopySnapshot",
    "create a temporary volume": "CreateVolume",
    "take a snapshot": "CreateSnapshot",
    "delete the temporary volume": "DeleteVolume",
    "register image": "RegisterImage",
    "launch a temporary instance": "RunInstances",
    "stop the temporary instance": "StopInstances",
    "attach the temporary volume": "AttachVolume",
    "create image": "CreateImage",
    "terminate": "TerminateInstances",
    "tag the snapshot": "CreateTags",
    "share the snapshot": "ModifySnapshotAttribute",
    "change who may launch": "ModifyImageAttribute",
    "change who may create": "ModifySnapshotAttribute",
    "set the image's description": "ModifyImageAttribute",
    "deprecate the image": "EnableImageDeprecation",
    "remove the image's deprecation": "DisableImageDeprecation",
    "turn deregistration protection to enabled": "EnableImageDeregistrationProtection",
    "turn deregistration protection to disabled": "DisableImageDeregistrationProtection",
    "have instances of the image require IMDSv2": "ModifyImageAttribute",
    "attach watermark": "AttachImageWatermark",
    "limit the instance types": "ReplaceImageInstanceTypeSpecification",
    "deregister image": "DeregisterImage",
    "delete snapshot": "DeleteSnapshot",
    "record who may launch": "CreateTags",
    "disable image": "DisableImage",
    "note in the tags of image": "CreateTags",
}


def promised(predicted: Result) -> list[str]:
    """Return the actions that the lines of a plan mean."""
    found: list[str] = []
    for difference in predicted.get("diff", ()):
        lines = [one for one in difference["after"].splitlines() if not one.startswith(("device ", "/dev/"))]
        for line in lines:
            if line.startswith("change the tags"):
                changes = line.rpartition(": ")[2]
                found += ["CreateTags"] * ("set " in changes) + ["DeleteTags"] * ("remove " in changes)
                continue
            (action,) = [action for words, action in CALLS.items() if line.startswith(words)]
            found.append(action)
    return found
