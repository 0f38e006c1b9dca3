# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play in a terminal, and draw what it shows."""

from __future__ import annotations

import io
import re
import shlex
import subprocess

from rich.console import Console
from rich.text import Text
from runner.engine import BIN, quiet_environment

from browser import pages
from emulated_aws.client import Emulator

# The fonts that rich would fetch; any font of one width will do, as the width of each line is in the picture.
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
COLUMNS = 118


def play(emulator: Emulator, command: str) -> str:
    """Return what a terminal shows of a command, in its colors."""
    variables = {**emulator.env(), "ANSIBLE_FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    environment = quiet_environment(**variables)
    del environment["ANSIBLE_NOCOLOR"]
    program, *arguments = shlex.split(command)
    ended = subprocess.run(
        [str(BIN / program), *arguments], cwd=pages.HERE, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return f"\033[1m$ {command}\033[0m\n{ended.stdout}"


def draw(shown: str, title: str) -> str:
    """Return the picture of a terminal as SVG, which holds its text."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown))
    return FONTS.sub("", console.export_svg(title=title, unique_id="terminal"))
