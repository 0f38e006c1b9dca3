# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tour the scenarios S1 to S6 on an emulated AWS, twice, and audit the result.

What each playbook has changed is read with boto3 alone. Leaves with an error when anything is not as it should be.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import typing as t

from processes import BIN, ROOT, WORK, begin, environment, started

if __name__ == "__main__":
    # Before what takes seconds to import: Ctrl-C ends that quietly too.
    begin()

from demo_scenes import PLAIN, SCENES, Scene
from image_table import Device, Image, own_images

from emulated_aws.client import Emulator

COLORED = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"
WIDTH = 100
# amazon.aws 10.1 imports what ansible-core 2.20 calls deprecated; we do not.
FOREIGN = r"Importing '\w+' from 'ansible\.module_utils\._text'|Deprecation warnings can be disabled"
WARNING = re.compile(rf"\[(DEPRECATION )?WARNING\]: (?!{FOREIGN})")
REPORT = WORK / "demo"


def paint(text: str, *styles: str) -> str:
    """Return the text in color, where colors are seen."""
    return f"\033[{';'.join(styles)}m{text}\033[0m" if COLORED else text


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def heading(number: str, title: str) -> None:
    """Print a heading that fills the line."""
    say(f"\n{paint(f'{number}  {title} ', BOLD, CYAN)}{paint('─' * (WIDTH - len(number) - len(title) - 3), DIM)}")


