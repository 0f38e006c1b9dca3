# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page is whole, safe, legible and usable by keyboard, with no image and with two thousand, on screen and paper."""

from __future__ import annotations

import base64
import pathlib
import re

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser.conftest import Browser
from browser.pages import POISON

PAGES = ("some", "none", "many", "folded", "hostile", "hostile_index")
# Whatever an element stands on: the nearest background below it that is not transparent.
CONTRAST = """
const rgb = c => { const d = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  d.fillStyle = c; d.fillRect(0, 0, 1, 1); return [...d.getImageData(0, 0, 1, 1).data] };
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const under = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c[3] > 0) return c } return [255, 255, 255] };
const seen = new Map();
for (const e of document.querySelectorAll(arguments[0])) {
  if (!e.getClientRects().length) continue;
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(under(e))].sort((x, y) => y - x);
  const name = e.tagName + '.' + e.className, ratio = (a + .05) / (b + .05);
  if (!(seen.get(name) <= ratio)) seen.set(name, ratio) }
return [...seen].filter(([, ratio]) => ratio < 4.5)
"""


@pytest.fixture
def page(request: pytest.FixtureRequest) -> pathlib.Path:
    """Return the page that the test names."""
    found: pathlib.Path = request.getfixturevalue(request.param)
    return found


def press(browser: Browser, *keys: str) -> None:
    """Press keys one after the other, wherever the focus is."""
    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def focus(browser: Browser, selector: str) -> None:
    """Put the focus where a Tab would have brought it."""
    browser.execute_script("document.querySelector(arguments[0]).focus()", selector)


@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_nothing_is_loaded_and_the_console_stays_silent(browser: Browser, page: pathlib.Path) -> None:
    browser.show(page)
    assert browser.requests() == []
    assert browser.get_log("browser") == []
    assert browser.count("script, iframe, object, embed, link[rel=stylesheet], [style]") == 0


@pytest.mark.parametrize("page", PAGES, indirect=True)
def test_the_page_is_structured_for_those_who_cannot_see_it(browser: Browser, page: pathlib.Path) -> None:
    browser.show(page)
    assert [browser.count(f"body > {name}") for name in ("header", "nav[aria-label]", "main", "footer")] == [1, 1, 1, 1]
    assert browser.count("h1") == 1
    assert browser.count("th:not([scope])") == 0
    assert browser.count("html[lang=en]") == 1
    labels = "return [...document.querySelectorAll('[aria-labelledby]')].map(e => e.getAttribute('aria-labelledby'))"
    links = "return [...document.querySelectorAll('a')].map(e => e.getAttribute('href'))"
    named = {*browser.execute_script(labels), *(link.removeprefix("#") for link in browser.execute_script(links))}
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert named <= set(ids)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_legible(browser: Browser, some: pathlib.Path, dark: bool) -> None:
    browser.show(some)
    browser.media(dark=dark)
    browser.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert (
        browser.execute_script(
            CONTRAST, "h1, h2, h3, p, li, dt, dd, th, td, a, b, code, label, summary, .verdict, .tag"
        )
        == []
    )


