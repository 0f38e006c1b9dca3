# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ec2_ami_encrypted_copy for an image of the catalogue."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.identity import Credentials
from system.copy.asking import AWAY, HOME, MODULE, SOURCES, Copy
from system.running import Result, RunModule


@pytest.fixture
def copy(run_module: RunModule) -> Copy:
    """Run the module for an image of the catalogue."""

    def run(
        source: str, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any
    ) -> Result:
        asked = {"source_image_id": SOURCES[source], "source_region": HOME, "region": AWAY, "wait": True, **options}
        return run_module(MODULE, check=check, diff=diff, as_=as_, **asked)

    return run
