# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Platform, billing and product codes: what keeps them and what loses them (§1.4, §3.1, §3.2)."""

from __future__ import annotations

import pytest

from .builders import (
    a_published_image,
    a_registered_image,
    a_snapshot,
    an_instance,
    copied,
    copied_snapshot,
    image_of,
    root_of,
    snapshot_ids,
)
from .place import Place, a_name, image, nothing_created, refused, settled
from .rules import rule


@pytest.mark.parametrize(
    ("billed_as", "operation"),
    [
        ("Windows", "RunInstances:0002"),
        ("Red Hat Enterprise Linux", "RunInstances:0010"),
        ("marketplace", "RunInstances"),
    ],
)
@rule("1.4 billing", "UG-how", "UG23-billing-info-fields")
def test_copies_keep_their_billing(home: Place, away: Place, billed_as: str, operation: str) -> None:
    """CopyImage keeps the platform and the product codes, and with them the billing."""
    source = a_published_image(home, billed_as=billed_as)
    copy_ = copied(away, source["ImageId"], home, Encrypted=True)
    fields = ("Platform", "PlatformDetails", "UsageOperation", "ProductCodes")
    assert [copy_.get(field) for field in fields] == [source.get(field) for field in fields]
    assert copy_["UsageOperation"] == operation


@rule("3.1 billing", "M")
def test_images_of_instances_keep_their_billing(home: Place) -> None:
    """CreateImage keeps platform and billing, which RegisterImage may lose."""
    source = a_published_image(home, billed_as="Windows")
    instance_id = an_instance(home, source["ImageId"], state="stopped", InstanceType="m5.large")["InstanceId"]
    image_id = home.ec2.create_image(InstanceId=instance_id, Name=a_name(), NoReboot=True)["ImageId"]
    found = settled(home, image, image_id)
    fields = ("Platform", "PlatformDetails", "UsageOperation")
    assert [found[field] for field in fields] == [source[field] for field in fields]


@rule("3.2 BillingProducts", "M")
def test_billing_products_need_authorisation(home: Place) -> None:
    """BillingProducts are for authorised accounts only."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused(status=None):
        a_registered_image(home, root_of(snapshot_id), BillingProducts=["bp-6ba54002"])


@pytest.mark.emulator_only
@pytest.mark.parametrize("kept", [True, False])
@rule("3.2 billing", "M", "P#4922")
def test_billing_under_both_readings(home: Place, kept: bool) -> None:
    """An image registered from copied snapshots may have lost its billing: PlatformDetails and UsageOperation tell."""
    home.target.configure(register_image_keeps_billing=kept)
    source = copied(home, a_published_image(home, billed_as="Windows")["ImageId"])
    copy_id = copied_snapshot(home, snapshot_ids(source)[source["RootDeviceName"]])["SnapshotId"]
    found = image_of(home, a_registered_image(home, root_of(copy_id)))
    assert (found["UsageOperation"] == source["UsageOperation"]) == kept
    assert (found["PlatformDetails"] == source["PlatformDetails"]) == kept
    assert kept or (found["UsageOperation"], found["PlatformDetails"]) == ("RunInstances", "Linux/UNIX")


@rule("3.2 product codes", "M", "EBS-copy")
def test_product_codes_of_snapshots_reach_the_image(home: Place) -> None:
    """Marketplace product codes stay with copied snapshots, and reach the image that is registered from them."""
    source = a_published_image(home, billed_as="marketplace")
    copy_id = copied_snapshot(home, snapshot_ids(source)[source["RootDeviceName"]], Encrypted=True)["SnapshotId"]
    found = image_of(home, a_registered_image(home, root_of(copy_id)))
    assert found["ProductCodes"] == source["ProductCodes"]
