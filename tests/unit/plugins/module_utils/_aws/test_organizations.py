# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an account belongs: what Organizations answers, and what it does not."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ansible_collections.sealed.ami.plugins.module_utils._aws.organizations import Place, find_place

ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
UNIT, ABOVE = (f"arn:aws:organizations::999999999999:ou/o-0123456789/ou-ab12-{name}" for name in ("below", "above"))
ELSEWHERE = "arn:aws:organizations::999999999999:organization/o-9876543210"
ARN = "arn:aws:organizations::999999999999:account/o-0123456789/210987654321"
PARENTS = {
    "210987654321": {"Id": "ou-ab12-below", "Type": "ORGANIZATIONAL_UNIT"},
    "ou-ab12-below": {"Id": "ou-ab12-above", "Type": "ORGANIZATIONAL_UNIT"},
    "ou-ab12-above": {"Id": "r-ab12", "Type": "ROOT"},
}


class Organizations:
    """Answers from tables; an error code in the place of an answer is raised."""

    def __init__(self, **answers: t.Any):
        self._answers = {"account": {"Account": {"Arn": ARN}}, "organization": {}, "parents": PARENTS, **answers}

    def describe_account(self, **_params: t.Any) -> t.Any:
        """Answer DescribeAccount."""
        return self._answer("account")

    def describe_organization(self) -> t.Any:
        """Answer DescribeOrganization."""
        return self._answer("organization")

    def list_parents(self, *, ChildId: str) -> t.Any:
        """Answer ListParents."""
        found = self._answer("parents").get(ChildId)
        return {"Parents": [found]} if found else {}

    def _answer(self, name: str) -> t.Any:
        answer = self._answers[name]
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "no"}}, name)
        return answer


OURS = {"Organization": {"Id": "o-0123456789"}}
CASES: dict[str, tuple[dict[str, t.Any], list[bool | None]]] = {
    "in a unit": ({}, [True, True, True, None]),
    "at the root": ({"parents": {"210987654321": PARENTS["ou-ab12-above"]}}, [True, False, False, None]),
    "units denied": ({"parents": "AccessDeniedException"}, [True, None, None, None]),
    "units unsaid": ({"parents": {}}, [True, None, None, None]),
    "units without end": (
        {"parents": {**PARENTS, "ou-ab12-above": PARENTS["210987654321"]}}, [True, None, None, None],
    ),
    "denied": ({"account": "AccessDeniedException"}, [None, None, None, None]),
    "no organization": ({"account": "AWSOrganizationsNotInUseException"}, [None, None, None, None]),
    "no answer worth its name": ({"account": {}}, [None, None, None, None]),
    "an account without a place": ({"account": {"Account": {}}}, [None, None, None, None]),
    "a stranger": (
        {"account": "AccountNotFoundException", "organization": OURS}, [False, False, False, None],
    ),
    "a stranger to who knows what": (
        {"account": "AccountNotFoundException", "organization": "AccessDeniedException"}, [None, None, None, None],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_known(case: str) -> None:
    answers, wanted = CASES[case]
    place = find_place(Organizations(**answers), "210987654321")
    assert [place.is_in(arn) for arn in (ORGANIZATION, UNIT, ABOVE, ELSEWHERE)] == wanted


def test_silence_is_noted() -> None:
    class Silent(Organizations):
        def describe_account(self, **_params: t.Any) -> t.Any:
            raise EndpointConnectionError(endpoint_url="https://organizations.us-east-1.amazonaws.com")

    assert find_place(Silent(), "210987654321") == Place(silent=True)


def test_nothing_is_known_of_nowhere() -> None:
    assert Place().is_in(ORGANIZATION) is None
