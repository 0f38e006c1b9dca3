# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials and settings that cannot work end in a sentence that says what to do, in the shape of every result."""

from __future__ import annotations

import getpass
import os
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, HOME, SOURCES
from system.running import Result, RunModule

COPY: dict[str, t.Any] = {"source_image_id": SOURCES["plain-root"], "source_region": HOME, "region": AWAY}
MODULES: dict[str, dict[str, t.Any]] = {
    "ec2_ami_encrypted_copy": COPY,
    "ec2_ami_compose_keys": {**COPY, "name": "three", "kms_key_id": "alias/golden"},
    "ec2_ami_encryption_info": {"region": HOME},
    "ec2_ami_usage_info": {"region": HOME},
    "ec2_ami_access_info": {"region": HOME, "acts": [{"act": "remove"}]},
    "ec2_allowed_images": {"region": HOME, "state": "disabled"},
    "ec2_ami_retire": {"region": HOME, "filters": {"name": "plain-root"}, "group_by": "name:^(plain)"},
    "kms_key_grant": {
        "region": HOME,
        "key_id": "alias/golden",
        "purpose": "copy",
        "grantee_principal": "arn:aws:iam::123456789012:role/image-copier",
    },
}
PROFILES = """
[profile base]
aws_access_key_id = AKIA0000123456789012
aws_secret_access_key = not-a-real-secret
[profile person]
role_arn = arn:aws:iam::123456789012:role/builder
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/person
[profile above]
role_arn = arn:aws:iam::123456789012:role/other
source_profile = person
[profile single]
sso_start_url = https://login.example.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = builder
[profile session]
sso_session = company
sso_account_id = 123456789012
sso_role_name = builder
[sso-session company]
sso_start_url = https://login.example.com/start
sso_region = us-east-1
[profile chain]
role_arn = arn:aws:iam::123456789012:role/builder
source_profile = missing
[profile circle]
role_arn = arn:aws:iam::123456789012:role/builder
source_profile = square
[profile square]
role_arn = arn:aws:iam::123456789012:role/builder
source_profile = circle
[profile helper]
credential_process = /nonexistent/helper
[profile half]
aws_access_key_id = AKIA0000123456789012
[profile times]
aws_access_key_id = AKIA0000123456789012
aws_secret_access_key = not-a-real-secret
max_attempts = often
"""
NO_KEYS: dict[str, t.Any] = {"access_key": None, "secret_key": None}


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, run_module: RunModule) -> RunModule:
    """Return what runs a module where the profiles are configured; nobody may be asked anything."""

    def refuse(*_unused: object) -> str:
        raise AssertionError("a task asked at the terminal")

    path = tmp_path / "config"
    path.write_text(PROFILES)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setattr(getpass, "getpass", refuse)
    return run_module


def listed(result: Result) -> t.Any:
    """Return the list that a module's result is about."""
    return next(result[name] for name in ("checks", "grants", "settings", "images") if name in result)


def require_sentence(result: Result, emulator: Emulator, *words: str) -> None:
    """Demand a readable failure of the usual shape, before any call."""
    assert result.failed and (listed(result), result["changed"]) == ([], False)
    assert [word for word in words if word not in result.msg] == []
    assert "Traceback" not in result.msg and "did not answer" not in result.msg
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        pytest.param(
            "person", ("person", "MFA device arn:aws:iam::123456789012:mfa/person", "aws configure"), id="MFA"
        ),
        pytest.param("above", ("person", "MFA device"), id="MFA of the source profile"),
        pytest.param("single", ("https://login.example.com/start", "aws sso login"), id="SSO"),
        pytest.param("session", ("aws sso login",), id="SSO session"),
        pytest.param("chain", ('"missing"', "configuration files"), id="missing source profile"),
        pytest.param("circle", ("Infinite loop", "configuration files"), id="profiles in a circle"),
        pytest.param("helper", ("/nonexistent/helper", "credential_process"), id="missing program"),
        pytest.param("half", ("aws_secret_access_key", "access_key and secret_key"), id="half a key"),
        pytest.param("nobody", ("nobody", "configuration files"), id="unknown profile"),
        pytest.param("", ("Unable to locate credentials", "access_key and secret_key"), id="nothing"),
    ],
)
def test_profiles(configured: RunModule, emulator: Emulator, profile: str, words: tuple[str, ...]) -> None:
    options = {**COPY, **NO_KEYS, "profile": profile or None}
    require_sentence(configured("ec2_ami_encrypted_copy", **options), emulator, *words)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_so(configured: RunModule, emulator: Emulator, module: str) -> None:
    for profile in ("person", "single", "chain"):
        result = configured(module, **{**MODULES[module], **NO_KEYS, "profile": profile})
        require_sentence(result, emulator, "Failed to")


