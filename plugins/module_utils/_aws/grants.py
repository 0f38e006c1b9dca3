# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Grants on KMS keys, and whom they are for."""

from __future__ import annotations

import datetime
import typing as t

from .._image.grant.planner import CreateGrant
from .._image.key_grants import Grant, Terms
from .._image.proofs import MayRevokeGrant
from .connection import Region
from .dry_run import succeed_dry
from .errors import AwsError, call, required
from .paging import read_all

_GONE: t.Final = ("NotFoundException", "InvalidGrantIdException")


def list_grants(
    region: Region, key: str, *, grantee: str | None = None, grant_id: str | None = None
) -> tuple[Grant, ...]:
    """Return the grants of a key, of one grantee or of one id where given."""
    wanted = {"GranteePrincipal": grantee, "GrantId": grant_id}
    asked: dict[str, t.Any] = {name: value for name, value in wanted.items() if value}
    try:
        found = read_all(region.kms, "list_grants", f"list the grants of KMS key {key}", KeyId=key, **asked)
    except AwsError as error:
        if grant_id and error.code == "InvalidGrantIdException":
            return ()
        raise
    return tuple(_to_grant(one) for one in found)


def create_grant(region: Region, step: CreateGrant, *, dry_run: bool = False) -> str:
    """Make the grant and return its id; nothing in a dry run.

    It may be repeated: under one name, AWS answers the same request with the same grant (CreateGrant, Name).
    """
    terms = step.terms
    wanted = {
        "KeyId": step.key_arn,
        "Name": step.name,
        "GranteePrincipal": terms.grantee,
        "Operations": sorted(terms.operations),
        "RetiringPrincipal": terms.retiring,
        "Constraints": {name: dict(context) for name, context in terms.constraints.items()},
    }
    asked: dict[str, t.Any] = {name: value for name, value in wanted.items() if value}
    description = f"grant {terms.grantee} the use of KMS key {step.key_arn}"
    if dry_run:
        succeed_dry(description, region.kms.create_grant, **asked)
        return ""
    return str(required(call(description, region.kms.create_grant, **asked), "GrantId", of="the grant"))


def revoke_grant(region: Region, proof: MayRevokeGrant, *, dry_run: bool = False) -> None:
    """Revoke the grant; one that is gone by now is no error."""
    description = f"revoke grant {proof.resource_id} of KMS key {proof.key_arn}"
    asked: dict[str, t.Any] = {"KeyId": proof.key_arn, "GrantId": proof.resource_id}
    try:
        if dry_run:
            succeed_dry(description, region.kms.revoke_grant, **asked)
        else:
            call(description, region.kms.revoke_grant, **asked)
    except AwsError as error:
        if error.code not in _GONE:
            raise


def caller_account(region: Region) -> str:
    """Return the account of the caller, empty where STS is out of reach; credentials that do not hold are an error."""
    try:
        answer = call("ask STS who calls", region.client("sts").get_caller_identity)
    except AwsError as error:
        if not (error.is_denied or error.is_outage):
            raise
        return ""
    return str(answer.get("Account") or "")


def role_exists(region: Region, role_arn: str) -> bool | None:
    """Tell whether a role of the caller's own account exists; None where IAM does not say."""
    name = role_arn.rpartition("/")[2]
    try:
        answer = call(f"look at role {name}", region.client("iam").get_role, RoleName=name)
    except AwsError as error:
        return False if error.code == "NoSuchEntity" else None
    return bool(answer.get("Role", {}).get("Arn") == role_arn)


def _to_grant(entry: t.Mapping[str, t.Any]) -> Grant:
    created: datetime.datetime | None = entry.get("CreationDate")
    constraints = {name: value for name, value in (entry.get("Constraints") or {}).items() if value}
    terms = Terms(
        grantee=str(entry.get("GranteePrincipal") or entry.get("GranteeServicePrincipal") or ""),
        operations=tuple(sorted(entry.get("Operations") or ())),
        constraints=constraints,
        retiring=entry.get("RetiringPrincipal") or entry.get("RetiringServicePrincipal") or None,
    )
    return Grant(
        grant_id=required(entry, "GrantId", of="a grant"),
        name=str(entry.get("Name") or ""),
        terms=terms,
        issuing_account=str(entry.get("IssuingAccount") or ""),
        created=created.timestamp() if created else None,
    )
