# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to say what is shared with whom, for all tests of ec2_ami_share, and to look at what AWS has then."""

from __future__ import annotations

import typing as t

from emulated_aws.catalogue_images import IMAGES
from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result, RunModule

MODULE = "ec2_ami_share"
HOME, AWAY = "us-east-1", "eu-west-1"
FRIEND, STRANGER = "210987654321", "111122223333"
ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
UNIT = "arn:aws:organizations::999999999999:ou/o-0123456789/ou-ab12-34567890"
BY_NAME = {spec.name: spec.image_id for spec in reversed(IMAGES)}
ACTS = ("ModifyImageAttribute", "ModifySnapshotAttribute")
TAGGING = ("CreateTags", "DeleteTags")
Permissions = list[dict[str, str]]


class Sharing:
    """``sharing("plain-root", user_ids=[FRIEND])`` runs the module; the rest looks with boto3 alone."""

    def __init__(self, emulator: Emulator, run_module: RunModule, look: Looking, oracle: Guard):
        self._run, self._oracle = run_module, oracle
        self.emulator, self.look = emulator, look
        self._handed: set[tuple[str, bool, bool]] = set()

    def __call__(
        self,
        *names: str,
        check: bool = False,
        diff: bool = False,
        as_: Credentials | None = None,
        user_ids: t.Sequence[str] | None = None,
        org_arns: t.Sequence[str] | None = None,
        **options: t.Any,
    ) -> Result:
        """Share images of the catalogue for copying, in our region at home, unless the options say otherwise."""
        who = {"user_ids": user_ids, "org_arns": org_arns}
        asked: dict[str, t.Any] = {
            "region": HOME,
            "purpose": "copy",
            "launch_permissions": {name: list(value) for name, value in who.items() if value is not None},
        }
        if names:
            asked["image_ids"] = [BY_NAME.get(name, name) for name in names]
        takes = options.get("state") == "absent" or options.get("purge_launch_permissions")
        self.hand_over(*asked.get("image_ids", ()), takes=bool(takes), records=bool(options.get("record")))
        given = {name: value for name, value in {**asked, **options}.items() if value is not None}
        return self._run(MODULE, check=check, diff=diff, as_=as_, **given)

    def hand_over(self, *image_ids: str, takes: bool = False, records: bool = False) -> None:
        """Tell the oracle that the module may share these images and their snapshots, or take them back."""
        acts = [f"{one}{kind}" for one in ACTS for kind in (("", "/Remove") if takes else ("",))]
        acts += TAGGING if records else ()
        unheard = [one for one in image_ids if (one, takes, records) not in self._handed]
        self._handed.update((one, takes, records) for one in unheard)
        for region in (HOME, AWAY) if unheard else ():
            found = self.look.ec2(region).describe_images(
                Filters=[{"Name": "image-id", "Values": unheard}], IncludeDisabled=True
            )["Images"]
            for image in found:
                self._oracle.given(image["ImageId"], *snapshots_in(image), to=acts)

    def launch(self, name: str, region: str = HOME) -> Permissions:
        """Return who may launch an image."""
        answer = self.look.ec2(region).describe_image_attribute(
            ImageId=BY_NAME.get(name, name), Attribute="launchPermission"
        )
        return t.cast(Permissions, answer["LaunchPermissions"])

    def volumes(self, name: str, region: str = HOME) -> list[Permissions]:
        """Return who may create volumes, snapshot by snapshot."""
        image = self.look.image(region, BY_NAME.get(name, name))
        return [self.volume(one, region) for one in snapshots_in(image or {})]

    def volume(self, snapshot_id: str, region: str = HOME) -> Permissions:
        """Return who may create volumes from a snapshot."""
        answer = self.look.ec2(region).describe_snapshot_attribute(
            SnapshotId=snapshot_id, Attribute="createVolumePermission"
        )
        return t.cast(Permissions, answer["CreateVolumePermissions"])

    def allow(self, name: str, *entries: dict[str, str]) -> None:
        """Let somebody launch an image, by hand."""
        self.look.ec2(HOME).modify_image_attribute(
            ImageId=BY_NAME.get(name, name), LaunchPermission={"Add": list(entries)}
        )

    def state(self, name: str) -> tuple[t.Any, ...]:
        """Return all permissions, to compare."""
        return sorted(map(repr, self.launch(name))), [sorted(map(repr, one)) for one in self.volumes(name)]


def snapshots_in(image: t.Mapping[str, t.Any]) -> list[str]:
    """Return the ids of an image's snapshots."""
    mappings = image.get("BlockDeviceMappings") or ()
    return [one["Ebs"]["SnapshotId"] for one in mappings if "SnapshotId" in one.get("Ebs", {})]
