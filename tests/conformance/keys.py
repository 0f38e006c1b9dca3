# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that EBS cannot use: each name is a way in which KMS or its user can be wrong."""

from __future__ import annotations

import typing as t

from .builders import a_key, an_alias
from .place import Place


def disabled(place: Place, away: Place) -> str:
    key = a_key(place)
    place.kms.disable_key(KeyId=key)
    return key


def pending_deletion(place: Place, away: Place) -> str:
    key = a_key(place)
    place.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


def pending_import(place: Place, away: Place) -> str:
    return a_key(place, Origin="EXTERNAL")


def asymmetric(place: Place, away: Place) -> str:
    return a_key(place, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


def for_signing(place: Place, away: Place) -> str:
    return a_key(place, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")


def for_macs(place: Place, away: Place) -> str:
    return a_key(place, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")


def in_another_region(place: Place, away: Place) -> str:
    return a_key(away)


def absent(place: Place, away: Place) -> str:
    return f"arn:aws:kms:{place.region}:{place.account_id}:key/00000000-0000-4000-8000-000000000000"


def absent_alias(place: Place, away: Place) -> str:
    return "alias/conformance-absent"


def alias_without_prefix(place: Place, away: Place) -> str:
    return an_alias(place, a_key(place)).removeprefix("alias/")


def alias_of_a_disabled_key(place: Place, away: Place) -> str:
    return an_alias(place, disabled(place, away))


BAD_KEYS: tuple[t.Callable[[Place, Place], str], ...] = (
    disabled,
    pending_deletion,
    pending_import,
    asymmetric,
    for_signing,
    for_macs,
    in_another_region,
    absent,
    absent_alias,
    alias_without_prefix,
    alias_of_a_disabled_key,
)
