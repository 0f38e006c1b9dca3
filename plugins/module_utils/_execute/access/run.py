# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Try every call that somebody is about to make. Nothing in this file changes anything."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.keys import describe_key
from ..._aws.tries import answer_in, attempt
from ..._image.access.request import AccessRequest, Try
from ..._image.access.result import AccessCheck, judge_try
from ..._image.key_access import Refusal
from ..._image.model import KmsKey
from ..parallel import all_of, for_each
from ..regions import require_known_regions

_AT_ONCE: t.Final = 8
Keys = t.Mapping[tuple[str, str], t.Union[KmsKey, Refusal]]


def try_access(connection: Connection, request: AccessRequest) -> list[AccessCheck]:
    """Return what is known of each call, in the order in which they would be made."""
    require_known_regions(connection, request.regions)
    regions = {name: connection.region(name) for name in request.regions}
    pairs = dict.fromkeys(
        (one.region, one.resource) for one in request.tries if one.resource and one.action.startswith("kms:")
    )
    keys: Keys = all_of(for_each(pairs, lambda pair: _describe(regions[pair[0]], pair[1]), workers=_AT_ONCE))
    tries = [one for one in request.tries if not _is_of_aws(keys.get((one.region, one.resource)))]
    answers = all_of(for_each(tries, lambda one: _try(regions[one.region], one, keys), workers=_AT_ONCE))
    hidden = {pair for pair, key in keys.items() if isinstance(key, Refusal) and key.is_denied}
    return [judge_try(one, answers[one], is_described=(one.region, one.resource) not in hidden) for one in tries]


def _describe(region: Region, reference: str) -> KmsKey | Refusal:
    """Return the key, or why it is not shown; a key that is not there fails the task."""
    try:
        return describe_key(region, reference)
    except AwsError as error:
        return answer_in(error)


def _is_of_aws(key: KmsKey | Refusal | None) -> bool:
    """Tell whether EBS may use a key for everybody in the account, who may not use it directly."""
    return isinstance(key, KmsKey) and key.manager == "AWS"


def _try(region: Region, one: Try, keys: Keys) -> Refusal | None:
    key = keys.get((one.region, one.resource))
    if key is not None and one.action == "kms:DescribeKey":
        return key if isinstance(key, Refusal) else None
    if isinstance(key, KmsKey):
        one = dataclasses.replace(one, resource=key.arn)
    elif key is not None and ":key/" not in one.resource:
        return Refusal("which key this is, is not known: kms:DescribeKey did not tell")
    return attempt(region, one)
