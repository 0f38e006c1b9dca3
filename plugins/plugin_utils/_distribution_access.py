# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which permissions a distribution takes, so that what is missing is known before anything is given or copied.

What is taken back at the end is among it. Nothing in this file talks to AWS or to Ansible.
"""

from __future__ import annotations

import typing as t

from ._consumers import Consumer

Options = t.Mapping[str, t.Any]
Acts = list[dict[str, t.Any]]


class Given(t.Protocol):
    """An image that is about to be given to somebody."""

    @property
    def consumer(self) -> Consumer:
        """Return to whom."""

    @property
    def image(self) -> Options:
        """Return the image."""

    @property
    def pattern(self) -> str:
        """Return in which way."""


def keys_of(image: Options) -> list[str]:
    """Return the keys of an image that can be granted."""
    customer = (one for one in image["snapshots"] if one.get("kms_key_manager") != "AWS")
    return sorted({str(one["kms_key_arn"]) for one in customer if one.get("kms_key_arn")})


def acts_of_owner(region: str, transfer_key: str, given: t.Sequence[Given]) -> Acts:
    """Return what the owner is about to do; none where nothing is to be given."""
    between = [one for one in given if one.pattern == "intermediate"]
    direct = [one for one in given if one.pattern == "copy"]
    launched = [one for one in given if one.pattern == "share"]
    acts: Acts = []
    if between:
        keys = _each(key for one in between for key in keys_of(one.image))
        acts.append({"act": "copy", "image_ids": _ids(between), "kms_key_id": transfer_key, "kms_key_ids": keys})
        acts += [{"act": "remove"}, {"act": "note", "image_ids": _ids(between)}]
        acts += [{"act": "share", "user_ids": _accounts(between)}, _grant([transfer_key], between)]
    if direct:
        snapshots = [one.get("snapshot_id") for given in direct for one in given.image["snapshots"]]
        ids = _each(one for one in snapshots if one)
        acts.append({"act": "share", "image_ids": _ids(direct), "snapshot_ids": ids, "user_ids": _accounts(direct)})
        for key in _each(key for one in direct for key in keys_of(one.image)):
            acts.append(_grant([key], [one for one in direct if key in keys_of(one.image)]))
    if launched:
        acts.append({"act": "launch", "image_ids": _ids(launched), "user_ids": _accounts(launched)})
    return [{"region": region, **act} for act in acts]


def acts_of_consumer(consumer: Consumer, given: t.Sequence[Given]) -> Acts:
    """Return what a consumer is about to do in each region; its keys are its own, those of the source come later."""
    copied = [one for one in given if one.pattern != "share"]
    if not copied:
        return []
    sources = _each(key for one in copied if one.pattern != "intermediate" for key in keys_of(one.image))
    places = [one for one in consumer.destinations if one.get("kms_key_id")]
    copying: Acts = [
        {
            "act": "copy",
            "region": one["region"],
            "source_region": consumer.source_region,
            # One stands for all: who copies names the images of others in no policy.
            "image_ids": _ids(copied)[:1],
            "kms_key_id": one["kms_key_id"],
            "kms_key_ids": sources,
        }
        for one in places
    ]
    # A copy that has failed holds its name until it is removed.
    return [*copying, *({"act": "remove", "region": one["region"]} for one in places)]


def _grant(keys: t.Sequence[str], given: t.Iterable[Given]) -> dict[str, t.Any]:
    return {
        "act": "grant",
        "kms_key_ids": list(keys),
        "grantee_principals": _each(one.consumer.principal for one in given),
    }


def _ids(given: t.Iterable[Given]) -> list[str]:
    return _each(one.image["image_id"] for one in given)


def _accounts(given: t.Iterable[Given]) -> list[str]:
    return _each(one.consumer.account_id for one in given)


def _each(values: t.Iterable[str]) -> list[str]:
    return sorted(set(values))
