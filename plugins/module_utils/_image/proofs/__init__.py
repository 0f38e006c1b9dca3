# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What may be removed or taken away: one rule for each kind of thing, with its reason. No AWS, no Ansible.

Launch tags, Data Lifecycle Manager, AWS Backup, CopyImageTags and people's scripts carry an image's tags to instances,
volumes, backups and further images. A tag proves nothing by itself; each rule rests on something that only AWS writes
(aws_rules §25), or on what the task itself names. Whatever destroys takes one of these values, and only this folder
makes them.
"""

from __future__ import annotations

from .grants import (
    grant_is_ours,
    grant_named,
)
from .images import (
    composed_is_ours,
    copy_is_ours,
    may_deregister_retired,
    may_disable,
    may_disable_superseded,
    started_by_this_run,
)
from .kinds import (
    MayDeleteParameter,
    MayDeleteSnapshot,
    MayDeleteSnapshotsOf,
    MayDeleteVersion,
    MayDeleteVolume,
    MayDeregister,
    MayDisable,
    MayPurgeTags,
    MayRevokeGrant,
    MayTakePermissions,
    MayTerminate,
    Proof,
    returned_by_creating_call,
)
from .machines import (
    MadeFor,
    instance_is_ours,
    unused_volume,
    volume_of_instance,
)
from .parts import (
    may_purge,
    may_purge_given,
    may_purge_record,
    may_take_named,
    may_take_permissions,
)
from .published import (
    parameter_of_image,
    version_of_this_task,
)
from .snapshots import (
    all_snapshots_are_ours,
    all_snapshots_of_copy,
    snapshot_by_description,
    snapshot_of_builder,
    snapshot_of_copy,
    snapshot_of_created,
    snapshot_of_retired,
    snapshots_of_copy,
    tags_are_true,
)

__all__ = [
    "MadeFor",
    "MayDeleteParameter",
    "MayDeleteSnapshot",
    "MayDeleteSnapshotsOf",
    "MayDeleteVersion",
    "MayDeleteVolume",
    "MayDeregister",
    "MayDisable",
    "MayPurgeTags",
    "MayRevokeGrant",
    "MayTakePermissions",
    "MayTerminate",
    "Proof",
    "all_snapshots_are_ours",
    "all_snapshots_of_copy",
    "composed_is_ours",
    "copy_is_ours",
    "grant_is_ours",
    "grant_named",
    "instance_is_ours",
    "may_deregister_retired",
    "may_disable",
    "may_disable_superseded",
    "may_purge",
    "may_purge_given",
    "may_purge_record",
    "may_take_named",
    "may_take_permissions",
    "parameter_of_image",
    "returned_by_creating_call",
    "snapshot_by_description",
    "snapshot_of_builder",
    "snapshot_of_copy",
    "snapshot_of_created",
    "snapshot_of_retired",
    "snapshots_of_copy",
    "started_by_this_run",
    "tags_are_true",
    "unused_volume",
    "version_of_this_task",
    "volume_of_instance",
]
