# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What consumers find, by verdict: never green where something is wrong, and least of all where nothing is known."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules.ec2_ami_publish import RETURN
from emulated_aws.client import Emulator
from system.iam.test_least_privilege import Scenario, actions, statements, without
from system.publish.conftest import GOLDEN, KEYS, MODULE, PLAIN, REGION, SEALED, Place, Publish
from system.running import Result, RunModule

NAMES = ("/golden/db", "/golden/day")
ASKED: dict[str, t.Any] = {
    "state": "validated",
    "ssm_parameters": [{"name": NAMES[0], "labels": ["stable"]}, {"name": NAMES[1], "overwrite_value": "always"}],
    "launch_templates": [{"template_name": "database"}, {"template_name": "other"}],
    "paths": ["/golden/"],
}
POLICY = Scenario(("publish-validate",), {**ASKED, "allowed_keys": KEYS}, module=MODULE)


@pytest.fixture
def shop(place: Place) -> Place:
    """Return a place that is as it should be."""
    for name in NAMES:
        place.parameter(name, SEALED)
    place.ssm.label_parameter_version(Name=NAMES[0], ParameterVersion=1, Labels=["stable"])
    place.template("database", SEALED)
    place.template("other", SEALED)
    place.emulator.clear_calls()
    return place


def names(result: Result) -> dict[str, list[str]]:
    """Return what the report says, by verdict, without what there is nothing of."""
    report: dict[str, list[dict[str, t.Any]]] = result["report"]
    return {verdict: [one["name"] for one in found] for verdict, found in report.items() if found}


def test_what_is_as_it_should_be_is_green(shop: Place, publish: Publish) -> None:
    result = publish(**ASKED)
    assert not result.failed and not result["changed"], result.msg
    assert names(result) == {"correct": [SEALED, *NAMES, "database", "other"]}
    assert not shop.mutations()
    documented = yaml.safe_load(RETURN)["report"]["contains"]
    assert set(result["report"]) == set(documented)
    assert set(result["report"]["correct"][0]) == set(documented["correct"]["contains"])


def test_each_thing_has_a_verdict_of_its_own(shop: Place, publish: Publish) -> None:
    shop.parameter(NAMES[1], GOLDEN)
    shop.parameter("/golden/deep/er", GOLDEN, DataType="text")
    shop.parameter("/elsewhere", GOLDEN)
    shop.template("third", GOLDEN)
    asked = {
        **ASKED,
        "ssm_parameters": [*ASKED["ssm_parameters"], {"name": "/golden/none"}],
        "launch_templates": [{"template_name": one} for one in ("database", "third", "none")],
    }
    result = publish(**asked)
    assert result.failed and not result["changed"] and not shop.mutations()
    assert names(result) == {
        "correct": [SEALED, NAMES[0], "database"],
        "incorrect": [NAMES[1], "third"],
        "missing": ["/golden/none", "none"],
        "unexpected": ["/golden/deep/er"],
    }
    (name, template) = result["report"]["incorrect"]
    assert (name["holds"], template["holds"]) == (GOLDEN, GOLDEN)
    assert f"{NAMES[1]} is incorrect: it holds {GOLDEN}" in result.msg and "none is missing" in result.msg


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param({"DataType": "text"}, "/golden/text", id="data type"),
        pytest.param({"Value": GOLDEN}, "/golden/other", id="another image"),
        pytest.param({}, "/golden/db", id="label nowhere"),
    ],
)
def test_what_publishing_would_change_is_incorrect(
    shop: Place, publish: Publish, change: dict[str, t.Any], name: str
) -> None:
    if name != NAMES[0]:
        shop.parameter(name, change.pop("Value", SEALED), **change)
    result = publish(state="validated", ssm_parameters=[{"name": name, "labels": ["best"]}])
    assert result.failed and names(result) == {"correct": [SEALED], "incorrect": [name]}


@pytest.mark.parametrize(("image", "require"), [(PLAIN, None), ("ami-00ec2000000000041", "none")])
def test_an_image_that_is_not_as_demanded_is_not_green(
    place: Place, publish: Publish, image: str, require: str | None
) -> None:
    """Names that lead to it hold what they should, and yet consumers should not get it."""
    place.parameter("/golden/db", image)
    more = {"require": require} if require else {}
    result = publish(image, state="validated", ssm_parameters=[{"name": "/golden/db"}], **more)
    assert result.failed and names(result)["incorrect"][0] == image


@pytest.mark.parametrize("kind", ["access_denied", "server_error"])
@pytest.mark.parametrize(
    ("action", "unknown"),
    [
        ("DescribeImages", [SEALED]),
        ("GetParameters", list(NAMES)),
        ("DescribeLaunchTemplateVersions", ["database", "other"]),
        ("GetParametersByPath", ["/golden"]),
    ],
)
def test_what_cannot_be_read_is_unreachable_and_hides_nothing_else(
    shop: Place, publish: Publish, action: str, unknown: list[str], kind: str
) -> None:
    shop.emulator.faults.add(kind, action=action)
    result = publish(**ASKED)
    assert result.failed and not result["changed"] and not shop.mutations()
    every = [SEALED, *NAMES, "database", "other"]
    assert names(result) == {"correct": [one for one in every if one not in unknown], "unreachable": unknown}


def test_a_name_that_says_which_image_it_is_may_be_unknown(shop: Place, publish: Publish) -> None:
    result = publish(None, image_parameter="/none", **ASKED)
    assert result.failed and set(names(result)) == {"unreachable"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "present"}, "with state=validated alone"),
        ({"paths": ["golden"]}, "is no path"),
        ({"paths": ["/golden//x"]}, "is no path"),
        ({"replaces": GOLDEN}, "replaces nothing"),
    ],
)
def test_bad_input_is_a_sentence(shop: Place, publish: Publish, options: dict[str, t.Any], words: str) -> None:
    result = publish(**{**ASKED, **options})
    assert result.failed and words in result.msg and not shop.emulator.calls(action="GetParameters"), result.msg


@pytest.mark.parametrize("action", [None, *sorted(actions(statements(POLICY)))])
def test_the_policy_is_enough_and_no_action_too_many(
    shop: Place, emulator: Emulator, run_module: RunModule, action: str | None
) -> None:
    policies = statements(POLICY)
    credentials = emulator.principal(
        "arn:aws:iam::123456789012:user/reader", without(policies, action) if action else policies
    )
    result = run_module(MODULE, as_=credentials, region=REGION, image_id=SEALED, **POLICY.options)
    told = " ".join((result.msg, *result.warnings))
    assert action in told if action else (result.msg, result.warnings) == ("", []), told
