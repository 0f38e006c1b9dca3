# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule for parameters that AWS has refused, judged by ansible-rulebook itself."""

from __future__ import annotations

import pathlib
import re
import typing as t

import yaml

from eda.test_copy_new_image import OTHER, OWNER, ROOT, played

RULEBOOK = ROOT / "extensions" / "eda" / "rulebooks" / "report_refused_parameter.yml"


def an_event(
    name: str,
    *,
    account: str = OWNER,
    source: str = "aws.ssm",
    kind: str = "Parameter Store Change",
    detail: dict[str, t.Any] | None = None,
) -> t.Any:
    """Return an event as the guide "Native parameter support for Amazon Machine Image IDs" shows it, in a message."""
    body = {
        "version": "0",
        "id": "example-244f-4c7f-b38f-54a1d4a7a5b2",
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": "2026-11-24T06:00:00Z",
        "region": "us-east-2",
        "resources": [f"arn:aws:ssm:us-east-2:{account}:parameter/{name}"],
        "detail": {
            "exception": "Unable to Describe Resource",
            "dataType": "aws:ec2:image",
            "name": name,
            "type": "String",
            "operation": "Create",
            **(detail or {}),
        },
    }
    return {"body": body, "meta": {"MessageId": "1"}}


def without_exception(name: str) -> t.Any:
    """Return the event of a parameter that AWS has taken."""
    event = an_event(name)
    del event["body"]["detail"]["exception"]
    return event


EVENTS = [
    an_event("refused"),
    without_exception("taken"),
    an_event("text", detail={"dataType": "text"}),
    an_event("others", account=OTHER),
    an_event("elsewhere", source="aws.ec2"),
    an_event("policy", kind="Parameter Store Policy Action"),
    {"body": "not an event at all", "meta": {"MessageId": "2"}},
    an_event("updated", detail={"operation": "Update"}),
]


def rulebook() -> dict[str, t.Any]:
    """Return the only ruleset of the rulebook."""
    (ruleset,) = yaml.safe_load(RULEBOOK.read_text())
    return t.cast("dict[str, t.Any]", ruleset)


def test_only_what_was_refused_in_the_account_is_told(tmp_path: pathlib.Path) -> None:
    ruleset = rulebook()
    ruleset["sources"] = [{"eda.builtin.generic": {"payload": EVENTS, "shutdown_after": 2}}]
    (rule,) = ruleset["rules"]
    told = rule["action"]["run_job_template"]["job_args"]["extra_vars"]
    rule["action"] = {"debug": {"msg": " ".join(("tell", *(told[name] for name in sorted(told))))}}
    found = re.findall(r"^tell (.+)$", played(ruleset, tmp_path), re.MULTILINE)
    assert found == [f"{name} Unable to Describe Resource us-east-2" for name in ("refused", "updated")]


def test_the_template_is_one_that_awx_setup_makes_and_asks_for_what_is_told() -> None:
    configured = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx_setup.yml").read_text())
    (rule,) = rulebook()["rules"]
    action = rule["action"]["run_job_template"]
    (template,) = (one for one in configured["awx_setup_job_templates"] if one["name"] == action["name"])
    asked = {configured["awx_setup_questions"][name]["variable"] for name in template["survey"]}
    assert asked == set(action["job_args"]["extra_vars"])
    assert template["options"]["allow_simultaneous"] is True
    text = (ROOT / "playbooks" / f"{template['playbook']}.yml").read_text()
    assert all(name in text for name in asked)
