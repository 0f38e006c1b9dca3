# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which calls prove that keys may be used for a copy, and what an answer proves. Nothing here talks to AWS.

A dry run tries the caller's direct right. Success proves that EBS can act for the caller. A denial proves less: a
policy may open the key to EBS alone (kms:ViaService, kms:GrantIsForAWSResource), which denies every direct call
(aws_rules §14.2).
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from .keys import RequiredKey
from .model import KmsKey

Kind = t.Literal["ReEncrypt", "Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"]

_DENIED: t.Final = re.compile(
    r"User: (?P<principal>\S+) is not authorized to perform: kms:(?P<action>\w+)(?: on resource: (?P<key>\S+))?"
)
_SESSION: t.Final = re.compile(r"(?P<partition>arn:[a-z-]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/.+")
# What EBS does with a key when it reads a snapshot, and when it writes one.
_TO_READ: t.Final = ("kms:Decrypt", "kms:DescribeKey", "kms:ReEncryptFrom")
_TO_WRITE: t.Final = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptTo")
_WRITES: t.Final = ("ReEncryptTo", "GenerateDataKeyWithoutPlaintext")


@dataclasses.dataclass(frozen=True)
class Need:
    """The keys that a copy, or a launch, uses: those that the content is under, and the one that it comes under.

    AWS managed keys are not among them: EBS may use those for everybody in the account, and nobody may directly.
    ``has_plain`` tells that the source has unencrypted snapshots as well; ``undescribed`` are keys for which
    kms:DescribeKey is denied, as it is by a policy that opens a key to EBS alone.
    """

    source_region: str
    source_keys: frozenset[str]
    region: str
    key: str | None
    has_plain: bool = False
    undescribed: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Probe:
    """One call that is tried without being done; ``source_key`` is the key that ReEncrypt reads under."""

    kind: Kind
    region: str
    key: str
    source_key: str | None = None

    @property
    def grantee(self) -> str:
        """Return somebody whom the key could be granted to: the account that it belongs to."""
        parts = self.key.split(":")
        return f"arn:{parts[1]}:iam::{parts[4]}:root"


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a dry run has not succeeded; ``is_denied`` is False where something else came between."""

    words: str
    is_denied: bool = False


@dataclasses.dataclass(frozen=True)
class KeyCheck:
    """What is known of the use of one key; ``proved`` is None where that is nothing."""

    kms_key_arn: str
    region: str
    action: str
    proved: bool | None
    reason: str
    principal: str | None = None

    def to_entry(self) -> dict[str, t.Any]:
        """Return one entry of ``key_checks``."""
        return dataclasses.asdict(self)


def need_for(
    content: tuple[str, t.Collection[str]],
    to: tuple[str, RequiredKey | None],
    described: t.Mapping[str, KmsKey | None],
    *,
    has_plain: bool,
) -> Need:
    """Return what content needs, which is in a region under keys, to come under a key of another or the same region.

    ``described`` are the keys of the content that could be described.
    """
    source_region, source_keys = content
    region, key = to
    managed = {arn for arn, one in described.items() if one is not None and one.manager == "AWS"}
    read, written = frozenset(source_keys) - managed, _written(key)
    undescribed = {arn for arn in read if arn not in described}
    if written and key is not None and key.metadata is None:
        undescribed.add(written)
    return Need(source_region, read, region, written, has_plain, frozenset(undescribed))


def _written(key: RequiredKey | None) -> str | None:
    """Return the key as KMS takes it; None for one of AWS's own, which nobody may use directly."""
    if key is None or (key.metadata is not None and key.metadata.manager == "AWS"):
        return None
    return key.arn or key.reference


