# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site: references by antsibull-docs, guides, and every link between them checked."""

from __future__ import annotations

import html.parser
import os
import pathlib
import shutil
import sys
import urllib.parse

from processes import BIN, ROOT, WORK, begin, environment, must_run

SITE = WORK / "docs"
BUILT = SITE / "html"
CONFIGURATION = """\
project = "sealed.ami"
title = html_title = html_short_title = "sealed.ami"
copyright = "sealed.ami contributors"
extensions = ["sphinx_antsibull_ext"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
default_role = "any"


def elsewhere(app, env, node, content):
    # What belongs to Ansible or to other collections cannot be followed without the network; ours must be there.
    return None if node.get("reftarget", "").startswith("ansible_collections.sealed.") else content


def setup(app):
    app.connect("missing-reference", elsewhere)
"""
ANTSIBULL = """\
breadcrumbs = true
indexes = true
use_html_blobs = false
add_antsibull_docs_version = true
"""


class Page(html.parser.HTMLParser):
    """What a page links to, and what on it can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of links and anchors."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif value and (name, tag) in (("href", "a"), ("src", "img"), ("href", "link"), ("src", "script")):
                self.links.add(value)


def broken_links(folder: pathlib.Path) -> list[str]:
    """Return every link to a page or an anchor of the site that is not there."""
    pages = {path.resolve(): Page(path.read_text()) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else path
            missing = not target.exists() or (
                url.fragment and target in pages and url.fragment not in pages[target].anchors
            )
            if missing:
                found.append(f"{path.name}: {link}")
    return found


def main() -> None:
    """Leave with status 1 at the first warning or broken link."""
    begin()
    must_run(sys.executable, ROOT / "tests" / "tools" / "scale.py", "--check")
    must_run(sys.executable, ROOT / "tests" / "tools" / "architecture.py", "--check")
    bench = (sys.executable, "-m", "bench", "--check", "--output", ROOT / "docs")
    must_run(*bench, env=environment(PYTHONPATH=os.fspath(ROOT / "tests")))
    shutil.rmtree(SITE, ignore_errors=True)
    sources = SITE / "rst"
    sources.mkdir(parents=True)
    SITE.chmod(0o700)
    sources.chmod(0o700)
    (SITE / "conf.py").write_text(CONFIGURATION)
    (SITE / "antsibull-docs.cfg").write_text(ANTSIBULL)
    options = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", sources)
    must_run(
        BIN / "antsibull-docs", "--config-file", SITE / "antsibull-docs.cfg", "collection", *options, "sealed.ami",
        env=environment(ANSIBLE_NOCOLOR="1"),
    )  # fmt: skip
    # What the pages show and include lies beside their folder.
    for suffix in ("inc", "svg", "png"):
        for path in (ROOT / "docs" / "docsite").glob(f"*.{suffix}"):
            shutil.copy(path, sources)
    must_run(BIN / "sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "-c", SITE, sources, BUILT)
    if broken := broken_links(BUILT):
        sys.exit("links that lead nowhere:\n" + "\n".join(broken))
    print(f"documentation: {len(list(BUILT.rglob('*.html')))} pages in {BUILT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
