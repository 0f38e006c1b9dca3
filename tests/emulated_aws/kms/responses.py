# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer KMS calls: a gate that finds the key and judges the call, before moto or we act on it."""

from __future__ import annotations

import base64
import json
import re
import typing as t

from moto.core.utils import get_service_model
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import RESERVED_ALIASES, decrypt, encrypt

from emulated_aws import ec2, policy
from emulated_aws.identity import current_caller, identities
from emulated_aws.kms import grants, keys, sharing
from emulated_aws.kms.access import refusal
from emulated_aws.kms.backend import KeyStore
from emulated_aws.kms.errors import KmsError, access_denied, invalid_state, not_found
from emulated_aws.kms.model import EmulatedGrant, EmulatedKey

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
ENCRYPTION = {"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"}
TAKES_ALIAS = CRYPTOGRAPHY | {"DescribeKey"}
CROSS_ACCOUNT = TAKES_ALIAS | {"CreateGrant", "ListGrants", "RevokeGrant", "RetireGrant", "GetKeyRotationStatus"}
BY_CIPHERTEXT = {"Decrypt": "KeyId", "ReEncrypt": "SourceKeyId"}
SPEAKING_OF = {"ReEncrypt": "ReEncryptTo"}
OWNERS = ("SELF", "OTHER_ACCOUNTS_VIA_RAM")
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
    source: EmulatedKey

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
        answer = super().call_action()
        if self._get_action() in CRYPTOGRAPHY - {"GetPublicKey"}:
            self.key.used(self._get_action())
        return answer

    def _gate(self, action: str) -> None:
        if action not in get_service_model("kms").operation_names:
            raise KmsError("UnknownOperationException", "")
        self._require_json()
        self._require_parameters(action)
        if action.endswith("Alias") and str(self._get_param("AliasName")).startswith("alias/aws/"):
            raise KmsError("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved for AWS.")
        if action in WITHOUT_KEY:
            return self._gate_account(action)
        if action in BY_CIPHERTEXT:
            self.source = self._open_source(action)
        if action == "Decrypt":
            self.key = self.source
        else:
            self.key = self._locate(action, self._get_param(KEY_PARAMETER.get(action, "KeyId")))
            self._admit(self.key, SPEAKING_OF.get(action, action))
        if action == "CreateGrant":
            grants.check(json.loads(self.body))
        self._stop_if_dry_run(action)
        self._hand_over(KEY_PARAMETER.get(action, "KeyId"))

    def _admit(self, key: EmulatedKey, action: str) -> None:
        """Let the action on the key pass, by everything that KMS looks at."""
        sentence = refusal(current_caller(), f"kms:{action}", key, self._context(action), self._tokens())
        if sentence:
            raise access_denied(sentence)
        self._require_state(key, self._get_action())

    def _tokens(self) -> list[str]:
        return self._get_param("GrantTokens") or []

    def _stop_if_dry_run(self, action: str) -> None:
        """End a dry run that would succeed, which AWS says by an error (KMS guide, "Testing your permissions")."""
        shape = get_service_model("kms").operation_model(action).input_shape
        if self._get_param("DryRun") and "DryRun" in shape.members:
            words = "The request would have succeeded, but the DryRun option is set."
            raise KmsError("DryRunOperationException", words)

    def _open_source(self, action: str) -> EmulatedKey:
        """Return the key that a ciphertext is under; a dry run may do without the ciphertext."""
        name, modifiers = BY_CIPHERTEXT[action], self._get_param("DryRunModifiers") or []
        without = "IGNORE_CIPHERTEXT" in modifiers
        if modifiers and not self._get_param("DryRun"):
            raise KmsError("ValidationException", "DryRunModifiers needs DryRun.")
        needed = name if without else "CiphertextBlob"
        if self._get_param(needed) is None:
            raise _null(needed)
        found = None if without else self._key_of_ciphertext()
        key = self._locate(action, self._get_param(name)) if self._get_param(name) else t.cast(EmulatedKey, found)
        self._admit(key, "Decrypt" if action == "Decrypt" else "ReEncryptFrom")
        if found is not None and found.id != key.id:
            raise KmsError(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        return key

    def _key_of_ciphertext(self) -> EmulatedKey:
        try:
            key_id = self._get_param("CiphertextBlob")[:36].decode()
        except ValueError:
            raise KmsError("InvalidCiphertextException", "") from None
        stores = [
            keys.store(account, self.region) for account in list(kms_backends) if self.region in kms_backends[account]
        ]
        found = [one.keys[key_id] for one in stores if key_id in one.keys]
        if not found:
            words = "The ciphertext refers to a customer master key that does not exist, does not exist in this region"
            raise access_denied(f"{words}, or you are not allowed to access.")
        return found[0]

    def _gate_account(self, action: str) -> None:
        keys.store(self.current_account, self.region)
        caller = current_caller()
        question = policy.Question(caller.arn, f"kms:{action}", "*", self._context(action))
        if identities.verdict(caller, question) != "allow":
            reason = f"because no identity-based policy allows the kms:{action} action"
            raise access_denied(f"User: {caller.arn} is not authorized to perform: kms:{action} {reason}")

    def _context(self, action: str) -> dict[str, t.Any]:
        side = {"ReEncryptFrom": "SourceEncryptionContext", "ReEncryptTo": "DestinationEncryptionContext"}
        found: dict[str, t.Any] = {"aws:requestedregion": self.region}
        given = self._get_param(side.get(action, "EncryptionContext")) or {}
        found |= {f"kms:encryptioncontext:{key}".lower(): value for key, value in given.items()}
        found["kms:encryptioncontext"] = given
        if action == "CreateGrant":
            asked = {"kms:granteeprincipal": "GranteePrincipal", "kms:retiringprincipal": "RetiringPrincipal"}
            asked["kms:grantoperations"] = "Operations"
            found |= {key: self._get_param(name) for key, name in asked.items() if self._get_param(name)}
        return found

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
                raise _null(name)

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

    def _require_state(self, key: EmulatedKey, action: str) -> None:
        state = key.key_state
        if action == "CancelKeyDeletion" and state != "PendingDeletion":
            raise KmsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        if action in NEEDS_ENABLED and state != "Enabled":
            raise invalid_state(key.arn, state)
        if action in NOT_WHILE_DYING and state not in ("Enabled", "Disabled"):
            raise invalid_state(key.arn, state)
        if action in ENCRYPTION and key.key_usage != "ENCRYPT_DECRYPT":
            raise KmsError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage}.")

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
        if self._get_param("PolicyName") == "AWS_RAM":
            raise KmsError("ValidationException", "The AWS_RAM policy can only be managed by the RAM service.")
        self.key.policy = _valid_policy(self._get_param("Policy"))
        return "{}"

    def create_key(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""
        if self._get_param("Policy") is not None:
            _valid_policy(self._get_param("Policy"))
        return super().create_key()

    def create_grant(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html"""
        grant = self.keys.add_grant(self.key, json.loads(self.body), issuer=current_caller().account)
        return json.dumps({"GrantId": grant.id, "GrantToken": grant.token})

    def revoke_grant(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html"""
        grant_id = self._get_param("GrantId")
        if grant_id not in self.key.grants:
            raise not_found(f"Grant ID {grant_id} not found")
        self.key.end_grant(self.key.grants[grant_id])
        return "{}"

    def retire_grant(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html"""
        key, grant = self._grant_to_retire()
        grants.check_retirer(current_caller(), grant)
        self._stop_if_dry_run("RetireGrant")
        key.end_grant(grant)
        return "{}"

    def _grant_to_retire(self) -> tuple[EmulatedKey, EmulatedGrant]:
        token, key_arn, grant_id = (self._get_param(name) for name in ("GrantToken", "KeyId", "GrantId"))
        if token:
            stores = [keys.store(account, self.region) for account in list(kms_backends)]
            for key in (one for store in stores for one in store.keys.values()):
                for grant in key.grants.values():
                    if grant.token == token:
                        return key, grant
            raise KmsError("InvalidGrantTokenException", "The grant token is not valid.")
        if not key_arn or not grant_id:
            raise KmsError("ValidationException", "Specify a grant token, or a key ARN and a grant ID.")
        key = self._locate("RetireGrant", key_arn)
        if grant_id not in key.grants:
            raise KmsError("InvalidGrantIdException", f"Grant ID {grant_id} not found")
        return key, key.grants[grant_id]

    def re_encrypt(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html"""
        blob = self._get_param("CiphertextBlob")
        before, after = (self._context(side)["kms:encryptioncontext"] for side in ("ReEncryptFrom", "ReEncryptTo"))
        plaintext, _key_id = decrypt({self.source.id: self.source}, blob, before)
        again = encrypt({self.key.id: self.key}, self.key.id, plaintext, after)
        self.source.used("ReEncrypt")
        answer = {"CiphertextBlob": base64.b64encode(again).decode(), "KeyId": self.key.arn}
        return json.dumps(answer | {"SourceKeyId": self.source.arn})

    def get_key_last_usage(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html"""
        last = self.key.last_use
        shown = {"Operation": last.operation, "Timestamp": last.at, "CloudTrailEventId": last.event} if last else {}
        dates = {"TrackingStartDate": self.key.creation_date, "KeyCreationDate": self.key.creation_date}
        return json.dumps({"KeyId": self.key.id, "KeyLastUsage": shown} | dates)

    def get_key_policy(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html"""
        name = self._get_param("PolicyName") or "default"
        found = {"default": self.key.policy, "AWS_RAM": sharing.policy_text(self.key)}.get(name)
        if found is None:
            raise not_found(f"No such policy exists: {name}")
        return json.dumps({"Policy": found, "PolicyName": name})

    def list_key_policies(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html"""
        return self._page("PolicyNames", ["default", *(["AWS_RAM"] if sharing.policy_text(self.key) else [])])

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
        owners = sorted(self._get_param("ResourceOwners") or ["SELF"])
        if not set(owners) <= set(OWNERS):
            raise KmsError("ValidationException", f"ResourceOwners are {' and '.join(OWNERS)}.")
        found = list(self.keys.list_keys()) if "SELF" in owners else []
        if "OTHER_ACCOUNTS_VIA_RAM" in owners:
            found += self._shared_keys()
        return self._page("Keys", [{"KeyId": key.id, "KeyArn": key.arn} for key in found], of="+".join(owners))

    def _shared_keys(self) -> list[EmulatedKey]:
        others = [keys.store(account, self.region) for account in list(kms_backends) if account != self.current_account]
        return [key for one in others for key in one.keys.values() if sharing.listed_for(key, self.current_account)]

    def list_grants(self) -> str:
        """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html"""
        found = self.keys.list_grants(key_id=self.key.id, grant_id=self._get_param("GrantId"))
        grantee = self._get_param("GranteePrincipal")
        shown = [grant.to_json() for grant in found if grantee in (None, grant.grantee_principal)]
        return self._page("Grants", shown)

    def _page(self, member: str, items: t.Sequence[t.Any], *, of: str = "") -> str:
        """Return one page; a marker serves only the list that it came from, which ``of`` names."""
        limit, marker = int(self._get_param("Limit", 50)), self._get_param("Marker")
        if marker is not None and marker.startswith(prefix := f"{of}:" if of else ""):
            marker = marker.removeprefix(prefix)
        if not 1 <= limit <= 1000 or (marker is not None and not re.fullmatch(r"\d+", marker)):
            code = "InvalidMarkerException" if marker is not None else "ValidationException"
            raise KmsError(code, "Limit must be between 1 and 1000, and Marker one that KMS returned")
        start = int(marker or 0)
        page = {member: items[start : start + limit], "Truncated": start + limit < len(items)}
        if page["Truncated"]:
            page["NextMarker"] = f"{of}:{start + limit}" if of else str(start + limit)
        return json.dumps(page)


def _valid_policy(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not policy.statements(document):
        raise KmsError("MalformedPolicyDocumentException", "The policy document is not a JSON object with statements.")
    for statement in policy.statements(document):
        named = statement.get("Principal")
        names = policy.as_list(named.get("AWS")) if isinstance(named, dict) else policy.as_list(named)
        if not all(name == "*" or grants.valid_principal(name) for name in names):
            raise KmsError(
                "MalformedPolicyDocumentException",
                "Policy contains a statement with one or more invalid principals.",
            )
    return text


def _null(name: str) -> KmsError:
    return KmsError(
        "ValidationException",
        f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
        "Member must not be null",
    )
