# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the snapshots of an instance's image will lie (aws_rules §21), on Outposts too, which the emulator lacks."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.attributes import Attributes
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.location import Host, place_of_snapshots
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import ComposeRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.places import Zone

HOME, ZONE = "us-east-1", "us-east-1-bos-1a"
OUTPOST = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
ZONES = (
    Zone("us-east-1a", "use1-az1", "availability-zone", "us-east-1-zg-1", True),
    Zone(ZONE, "use1-bos1-az1", "local-zone", "us-east-1-bos-1", True),
    Zone("us-east-1-wl1-bos-wlz-1", "use1-wl1-bos-wlz1", "wavelength-zone", "us-east-1-wl1", True),
)


def a_request(location: t.Literal["local", "regional"], **attributes: t.Any) -> ComposeRequest:
    """Return a request for an image of an instance."""
    return ComposeRequest("x", HOME, HOME, snapshot_location=location, attributes=Attributes(**attributes))


@pytest.mark.parametrize(
    ("host", "location", "place"),
    [
        (Host("it", ZONE), "local", ZONE),
        (Host("it", ZONE), "regional", ""),
        (Host("it", "us-east-1a", OUTPOST), "local", OUTPOST),
        (Host("it", "us-east-1a", OUTPOST), "regional", ""),
    ],
)
def test_where_snapshots_lie(host: Host, location: t.Literal["local", "regional"], place: str) -> None:
    assert place_of_snapshots(a_request(location), host, ZONES) == place


@pytest.mark.parametrize("location", ["local", "regional"])
@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("us-east-1a", "instance i-1 is in us-east-1a, which is no Local Zone"),
        ("us-east-1-wl1-bos-wlz-1", "which is no Local Zone"),
        ("us-east-1-nyc-9a", "which is no Local Zone"),
        ("", "in no Local Zone that AWS names"),
    ],
)
def test_where_no_local_snapshots_are(zone: str, words: str, location: t.Literal["local", "regional"]) -> None:
    with pytest.raises(PreflightError, match=f"snapshot_location is {location}.*{words}"):
        place_of_snapshots(a_request(location), Host("instance i-1", zone), ZONES)


def test_what_lies_on_an_outpost_is_not_shared() -> None:
    shared = LaunchPermissions(user_ids=frozenset({"210987654321"}))
    on_it = Host("it", "us-east-1a", OUTPOST)
    with pytest.raises(PreflightError, match="cannot be shared; make the image with snapshot_location=regional"):
        place_of_snapshots(a_request("local", launch_permissions=shared), on_it, ZONES)
    assert place_of_snapshots(a_request("regional", launch_permissions=shared), on_it, ZONES) == ""
    assert place_of_snapshots(a_request("local", launch_permissions=shared), Host("it", ZONE), ZONES) == ZONE
