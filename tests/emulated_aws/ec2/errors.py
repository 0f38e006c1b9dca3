# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's errors: code, HTTP status and wording as AWS gives them."""

from __future__ import annotations

import typing as t

from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError

STATUS_OF_CODE = {"DryRunOperation": 412, "UnauthorizedOperation": 403, "AuthFailure": 401}


def status_of(error: ServiceException, default: int) -> int:
    """Return the HTTP status of an error; AuthFailure has another one where it is about an image."""
    return getattr(error, "http_status", None) or STATUS_OF_CODE.get(error.code, default)


class AwsError(EC2ClientError):
    """An error that the caller of the API sees."""

    def __init__(self, code: str, message: str, *, http_status: int | None = None) -> None:
        super().__init__(code, message)
        self.code, self.http_status = code, http_status


def _plural(ids: t.Sequence[str], noun: str) -> str:
    return f"The {noun} '[{', '.join(ids)}]' {'does' if len(ids) == 1 else 'do'} not exist"


def image_not_found(*image_ids: str) -> AwsError:
    """Build the error for images that do not exist or that the caller may not see."""
    return AwsError("InvalidAMIID.NotFound", _plural(image_ids, "image id" if len(image_ids) == 1 else "image ids"))


def image_forbidden(image_id: str) -> AwsError:
    """Build the error for changing, or asking for the attributes of, an image of somebody else."""
    return AwsError("AuthFailure", f"Not authorized for image:{image_id}", http_status=400)


def images_forbidden(image_id: str) -> AwsError:
    """Build the error for launching an image that is not shared with the caller."""
    return AwsError("AuthFailure", f"Not authorized for images: [{image_id}]", http_status=400)


def image_malformed(image_id: str) -> AwsError:
    """Build the error for what cannot be an image id."""
    return AwsError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')


def image_unavailable(image_id: str) -> AwsError:
    """Build the error for an image that is gone, or not yet or no more in a usable state."""
    return AwsError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")


def image_name_malformed() -> AwsError:
    """Build the error for a name of a wrong length or with a wrong character."""
    return AwsError(
        "InvalidAMIName.Malformed",
        "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, spaces, "
        "and '(', ')', '[', ']', '.', '-', '/', '\\'', '@' and '_'",
    )


def image_name_duplicate(name: str, image_id: str) -> AwsError:
    """Build the error for a name that another image of the account has."""
    return AwsError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image_id}")


def snapshot_not_found(*snapshot_ids: str) -> AwsError:
    """Build the error for snapshots that do not exist."""
    if len(snapshot_ids) == 1:
        return AwsError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_ids[0]}' does not exist.")
    return AwsError("InvalidSnapshot.NotFound", f"The snapshots '{', '.join(snapshot_ids)}' do not exist.")


def snapshot_malformed(snapshot_id: str) -> AwsError:
    """Build the error for what cannot be a snapshot id."""
    return AwsError("InvalidSnapshotID.Malformed", f'Invalid id: "{snapshot_id}" (expecting "snap-...")')


def snapshot_in_use(snapshot_id: str, image_id: str) -> AwsError:
    """Build the error for a snapshot that a registered image needs."""
    return AwsError("InvalidSnapshot.InUse", f"The snapshot {snapshot_id} is currently in use by {image_id}")


def volume_not_found(volume_id: str) -> AwsError:
    """Build the error for a volume that does not exist."""
    return AwsError("InvalidVolume.NotFound", f"The volume '{volume_id}' does not exist.")


def instance_not_found(instance_id: str) -> AwsError:
    """Build the error for an instance that does not exist."""
    return AwsError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")


def missing_parameter(name: str) -> AwsError:
    """Build the error for a required parameter that was not sent."""
    return AwsError("MissingParameter", f"The request must contain the parameter {name}")


def unknown_parameter(name: str) -> AwsError:
    """Build the error for a parameter that the action does not have."""
    return AwsError("UnknownParameter", f"The parameter {name} is not recognized")


def invalid_value(value: object, name: str, why: str = "") -> AwsError:
    """Build the error for a value that a parameter cannot take."""
    return AwsError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid. {why}".strip())


def invalid_filter(name: str) -> AwsError:
    """Build the error for a filter that the action does not have."""
    return AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


def invalid_combination(message: str) -> AwsError:
    """Build the error for parameters that exclude each other."""
    return AwsError("InvalidParameterCombination", message)


def key_needs_encrypted() -> AwsError:
    """Build the error for KmsKeyId without Encrypted=true."""
    return AwsError(
        "InvalidParameterDependency", "The parameter [KmsKeyId] requires the parameter Encrypted to be set."
    )


def invalid_mapping(message: str) -> AwsError:
    """Build the error for a block device mapping that contradicts itself or its snapshot."""
    return AwsError("InvalidBlockDeviceMapping", message)


def idempotent_mismatch() -> AwsError:
    """Build the error for a client token used before with other parameters."""
    return AwsError(
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    )


def dry_run() -> AwsError:
    """Build the error that stands for success of a dry run."""
    return AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
