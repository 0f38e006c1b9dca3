# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM on request: which permissions a call needs, on which resources, and AWS's words for a refusal."""

from __future__ import annotations

import re
import typing as t

from moto.ec2.models import ec2_backends

from emulated_aws import policy, wire
from emulated_aws.identity import Caller, current_caller, identities

RESOURCE_TYPES = {
    "ami": "image", "snap": "snapshot", "vol": "volume", "i": "instance", "subnet": "subnet", "sg": "security-group",
    "eni": "network-interface", "vpc": "vpc", "lt": "launch-template",
}  # fmt: skip
_RESOURCE_ID = re.compile(rf"({'|'.join(RESOURCE_TYPES)})-[0-9a-f]+")
NOT_RESOURCES = {"Tags", "TagSpecifications", "Description", "Name", "ClientToken", "Filters"}
# What an action makes, beside what its parameters name: "Actions, resources, and condition keys for Amazon EC2".
CREATES = {
    "CopyImage": ("image", "snapshot"),
    "CopySnapshot": ("snapshot",),
    "CreateImage": ("image", "snapshot"),
    "RegisterImage": ("image",),
    "CreateSnapshot": ("snapshot",),
    "CreateSnapshots": ("snapshot",),
    "CreateVolume": ("volume",),
    "RunInstances": ("instance", "volume", "network-interface"),
}
OWNERLESS = {"image", "snapshot"}
FREE = {("sts", "GetCallerIdentity")}


def refuse(request: wire.Request, caller: Caller) -> wire.Answer | None:
    """Return the refusal that the call deserves, or nothing; KMS judges its own calls, as it has key policies."""
    free = (request.service, request.action) in FREE or request.service == "kms"
    if free or not identities.is_enforced(caller):
        return None
    for question in questions(request, caller):
        verdict = identities.verdict(caller, question)
        if verdict != "allow":
            return _refusal(request.service, question, _why(caller, question, explicit=verdict == "deny"))
    return None


def current_caller_may(action: str, resource_id: str, *, region: str) -> bool:
    """Tell whether the caller may do what its call does along the way, such as deleting an image's snapshots."""
    caller = current_caller()
    arn = _arn(region, caller.account, RESOURCE_TYPES[resource_id.partition("-")[0]], resource_id)
    context = _common(region, caller) | _resource_tags(caller.account, region, resource_id)
    return identities.verdict(caller, policy.Question(caller.arn, action, arn, context)) == "allow"


def current_caller_may_list(action: str, *, region: str) -> bool:
    """Tell whether the caller may do what EC2 does on its behalf to find what uses an image."""
    caller = current_caller()
    context = _common(region, caller) | {"aws:calledvia": ["ec2-images.amazonaws.com"]}
    return identities.verdict(caller, policy.Question(caller.arn, action, "*", context)) == "allow"


def _why(caller: Caller, question: policy.Question, *, explicit: bool) -> str:
    if not explicit:
        return f"because no identity-based policy allows the {question.action} action"
    kind = "a service control" if identities.controlled(caller, question) else "an identity-based"
    return f"with an explicit deny in {kind} policy"


def _refusal(service: str, question: policy.Question, why: str) -> wire.Answer:
    place = "" if question.resource == "*" else f" on resource: {question.resource}"
    sentence = f"User: {question.principal} is not authorized to perform: {question.action}{place} {why}"
    if service == "ec2":
        sentence = f"You are not authorized to perform this operation. {sentence}"
        return wire.error(service, code="UnauthorizedOperation", message=sentence, status=403)
    return wire.error(service, code="AccessDenied", message=sentence, status=403)


def questions(request: wire.Request, caller: Caller) -> list[policy.Question]:
    """Return every permission that the call needs."""
    if request.service != "ec2":
        resource = str(request.parameters.get("RoleArn") or "*") if request.service == "sts" else "*"
        return [
            policy.Question(
                caller.arn, f"{request.service}:{request.action}", resource, _common(request.region, caller)
            )
        ]
    return _own_questions(request, caller) + _tag_questions(request, caller) + _role_questions(request, caller)


