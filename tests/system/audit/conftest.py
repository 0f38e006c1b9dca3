# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the audit share: the emulator, and one audit as the module does it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.audit.run import read_audit
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import parse_audit_request
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.result import audit_failure, to_audit_result
from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the module would return, whether it would fail, and what it would warn of."""

    result: dict[str, t.Any]
    failure: str | None
    warnings: list[str]

    def image(self, name: str) -> dict[str, t.Any]:
        """Return the only image of that name or id."""
        (found,) = (entry for entry in self.result["images"] if name in (entry["name"], entry["image_id"]))
        return t.cast("dict[str, t.Any]", found)


class Audit(t.Protocol):
    """``audit(regions=…, policy=…)`` with the options of the module."""

    def __call__(self, *, credentials: Credentials | None = None, **options: t.Any) -> Answer: ...


@pytest.fixture
def audit(emulator: Emulator) -> Audit:
    """Return what runs an audit in this process, against the emulator of this process."""

    def run(*, credentials: Credentials | None = None, **options: t.Any) -> Answer:
        session = emulator.session(credentials=credentials)
        request = parse_audit_request(options, default_region="us-east-1")
        audits = read_audit(Connection(session), request)
        result = to_audit_result(audits, request)
        warnings = [warning for one in audits for warning in one.warnings]
        return Answer(result, audit_failure(result, request), warnings)

    return run
