# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service imagebuilder of an account without recipes, which moto has not (aws_rules §17.1)."""

from __future__ import annotations

import typing as t
import uuid

from emulated_aws import wire

EMPTY: dict[str, dict[str, t.Any]] = {
    "ListImageRecipes": {"imageRecipeSummaryList": []},
    "ListContainerRecipes": {"containerRecipeSummaryList": []},
}


def serve(request: wire.Request) -> wire.Answer:
    """Answer one call of the service."""
    if request.action not in EMPTY:
        words = f"{request.action} is not emulated."
        return wire.error("imagebuilder", code="InvalidRequestException", message=words, status=400)
    return wire.render_answer(request, {"requestId": str(uuid.uuid4()), **EMPTY[request.action]})
