# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What a composed image keeps of its source beside the content, and what it loses. No AWS, no Ansible.

RegisterImage knows no source: it takes neither watermarks nor instance types along. CreateImage takes the watermarks
(aws_rules §16).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import Attributes
from ..marks import Carried, own_watermarks
from ..model import Image
from .facts import ComposeFacts
from .method import INSTANCE, foreign_watermarks
from .request import ComposeRequest


def kept_attributes(request: ComposeRequest, facts: ComposeFacts) -> Attributes:
    """Return the attributes asked for, with the source's watermarks that can be attached again, and its instance types.

    An instance has neither.
    """
    asked, source = request.attributes, facts.source
    if request.instance_id is not None:
        return asked
    types = asked.instance_type_specification
    return dataclasses.replace(
        asked,
        watermarks=tuple(dict.fromkeys((*own_watermarks(source.watermarks, facts.account), *asked.watermarks))),
        instance_type_specification=types if types is not None else source.instance_types or None,
    )


def carried(facts: ComposeFacts) -> Carried:
    """Return what the call that makes the image brings along."""
    return Carried(facts.account, facts.source.watermarks if facts.method.name == INSTANCE else ())


def lost_watermarks(request: ComposeRequest, facts: ComposeFacts, image: Image) -> tuple[str, ...]:
    """Return the watermarks of the source that the image does not have and this account cannot attach."""
    if request.instance_id is not None:
        return ()
    return tuple(key for key in foreign_watermarks(facts.source, facts.account) if key not in image.watermarks)


def lost_warning(request: ComposeRequest, facts: ComposeFacts, image: Image) -> tuple[str, ...]:
    """Say which watermarks the image lacks and how to keep them."""
    lost = lost_watermarks(request, facts, image)
    if not lost:
        return ()
    source = facts.source
    how = "use method=instance and another name"
    if source.region != request.region:
        how = f"copy it to {request.region} with sealed.ami.ec2_ami_encrypted_copy first, and compose from the copy"
    return (
        f"image {image.image_id or image.name} does not have the watermarks {', '.join(lost)} of its source "
        f"{source.image_id} in {source.region}: registering an image takes none along, and no account attaches those "
        f"of another one. To keep them, {how}",
    )


def lost_details(request: ComposeRequest, facts: ComposeFacts, image: Image) -> dict[str, t.Any]:
    """Return what the result says of it."""
    lost = lost_watermarks(request, facts, image)
    return {"lost": [f"watermark {key}" for key in lost]} if lost else {}
