# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures that the guides show: ``make screenshots`` takes them, and a plain run compares them with today's."""

from __future__ import annotations

import base64
import os
import pathlib
import re
import struct
import zlib
from xml.etree import ElementTree

import jinja2
import pytest
import yaml

from browser import pages, terminal
from browser.conftest import Browser
from emulated_aws.client import Emulator

PICTURES = pages.HERE.parents[1] / "docs" / "docsite"
WIDTH, HEIGHT = 1000, 640
SURVEY = "Images: a key for each device"
COMMAND = "ansible-playbook -i localhost, first.yml --diff"


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height of a picture."""
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def first_pixel(png: bytes) -> tuple[int, int, int]:
    """Return the color in the upper left corner, of which the first line of a PNG begins with the plain value."""
    data, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    red, green, blue = zlib.decompressobj().decompress(data, 4)[1:4]
    return red, green, blue


def photograph(browser: Browser, width: int, height: int) -> bytes:
    """Return the upper left part of the page as a PNG."""
    area = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        return base64.b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": area})["data"])
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def kept_after(name: str, taken: bytes) -> bytes:
    """Return the picture in the repository, which ``make screenshots`` replaces by the one taken."""
    if os.environ.get("SCREENSHOTS"):
        (PICTURES / name).write_bytes(taken)
    kept = (PICTURES / name).read_bytes()
    assert len(kept) < 150_000
    return kept


@pytest.mark.parametrize("light", ["day", "night"])
def test_pictures_for_the_guides(browser: Browser, tmp_path: pathlib.Path, light: str) -> None:
    page = pages.write_page(tmp_path, pages.results(pages.audits(12)), audit_title="Our golden images")
    browser.show(page)
    browser.media(dark=light == "night")
    taken = photograph(browser, WIDTH, HEIGHT)
    kept = kept_after(f"audit-{light}.png", taken)
    assert size_of(kept) == size_of(taken) == (WIDTH, HEIGHT)
    for picture in (kept, taken):
        assert (sum(first_pixel(picture)) < 200) == (light == "night"), first_pixel(picture)


def test_picture_of_a_survey(browser: Browser, tmp_path: pathlib.Path) -> None:
    settings = yaml.safe_load((pages.HERE.parents[1] / "playbooks" / "vars" / "awx_setup.yml").read_text())
    template = next(one for one in settings["awx_setup_job_templates"] if one["name"] == SURVEY)
    questions = [settings["awx_setup_questions"][name] for name in template["survey"]]
    drawing = jinja2.Environment(autoescape=True, trim_blocks=True).from_string(
        (pages.HERE / "survey.html.j2").read_text()
    )
    page = tmp_path / "survey.html"
    page.write_text(drawing.render({**template, "questions": questions}))
    browser.show(page)
    assert browser.texts("label") == [one["question_name"] for one in questions]
    height = int(browser.execute_script("return document.documentElement.offsetHeight"))
    taken = photograph(browser, 616, height)
    # A question more or less, or a longer description, changes the height.
    assert size_of(kept_after("awx-survey.png", taken)) == size_of(taken)


def words_of(picture: bytes) -> str:
    """Return the text of a terminal's picture, with ids, times and dates that no run repeats left out."""
    lines = ElementTree.fromstring(picture).iterfind(".//{http://www.w3.org/2000/svg}text")
    text = "\n".join("".join(line.itertext()).replace("\xa0", " ").strip() for line in lines)
    return re.sub(r"(ami|snap|key/)-?[0-9a-f-]{8,}|[0-9]+ s\b", "...", text)


def test_picture_of_a_terminal(emulator: Emulator) -> None:
    emulator.reset(seed="full")
    emulator.clock(manual=False, speed=60)
    shown = [terminal.play(emulator, COMMAND), terminal.play(emulator, COMMAND)]
    taken = terminal.draw("\n".join(shown), "ansible-playbook").encode()
    kept = kept_after("first-run.svg", taken)
    assert words_of(kept) == words_of(taken)
    assert b"@font-face" not in kept
    assert os.fspath(pages.HERE).encode() not in kept
