# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Do the plan of one composed image, step by step; what goes wrong stands in its outcome, with every id that exists."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.errors import AwsError
from ..._aws.images import images_using
from ..._aws.snapshots import IN_USE_CODE, delete_snapshot, find_snapshots_described, find_snapshots_made_for
from ..._image.attributes import image_with
from ..._image.compose.facts import ComposeFacts, sort_leftovers
from ..._image.compose.making import deletions
from ..._image.compose.method import INSTANCE, SNAPSHOTS
from ..._image.compose.ours import is_made_for, snapshot_proof
from ..._image.compose.planner import plan_convergence
from ..._image.compose.request import InstanceOptions
from ..._image.compose.steps import CreateImage, RegisterImage, TagSnapshot
from ..._image.descriptions import work_description
from ..._image.errors import SealedError
from ..._image.model import Image, Snapshot
from ..._image.outcome import removed_by
from ..._image.proofs import MayDeleteSnapshot
from ..._image.steps import DeleteSnapshot, DeregisterImage, SetTags, Step
from ..attributes import apply_attribute, read_sharing, snapshot_of
from ..removal import delete_unused, remove_image
from .images import await_image, create_of_instance, find_own_image, register, verify
from .instance import Builder
from .remains import with_builder
from .rollback import Rollback, remove_made_image
from .snapshots import SnapshotMaking
from .teardown import tear_down
from .work import TimedOut, Work


