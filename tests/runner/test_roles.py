# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profiles for roles: they hold no secret, and botocore renews their sessions for as long as a wait takes."""

from __future__ import annotations

import datetime
import pathlib
import subprocess
import typing as t

import boto3
import pytest

from emulated_aws.client import Emulator

from .engine import BIN, ROOT, Command, injected, quiet_environment
from .fleet import CONSUMER, COPIER_ROLE, TARGETS, pipeline_credentials

PLAY = f"""
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: {ROOT}/playbooks/tasks/assume_role.yml
    - ansible.builtin.copy:
        src: "{{{{ sealed_ami_aws_config.path }}}}"
        dest: "{{{{ kept }}}}"
      run_once: true
    - ansible.builtin.file:
        path: "{{{{ sealed_ami_aws_config.path }}}}"
        state: absent
      run_once: true
"""


def written_profiles(folder: pathlib.Path, credentials: dict[str, str]) -> pathlib.Path:
    """Return the configuration file that plays work with, kept."""
    (folder / "play.yml").write_text(PLAY)
    (folder / "x.image_targets.yml").write_text(TARGETS)
    kept = folder / "config"
    command: Command = [BIN / "ansible-playbook", "-i", folder / "x.image_targets.yml", folder / "play.yml"]
    command += ["-e", f"kept={kept}"]
    subprocess.run(command, env=quiet_environment(**credentials), check=True, stdout=subprocess.DEVNULL)
    return kept


@pytest.mark.parametrize("token", ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
def test_a_session_is_renewed_before_it_ends(
    aws: Emulator, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    injected_credentials = injected(aws, pipeline_credentials(aws), token=token)
    config = written_profiles(tmp_path, injected_credentials)
    text = config.read_text()
    assert text.count("[profile ") == text.count(f"role_arn = {COPIER_ROLE}\n") == 2
    assert not [secret for name, secret in injected_credentials.items() if "TOKEN" in name and secret in text]
    assert injected_credentials["AWS_SECRET_ACCESS_KEY"] not in text

    for name in ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**injected_credentials, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(profile_name="consumer.eu-west-1")
    sts = session.client("sts")
    assert sts.get_caller_identity()["Account"] == CONSUMER
    assert len(aws.calls(action="AssumeRole")) == 1

    # Fifty minutes later by botocore's clock, ten minutes before the session ends.
    credentials: t.Any = session.get_credentials()
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=51)
    monkeypatch.setattr(credentials, "_time_fetcher", lambda: later)
    monkeypatch.setattr("botocore.credentials._local_now", lambda: later)
    assert sts.get_caller_identity()["Account"] == CONSUMER
    assert len(aws.calls(action="AssumeRole")) == 2
