# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what was found in every account and region into one report, as data and as a table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: validation_report
version_added: 1.0.0
short_description: Put what consumers find in all accounts and regions into one report
description:
  - Takes the facts C(publish_results) of the role P(sealed.ami.publish#role) of many hosts, where C(publish_state) was
    V(validated), and returns one report. It is green only if something was looked at and all of it is correct. A host
    or region of which nothing is known is unreachable.
author:
  - sealed.ami contributors (@sealed-ami)
options:
  _input:
    description: The results by host and region. A host without results is unreachable.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the report of one host
  ansible.builtin.debug:
    msg: "{{ ({inventory_hostname: publish_results} | sealed.ami.validation_report).table }}"
"""

RETURN = r"""
_value:
  description:
    - C(green), whether all is correct; C(counts) by verdict; C(report), a list by verdict of C(host), C(region),
      C(kind), C(name), C(holds) and C(reason); and C(table), its lines.
  type: dict
"""

import typing as t

VERDICTS: t.Final = ("correct", "incorrect", "missing", "unexpected", "unreachable")
_COLUMNS: t.Final = ("verdict", "host", "region", "kind", "name", "holds")


def validation_report(results: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the report of all hosts."""
    found = [one for host, regions in results.items() for one in _of_host(str(host), regions)]
    report = {verdict: [_without(one) for one in found if one["verdict"] == verdict] for verdict in VERDICTS}
    wrong = [one for one in found if one["verdict"] != "correct"]
    return {
        "green": bool(found) and not wrong,
        "counts": {verdict: len(entries) for verdict, entries in report.items()},
        "report": report,
        "table": _table([*wrong, *(one for one in found if one["verdict"] == "correct")]),
    }


def _of_host(host: str, regions: t.Any) -> t.Iterator[dict[str, t.Any]]:
    if not isinstance(regions, t.Mapping) or not regions:
        yield _unknown(host, "", "nothing was looked at; the host failed before, or could not be reached")
        return
    for region, result in regions.items():
        report = result.get("report") or {}
        every = [(verdict, one) for verdict in VERDICTS for one in report.get(verdict) or ()]
        if not every:
            yield _unknown(host, str(region), str(result.get("msg") or "nothing was looked at"))
        for verdict, one in every:
            yield {"verdict": verdict, "host": host, "region": str(region), **one}


def _unknown(host: str, region: str, reason: str) -> dict[str, t.Any]:
    kind, name = ("region", region) if region else ("host", host)
    return {
        "verdict": "unreachable", "host": host, "region": region, "kind": kind, "name": name, "holds": None,
        "reason": reason,
    }  # fmt: skip


def _without(one: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in one.items() if key != "verdict"}


def _table(found: t.Sequence[dict[str, t.Any]]) -> list[str]:
    rows = [_COLUMNS, *(tuple(str(one[column] or "-") for column in _COLUMNS) for one in found)]
    widths = [max(len(row[number]) for row in rows) for number in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"validation_report": validation_report}
