# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what names keys beside snapshots; what is denied is not known, and said once for each kind of question."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.key_uses import (
    ebs_default_key,
    is_shared_by_ram,
    key_grants,
    last_usage,
    lock_states,
    template_keys,
)
from ..._image.audit.model import KeyUses
from ..parallel import for_each

_AT_ONCE: t.Final = 8
_OF_REGION: t.Final[dict[str, t.Callable[[Region], t.Any]]] = {
    "default EBS key": ebs_default_key,
    "launch templates that name keys": template_keys,
    "locks of snapshots": lock_states,
}
_OF_KEY: t.Final[dict[str, t.Callable[[Region, str], t.Any]]] = {
    "grants": key_grants,
    "shares by AWS RAM": is_shared_by_ram,
    "last usage": last_usage,
}


def read_uses(region: Region, arns: t.Iterable[str]) -> tuple[dict[str, KeyUses], tuple[str, ...]]:
    """Return by ARN what names each key, and warnings of what could not be read."""
    arns = list(arns)
    work: dict[tuple[str, str], t.Callable[[], t.Any]] = {
        **{(what, ""): _bound(read, region) for what, read in _OF_REGION.items()},
        **{(what, arn): _bound(read, region, arn) for arn in arns for what, read in _OF_KEY.items()},
    }
    answers = for_each(work, lambda which: work[which](), workers=_AT_ONCE)
    refused = {what: answer for (what, _arn), answer in reversed(answers.items()) if isinstance(answer, AwsError)}
    warnings = tuple(f"the {what} of {region.name} could not be read: {refused[what]}" for what in sorted(refused))

    def told(what: str, arn: str = "") -> t.Any:
        answer = answers[what, arn]
        return None if isinstance(answer, AwsError) else answer

    default, templates, locks = (told(what) for what in _OF_REGION)
    uses = {}
    for arn in arns:
        grants, is_shared, last = (told(what, arn) for what in _OF_KEY)
        uses[arn] = KeyUses(default, templates, grants, is_shared, last, locks)
    return uses, warnings


def _bound(read: t.Callable[..., t.Any], *given: t.Any) -> t.Callable[[], t.Any]:
    return lambda: read(*given)
