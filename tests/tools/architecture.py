# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw which folder of ``plugins`` imports which, for the developers' pages; ``--check`` only compares."""

from __future__ import annotations

import ast
import pathlib
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
PICTURE = ROOT / "docs" / "docsite" / "architecture.svg"
WIDTH, HEIGHT, GAP, ROW = 170, 44, 24, 130
LICENSE = """<!--
Copyright (c) 2026 sealed.ami contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->"""
SLICED = ("_execute", "_image")
# Folders of a sliced layer that are no slice, but shared.
SHARED = ("proofs",)
# The layers from top to bottom; arrows may only point down, or to what a layer's slices share.
LAYERS = (("modules", "action", "inventory", "filter", "plugin_utils"), ("_execute",), ("_aws",), ("_image",))


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room of a file or module, given by its path below ``plugins``; "" for what is in none."""
    if parts[:1] != ("module_utils",):
        return parts[0] if parts and parts[0] in LAYERS[0] else ""
    layer = parts[1] if len(parts) > 2 else ""
    if layer not in SLICED:
        return layer if layer == "_aws" else ""
    is_slice = len(parts) > 3 and parts[2] not in SHARED and (PLUGINS / "module_utils" / layer / parts[2]).is_dir()
    return f"{layer}/{parts[2]}" if is_slice else f"{layer} (shared)"


def imported(path: pathlib.Path) -> t.Iterator[tuple[str, ...]]:
    """Yield what a file imports of ours, each as a path below ``plugins``."""
    package = path.relative_to(PLUGINS).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple((node.module or "").split("."))
        if node.level:
            base = package[: len(package) - node.level + 1] + tuple(part for part in module if part)
        elif module[:4] == ("ansible_collections", "sealed", "ami", "plugins"):
            base = module[4:]
        else:
            continue
        yield from ((*base, alias.name) for alias in node.names)


def arrows() -> set[tuple[str, str]]:
    """Return every pair of rooms of which the first imports the second."""
    found: set[tuple[str, str]] = set()
    for path in PLUGINS.rglob("*.py"):
        here = room_of(path.relative_to(PLUGINS).parts)
        found.update((here, room_of(names)) for names in imported(path))
    return {(here, there) for here, there in found if here and there and here != there}


def places(rooms: t.Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the corner of each room: a layer a row."""
    found = {}
    for row, layer in enumerate(LAYERS):
        names = sorted(room for room in rooms if room.split("/")[0].split(" ")[0] in layer)
        found.update({name: (GAP + column * (WIDTH + GAP), GAP + row * ROW) for column, name in enumerate(names)})
    return found


def draw() -> str:
    """Return the picture as SVG."""
    pairs = sorted(arrows())
    corners = places({room for pair in pairs for room in pair})
    width = max(x for x, _ in corners.values()) + WIDTH + GAP
    height = max(y for _, y in corners.values()) + HEIGHT + GAP
    lines = []
    for here, there in pairs:
        (x1, y1), (x2, y2) = corners[here], corners[there]
        if y1 == y2:
            continue  # To what the layer shares; the text says it.
        ends = f'x1="{x1 + WIDTH // 2}" y1="{y1 + HEIGHT}" x2="{x2 + WIDTH // 2}" y2="{y2}"'
        lines.append(f'<line {ends} marker-end="url(#head)"/>')
    boxes = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{x + WIDTH // 2}" y="{y + 27}">{room}</text>'
        for room, (x, y) in sorted(corners.items())
    ]
    return "\n".join(
        [
            LICENSE,
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
            'font-size="14" text-anchor="middle">',
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0 10 5 0 10z" fill="#789"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<g stroke="#789">{"".join(lines)}</g>',
            f'<g fill="#eef3f8" stroke="#345">{"".join(box.partition("<text")[0] for box in boxes)}</g>',
            f'<g fill="#123">{"".join("<text" + box.partition("<text")[2] for box in boxes)}</g>',
            "</svg>",
            "",
        ]
    )


def main() -> None:
    """Write the picture, or say that it is not the code's any more."""
    picture = draw()
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(picture)
    elif not PICTURE.is_file() or PICTURE.read_text() != picture:
        sys.exit(f"{PICTURE.relative_to(ROOT)} does not show the code as it is: run python {sys.argv[0]}")


if __name__ == "__main__":
    main()
