# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what a task has published into the tasks that put back what was there before."""

from __future__ import annotations

DOCUMENTATION = r"""
name: way_back
version_added: 1.0.0
short_description: Turn what was published into what puts it back
description:
  - Turns the fact C(publish_results) of the role P(sealed.ami.publish#role), results of M(sealed.ami.ec2_ami_publish)
    by region, into the options of the tasks that put back what was there before. The playbook C(sealed.ami.rollback)
    runs them.
  - Only what the results say to be changed, or to have failed on the way, is put back.
author:
  - sealed.ami contributors (@sealed-ami)
positional: created
options:
  _input:
    description: The results by region.
    type: dict
    required: true
  created:
    description:
      - What becomes of parameters that were not there before. V(keep) leaves them, and says so; V(remove) deletes those
        that still hold the image.
    type: str
    choices: [keep, remove]
    default: keep
"""

EXAMPLES = r"""
- name: Say what would put back what was there before
  ansible.builtin.debug:
    msg: "{{ (publish_results | sealed.ami.way_back).tasks }}"
"""

RETURN = r"""
_value:
  description:
    - C(tasks), a list of options of M(sealed.ami.ec2_ami_publish); and C(left), sentences about what cannot be put back
      or is left.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

Entry = t.Mapping[str, t.Any]

_ALIAS: t.Final = "resolve:ssm:"
_TOUCHED: t.Final = ("created", "updated", "removed", "failed")


class _Region:
    """The tasks of one region, one for each image, and what is left there."""

    def __init__(self, name: str, image_id: str) -> None:
        self.name, self.image_id = name, image_id
        self.left: list[str] = []
        self._tasks: dict[tuple[str, str, str], dict[str, t.Any]] = {}

    def add(self, kind: str, entry: Entry, *, image: str = "", named: str = "", state: str = "present") -> None:
        """Add a parameter or a template to the task of an image, which an id or the name of a parameter says."""
        task = self._tasks.setdefault((state, image, named), {"region": self.name, "state": state})
        task.update({"image_id": image} if image else {"image_parameter": named})
        task.update({"replaces": self.image_id} if state == "present" and self.image_id else {})
        task.setdefault(kind, []).append(dict(entry))

    def tasks(self) -> list[dict[str, t.Any]]:
        """Return the tasks; what names an image by a parameter comes when parameters are as before."""
        return [self._tasks[key] for key in sorted(self._tasks, key=lambda key: bool(key[2]))]


def way_back(results: t.Any, created: str = "keep") -> dict[str, list[t.Any]]:
    """Return the tasks that put everything back, and what is left."""
    if created not in ("keep", "remove"):
        raise AnsibleFilterError(f"way_back knows created=keep and created=remove, not {created!r}")
    if not isinstance(results, t.Mapping) or not all(isinstance(one, t.Mapping) for one in results.values()):
        raise AnsibleFilterError(
            "way_back takes results of ec2_ami_publish by region, as the role publish hands them on"
        )
    found = [_of_region(str(region), result, created) for region, result in results.items()]
    return {
        "tasks": [task for one in found for task in one.tasks()],
        "left": [text for one in found for text in one.left],
    }


def _of_region(name: str, result: Entry, created: str) -> _Region:
    images = result.get("images") or ()
    region = _Region(name, str(images[0]["image_id"]) if images else "")
    for entry in result.get("ssm_parameters") or ():
        if entry["action"] in _TOUCHED:
            _add_parameter(region, entry, created)
    for entry in result.get("launch_templates") or ():
        if entry["action"] in _TOUCHED:
            _add_template(region, entry)
    return region


def _add_parameter(region: _Region, entry: Entry, created: str) -> None:
    """Put back the value first, then each label: a version that is newly written has none."""
    name, before = str(entry["name"]), entry.get("previous")
    if not before:
        _add_created(region, name, created)
        return
    had = {str(label): int(version) for label, version in (before.get("labels") or {}).items()}
    beside: list[str] = []
    if before["value"] != region.image_id or entry["action"] == "removed":
        # The version that is written in the place of the one before gets its labels.
        beside = [label for label, version in had.items() if version == int(before["version"])]
        labels = {"labels": beside} if beside else {}
        region.add("ssm_parameters", {"name": name, **labels}, image=str(before["value"]))
    for version in sorted(set(had.values())):
        others = [label for label, one in had.items() if one == version and label not in beside]
        if others:
            moved = {"name": name, "version": str(version), "labels": others}
            region.add("ssm_parameters", moved, named=f"{name}:{version}")
    new = [label for label in entry.get("labels") or () if label not in had]
    if new:
        region.left.append(
            f"{region.name}: label {', '.join(new)} of parameter {name} was on no version before and stays where it is "
            f"(aws ssm unlabel-parameter-version)"
        )


def _add_created(region: _Region, name: str, created: str) -> None:
    if created == "remove":
        region.add("ssm_parameters", {"name": name}, image=region.image_id, state="absent")
        return
    region.left.append(f"{region.name}: parameter {name} was not there before and is left, with {region.image_id}")


def _add_template(region: _Region, entry: Entry) -> None:
    number, image = entry.get("previous_default_version"), str(entry.get("previous_image_id") or "")
    if not number or (entry["action"] != "failed" and entry.get("default_version") == number):
        return
    back = {"template_id": entry["template_id"], "default_version": str(number)}
    if image.startswith(_ALIAS):
        region.add("launch_templates", back, named=image[len(_ALIAS) :])
    elif image:
        region.add("launch_templates", back, image=image)
    else:
        region.left.append(
            f"{region.name}: version {number} of launch template {entry['template_name']}, its default before, names "
            "no image that could be judged; make it the default by hand if it is to be (aws ec2 modify-launch-template)"
        )


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"way_back": way_back}
