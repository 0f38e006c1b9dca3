# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that carry the tags of a client's own things and are not its own, in every way in which tags travel.

Data Lifecycle Manager (CopyTags), AWS Backup, CopyImageTags, launches with an image's tags and people's scripts put
tags on instances, volumes, backups and further copies (aws_rules §25, 12). Once armed, the emulator makes such things
in the moment in which a client gives something a tag that begins with one of the prefixes. Who armed them is not shown
them: the calls of clients whose user agent names ``hidden_from`` and nothing of ``shown_to`` find the account without.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import typing as t

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Reservation
from moto.ec2.utils import (
    random_ami_id,
    random_instance_id,
    random_reservation_id,
    random_snapshot_id,
    random_volume_id,
)

from emulated_aws.ec2 import timing
from emulated_aws.ec2.agenda import lock
from emulated_aws.ec2.backend import Ec2Region
from emulated_aws.ec2.devices import Device, Ebs
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.model import Image, Lag, Lineage, Snapshot
from emulated_aws.ec2.volume import Attachment, Volume

DAY = 86400.0
SIZE = 8
COPIED_VOLUME = "vol-ffffffff"
OTHER_KEY = "arn:aws:kms:{}:123456789012:key/0e0e0e0e-0000-4000-8000-000000000000"
_numbers = itertools.count(1)
Tags = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Pattern:
    """What is imitated: the region it stands in, its tags, and what is known of where it came from."""

    region: Ec2Region
    tags: Tags
    key_arn: str | None
    source_image: str | None
    source_region: str | None
    image_id: str | None
    snapshot_id: str | None
    size: int
    is_launched: bool = True

    @property
    def since(self) -> float:
        """Return since when impostors are there: a second after what they took their tags from, or for a day."""
        return timing.now() + 1 if self.image_id or self.snapshot_id else timing.now() - DAY


@dataclasses.dataclass
class Impostor:
    """One thing, the way in which it came by its tags, and how it looked at first."""

    id: str
    way: str
    region: Ec2Region
    looked: str = ""

    def looks(self) -> str:
        """Return everything of it that a call could change; nothing where it is gone."""
        return f"{_inside(self.region, self.id)} {sorted(self.region.tags.get(self.id, {}).items())}"


def _inside(region: Ec2Region, resource: str) -> str:
    if not resource.startswith("i-"):
        kinds: list[dict[str, t.Any]] = [region.amis, region.snapshots, region.volumes]
        return next((repr(kind[resource]) for kind in kinds if resource in kind), "gone")
    found = [one for one in region.all_instances() if one.id == resource]
    parts = sorted((device, volume.id) for device, volume in region.attached(resource))
    return repr([(one.state, one.image_id, one.disable_api_termination, parts) for one in found])


class Impostors:
    """All of one emulator; without prefixes there are none."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget them, and make no more."""
        self._all: dict[str, Impostor] = {}
        self._imitated: set[tuple[str, str, frozenset[tuple[str, str]]]] = set()
        self._prefixes: tuple[str, ...] = ()
        self._hidden_from = self._shown_to = ""
        self._family: Tags = {}
        self._is_launched = True

    def arm(
        self,
        *,
        prefixes: t.Sequence[str],
        hidden_from: str,
        shown_to: str,
        family: t.Mapping[str, str] | None = None,
        launched: bool = True,
    ) -> None:
        """Imitate from now on what gets a tag with one of the prefixes.

        With ``family`` the account is crowded: more ways in which tags travel, and what a client looks for is there
        before it has made anything. These are all the tags then; ``{source}`` and ``{region}`` stand for its origin.
        Unless ``launched``, instances are of other images, so that what is imitated is not in use.
        """
        self._is_launched = launched
        self._prefixes, self._hidden_from, self._shown_to = tuple(prefixes), hidden_from, shown_to
        self._family = dict(family or {})

    def ids(self) -> set[str]:
        """Return the ids of all of them, also of those that are gone."""
        return set(self._all)

    def changed(self) -> list[dict[str, str]]:
        """Return those that do not look as they did."""
        return [
            {"id": one.id, "way": one.way, "region": one.region.region_name, "was": one.looked, "is": one.looks()}
            for one in self._all.values()
            if one.looks() != one.looked
        ]

    def stands_apart(self, user_agent: str) -> bool:
        """Tell whether the client is one of those who armed them."""
        return bool(self._hidden_from) and self._hidden_from in user_agent and self._shown_to not in user_agent

    @contextlib.contextmanager
    def out_of_sight(self) -> t.Iterator[None]:
        """Let one call find the account without them."""
        with lock:
            taken = [_take(one) for one in self._all.values()]
            try:
                yield
            finally:
                for put_back in reversed(taken):
                    put_back()

    def expect(self, region: Ec2Region, parameters: t.Mapping[str, t.Any]) -> None:
        """Let what a client looks for, by an own tag or by its origin, be there, and be somebody else's."""
        if not self._family:
            return
        with lock:
            for source, source_region, tags in self._looked_for(region, parameters):
                where = (region.account_id, region.region_name, frozenset(tags.items()))
                if where not in self._imitated:
                    self._imitated.add(where)
                    self._make(Pattern(region, tags, None, source, source_region, None, None, SIZE, self._is_launched))

    def _looked_for(
        self, region: Ec2Region, parameters: t.Mapping[str, t.Any]
    ) -> t.Iterator[tuple[str | None, str, Tags]]:
        filters = {str(one.get("Name")): one.get("Values") or [] for one in parameters.get("Filters") or ()}
        place = str((filters.get("source-image-region") or [region.region_name])[0])
        for source in filters.get("source-image-id", []):
            named = {key: value.format(source=source, region=place) for key, value in self._family.items()}
            yield source, place, named
        for name, values in filters.items():
            key = name.partition("tag:")[2]
            for value in values if key.startswith(self._prefixes) else ():
                yield None, place, {**self._family, key: value.replace("*", "0")}

    def imitate(self, region: Ec2Region, resources: t.Iterable[str], parameters: t.Mapping[str, t.Any]) -> None:
        """Make one set of impostors for each set of own tags that these resources carry."""
        if not self._prefixes:
            return
        for resource in resources:
            tags = {key: value for key, value in region.tags.get(resource, {}).items() if not key.startswith("aws:")}
            own = frozenset(pair for pair in tags.items() if pair[0].startswith(self._prefixes))
            where = (region.account_id, region.region_name, own)
            if own and resource not in self._all and where not in self._imitated:
                self._imitated.add(where)
                pattern = _pattern(region, resource, tags, parameters)
                self._make(dataclasses.replace(pattern, is_launched=self._is_launched))

    def _make(self, pattern: Pattern) -> None:
        ways = (*_production(pattern), *_backups(pattern), *_copies(pattern))
        by_people: Made = _by_people(pattern) if self._family else iter(())
        made = [Impostor(resource, way, pattern.region) for resource, way in (*ways, *by_people)]
        for impostor in made:
            pattern.region.tags[impostor.id].update(pattern.tags)
            impostor.looked = impostor.looks()
            self._all[impostor.id] = impostor


