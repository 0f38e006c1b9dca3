# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Know which organization or unit an account belongs to."""

from __future__ import annotations

import functools
import threading

from .._aws.connection import Connection
from .._aws.organizations import Place, find_place


class Membership:
    """Which organization or unit an account belongs to; each account is asked for once in a task."""

    def __init__(self, connection: Connection, region: str) -> None:
        self._client = functools.partial(connection.client, "organizations", region)
        self._lock = threading.Lock()
        self._places: dict[str, Place] = {}

    def belongs(self, account_id: str, arn: str) -> bool | None:
        """Tell whether the account belongs to the organization or unit; None where that is not known."""
        return self._place(account_id).is_in(arn)

    def organization_of(self, account_id: str) -> str | None:
        """Return the id of the organization that the account is in; None where that is not known."""
        place = self._place(account_id)
        return place.organization if place.is_member else None

    def _place(self, account_id: str) -> Place:
        with self._lock:
            if account_id not in self._places and not any(place.silent for place in self._places.values()):
                self._places[account_id] = find_place(self._client(), account_id)
            return self._places.get(account_id, Place())
