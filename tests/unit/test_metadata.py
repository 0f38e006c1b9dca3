# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the collection's metadata to what the collection contains."""

from __future__ import annotations

import pathlib

import yaml

COLLECTION = pathlib.Path(__file__).resolve().parents[2]


def test_every_module_is_in_the_action_group() -> None:
    runtime = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())
    group = runtime["action_groups"]["ami"]
    modules = {path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py")}
    assert modules
    assert modules <= {name for name in group if isinstance(name, str)}


def test_module_defaults_reach_amazon_aws_too() -> None:
    runtime = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())
    assert {"metadata": {"extend_group": ["amazon.aws.aws"]}} in runtime["action_groups"]["ami"]