def test_the_default_profile_is_not_asked_for_a_code_where_the_environment_has_keys(
    configured: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """amazon.aws reads both, and hands the keys of the environment on as options."""
    path = pathlib.Path(os.environ["AWS_CONFIG_FILE"])
    path.write_text(PROFILES.replace("[profile person]", "[default]"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0000123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    assert not configured("ec2_ami_encryption_info", region=HOME, **NO_KEYS).failed
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "MFA device" in configured("ec2_ami_encryption_info", region=HOME, **NO_KEYS).msg


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"endpoint_url": "localhost"}, ("localhost", "endpoint_url", "https://"), id="endpoint, a name"),
        pytest.param({"endpoint_url": "http://"}, ("endpoint_url", "https://"), id="endpoint, half a URL"),
        pytest.param({"endpoint_url": "localhost:5000"}, ("endpoint_url", "https://"), id="endpoint, no scheme"),
        pytest.param({"aws_config": {"retry": 5}}, ("aws_config", "retry"), id="unknown setting"),
        pytest.param({"aws_config": {"retries": 5}}, ("aws_config",), id="retries, a number"),
        pytest.param({"aws_config": {"retries": {"attempts": 5}}}, ("attempts",), id="retries, unknown"),
        pytest.param({"aws_config": {"signature_version": "v9"}}, ("v9",), id="signature"),
        pytest.param({"aws_config": {"s3": "x"}}, ("aws_config",), id="a word for a dictionary"),
        pytest.param({"aws_config": {"retries": {"mode": "bold"}}}, ("bold", "aws_config"), id="retries, mode"),
        pytest.param({"profile": "base"}, ("profile",), id="profile and keys"),
    ],
)
def test_options(configured: RunModule, emulator: Emulator, options: dict[str, t.Any], words: tuple[str, ...]) -> None:
    require_sentence(configured("ec2_ami_encrypted_copy", **{**COPY, **options}), emulator, *words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("AWS_METADATA_SERVICE_TIMEOUT", "soon", id="a number that is none"),
        pytest.param("AWS_DEFAULTS_MODE", "best", id="unknown mode"),
        pytest.param("AWS_STS_REGIONAL_ENDPOINTS", "near", id="unknown kind of endpoint"),
        pytest.param("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "small", id="unknown size"),
    ],
)
def test_the_environment(
    configured: RunModule, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = configured("ec2_ami_encrypted_copy", **COPY)
    if result.failed:  # Whether botocore reads a setting depends on its release; what it refuses must be readable.
        require_sentence(result, emulator, value)
        assert name in result.msg or name.removeprefix("AWS_").lower() in result.msg.lower()


@pytest.mark.parametrize(
    ("name", "value"), [pytest.param("AWS_MAX_ATTEMPTS", "abc"), pytest.param("AWS_RETRY_MODE", "bold")]
)
def test_settings_of_retries_that_have_no_effect_do_no_harm(
    configured: RunModule, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert configured("ec2_ami_encrypted_copy", check=True, **COPY).msg == ""


@pytest.mark.parametrize("module", MODULES)
def test_regions(configured: RunModule, module: str) -> None:
    for region in ("us east 1", "us-east-1a", "US-EAST-1", "https://us-east-1", "us-east-99"):
        result = configured(module, **{**MODULES[module], "region": region})
        assert result.failed and region in result.msg and listed(result) == []
        assert "Traceback" not in result.msg


def test_warnings_bring_no_deprecations(configured: RunModule, emulator: Emulator) -> None:
    """AnsibleAWSModule.warn prints one for each warning."""
    emulator.faults.add("access_denied", action="DescribeKey")
    options = {**COPY, "name": "warned", "kms_key_id": "alias/golden"}
    result = configured("ec2_ami_compose_keys", check=True, **options)
    assert result.warnings and not result.get("deprecations")
