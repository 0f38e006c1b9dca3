# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One region of one account: moto's EC2 backend with true images, snapshots, volumes and instances."""

from __future__ import annotations

import typing as t

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Reservation
from moto.ec2.utils import filter_reservations

from emulated_aws.ec2 import errors, lookup, timing
from emulated_aws.ec2.allowed_images import Allowance
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.keyring import KeyUse, aws_ebs_key
from emulated_aws.ec2.model import Gone, Image, Lag, Snapshot
from emulated_aws.ec2.recycle_bin import Bin
from emulated_aws.ec2.volume import Volume
from emulated_aws.settings import settings

Token = tuple[str, str]


def _ours(instance: object) -> EmulatedInstance:
    return t.cast(EmulatedInstance, instance)


# How long instances that have ended are shown (aws_rules §4.1).
_ENDED_SECONDS = 3600.0


def _is_shown(instance: EmulatedInstance) -> bool:
    return instance.lag.visible() and timing.now() - instance.terminated_at < _ENDED_SECONDS


_BY_TOKEN: Facts[t.Any] = Facts({"client-token": lambda one: one.client_token}, lambda _one: {})


class Ec2Region(EC2Backend):
    """What one account has in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # Ours take the place of moto's own, simpler kinds.
        self.amis: dict[str, Image] = {}  # type: ignore[assignment]
        self.snapshots: dict[str, Snapshot] = {}  # type: ignore[assignment]
        self.volumes: dict[str, Volume] = {}  # type: ignore[assignment]
        self.volume_changes: dict[str, dict[str, t.Any]] = {}
        self.bin = Bin()
        self.allowance = Allowance()
        self.fast_restores: set[tuple[str, str]] = set()
        self.fast_launches: set[str] = set()
        self.usage_reports: dict[str, t.Any] = {}
        self.gone_images: dict[str, Gone] = {}
        self.default_key: str | None = None
        self.image_block_public_access = "unblocked"
        self.snapshot_block_public_access = "unblocked"
        self.tokens: dict[Token, tuple[str, str]] = {}
        self.zone_groups: set[str] = set()

    @property
    def _url_module(self) -> t.Any:
        from emulated_aws.ec2 import urls

        return urls

    def _load_amis(self) -> None:
        """Load none of moto's stock images: they have one fake snapshot each."""

    def now(self) -> float:
        """Return the present moment of the virtual clock."""
        return timing.now()

    def new_lag(self) -> Lag:
        """Return the moments at which an object made now can be found."""
        return Lag(self.now() + settings.not_found_lag, self.now() + settings.tag_filter_lag)

    def key(self, reference: str) -> KeyUse:
        """Return a key as this account names it in this region."""
        return KeyUse.of_caller(self.account_id, self.region_name, reference)

    def ebs_default_key(self) -> KeyUse:
        """Return the key for EBS encryption: the one chosen by the account, else ``aws/ebs``."""
        return self.key(self.default_key) if self.default_key else self.aws_ebs_key()

    def aws_ebs_key(self) -> KeyUse:
        """Return the AWS managed key for EBS of this account and region."""
        return aws_ebs_key(self.account_id, self.region_name)

    def image_named(self, name: str) -> Image | None:
        """Return an image of this account with the name, whatever its state."""
        binned = [one.thing for one in self.bin.images.values()] if settings.rbin_keeps_name else []
        return next((image for image in (*self.amis.values(), *binned) if image.name == name), None)

    def attached(self, instance_id: str) -> list[tuple[str, Volume]]:
        """Return device names and volumes of an instance, in the order of attaching."""
        return [
            (volume.attachment.device, volume)
            for volume in self.volumes.values()
            if volume.attachment and volume.attachment.instance_id == instance_id
        ]

    def resource_ids(self) -> set[str]:
        """Return the ids of all images, snapshots, volumes and instances."""
        instances = [one.id for reservation in self.reservations.values() for one in reservation.instances]
        return {*self.amis, *self.snapshots, *self.volumes, *instances}

    def instance(self, instance_id: str) -> EmulatedInstance:
        """Return an instance, or raise NotFound or Malformed."""
        if not instance_id.startswith("i-"):
            raise errors.AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
        for one in self.all_instances():
            if one.id == instance_id:
                return _ours(one)
        raise errors.instance_not_found(instance_id)

    # What moto's own EC2 code asks for.
    def all_reservations(self, filters: t.Any = None) -> list[Reservation]:
        """Return the reservations with the instances that are visible yet."""
        reservations = super().all_reservations()
        for reservation in reservations:
            reservation.instances = [one for one in reservation.instances if _is_shown(_ours(one))]
        if any(name.startswith("tag") for name in filters or {}):
            for reservation in reservations:
                reservation.instances = [one for one in reservation.instances if _ours(one).lag.filterable()]
        kept = dict(filters or {})
        if "client-token" in kept:
            tokens = [{"Name": "client-token", "Values": kept.pop("client-token")}]
            for reservation in reservations:
                reservation.instances = _BY_TOKEN.select(reservation.instances, tokens)
        shown = [reservation for reservation in reservations if reservation.instances]
        return filter_reservations(shown, kept) if filters is not None else shown

    def get_reservations_by_instance_ids(self, instance_ids: list[str], filters: t.Any = None) -> list[Reservation]:
        """Return the reservations of these instances; naming one twice is no mistake, as it is to moto."""
        return super().get_reservations_by_instance_ids(list(dict.fromkeys(instance_ids)), filters)

    def describe_images(  # type: ignore[override]  # an image of ours, with what moto reads of its own
        self,
        ami_ids: list[str] | None = None,
        filters: dict[str, t.Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Image]:
        """Return the visible images among the given ids."""
        wanted = ami_ids or (filters or {}).get("image-id") or []
        ids = [wanted] if isinstance(wanted, str) else wanted
        return [image for image in lookup.all_images(self) if image.id in ids]
