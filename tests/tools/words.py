# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the words and phrases of words.txt in files, in names such as ``list_of_words`` and across lines too.

codespell reads whole words of one line; this reads messages, comments and names as well.
"""

from __future__ import annotations

import pathlib
import re
import sys
import typing as t

WORDS = pathlib.Path(__file__).resolve().parents[1] / "requirements" / "words.txt"
# What stands between two words of a phrase: blanks, and a new line of a comment or of a list.
_BETWEEN = r"[\s#*-]+"
# Where a word begins and ends in text and in names: word, list_of_word, WORD, ListOfWord.
_BEGINS, _ENDS = r"(?<![^\W_])", r"(?![^\W_])"
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


def refused() -> dict[str, str]:
    """Return each word and phrase with what to write in its place."""
    lines = WORDS.read_text().splitlines()
    return dict(line.split("->", 1) for line in lines)


def findings(text: str, words: t.Mapping[str, str]) -> list[str]:
    """Return a line for each place where a word or phrase stands."""
    text = _HUMP.sub("_", text)
    phrases = "|".join(_BETWEEN.join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True))
    found = re.finditer(f"{_BEGINS}(?:{phrases}){_ENDS}", text, re.IGNORECASE)
    places = [(text.count("\n", 0, one.start()) + 1, re.sub(_BETWEEN, " ", one[0].lower())) for one in found]
    return [f"{line}: {word}: write {words[word]}" for line, word in places]


def main() -> None:
    """Name every place in the given files, and fail where there is one."""
    words = refused()
    found = [f"{name}:{one}" for name in sys.argv[1:] for one in findings(pathlib.Path(name).read_text(), words)]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
