# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzed options and surprising answers: never a traceback, never a change before validation, never a false ok."""

from __future__ import annotations

import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest
from faults.answers import UNKNOWN, members, surprises
from faults.inventory import Inventory, inventory
from faults.tasks import BRISK, COPY, HOME, INSTANCE, REPLACE, SNAPSHOTS, Task
from faults.test_weather import examples

from ansible_collections.sealed.ami.plugins.module_utils._argspec import (
    AUDIT_ARGUMENTS,
    COMPOSE_ARGUMENTS,
    COPY_ARGUMENTS,
    GRANT_ARGUMENTS,
    SHARE_ARGUMENTS,
    USAGE_ARGUMENTS,
)
from ansible_collections.sealed.ami.plugins.module_utils._argspec_access import ACCESS_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._argspec_allowed import ALLOWED_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._argspec_publish import PUBLISH_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._argspec_retire import RETIRE_ARGUMENTS
from emulated_aws.catalogue_images import HOSTILE, IMAGES
from emulated_aws.client import Emulator
from oracle.guard import Guard
from oracle.judge import ACTED_ON, OF_ACCOUNT
from system.looking import Looking
from system.running import RunModule

MODULES = {
    "ec2_ami_encrypted_copy": COPY_ARGUMENTS,
    "ec2_ami_compose_keys": COMPOSE_ARGUMENTS,
    "ec2_ami_encryption_info": AUDIT_ARGUMENTS,
    "ec2_ami_usage_info": USAGE_ARGUMENTS,
    "ec2_ami_access_info": ACCESS_ARGUMENTS,
    "ec2_allowed_images": ALLOWED_ARGUMENTS,
    "ec2_ami_publish": PUBLISH_ARGUMENTS,
    "ec2_ami_retire": RETIRE_ARGUMENTS,
    "ec2_ami_share": SHARE_ARGUMENTS,
    "kms_key_grant": GRANT_ARGUMENTS,
}
PLAIN = next(spec for spec in IMAGES if spec.name == "plain-root")
EXAMPLES = 200
SURPRISES = 60
PLAUSIBLE = [
    *[spec.image_id for spec in IMAGES[:12]], "us-east-1", "eu-west-1", "mars-north-1", "alias/golden", "alias/none",
    "alias/disabled", "arn:aws:kms:eu-west-1:123456789012:alias/golden", "00000001-0000-4000-8000-000000000001",
    "/dev/xvda", "/dev/sdf", "/dev/sdz", "gp3", "io2", "snap-00000000000000000", "i-00000000000000000", "123456789012",
    "all", "2030-01-01T00:00:00Z", "2001-01-01", "{source_name}-{region}", "", " ", "self", "ami-", "0", "-1", HOSTILE,
    "e\u0301\U0001f980", "x" * 300,
]  # fmt: skip
NUMBERS = [-1, 0, 1, 5, 15, 100, 2880, 16384, 2**31, 10**18]
Spec = t.Mapping[str, t.Any]


def value_of(spec: Spec) -> st.SearchStrategy[t.Any]:
    """Return values for one option: those of its kind, likely and unlikely ones, and now and then any other."""
    # Numbers in place of nested options are a traceback of ansible-core itself (parameters.py, set_fallbacks).
    junk = st.sampled_from([None, "", {}, "no"] if "options" in spec else [None, "", 0, [], {}, "no", [None], {"a": 1}])
    return st.one_of(_right(spec), _right(spec), _right(spec), junk)


def _right(spec: Spec) -> st.SearchStrategy[t.Any]:
    texts = st.sampled_from(spec.get("choices") or PLAUSIBLE)
    kind = spec.get("type", "str")
    if kind == "dict":
        if "options" in spec:
            return options_of(spec["options"], chance=0.4)
        return st.dictionaries(st.sampled_from(PLAUSIBLE), st.one_of(texts, st.integers(), st.none()), max_size=3)
    if kind == "list":
        element = options_of(spec["options"], chance=0.4) if "options" in spec else texts
        return st.lists(element, max_size=3)
    simple = {"bool": st.booleans(), "int": st.sampled_from(NUMBERS)}
    return simple.get(kind, texts)


def options_of(specs: t.Mapping[str, Spec], *, chance: float) -> st.SearchStrategy[dict[str, t.Any]]:
    """Return options, each there with the chance; required ones nearly always."""

    def maybe(name: str, spec: Spec) -> st.SearchStrategy[t.Any]:
        present = int(100 * (0.95 if spec.get("required") else chance))
        return st.tuples(st.integers(0, 99), value_of(spec)).map(lambda drawn: (drawn[0] < present, name, drawn[1]))

    entries = [maybe(name, spec) for name, spec in specs.items() if not spec.get("no_log")]
    return st.tuples(*entries).map(lambda drawn: {name: value for present, name, value in drawn if present})


