# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say which keys the copies that are to be made need."""

from __future__ import annotations

import typing as t

from ..._image.key_access import Need
from ..._image.keys import RequiredKey
from ..._image.model import Image, KmsKey
from .job import Job


def key_needs(jobs: t.Iterable[Job], sources: t.Mapping[str, Image], keys: t.Mapping[str, KmsKey | None]) -> list[Need]:
    """Return the keys of each copy that will be started; ``keys`` are those of the sources that could be described."""
    return [
        _need(job, sources[job.lineage.source_image_id], keys)
        for job in jobs
        if job.plan.create is not None and not job.outcome.error
    ]


def _need(job: Job, source: Image, keys: t.Mapping[str, KmsKey | None]) -> Need:
    managed = {arn for arn, key in keys.items() if key is not None and key.manager == "AWS"}
    read, written = source.kms_key_arns - managed, _tried(job.requirement.key)
    undescribed = {arn for arn in read if arn not in keys}
    if written and job.requirement.key and job.requirement.key.metadata is None:
        undescribed.add(written)
    return Need(
        source_region=source.region,
        source_keys=read,
        region=job.outcome.target.region,
        key=written,
        has_plain=any(device.kms_key_arn not in read for device in source.snapshot_devices),
        undescribed=frozenset(undescribed),
    )


def _tried(key: RequiredKey | None) -> str | None:
    """Return the key of the copy as KMS takes it; None for one of AWS's own, which nobody may use directly."""
    if key is None or (key.metadata is not None and key.metadata.manager == "AWS"):
        return None
    return key.arn or key.reference
