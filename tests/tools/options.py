# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the attributes of the table into documentation, roles, playbooks and inventory, where one of them is missing.

What is there already is left as it is, and so is an attribute without a ``meaning``, which is documented by hand. The
unit tests compare what is written with the table.
"""

from __future__ import annotations

import dataclasses
import pathlib
import sys
import textwrap
import typing as t

from processes import ROOT, begin

sys.path.insert(0, str(ROOT))

from plugins.module_utils._image.attribute_table import ATTRIBUTE_ROWS, Row

Render = t.Callable[[Row], "list[str]"]
_TYPED = "{{{{ sealed_ami_{name} | default('') }}}}"
FRONTS: t.Final = (
    ("playbooks/tasks/copy_images.yml", "encrypted_copy_", 4),
    ("playbooks/s5_image_from_instance.yml", "image_from_instance_", 8),
    ("playbooks/s6_multi_key_image.yml", "multi_key_image_", 8),
)


@dataclasses.dataclass(frozen=True)
class Face:
    """A place that has one entry for each attribute; ``after`` is the line that begins it, in a file with several."""

    path: str
    indent: int
    render: Render
    prefix: str = ""
    after: str = ""
    destination: bool = False

    def add_missing(self, text: str, rows: t.Sequence[Row]) -> str:
        """Return the text with an entry for each row, a new one behind that of the row before it."""
        lines = text.splitlines()
        start = lines.index(self.after) if self.after else 0
        end = 0
        for row in [one for one in rows if one.of_destination or not self.destination]:
            found = self._entry(lines, row, start)
            if found is not None:
                end = found
            elif row.meaning and end:
                new = [" " * self.indent + line for line in self.render(row)]
                lines[end:end] = new
                end += len(new)
        return "\n".join(lines) + "\n"

    def _entry(self, lines: list[str], row: Row, start: int) -> int | None:
        """Return the number of the line behind the entry of a row."""
        head = " " * self.indent + f"{self.prefix}{row.name}:"
        for number in range(start, len(lines)):
            if lines[number].startswith(head):
                return next(
                    (at for at in range(number + 1, len(lines)) if not lines[at].startswith(" " * (self.indent + 1))),
                    len(lines),
                )
        return None


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A line that lists the attributes, such as in a table of a README; a new one stands behind the one before it."""

    path: str
    name: str

    def add_missing(self, text: str, rows: t.Sequence[Row]) -> str:
        """Return the text with every attribute that is not named yet behind the one before it."""
        before = ""
        for row in [one for one in rows if one.of_destination]:
            token = f"`{self.name.format(name=row.name)}`"
            if token not in text and before:
                text = text.replace(before, f"{before}, {token}", 1)
            before = token
        return text


WIDTH: t.Final = 116


def sentences(lines: t.Iterable[str], indent: int) -> list[str]:
    """Return sentences as a list in YAML, folded."""
    fold = textwrap.TextWrapper(WIDTH - indent, initial_indent="    - ", subsequent_indent="      ")
    return [line for sentence in lines for line in fold.wrap(quoted(sentence))]


def quoted(sentence: str) -> str:
    """Return a sentence as a YAML scalar."""
    return f'"{sentence}"' if ": " in sentence else sentence


def typed(row: Row) -> list[str]:
    """Return what a plugin's documentation says of an option's type."""
    lines = [f"  type: {row.argument['type']}"]
    if row.choices:
        lines.append(f"  choices: [{', '.join(row.choices)}]")
    if "elements" in row.argument:
        lines.append(f"  elements: {row.argument['elements']}")
    return lines


def documented(row: Row) -> list[str]:
    """Return an option in the documentation of a plugin."""
    return [f"{row.name}:", "  description:", *sentences(row.meaning, 4), *typed(row), *parts(row)]


def parts(row: Row) -> list[str]:
    """Return the options within an option."""
    if not row.parts:
        return []
    lines = ["  suboptions:"]
    for name, meaning in row.parts.items():
        argument = row.argument["options"][name]
        part = Row(name, argument, meaning=(meaning,))
        lines += [f"    {line}" for line in (f"{name}:", f"  description: {quoted(meaning)}", *typed(part))]
    return lines


def of_destination(row: Row, see: str, where: str) -> list[str]:
    """Return an option of a destination, which refers to the option for all destinations."""
    return [f"{row.name}:", f"  description: {where}see O({see}).", *typed(row)]


