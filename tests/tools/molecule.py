# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every molecule scenario against an emulated AWS of its own."""

from __future__ import annotations

import os

from processes import BIN, ROOT, begin, environment, must_run

from emulated_aws.client import Emulator

EXTENSIONS = ROOT / "extensions"
CONFIG = EXTENSIONS / "molecule" / "config.yml"


def main() -> None:
    """Leave at the first scenario that fails."""
    begin()
    scenarios = sorted(path.parent.name for path in EXTENSIONS.glob("molecule/*/molecule.yml"))
    for scenario in scenarios:
        with Emulator.start(seed="full", clock="real") as emulator:
            variables = environment(**emulator.env(), PY_COLORS=os.environ.get("PY_COLORS", "0"))
            command = (BIN / "molecule", "--base-config", CONFIG, "test", "--scenario-name", scenario)
            must_run(*command, cwd=EXTENSIONS, env=variables)
    print(f"molecule: {len(scenarios)} scenarios passed", flush=True)


if __name__ == "__main__":
    main()
