# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Carry out a compose request from end to end: read, judge, plan, and, unless only the plan is wanted, apply."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Connection
from ..._aws.errors import AwsError
from ..._aws.instances import find_instances_by_token
from ..._aws.keys import Warn
from ..._image.attributes import require_future, require_markable, require_typed
from ..._image.compose.draft import Material
from ..._image.compose.facts import ComposeFacts
from ..._image.compose.identity import key_differences
from ..._image.compose.key_needs import key_needs
from ..._image.compose.method import (
    INSTANCE,
    SNAPSHOTS,
    choose_method,
    require_no_duration,
    require_same_region,
)
from ..._image.compose.ours import Remains, added_devices
from ..._image.compose.planner import plan_compose
from ..._image.compose.recipe import Recipe, launch_token
from ..._image.compose.removal import RemovalFacts, plan_compose_removal
from ..._image.compose.request import ComposeRequest, InstanceOptions, require_room_for_tags
from ..._image.compose.steps import ComposePlan
from ..._image.errors import PreflightError, SealedError
from ..._image.keys import aliases_of, require_private, require_shareable
from ..._image.model import BlockDevice, Image, KmsKey, Snapshot
from ..._image.outcome import Outcome, Target
from ..._image.places import REGIONAL, place_named, require_launchable
from ..._image.proofs import MadeFor, Proof
from ..._image.source import require_decryptable
from ..attributes import account_for_marks, read_sharing
from ..key_access import KeyAccess
from ..pace import Pace
from ..regions import require_regions
from ..source_keys import describe_source_keys
from .apply import ComposeApply
from .instance import complete_options
from .location import located
from .losing import with_lost
from .read import (
    images_beside,
    read_leftovers,
    read_material,
    read_namesakes,
    read_recipe,
    read_uefi_data,
    require_readable,
    snapshots_lent,
)
from .remains import Search, snapshots_of_builders
from .work import Work


