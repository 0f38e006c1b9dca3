# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a newcomer tries first work, disturb each other in nothing, and leave nothing."""

from __future__ import annotations

import os
import re
import socket
import time
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from first_hour.documents import ROOT, blocks
from first_hour.newcomer import Newcomer

README = ROOT / "README.md"
EXPORTS = re.compile(r"\b(AWS_\w+)=(\S+)")


def first_play() -> str:
    """Return the play that README.md has its reader write."""
    return next(block for block in blocks(README, "yaml") if "ansible_playbook_python" in block)


@pytest.fixture(autouse=True)
def _leaves_nothing(newcomer: Newcomer) -> t.Iterator[None]:
    """Fail a test after which something of the newcomer's runs, or lies in his home or in the tree."""
    yield
    assert newcomer.running() == []
    assert os.listdir(newcomer.home) == []
    assert newcomer.git("status", "--porcelain") == ""


def test_the_demo_and_a_test_at_the_same_time(newcomer: Newcomer) -> None:
    (newcomer.checkout / "test.log").write_text("a log that somebody has written here\n")
    try:
        with (
            newcomer.start(*newcomer.make("demo", ARGS="--scenes S3")) as demo,
            newcomer.start(*newcomer.make("test", ONLY="package")) as package,
        ):
            shown, tested = demo.communicate()[0], package.communicate()[0]
        assert (demo.returncode, package.returncode) == (0, 0), shown[-3000:] + tested[-3000:]
    finally:
        (newcomer.checkout / "test.log").unlink()
    assert "Everything is as it should be" in shown
    assert "WARNING" not in shown
    assert "ignored, as only the emulated AWS is used: " in shown


def shape(printed: str) -> list[str]:
    """Return what the demo printed without what changes from run to run: ids, seconds and the folder."""
    without_ids = re.sub(r"ami-[0-9a-f]{17}", "ami-(id)", printed)
    without_place = re.sub(r"(report +).*(\.work/demo/)", r"\1\2", re.sub(r"\b\d+ s\b", "(time)", without_ids))
    return [line.rstrip() for line in without_place.strip().splitlines()]


def test_the_readme_shows_how_the_demo_ends(newcomer: Newcomer) -> None:
    (sample,) = (block for block in blocks(README, "text") if "Everything is as it should be" in block)
    printed, shown = shape(newcomer.run(*newcomer.make("demo"))), shape(sample)
    assert printed[-len(shown) :] == shown


@pytest.mark.parametrize("seconds", [1, 6])
def test_ctrl_c_in_the_demo(newcomer: Newcomer, seconds: float) -> None:
    process = newcomer.start(*newcomer.make("demo", ARGS="--scenes S3 S6"))
    time.sleep(seconds)
    assert "Traceback" not in newcomer.interrupt(process)
    assert process.returncode != 0
    assert [path for path in newcomer.temporary.iterdir() if "sealed" in path.name or "ansible" in path.name] == []


def test_ctrl_c_in_the_tests(newcomer: Newcomer) -> None:
    process = newcomer.start(*newcomer.make("test", ONLY="pytest conformance"))
    time.sleep(8)
    newcomer.interrupt(process)
    assert process.returncode != 0


def test_the_readmes_first_image(newcomer: Newcomer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    emulator = newcomer.start(*newcomer.make("emulator", ARGS=f"--port {port}"))
    lines: list[str] = []
    for line in iter(emulator.stdout.readline, ""):  # type: ignore[union-attr]
        lines.append(line)
        if "Admin path" in line:
            break
    exports = dict(EXPORTS.findall("".join(lines)))
    assert {"AWS_URL", "AWS_ACCESS_KEY_ID"} <= set(exports), "".join(lines)
    play = newcomer.checkout / ".work" / "first.yml"
    play.write_text(first_play())
    os.chmod(play, 0o644)
    # A newcomer exports what is printed; what it says to unset is unset, and Ansible keeps its files in the home.
    own = {"AWS_PROFILE": "", "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_HOME": str(newcomer.temporary / "ansible"),
           "ANSIBLE_REMOTE_TEMP": str(newcomer.temporary / "remote"), "no_proxy": "127.0.0.1"}  # fmt: skip
    command = ("env", "-u", "AWS_PROFILE", ".venv/bin/ansible-playbook", "-i", "localhost,", str(play))
    predicted = newcomer.run(*command, "--check", "--diff", **exports, **own)
    first, second = newcomer.run(*command, **exports, **own), newcomer.run(*command, **exports, **own)
    aws = Emulator.connect(exports["AWS_URL"])
    wanted = yaml.safe_load(first_play())[0]["tasks"][0]["sealed.ami.ec2_ami_encrypted_copy"]
    ec2 = aws.session().client("ec2", region_name=wanted["region"])
    found = ec2.describe_images(Owners=["self"])["Images"]
    (image,) = (one for one in found if one.get("SourceImageId") == wanted["source_image_id"])
    assert all(mapping["Ebs"]["Encrypted"] for mapping in image["BlockDeviceMappings"])
    newcomer.interrupt(emulator)
    assert [("changed=1" in one, "changed=0" in one) for one in (predicted, first, second)] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip
    assert "WARNING" not in predicted + first + second