def said_of_parts(row: Row) -> list[str]:
    """Return in a sentence what a dictionary takes, where an option is of any type."""
    return [f"A dictionary of {' and '.join(f'C({name})' for name in row.parts)}, or JSON text."] if row.parts else []


def of_role(row: Row, role: str) -> list[str]:
    """Return a variable in the argument specification of a role; blank leaves the attribute as it is."""
    lines = sentences((*row.meaning, *said_of_parts(row), "Blank leaves it as it is."), 6)
    kind = "str" if row.answer == "text" else "raw"
    return [f"{role}_{row.name}:", "  description:", *lines, f"  type: {kind}", '  default: ""']


def understood(row: Row, value: str, blank: str = "") -> str:
    """Return the expression that understands what was typed; blank text where one of a few words is expected."""
    if row.choices:
        kind = f"('text', {blank} | default(''))" if blank else ""
        return f"{{{{ {value} | sealed.ami.answer{kind} | default(omit, true) }}}}"
    otherwise = f"{blank} | default(omit)" if blank else "omit"
    return f"{{{{ {value} | sealed.ami.answer('{row.answer}', {otherwise}) }}}}"


def passed(row: Row, value: str, blank: str = "") -> list[str]:
    """Return an argument of a module that is given what was typed."""
    if blank:
        head, _, rest = understood(row, value, blank).partition(" | sealed.ami.answer")
        return [f"{row.name}: >-", f"  {head}", f"     | sealed.ami.answer{rest}"]
    return [f'{row.name}: "{understood(row, value)}"']


def faces() -> list[Face | Sentence]:
    """Return every place that has an entry for each attribute."""
    found: list[Face | Sentence] = [
        Face("plugins/doc_fragments/image.py", 2, documented),
        Face("plugins/inventory/image_targets.py", 2, documented),
        Face(
            "plugins/modules/ec2_ami_encrypted_copy.py", 6, after="  destinations:", destination=True,
            render=lambda row: [*of_destination(row, row.name, "For the copies in this region; "), *parts(row)],
        ),
        Face(
            "roles/encrypted_copy/meta/argument_specs.yml", 10, after="      encrypted_copy_destinations:",
            destination=True,
            render=lambda row: of_destination(row, f"encrypted_copy_{row.name}", "For this region; "),
        ),
        Face("playbooks/compose_keys.yml", 8, lambda row: passed(row, f"sealed_ami_{row.name} | default('')")),
        Face(
            "playbooks/fleet_copy.yml", 12,
            lambda row: passed(row, f"sealed_ami_{row.name} | default('')", f"sealed_ami__own.{row.name}"),
        ),
        Sentence("roles/encrypted_copy/README.md", "{name}"),
        Sentence("playbooks/vars/README.md", "sealed_ami_{name}"),
    ]  # fmt: skip
    for role in ("encrypted_copy", "image_from_instance", "multi_key_image"):
        found += of_one_role(role)
    for path, prefix, indent in FRONTS:
        found.append(Face(path, indent, front(prefix), prefix=prefix))
    return found


def of_one_role(role: str) -> list[Face]:
    """Return the places in a role."""
    folder, prefix = f"roles/{role}", f"{role}_"
    return [
        Face(f"{folder}/meta/argument_specs.yml", 6, lambda row: of_role(row, role), prefix=prefix),
        Face(f"{folder}/defaults/main.yml", 0, lambda row: [f'{prefix}{row.name}: ""'], prefix=prefix),
        Face(f"{folder}/tasks/main.yml", 8, lambda row: passed(row, f"{prefix}{row.name}")),
    ]


def front(prefix: str) -> Render:
    """Return how a playbook passes what was typed on to its role."""
    return lambda row: [f'{prefix}{row.name}: "{_TYPED.format(name=row.name)}"']


def write(root: pathlib.Path, rows: t.Sequence[Row]) -> list[str]:
    """Add what is missing below ``root``, and return the files that have changed."""
    changed = []
    for face in faces():
        path = root / face.path
        before = path.read_text()
        after = face.add_missing(before, rows)
        if after != before:
            path.write_text(after)
            changed.append(face.path)
    return changed


def main() -> None:
    """Write the missing entries of the checkout."""
    begin()
    for path in write(ROOT, ATTRIBUTE_ROWS):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
