# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no job may leave behind."""

from __future__ import annotations

import typing as t

TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def require_no_secret(texts: t.Mapping[str, str], credentials: t.Mapping[str, str]) -> None:
    """Demand that nothing a job left behind holds a secret key or a token."""
    secrets = [credentials[name] for name in ("AWS_SECRET_ACCESS_KEY", *TOKENS) if name in credentials]
    assert len(secrets) == 2
    assert any("job_events" in name for name in texts)
    found = {name for name, text in texts.items() for secret in secrets if secret in text}
    assert not found