class Tour:
    """Plays playbooks against one emulator; whoever makes one gives the ``ansible-playbook`` to use."""

    def __init__(
        self, emulator: Emulator, *, command: pathlib.Path, module_python: pathlib.Path | None, is_strict: bool
    ):
        self.emulator, self._command, self._is_strict = emulator, command, is_strict
        self._given = {"ansible_python_interpreter": str(module_python)} if module_python else {}
        self._instance_id = next(iter(emulator.catalogue()["instances"]))

    def play(self, playbook: str, variables: t.Mapping[str, t.Any]) -> tuple[int, float]:
        """Play a playbook of the collection; return how many tasks changed something, and the seconds it took."""
        example = ROOT / "playbooks" / "vars" / f"{playbook}.yml"
        given = ["-e", f"@{example}"] if playbook != "audit" else []
        command: list[str | os.PathLike[str]] = [
            self._command,
            *("-i", "localhost,"),
            f"sealed.ami.{playbook}",
            *given,
            "-e",
            json.dumps({**variables, **self._given}),
        ]
        env = environment(**self.emulator.env(), ANSIBLE_NOCOWS="1", ANSIBLE_FORCE_COLOR="0")
        began = time.monotonic()
        with started(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            output, _nothing = process.communicate()
        if process.returncode:
            say(output)
            sys.exit(f"sealed.ami.{playbook} failed with status {process.returncode}")
        if self._is_strict and WARNING.search(output):
            say(output)
            sys.exit(f"sealed.ami.{playbook} warns of something")
        return sum(map(int, re.findall(r"\bchanged=(\d+)", output))), time.monotonic() - began

    def scene(self, scene: Scene) -> tuple[int, float]:
        """Play the playbook of a scenario."""
        return self.play(scene.playbook, {"sealed_ami_instance_id": self._instance_id, "sealed_ami_wait_delay": 1})

    def image(self, region: str, name: str) -> Image:
        """Return the only image of ours with that name, as boto3 sees it."""
        found = [image for image in own_images(self.emulator.session(), region=region) if image.name == name]
        if len(found) != 1:
            sys.exit(f"there should be one image {name} in {region}, and there are {len(found)}")
        return found[0]


def key(device: Device | None) -> str:
    """Return what encrypts a device in words."""
    if device is None:
        return "new volume"
    return (device.key_alias or device.key_arn or PLAIN) if device.key_arn else PLAIN


def show(scene: Scene, tour: Tour) -> list[Image]:
    """Print each image of a scenario, device by device; leave if a device is under another key than promised."""
    before = {device.name: device for device in tour.image(*scene.source).devices}
    images = [tour.image(region, name) for region, name in scene.wanted]
    for image, wanted in zip(images, scene.wanted.values(), strict=True):
        say(f"   {paint(image.name, BOLD)} in {image.region}  {paint(image.image_id, DIM)}")
        for device in sorted(image.devices, key=lambda one: (one.name != "/dev/xvda", one.name)):
            now = key(device)
            shown = paint(now, RED) if now == PLAIN else paint(now, GREEN)
            say(f"     {device.name:10}{device.size_gib:4} GiB   {key(before.get(device.name)):14} → {shown}")
        found = {device.name: key(device) for device in image.devices}
        if found != dict(wanted):
            sys.exit(f"{image.name} in {image.region} should be {dict(wanted)}, and is {found}")
    return images


VERDICTS = {True: "compliant", False: "not compliant", None: "not known"}


def first_run(tour: Tour, scenes: t.Sequence[Scene]) -> list[Image]:
    """Play every scenario with its heading and its result; return the images that were made."""
    made = []
    for scene in scenes:
        heading(scene.number, scene.title)
        say(f"   {scene.promise}")
        name = scene.playbook
        say(paint(f"   $ ansible-playbook -i localhost, sealed.ami.{name} -e @playbooks/vars/{name}.yml", DIM))
        changed, seconds = tour.scene(scene)
        if changed == 0:
            sys.exit(f"{scene.number} should change something at its first run")
        made += show(scene, tour)
        say(paint(f"   changed={changed}, {seconds:.0f} s", DIM))
    return made


def second_run(tour: Tour, scenes: t.Sequence[Scene]) -> None:
    """Play every scenario once more; leave if anything is changed."""
    heading("··", "Once more: nothing is left to do")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for scene, (changed, seconds) in zip(scenes, pool.map(tour.scene, scenes), strict=True):
            verdict = paint("changed=0", GREEN) if changed == 0 else paint(f"changed={changed}", RED)
            say(f"   {scene.number}  {scene.title:42} {verdict}  {paint(f'{seconds:.0f} s', DIM)}")
            if changed:
                sys.exit(f"the second run of {scene.number} changed {changed} things")


def audit(tour: Tour, scenes: t.Sequence[Scene], images: t.Sequence[Image]) -> None:
    """Audit the images, print the table, and leave if the verdict is not the right one."""
    heading("··", "Audit: encrypted, under customer managed keys that are usable?")
    REPORT.mkdir(parents=True, exist_ok=True)
    html, data = REPORT / "audit.html", REPORT / "audit.json"
    variables = {
        "audit_image_ids": [image.image_id for image in images],
        "audit_regions": sorted({image.region for image in images}),
        "audit_fail_on": [],
        "audit_html_path": str(html),
        "audit_json_path": str(data),
    }
    tour.play("audit", variables)
    judged = [image for account in json.loads(data.read_text())["accounts"] for image in account["images"]]
    expected = {image for scene in scenes if scene.is_compliant for image in scene.wanted}
    say(paint(f"   {'image':30} {'region':14} {'verdict':14} keys", DIM))
    for image in judged:
        verdict = paint(f"{VERDICTS[image['compliant']]:14}", GREEN if image["compliant"] else RED)
        keys = [(one["kms_key_aliases"] or [one["kms_key_arn"] or PLAIN])[0] for one in image["snapshots"]]
        say(f"   {image['name']:30} {image['region']:14} {verdict} {', '.join(dict.fromkeys(keys))}")
    if {(image["region"], image["name"]) for image in judged if is_as_good_as_can_be_told(image)} != expected:
        sys.exit("the audit's verdict is not the right one")
    if len(judged) != len(images):
        sys.exit(f"the audit shows {len(judged)} of {len(images)} images")
    say(f"\n   {paint('report', BOLD)}  {html}")


def is_as_good_as_can_be_told(image: dict[str, t.Any]) -> bool:
    """Tell whether an image is compliant, or would be if the botocore of the modules showed associated keys."""
    hidden = any(one["associated_kms_keys"] is None for one in image["snapshots"])
    return image["compliant"] is True or (image["compliant"] is None and hidden)


def main() -> None:
    """Take the tour, audit, and take it again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ansible-playbook", type=pathlib.Path, default=BIN / "ansible-playbook")
    parser.add_argument("--module-python", type=pathlib.Path, help="the Python that the modules run on")
    numbers = [scene.number for scene in SCENES]
    parser.add_argument("--scenes", nargs="+", choices=numbers, default=numbers, help="all, unless named")
    parser.add_argument("--strict", action="store_true", help="fail at the first warning")
    given = parser.parse_args()
    scenes = [scene for scene in SCENES if scene.number in given.scenes]
    began = time.monotonic()
    say(paint("sealed.ami: images with the right keys, shown on an emulated AWS", BOLD))
    with Emulator.start(seed="full", clock="real") as emulator:
        tour = Tour(emulator, command=given.ansible_playbook, module_python=given.module_python, is_strict=given.strict)
        images = first_run(tour, scenes)
        second_run(tour, scenes)
        for scene in scenes:
            for place in scene.wanted:
                tour.image(*place)
        audit(tour, scenes, images)
    say(f"\n{paint('Everything is as it should be', BOLD, GREEN)}, after {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