VALID: dict[str, dict[str, t.Any]] = {
    "ec2_ami_encrypted_copy": {"region": "eu-west-1", **COPY.wanted},
    "ec2_ami_compose_keys": dict(SNAPSHOTS.wanted),
    "ec2_ami_encryption_info": {"region": HOME},
    "ec2_ami_usage_info": {"region": HOME},
    "ec2_ami_access_info": {"region": HOME, "acts": [{"act": "remove"}]},
    "ec2_allowed_images": {"region": HOME, "state": "audit-mode", "image_criteria": [{"image_providers": ["amazon"]}]},
    "ec2_ami_publish": {
        "region": HOME,
        "image_id": PLAIN.image_id,
        "require": "available",
        "ssm_parameters": [{"name": "/images/golden"}],
    },
    "ec2_ami_retire": {"region": HOME, "filters": {"name": "plain-root"}, "group_by": "name:^(plain)"},
    "ec2_ami_share": {
        "region": HOME,
        "image_ids": [PLAIN.image_id],
        "launch_permissions": {"user_ids": ["210987654321"]},
        "purpose": "launch",
    },
    "kms_key_grant": {
        "key_id": "alias/golden",
        "grantee_principal": "arn:aws:iam::123456789012:role/image-copier",
        "purpose": "copy",
    },
}


# What these are asked to act on, the task names.
_SHARING = ("ModifyImageAttribute", "ModifySnapshotAttribute")
CONSENTS: dict[str, dict[str, t.Sequence[str]]] = {
    "ec2_ami_publish": {
        "parameter": ["PutParameter", "LabelParameterVersion", "AddTagsToResource", "DeleteParameter"],
        "image": ["AttachImageWatermark"],
    },
    "ec2_ami_share": {
        "image": [*_SHARING, *(f"{action}/Remove" for action in _SHARING), "CreateTags", "DeleteTags"],
    },
}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_fuzzed_options(
    module: str,
    emulator: Emulator,
    run_module: RunModule,
    look: Looking,
    oracle: Guard,
    pytestconfig: pytest.Config,
) -> None:
    """Options at random, and valid ones of which a few are random: whatever fails early has changed nothing."""
    specs = MODULES[module]
    oracle.given(
        *(key for place in emulator.catalogue()["keys"].values() for key in place.values()), to=["CreateGrant"]
    )
    oracle.given(*(f"{name} of {region}" for name in OF_ACCOUNT.values() for region in PLAUSIBLE), to=OF_ACCOUNT)
    images = emulator.catalogue()["images"]
    snapshots = [one for image in images.values() for one in image["snapshots"]]
    named = {"parameter": [*PLAUSIBLE, "/images/golden"], "image": [*images, *snapshots]}
    for kind, consent in CONSENTS.get(module, {}).items():
        oracle.given(*named[kind], to=consent)
    wild = options_of(specs, chance=0.3)
    spoiled = options_of(specs, chance=0.07).map(lambda drawn: {**VALID[module], **drawn})

    @examples(EXAMPLES, pytestconfig)
    @hypothesis.given(options=st.one_of(wild, spoiled), check=st.sampled_from([False, False, True]))
    def runs(options: dict[str, t.Any], check: bool) -> None:
        emulator.reset(seed="full")
        result = run_module(
            module,
            check=check,
            **{"region": HOME, "wait_timeout": 600, **options}
            if "wait_timeout" in specs
            else {"region": HOME, **options},
        )
        assert "Traceback" not in str(result)
        if result.failed:
            assert result.msg
        if check or module.endswith("info") or (result.failed and not result.get("images")):
            assert look.mutations() == [], result

    runs()


ANSWERS = [
    (COPY, "ec2", "DescribeImages"), (COPY, "ec2", "DescribeSnapshots"), (COPY, "kms", "DescribeKey"),
    (COPY, "ec2", "CopyImage"), (REPLACE, "ec2", "DescribeImages"), (REPLACE, "ec2", "DeregisterImage"),
    (SNAPSHOTS, "ec2", "DescribeImages"), (SNAPSHOTS, "ec2", "DescribeSnapshots"), (SNAPSHOTS, "kms", "DescribeKey"),
    (SNAPSHOTS, "ec2", "CopySnapshot"), (SNAPSHOTS, "ec2", "CreateVolume"), (SNAPSHOTS, "ec2", "RegisterImage"),
    (SNAPSHOTS, "ec2", "DescribeVolumes"), (SNAPSHOTS, "ec2", "CreateSnapshot"),
    (SNAPSHOTS, "ec2", "DescribeAvailabilityZones"), (INSTANCE, "ec2", "RunInstances"),
    (INSTANCE, "ec2", "DescribeInstances"), (INSTANCE, "ec2", "DescribeVolumes"), (INSTANCE, "ec2", "CreateImage"),
    (INSTANCE, "ec2", "DescribeSubnets"),
]  # fmt: skip
# What these hold decides nothing about encryption, and is nobody's word but AWS's own.
TAKEN_AS_IT_IS = ("Tags", "Description", "Name", "DeleteOnTermination", "VolumeType", "Iops", "Throughput")


