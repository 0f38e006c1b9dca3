# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The errors that end a task with a sentence for its reader. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations


class SealedError(Exception):
    """The task cannot go on; the message says what failed, on what, why, and what to do."""


class RequestError(SealedError):
    """The options contradict each other or cannot be valid whatever AWS holds."""


class PreflightError(SealedError):
    """AWS holds something that makes the request impossible; nothing has been changed."""


class SourceMissingError(PreflightError):
    """AWS does not show the source image, which the plan needs; why, remains to be found out."""
