# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What retiring saves: looked up once for each region and task, only where asked, and not known where denied."""

from __future__ import annotations

import json

import pytest

from emulated_aws.client import Emulator
from system.iam.test_least_privilege import POLICIES, USER
from system.looking import Looking
from system.retire.conftest import Fleet, Retire

pytestmark = pytest.mark.alone
HERE = {"region": "us-east-1", "price": 0.05, "currency": "USD", "reason": None}


def test_one_call_for_each_region_and_none_unless_asked(fleet: Fleet, retire: Retire, look: Looking) -> None:
    fleet.family()
    look.emulator.clear_calls()
    assert retire(check=True)["costs"] == []
    assert look.calls(action="GetProducts") == []
    regions = ["us-east-1", "eu-west-1", "ap-southeast-2"]
    first, second, third = retire(check=True, regions=regions, estimate_cost=True)["costs"]
    assert first == {**HERE, "gib_freed": 0, "monthly_cost": 0.0}
    assert (second["region"], second["price"]) == ("eu-west-1", 0.05)
    # The emulated price list does not have the third.
    assert (third["price"], third["monthly_cost"]) == (None, None)
    assert "0 prices of standard snapshots" in third["reason"]
    assert len(look.calls(action="GetProducts")) == len(regions)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_denial_costs_nothing_but_the_price(emulator: Emulator, fleet: Fleet, retire: Retire, allowed: bool) -> None:
    fleet.family()
    names = ("usage", "retire-deprecate", *(["retire-cost"] if allowed else []))
    policies = [json.loads((POLICIES / f"{name}.json").read_text()) for name in names]
    result = retire(as_=emulator.principal(USER, policies), estimate_cost=True)
    assert (result.msg, result["changed"], result.warnings) == ("", True, [])
    (cost,) = result["costs"]
    assert (cost["price"] is not None, cost["reason"] is None) == (allowed, allowed)
    assert allowed or "pricing:GetProducts" in cost["reason"]


def test_trouble_with_the_price_list_fails_nothing(emulator: Emulator, fleet: Fleet, retire: Retire) -> None:
    fleet.family()
    emulator.faults.add("error", action="GetProducts", code="InternalErrorException", status=400, message="later")
    result = retire(check=True, estimate_cost=True)
    assert (result.msg, result["costs"][0]["monthly_cost"]) == ("", None)
    assert "later" in result["costs"][0]["reason"]
