# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play the demo playbook twice against an emulated AWS and show what it has changed there, read with boto3 alone."""

from __future__ import annotations

import argparse
import pathlib
import re
import subprocess
import sys
import typing as t

from processes import BIN, ROOT, environment, started, stop_on_signals

sys.path.insert(0, str(ROOT / "tests"))

from image_table import Image, own_images, show

from emulated_aws.client import Emulator

PLAYBOOK = ROOT / "tests" / "demo" / "demo.yml"
SOURCE, SOURCE_REGION = "ami-00ec2000000000004", "us-east-1"
DESTINATION, KEY_ALIAS = "eu-central-1", "alias/golden"


def copies(emulator: Emulator) -> list[Image]:
    """Return the copies of the source image in the destination region."""
    return [image for image in own_images(emulator.session(), region=DESTINATION) if image.source == SOURCE]


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n=== {title}", flush=True)


def play(emulator: Emulator, *, command: pathlib.Path) -> int:
    """Play the playbook, its output to the terminal as it comes; return how many tasks reported a change."""
    variables = environment(**emulator.env(), ANSIBLE_NOCOWS="1", ANSIBLE_LOCALHOST_WARNING="false")
    variables |= {"ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "PYTHONUNBUFFERED": "1"}
    changed = 0
    with started([command, PLAYBOOK], env=variables, stdout=subprocess.PIPE, text=True) as process:
        for line in t.cast("t.IO[str]", process.stdout):
            print(f"  {line}", end="", flush=True)
            changed += sum(map(int, re.findall(r"\bchanged=(\d+)", line)))
        if process.wait():
            sys.exit(f"ansible-playbook failed with status {process.returncode}")
    return changed


def require_sealed(images: list[Image]) -> None:
    """Demand one copy whose every snapshot carries the key."""
    if len(images) != 1:
        sys.exit(f"there should be one copy, and there are {len(images)}")
    open_devices = [device.name for device in images[0].devices if device.key_alias != KEY_ALIAS]
    if open_devices or not images[0].devices:
        sys.exit(f"not sealed with {KEY_ALIAS}: {', '.join(open_devices) or 'no device at all'}")


def main() -> None:
    """Show before, the first run, after, and the second run; leave with an error if anything is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ansible-playbook", type=pathlib.Path, default=BIN / "ansible-playbook")
    command = parser.parse_args().ansible_playbook
    stop_on_signals()
    # A copy takes some seconds, so that there is something to wait for.
    with Emulator.start(seed="full", clock="real", settings={"copy_seconds_minimum": 4}) as emulator:
        say("Before: an image without any encryption")
        print(
            *[show(image) for image in own_images(emulator.session(), region=SOURCE_REGION) if image.image_id == SOURCE]
        )
        print(f"In {DESTINATION} there are {len(copies(emulator))} copies of it.")
        say(f"First run of {PLAYBOOK.relative_to(ROOT)}")
        if play(emulator, command=command) != 1:
            sys.exit("the first run should change one thing")
        say(f"After: every snapshot carries {KEY_ALIAS}")
        print(*[show(image) for image in copies(emulator)], sep="\n")
        require_sealed(copies(emulator))
        say("Second run: nothing is left to do")
        if (changed := play(emulator, command=command)) != 0:
            sys.exit(f"the second run changed {changed} things")
        require_sealed(copies(emulator))
    print(f"\nThe image is sealed, and the second run changed nothing (changed={changed}).", flush=True)


if __name__ == "__main__":
    main()
