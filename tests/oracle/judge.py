# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge by the emulator's journal alone what the product did: whatever it acted on must be its own or given to it.

Nothing here is shared with the collection. Whatever a call is not known to be harmless for is judged harmful.
"""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.client import BY_HAND

Call = t.Mapping[str, t.Any]
# What may be done to things that the product has not made, by id: AWS's names of the actions, as ``act_of`` has them.
Given = t.Mapping[str, t.Collection[str]]

# How the product's modules call themselves, also on a session that a test has made.
PRODUCT = "sealed.ami"

# What each action does something to. An image that AWS copies or a snapshot it reads is no such thing.
ACTED_ON: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "DeregisterImage", "DisableImage", "EnableImage", "EnableImageDeprecation", "DisableImageDeprecation",
            "EnableImageDeregistrationProtection", "DisableImageDeregistrationProtection", "ModifyImageAttribute",
            "ResetImageAttribute", "AttachImageWatermark", "DetachImageWatermark", "RestoreImageFromRecycleBin",
            "ReplaceImageInstanceTypeSpecification",
        ),
        ("ImageId",),
    ),
    **dict.fromkeys(
        (
            "DeleteSnapshot", "ModifySnapshotAttribute", "ResetSnapshotAttribute", "ModifySnapshotTier",
            "RestoreSnapshotTier", "LockSnapshot", "UnlockSnapshot", "RestoreSnapshotFromRecycleBin",
        ),
        ("SnapshotId",),
    ),
    **dict.fromkeys(("TerminateInstances", "StopInstances", "StartInstances", "RebootInstances"), ("InstanceIds",)),
    **dict.fromkeys(("AttachVolume", "DetachVolume"), ("VolumeId", "InstanceId")),
    **dict.fromkeys(("DeleteVolume", "ModifyVolume"), ("VolumeId",)),
    **dict.fromkeys(("CreateTags", "DeleteTags"), ("Resources",)),
    **dict.fromkeys(
        ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplateVersions"), ("LaunchTemplateId",)
    ),
    "ModifyInstanceAttribute": ("InstanceId",),
    "CreateImage": ("InstanceId",),
}  # fmt: skip
# Parameters are the test's to name: whoever writes under a name that was not given changes what others read.
SSM_NAMES = {
    "PutParameter": "Name", "LabelParameterVersion": "Name", "DeleteParameter": "Name",
    "AddTagsToResource": "ResourceId",
}  # fmt: skip
# A setting of the whole account in a region is the test's to hand over, by this name and its region.
OF_ACCOUNT = {
    **dict.fromkeys(
        (
            "EnableAllowedImagesSettings", "DisableAllowedImagesSettings",
            "ReplaceImageCriteriaInAllowedImagesSettings",
        ),
        "allowed images",
    ),
}  # fmt: skip
# The same for KMS: a grant gives others the use of a key, so the key must have been handed over for it.
ACTED_ON_OF_KMS = {"CreateGrant": ("KeyId",), "RevokeGrant": ("GrantId",)}
# What only makes something, of things that it leaves as they are.
CREATIONS = {
    "CopyImage", "RegisterImage", "CopySnapshot", "CreateSnapshot", "CreateSnapshots", "CreateVolume", "RunInstances",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, order=True)
class Violation:
    """One thing that the product must not do; ``rule`` is the same in every run."""

    rule: str
    what: str = dataclasses.field(compare=False)

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def by_product(call: Call) -> bool:
    """Tell whether a call is the product's; whatever does not say that a test made it by hand is."""
    return PRODUCT in call["user_agent"] or BY_HAND not in call["user_agent"]


def misdeeds(journal: t.Iterable[Call], given: Given, to_image: t.Container[str] = ()) -> list[Violation]:
    """Return what the product did, or tried to do, to things that it had not made and was not given to do it to.

    The instances ``to_image`` are there to have images created of them, with the reboot that belongs to it.
    """
    ours: set[str] = set()
    found: list[Violation] = []
    for call in journal:
        if by_product(call):
            ours.update(call["made"])
            found += [] if _is_dry_run(call) or _images(call, to_image) else _of_call(call, ours, given)
    return found


