# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What will launch instances, and of which image: groups, templates and parameters. No AWS, no Ansible.

An image is named by its id, or by a parameter that holds the id at the time of a launch (``resolve:ssm:``).
"""

from __future__ import annotations

import dataclasses
import typing as t

Entry = t.Mapping[str, t.Any]

ALIAS: t.Final = "resolve:ssm:"
DEFAULT, LATEST = "$Default", "$Latest"
# A refresh in any other state may go on launching, or be taken up again.
_ENDED: t.Final = ("Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")


@dataclasses.dataclass(frozen=True)
class TemplateVersion:
    """A version of a launch template; ``image`` is as it was written, and empty where it names none."""

    template_id: str
    name: str
    number: int
    image: str = ""
    is_default: bool = False


@dataclasses.dataclass(frozen=True)
class TemplateUse:
    """A template and the version that somebody launches by: a number, ``$Default`` or ``$Latest``."""

    template_id: str
    name: str
    version: str = DEFAULT

    @property
    def key(self) -> str:
        """Return the id, or the name where only that is given."""
        return self.template_id or self.name


@dataclasses.dataclass(frozen=True)
class Mention:
    """A place that names an image, by itself or by a template."""

    what: str
    arn: str | None = None
    image: str = ""
    template: TemplateUse | None = None


class Templates:
    """Versions of launch templates, found by the ways in which they are named.

    The newest version shown of a template is ``$Latest``, for the list is made by asking for that and ``$Default``.
    """

    def __init__(self, versions: t.Iterable[TemplateVersion]) -> None:
        self._versions: dict[tuple[str, str], TemplateVersion] = {}
        for version in sorted(versions, key=lambda one: one.number):
            for key in (version.template_id, version.name):
                self._versions[key, str(version.number)] = version
                self._versions[key, LATEST] = version
                if version.is_default:
                    self._versions[key, DEFAULT] = version

    def find(self, use: TemplateUse) -> TemplateVersion | None:
        """Return the version that is meant, None where it was not listed."""
        return self._versions.get((use.key, use.version))

    def mentions(self) -> list[Mention]:
        """Return what the default and the newest version of each template name."""
        kept = {(key, at): one for (key, at), one in self._versions.items() if at in (DEFAULT, LATEST)}
        return [
            Mention(
                f"{_kind(at)} version {one.number} of launch template {one.name} ({one.template_id})", None, one.image
            )
            for (key, at), one in kept.items()
            if key == one.template_id and one.image
        ]


def _kind(at: str) -> str:
    return "default" if at == DEFAULT else "newest"


def mentions_of_group(group: Entry) -> list[Mention]:
    """Return what an Auto Scaling group launches by, whether it has instances or not.

    A launch configuration is asked for by itself. An instance shows an image only where an override named it, or its
    root volume was replaced (aws_rules §17.3).
    """
    arn, what = group.get("AutoScalingGroupARN"), f"Auto Scaling group {group.get('AutoScalingGroupName')}"
    running = [
        Mention(f"{what}, instance {one.get('InstanceId')}", arn, str(one["ImageId"]))
        for one in group.get("Instances") or ()
        if one.get("ImageId")
    ]
    return [*_of_configuration(group, what, arn), *running]


def mentions_of_refresh(group: Entry, refresh: Entry) -> list[Mention]:
    """Return what an instance refresh that is not over yet launches by."""
    if refresh.get("Status") in _ENDED:
        return []
    what = f"instance refresh of Auto Scaling group {group.get('AutoScalingGroupName')}"
    return _of_configuration(refresh.get("DesiredConfiguration") or {}, what, group.get("AutoScalingGroupARN"))


def _of_configuration(entry: Entry, what: str, arn: str | None) -> list[Mention]:
    launch = (entry.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = launch.get("Overrides") or ()
    named = [
        entry.get("LaunchTemplate"),
        launch.get("LaunchTemplateSpecification"),
        *(one.get("LaunchTemplateSpecification") for one in overrides),
    ]
    by_template = [Mention(what, arn, template=_to_use(one)) for one in named if one]
    by_image = [Mention(f"{what}, an override", arn, str(one["ImageId"])) for one in overrides if one.get("ImageId")]
    return by_template + by_image


def _to_use(specification: Entry) -> TemplateUse:
    return TemplateUse(
        template_id=str(specification.get("LaunchTemplateId") or ""),
        name=str(specification.get("LaunchTemplateName") or ""),
        version=str(specification.get("Version") or DEFAULT),
    )


def by_template(mention: Mention, version: TemplateVersion) -> Mention:
    """Return the mention with the image that its template names."""
    use = mention.template
    at = f" ({use.version})" if use is not None and use.version in (DEFAULT, LATEST) else ""
    what = f"{mention.what}, by version {version.number}{at} of launch template {version.name} ({version.template_id})"
    return Mention(what, mention.arn, version.image)


def parameter_of(image: str) -> str | None:
    """Return the parameter, with its version or label, by which an image is named; None where it is by its id."""
    return image[len(ALIAS) :] if image.startswith(ALIAS) else None
