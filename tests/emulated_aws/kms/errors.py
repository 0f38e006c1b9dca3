# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS's errors by AWS's names; all are HTTP 400 but for those that AWS makes a server's fault."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class KmsError(JsonRESTError):
    """Any refusal by KMS."""

    def __init__(self, code: str, message: str, *, status: int = 400):
        super().__init__(code, message)
        self.code = status


def not_found(message: str) -> KmsError:
    """Return ``NotFoundException``."""
    return KmsError("NotFoundException", message)


def access_denied(message: str) -> KmsError:
    """Return ``AccessDeniedException``."""
    return KmsError("AccessDeniedException", message)


def invalid_state(arn: str, state: str) -> KmsError:
    """Return the error for a key in this state: ``DisabledException`` or ``KMSInvalidStateException``."""
    if state == "Disabled":
        return KmsError("DisabledException", f"{arn} is disabled.")
    words = {"PendingDeletion": "is pending deletion.", "PendingImport": "is pending import."}
    return KmsError("KMSInvalidStateException", f"{arn} {words.get(state, f'is in state {state}.')}")
