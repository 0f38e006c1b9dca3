# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Prove before the first copy that its keys may be used."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.key_access import try_key
from .._aws.keys import Warn
from .._image.errors import PreflightError
from .._image.key_access import KeyCheck, Need, Probe, Refusal, advice, judge, probes_for
from .._image.vocabulary import KeyAccessMode
from .parallel import for_each


class KeyAccess:
    """The checks of one task: each call is tried once, however many copies need its keys.

    In the mode ``auto`` a denial is a warning, in ``true`` an error; what cannot be known is a warning in ``true``.
    ``shown`` is added to, so that it can be returned also where a denial ends the task.
    """

    def __init__(
        self, regions: t.Mapping[str, Region], mode: KeyAccessMode, shown: list[dict[str, t.Any]] | None, *, warn: Warn
    ) -> None:
        self._regions, self._mode, self._warn = regions, mode, warn
        self._shown = [] if shown is None else shown
        self._tried: set[Probe] = set()
        self._checks: list[KeyCheck] = []

    def require(self, needs: t.Sequence[Need]) -> None:
        """Try what has not been tried yet."""
        if self._mode == "false":
            return
        probes = [probe for probe in probes_for(needs) if probe not in self._tried]
        self._tried.update(probes)
        undescribed = frozenset(key for need in needs for key in need.undescribed)
        answers = for_each(probes, lambda probe: try_key(self._regions[probe.region], probe))
        found: list[KeyCheck] = []
        for probe, answer in answers.items():
            refusal = Refusal(str(answer)) if isinstance(answer, AwsError) else answer
            found += judge(probe, refusal, undescribed=undescribed)
        new = [check for check in dict.fromkeys(found) if check not in self._checks]
        self._checks += new
        self._shown += [check.to_entry() for check in new]
        self._say(found)

    def _say(self, found: t.Sequence[KeyCheck]) -> None:
        denied = list(dict.fromkeys(advice(check) for check in found if check.proved is False))
        if denied and self._mode == "true":
            raise PreflightError(
                " | ".join([*denied, "nothing has been changed; check_key_access=auto only warns of it"])
            )
        for sentence in denied:
            self._warn(sentence)
        if self._mode == "true":
            for check in (one for one in dict.fromkeys(found) if one.proved is None):
                self._warn(
                    f"{check.action} on {check.kms_key_arn} in {check.region} could not be proved: {check.reason}"
                )
