# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client tokens: the same request twice has one effect."""

from __future__ import annotations

import json

from emulated_aws.ec2 import errors
from emulated_aws.ec2.request import Call
from emulated_aws.settings import settings

NOT_COMPARED = ("ClientToken", "DryRun")


def known(call: Call, longest: int = 128) -> str | None:
    """Return the id that the same request with the same token made before, or raise IdempotentParameterMismatch."""
    token = call.get("ClientToken")
    if not token:
        return None
    if len(token) > longest or not token.isascii():
        raise errors.AwsError(
            "InvalidClientToken", f"The client token is not valid: at most {longest} ASCII characters"
        )
    before = call.region.tokens.get((call.action, token))
    if before is None or (_gone(call, before[1]) and not settings.token_outlives_image):
        return None
    if before[0] != _fingerprint(call):
        raise errors.idempotent_mismatch()
    return before[1]


def remember(call: Call, made: str) -> None:
    """Note what the request with this token made."""
    if call.get("ClientToken"):
        call.region.tokens[call.action, call.get("ClientToken")] = (_fingerprint(call), made)


def _fingerprint(call: Call) -> str:
    compared = {name: value for name, value in call.params.items() if name not in NOT_COMPARED}
    return json.dumps(compared, sort_keys=True, default=str)


def _gone(call: Call, made: str) -> bool:
    return not any(made in kept for kept in (call.region.amis, call.region.volumes, call.region.reservations))
