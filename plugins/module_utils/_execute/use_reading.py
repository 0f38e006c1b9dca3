# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What every check of use works on: the images, what was found so far, and what launches in the region, read once."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.image_use import OwnImage
from .._aws.launch_sources import (
    PARAMETER_NAMES,
    Entry,
    current_versions,
    image_parameters,
    parameter_values,
)
from .._image.few import few
from .._image.launch_sources import TemplateVersion
from .._image.model import Image
from .._image.permissions import LaunchPermissions
from .._image.use import Evidence, UseRequest
from .parallel import for_each

K = t.TypeVar("K")
T = t.TypeVar("T")

# EC2 refills twenty describing calls a second, and half of an account's callers are not us.
AT_ONCE: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Answer(t.Generic[T]):
    """What was read, and why the rest was not."""

    value: T
    trouble: tuple[str, ...] = ()


def tried(read: t.Callable[[], list[T]]) -> Answer[list[T]]:
    """Return the list; where it cannot be read, an empty one and the reason."""
    try:
        return Answer(read())
    except AwsError as error:
        return Answer([], (str(error),))


def refusals(ask: t.Callable[[], None]) -> tuple[str, ...]:
    """Return why something may not be asked; nothing where it may."""
    try:
        ask()
    except AwsError as error:
        return (str(error),)
    return ()


class Sources:
    """Templates and parameters of one region, which several checks need; each is read once, when first needed."""

    def __init__(self, region: Region) -> None:
        self._region = region

    @functools.cached_property
    def templates(self) -> Answer[list[TemplateVersion]]:
        """Return the default and the newest version of every launch template."""
        return tried(lambda: current_versions(self._region))

    @functools.cached_property
    def parameters(self) -> Answer[list[Entry]]:
        """Return the parameters that are for images, each with its value."""
        listed = tried(lambda: image_parameters(self._region))
        values = self.values_of([str(one.get("Name")) for one in listed.value])
        found = [{**one, "Value": values.value.get(str(one.get("Name")), "")} for one in listed.value]
        return Answer(found, listed.trouble + values.trouble)

    def values_of(self, names: t.Iterable[str]) -> Answer[dict[str, str]]:
        """Return what parameters hold, by name with version or label; those that do not exist are absent."""
        ordered = sorted(set(names))
        parts = [tuple(ordered[at : at + PARAMETER_NAMES]) for at in range(0, len(ordered), PARAMETER_NAMES)]
        answers = for_each(parts, lambda part: parameter_values(self._region, part), workers=AT_ONCE)
        found: dict[str, str] = {}
        trouble = []
        for answer in answers.values():
            if isinstance(answer, AwsError):
                trouble.append(str(answer))
            else:
                found.update(answer)
        return Answer(found, tuple(dict.fromkeys(trouble)))


class Reading:
    """One look at one region."""

    def __init__(
        self,
        region: Region,
        images: t.Iterable[Image],
        request: UseRequest,
        now: float,
        own: t.Mapping[str, OwnImage],
        permissions: t.Mapping[str, LaunchPermissions],
    ) -> None:
        self.region, self.request, self.now, self.own = region, request, now, own
        self.permissions = permissions
        self.images = {image.image_id: image for image in images}
        self.evidence = Evidence()
        self.sources = Sources(region)
        self.reported: dict[str, float] = {}

    @property
    def unproven(self) -> list[str]:
        """Return the images of which no use is known so far."""
        return [image_id for image_id in self.images if not self.evidence.shows_use(image_id)]

    def all_but_errors(self, source: str, answers: t.Mapping[K, T | AwsError]) -> dict[K, T]:
        """Return the answers that came, and note a few of those that did not, in one sentence with how many more."""
        missed = dict.fromkeys(str(answer) for answer in answers.values() if isinstance(answer, AwsError))
        self.miss(source, [few(missed, count=len(missed), join="; ")] if missed else [])
        return {key: answer for key, answer in answers.items() if not isinstance(answer, AwsError)}

    def miss(self, source: str, trouble: t.Iterable[str], image_ids: t.Iterable[str] | None = None) -> None:
        """Note what a check could not read."""
        concerned = None if image_ids is None else list(image_ids)
        for sentence in trouble:
            self.evidence.miss(f"{source}: {sentence}", concerned)
