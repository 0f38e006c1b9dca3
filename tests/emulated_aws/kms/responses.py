# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer KMS calls: a gate that finds the key and judges the call, before moto or we act on it."""

from __future__ import annotations

import json
import re
import typing as t

from moto.core.utils import get_service_model
from moto.kms.responses import KmsResponse
from moto.kms.utils import RESERVED_ALIASES

from emulated_aws import ec2, policy
from emulated_aws.identity import current_caller, identities
from emulated_aws.kms import keys
from emulated_aws.kms.access import refusal
from emulated_aws.kms.backend import KeyStore
from emulated_aws.kms.errors import KmsError, access_denied, invalid_state, not_found
from emulated_aws.kms.model import EmulatedKey

# "Key states of AWS KMS keys" in the KMS developer guide.
CRYPTOGRAPHY = {
    "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "Sign", "Verify",
    "GenerateMac", "VerifyMac", "GetPublicKey",
}  # fmt: skip
NEEDS_ENABLED = CRYPTOGRAPHY - {"GetPublicKey"} | {
    "CreateGrant",
    "ReplicateKey",
    "EnableKeyRotation",
    "DisableKeyRotation",
}
NOT_WHILE_DYING = NEEDS_ENABLED | {
    "CreateAlias", "UpdateAlias", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "TagResource", "UntagResource",
    "UpdateKeyDescription", "GetPublicKey",
}  # fmt: skip
TAKES_ALIAS = CRYPTOGRAPHY | {"DescribeKey"}
CROSS_ACCOUNT = TAKES_ALIAS | {"CreateGrant", "ListGrants", "RevokeGrant", "RetireGrant", "GetKeyRotationStatus"}
KEY_PARAMETER = {"CreateAlias": "TargetKeyId", "UpdateAlias": "TargetKeyId", "ReEncrypt": "DestinationKeyId"}
WITHOUT_KEY = {
    "CreateKey",
    "ListKeys",
    "ListAliases",
    "GenerateRandom",
    "ListRetirableGrants",
    "DeleteAlias",
    "RetireGrant",
}
MISSING = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


