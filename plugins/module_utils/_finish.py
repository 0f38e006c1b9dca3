# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""End a module with its outcomes: one way for success, one for failure, one for what came before any change."""

from __future__ import annotations

import contextlib
import typing as t

# Not AnsibleAWSModule.warn: it hands its warnings to exit_json as well, which ansible-core 2.19 calls deprecated.
from ansible.module_utils.common.warnings import warn

from ._aws.errors import AwsError
from ._image.errors import SealedError
from ._image.outcome import Outcome
from ._image.result import failure_message, summary, to_diff, to_result

__all__ = ["failing_readably", "failing_with", "finish", "warn"]


def failing_readably(module: t.Any, **rest: t.Any) -> contextlib.AbstractContextManager[None]:
    """Fail with the sentence of an error that came before any change, in the shape of every result about images."""
    return failing_with(module, images=[], **rest)


@contextlib.contextmanager
def failing_with(module: t.Any, **result: t.Any) -> t.Iterator[None]:
    """Fail with the sentence of an error that came before any change, with the lists that every result has."""
    try:
        yield
    except (SealedError, AwsError) as error:
        module.fail_json(msg=str(error), changed=False, **result)


def finish(module: t.Any, outcomes: t.Sequence[Outcome], *, single: bool, **more: t.Any) -> None:
    """Exit with the result, or fail with the same result, so that nothing created is ever unnamed."""
    result = {**to_result(outcomes, single=single), **more}
    if module._diff:
        result["diff"] = to_diff(outcomes)
    message = failure_message(outcomes)
    if message:
        module.fail_json(msg=message, **result)
    module.exit_json(msg=summary(outcomes, is_predicted=module.check_mode), **result)
