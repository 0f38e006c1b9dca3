# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a KMS key, its aliases and its grants are. Nothing in this file judges who may use them."""

from __future__ import annotations

import datetime
import functools
import json
import typing as t
import uuid

from moto.kms.models import Alias, Grant, Key
from moto.kms.utils import AbstractPrivateKey, generate_key_id, generate_master_key, generate_private_key

from emulated_aws.clock import clock
from emulated_aws.settings import settings

ASYMMETRIC_USAGE = {"RSA": "ENCRYPT_DECRYPT", "ECC": "SIGN_VERIFY", "HMAC": "GENERATE_VERIFY_MAC"}


def default_usage(key_spec: str) -> str:
    """Return the usage that goes with a specification when none is given."""
    return ASYMMETRIC_USAGE.get(key_spec.split("_")[0], "ENCRYPT_DECRYPT")


def account_policy(account_id: str) -> str:
    """Return the default key policy: the account's IAM policies decide."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def aws_managed_policy(account_id: str, region: str) -> str:
    """Return the policy of ``alias/aws/ebs``: EBS may use it for anyone in the account, nobody may change it."""
    through_ebs = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"kms:ViaService": f"ec2.{region}.amazonaws.com", "kms:CallerAccount": account_id}
        },
    }
    metadata = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "auto-ebs-2", "Statement": [through_ebs, metadata]})


class KeyUsage(t.NamedTuple):
    """The last successful cryptographic operation of a key."""

    operation: str
    at: float
    event: str


class EmulatedKey(Key):
    """A key whose private part is made only when something needs it, as most of ours are never used to sign."""

    def __init__(
        self,
        *,
        account_id: str,
        region: str,
        key_spec: str = "SYMMETRIC_DEFAULT",
        key_usage: str | None = None,
        description: str = "",
        policy: str | None = None,
        key_id: str | None = None,
        multi_region: bool = False,
        origin: str = "AWS_KMS",
        key_manager: str = "CUSTOMER",
    ):
        self.id = key_id or generate_key_id(multi_region)
        self.account_id, self.region = account_id, region
        self.arn = f"arn:aws:kms:{region}:{account_id}:key/{self.id}"
        self.creation_date = clock.now()
        self.policy = policy or account_policy(account_id)
        self.key_spec, self.key_usage = key_spec, key_usage or default_usage(key_spec)
        self.description, self.origin, self.key_manager = description, origin, key_manager
        self.multi_region, self.primary_region = multi_region, region
        self.key_material = generate_master_key()
        self.key_rotation_status = False
        self.enabled = origin != "EXTERNAL"
        self.key_state = "Enabled" if self.enabled else "PendingImport"
        self.deletes_at: float | None = None
        self.grants: dict[str, EmulatedGrant] = {}  # type: ignore[assignment]  # narrower than moto's
        self.ended_grants: list[EmulatedGrant] = []
        self.last_use: KeyUsage | None = None
        self.rotations: list[dict[str, t.Any]] = []
        self.aliases: dict[str, EmulatedAlias] = {}  # type: ignore[assignment]  # the same

    @functools.cached_property
    def private_key(self) -> AbstractPrivateKey:  # type: ignore[override]  # moto makes it at once, which is slow
        """Return the key pair of an asymmetric key."""
        return generate_private_key(self.key_spec)

    def grants_in_force(self, tokens: t.Collection[str]) -> list[EmulatedGrant]:
        """Return the grants that count at this moment, those among them that were just revoked."""
        return [grant for grant in (*self.grants.values(), *self.ended_grants) if grant.in_force(tokens)]

    def end_grant(self, grant: EmulatedGrant) -> None:
        """Revoke or retire a grant; it counts until every place in KMS knows."""
        self.grants.pop(grant.id, None)
        grant.ends_at = clock.now() + settings.grant_consistency_seconds
        self.ended_grants.append(grant)

    def used(self, operation: str) -> None:
        """Note the last successful use, for GetKeyLastUsage."""
        self.last_use = KeyUsage(operation, clock.now(), str(uuid.uuid4()))

    def set_state(self, state: str) -> None:
        """Move the key to the state; ``Enabled`` is the only one in which it works."""
        self.key_state, self.enabled = state, state == "Enabled"

    @property
    def works(self) -> bool:
        """Tell whether the key is in a state in which KMS encrypts and decrypts with it."""
        return self.key_state in ("Enabled", "Updating")

    def unusable_for_ebs(self) -> str:
        """Return why EBS cannot encrypt with the key, or nothing."""
        if not self.works:
            return f"{self.arn} is {self.key_state}"
        if self.key_usage != "ENCRYPT_DECRYPT" or self.key_spec != "SYMMETRIC_DEFAULT":
            return f"{self.arn} is not a symmetric encryption key"
        return ""

    def replica(self, region: str, *, policy: str | None, description: str | None) -> EmulatedKey:
        """Return the same multi-Region key in another region: same id and material, own ARN, policy and aliases."""
        twin = EmulatedKey(
            account_id=self.account_id,
            region=region,
            key_spec=self.key_spec,
            key_usage=self.key_usage,
            description=description or "",
            policy=policy,
            key_id=self.id,
            multi_region=True,
        )
        twin.primary_region, twin.key_material, twin.origin = self.primary_region, self.key_material, self.origin
        return twin

    def metadata(self, relatives: t.Sequence[EmulatedKey] = ()) -> dict[str, t.Any]:
        """Return KeyMetadata; ``relatives`` are all regions' instances of a multi-Region key."""
        known = {
            "AWSAccountId": self.account_id,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": self.creation_date,
            "Enabled": self.enabled,
            "Description": self.description,
            "KeyUsage": self.key_usage,
            "KeyState": self.key_state,
            "DeletionDate": self.deletes_at,
            "Origin": self.origin,
            "KeyManager": self.key_manager,
            "CustomerMasterKeySpec": self.key_spec,
            "KeySpec": self.key_spec,
            "EncryptionAlgorithms": self.encryption_algorithms if self.key_usage == "ENCRYPT_DECRYPT" else None,
            "SigningAlgorithms": self.signing_algorithms if self.key_usage == "SIGN_VERIFY" else None,
            "MacAlgorithms": ["HMAC_SHA_256"] if self.key_usage == "GENERATE_VERIFY_MAC" else None,
            "MultiRegion": self.multi_region,
            "MultiRegionConfiguration": self._family(relatives) if self.multi_region else None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _family(self, relatives: t.Sequence[EmulatedKey]) -> dict[str, t.Any]:
        places = [{"Arn": key.arn, "Region": key.region} for key in relatives]
        return {
            "MultiRegionKeyType": "PRIMARY" if self.region == self.primary_region else "REPLICA",
            "PrimaryKey": next((place for place in places if place["Region"] == self.primary_region), {}),
            "ReplicaKeys": [place for place in places if place["Region"] != self.primary_region],
        }

    def to_dict(self) -> dict[str, t.Any]:
        """Return the answer of CreateKey."""
        return {"KeyMetadata": self.metadata([self])}


class EmulatedAlias(Alias):
    """An alias with its dates, in virtual time."""

    def __init__(self, name: str, key: EmulatedKey):
        super().__init__(key.account_id, key.region, name, key)
        self.created = self.updated = clock.now()

    def to_json(self) -> dict[str, t.Any]:
        """Return the alias as ListAliases shows it."""
        return {
            "AliasName": self.alias_name,
            "AliasArn": self.alias_arn,
            "TargetKeyId": self.target_key_id,
            "CreationDate": self.created,
            "LastUpdatedDate": self.updated,
        }


class EmulatedGrant(Grant):
    """A grant that names its key by ARN and takes effect after a while, but at once with its token."""

    def __init__(self, key: EmulatedKey, wanted: t.Mapping[str, t.Any], *, issuer: str | None = None):
        super().__init__(
            key.arn,
            wanted.get("Name", ""),
            wanted.get("GranteePrincipal") or wanted["GranteeServicePrincipal"],
            wanted["Operations"],
            constraints=wanted.get("Constraints"),  # type: ignore[arg-type]  # moto's annotation forgets None
            retiring_principal=wanted.get("RetiringPrincipal"),  # type: ignore[arg-type]  # the same
        )
        self.issuing_account = f"arn:aws:iam::{issuer or key.account_id}:root"
        self.created = clock.now()
        self.effective_at = self.created + settings.grant_consistency_seconds
        self.ends_at: float | None = None

    def terms(self) -> tuple[t.Any, ...]:
        """Return everything that has to be identical for a request of the same name to be a repetition."""
        constraints = json.dumps(self.constraints or {}, sort_keys=True)
        return self.name, self.grantee_principal, sorted(self.operations), constraints, self.retiring_principal

    def in_force(self, tokens: t.Collection[str]) -> bool:
        """Tell whether KMS knows the grant everywhere by now, or is told of it by a token."""
        ended = self.ends_at is not None and clock.now() >= self.ends_at
        return not ended and (clock.now() >= self.effective_at or self.token in tokens)

    def to_json(self) -> dict[str, t.Any]:
        """Return the grant as ListGrants shows it; the token is never shown again."""
        shown = super().to_json() | {"IssuingAccount": self.issuing_account, "CreationDate": self.created}
        return {name: value for name, value in shown.items() if value}


def days_from_now(days: int) -> float:
    """Return the virtual time so many days ahead, in seconds since the epoch."""
    return clock.now() + datetime.timedelta(days=days).total_seconds()
