# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say who can use a key to start instances: whom its policy, a share or a grant lets in. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..aws_facts import USABLE_KEY_STATES
from .key_policy import Question, Truth, account_of, effect, every, principals_of, some
from .model import AuditedKey

# What EBS does with the key of a snapshot that it reads for somebody, without which nothing starts.
_NEEDED: t.Final = ("CreateGrant", "Decrypt", "DescribeKey")
# What the guides of EC2 and EBS name beside (aws_rules §14.2); whether a launch does without is not documented.
_NAMED: t.Final = ("GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")
_SCALING: t.Final = "role/aws-service-role/autoscaling.amazonaws.com/"
_DEFAULT_ROLE: t.Final = "/AWSServiceRoleForAutoScaling"


@dataclasses.dataclass(frozen=True)
class KeyGrant:
    """A grant on a key; one that is bound to an encryption context may not fit what EBS asks."""

    grantee: str
    operations: frozenset[str]
    is_bound: bool = False


@dataclasses.dataclass(frozen=True)
class KeyAccess:
    """What says who may use a key: None where it could not be read, and ``ram`` is empty where nothing is shared.

    ``unread`` says why.
    """

    policy: t.Any = None
    ram: t.Any = None
    grants: tuple[KeyGrant, ...] | None = None
    unread: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class KeyVerdict:
    """Whether an account, and Auto Scaling for it, can use a key; ``via`` and ``principals`` say how and who.

    ``reasons``, and ``judged`` with each principal that was looked at, are by what they are about, ``instances`` or
    ``autoscaling``.
    """

    arn: str
    instances: Truth
    autoscaling: Truth
    via: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    reasons: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    judged: t.Mapping[str, t.Mapping[str, Truth]] = dataclasses.field(default_factory=dict)

    def about(self, what: str) -> Truth:
        """Return the verdict about ``instances`` or ``autoscaling``."""
        return self.instances if what == "instances" else self.autoscaling

    def of(self, principal: str, what: str) -> Truth:
        """Return the verdict on one principal; one that nothing names is let in as whoever the account lets in is."""
        judged = self.judged.get(what)
        if not judged or principal in judged:
            return judged[principal] if judged else self.about(what)
        default = next((truth for one, truth in judged.items() if one.endswith((":root", _DEFAULT_ROLE))), None)
        if what == "instances":
            return default
        # Another role of Auto Scaling has to be named itself.
        return None if default else default

    def to_entry(self) -> dict[str, t.Any]:
        """Return one entry of ``keys``."""
        return {
            "kms_key_arn": self.arn,
            "instances": self.instances,
            "autoscaling": self.autoscaling,
            "via": list(self.via),
            "principals": list(self.principals),
        }


def scaling_role(account_id: str, partition: str) -> str:
    """Return the service-linked role that Auto Scaling launches as, unless it is told another."""
    return f"arn:{partition}:iam::{account_id}:{_SCALING.rstrip('/')}{_DEFAULT_ROLE}"


def judge_key(key: AuditedKey, access: KeyAccess | None, account_id: str, organization: str | None) -> KeyVerdict:
    """Return what an account can do with a key; ``organization`` is the id of its organization, None if not known."""
    owner = key.arn.split(":")[4]
    if key.manager == "AWS":
        # Its policy lets EBS act for everybody in the account, Auto Scaling too (aws_rules §14.4), and for nobody else.
        why = "" if owner == account_id else "it is an AWS managed key, which no other account can use"
        return _same(key, owner == account_id, why)
    if key.state is not None and key.state not in USABLE_KEY_STATES:
        return _same(key, False, f"it is {key.state}")
    if key.state is None or key.manager is None or access is None:
        return _same(key, None, "it may not be described")
    return _Judging(key, access, account_id, organization).run()


def _same(key: AuditedKey, verdict: Truth, why: str) -> KeyVerdict:
    reasons = {about: f"KMS key {key.arn}: {why}" for about in ("instances", "autoscaling")} if why else {}
    return KeyVerdict(key.arn, verdict, verdict, reasons=reasons)