class ComposeApply:
    """Carry out one plan. Never raises for trouble with AWS: the outcome carries the error."""

    def __init__(self, work: Work, facts: ComposeFacts | None, options: InstanceOptions | None = None) -> None:
        self._work = work
        self._facts = facts
        self._options = options
        self._timed_out_image = ""

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
        if not outcome.error:
            return
        outcome.left += [one for one in removed_by(self._work.plan) if one not in (*outcome.removed, *outcome.left)]
        if outcome.image is not None and outcome.image.image_id in outcome.removed:
            outcome.image = None

    def _apply(self) -> None:
        """Take the plan's steps: what goes before, the work with its tear-down, then what needs an available image."""
        plan = self._work.plan
        for step in plan.before:
            self._do(step)
        steps: tuple[Step, ...] = plan.after
        if plan.work and self._work.request.hold:
            self._hold()
        elif plan.work:
            steps = self._settle(self._make_and_tear_down(self._make), plan.after)
        elif plan.awaits and plan.image is not None:
            image_id = plan.image.image_id
            if plan.teardown:
                self._make_and_tear_down(lambda: self._await(image_id))
            steps = self._settle(image_id, None)
        elif plan.teardown:
            tear_down(self._work, plan.teardown)
        for step in steps:
            self._do(step)
        if not self._work.request.present:
            self._require_users_shown()

    def _require_users_shown(self) -> None:
        """Refuse to call the image absent where AWS says that some image uses what runs for it have left, and hides it.

        A filter cannot miss an image that is there for long: it is new, and may be the very one.
        """
        kept = [step.snapshot.resource_id for step in self._work.plan.after if isinstance(step, DeleteSnapshot)]
        kept = [one for one in kept if one in self._work.outcome.left]
        hidden = sorted(set(kept) - images_using(self._work.region, kept)) if kept else []
        if hidden:
            raise SealedError(
                f"AWS refuses to delete {', '.join(hidden)} for an image that uses them, and does not show that image "
                f"yet: it may be {self._work.request.name!r} itself. Run the task again in a few minutes"
            )

    def _hold(self) -> None:
        """Bring the instance to where the user's tasks find it; where that fails, it ends at once."""
        try:
            instance_id = self._builder().hold(self._work.plan.work)
        except BaseException as error:
            self._tear_down_after(error)
            raise
        outcome = self._work.outcome
        outcome.target = dataclasses.replace(outcome.target, instance_id=instance_id)

    def _builder(self) -> Builder:
        if self._options is None:
            raise ValueError("the instance's options are not complete")
        return Builder(self._work, self._known_facts().source, self._options)

    def _make(self) -> str:
        """Do the steps that make the image; another task may have made it meanwhile, and deleted what was made here."""
        try:
            image_id = self._do_work()
        except TimedOut:
            raise
        except (AwsError, SealedError):
            found = self._find_quietly()
            if found is None:
                raise
            self._work.adopt(found)
            image_id = found
        return self._await(image_id) if self._has_instance else image_id

    def _do_work(self) -> str:
        last = self._work.plan.work[-1]
        if isinstance(last, CreateImage) and last.instance_id is not None:
            return create_of_instance(self._work, last.instance_id, no_reboot=last.no_reboot)
        source = self._known_facts().source
        if isinstance(last, RegisterImage):
            return register(self._work, self._choose(SnapshotMaking(self._work, self._work.plan.making).run()), source)
        return self._builder().run(self._work.plan.work)

    @property
    def _has_instance(self) -> bool:
        """Tell whether an instance was launched that has to last until the image is there."""
        return self._work.plan.method == INSTANCE and self._work.request.instance_id is None

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

    def _await(self, image_id: str) -> str:
        """Wait for the image, which fails if its instance ends before it is available."""
        try:
            await_image(self._work, image_id, wait=True)
        except TimedOut:
            self._timed_out_image = image_id
            raise
        return image_id

    def _make_and_tear_down(self, make: t.Callable[[], str]) -> str:
        """Return what ``make`` returns, and end instance and volumes whatever happens."""
        if not self._work.plan.teardown:
            return make()
        try:
            image_id = make()
        except BaseException as error:
            self._tear_down_after(error)
            raise
        tear_down(self._work, self._work.plan.teardown, search=True)
        return image_id

    def _tear_down_after(self, error: BaseException) -> None:
        try:
            tear_down(self._work, self._work.plan.teardown, search=True)
            if self._timed_out_image:
                remove_made_image(self._work, self._timed_out_image)
        except (AwsError, SealedError) as trouble:
            raise SealedError(f"{error}. Tearing down failed too: {trouble}") from error

    def _sweep(self, image: Image) -> None:
        """Delete what interrupted runs, or others at work at the same time, have made and the image does not use."""
        described = self._described()
        spare = [one for one in described if one.snapshot_id not in image.snapshot_ids]
        for step in deletions(self._known_facts(), spare, "made twice"):
            self._do(step)
        if any(device.snapshot_id is None for device in self._work.recipe.ebs_devices):
            tear_down(self._work, (), search=True, snapshots=described)

    def _settle(self, image_id: str, planned: tuple[Step, ...] | None) -> tuple[Step, ...]:
        """Wait for the image, verify it, and return the steps that remain.

        Those of an image that another run has begun depend on how far that run came.
        """
        facts = self._known_facts()
        image, snapshots = await_image(self._work, image_id, wait=self._work.request.wait)
        if image.state == "pending":
            return ()
        verify(self._work, image, facts.source if self._work.request.instance_id is None else None)
        if self._work.plan.work and facts.method.name == SNAPSHOTS:
            self._sweep(image)
        if planned is not None and image_id in self._work.made:
            return planned
        desired = self._work.request.attributes.launch_permissions
        sharing = read_sharing(self._work.region, image, desired)
        now = dataclasses.replace(facts, images=(image,), snapshots=snapshots, sharing=sharing)
        return plan_convergence(self._work.request, now, with_builder(self._work.region, image))

    def _do(self, step: t.Any) -> None:
        region = self._work.region
        if isinstance(step, DeregisterImage):
            stay = remove_image(region, step, find_more=lambda: self._hidden_of(step), gone=self._work.removed)
            self._work.outcome.left += stay
        elif isinstance(step, DeleteSnapshot):
            if self._work.request.present:
                self._delete(step.snapshot)
            else:
                self._work.outcome.left += delete_unused(region, [step.snapshot], gone=self._work.removed)
        else:
            self._do_attribute(self._resolved(step))

    def _delete(self, proof: MayDeleteSnapshot) -> None:
        """Delete a snapshot; one that is in use stays, and may be tried again with what else is superfluous."""
        left = [one for one in self._work.outcome.left if one != proof.resource_id]
        try:
            delete_snapshot(self._work.region, proof)
            self._work.removed(proof.resource_id)
        except AwsError as error:
            if error.code != IN_USE_CODE:
                raise
            left.append(proof.resource_id)
        self._work.outcome.left = left

    def _hidden_of(self, step: DeregisterImage) -> list[MayDeleteSnapshot]:
        """Return the snapshots of an image that failed and does not show them; AWS describes whose they are."""
        image = next((one for one in self._known_images() if one.image_id == step.image_id), None)
        if image is None or image.snapshot_ids:
            return []
        made_for = find_snapshots_made_for(self._work.region, image.image_id)
        proofs = [snapshot_proof(one, image.name, [image]) for one in made_for]
        return [one for one in proofs if one is not None]

    def _known_images(self) -> tuple[Image, ...]:
        return self._facts.images if self._facts else tuple(filter(None, [self._work.plan.image]))

    def _resolved(self, step: t.Any) -> t.Any:
        """Return the step with the id of the snapshot in place of its device, now that there is one."""
        if not isinstance(step, TagSnapshot):
            return step
        return SetTags((snapshot_of(self._work.outcome.known_image, step.device_name),), "snapshot", step.tags)

    def _do_attribute(self, step: t.Any) -> None:
        outcome = self._work.outcome
        image = outcome.known_image
        apply_attribute(self._work.region, image, step, done=self._work.note)
        outcome.image = image_with(image, [step])

    def _known_facts(self) -> ComposeFacts:
        if self._facts is None:
            raise ValueError("a removal makes no image")
        return self._facts
