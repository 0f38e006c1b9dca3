# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say which keys the copies that are to be made need."""

from __future__ import annotations

import typing as t

from ..._image.key_access import Need, need_for
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
    read = source.kms_key_arns - managed
    return need_for(
        (source.region, read),
        (job.outcome.target.region, job.requirement.key),
        keys,
        has_plain=any(device.kms_key_arn not in read for device in source.snapshot_devices),
    )
