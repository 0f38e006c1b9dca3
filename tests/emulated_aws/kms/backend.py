# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of one account in one region."""

from __future__ import annotations

import types
import typing as t

from moto.kms import urls
from moto.kms.models import KmsBackend, kms_backends
from moto.kms.utils import RESERVED_ALIASES

from emulated_aws.clock import clock
from emulated_aws.kms.errors import KmsError
from emulated_aws.kms.model import EmulatedAlias, EmulatedGrant, EmulatedKey, aws_managed_policy, days_from_now
from emulated_aws.settings import settings


class KeyStore(KmsBackend):
    """moto's store, with our keys in it."""

    keys: dict[str, EmulatedKey]  # type: ignore[assignment]  # a narrower value than moto's

    @property
    def _url_module(self) -> types.ModuleType:
        return urls

    def add_key(self, **attributes: t.Any) -> EmulatedKey:
        """Make a key with the attributes of ``EmulatedKey`` and return it."""
        key = EmulatedKey(account_id=self.account_id, region=self.region_name, **attributes)
        self.keys[key.id] = key
        return key

    def create_key(
        self,
        policy: str | None,
        key_usage: str | None,
        key_spec: str | None,
        description: str | None,
        tags: list[dict[str, str]] | None,
        multi_region: bool | None = False,
        origin: str = "AWS_KMS",
    ) -> EmulatedKey:
        """Make a key as CreateKey does."""
        key = self.add_key(
            policy=policy,
            key_usage=key_usage,
            key_spec=key_spec or "SYMMETRIC_DEFAULT",
            description=description or "",
            multi_region=bool(multi_region),
            origin=origin,
        )
        if tags:
            self.tagger.tag_resource(key.id, tags)
        return key

    def bury(self) -> None:
        """Remove the keys whose waiting period is over in virtual time."""
        for key in list(self.keys.values()):
            if key.deletes_at is not None and key.deletes_at <= clock.now():
                self.delete_key(key.id)

    def _generate_default_keys(self, alias_name: str) -> str | None:
        if alias_name not in RESERVED_ALIASES:
            return None
        service = alias_name.removeprefix("alias/aws/")
        key = self.add_key(
            description=f"Default key that protects my {service.upper()} data when no other key is defined",
            policy=aws_managed_policy(self.account_id, self.region_name),
            key_manager="AWS",
        )
        self.create_alias(key.id, alias_name)
        return key.id

    def create_alias(self, target_key_id: str, alias_name: str) -> EmulatedAlias:
        """Point a new alias at the key."""
        key = self.keys[self.get_key_id(target_key_id)]
        key.aliases[alias_name] = EmulatedAlias(alias_name, key)
        return key.aliases[alias_name]

    def update_alias(self, target_key_id: str, alias_name: str) -> EmulatedAlias:
        """Point the alias at another key."""
        alias = t.cast(EmulatedAlias, super().update_alias(target_key_id, alias_name))
        alias.updated = clock.now()
        return alias

    def describe_key(self, key_id: str) -> EmulatedKey:
        """Return the key behind any of the four forms; it must exist."""
        return self.keys[self.any_id_to_key_id(key_id)]

    def disable_key(self, key_id: str) -> None:
        """Switch the key off."""
        self.keys[self.get_key_id(key_id)].set_state("Disabled")

    def enable_key(self, key_id: str) -> None:
        """Switch the key on."""
        self.keys[self.get_key_id(key_id)].set_state("Enabled")

    def schedule_key_deletion(self, key_id: str, pending_window_in_days: int) -> float:
        """Start the waiting period and return its end in virtual time."""
        if not 7 <= pending_window_in_days <= 30:
            raise KmsError("ValidationException", "PendingWindowInDays must be between 7 and 30")
        key = self.keys[self.get_key_id(key_id)]
        ends = days_from_now(pending_window_in_days)
        if len(self.relatives(key)) > 1 and key.region == key.primary_region:
            key.set_state("PendingReplicaDeletion")  # The waiting period starts when the last replica is gone.
        else:
            key.set_state("PendingDeletion")
            key.deletes_at = ends
        return ends

    def cancel_key_deletion(self, key_id: str) -> None:
        """End the waiting period; the key is left disabled."""
        key = self.keys[self.get_key_id(key_id)]
        key.set_state("Disabled")
        key.deletes_at = None

    def relatives(self, key: EmulatedKey) -> list[EmulatedKey]:
        """Return every region's instance of a multi-Region key, this one included."""
        stores = list(kms_backends[self.account_id].values())
        return [store.keys[key.id] for store in stores if key.id in store.keys]  # type: ignore[misc]  # ours, after install()

    def add_replica(
        self, key: EmulatedKey, region: str, *, policy: str | None = None, description: str | None = None
    ) -> EmulatedKey:
        """Make the replica of a multi-Region primary key in the region."""
        if not key.multi_region or key.region != key.primary_region:
            raise KmsError("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
        store = t.cast(KeyStore, kms_backends[self.account_id][region])
        if key.id in store.keys:
            raise KmsError("AlreadyExistsException", f"{store.keys[key.id].arn} already exists.")
        store.keys[key.id] = key.replica(region, policy=policy, description=description)
        return store.keys[key.id]

    def add_grant(self, key: EmulatedKey, wanted: t.Mapping[str, t.Any], *, issuer: str) -> EmulatedGrant:
        """Make a grant, or return the one that a retry with the same name asked for before."""
        fresh = EmulatedGrant(key, wanted, issuer=issuer)
        for grant in key.grants.values():
            if fresh.name and grant.terms() == fresh.terms():
                return grant
        if len(key.grants) >= settings.grants_per_key:
            raise KmsError("LimitExceededException", f"{key.arn} has {len(key.grants)} grants, which is the most.")
        key.grants[fresh.id] = fresh
        return fresh
