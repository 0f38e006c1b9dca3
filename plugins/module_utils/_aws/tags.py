# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tags as botocore shows and takes them, and as a dictionary."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

Tags = t.Mapping[str, str]


def tags_in(entry: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the tags of an entry of an answer; a tag without a key says nothing, and one without a value is empty."""
    return {str(tag["Key"]): tag.get("Value") or "" for tag in entry.get("Tags") or () if tag.get("Key")}


def tag_specifications(**tags: Tags) -> list[dict[str, t.Any]]:
    """Return the tags of each kind of resource that a creating call makes; the same tags always look the same."""
    return [
        {"ResourceType": kind, "Tags": ansible_dict_to_boto3_tag_list(dict(sorted(values.items())))}
        for kind, values in tags.items()
        if values
    ]
