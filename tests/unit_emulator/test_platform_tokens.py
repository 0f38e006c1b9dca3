# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session's access key is worth nothing without the session's token."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from botocore.exceptions import ClientError

from emulated_aws.client import Emulator

ROLE = "arn:aws:iam::123456789012:role/pipeline"


@pytest.mark.parametrize("token", [None, "another"])
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_images", "AuthFailure"),
        ("kms", "list_aliases", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_session_without_its_token_is_refused(
    emulator: Emulator, service: str, operation: str, code: str, token: str | None
) -> None:
    credentials = emulator.principal(ROLE)
    whole: t.Any = emulator.session(credentials=credentials)
    getattr(whole.client(service), operation)()
    halved: t.Any = emulator.session(credentials=dataclasses.replace(credentials, token=token))
    with pytest.raises(ClientError) as refusal:
        getattr(halved.client(service), operation)()
    assert refusal.value.response["Error"]["Code"] == code
