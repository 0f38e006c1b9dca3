# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user's shell is set to, kept away from the emulated AWS and from those who call it."""

from __future__ import annotations

import typing as t

# A profile, an endpoint or a callback that is meant for the user's own AWS and plays.
FOREIGN = ("AWS_", "BOTO", "EC2_", "MOTO_", "ANSIBLE_")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def forget(environment: t.MutableMapping[str, str]) -> list[str]:
    """Take out settings that are meant for other plays, and let no proxy come between; return the names that were set.

    Proxies stay, as pip may need them, but calls to this machine pass them by.
    """
    foreign = sorted(name for name in environment if name.startswith(FOREIGN))
    for name in foreign:
        del environment[name]
    if any(environment.get(name) or environment.get(name.upper()) for name in PROXIES):
        # Those who read the name in lower case prefer it to the one in upper case.
        given = environment.pop("no_proxy", "") or environment.get("NO_PROXY", "")
        hosts = [host.strip() for host in given.split(",") if host.strip()]
        passed_by = ",".join([*hosts, *(one for one in LOOPBACK if one not in hosts)])
        environment.update(no_proxy=passed_by, NO_PROXY=passed_by)
    return foreign
