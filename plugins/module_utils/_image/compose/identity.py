# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell whether an image of the wanted name is the wanted image: by our tags first, then device by device. No AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ..aws_facts import FAILED_STATES
from ..errors import PreflightError
from ..keys import beside_own_key
from ..model import RECIPE_TAG, SOURCE_TAG, BlockDevice, Image
from ..places import shown_place
from .ours import doubt_of_image, image_proof
from .recipe import Recipe, RecipeDevice


@dataclasses.dataclass(frozen=True)
class Namesakes:
    """The caller's images of the wanted name, sorted by what they are to the recipe; the oldest first."""

    met: tuple[Image, ...] = ()
    pending: tuple[Image, ...] = ()
    failed: tuple[Image, ...] = ()


def sort_namesakes(images: t.Iterable[Image], recipe: Recipe) -> Namesakes:
    """Return the images of this recipe, or say which image has taken the name and how it differs."""
    met, pending, failed = [], [], []
    for image in sorted(images, key=lambda image: (image.creation_date, image.image_id)):
        if image.state == "pending" and is_of_recipe(image, recipe):
            pending.append(image)
        elif image.state in FAILED_STATES and is_of_recipe(image, recipe):
            failed.append(image)
        elif image.state == "available" and is_of_recipe(image, recipe) and not device_differences(recipe, image):
            met.append(image)
        elif image.state != "deregistered":
            raise PreflightError(_taken(image, recipe, device_differences(recipe, image)))
    return Namesakes(tuple(met), tuple(pending), tuple(failed))


def is_of_recipe(image: Image, recipe: Recipe) -> bool:
    """Tell whether the image carries this recipe's tags; a copy of the tags under another name does not count."""
    return image_proof(image) is not None and image.tags.get(RECIPE_TAG) == recipe.digest and image.name == recipe.name


def device_differences(recipe: Recipe, image: Image) -> tuple[str, ...]:
    """Return one line for each device that is not as the recipe has it: key, size and type as AWS shows them."""
    found = {device.device_name: device for device in image.devices if not device.no_device}
    wanted = {device.device_name: device for device in recipe.devices}
    lines = []
    for name in sorted({*found, *wanted}):
        if _is_kept_by_aws(recipe, name, wanted.get(name), found.get(name)):
            continue
        if name not in wanted:
            lines.append(f"{name} is not wanted")
        elif name not in found:
            lines.append(f"{name} is missing")
        else:
            lines += [f"{name} has {difference}" for difference in _differences(wanted[name], found[name])]
            lines += _misplaced(recipe, found[name])
    return tuple(lines)


def _misplaced(recipe: Recipe, found: BlockDevice) -> list[str]:
    """Say that a snapshot lies elsewhere than it should; what AWS does not show is no difference."""
    if not found.is_ebs or found.place is None or found.place == recipe.place:
        return []
    return [f"{found.device_name} lies in {shown_place(found.place)}, wanted {shown_place(recipe.place)}"]


def _is_kept_by_aws(recipe: Recipe, name: str, wanted: RecipeDevice | None, found: BlockDevice | None) -> bool:
    """Tell an ephemeral disk that CreateImage takes from the instance's own image, which the instance never shows."""
    if not recipe.is_of_instance or name in recipe.dropped:
        return False
    return (wanted is None or not wanted.is_ebs) and (found is None or not found.is_ebs)


def key_differences(recipe: Recipe, image: Image) -> tuple[str, ...]:
    """Return one line for each device whose snapshot is not under its key."""
    wanted = {device.device_name: device for device in recipe.ebs_devices}
    return tuple(
        f"{device.device_name} has {found_key(device)}, wanted key {wanted[device.device_name].required_key.shown}"
        for device in image.ebs_devices
        if device.device_name in wanted and not wanted[device.device_name].required_key.is_alone_on(device)
    )


def found_key(device: BlockDevice) -> str:
    """Return the key of a device in words."""
    if not device.encrypted:
        return "no encryption"
    return f"key {device.kms_key_arn or 'unknown'}{beside_own_key(device)}"


def _differences(wanted: RecipeDevice, found: BlockDevice) -> list[str]:
    if not wanted.is_ebs or not found.is_ebs:
        same = not wanted.is_ebs and wanted.virtual_name == found.virtual_name
        return [] if same else [f"{found.virtual_name or 'a volume'}, wanted {wanted.virtual_name or 'a volume'}"]
    lines = []
    if not wanted.required_key.is_alone_on(found):
        lines.append(f"{found_key(found)}, wanted key {wanted.required_key.shown}")
    if found.volume_size != wanted.size:
        lines.append(f"{found.volume_size} GiB, wanted {wanted.size}")
    if wanted.shape is not None and found.volume_type != wanted.shape.volume_type:
        lines.append(f"type {found.volume_type}, wanted {wanted.shape.volume_type}")
    return lines


def _taken(image: Image, recipe: Recipe, found: t.Iterable[str]) -> str:
    differences = list(found)
    if image.state != "available":
        differences.insert(0, f"it is {image.state}")
    if not is_of_recipe(image, recipe):
        differences.append(_other_origin(image, recipe))
    return (
        f"the name {recipe.name!r} is taken by image {image.image_id} in {image.region}, which differs: "
        f"{'; '.join(differences)}. Choose another name, or deregister that image first"
    )


def _other_origin(image: Image, recipe: Recipe) -> str:
    origin = image.tags.get(SOURCE_TAG)
    doubt = doubt_of_image(image)
    if doubt is not None:
        return doubt
    if origin != recipe.source_tag:
        return f"it was composed of {origin}, not of {recipe.source_tag}"
    return "it was composed by another recipe"
