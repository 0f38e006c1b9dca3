# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read, asked for and decided stays as it is: the plan shown is the plan done."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

from ansible_collections.sealed.ami.plugins.module_utils import _image

# What fills up while a task goes on, and what is put together to be shown.
GROWING = {"_image.outcome", "_image.use", "_image.publish.outcome", "_image.retire.model"}
SHOWN = {"_image.allowed.result", "_image.grant.result", "_image.share.result"}


def test_every_value_of_the_pure_layer_is_frozen() -> None:
    parent = _image.__name__.removesuffix("_image")
    changing = set()
    for found in pkgutil.walk_packages(_image.__path__, _image.__name__ + "."):
        module = importlib.import_module(found.name)
        for one in vars(module).values():
            is_own = isinstance(one, type) and one.__module__ == found.name and dataclasses.is_dataclass(one)
            if is_own and not getattr(one, "__dataclass_params__").frozen:  # noqa: B009
                changing.add(found.name.removeprefix(parent))
    assert changing == GROWING | SHOWN
