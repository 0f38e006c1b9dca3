# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles refuse, and that they do so before AWS is asked for anything that could change it."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.running import RunPlaybook

COPY: dict[str, t.Any] = {
    "encrypted_copy_images": [{"image_id": "ami-00ec2000000000001"}],
    "encrypted_copy_source_region": "us-east-1",
    "encrypted_copy_destinations": [{"region": "eu-west-1"}],
}
KEYS: dict[str, t.Any] = {
    "multi_key_image_name": "three-keys",
    "multi_key_image_region": "us-east-1",
    "multi_key_image_source_image_id": "ami-00ec2000000000001",
    "multi_key_image_kms_key_id": "alias/os",
}
INSTANCE: dict[str, t.Any] = {
    "image_from_instance_instance_id": "i-0123456789abcdef0",
    "image_from_instance_region": "us-east-1",
    "image_from_instance_name": "of-today",
}
VOLUME = {"device_name": "/dev/sdf", "kms_key_id": "alias/data", "volume_size": 5}
DECOY = [{"name": "plain-root"}]


@pytest.mark.parametrize(
    ("role", "variables", "words"),
    [
        pytest.param("encrypted_copy", {}, ["missing required", "encrypted_copy_images"], id="copy, nothing at all"),
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_destinations": "eu-west-1"}, ["encrypted_copy_destinations"],
            id="copy, text for a list",
        ),
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_destinations": [{"regoin": "eu-west-1"}]}, ["regoin"],
            id="copy, unknown key",
        ),
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_images": DECOY}, ["owners", "Anyone may publish"],
            id="copy, a name without owners",
        ),
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_images": [{"filters": {"name": "x*"}, "owners": []}]},
            ["owners"], id="copy, filters without owners",
        ),
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_images": [{"image_id": "ami-1", "name": "x", "owners": ["me"]}]},
            ["image_id"], id="copy, id and name",
        ),
        pytest.param("encrypted_copy", {**COPY, "encrypted_copy_images": [{}]}, ["image_id"], id="copy, neither"),
        pytest.param(
            "multi_key_image", {**KEYS, "multi_key_image_kms_key_id": None}, ["multi_key_image_kms_key_id"],
            id="keys, no root key",
        ),
        pytest.param(
            "multi_key_image", {**KEYS, "multi_key_image_volumes": [{**VOLUME, "volume_size": "big"}]}, ["volume_size"],
            id="keys, a size in words",
        ),
        pytest.param(
            "multi_key_image", {**KEYS, "multi_key_image_volumes": [{"device_name": "/dev/sdf"}]}, ["kms_key_id"],
            id="keys, a volume without a key",
        ),
        pytest.param(
            "image_from_instance", {**INSTANCE, "image_from_instance_no_reboot": "perhaps"},
            ["image_from_instance_no_reboot"], id="instance, wrong type",
        ),
    ],
)  # fmt: skip
def test_refused_before_anything_is_asked(
    run_playbook: RunPlaybook,
    served_emulator: Emulator,
    tmp_path: pathlib.Path,
    role: str,
    variables: dict[str, t.Any],
    words: list[str],
) -> None:
    served_emulator.clear_calls()
    path = tmp_path / "play.yml"
    given = {name: value for name, value in variables.items() if value is not None}
    play = [{"hosts": "localhost", "gather_facts": False, "roles": [{"role": f"sealed.ami.{role}", "vars": given}]}]
    path.write_text(json.dumps(play))
    played = run_playbook(path)
    assert played.status != 0
    assert [word for word in words if word not in played.explain()] == [], played.explain()
    assert served_emulator.calls() == []


@pytest.mark.parametrize(
    ("role", "variables", "words"),
    [
        pytest.param(
            "encrypted_copy", {**COPY, "encrypted_copy_images": [{"name": "no-such-*", "owners": ["self"]}]},
            ["no-such-*", "us-east-1"], id="copy, nothing of that name",
        ),
        pytest.param(
            "multi_key_image", {**KEYS, "multi_key_image_volumes": [{**VOLUME, "kms_key_id": "alias/disabled"}]},
            ["alias/disabled", "is Disabled"], id="keys, a disabled key",
        ),
        pytest.param(
            "multi_key_image", {**KEYS, "multi_key_image_name": "database"}, ["'database'", "is taken by"],
            id="keys, a name that is taken",
        ),
        pytest.param("image_from_instance", INSTANCE, ["i-0123456789abcdef0"], id="instance, unknown"),
    ],
)  # fmt: skip
def test_refused_before_anything_is_changed(
    run_playbook: RunPlaybook,
    served_emulator: Emulator,
    tmp_path: pathlib.Path,
    role: str,
    variables: dict[str, t.Any],
    words: list[str],
) -> None:
    path = tmp_path / "play.yml"
    play = [{"hosts": "localhost", "gather_facts": False, "roles": [{"role": f"sealed.ami.{role}", "vars": variables}]}]
    path.write_text(json.dumps(play))
    played = run_playbook(path)
    assert played.status != 0
    assert [word for word in words if word not in played.explain().replace('"', "'")] == [], played.explain()
    reads = ("Describe", "Get", "List")
    assert [call["action"] for call in served_emulator.calls() if not call["action"].startswith(reads)] == []
