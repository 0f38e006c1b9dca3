# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ec2_ami_compose_keys for an image of the catalogue."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.identity import Credentials
from system.compose.asking import HOME, MODULE, SOURCES, Compose
from system.running import Result, RunModule


@pytest.fixture
def compose(run_module: RunModule) -> Compose:
    """Run the module for an image of the catalogue, at home."""

    def run(
        source: str | None,
        *,
        check: bool = False,
        diff: bool = False,
        as_: Credentials | None = None,
        **options: t.Any,
    ) -> Result:
        asked: dict[str, t.Any] = {"source_region": HOME, "region": HOME, "wait": True, "name": "composed", **options}
        if source is not None:
            asked["source_image_id"] = SOURCES[source]
        return run_module(MODULE, check=check, diff=diff, as_=as_, **asked)

    return run