def _common(region: str, caller: Caller) -> dict[str, t.Any]:
    return {
        "aws:requestedregion": region,
        "ec2:region": region,
        "aws:principalarn": caller.policy_arn,
        "aws:principalaccount": caller.account,
    }


def _own_questions(request: wire.Request, caller: Caller) -> list[policy.Question]:
    action = f"ec2:{request.action}"
    common = _common(request.region, caller)
    if request.action.startswith(("Describe", "Get", "List")):
        return [policy.Question(caller.arn, action, "*", common)]
    named = [
        policy.Question(
            caller.arn,
            action,
            arn,
            common
            | _tag_context(_specified_tags(request, RESOURCE_TYPES[resource_id.partition("-")[0]]))
            | _resource_tags(caller.account, region, resource_id),
        )
        for arn, region, resource_id in _named_resources(request, caller)
    ]
    made = [
        policy.Question(
            caller.arn,
            action,
            _arn(request.region, caller.account, kind, "*"),
            common | _tag_context(_specified_tags(request, kind)),
        )
        for kind in CREATES.get(request.action, ())
    ]
    return named + made or [policy.Question(caller.arn, action, "*", common)]


def _tag_questions(request: wire.Request, caller: Caller) -> list[policy.Question]:
    common = _common(request.region, caller) | {"ec2:createaction": request.action}
    specified = request.parameters.get("TagSpecifications") or []
    kinds = dict.fromkeys(str(spec.get("ResourceType")) for spec in specified if spec.get("Tags"))
    return [
        policy.Question(
            caller.arn,
            "ec2:CreateTags",
            _arn(request.region, caller.account, kind, "*"),
            common | _tag_context(_specified_tags(request, kind)),
        )
        for kind in kinds
    ]


def _role_questions(request: wire.Request, caller: Caller) -> list[policy.Question]:
    profile = request.parameters.get("IamInstanceProfile") or {}
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    if not name:
        return []
    context = _common(request.region, caller) | {"iam:passedtoservice": "ec2.amazonaws.com"}
    return [policy.Question(caller.arn, "iam:PassRole", f"arn:aws:iam::{caller.account}:role/{name}", context)]


def _arn(region: str, account: str, kind: str, name: str) -> str:
    return f"arn:aws:ec2:{region}:{'' if kind in OWNERLESS else account}:{kind}/{name}"


def _named_resources(request: wire.Request, caller: Caller) -> list[tuple[str, str, str]]:
    region = str(request.parameters.get("SourceRegion") or request.region)
    ids = dict.fromkeys(_ids({key: value for key, value in request.parameters.items() if key not in NOT_RESOURCES}))
    kinds = [(RESOURCE_TYPES[found.partition("-")[0]], found) for found in ids]
    return [(_arn(region, caller.account, kind, found), region, found) for kind, found in kinds]


def _ids(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str) and _RESOURCE_ID.fullmatch(value):
        yield value
    elif isinstance(value, t.Mapping):
        for key, item in value.items():
            if key not in NOT_RESOURCES:
                yield from _ids(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _ids(item)


def _specified_tags(request: wire.Request, kind: str) -> list[dict[str, t.Any]]:
    """Return the tags that the request gives to resources of the kind: aws:RequestTag is judged for each kind."""
    if request.action in ("CreateTags", "DeleteTags"):
        return list(request.parameters.get("Tags") or [])
    specified = request.parameters.get("TagSpecifications") or []
    return [tag for one in specified if one.get("ResourceType") == kind for tag in one.get("Tags") or []]


def _tag_context(tags: t.Sequence[dict[str, t.Any]] | None) -> dict[str, t.Any]:
    tags = tags or []
    found = {f"aws:requesttag/{tag['Key']}".lower(): tag.get("Value", "") for tag in tags if "Key" in tag}
    return found | ({"aws:tagkeys": [tag["Key"] for tag in tags if "Key" in tag]} if tags else {})


def _resource_tags(account: str, region: str, resource_id: str) -> dict[str, str]:
    try:
        tags = ec2_backends[account][region].tags.get(resource_id, {})
    except KeyError:
        return {}
    return {f"{prefix}:resourcetag/{key}".lower(): value for key, value in tags.items() for prefix in ("aws", "ec2")}
