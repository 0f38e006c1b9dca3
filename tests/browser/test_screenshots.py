# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the audit's page that the guides show: ``make screenshots`` takes them, by day and by night."""

from __future__ import annotations

import base64
import os
import pathlib
import struct
import zlib

import pytest

from browser import pages
from browser.conftest import Browser

PICTURES = pages.HERE.parents[1] / "docs" / "docsite"
WIDTH, HEIGHT = 1000, 640


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


@pytest.mark.parametrize("light", ["day", "night"])
def test_pictures_for_the_guides(browser: Browser, tmp_path: pathlib.Path, light: str) -> None:
    page = pages.write_page(tmp_path, pages.results(pages.audits(12)), audit_title="Our golden images")
    browser.show(page)
    browser.media(dark=light == "night")
    area = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
    metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        taken = base64.b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": area})["data"])
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    if os.environ.get("SCREENSHOTS"):
        (PICTURES / f"audit-{light}.png").write_bytes(taken)
    kept = (PICTURES / f"audit-{light}.png").read_bytes()
    assert size_of(kept) == size_of(taken) == (WIDTH, HEIGHT)
    assert len(kept) < 150_000
    for picture in (kept, taken):
        assert (sum(first_pixel(picture)) < 200) == (light == "night"), first_pixel(picture)
