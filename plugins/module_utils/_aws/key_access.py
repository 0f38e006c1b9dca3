# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Try the use of keys without doing it."""

from __future__ import annotations

import contextlib
import typing as t

from .._image.key_access import Probe, Refusal
from .connection import Region
from .dry_run import succeed_dry
from .errors import AwsError

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    import botocore

# Tries the permission alone, so that no ciphertext is needed (Decrypt and ReEncrypt, DryRunModifiers).
_WITHOUT_CIPHERTEXT: t.Final = {"DryRunModifiers": ["IGNORE_CIPHERTEXT"]}


def try_key(region: Region, probe: Probe) -> Refusal | None:
    """Return why the call would not succeed; None where it would."""
    if probe.kind in ("ReEncrypt", "Decrypt") and not _knows_modifiers(region):
        return Refusal(
            f"botocore {botocore.__version__} does not know DryRunModifiers, without which nothing can be tried; "
            "update boto3 and botocore where the module runs"
        )
    operation, params = _CALLS[probe.kind]
    try:
        succeed_dry(
            f"try kms:{probe.kind} on {probe.key} in {region.name}", getattr(region.kms, operation), **params(probe)
        )
    except AwsError as error:
        return Refusal(error.words or str(error), is_denied=error.is_denied)
    return None


def _knows_modifiers(region: Region) -> bool:
    shape = region.kms.meta.service_model.operation_model("ReEncrypt").input_shape
    return shape is not None and "DryRunModifiers" in shape.members


def _re_encrypt(probe: Probe) -> dict[str, t.Any]:
    return {"SourceKeyId": probe.source_key, "DestinationKeyId": probe.key, **_WITHOUT_CIPHERTEXT}


_CALLS: t.Final[dict[str, tuple[str, t.Callable[[Probe], dict[str, t.Any]]]]] = {
    "ReEncrypt": ("re_encrypt", _re_encrypt),
    "Decrypt": ("decrypt", lambda probe: {"KeyId": probe.key, **_WITHOUT_CIPHERTEXT}),
    "GenerateDataKeyWithoutPlaintext": (
        "generate_data_key_without_plaintext",
        lambda probe: {"KeyId": probe.key, "KeySpec": "AES_256"},
    ),
    "CreateGrant": (
        "create_grant",
        lambda probe: {"KeyId": probe.key, "GranteePrincipal": probe.grantee, "Operations": ["Decrypt"]},
    ),
}