def _shown(action: str) -> tuple[str, ...]:
    """Return the members that the modules could read at all; the rest cannot surprise them."""
    return {
        "DescribeImages": ("Images",), "DescribeSnapshots": ("Snapshots",), "DescribeInstances": ("Reservations",),
        "DescribeVolumes": ("Volumes",), "RunInstances": ("Instances",),
    }.get(action, ("",))  # fmt: skip


@pytest.mark.parametrize(("task", "service", "action"), ANSWERS, ids=lambda value: str(value))
def test_surprising_answers(
    task: Task,
    service: str,
    action: str,
    emulator: Emulator,
    run_module: RunModule,
    pytestconfig: pytest.Config,
    oracle: Guard,
) -> None:
    # An id that only the changed answers name.
    oracle.given(UNKNOWN, to=[act for action in ACTED_ON for act in (action, f"{action}/Remove")])
    emulator.configure(**BRISK)
    for options in task.before:
        run_module(task.module, **options)
    assert not run_module(task.module, **task.options(emulator)).failed
    clean = inventory(emulator, task.regions)
    places = [(path, shape) for path, shape in members(service, action) if path.startswith(_shown(action))]
    changes = [change for path, shape in places for change in surprises(path, shape)]
    step = 1 if pytestconfig.getoption("--long") else -(-len(changes) // SURPRISES)
    wrong = []
    for change in changes[::step]:
        emulator.reset(seed="full")
        emulator.configure(**BRISK)
        for options in task.before:
            run_module(task.module, **options)
        emulator.faults.add("mutate", service=service, action=action, changes=[change])
        try:
            result = run_module(task.module, **{**task.options(emulator), "wait_timeout": 300})
        except Exception as error:  # A traceback is what this test looks for.
            wrong.append(f"{change}: {error!r}")
            continue
        finally:
            emulator.faults.clear()
        if not result.failed and not change["path"].endswith(TAKEN_AS_IT_IS):
            # Whatever is not proven to be superseded stays beside it.
            found = _sealed(inventory(emulator, task.regions))
            wrong += [f"{change}: ok, but there is no {one}" for one in _sealed(clean) if one not in found]
    print(f"{len(changes[::step])} surprises")
    assert not wrong, "\n".join(wrong)


def _sealed(found: Inventory) -> list[tuple[t.Any, ...]]:
    """Return what matters for an honest ok: which images there are, with which devices under which keys."""
    images = [(region, thing) for region, things in found.items() for thing in things if thing[0] == "image"]
    return [(region, thing[1], thing[2], thing[6]) for region, thing in images]


@pytest.mark.parametrize("action", ["DescribeImages", "DescribeSnapshots", "DescribeVolumes", "DescribeInstances"])
@pytest.mark.parametrize("task", [COPY, REPLACE, SNAPSHOTS, INSTANCE], ids=str)
def test_pages_of_one(task: Task, action: str, emulator: Emulator, run_module: RunModule) -> None:
    emulator.configure(**BRISK)
    for options in task.before:
        run_module(task.module, **options)
    emulator.faults.add("mutate", service="ec2", action=action, changes=[{"page_size": 1}])
    result = run_module(task.module, **task.options(emulator))
    assert not result.failed, result.msg
    assert run_module(task.module, **task.options(emulator))["changed"] is False


POLICY = {"encrypted": True, "customer_managed": True, "key_usable": True}
AUDIT: dict[str, t.Any] = {"region": HOME, "owners": ["self"], "policy": POLICY}
AUDITED = [("ec2", "DescribeImages"), ("ec2", "DescribeSnapshots"), ("kms", "DescribeKey"), ("kms", "ListAliases")]


def _compliant(run_module: RunModule) -> set[str]:
    """Return the images that an audit calls compliant; where it fails, none."""
    result = run_module("ec2_ami_encryption_info", **AUDIT)
    assert result.msg or not result.failed
    return {image["image_id"] for image in result.get("images") or () if image["compliant"]}


@pytest.mark.parametrize(("service", "action"), AUDITED, ids=lambda value: str(value))
def test_surprising_answers_to_an_audit(service: str, action: str, emulator: Emulator, run_module: RunModule) -> None:
    """Whatever is missing or unknown, no image is called compliant that is not; there is no traceback either."""
    truly = _compliant(run_module)
    assert truly
    places = [(path, shape) for path, shape in members(service, action) if path.startswith(_shown(action))]
    changes = [change for path, shape in places for change in surprises(path, shape)]
    wrong = []
    for change in changes:
        emulator.faults.add("mutate", service=service, action=action, changes=[change])
        try:
            untrue = _compliant(run_module) - truly
        except Exception as error:  # A traceback is what this test looks for.
            wrong.append(f"{change}: {error!r}")
        else:
            wrong += [f"{change}: {image_id} is called compliant" for image_id in untrue - {UNKNOWN}]
        emulator.faults.clear()
    print(f"{len(changes)} surprises")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("action", ["DescribeImages", "DescribeSnapshots"])
def test_pages_of_one_in_an_audit(action: str, emulator: Emulator, run_module: RunModule) -> None:
    truly = _compliant(run_module)
    emulator.faults.add("mutate", service="ec2", action=action, changes=[{"page_size": 1}])
    assert _compliant(run_module) == truly
