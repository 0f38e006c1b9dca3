# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which grants of a KMS key may be revoked, and why. No AWS, no Ansible."""

from __future__ import annotations

from ..key_grants import Grant, Terms
from .kinds import MayRevokeGrant


def grant_is_ours(grant: Grant, key_arn: str, *, purpose: str, wanted: Terms, account: str) -> MayRevokeGrant | None:
    """Return the proof that the caller's account made the grant for this request, under the name that we give.

    Whoever may make grants may give them our name, so all that AWS shows has to agree: for whom, what, how bound,
    retired by whom, and the account that issued it. AWS shows no more of who made it.
    """
    if not account or grant.issuer != account or not grant.is_named_for(purpose, wanted):
        return None
    return MayRevokeGrant(grant.grant_id, f"account {account} made it for this request, as {grant.name}", key_arn)


def grant_named(grant: Grant, key_arn: str, *, grant_id: str | None) -> MayRevokeGrant | None:
    """Return the proof that the task itself names the grant by its id, which AWS gives to one grant alone."""
    if not grant_id or grant.grant_id != grant_id:
        return None
    return MayRevokeGrant(grant.grant_id, "grant_id names it", key_arn)
