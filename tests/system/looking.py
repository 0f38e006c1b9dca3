# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the emulated AWS as a person would, with boto3 alone."""

from __future__ import annotations

import typing as t

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT

READS = ("Describe*", "Get*", "List*", "Assume*")


# The calls by which the product tries whether a key can be used.
KEY_TRIALS = ("ReEncrypt", "Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant")


class Looking:
    """What an account has; ``region`` is given with each question."""

    def __init__(self, emulator: Emulator, *, account: str = HOME_ACCOUNT):
        self.emulator, self.account = emulator, account
        self._session: t.Any = emulator.session(account=account)
        self._clients: dict[tuple[str, str], t.Any] = {}

    def ec2(self, region: str) -> t.Any:
        """Return an EC2 client."""
        return self._client("ec2", region)

    def kms(self, region: str) -> t.Any:
        """Return a KMS client."""
        return self._client("kms", region)

    def _client(self, service: str, region: str) -> t.Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(service, region_name=region)
        return self._clients[service, region]

    def key_arn(self, alias: str, region: str) -> str:
        """Return the ARN behind an alias."""
        return str(self.kms(region).describe_key(KeyId=alias)["KeyMetadata"]["Arn"])

    def images(self, region: str, *, source: str | None = None) -> list[dict[str, t.Any]]:
        """Return the account's images, or only the copies of one source."""
        found = self.ec2(region).describe_images(Owners=["self"])["Images"]
        return [image for image in found if source is None or image.get("SourceImageId") == source]

    def image(self, region: str, image_id: str) -> dict[str, t.Any] | None:
        """Return one image, if it is there."""
        found = self.ec2(region).describe_images(Filters=[{"Name": "image-id", "Values": [image_id]}])["Images"]
        return found[0] if found else None

    def snapshots(self, region: str) -> dict[str, dict[str, t.Any]]:
        """Return the account's snapshots by id."""
        found = self.ec2(region).describe_snapshots(OwnerIds=["self"])["Snapshots"]
        return {snapshot["SnapshotId"]: snapshot for snapshot in found}

    def keys(self, region: str, image_id: str) -> dict[str, str | None]:
        """Return the key ARN of each device that has a snapshot, None where it is plain."""
        image = self.image(region, image_id)
        snapshots = self.snapshots(region)
        devices = {one["DeviceName"]: one["Ebs"] for one in (image or {})["BlockDeviceMappings"] if "Ebs" in one}
        return {
            name: snapshots[ebs["SnapshotId"]].get("KmsKeyId") for name, ebs in devices.items() if "SnapshotId" in ebs
        }

    def user_tags(self, thing: t.Mapping[str, t.Any]) -> dict[str, str]:
        """Return the tags of an image or snapshot without this collection's own."""
        return {key: value for key, value in tags(thing).items() if not key.startswith("sealed.ami:")}

    def mutations(self, **wanted: t.Any) -> list[str]:
        """Return the actions that were called and can change something, in order; dry runs cannot."""
        calls = [call for call in self.calls(**wanted) if not call["parameters"].get("DryRun")]
        return [call["action"] for call in calls if not call["action"].startswith(_READ_PREFIXES)]

    def tried_keys(self) -> list[tuple[str, str]]:
        """Return the calls to KMS that only tried, with their regions, and forget them; all must have been dry runs."""
        calls = self.calls(service="kms", action=list(KEY_TRIALS))
        assert all(call["parameters"].get("DryRun") for call in calls)
        self.emulator.clear_calls()
        return sorted((call["region"], call["action"]) for call in calls)

    def calls(self, **wanted: t.Any) -> list[dict[str, t.Any]]:
        """Return the logged calls."""
        return self.emulator.calls(**wanted)


_READ_PREFIXES = tuple(name.rstrip("*") for name in READS)


def tags(thing: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the tags of an image or snapshot."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or ()}