def _pattern(region: Ec2Region, resource: str, tags: Tags, parameters: t.Mapping[str, t.Any]) -> Pattern:
    image = region.amis.get(resource)
    snapshot_ids = image.snapshot_ids() if image else [resource] if resource in region.snapshots else []
    volume = region.volumes.get(resource)
    snapshot = next((region.snapshots[one] for one in snapshot_ids if one in region.snapshots), None)
    lineage = image.lineage if image else Lineage(parameters.get("ImageId"), region.region_name)
    return Pattern(
        region=region,
        tags=tags,
        key_arn=snapshot.kms_key_arn if snapshot else volume.kms_key_arn if volume else None,
        source_image=lineage.image_id,
        source_region=lineage.region,
        image_id=image.id if image else None,
        snapshot_id=snapshot.id if snapshot else volume.snapshot_id if volume else None,
        size=snapshot.size if snapshot else volume.size if volume else SIZE,
    )


Made = t.Iterator[tuple[str, str]]


def _production(pattern: Pattern) -> Made:
    """Launch an instance with the tags, on volumes that have them too, one of them restored from a snapshot."""
    region = pattern.region
    image_id = (pattern.source_image or pattern.image_id if pattern.is_launched else None) or random_ami_id()
    instance = EmulatedInstance(
        region, image_id, None, [], instance_type="t3.micro", region_name=region.region_name, client_token="production"
    )
    instance.id, instance.lag = random_instance_id(), Lag()
    instance.enter("running")
    reservation = Reservation(random_reservation_id(), region.account_id)
    reservation.instances.append(instance)
    region.reservations[reservation.id] = reservation
    yield instance.id, "launch tags"
    for device, snapshot_id in ((instance.root_device_name, None), ("/dev/sdf", pattern.snapshot_id)):
        attached = _volume(pattern, snapshot_id)
        attached.attachment = Attachment(attached.id, instance.id, device or "/dev/xvda")
        yield attached.id, "launch tags of a volume"
    yield _volume(pattern, pattern.snapshot_id).id, "a restored volume"
    yield _volume(pattern, None, pattern.size).id, "an empty volume for a migration"
    yield _snapshot(pattern, attached.id, f"Created by CreateSnapshot of {attached.id}"), "a backup by a script"
    yield from _image_of_instance(pattern, instance.id, attached.id)


def _image_of_instance(pattern: Pattern, instance_id: str, volume_id: str) -> Made:
    image_id = random_ami_id()
    description = f"Created by CreateImage({instance_id}) for {image_id}"
    snapshot_id = _snapshot(pattern, volume_id, description)
    lineage = Lineage(pattern.source_image, pattern.source_region, instance_id)
    _image(pattern, image_id, f"AwsBackup_{instance_id}_{next(_numbers)}", snapshot_id, lineage)
    yield snapshot_id, "AWS Backup, a snapshot of an image"
    yield image_id, "AWS Backup, an image of an instance"


