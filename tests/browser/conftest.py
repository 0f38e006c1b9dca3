# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium that notes every message and every request, and pages to show it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from browser import pages
from emulated_aws.fixtures import emulator, emulator_process

__all__ = ["emulator", "emulator_process"]

ARGUMENTS = (
    "--headless=new",
    "--disable-gpu",
    "--hide-scrollbars",
    "--window-size=1300,1600",
    "--disable-dev-shm-usage",
)


class Browser(webdriver.Chrome):
    """Chromium with what the tests ask it."""

    def show(self, page: pathlib.Path, anchor: str = "") -> None:
        """Load a page."""
        self.get("about:blank")
        self.get_log("browser")
        self.get_log("performance")
        self.get(page.as_uri() + anchor)

    def requests(self) -> list[str]:
        """Return the addresses asked for since the page was shown, the page itself and data in it left out."""
        events = [json.loads(entry["message"])["message"] for entry in self.get_log("performance")]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        urls = [parameters["request"]["url"] for parameters in sent]
        return [url for url in urls if not url.startswith("data:") and url != self.current_url.partition("#")[0]]

    def texts(self, selector: str) -> list[str]:
        """Return the text of all that fits a CSS selector, shown or not."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())"
        return t.cast("list[str]", self.execute_script(script, selector))

    def count(self, selector: str) -> int:
        """Return how many elements fit a CSS selector."""
        return int(self.execute_script("return document.querySelectorAll(arguments[0]).length", selector))

    def shown(self, selector: str) -> int:
        """Return how many of them take any room on the page."""
        script = "return [...document.querySelectorAll(arguments[0])].filter(e => e.getClientRects().length).length"
        return int(self.execute_script(script, selector))

    def media(self, media: str = "", *, dark: bool = False) -> None:
        """Show the page as for ``print``, or in the colours of the night."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})


@pytest.fixture(scope="session")
def browser() -> t.Iterator[Browser]:
    """Return the one browser of the run."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    # Chromium's sandbox does not start as root, which is what containers of CI often are.
    for argument in (*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Browser(options=options, service=Service(str(shutil.which("chromedriver")))) as started:
        yield started


@pytest.fixture(autouse=True)
def _plain_media(browser: Browser) -> t.Iterator[None]:
    yield
    browser.media()


@pytest.fixture(scope="session")
def some(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the page about forty images of every kind, with a region that could not be read."""
    found = pages.results(pages.audits(40))
    found[0]["errors"] = [{"region": "ap-south-1", "message": "Failed to describe images in ap-south-1"}]
    return pages.write_page(tmp_path_factory.mktemp("some"), found)


@pytest.fixture(scope="session")
def none(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the page about no image at all."""
    return pages.write_page(tmp_path_factory.mktemp("none"), pages.results(pages.audits(0)))


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the page about two thousand images."""
    return pages.write_page(tmp_path_factory.mktemp("many"), pages.results(pages.audits(2000)))


@pytest.fixture(scope="session")
def folded(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the page about two thousand images that shows forty of them in full, and has a line for each other."""
    found = pages.results(pages.audits(2000))
    return pages.write_page(tmp_path_factory.mktemp("folded"), found, audit_html_limit=40)


@pytest.fixture(scope="session")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the page that shows none of the images with hostile names in full."""
    return pages.write_page(tmp_path_factory.mktemp("hostile_index"), pages.poisoned(), audit_html_limit=0)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a page on which whatever somebody could name is markup and template, and no script of it may run."""
    return pages.write_page(
        tmp_path_factory.mktemp("hostile"),
        pages.poisoned(),
        audit_title=pages.POISON,
        audit_policy=pages.POISONED_POLICY,
    )
