# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The steps that publish an image, each of them one call to AWS. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class AttachWatermark:
    """Attach a watermark, which goes on to all copies and to images of instances."""

    image_id: str
    watermark: str

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"attach watermark {self.watermark} to {self.image_id}"


@dataclasses.dataclass(frozen=True)
class PutParameter:
    """Write a parameter; tags go with one that is new, for AWS refuses them together with Overwrite."""

    name: str
    image_id: str
    before: str | None = None
    version_before: int = 0
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    tier: str | None = None
    description: str | None = None

    @property
    def sentence(self) -> str:
        """Say what is done."""
        if self.before is None:
            return f"create parameter {self.name} with {self.image_id}"
        return f"set parameter {self.name} from {self.before} (version {self.version_before}) to {self.image_id}"


@dataclasses.dataclass(frozen=True)
class TagParameter:
    """Add tags to a parameter that is there."""

    name: str
    tags: t.Mapping[str, str]

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"tag parameter {self.name} with {', '.join(f'{key}={value}' for key, value in self.tags.items())}"


@dataclasses.dataclass(frozen=True)
class LabelParameter:
    """Move labels to the version that holds the image; ``version`` is one that the task names."""

    name: str
    labels: tuple[str, ...]
    image_id: str
    version: int | None = None

    @property
    def sentence(self) -> str:
        """Say what is done."""
        word = "label" if len(self.labels) == 1 else "labels"
        version = f"version {self.version}, " if self.version else ""
        return f"move {word} {', '.join(self.labels)} of parameter {self.name} to {version}{self.image_id}"


@dataclasses.dataclass(frozen=True)
class DeleteParameter:
    """Delete a parameter that holds the image."""

    name: str
    image_id: str

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"delete parameter {self.name}, which holds {self.image_id}"


@dataclasses.dataclass(frozen=True)
class CreateVersion:
    """Create a version of a launch template: another one with the image in the place of its own."""

    template_id: str
    template_name: str
    source_version: int
    image_id: str
    client_token: str
    newest: int
    description: str | None = None

    @property
    def sentence(self) -> str:
        """Say what is done."""
        what = f"launch template {self.template_name} ({self.template_id})"
        return f"create a version of {what} from version {self.source_version} with {self.image_id}"


@dataclasses.dataclass(frozen=True)
class SetDefaultVersion:
    """Make a version the default; None stands for the one that this run creates."""

    template_id: str
    template_name: str
    version: int | None
    before: int

    @property
    def sentence(self) -> str:
        """Say what is done."""
        version = f"version {self.version}" if self.version else "the new version"
        what = f"launch template {self.template_name} ({self.template_id})"
        return f"make {version} the default of {what} instead of version {self.before}"


Step = t.Union[
    AttachWatermark, PutParameter, TagParameter, LabelParameter, DeleteParameter, CreateVersion, SetDefaultVersion
]
