# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How existing accounts join and leave an organization, which moto has not: invitations (aws_rules §14.1)."""

from __future__ import annotations

import dataclasses
import json
import secrets
import typing as t

from moto.organizations.exceptions import (
    AWSOrganizationsNotInUseException,
    OrganizationsClientError,
)
from moto.organizations.models import FakeAccount, OrganizationsBackend, organizations_backends
from moto.organizations.responses import OrganizationsResponse

from emulated_aws.ec2 import timing


@dataclasses.dataclass
class Handshake:
    """One invitation of one account."""

    organization: OrganizationsBackend
    account: str
    id: str = dataclasses.field(default_factory=lambda: f"h-{secrets.token_hex(5)}")
    state: str = "OPEN"
    requested_at: float = dataclasses.field(default_factory=timing.now)

    def shown(self) -> str:
        """Return the handshake as the API shows it."""
        management = self.organization.account_id
        organization = self.organization.org.id if self.organization.org else ""
        handshake = {
            "Id": self.id,
            "Arn": f"arn:aws:organizations::{management}:handshake/{organization}/invite/{self.id}",
            "Parties": [{"Id": organization, "Type": "ORGANIZATION"}, {"Id": self.account, "Type": "ACCOUNT"}],
            "State": self.state,
            "RequestedTimestamp": self.requested_at,
            "Action": "INVITE",
        }
        return json.dumps({"Handshake": handshake})


class Answers(OrganizationsResponse):
    """moto's answers, with invitations."""

    def invite_account_to_organization(self) -> str:
        """https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html"""
        backend, account = self.organizations_backend, self._get_param("Target")["Id"]
        if backend.org is None:
            raise AWSOrganizationsNotInUseException
        if any(one.id == account for one in backend.accounts):
            raise _error("HandshakeConstraintViolationException", "The account is a member of the organization.")
        if any(one.account == account and one.state == "OPEN" for one in _handshakes(backend)):
            raise _error("DuplicateHandshakeException", "There is an open invitation of the account.")
        made = Handshake(backend, account)
        _handshakes(backend).append(made)
        return made.shown()

    def accept_handshake(self) -> str:
        """https://docs.aws.amazon.com/organizations/latest/APIReference/API_AcceptHandshake.html"""
        found = self._handshake()
        if self.current_account in organizations_backends.master_accounts or self.organizations_backend.org:
            raise _error("HandshakeConstraintViolationException", "The account is a member of an organization.")
        found.state = "ACCEPTED"
        _enter(found.organization, found.account)
        return found.shown()

    def _handshake(self) -> Handshake:
        wanted = self._get_param("HandshakeId")
        for backends in list(organizations_backends.values()):
            for one in _handshakes(backends[self.partition]):
                if (one.id, one.account) == (wanted, self.current_account):
                    return one
        raise _error("HandshakeNotFoundException", "We can't find a handshake with the HandshakeId.")

    def leave_organization(self) -> str:
        """https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html"""
        if self.organizations_backend.org:
            raise _error("MasterCannotLeaveOrganizationException", "The management account cannot leave.")
        if self.current_account not in organizations_backends.master_accounts:
            raise AWSOrganizationsNotInUseException
        management, partition = organizations_backends.master_accounts[self.current_account]
        organizations_backends[management][partition].remove_account_from_organization(AccountId=self.current_account)
        return "{}"


def _handshakes(backend: OrganizationsBackend) -> list[Handshake]:
    return t.cast(list[Handshake], vars(backend).setdefault("handshakes", []))


def _enter(backend: OrganizationsBackend, account_id: str) -> None:
    """Make the account a member, at the root."""
    assert backend.org is not None
    account = FakeAccount(backend.org, AccountName=account_id, Email=f"{account_id}@example.com")
    account.id, account.joined_method = account_id, "INVITED"
    backend.accounts.append(account)
    organizations_backends.master_accounts[account_id] = (backend.account_id, backend.partition)


def _error(code: str, message: str) -> OrganizationsClientError:
    return OrganizationsClientError(code, message)


def install() -> None:
    """Put our answers in the place of moto's."""
    from moto.organizations import urls

    urls.url_paths = {"{0}/$": Answers.dispatch}