def _backups(pattern: Pattern) -> Made:
    """Back up production volumes that are gone since."""
    policy = "Created for policy: policy-0abcd12345ef67890 schedule: daily"
    yield _snapshot(pattern, random_volume_id(), policy), "Data Lifecycle Manager with CopyTags"
    backup = "This snapshot is created by the AWS Backup service."
    yield _snapshot(pattern, random_volume_id(), backup), "AWS Backup of a volume"
    nightly = f"Created by CreateImage({random_instance_id()}) for {random_ami_id()}"
    yield _snapshot(pattern, random_volume_id(), nightly), "a nightly image that was deregistered"


def _copies(pattern: Pattern) -> Made:
    """Copy the imitated image further, tags and all."""
    image_id, source = random_ami_id(), pattern.image_id or random_ami_id()
    snapshot_id = _snapshot(
        pattern,
        COPIED_VOLUME,
        f"Copied for DestinationAmi {image_id} from SourceAmi {source} for SourceSnapshot "
        f"{pattern.snapshot_id or random_snapshot_id()}. Task created on 1,766,000,000,000.",
    )
    lineage = Lineage(source, pattern.region.region_name)
    _image(pattern, image_id, f"further copy {next(_numbers)}", snapshot_id, lineage)
    yield snapshot_id, "CopyImageTags, a snapshot"
    yield image_id, "CopyImageTags"


def _by_people(pattern: Pattern) -> Made:
    """Copy source and result by hand or by a script, tags and all."""
    source = pattern.source_image or random_ami_id()
    text = f"[Copied {random_snapshot_id()} from {pattern.source_region or pattern.region.region_name}]"
    yield _snapshot(pattern, COPIED_VOLUME, text), "CopySnapshot of the source's snapshot"
    shown = pattern.region.snapshots.get(pattern.snapshot_id or "")
    if shown is not None and pattern.image_id:
        yield _snapshot(pattern, COPIED_VOLUME, shown.description), "CopySnapshot by a script that keeps descriptions"
    image_id = random_ami_id()
    other = dataclasses.replace(pattern, key_arn=OTHER_KEY.format(pattern.region.region_name))
    text = f"Copied for DestinationAmi {image_id} from SourceAmi {source} for SourceSnapshot {random_snapshot_id()}."
    snapshot_id = _snapshot(other, COPIED_VOLUME, text)
    _image(other, image_id, f"copy by hand {next(_numbers)}", snapshot_id, Lineage(source, pattern.source_region))
    yield snapshot_id, "CopyImage by hand under another key, a snapshot"
    yield image_id, "CopyImage by hand under another key"


def _volume(pattern: Pattern, snapshot_id: str | None, size: int = SIZE) -> Volume:
    made = Volume(
        id=random_volume_id(),
        zone=f"{pattern.region.region_name}a",
        size=size,
        volume_type="gp3",
        snapshot_id=snapshot_id,
        encrypted=pattern.key_arn is not None,
        kms_key_arn=pattern.key_arn,
        state="available",
        created_at=pattern.since,
    )
    pattern.region.volumes[made.id] = made
    return made


def _snapshot(pattern: Pattern, volume_id: str, description: str) -> str:
    made = Snapshot(
        id=random_snapshot_id(),
        owner=pattern.region.account_id,
        region=pattern.region.region_name,
        size=SIZE,
        volume_id=volume_id,
        description=description,
        encrypted=pattern.key_arn is not None,
        kms_key_arn=pattern.key_arn,
        created_at=pattern.since,
        completed_at=pattern.since,
    )
    pattern.region.snapshots[made.id] = made
    return made.id


def _image(pattern: Pattern, image_id: str, name: str, snapshot_id: str, lineage: Lineage) -> None:
    ebs = Ebs(snapshot_id=snapshot_id, size=SIZE, encrypted=pattern.key_arn is not None)
    pattern.region.amis[image_id] = Image(
        id=image_id,
        owner=pattern.region.account_id,
        region=pattern.region.region_name,
        name=name,
        devices=[Device("/dev/xvda", ebs)],
        root_device_name="/dev/xvda",
        lineage=lineage,
        created_at=pattern.since,
    )


def _take(impostor: Impostor) -> t.Callable[[], None]:
    """Take one out of its account and return what puts it back."""
    region, resource = impostor.region, impostor.id
    kinds: list[dict[str, t.Any]] = [region.amis, region.snapshots, region.volumes, region.tags]
    taken = [(kind, kind.pop(resource)) for kind in kinds if resource in kind]
    reservations = [
        (one.id, one) for one in region.reservations.values() if any(each.id == resource for each in one.instances)
    ]
    for number, _reservation in reservations:
        del region.reservations[number]

    def put_back() -> None:
        for kind, thing in taken:
            kind[resource] = thing
        region.reservations.update(reservations)

    return put_back


def region_of(account: str, name: str) -> Ec2Region | None:
    """Return what the account has in the region, if there is such a region."""
    backends = ec2_backends[account]
    return t.cast(Ec2Region, backends[name]) if name in backends.regions else None
