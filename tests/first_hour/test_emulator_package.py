# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated AWS as a package runs in an environment where nothing else is installed."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

from emulated_aws.client import Emulator
from first_hour.documents import ROOT


def test_it_runs_without_the_checkout(tmp_path: pathlib.Path) -> None:
    subprocess.run([sys.executable, ROOT / "tests" / "tools" / "emulator_package.py", tmp_path], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", wheel], check=True)
    command = [str(python), "-m", "sealed_emulator", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = [process.stdout.readline() for _number in range(4)] if process.stdout else []
            (url,) = re.findall(r"AWS_ENDPOINT_URL=(\S+)", "".join(said))
            emulator = Emulator.connect(url)
            ec2 = emulator.session().client("ec2", region_name="us-east-1")
            image_id = next(iter(emulator.catalogue()["images"]))
            assert ec2.describe_images(ImageIds=[image_id])["Images"]
        finally:
            process.terminate()
