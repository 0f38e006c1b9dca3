# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What AWS shows of the image, the parameters and the launch templates. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image

IMAGE_TYPE: t.Final = "aws:ec2:image"
ALIAS: t.Final = "resolve:ssm:"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter as GetParameters shows it; ``labels`` are those that the task names, with their versions.

    ``label_values`` are what these versions hold. ``tags`` is None where they were not asked for; ``chosen`` is the
    version that the task names, None where it has no such one.
    """

    name: str
    value: str
    version: int
    arn: str = ""
    type: str = "String"
    data_type: str = IMAGE_TYPE
    labels: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    tags: t.Mapping[str, str] | None = None
    chosen: Parameter | None = None
    label_values: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def holds(self, image_id: str) -> bool:
        """Tell whether consumers who ask for an image by this name get this one."""
        return self.data_type == IMAGE_TYPE and self.value == image_id


@dataclasses.dataclass(frozen=True)
class Version:
    """One version of a launch template; ``data`` is what it launches, as AWS shows it."""

    template_id: str
    template_name: str
    number: int
    data: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    is_default: bool = False

    @property
    def image(self) -> str:
        """Return the image or the alias of one, empty where the template names none."""
        return str(self.data.get("ImageId") or "")

    @property
    def is_alias(self) -> bool:
        """Tell whether the image is looked up in Parameter Store at each launch."""
        return self.image.startswith(ALIAS)

    @property
    def parameter(self) -> str:
        """Return the name of the parameter behind an alias, with its version or label."""
        return self.image[len(ALIAS) :] if self.is_alias else ""

    def mappings(self) -> list[t.Mapping[str, t.Any]]:
        """Return its block device mappings."""
        return list(self.data.get("BlockDeviceMappings") or ())

    def launches_as(self, other: Version) -> bool:
        """Tell whether both launch the same but for the image.

        AWS leaves the snapshots of the mappings out of a version that is made of another one (aws_rules §20).
        """
        return _apart_from_image(self.data) == _apart_from_image(other.data)


def _apart_from_image(data: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    rest = {name: value for name, value in data.items() if name not in ("ImageId", "BlockDeviceMappings")}
    mappings = data.get("BlockDeviceMappings")
    return {**rest, "BlockDeviceMappings": [_without_snapshot(one) for one in mappings]} if mappings else rest


def _without_snapshot(mapping: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    ebs = {name: value for name, value in (mapping.get("Ebs") or {}).items() if name != "SnapshotId"}
    rest = {name: value for name, value in mapping.items() if name != "Ebs"}
    return {**rest, "Ebs": ebs} if ebs else rest


@dataclasses.dataclass(frozen=True)
class Template:
    """What was read of a launch template: the version to start from, the default, and those that have the image.

    ``chosen`` is the version whose number the task names as default. ``resolved`` is the image behind the alias of the
    version that counts, None where there is none; ``newest`` is the highest number known.
    """

    source: Version
    default: Version
    newest: int
    with_image: tuple[Version, ...] = ()
    chosen: Version | None = None
    resolved: str | None = None

    @property
    def template_id(self) -> str:
        """Return the id."""
        return self.source.template_id

    @property
    def name(self) -> str:
        """Return the name."""
        return self.source.template_name

    @property
    def counting(self) -> Version:
        """Return the version whose image decides: the one to be the default, else the one to start from."""
        return self.chosen or self.source


@dataclasses.dataclass(frozen=True)
class Group:
    """An Auto Scaling group that launches by a template: the images that its overrides name, and how it refreshes."""

    name: str
    templates: frozenset[str]
    override_images: tuple[str, ...] = ()
    replaces_root: bool = False


@dataclasses.dataclass(frozen=True)
class PublishFacts:
    """Everything that a plan is made of; names and templates by the words of the task.

    ``account`` is the caller's, which is known where watermarks are named.
    """

    image: Image | None
    parameters: t.Mapping[str, Parameter] = dataclasses.field(default_factory=dict)
    templates: t.Mapping[str, Template] = dataclasses.field(default_factory=dict)
    account: str = ""