def _images(call: Call, instances: t.Container[str]) -> bool:
    return call["action"] == "CreateImage" and call["parameters"].get("InstanceId") in instances


def _is_dry_run(call: Call) -> bool:
    return bool(call["parameters"].get("DryRun"))


def act_of(call: Call) -> str:
    """Return the action, with ``/Remove`` where permissions are taken back: to add some is another thing."""
    parameters = call["parameters"]
    kinds = [parameters.get(name) or {} for name in ("LaunchPermission", "CreateVolumePermission")]
    removes = parameters.get("OperationType") == "remove" or any(kind.get("Remove") for kind in kinds)
    return f"{call['action']}/Remove" if removes else str(call["action"])


def _of_call(call: Call, ours: set[str], given: Given) -> t.Iterator[Violation]:
    action = call["action"]
    where = f"call {call['number']}, {call['region']}, {call['error'] or 'done'}"
    if call["service"] == "s3":
        verb, _, path = action.partition(" /")
        if verb in ("GET", "HEAD") or verb in given.get(path.split("/")[0], ()):
            return
    if call["service"] == "ssm" and action in SSM_NAMES:
        name = str(call["parameters"].get(SSM_NAMES[action]))
        if act_of(call) not in given.get(name, ()):
            yield Violation(f"{action} on a parameter that is not ours", f"{name} ({where})")
        return
    if call["service"] == "ec2" and action in OF_ACCOUNT:
        setting = f"{OF_ACCOUNT[action]} of {call['region']}"
        if action not in given.get(setting, ()):
            yield Violation(f"{action} in an account that was not handed over for it", f"{setting} ({where})")
        return
    known = {"ec2": {*ACTED_ON, *CREATIONS}, "kms": {*ACTED_ON_OF_KMS}}
    if action not in known.get(call["service"], ()):
        yield Violation(f"{call['service']}:{action} is not known to be harmless", where)
        return
    for resource in sorted({*_acted_on(call), *call["gone"]}):
        if resource not in ours and act_of(call) not in given.get(resource, ()):
            yield Violation(f"{action} on {_kind(resource)} that is not ours", f"{resource} ({where})")


def _acted_on(call: Call) -> t.Iterator[str]:
    parameters = call["parameters"]
    if call["action"] == "CreateImage" and parameters.get("NoReboot") is True:
        return
    for name in (ACTED_ON_OF_KMS if call["service"] == "kms" else ACTED_ON).get(call["action"], ()):
        value = parameters.get(name) or []
        yield from [value] if isinstance(value, str) else value


def _kind(resource: str) -> str:
    kinds = {"ami": "an image", "snap": "a snapshot", "vol": "a volume", "i": "an instance", "lt": "a launch template"}
    return kinds.get(resource.partition("-")[0], "something")


def leftovers(journal: t.Sequence[Call], snapshots: t.Iterable[t.Mapping[str, t.Any]], said: str) -> list[Violation]:
    """Return the product's snapshots that are there, unencrypted or of no image, and that no result names."""
    ours = {made for call in journal if by_product(call) for made in call["made"]}
    bereft = {one for call in journal if not by_product(call) for one in _of_images_gone_by(call, journal)}
    found = []
    for one in snapshots:
        if one["id"] not in ours or one["id"] in said:
            continue
        if not one["encrypted"]:
            found.append(Violation("an unencrypted snapshot is left unnamed", f"{one['id']} in {one['region']}"))
        if not one["images"] and one["id"] not in bereft:
            found.append(Violation("a snapshot of no image is left unnamed", f"{one['id']} in {one['region']}"))
    return found


def _of_images_gone_by(call: Call, journal: t.Sequence[Call]) -> set[str]:
    """Return what was made beside an image that this call removed."""
    return {made for one in journal if set(one["made"]) & set(call["gone"]) for made in one["made"]}


def disturbed(impostors: t.Mapping[str, t.Any]) -> list[Violation]:
    """Return what happened to things that only look like the product's."""
    return [
        Violation(f"something with our tags was touched ({one['way']})", f"{one['id']}: {one['was']} -> {one['is']}")
        for one in impostors["changed"]
    ]
