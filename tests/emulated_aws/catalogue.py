# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed: images and keys for every scenario, with ids and names that documents and playbooks may name."""

from __future__ import annotations

import dataclasses
import typing as t

from moto.moto_api._internal import mock_random

from emulated_aws import catalogue_odd, wire
from emulated_aws.catalogue_images import IMAGES, ImageSpec, image_id
from emulated_aws.catalogue_keys import REGIONS, load_keys
from emulated_aws.ec2 import seed
from emulated_aws.ec2.model import Image
from emulated_aws.identity import ACCOUNTS, HOME_ACCOUNT, Caller, account_access_key, administrator

ENCRYPTED_BY_DEFAULT = "ap-southeast-2"
ENABLED_LOCAL_ZONES = ("us-east-1-bos-1",)  # by their groups, in the first region
RANDOM_SEED = 20261124
INSTANCE = {"name": "running-database", "image": "database-sealed", "why": "three volumes under three keys, running"}
Act = t.Callable[[wire.Request, Caller], wire.Answer]

_loaded: dict[str, t.Any] = {}


def load(which: str, act: Act) -> dict[str, t.Any]:
    """Fill the accounts with ``full``, ``odd`` (the same and oddities) or ``none``, and return what is there."""
    if which not in ("full", "odd", "none"):
        raise ValueError("seed is full, odd or none")
    if which != "none" and not _loaded:
        mock_random.seed(RANDOM_SEED)  # Ids of snapshots and instances are the same each time.
        _loaded.update(_load_all(act))
        mock_random.seed()
    if which == "odd" and "odd" not in _loaded:
        _loaded["odd"] = catalogue_odd.load(act)
    return loaded()


def _load_all(act: Act) -> dict[str, t.Any]:
    keys = load_keys()
    images = {spec.image_id: _load_image(spec) for spec in IMAGES}
    default = seed.Place(HOME_ACCOUNT, ENCRYPTED_BY_DEFAULT).backend()
    default.ebs_encryption_by_default = True
    default.default_key = keys[f"{HOME_ACCOUNT} {ENCRYPTED_BY_DEFAULT}"]["alias/golden"]
    seed.Place(HOME_ACCOUNT, REGIONS[0]).backend().zone_groups.update(ENABLED_LOCAL_ZONES)
    return {
        "accounts": ACCOUNTS,
        "regions": list(REGIONS),
        "encrypted_by_default": {ENCRYPTED_BY_DEFAULT: "alias/golden"},
        "keys": keys,
        "images": images,
        "instances": _load_instance(act),
    }


def _load_instance(act: Act) -> dict[str, t.Any]:
    place = seed.Place(HOME_ACCOUNT, REGIONS[0])
    parameters = {
        "ImageId": image_id(INSTANCE["image"]),
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": INSTANCE["name"]}]}],
    }
    access_key = account_access_key(place.account)
    request = wire.write_request("ec2", "RunInstances", parameters, access_key=access_key, region=place.region)
    answer = act(request, administrator(place.account))
    if answer.status != 200:
        raise ValueError(f"the catalogue's instance does not start: {answer.error_code}")
    instance_id = wire.parse_answer(request, answer)["Instances"][0]["InstanceId"]
    return {instance_id: INSTANCE | dataclasses.asdict(place)}


def _load_image(spec: ImageSpec) -> dict[str, t.Any]:
    place = seed.Place(spec.account, spec.region)
    permissions = [seed.share(Group="all") if who == "all" else seed.share(UserId=who) for who in spec.launch]
    extras = seed.Extras(
        **{
            "image_id": spec.image_id,
            "launch_permissions": tuple(permissions),
            "description": spec.why,
            "tags": dict(spec.tags),
        }
        | dict(spec.extras)
    )
    seed.image(
        place,
        name=spec.name,
        disks=spec.disks,
        boot=spec.boot,
        billing=spec.billing,
        extras=extras,
    )
    image = place.backend().amis[spec.image_id]
    _set_state(place, image, spec.state)
    return {
        "name": spec.name,
        "why": spec.why,
        "account": spec.account,
        "region": spec.region,
        "snapshots": image.snapshot_ids(),
    }


def _set_state(place: seed.Place, image: Image, state: str) -> None:
    if state == "failed":
        image.fail("Client.InternalError", "Copy image failed with an internal error")
    elif state == "pending":
        image.state = state
        for snapshot_id in image.snapshot_ids():
            snapshot = place.backend().snapshots[snapshot_id]
            snapshot.state, snapshot.completed_at = state, None


def loaded() -> dict[str, t.Any]:
    """Return the catalogue as it was loaded."""
    return _loaded


def forget() -> None:
    """Forget what was loaded."""
    _loaded.clear()
