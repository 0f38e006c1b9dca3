# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of what was made are read back: whatever AWS makes of a request, "ok" means that the keys are right."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from emulated_aws.ec2.model import Snapshot
from system.looking import Looking
from system.running import RunModule

HOME, AWAY = "us-east-1", "eu-west-1"
COPY: dict[str, t.Any] = {"source_region": HOME, "region": AWAY, "source_image_id": image_id("mixed"), "wait": True}
COMPOSE: dict[str, t.Any] = {
    "source_region": HOME, "region": HOME, "source_image_id": image_id("database"), "name": "composed", "wait": True,
    "device_mapping": [
        {"device_name": "/dev/xvda", "kms_key_id": "alias/os"},
        {"device_name": "/dev/sdf", "kms_key_id": "alias/data"},
        {"device_name": "/dev/sdg", "kms_key_id": "alias/logs"},
    ],
}  # fmt: skip
TASKS: dict[str, tuple[str, dict[str, t.Any]]] = {
    "copy": ("ec2_ami_encrypted_copy", {**COPY, "kms_key_id": "alias/golden"}),
    "copy, statuses preserved": ("ec2_ami_encrypted_copy", {**COPY, "encrypted": False}),
    "compose by snapshots": ("ec2_ami_compose_keys", {**COMPOSE, "method": "snapshots"}),
    "compose by instance": ("ec2_ami_compose_keys", {**COMPOSE, "method": "instance"}),
}
Spoil = t.Callable[[Snapshot], None]


@pytest.fixture
def spoil(emulator: Emulator, look: Looking, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str, int], list[str]]:
    """Let one of the snapshots that AWS completes from now on come out otherwise than it was asked for."""
    complete = Snapshot.complete
    other = {region: look.key_arn("alias/shared", region) for region in (HOME, AWAY)}

    def arrange(how: str, which: int) -> list[str]:
        completed: list[str] = []

        def complete_otherwise(self: Snapshot, at: float) -> None:
            complete(self, at)
            completed.append(self.id)
            if len(completed) - 1 != which:
                return
            if how == "another key":
                self.encrypted, self.kms_key_arn = True, other[self.region]
            elif how == "a second key":
                self.associated_keys.append(other[self.region])
            else:
                self.encrypted, self.kms_key_arn = not self.encrypted, None

        monkeypatch.setattr(Snapshot, "complete", complete_otherwise)
        return completed

    return arrange


@pytest.mark.leaves("the test is about what AWS makes otherwise than it was asked for")
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("how", ["another key", "a second key", "the other status"])
@pytest.mark.parametrize("task", TASKS)
def test_a_wrong_key_is_never_ok(
    task: str, how: str, which: int, run_module: RunModule, look: Looking, spoil: t.Callable[[str, int], list[str]]
) -> None:
    if task == "copy, statuses preserved" and how != "the other status":
        pytest.skip("where statuses are preserved, no key is asked for")
    module, options = TASKS[task]
    completed = spoil(how, which)
    result = run_module(module, **options)
    assert len(completed) > which, "nothing was spoiled"
    assert result.failed, "the key of what was made was not read back"
    assert result["changed"]
    assert task != "compose by snapshots" or not look.calls(action="RegisterImage"), "an image was made of it"
    told = f"{result['images']} {result.msg}"
    assert any(made in told for made in completed) or result["images"][0]["image_id"] in told
    again = run_module(module, **options)
    assert again.failed or again["image_id"] != result["images"][0]["image_id"], "the wrong image was taken for good"
