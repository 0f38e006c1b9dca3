# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read who may launch images and use their keys; whatever AWS does not answer is not known."""

from __future__ import annotations

import typing as t

from ..._aws import attributes as aws
from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.grants import list_grants
from ..._aws.keys import key_policy
from ..._image.audit.key_use import KeyAccess, KeyGrant
from ..._image.audit.launchable import Account, Opening
from ..._image.audit.model import AuditedKey
from ..._image.model import Image
from ..._image.permissions import LaunchPermissions
from ..membership import Membership
from ..parallel import all_of, for_each

T = t.TypeVar("T")
# Each takes a call or three of its own; this many at once hide most of the way there and back.
_AT_ONCE: t.Final = 8


class Openings:
    """What one task reads of who may launch; Organizations is asked once for each account."""

    def __init__(self, connection: Connection, account_ids: t.Sequence[str], region: str) -> None:
        self._connection, self._account_ids = connection, account_ids
        self._membership = Membership(connection, region)

    def accounts(self, opening: Opening) -> tuple[Account, ...]:
        """Return the accounts, with the organizations that they are known to be in if a policy asks for these."""
        asks = any("aws:principalorgid" in str(one.policy).lower() for one in opening.access.values())
        return tuple(Account(one, self._membership.organization_of(one) if asks else None) for one in self._account_ids)

    def read(
        self, region: Region, images: t.Sequence[Image], keys: t.Mapping[str, AuditedKey]
    ) -> tuple[Opening, tuple[str, ...]]:
        """Return what the region shows, and a warning of each kind of question that was not answered."""
        managed = [arn for arn, key in sorted(keys.items()) if key.manager == "CUSTOMER"]
        ids = [image.image_id for image in images]
        permissions: dict[str, LaunchPermissions | str] = all_of(
            for_each(ids, lambda one: _permissions(region, one), workers=_AT_ONCE)
        )
        access = all_of(for_each(managed, lambda arn: _access(region, arn), workers=_AT_ONCE))
        partition = self._connection.partition(region.name)
        unread = {
            "launch permissions of images": [one for one in permissions.values() if isinstance(one, str)],
            "policies of keys": [why for one in access.values() for why in one.unread if "policy" in why],
            "grants of keys": [why for one in access.values() for why in one.unread if "policy" not in why],
        }
        warnings = tuple(
            f"some {what} in {region.name} could not be read, so that who may launch is not known: {found[0]}"
            for what, found in unread.items()
            if found
        )
        return Opening(partition, permissions, access, self._membership.belongs), warnings


def _permissions(region: Region, image_id: str) -> LaunchPermissions | str:
    try:
        return aws.launch_permissions(region, image_id)
    except AwsError as error:
        return str(error)


def _access(region: Region, arn: str) -> KeyAccess:
    """Return who may use the key, as far as AWS says; what it refuses to show is listed as unread."""
    unread: list[str] = []

    def read(ask: t.Callable[[], T]) -> T | None:
        try:
            return ask()
        except AwsError as error:
            unread.append(str(error))
            return None

    policy = read(lambda: key_policy(region, arn))
    ram = read(lambda: key_policy(region, arn, name="AWS_RAM"))
    grants = read(lambda: list_grants(region, arn))
    found = None
    if grants is not None:
        found = tuple(
            KeyGrant(one.terms.grantee, frozenset(one.terms.operations), bool(one.terms.constraints)) for one in grants
        )
    return KeyAccess(policy, ram, found, tuple(dict.fromkeys(unread)))
