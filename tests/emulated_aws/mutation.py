# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change what AWS answers: missing fields, unknown states, empty lists, small pages."""

from __future__ import annotations

import copy
import typing as t
import urllib.parse

from moto.core.utils import get_pagination_model

from emulated_aws import wire

Change = t.Mapping[str, t.Any]
PAGE_TOKEN = "emulated-page"
FORMS = ({"path", "drop"}, {"path", "set"}, {"path", "keep"}, {"page_size"})


def validate(changes: t.Sequence[Change], *, needed: bool) -> None:
    """Raise ``ValueError`` unless each change has one of the known forms."""
    if needed and not changes:
        raise ValueError("a fault of kind 'mutate' needs changes")
    for change in changes:
        if set(change) not in FORMS:
            raise ValueError(f"a change is path with drop, set or keep, or page_size; not {sorted(change)}")


def mutate(changes: t.Sequence[Change], request: wire.Request, answer: wire.Answer) -> wire.Answer:
    """Return the answer with the changes made; errors stay as they are."""
    if answer.status >= 300:
        return answer
    content = wire.parse_answer(request, answer)
    for change in changes:
        if "page_size" in change:
            _cut_page(content, request, size=int(change["page_size"]))
        else:
            _apply(content, str(change["path"]).split("."), change)
    return wire.render_answer(request, content)


def _apply(content: t.Any, path: t.Sequence[str], change: Change) -> None:
    """Walk the path (``*`` is every element of a list, a number one) and change what it leads to, where it exists."""
    name, rest = path[0], path[1:]
    for key in _keys(content, name):
        if rest:
            _apply(content[key], rest, change)
        elif "set" in change:
            content[key] = copy.deepcopy(change["set"])
        elif "keep" in change:
            content[key] = content[key][: int(change["keep"])]
        else:
            del content[key]
    if not rest and "set" in change and isinstance(content, dict):
        content[name] = copy.deepcopy(change["set"])


def _keys(content: t.Any, name: str) -> list[t.Any]:
    if isinstance(content, list):
        if name == "*":
            return list(reversed(range(len(content))))
        return [int(name)] if name.isdigit() and int(name) < len(content) else []
    return [name] if isinstance(content, dict) and name in content else []


def prepare(changes: t.Sequence[Change], request: wire.Request) -> None:
    """Take our own page token out of the request, so that the service sees its own or none."""
    token = str(request.parameters.get("NextToken") or "")
    if not token.startswith(PAGE_TOKEN) or not any("page_size" in change for change in changes):
        return
    pairs = urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)
    request.body = urllib.parse.urlencode([pair for pair in pairs if pair[0] != "NextToken"]).encode()


def _cut_page(content: dict[str, t.Any], request: wire.Request, *, size: int) -> None:
    paging = get_pagination_model(request.service).get(request.action)
    if paging is None:
        raise LookupError(f"{request.service}:{request.action} has no pages")
    name, token_name = paging["result_key"], paging["output_token"]
    token = str(request.parameters.get("NextToken") or "")
    start = int(token.rpartition(":")[2]) if token.startswith(PAGE_TOKEN) else 0
    items = content.get(name, [])
    content[name] = items[start : start + size]
    if start + size < len(items):
        content[token_name] = f"{PAGE_TOKEN}:{start + size}"
