# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential, token, presigned URL or user data ever leaves the modules."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.looking import Looking, tags
from system.running import BIN, clean_env

ROLE = "arn:aws:iam::123456789012:role/image-copier"
USER_DATA = "#!/bin/sh\necho user-data-that-nobody-may-see"
PLAYBOOK = pathlib.Path(__file__).with_name("everything.yml")


@pytest.fixture
def secrets(served_emulator: Emulator) -> dict[str, str]:
    """Return the credentials of a session, as AWX puts them into the environment."""
    assumed = served_emulator.session().client("sts").assume_role(RoleArn=ROLE, RoleSessionName="secrets")
    return {
        "AWS_ACCESS_KEY_ID": assumed["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["Credentials"]["SecretAccessKey"],
        "AWS_SECURITY_TOKEN": assumed["Credentials"]["SessionToken"],
    }


@pytest.mark.parametrize("failing", [False, True])
def test_nothing_secret_is_said(
    served_emulator: Emulator, secrets: dict[str, str], tmp_path: pathlib.Path, failing: bool
) -> None:
    """Play copy, both ways of composing and the audit at ``-vvvv``, once refused, and search all traces."""
    if failing:
        served_emulator.faults.add("access_denied", action=["CopyImage", "CopySnapshot", "RunInstances"])
    env = clean_env(
        **{**served_emulator.env(), **secrets},
        ANSIBLE_LOG_PATH=str(tmp_path / "ansible.log"),
        BUILDER_USER_DATA=USER_DATA,
        ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
        ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"),
        TMPDIR=str(tmp_path),
    )
    command: list[str | pathlib.Path] = [BIN / "ansible-playbook", PLAYBOOK, "-vvvv", "--diff"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert ("failed=0" in ended.stdout) is not failing, ended.stdout[-3000:]
    traces = {"output": ended.stdout, "errors": ended.stderr, **_files(tmp_path), "tags": _tags(served_emulator)}
    hidden = [secrets["AWS_SECRET_ACCESS_KEY"], secrets["AWS_SECURITY_TOKEN"], "X-Amz-Signature", "that-nobody-may-see"]
    found = [(place, secret) for place, text in traces.items() for secret in hidden if secret in text]
    assert found == []
    used = {call["principal"] for call in served_emulator.calls(service="ec2")} - {None}
    assert any("image-copier" in principal for principal in used)


def _files(folder: pathlib.Path) -> dict[str, str]:
    paths = [pathlib.Path(top, name) for top, _folders, names in os.walk(folder) for name in names]
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in paths}


def _tags(emulator: Emulator) -> str:
    look = Looking(emulator)
    things: list[t.Any] = [*look.images("eu-west-1"), *look.images("us-east-1")]
    things += [*look.snapshots("eu-west-1").values(), *look.snapshots("us-east-1").values()]
    return json.dumps([tags(thing) for thing in things])
