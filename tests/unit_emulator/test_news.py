# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make news`` finds what came, went or changed in botocore's models."""

from __future__ import annotations

import copy
import pathlib
import sys
import typing as t

from botocore.model import ServiceModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import news

MODEL: dict[str, t.Any] = {
    "metadata": {"apiVersion": "1", "endpointPrefix": "ec2", "protocol": "ec2", "serviceId": "EC2"},
    "operations": {
        "CopyImage": {
            "name": "CopyImage",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "CopyImageRequest"},
        },
        "OrderPizza": {"name": "OrderPizza", "http": {"method": "POST", "requestUri": "/"}},
    },
    "shapes": {
        "CopyImageRequest": {"type": "structure", "members": {"Name": {"shape": "String"}, "Mode": {"shape": "Mode"}}},
        "Mode": {"type": "string", "enum": ["fast"]},
        "String": {"type": "string"},
    },
}


def facts(model: dict[str, t.Any]) -> news.Facts:
    """Return the facts of the watched part of a model."""
    return news.service_facts("ec2", ServiceModel(model, "ec2"), "Image")


def test_nothing_is_new_in_the_same_model() -> None:
    assert news.differences(facts(MODEL), facts(copy.deepcopy(MODEL))) == []
    assert not [name for name in facts(MODEL) if "Pizza" in name]


def test_members_values_and_operations_are_compared() -> None:
    newer = copy.deepcopy(MODEL)
    request = newer["shapes"]["CopyImageRequest"]
    request["members"] = {"Name": {"shape": "String"}, "Token": {"shape": "String"}, "Mode": {"shape": "Mode"}}
    request["required"] = ["Name"]
    newer["shapes"]["Mode"]["enum"] = ["slow"]
    newer["operations"]["ForgetImage"] = {"name": "ForgetImage", "http": {"method": "POST", "requestUri": "/"}}
    assert news.differences(facts(MODEL), facts(newer)) == [
        "changed: ec2: member CopyImageRequest.Name, string, optional to string, required",
        "new: ec2: member CopyImageRequest.Token (string, optional)",
        "new: ec2: operation ForgetImage",
        "gone: ec2: value fast of Mode",
        "new: ec2: value slow of Mode",
    ]


def test_the_pinned_models_are_read() -> None:
    found = news.pinned().facts()
    assert "ec2: member Snapshot.AssociatedKmsKeys" in found and "kms: operation GetKeyLastUsage" in found
    assert "rbin: operation ListRules" in found and "ssm: operation PutParameter" in found
