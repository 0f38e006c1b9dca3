# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CreateGrant takes, and who may retire a grant (aws_rules §14.3)."""

from __future__ import annotations

import re
import typing as t

from moto.core.utils import get_service_model

from emulated_aws.identity import Caller, identities
from emulated_aws.kms.errors import KmsError, access_denied
from emulated_aws.kms.model import EmulatedGrant
from emulated_aws.settings import settings

NAME = re.compile(r"[a-zA-Z0-9:/_-]{1,256}")
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/.+)|\d{12}")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


def check(wanted: t.Mapping[str, t.Any]) -> None:
    """Raise KMS's error for a grant that cannot be."""
    name = wanted.get("Name")
    if name is not None and NAME.fullmatch(name) is None:
        raise _invalid(name, "name", f"Member must satisfy regular expression pattern: ^{NAME.pattern}$")
    _check_grantee(wanted)
    allowed: list[str] = t.cast(t.Any, get_service_model("kms").shape_for("GrantOperation")).enum
    for operation in wanted["Operations"]:
        if operation not in allowed:
            raise _invalid(operation, "operations", f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _check_grantee(wanted: t.Mapping[str, t.Any]) -> None:
    grantee, service = wanted.get("GranteePrincipal"), wanted.get("GranteeServicePrincipal")
    if bool(grantee) == bool(service):
        raise KmsError("ValidationException", "Specify exactly one of GranteePrincipal and GranteeServicePrincipal.")
    if service and not (wanted.get("Constraints", {}).get("SourceArn") and wanted.get("RetiringPrincipal")):
        raise KmsError("ValidationException", "A service principal needs a SourceArn and a retiring principal.")
    if service and SERVICE.fullmatch(service) is None:
        raise KmsError("ValidationException", f"{service} is no service principal.")
    for principal in (grantee, wanted.get("RetiringPrincipal")):
        if principal and SERVICE.fullmatch(principal) is None and not valid_principal(principal):
            raise KmsError("InvalidArnException", "ARN does not refer to a valid principal")


def valid_principal(principal: str) -> bool:
    """Tell whether the ARN names an account or somebody who exists."""
    if PRINCIPAL.fullmatch(principal) is None:
        return False
    return not settings.key_policy_checks_principals or identities.exists(principal)


def check_retirer(caller: Caller, grant: EmulatedGrant) -> None:
    """Raise AccessDeniedException for whoever is neither retiring principal, nor grantee for that, nor the issuer."""
    names = {caller.arn, caller.policy_arn, f"arn:aws:iam::{caller.account}:root"}
    by_grant = grant.grantee_principal in names and "RetireGrant" in grant.operations
    issuer = grant.issuing_account == f"arn:aws:iam::{caller.account}:root"
    if grant.retiring_principal not in names and not by_grant and not issuer:
        raise access_denied(f"User: {caller.arn} is not authorized to perform: kms:RetireGrant on this resource")


def _invalid(value: str, member: str, constraint: str) -> KmsError:
    words = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return KmsError("ValidationException", words)
