# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the user of kms_key_grant asked for, as values. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..aws_facts import ALIAS_OR_KEY_ARN, KEY_ID
from ..errors import RequestError
from ..key_grants import Constraints, Terms
from ..keys import region_in
from ..options import Options, require_region_name

_TO_LAUNCH: t.Final = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
GRANTABLE: t.Final = (*_TO_LAUNCH, "RetireGrant")
# A grantee can pass on to EBS only what it was granted (aws_rules §14.3), so each has all that EBS does with the key.
OPERATIONS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "copy": ("CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom"),
    "launch": _TO_LAUNCH,
    "autoscaling": _TO_LAUNCH,
}
CONSTRAINTS: t.Final = {
    "encryption_context_equals": "EncryptionContextEquals",
    "encryption_context_subset": "EncryptionContextSubset",
}
_TERMS: t.Final = ("grantee_principal", "purpose", "operations", "constraints", "retiring_principal")
_KEY: t.Final = re.compile(f"{KEY_ID}|{ALIAS_OR_KEY_ARN}")
_PRINCIPAL: t.Final = re.compile(
    r"arn:aws[a-z-]*:(?:iam::\d{12}:(?:root|(?:role|user)/[^\s*?]+)|sts::\d{12}:(?:assumed-role|federated-user)/[^\s*?]+)"
)
_SERVICE_LINKED: t.Final = re.compile(r":role/aws-service-role/(?P<service>[^/]+)/")
_GRANT_ID: t.Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclasses.dataclass(frozen=True)
class GrantRequest:
    """A grant that is to be there or to go; ``terms`` is None only where a ``grant_id`` alone says what is to go."""

    key_id: str
    region: str
    purpose: str = "operations"
    terms: Terms | None = None
    grant_id: str | None = None
    present: bool = True
    wait: bool = True
    wait_timeout: int = 300
    temporary: bool = False

    @property
    def label(self) -> str:
        """Return what the name of the grant says of it: a temporary one is told from one that is there to stay."""
        return f"{self.purpose}-temporary" if self.temporary else self.purpose


def parse_grant_request(options: Options, *, default_region: str | None) -> GrantRequest:
    """Return the request behind the module's options, or say which of them cannot be."""
    key_id, present = options["key_id"], options["state"] == "present"
    if not _KEY.fullmatch(key_id):
        hint = "" if ":" in key_id or "/" in key_id else f"; an alias needs its prefix: alias/{key_id}"
        raise RequestError(f"key_id {key_id!r} is neither a key id, a key ARN, an alias name nor an alias ARN{hint}")
    if options["wait_timeout"] < 1:
        raise RequestError("wait_timeout is in seconds and must be at least 1")
    grant_id = options.get("grant_id")
    if grant_id is not None and options["temporary"]:
        raise RequestError("grant_id says by itself which grant is to go; drop temporary")
    if grant_id is not None and (present or not _GRANT_ID.fullmatch(grant_id)):
        raise RequestError(
            "grant_id says which grant is to go, so it needs state=absent"
            if present
            else f"grant_id {grant_id!r} is not the id of a grant; aws kms list-grants shows it as GrantId"
        )
    return GrantRequest(
        key_id=key_id,
        region=_region_of(key_id, default_region),
        purpose=options.get("purpose") or "operations",
        terms=_parse_terms(options, required=grant_id is None),
        grant_id=grant_id,
        present=present,
        wait=options["wait"],
        wait_timeout=options["wait_timeout"],
        temporary=options["temporary"],
    )


def account_of(arn: str) -> str:
    """Return the account that an ARN names."""
    return arn.split(":")[4]


def service_linked_to(principal: str) -> str | None:
    """Return the service whose service-linked role the principal is; None for everybody else."""
    found = _SERVICE_LINKED.search(principal)
    return found["service"] if found else None


def _region_of(key_id: str, default: str | None) -> str:
    named = region_in(key_id)
    if named and default and named != default:
        raise RequestError(f"key_id {key_id} is in {named}, but the task's region is {default}; set region: {named}")
    if not named and not default:
        raise RequestError("region is missing; say in which region the key is, or pass its ARN")
    return require_region_name(named or default or "", option="region")


def _parse_terms(options: Options, *, required: bool) -> Terms | None:
    """Return what the grant allows; None where its id says which one is meant."""
    grantee, purpose, operations = (options.get(name) for name in ("grantee_principal", "purpose", "operations"))
    if not required:
        given = [name for name in _TERMS if options.get(name)]
        if given:
            raise RequestError(f"grant_id says by itself which grant is to go; drop {', '.join(given)}")
        return None
    if grantee is None:
        raise RequestError("grantee_principal is missing; say whom the grant is for")
    if (purpose is None) == (operations is None):
        raise RequestError("exactly one of purpose and operations is required: what the grantee may do with the key")
    if operations is not None and not operations:
        raise RequestError("operations is empty; name at least one, or give a purpose")
    for option in ("grantee_principal", "retiring_principal"):
        _require_principal(options.get(option), option=option)
    chosen = OPERATIONS[purpose] if purpose else tuple(sorted(set(operations or ())))
    return Terms(grantee, chosen, _parse_constraints(options.get("constraints")), options.get("retiring_principal"))


def _require_principal(principal: str | None, *, option: str) -> None:
    if principal is not None and not _PRINCIPAL.fullmatch(principal):
        raise RequestError(
            f"{option} {principal!r} is not the ARN of an account, role, user or session, such as "
            "arn:aws:iam::123456789012:role/image-copier; a grant takes no wildcards"
        )


def _parse_constraints(given: Options | None) -> Constraints:
    found: dict[str, t.Mapping[str, str]] = {}
    for option, name in CONSTRAINTS.items():
        context = (given or {}).get(option)
        if context is not None and not context:
            raise RequestError(f"constraints: {option} is empty, which would bind the grant to nothing; leave it out")
        if context:
            found[name] = {str(key): str(value) for key, value in context.items()}
    return found