def probes_for(needs: t.Iterable[Need]) -> tuple[Probe, ...]:
    """Return the calls that prove all needs, each once, in the order of the needs.

    ReEncrypt tries reading and writing at once, but both keys must be in one region.
    """
    found: dict[Probe, None] = {}
    for need in needs:
        same = need.source_region == need.region
        both = same and need.key is not None
        for source_key in sorted(need.source_keys):
            if both and need.key is not None:
                found[Probe("ReEncrypt", need.region, need.key, source_key)] = None
            else:
                found[Probe("Decrypt", need.source_region, source_key)] = None
        if need.key is not None and (not both or not need.source_keys or need.has_plain):
            found[Probe("GenerateDataKeyWithoutPlaintext", need.region, need.key)] = None
            if ":key/" in need.key:
                found[Probe("CreateGrant", need.region, need.key)] = None
    return tuple(found)


def judge(
    probe: Probe, refusal: Refusal | None, *, undescribed: t.Collection[str] = frozenset()
) -> tuple[KeyCheck, ...]:
    """Return what the answer to a probe tells of each key that it tries."""
    if refusal is None:
        keys = dict.fromkeys(key for key in (probe.source_key, probe.key) if key)
        return tuple(KeyCheck(key, probe.region, _action(probe, key), True, "a dry run succeeded") for key in keys)
    found = _DENIED.search(refusal.words)
    named = found["key"] if found else None
    key = named if named and named in (probe.key, probe.source_key) else probe.source_key or probe.key
    action = f"kms:{found['action']}" if found else _action(probe, key)
    principal = found["principal"] if found else None
    proved, reason = _verdict(probe, refusal, is_undescribed=key in undescribed)
    return (KeyCheck(key, probe.region, action, proved, reason, principal),)


def _verdict(probe: Probe, refusal: Refusal, *, is_undescribed: bool) -> tuple[bool | None, str]:
    if not refusal.is_denied:
        return None, refusal.words
    if probe.kind == "CreateGrant":
        return None, (
            "a dry run was denied, as it also is where the policy of the key lets AWS services alone make grants "
            "(kms:GrantIsForAWSResource), which is enough"
        )
    if is_undescribed:
        return None, (
            f"a dry run was denied, and so is kms:DescribeKey: the policy of the key may open it to EBS alone "
            f"(kms:ViaService), which is enough. {refusal.words}"
        )
    return False, f"a dry run was denied: {refusal.words}"


def advice(check: KeyCheck) -> str:
    """Return what a denial means and the statement that ends it, ready to be pasted."""
    statement = _statement(check, _TO_WRITE if check.action.rpartition(":")[2] in _WRITES else _TO_READ)
    return (
        f"KMS key {check.kms_key_arn} in {check.region} may not be used for this image: {check.reason}. {statement}. "
        "If the policy of the key opens it to EBS alone (kms:ViaService), the image is made all the same"
    )


def _action(probe: Probe, key: str) -> str:
    if probe.kind != "ReEncrypt":
        return f"kms:{probe.kind}"
    return "kms:ReEncryptFrom" if key == probe.source_key and key != probe.key else "kms:ReEncryptTo"


def _statement(check: KeyCheck, actions: tuple[str, ...]) -> str:
    """Return the statement, and where it belongs; a key of another account needs both policies."""
    own = {
        "Sid": "UseKeyForImages",
        "Effect": "Allow",
        "Action": [*actions, "kms:CreateGrant"],
        "Resource": check.kms_key_arn,
    }
    if "identity-based polic" in check.reason or check.principal is None:
        return f"Add this statement to the policy of {check.principal or 'this principal'}: {json.dumps(own)}"
    principal = {"AWS": _named(check.principal, check.kms_key_arn)}
    use = {
        "Sid": "UseKeyForImages",
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions),
        "Resource": "*",
    }
    grant = {
        **use,
        "Sid": "LetEbsUseKeyForImages",
        "Action": "kms:CreateGrant",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }
    return f"Add these statements to the policy of the key: {json.dumps([use, grant])}"


def _named(principal: str, key: str) -> str:
    """Return whom a key policy names: the role of a session, and the whole account where it is not the key's own."""
    session = _SESSION.fullmatch(principal)
    parts, owner = principal.split(":"), key.split(":")[4:5]
    if len(parts) > 4 and owner != [parts[4]]:
        return f"arn:{parts[1]}:iam::{parts[4]}:root"
    return f"{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else principal