class ComposeRun:
    """One task: one image of one source."""

    def __init__(
        self,
        connection: Connection,
        request: ComposeRequest,
        *,
        warn: Warn,
        key_checks: list[dict[str, t.Any]] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._connection = connection
        self._request = request
        self._warn = warn
        self._pace = pace or Pace()
        self._region = connection.region(request.region)
        self._source_region = (
            self._region if request.source_region == request.region else connection.region(request.source_region)
        )
        self._started = self._pace.now()
        self._options: InstanceOptions | None = None
        self._uefi_data: str | None = None
        regions = {request.region: self._region, request.source_region: self._source_region}
        self._access = KeyAccess(regions, request.check_key_access, key_checks, warn=warn)

    def run(self, *, check_mode: bool) -> Outcome:
        """Return what became of the image, or what would.

        Whatever makes the request impossible raises before anything is changed; later trouble stands in the outcome.
        """
        names = sorted({self._request.region, self._request.source_region})
        require_regions(self._connection, names, source_region=self._request.source_region)
        try:
            facts, plan = self._plan()
        except (AwsError, SealedError) as error:
            held = self._request.held_instance_id
            if held is None:
                raise
            raise SealedError(
                f"{error}. Nothing was done, and instance {held} is still held: run again, or end it with "
                "instance.hold and state=absent"
            ) from error
        for warning in plan.warnings:
            self._warn(warning)
        target = Target(
            self._request.source_image_id,
            self._request.source_region,
            self._request.region,
            self._request.instance_id,
            place=place_named(facts.recipe.place) if facts else REGIONAL,
        )
        aliases = aliases_of(device.required_key for device in facts.recipe.ebs_devices) if facts else {}
        if check_mode:
            return Outcome.predicted(target, plan, key_aliases=aliases)
        return self._apply(Outcome(target, plan, key_aliases=aliases), plan, facts)

    def _plan(self) -> tuple[ComposeFacts | None, ComposePlan]:
        """Return what there is, and the plan for it, which AWS would not refuse half-way."""
        if not self._request.present:
            return None, self._plan_removal()
        facts, material = self._read()
        plan = plan_compose(self._request, facts)
        self._judge(facts, plan, material)
        return facts, with_lost(self._source_region, plan, facts)

    def _read(self) -> tuple[ComposeFacts, Material]:
        material = read_material(self._source_region, self._region, self._request)
        recipe = read_recipe(self._region, self._request, material, warn=self._warn)
        kept = self._request.instance_id is None and bool(material.source.watermarks)
        account = account_for_marks(self._region, [self._request.attributes], kept=kept)
        method = choose_method(self._request, material.source, account)
        recipe = located(self._region, self._request, method, recipe)
        return self._read_images(ComposeFacts(recipe, material.source, method, account=account)), material

    def _read_images(self, facts: ComposeFacts) -> ComposeFacts:
        """Return the facts with what AWS holds of the image now."""
        # First, for this may wait for an image that AWS does not show yet.
        of_builders = self._read_builders(facts)
        images, snapshots = read_namesakes(self._region, self._request.name)
        desired = self._request.attributes.launch_permissions
        available = [image for image in images if image.state == "available"]
        return ComposeFacts(
            recipe=facts.recipe,
            source=facts.source,
            method=facts.method,
            images=images,
            snapshots=snapshots,
            sharing=read_sharing(self._region, available[0], desired) if available else None,
            leftovers=self._read_leftovers(facts.recipe, images),
            remains=(*self._read_remains(facts, images, snapshots), *of_builders),
            account=facts.account,
        )

    def _read_leftovers(self, recipe: Recipe, images: t.Sequence[Image]) -> tuple[Snapshot, ...]:
        """Return the snapshots that an interrupted run has left; CreateImage makes all of an instance's at once."""
        if self._request.instance_id is not None:
            return ()
        return read_leftovers(self._region, self._request.name, images, recipe)

    def _read_remains(
        self, facts: ComposeFacts, images: t.Sequence[Image], snapshots: t.Mapping[str, Snapshot]
    ) -> tuple[Proof, ...]:
        """Return what interrupted runs have left beside snapshots that are born with our description, and image."""
        added = added_devices(facts.recipe)
        by_instance = facts.method.name == INSTANCE
        if self._request.instance_id is not None or not (by_instance or (added and images)):
            return ()
        name, digest = self._request.name, facts.recipe.digest
        search = Search(self._region, name, added, with_instances=by_instance, digest=digest)
        return search.run(images, snapshots.values()).proofs

    def _read_builders(self, facts: ComposeFacts) -> tuple[Proof, ...]:
        """Return the snapshots that are left of images made by way of an instance and gone."""
        if self._request.instance_id is not None or facts.method.name != INSTANCE:
            return ()
        launched = find_instances_by_token(
            self._region, launch_token(facts.recipe.work, self._request.source_image_id or "")
        )
        name, digest = self._request.name, facts.recipe.digest
        return snapshots_of_builders(self._region, name, pace=self._pace, digest=digest, launched=launched)[0]

    def _judge(self, facts: ComposeFacts, plan: ComposePlan, material: Material) -> None:
        """Refuse what AWS would refuse half-way."""
        if self._request.attributes.launch_permissions:
            require_private(self._request.attributes.launch_permissions.group_names, region=self._region.name)
            for device in facts.recipe.ebs_devices:
                require_shareable(device.required_key, region=self._region.name)
        require_future(plan.after, now=self._pace.now())
        require_markable(plan.image, plan.after, region=self._region.name)
        require_typed(plan.image, plan.after, region=self._region.name)
        if not plan.work:
            return
        require_same_region(facts.method, self._request)
        if self._request.instance_id is not None:
            self._require_right_volumes(facts)
            return
        recipe = facts.recipe
        if facts.method.name == SNAPSHOTS:
            self._uefi_data = read_uefi_data(self._source_region, facts.source, warn=self._warn)
        else:
            require_room_for_tags(self._request, has_builder=True)
            require_launchable(facts.source)
            require_no_duration(facts.method, self._request)
            # Whoever may launch an image needs no permission on its snapshots.
            recipe = dataclasses.replace(recipe, devices=tuple(one for one in recipe.devices if one.is_added))
            self._options = complete_options(self._region, self._request.instance, facts.source)
        require_readable(material, recipe, self._request, now=self._pace.now())
        described = self._require_decryptable(facts)
        if self._request.held_instance_id is None:
            self._access.require(key_needs(plan, self._region.name, described))

    def _require_decryptable(self, facts: ComposeFacts) -> dict[str, KmsKey | None]:
        """Return the keys of the content, which EBS must be able to use; those of the new image are judged already."""
        judged = {device.required_key.arn for device in facts.recipe.ebs_devices}
        devices = tuple(
            BlockDevice(device.device_name, device.snapshot_id, encrypted=True, kms_key_arn=device.held_key_arn)
            for device in facts.recipe.ebs_devices
            if device.snapshot_region == self._source_region.name and device.held_key_arn not in (None, *judged)
        )
        source = dataclasses.replace(facts.source, devices=devices)
        described = describe_source_keys(self._source_region, [source], warn=self._warn)
        require_decryptable(source, described)
        return described

    def _require_right_volumes(self, facts: ComposeFacts) -> None:
        wrong = key_differences(facts.recipe, facts.source)
        if wrong:
            raise PreflightError(
                f"instance {self._request.instance_id} in {self._region.name}: {'; '.join(wrong)}. An image takes the "
                "keys of the volumes; replace them, correct device_mapping, or compose of an image instead"
            )

    def _plan_removal(self) -> ComposePlan:
        # First, for this may wait for an image that AWS does not show yet.
        """Read all that work under this name may have left, and plan what of it is proven to be ours."""
        made, others = (
            ((), ()) if self._request.hold else snapshots_of_builders(self._region, self._request.name, pace=self._pace)
        )
        images, snapshots = read_namesakes(self._region, self._request.name)
        leftovers = read_leftovers(self._region, self._request.name, images)
        by_instance = self._request.method == INSTANCE
        added = {
            requested.device_name: MadeFor(
                requested.device_name, requested.snapshot_id or "", requested.volume_size or 0
            )
            for requested in self._request.devices
        }
        is_empty = any(
            requested.volume_size is not None and requested.snapshot_id is None for requested in self._request.devices
        )
        found = Remains()
        if by_instance or is_empty:
            search = Search(self._region, self._request.name, added, with_instances=by_instance)
            found = search.run(images, (*snapshots.values(), *leftovers))
        if self._request.hold:
            # What is held ends; the image, if another run has made one meanwhile, stays.
            return plan_compose_removal(self._request, RemovalFacts(remains=found.proofs, unproven=found.unproven))
        facts = RemovalFacts(
            images,
            snapshots,
            leftovers,
            used=images_beside(self._region, images),
            remains=(*found.proofs, *made),
            unproven=(*found.unproven, *others),
            lent=snapshots_lent(self._region, images, self._request),
        )
        return plan_compose_removal(self._request, facts)

    def _apply(self, outcome: Outcome, plan: ComposePlan, facts: ComposeFacts | None) -> Outcome:
        """Carry the plan out, and return the outcome with whatever was done until the end or the first error."""
        outcome.action, outcome.reason = plan.action, plan.reason
        # A predicted image has no id; what is not made yet is not shown.
        outcome.image = plan.image if plan.image is not None and plan.image.image_id else None
        recipe = facts.recipe if facts else Recipe(self._request.name, "", "", ())
        work = Work(
            region=self._region,
            source_region=self._source_region,
            request=self._request,
            recipe=recipe,
            plan=plan,
            outcome=outcome,
            pace=self._pace,
            deadline=self._started + self._request.wait_timeout,
            warn=self._warn,
            uefi_data=self._uefi_data,
        )
        ComposeApply(work, facts, self._options).run()
        return outcome
