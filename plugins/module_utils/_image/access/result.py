# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the answers to calls that were only tried prove, and how they are told. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..key_access import Refusal
from .request import NO_IMAGE, NO_SNAPSHOT, Try

_BY_OWNER: t.Final = (
    "a dry run was denied, as it is until the owner of the key grants it to these credentials: whoever copies tries it "
    "again before the copy"
)
_FOR_SERVICES: t.Final = (
    "a dry run was denied, as it also is where a policy lets AWS services alone make grants "
    "(kms:GrantIsForAWSResource), which is enough"
)

_FOR_EBS: t.Final = (
    "a dry run was denied, and so is kms:DescribeKey, as they are where the policy of a key opens it to EBS alone "
    "(kms:ViaService), which is enough"
)
_UNTRIED: t.Final = "it could not be tried alone, for something else was denied first"
_FOR_ALIASES: t.Final = (
    "a call was denied, without which no later run knows whether what is under an alias is under the right key, and so "
    "each begins again"
)
_DOUBTS: t.Final = (_FOR_SERVICES, _FOR_EBS, _UNTRIED, _FOR_ALIASES)


@dataclasses.dataclass(frozen=True)
class AccessCheck:
    """What is known of one call; ``allowed`` is None where that is nothing."""

    action: str
    region: str
    resource: str
    allowed: bool | None
    reason: str

    def to_entry(self) -> dict[str, t.Any]:
        """Return one entry of ``checks``."""
        return dataclasses.asdict(self)

    @property
    def sentence(self) -> str:
        """Say what is denied, on what, and what to do."""
        on = f" on {self.resource}" if self.resource else ""
        sentence = f"{self.action}{on} in {self.region}: {self.reason.rstrip('.')}. Add {self.action} to the policy"
        if self.resource in (NO_IMAGE, NO_SNAPSHOT):
            sentence += (
                ". It was tried on an id that nothing has, for what it is meant for does not exist yet: a policy that "
                "allows it by tags is right all the same, and does without this check"
            )
        return sentence


def judge_try(one: Try, refusal: Refusal | None, *, is_described: bool = True) -> AccessCheck:
    """Return what the answer to a call tells: only a denial denies, and only success proves.

    ``is_described`` tells that the key, if it is about one, could be described.
    """
    allowed, reason = _verdict(one, refusal, is_described=is_described)
    return AccessCheck(one.action, one.region, one.resource, allowed, reason)


def _verdict(one: Try, refusal: Refusal | None, *, is_described: bool) -> tuple[bool | None, str]:
    if refusal is None:
        return True, "a dry run succeeded"
    if not refusal.is_denied:
        return None, refusal.words
    if one.action == "kms:ListAliases":
        return None, f"{_FOR_ALIASES}: {refusal.words}"
    doubt = _doubt(one, refusal, is_described=is_described) if one.for_ebs else ""
    return (None if doubt else False), f"{doubt or 'a dry run was denied'}: {refusal.words}"


def _doubt(one: Try, refusal: Refusal, *, is_described: bool) -> str:
    """Return why a denial does not mean that EBS may not use the key for the caller; empty where it does."""
    if "resource-based polic" in refusal.words and not _is_own(one, refusal):
        return _BY_OWNER
    if one.action == "kms:CreateGrant":
        return _FOR_SERVICES
    if not is_described:
        return _FOR_EBS
    return "" if f"{one.action} " in f"{refusal.words} " else _UNTRIED


def _is_own(one: Try, refusal: Refusal) -> bool:
    """Tell whether the key belongs to the account of the caller, whom a denial names."""
    parts = one.resource.split(":")
    return len(parts) < 5 or f"::{parts[4]}:" in refusal.words.partition(" on resource: ")[0]


def to_access_result(checks: t.Sequence[AccessCheck]) -> dict[str, t.Any]:
    """Return the module's result."""
    return {
        "checks": [one.to_entry() for one in checks],
        "denied": sorted({one.action for one in checks if one.allowed is False}),
        "unknown": sorted({one.action for one in checks if one.allowed is None}),
    }


def denial(checks: t.Iterable[AccessCheck]) -> str:
    """Return what is missing, each action once; empty where nothing is known to be."""
    by_action = {one.action: one.sentence for one in checks if one.allowed is False}
    return " | ".join(by_action.values())


def doubts(checks: t.Iterable[AccessCheck]) -> list[str]:
    """Return the warnings about denials that may not be any, each action once."""
    found = {one.action: one for one in checks if one.allowed is None and one.reason.startswith(_DOUBTS)}
    return [f"{one.action} on {one.resource} in {one.region}: {one.reason}" for one in found.values()]