def test_colour_is_never_the_only_sign(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    assert {text[0] for text in browser.texts(".cell")} == {"✓", "✗", "?"}
    assert set(browser.texts(".verdict")) == {"✓ compliant", "✗ not compliant", "? unknown"}
    assert all(browser.texts(".k"))
    assert set(browser.texts(".cell .k")) >= {"K1", "open", "?"}
    labels = browser.execute_script("return [...document.querySelectorAll('.cell')].map(e => e.ariaLabel)")
    assert all(re.match(r"ami-[0-9a-f]{17}, (compliant|not compliant|unknown), \w", label) for label in labels)


def test_the_keyboard_opens_and_closes_what_is_folded(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the report"
    press(browser, Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    for _step in range(400):
        press(browser, Keys.TAB)
        if browser.switch_to.active_element.tag_name == "summary":
            break
    assert browser.switch_to.active_element.tag_name == "summary"
    assert browser.count("details[open]") == 0
    press(browser, Keys.ENTER)
    assert browser.count("details[open]") == 1
    assert browser.shown("details[open] .inside table") == 1
    press(browser, Keys.SPACE)
    assert browser.count("details[open]") == 0
    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.tag_name == "summary"


def test_the_focus_can_be_seen(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    press(browser, Keys.TAB, Keys.TAB)
    style = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
    outline, width = browser.execute_script(style)
    assert (outline, width >= 2) == ("solid", True)


def test_wide_tables_can_be_scrolled_by_keyboard(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    assert browser.count(".scroll:not([tabindex='0'][role=region][aria-labelledby])") == 0
    assert browser.count(".scroll") == 2


@pytest.mark.parametrize("width", [360, 768])
def test_on_a_phone_ids_are_legible_and_the_page_is_not_wider_than_the_screen(
    browser: Browser, some: pathlib.Path, width: int
) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.show(some)
        browser.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        lines = """return [...document.querySelectorAll('td code')].filter(e => e.getClientRects().length)
          .map(e => Math.round(e.getBoundingClientRect().height / (1.2 * parseFloat(getComputedStyle(e).fontSize))))"""
        assert 1 <= max(browser.execute_script(lines)) <= 4
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(
    ("steps", "kind"),
    [pytest.param(1, "bad", id="bad"), pytest.param(2, "unsure", id="unknown"), pytest.param(3, "good", id="good")],
)
def test_the_filter_shows_images_of_one_kind(browser: Browser, some: pathlib.Path, steps: int, kind: str) -> None:
    browser.show(some)
    assert browser.shown(".image") == 40
    focus(browser, "#show-all")
    press(browser, *[Keys.ARROW_DOWN] * steps)
    assert browser.shown(".image") == browser.shown(f".image.{kind}") == browser.count(f".image.{kind}") > 0
    assert browser.shown(f".row:not(.has-{kind}), .family:not(.has-{kind})") == 0


def test_an_entry_of_the_matrix_opens_its_image(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    focus(browser, ".cell")
    target = str(browser.switch_to.active_element.get_attribute("href")).partition("#")[2]
    press(browser, Keys.ENTER)
    assert browser.shown(f"#{target}") == 1
    assert browser.execute_script("return document.querySelector(':target').getBoundingClientRect().top < innerHeight")


def test_what_it_says_is_what_was_found(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    assert browser.texts(".tile dd")[0] == "40"
    assert sum(map(int, browser.texts(".tile dd")[1:])) == 40
    assert [browser.count(f".image.{kind}") for kind in ("bad", "unsure", "good")] == list(
        map(int, browser.texts(".tile dd")[1:])
    )
    assert browser.texts("#errors li") == ["123456789012 ap-south-1: Failed to describe images in ap-south-1"]
    assert browser.count(".matrix tbody tr") == 10
    assert browser.texts(".matrix thead th")[1:] == ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"]
    assert {"PendingDeletion", "Enabled"} == {
        text.split()[-1 if "⚠" not in text else 1] for text in browser.texts("#keys td:nth-child(5)")
    }
    assert browser.count(".bad > .why > li") >= browser.count(".image.bad")
    assert browser.count(".lineage > .d1") == 30


def test_no_image_is_said_in_words(browser: Browser, none: pathlib.Path) -> None:
    browser.show(none)
    assert browser.texts(".tile dd") == ["0", "0", "0", "0"]
    assert browser.texts("#matrix p") == ["No image was found in eu-central-1, eu-west-1, us-east-1, us-west-2."]
    assert browser.count("table, .filter, .cell") == 0


def test_two_thousand_images_are_all_there_and_weigh_little(browser: Browser, many: pathlib.Path) -> None:
    assert many.stat().st_size < 2200 * 2000
    browser.show(many)
    assert [browser.count(selector) for selector in (".cell", ".image", "details")] == [2000, 2000, 2000]
    assert browser.count(".inside tbody tr") == 4000
    took = browser.execute_script(
        "const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd - n.startTime"
    )
    assert 0 < took < 15_000
    focus(browser, "#show-all")
    press(browser, Keys.ARROW_DOWN)
    assert browser.shown(".row, .family") == browser.count(".row.has-bad, .family.has-bad") > 0


def test_what_a_large_page_folds_is_found_by_its_name(browser: Browser, folded: pathlib.Path) -> None:
    browser.show(folded)
    assert [browser.count(selector) for selector in (".cell", ".image", "details")] == [40, 40, 40]
    assert browser.texts(".tile dd")[0] == "2000"
    lines = [line for text in browser.texts("#index pre") for line in text.splitlines()]
    assert len(lines) == len(set(lines)) == 1960
    # Of the names that no table shows, one in the middle of a block far below the screen.
    line = lines[1234]
    name = line.split("  ")[1]
    assert name not in "".join(browser.texts("h3, .matrix"))
    assert browser.execute_script("return window.find(arguments[0])", name)
    assert browser.execute_script("return getSelection().anchorNode.parentElement.tagName") == "PRE"
    assert re.match(r"^[✓✗?]  golden-\d{4}  ami-[0-9a-f]{17}  [a-z-]+-\d  123456789012  ", line)


def test_a_link_of_the_index_leads_to_the_names_that_follow(browser: Browser, folded: pathlib.Path) -> None:
    browser.show(folded)
    assert browser.count(".index a") == browser.count(".block") == 2
    focus(browser, ".index li:last-child a")
    press(browser, Keys.ENTER)
    title = "return document.querySelector(':target h3').getBoundingClientRect()"
    assert 0 <= browser.execute_script(f"{title}.top") < browser.execute_script("return innerHeight")


def test_hostile_names_are_lines_of_the_index(browser: Browser, hostile_index: pathlib.Path) -> None:
    browser.show(hostile_index)
    assert browser.title == "Encryption"
    assert browser.count("script, img, .owned, [onclick], [onerror]") == 0
    lines = [line for text in browser.texts("#index pre") for line in text.splitlines()]
    assert len(lines) == 24
    assert [line for line in lines if " ".join(POISON.split()) not in line] == []


def test_hostile_names_are_shown_as_text(browser: Browser, hostile: pathlib.Path) -> None:
    browser.show(hostile)
    assert browser.title == POISON
    assert browser.texts("h1") == [POISON]
    assert browser.count("script, img, .owned, [onclick], [onerror]") == 0
    assert browser.count("style") == 1
    for selector in (
        "h3",
        ".matrix tbody th",
        ".lead",
        "#errors li",
        "#policy li + li",
        ".tag",
        ".why li",
        ".inside tbody th",
    ):
        texts = browser.texts(selector)
        assert texts
        assert [text for text in texts if POISON not in text] == [], selector
    titles = browser.execute_script("return [...document.querySelectorAll('.inside .k')].map(e => e.title)")
    assert [title for title in titles if title.startswith("<script>")]


def test_on_paper_everything_is_unfolded(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    assert browser.count("details[open]") == 0
    browser.media("print")
    height = "return [...document.querySelectorAll('.inside')].map(e => e.getBoundingClientRect().height)"
    assert [height > 20 for height in browser.execute_script(height)] == [True] * 40
    assert browser.shown("nav, .filter, .skip") == 0
    assert browser.shown(".tile, .image, .matrix .cell") == 4 + 40 + 40
    overflow = "return [...document.querySelectorAll('.scroll')].map(e => getComputedStyle(e).overflow)"
    assert set(browser.execute_script(overflow)) == {"visible"}


def test_it_prints_to_pages(browser: Browser, some: pathlib.Path) -> None:
    browser.show(some)
    document = base64.b64decode(browser.print_page())
    assert document.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", document)) > 3
