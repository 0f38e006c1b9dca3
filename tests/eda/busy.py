# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in controller with jobs that take a while, as ansible-rulebook sees them."""

from __future__ import annotations

import time
import typing as t

from awx.controller import API, Answer, Controller
from awx.schema import Fields


class BusyController(Controller):
    """Every job runs until so many have been launched, or until its time is over."""

    def __init__(self, playbooks: t.Iterable[str], *, hosts: t.Sequence[str], together: int, seconds: float) -> None:
        super().__init__(playbooks, hosts=hosts)
        self._together, self._seconds = together, seconds
        self._started: dict[int, float] = {}
        self.running_at_launch: list[int] = []

    def answer(self, method: str, path: str, query: dict[str, str], body: Fields) -> Answer:
        """Answer what only ansible-rulebook asks for, and launches with the job's address."""
        kind, *rest = path.removeprefix(API).strip("/").split("/")
        if (method, kind) == ("get", "config"):
            return 200, {"version": "24.6.1"}
        if kind in ("unified_jobs", "jobs") and method == "get":
            numbers = [int(one) for one in (rest or query["id__in"].split(","))]
            found = [self._job(number) for number in numbers]
            return 200, (found[0] if rest else {"count": len(found), "next": None, "results": found})
        status, answered = super().answer(method, path, query, body)
        if kind == "unified_job_templates":
            answered["results"] = [self._launchable(item) for item in answered["results"]]
        if rest[1:] == ["launch"] and status == 201:
            self.running_at_launch.append(sum(not self._is_over(number) for number in self._started))
            self._started[answered["id"]] = time.monotonic()
            answered |= self._job(answered["id"])
        return status, answered

    def _launchable(self, item: Fields) -> Fields:
        organization = self._objects["organizations"][item["organization"]]
        return {
            **item,
            "related": {**item["related"], "launch": f"{item['url']}launch/"},
            "summary_fields": {**item["summary_fields"], "organization": {"name": organization["name"]}},
        }

    def _is_over(self, number: int) -> bool:
        is_late = time.monotonic() - self._started[number] > self._seconds
        return len(self._started) >= self._together or is_late

    def _job(self, number: int) -> Fields:
        status = "successful" if self._is_over(number) else "running"
        url = f"{API}jobs/{number}/"
        made = {"created": "2026-11-24T00:00:00Z", "artifacts": {}}
        return {"id": number, "type": "job", "url": url, "status": status, **made}
