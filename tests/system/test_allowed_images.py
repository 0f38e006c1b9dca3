# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that the account's setting Allowed AMIs hides "does not exist" for AWS; the modules say why (§14.5)."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, HOME, SOURCES
from system.looking import Looking
from system.running import RunModule

FOREIGN, OWN, NOBODY = SOURCES["vendor-plain"], SOURCES["plain-root"], "ami-0123456789abcdef0"
OPTIONAL = pathlib.Path(__file__).resolve().parents[2] / "docs" / "iam" / "explain-hidden-source.json"
HIDDEN = "Allowed AMIs is enabled for this account in us-east-1"
COPY: dict[str, t.Any] = {
    "source_image_id": FOREIGN,
    "source_region": HOME,
    "region": AWAY,
    "kms_key_id": "alias/golden",
}
MODULES: dict[str, dict[str, t.Any]] = {
    "ec2_ami_encrypted_copy": COPY,
    "ec2_ami_compose_keys": {**COPY, "name": "three"},
    "ec2_ami_encryption_info": {"region": HOME, "image_ids": [FOREIGN]},
    "ec2_ami_usage_info": {"region": HOME, "image_ids": [FOREIGN]},
    "ec2_ami_publish": {
        "region": HOME,
        "image_id": FOREIGN,
        "require": "none",
        "ssm_parameters": [{"name": "/golden/db"}],
    },
}


@pytest.fixture
def enabled(look: Looking) -> None:
    """Allow the images of another provider only."""
    ec2 = look.ec2(HOME)
    ec2.enable_allowed_images_settings(AllowedImagesSettingsState="enabled")
    ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=[{"ImageProviders": ["amazon"]}])


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.usefixtures("enabled")
def test_a_hidden_image_is_explained(run_module: RunModule, look: Looking, module: str) -> None:
    look.emulator.clear_calls()
    result = run_module(module, **MODULES[module])
    assert result.failed and FOREIGN in result.msg
    assert HIDDEN in " ".join((result.msg, *result.warnings))
    assert look.mutations() == []


@pytest.mark.parametrize("module", MODULES)
def test_another_reason_is_not_blamed_on_the_setting(run_module: RunModule, look: Looking, module: str) -> None:
    """The setting is read only where an image is missing, and audit mode hides nothing."""
    look.ec2(HOME).enable_allowed_images_settings(AllowedImagesSettingsState="audit-mode")
    options = json.loads(json.dumps(MODULES[module]).replace(FOREIGN, NOBODY))
    result = run_module(module, **options)
    assert result.failed and NOBODY in result.msg
    assert "Allowed AMIs" not in " ".join((result.msg, *result.warnings))
    look.emulator.clear_calls()
    assert run_module(module, check=True, **MODULES[module]).msg == ""
    assert look.calls(action="GetAllowedImagesSettings") == []


@pytest.mark.usefixtures("enabled")
def test_own_images_are_never_hidden(run_module: RunModule) -> None:
    assert run_module("ec2_ami_encrypted_copy", **{**COPY, "source_image_id": OWN}).msg == ""


@pytest.mark.parametrize("granted", [pytest.param(True, id="optional policy"), pytest.param(False, id="without it")])
@pytest.mark.usefixtures("enabled")
def test_the_permission_is_optional(run_module: RunModule, emulator: Emulator, granted: bool) -> None:
    policies = [json.loads((OPTIONAL.parent / "copy.json").read_text())]
    if granted:
        policies.append(json.loads(OPTIONAL.read_text()))
    user = emulator.principal("arn:aws:iam::123456789012:user/copier", policies)
    result = run_module("ec2_ami_encrypted_copy", as_=user, **COPY)
    assert result.failed and FOREIGN in result.msg
    assert ("ec2:GetAllowedImagesSettings" in result.msg) is not granted
    assert (HIDDEN in result.msg) is granted
