# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An owner with two images, three consumers with their keys, and what each of them has."""

from __future__ import annotations

import json
import typing as t

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.conftest import RunModule
from system.copy.asking import SOURCES
from system.distribute.role import OWNER as LOCALHOST
from system.distribute.role import Role
from system.looking import Looking, tags
from system.running import ROOT
from system.share.sharing import snapshots_in

HOME, AWAY, OWNER = "us-east-1", "eu-west-1", "123456789012"
# The key of each account, by alias.
KEYS = {"210987654321": "alias/golden", "111122223333": "alias/vendor-private", "444455556666": "alias/arrivals"}
FIRST = "210987654321"
DIRECT, LOCKED = SOURCES["encrypted-root"], SOURCES["default-key"]
TARGETS = (ROOT / "playbooks" / "vars" / "distribute.image_targets.yml").read_text()
# Both images, one account, one region; then one image as well.
ONE = TARGETS.partition("\n  - account: staging")[0].replace(f", {AWAY}]", "]")
SMALL = ONE.replace(f", {LOCKED}]", "]")
# What docs/iam says that each party needs.
OWNERS = (
    "info",
    "share-images",
    "share-images-recorded",
    "grant",
    "revoke-grant",
    "copy",
    "copy-of-encrypted",
    "remove",
    "distribute-owner",
)
CONSUMERS = ("info", "copy", "copy-of-encrypted", "remove")
NOTHING: dict[str, t.Any] = {
    DIRECT: ([], []),
    LOCKED: ([], []),
    "alias/golden": [],
    "alias/data": [],
    "intermediates": [],
}


def policies(names: t.Sequence[str], *, without: str = "") -> list[dict[str, t.Any]]:
    """Return policies of the documentation, with one action taken out."""
    found = [json.loads((ROOT / "docs" / "iam" / f"{name}.json").read_text()) for name in names]
    for policy in found:
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            statement["Action"] = [one for one in actions if one != without]
        policy["Statement"] = [one for one in policy["Statement"] if one["Action"]]
    return [policy for policy in found if policy["Statement"]]


class Accounts:
    """Accounts with their keys, and what is there of the images."""

    def __init__(self, emulator: Emulator, oracle: Guard) -> None:
        self.emulator, self.oracle = emulator, oracle
        self.owner = Looking(emulator)
        self.consumers = {number: Looking(emulator, account=number) for number in KEYS}
        self.set_up()

    def set_up(self) -> None:
        """Make what the catalogue lacks, and say what the role may change of it."""
        for region in (HOME, AWAY):
            kms = self.consumers["444455556666"].kms(region)
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/arrivals", TargetKeyId=key)
        acts = ["ModifyImageAttribute", "ModifySnapshotAttribute"]
        acts += [*(f"{act}/Remove" for act in acts), "CreateTags", "DeleteTags"]
        for image_id in (DIRECT, LOCKED):
            self.oracle.given(image_id, *snapshots_in(self.owner.image(HOME, image_id) or {}), to=acts)
        for alias in ("alias/golden", "alias/data"):
            self.oracle.given(self.owner.key_arn(alias, HOME), to=["CreateGrant"])

    def allow(self, role: str, number: str, names: t.Sequence[str], *, without: str = "") -> Credentials:
        """Let a role do what policies of the documentation allow, and nothing else."""
        return self.emulator.principal(f"arn:aws:iam::{number}:role/{role}", policies(names, without=without))

    def copies(self, number: str, region: str) -> list[dict[str, t.Any]]:
        """Return the images that an account has of its own in a region that were copied by us."""
        own = self.consumers[number].images(region)
        return [image for image in own if "sealed.ami:copy" in tags(image)]

    def left(self) -> dict[str, t.Any]:
        """Return what the owner has on the way: permissions, records, grants and intermediates."""
        ec2 = self.owner.ec2(HOME)
        found: dict[str, t.Any] = {}
        for image_id in (DIRECT, LOCKED):
            shared = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")["LaunchPermissions"]
            image = self.owner.image(HOME, image_id) or {}
            for one in snapshots_in(image):
                answer = ec2.describe_snapshot_attribute(SnapshotId=one, Attribute="createVolumePermission")
                shared += answer["CreateVolumePermissions"]
            records = [key for key in tags(image) if key.startswith("sealed.ami:shared-for-")]
            found[image_id] = (shared, records)
        for alias in ("alias/golden", "alias/data"):
            listed = self.owner.kms(HOME).list_grants(KeyId=self.owner.key_arn(alias, HOME))["Grants"]
            found[alias] = [one["Name"] for one in listed if one.get("Name", "").startswith("sealed-ami:")]
        found["intermediates"] = [
            one["ImageId"] for one in self.owner.images(HOME) if "sealed.ami:purpose" in tags(one)
        ]
        return found


class Stage(Accounts):
    """The same, with the role played in this process."""

    def __init__(self, emulator: Emulator, oracle: Guard, run: RunModule) -> None:
        super().__init__(emulator, oracle)
        self._run = run

    def reset(self) -> None:
        """Put everything back to where nothing is distributed."""
        self.emulator.reset(seed="full")
        self.set_up()

    def role(self, targets: str = ONE, *, owner: str = "", consumer: str = "") -> Role:
        """Return the role with a file of targets; ``owner`` and ``consumer`` name an action that they may not do."""
        credentials = {LOCALHOST: self.allow("image-owner", OWNER, OWNERS, without=owner)}
        accounts = {"production": FIRST, "staging": "111122223333", "partner": "444455556666"}
        for host, number in accounts.items():
            credentials[host] = self.allow("image-copier", number, CONSUMERS, without=consumer)
        return Role(self._run, targets, credentials)
