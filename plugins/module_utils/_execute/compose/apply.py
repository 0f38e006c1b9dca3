# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Apply the plan of one composed image; what goes wrong stands in its outcome, with every id that still exists."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.errors import AwsError
from ..._aws.snapshots import delete_snapshot, find_snapshots_by_tag, find_snapshots_described
from ..._image.compose.method import INSTANCE, SNAPSHOTS
from ..._image.compose.planner import ComposeFacts, is_made_for, plan_convergence, sort_leftovers
from ..._image.compose.recipe import work_description
from ..._image.compose.request import InstanceOptions
from ..._image.errors import SealedError
from ..._image.model import COPY_TAG, Image, Snapshot
from ..._image.proofs import MayDeleteSnapshot, MayDeleteSnapshotsOf, MayDeregister, by_our_tags, tags_are_true
from ..._image.steps import DeleteSnapshot, DeregisterImage, Step
from ..attributes import apply_attribute, read_sharing
from ..removal import remove_image
from .images import await_image, create_of_instance, find_own_image, register, verify
from .instance import Builder
from .rollback import Rollback
from .snapshots import SnapshotMaking
from .teardown import tear_down
from .work import TimedOut, Work


class ComposeApply:
    """Carry out one plan. Never raises for trouble with AWS: the outcome carries the error."""

    def __init__(self, work: Work, facts: ComposeFacts | None, options: InstanceOptions | None = None) -> None:
        self._work = work
        self._facts = facts
        self._options = options
        self._doomed = ""

    def run(self) -> None:
        """Bring the plan to its end, or to the first failure."""
        outcome = self._work.outcome
        try:
            self._apply()
        except TimedOut as error:
            outcome.error, outcome.timed_out = str(error), True
        except (AwsError, SealedError) as error:
            outcome.error = str(error)
            if self._work.request.rollback:
                Rollback(self._work).run()

    def _apply(self) -> None:
        plan = self._work.plan
        for step in plan.before:
            self._apply_step(step)
        if plan.work:
            self._make(self._known_facts())
        elif plan.awaits and plan.image is not None:
            image_id = plan.image.image_id
            if plan.remains:
                self._work.note(*plan.remains[0].ids)
                self._end_instance(lambda: self._await(image_id))
            self._settle(image_id)
        else:
            for step in plan.after:
                self._apply_step(step)
            if plan.remains:
                self._work.note(*plan.remains[0].ids)
                tear_down(self._work)
                self._work.outcome.removed += plan.remains[0].ids

    def _make(self, facts: ComposeFacts) -> None:
        request = self._work.request
        if request.instance_id is not None:
            image_id = create_of_instance(self._work, request.instance_id, no_reboot=request.no_reboot)
            self._settle(image_id)
        elif facts.method.name == INSTANCE:
            self._settle(self._compose_of_instance(facts))
        else:
            self._settle(self._compose_of_snapshots(facts))

    def _compose_of_snapshots(self, facts: ComposeFacts) -> str:
        def make() -> str:
            return register(self._work, self._choose(SnapshotMaking(self._work).run()), facts.source)

        return self._make_or_find(make)

    def _make_or_find(self, make: t.Callable[[], str]) -> str:
        """Return the id of the image; another task may have made it meanwhile, and swept up what this one has made."""
        try:
            return make()
        except TimedOut:
            raise
        except (AwsError, SealedError):
            found = self._find_quietly()
            if found is None:
                raise
            return found

    def _find_quietly(self) -> str | None:
        try:
            return find_own_image(self._work)
        except AwsError:
            return None

    def _choose(self, made: dict[str, str]) -> dict[str, str]:
        """Return the snapshot of each device that every run picks, where there are several."""
        complete = [one for one in self._described() if one.state == "completed"]
        good, _useless = sort_leftovers(self._work.recipe, complete)
        return {name: good[name].snapshot_id if name in good else one for name, one in made.items()}

    def _described(self) -> list[Snapshot]:
        recipe = self._work.recipe
        found = find_snapshots_described(self._work.region, f"{work_description(recipe.name)} {recipe.digest} *")
        return [snapshot for snapshot in found if is_made_for(snapshot, recipe)]

    def _compose_of_instance(self, facts: ComposeFacts) -> str:
        if self._options is None:
            raise ValueError("the instance's options are not complete")
        builder = Builder(self._work, facts.source, self._options)
        return self._end_instance(lambda: self._await(self._make_or_find(builder.create_image)))

    def _await(self, image_id: str) -> str:
        """Wait for the image, which fails if its instance ends before it is available."""
        try:
            await_image(self._work, image_id, wait=True)
        except TimedOut:
            self._doomed = image_id
            raise
        return image_id

    def _end_instance(self, make: t.Callable[[], str]) -> str:
        """Return what ``make`` returns, and end instance and volumes whatever happens."""
        try:
            image_id = make()
        except BaseException as error:
            self._end_after(error)
            raise
        tear_down(self._work)
        return image_id

    def _end_after(self, error: BaseException) -> None:
        try:
            tear_down(self._work)
            if self._doomed:
                made = [one for one in self._work.outcome.created if one.startswith("snap-")]
                step = DeregisterImage(
                    by_our_tags(MayDeregister, self._doomed),
                    tuple(by_our_tags(MayDeleteSnapshot, one) for one in made),
                    "its instance ended",
                    by_our_tags(MayDeleteSnapshotsOf, self._doomed),
                )
                remove_image(self._work.region, step, find_more=self._tagged, gone=self._gone)
                self._work.outcome.image = None
        except (AwsError, SealedError) as trouble:
            raise SealedError(f"{error}. Tearing down failed too: {trouble}") from error

    def _tagged(self) -> list[MayDeleteSnapshot]:
        found = find_snapshots_by_tag(self._work.region, COPY_TAG, [self._work.recipe.work])
        return [by_our_tags(MayDeleteSnapshot, one.snapshot_id) for one in found if tags_are_true(one)]

    def _gone(self, one: str) -> None:
        self._work.forget(one)
        self._work.outcome.removed.append(one)
        self._changed()

    def _changed(self) -> None:
        self._work.outcome.changed = True

    def _sweep(self, image: Image) -> None:
        """Delete what interrupted runs, or others at work at the same time, have made and the image does not use."""
        for snapshot in self._described():
            if snapshot.snapshot_id not in image.snapshot_ids:
                self._apply_step(DeleteSnapshot(by_our_tags(MayDeleteSnapshot, snapshot.snapshot_id), "made twice"))
        if any(device.snapshot_id is None for device in self._work.recipe.ebs_devices):
            tear_down(self._work, volumes_only=True)

    def _settle(self, image_id: str) -> None:
        """Wait for the image, verify it, and bring it to the attributes asked for."""
        facts = self._known_facts()
        image, snapshots = await_image(self._work, image_id, wait=self._work.request.wait)
        if image.state == "pending":
            return
        verify(self._work, image, facts.source if self._work.request.instance_id is None else None)
        if self._work.plan.work and facts.method.name == SNAPSHOTS:
            self._sweep(image)
        self._converge(facts, image, snapshots)

    def _converge(self, facts: ComposeFacts, image: Image, snapshots: dict[str, Snapshot]) -> None:
        desired = self._work.request.attributes.launch_permissions
        sharing = read_sharing(self._work.region, image, desired)
        now = dataclasses.replace(facts, images=(image,), snapshots=snapshots, sharing=sharing)
        for step in plan_convergence(self._work.request, now, image):
            self._apply_step(step)

    def _apply_step(self, step: Step) -> None:
        outcome, region = self._work.outcome, self._work.region
        if isinstance(step, DeregisterImage):
            remove_image(region, step, gone=self._gone)
        elif isinstance(step, DeleteSnapshot):
            if delete_snapshot(region, step.snapshot):
                self._gone(step.snapshot_id)
        else:
            apply_attribute(region, t.cast(Image, outcome.image), t.cast(t.Any, step), done=self._changed)
        outcome.changed = True

    def _known_facts(self) -> ComposeFacts:
        if self._facts is None:
            raise ValueError("a removal makes no image")
        return self._facts