class KmsAnswers(KmsResponse):
    """moto's answers behind our gate, and our own where moto's differ from AWS."""

    key: EmulatedKey

    def call_action(self) -> t.Any:
        """Judge the call, then let the method of its name answer."""
        ec2.settle()  # What was due by now found the keys as they were.
        try:
            self._gate(self._get_action())
        except KmsError as error:
            return (
                error.code,
                {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": error.error_type},
                error.description,
            )
        return super().call_action()

    def _gate(self, action: str) -> None:
        if action not in get_service_model("kms").operation_names:
            raise KmsError("UnknownOperationException", "")
        self._require_json()
        self._require_parameters(action)
        if action.endswith("Alias") and str(self._get_param("AliasName")).startswith("alias/aws/"):
            raise KmsError("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved for AWS.")
        if action in WITHOUT_KEY or (action == "Decrypt" and self._get_param("KeyId") is None):
            return self._gate_account(action)
        name = KEY_PARAMETER.get(action, "KeyId")
        self.key = self._locate(action, self._get_param(name))
        sentence = refusal(current_caller(), f"kms:{action}", self.key, self._context())
        if sentence:
            raise access_denied(sentence)
        self._require_state(action)
        self._hand_over(name)

    def _gate_account(self, action: str) -> None:
        keys.store(self.current_account, self.region)
        caller = current_caller()
        question = policy.Question(caller.arn, f"kms:{action}", "*", self._context())
        if identities.verdict(caller, question) != "allow":
            reason = f"because no identity-based policy allows the kms:{action} action"
            raise access_denied(f"User: {caller.arn} is not authorized to perform: kms:{action} {reason}")

    def _context(self) -> dict[str, t.Any]:
        """Return the condition keys of the call; those of a grant exist for CreateGrant only (KMS23-conditions-kms)."""
        grant = {"kms:granteeprincipal": "GranteePrincipal", "kms:grantoperations": "Operations"}
        given = {key: self._get_param(name) for key, name in grant.items() if self._get_action() == "CreateGrant"}
        return {"aws:requestedregion": self.region} | {key: value for key, value in given.items() if value}

    def _require_json(self) -> None:
        try:
            parameters = json.loads(self.body)
        except ValueError:
            parameters = None
        if not isinstance(parameters, dict):
            raise KmsError("SerializationException", "The request is not a JSON object.")

    def _require_parameters(self, action: str) -> None:
        shape = get_service_model("kms").operation_model(action).input_shape
        for name in shape.required_members if shape else []:
            if self._get_param(name) is None:
                member = name[0].lower() + name[1:]
                raise KmsError(
                    "ValidationException",
                    f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
                    "Member must not be null",
                )

    def _locate(self, action: str, reference: str) -> EmulatedKey:
        named = keys.ARN.fullmatch(reference)
        if action not in TAKES_ALIAS and (reference.startswith("alias/") or (named and named["kind"] == "alias")):
            raise not_found(f"Invalid keyId '{reference}'")
        foreign = named is not None and named["account"] != self.current_account
        if foreign and action not in CROSS_ACCOUNT:
            raise access_denied(
                f"User: {current_caller().arn} is not authorized to perform: kms:{action} on this resource"
            )
        try:
            return keys.locate(self.current_account, self.region, reference)
        except KmsError as error:
            if foreign and not error.message.startswith("Invalid arn"):
                who = current_caller().arn
                sentence = f"User: {who} is not authorized to perform: kms:{action} on this resource {MISSING}"
                raise access_denied(sentence) from None
            raise

    def _require_state(self, action: str) -> None:
        state = self.key.key_state
        if action == "CancelKeyDeletion" and state != "PendingDeletion":
            raise KmsError("KMSInvalidStateException", f"{self.key.arn} is not pending deletion.")
        if action in NEEDS_ENABLED and state != "Enabled":
            raise invalid_state(self.key.arn, state)
        if action in NOT_WHILE_DYING and state not in ("Enabled", "Disabled"):
            raise invalid_state(self.key.arn, state)
        if action in ("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
            self._require_usage()

    def _require_usage(self) -> None:
        if self.key.key_usage != "ENCRYPT_DECRYPT":
            raise KmsError("InvalidKeyUsageException", f"{self.key.arn} key usage is {self.key.key_usage}.")

    def _hand_over(self, name: str) -> None:
        """Let moto work on the owner's store with the plain key id, as that is all it understands everywhere."""
        self.current_account = self.key.account_id
        self.body = json.dumps(json.loads(self.body) | {name: self.key.id})

    @property
    def keys(self) -> KeyStore:
        """Return the store that the call works on."""
        return keys.store(self.current_account, self.region)

    def describe_key(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html"""
        return json.dumps({"KeyMetadata": self.key.metadata(self.keys.relatives(self.key))})

    def replicate_key(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html"""
        replica = self.keys.add_replica(
            self.key,
            self._get_param("ReplicaRegion"),
            policy=self._get_param("Policy"),
            description=self._get_param("Description"),
        )
        metadata = replica.metadata(self.keys.relatives(replica))
        return json.dumps({"ReplicaKeyMetadata": metadata, "ReplicaPolicy": replica.policy, "ReplicaTags": []})

    def put_key_policy(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"""
        self.key.policy = _valid_policy(self._get_param("Policy"))
        return "{}"

    def create_key(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""
        if self._get_param("Policy") is not None:
            _valid_policy(self._get_param("Policy"))
        return super().create_key()

    def create_grant(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html"""
        if self._get_param("DryRun"):
            raise KmsError(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
                status=412,
            )
        grant = self.keys.add_grant(self.key, json.loads(self.body))
        return json.dumps({"GrantId": grant.id, "GrantToken": grant.token})

    def list_aliases(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html"""
        wanted = self._get_param("KeyId")
        key_id = keys.locate(self.current_account, self.region, wanted).id if wanted else None
        found = {alias.alias_name: alias.to_json() for alias in self.keys.list_aliases(key_id)}  # type: ignore[attr-defined]  # ours
        if key_id is None:
            found = {name: self._unused_alias(name) for name in RESERVED_ALIASES} | found
        return self._page("Aliases", [found[name] for name in sorted(found)])

    def _unused_alias(self, name: str) -> dict[str, str]:
        return {"AliasName": name, "AliasArn": f"arn:aws:kms:{self.region}:{self.current_account}:{name}"}

    def list_keys(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html"""
        return self._page("Keys", [{"KeyId": key.id, "KeyArn": key.arn} for key in self.keys.list_keys()])

    def list_grants(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html"""
        grants = self.keys.list_grants(key_id=self.key.id, grant_id=self._get_param("GrantId"))
        return self._page("Grants", [grant.to_json() for grant in grants])

    def _page(self, member: str, items: t.Sequence[t.Any]) -> str:
        limit, marker = int(self._get_param("Limit", 50)), self._get_param("Marker")
        if not 1 <= limit <= 1000 or (marker is not None and not re.fullmatch(r"\d+", marker)):
            code = "InvalidMarkerException" if marker is not None else "ValidationException"
            raise KmsError(code, "Limit must be between 1 and 1000, and Marker one that KMS returned")
        start = int(marker or 0)
        page = {member: items[start : start + limit], "Truncated": start + limit < len(items)}
        if page["Truncated"]:
            page["NextMarker"] = str(start + limit)
        return json.dumps(page)


def _valid_policy(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not policy.statements(document):
        raise KmsError("MalformedPolicyDocumentException", "The policy document is not a JSON object with statements.")
    return text
