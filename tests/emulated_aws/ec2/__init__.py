# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 and EBS of the emulated AWS."""

from __future__ import annotations

import typing as t


def install() -> None:
    """Put the emulated EC2 in the place of moto's; call it before moto makes its first EC2 backend."""
    from moto.ec2 import models

    from emulated_aws.ec2 import actions, response, zones
    from emulated_aws.ec2.backend import Ec2Region
    from emulated_aws.ec2.instance import EmulatedInstance

    actions.load()
    response.install_actions()
    zones.install()
    models.ec2_backends.backend = Ec2Region
    models.ec2_backends.clear()
    models.instances.Instance = EmulatedInstance  # type: ignore[misc]  # run_instances looks the class up here


def settle() -> None:
    """Let everything happen that is due by now; also to be called before a change of keys or clock settings."""
    from emulated_aws.ec2.agenda import agenda

    agenda.settle()


def all_snapshots() -> list[dict[str, t.Any]]:
    """Return every snapshot of every account, with the images that it backs."""
    from moto.ec2.models import ec2_backends

    from emulated_aws.ec2.backend import Ec2Region

    regions = [t.cast(Ec2Region, one) for account in list(ec2_backends.values()) for one in list(account.values())]
    users: dict[str, list[str]] = {}
    for image in [image for region in regions for image in region.amis.values()]:
        for snapshot_id in image.snapshot_ids():
            users.setdefault(snapshot_id, []).append(image.id)
    return [
        {"id": one.id, "region": one.region, "encrypted": one.encrypted, "images": users.get(one.id, [])}
        for region in regions
        for one in region.snapshots.values()
    ]


def reset() -> None:
    """Forget events and organizations; moto's own reset forgets the resources."""
    from emulated_aws.ec2 import organizations
    from emulated_aws.ec2.agenda import agenda

    agenda.clear()
    organizations.clear()