class _Judging:
    """The judgment of one key for one account."""

    def __init__(self, key: AuditedKey, access: KeyAccess, account_id: str, organization: str | None) -> None:
        parts = key.arn.split(":")
        self._key, self._access, self._account = key.arn, access, account_id
        self._is_own = parts[4] == account_id
        self._root = f"arn:{parts[1]}:iam::{account_id}:root"
        self._role = scaling_role(account_id, parts[1])
        self._context: dict[str, str | None] = {"kms:calleraccount": account_id, "aws:principalaccount": account_id}
        if parts[1] == "aws":
            self._context["kms:viaservice"] = f"ec2.{parts[3]}.amazonaws.com"
        self._organization = organization
        self._via: set[str] = set()

    def run(self) -> KeyVerdict:
        """Judge the account itself, every principal that the key names, and the roles of Auto Scaling."""
        named = principals_of(self._access.policy, self._account) | {
            one.grantee for one in self._access.grants or () if account_of(one.grantee) == self._account
        }
        roles = {self._role, *(one for one in named if f":{_SCALING}" in one)}
        others = {self._root, *(one for one in named if ":role/aws-service-role/" not in one)}
        instances = {one: self._verdict(one) for one in sorted(others)}
        scaling = {one: self._verdict(one) for one in sorted(roles)}
        verdicts = {"instances": some(instances.values()), "autoscaling": some(scaling.values())}
        return KeyVerdict(
            self._key,
            verdicts["instances"],
            verdicts["autoscaling"],
            tuple(sorted(self._via)),
            tuple(sorted(one for one, verdict in {**instances, **scaling}.items() if verdict)),
            {about: self._reason(about, verdict) for about, verdict in verdicts.items() if verdict is not True},
            {"instances": instances, "autoscaling": scaling},
        )

    def _verdict(self, principal: str) -> Truth:
        needed = every(self._may(principal, action) for action in _NEEDED)
        if needed is not True:
            return needed
        return every(self._may(principal, action) for action in _NAMED) or None

    def _may(self, principal: str, action: str) -> Truth:
        question = self._question(principal, action)
        sources = {"key_policy": self._by_policy(question), "grant": self._by_grants(question)}
        self._via |= {name for name, truth in sources.items() if truth}
        denied = None if self._access.policy is None else effect(self._access.policy, "Deny", question)
        return every((some((*sources.values(), self._by_share())), None if denied is None else not denied))

    def _by_policy(self, question: Question) -> Truth:
        if self._access.policy is None:
            return None
        allowed = effect(self._access.policy, "Allow", question)
        # Another account's role needs a policy of its own as well, and that of a service-linked role is AWS's.
        return None if allowed and not question.is_delegated and not self._is_own else allowed

    def _by_grants(self, question: Question) -> Truth:
        if self._access.grants is None:
            return None
        operation = question.action.partition(":")[2]
        given = [one for one in self._access.grants if operation in one.operations]
        own = [not one.is_bound or None for one in given if one.grantee == question.principal]
        # What is granted to an account goes to whom its own policies let in.
        of_account = [one for one in given if one.grantee == self._root and question.principal != self._root]
        return some((*own, *(None for _one in of_account)))

    def _by_share(self) -> Truth:
        """Return whether a resource share lets the account in: not known where there is one that may.

        Whether EBS takes such access, and for which roles, is not documented (aws_rules §14.2b).
        """
        if self._is_own or (self._access.ram is not None and not self._is_shared()):
            return False
        self._via |= {"ram"} if self._access.ram else set()
        return None

    def _is_shared(self) -> bool:
        """Tell whether a share may name the account: it names accounts, and organizations that may have it."""
        names = str(self._access.ram)
        return bool(self._access.ram) and (self._account in names or ":organizations::" in names)

    def _question(self, principal: str, action: str) -> Question:
        context = dict(self._context)
        is_role = f":{_SCALING}" in principal
        if action == "CreateGrant":
            context["kms:grantisforawsresource"] = "true"
        if principal != self._root and ":assumed-role/" not in principal:
            context["aws:principalarn"] = principal
        # Whether a service-linked role counts as a member is not documented (aws_rules §14.2).
        if self._organization is not None and not is_role:
            context["aws:principalorgid"] = self._organization
        return Question(principal, self._account, f"kms:{action}", self._key, context, is_delegated=not is_role)

    def _reason(self, about: str, verdict: Truth) -> str:
        who = f"account {self._account}" if about == "instances" else f"Auto Scaling of account {self._account}"
        if verdict is False:
            return f"KMS key {self._key}: neither its policy nor a grant lets {who} use it"
        if self._access.unread:
            return f"KMS key {self._key}: {'; '.join(self._access.unread)}"
        shared = " or a resource share, which EBS may not take," if self._access.ram else ""
        return f"KMS key {self._key}: its policy{shared} does not tell for certain whether {who} can use it"
