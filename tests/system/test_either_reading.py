# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AWS's documents leave something open, the modules do their work whichever way AWS does it.

Each setting of the emulated AWS that is such a choice is turned to what is not its default, one at a time, and images
live: they are copied, composed by either method, shared, published, audited, looked for in use, removed.
"""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import IMAGES
from emulated_aws.client import Emulator
from emulated_aws.settings import Settings
from oracle.guard import Guard
from system.compose.asking import ALIASES, EMPTY_VOLUME, THREE_KEYS, aliases
from system.looking import Looking
from system.running import Result, RunModule

HOME, AWAY, OTHER = "us-east-1", "eu-west-1", "210987654321"
SOURCES = {spec.name: spec.image_id for spec in IMAGES}
PARAMETER = "/images/golden"
GOLDEN = {"encrypted": True, "kms_key_id": "alias/golden"}
# With these AWS does not do what the tasks below ask for, and says so; tests of their own hold the modules to that.
REFUSING = {("usage_reports_fail", True), ("allowed_images_managed_by", "declarative-policy")}


def readings() -> t.Iterator[tuple[str, t.Any]]:
    """Yield each value that a setting with a closed set of values has beside its default."""
    for name, kind in t.get_type_hints(Settings).items():
        values = (False, True) if kind is bool else t.get_args(kind) if t.get_origin(kind) is t.Literal else ()
        yield from ((name, value) for value in values if value != getattr(Settings(), name))


READINGS = [one for one in readings() if one not in REFUSING]


class Life:
    """Run modules, and demand that each task does something once and nothing when it is repeated."""

    def __init__(self, run_module: RunModule, look: Looking):
        self._run, self._look = run_module, look

    def run(self, module: str, **options: t.Any) -> Result:
        """Run a module that has to succeed."""
        result = self._run(module, **options)
        assert result.msg == "" or not result.failed, f"{module}: {result.msg}"
        return result

    def do(self, module: str, **options: t.Any) -> Result:
        """Run a task, and once more, when nothing is left to do; return the first result."""
        first = self.run(module, **options)
        assert first["changed"] is True, first
        before = self._look.mutations()
        assert self.run(module, **options)["changed"] is False
        assert self._look.mutations() == before
        return first

    def keys(self, region: str, image_id: str) -> dict[str, str | None]:
        """Return the alias of each device's key, as boto3 sees it."""
        return aliases(self._look, region, self._look.keys(region, image_id))


@pytest.fixture
def life(run_module: RunModule, look: Looking) -> Life:
    """Return what leads the life of images."""
    return Life(run_module, look)


def test_every_choice_is_one_of_these() -> None:
    assert len(READINGS) > 40 and {name for name, _value in READINGS} >= {"token_outlives_image", "rbin_keeps_name"}


@pytest.mark.parametrize(("name", "value"), READINGS, ids=lambda value: str(value))
def test_images_live_whichever_way_it_is(
    emulator: Emulator, life: Life, look: Looking, oracle: Guard, name: str, value: t.Any
) -> None:
    oracle.given(PARAMETER, to=["PutParameter", "DeleteParameter"])
    emulator.configure(**{name: value})
    copying = {"source_image_id": SOURCES["mixed"], "source_region": HOME, "region": AWAY, "wait": True, **GOLDEN}
    copy = life.do("ec2_ami_encrypted_copy", **copying)["images"][0]["image_id"]
    assert set(life.keys(AWAY, copy).values()) == {"alias/golden"}
    near = {**copying, "source_image_id": SOURCES["encrypted-root"], "region": HOME, "name": "near"}
    assert set(life.keys(HOME, life.do("ec2_ami_encrypted_copy", **near)["images"][0]["image_id"]).values()) == {
        "alias/golden"
    }
    composing = {"source_image_id": SOURCES["database"], "source_region": HOME, "region": HOME, "wait": True}
    for method in ("snapshots", "instance"):
        asked = {**composing, "name": method, "method": method, "device_mapping": [*THREE_KEYS, EMPTY_VOLUME]}
        made = life.do("ec2_ami_compose_keys", **asked)["image"]["image_id"]
        assert life.keys(HOME, made) == {**ALIASES, "/dev/sdh": "alias/golden"}
    sharing = {"region": AWAY, "image_ids": [copy], "launch_permissions": {"user_ids": [OTHER]}, "purpose": "launch"}
    life.do("ec2_ami_share", **sharing)
    publishing = {"region": AWAY, "image_id": copy, "require": "encrypted", "ssm_parameters": [{"name": PARAMETER}]}
    life.do("ec2_ami_publish", **publishing)
    audit = life.run("ec2_ami_encryption_info", regions=[AWAY], image_ids=[copy], policy={"customer_managed": True})
    assert [one["compliant"] for one in audit["images"]] == [True]
    (use,) = life.run("ec2_ami_usage_info", region=AWAY, image_ids=[copy])["images"]
    assert use["in_use"] is True, "a parameter names it"
    life.do("ec2_ami_publish", **publishing, state="absent")
    for one in (copying, near):
        if name == "copy_image_reports_source":  # Without AWS's word on its source nothing proves that a copy is ours.
            assert "deregister it by hand" in str(life.run("ec2_ami_encrypted_copy", **one, state="absent").warnings)
            return
        life.do("ec2_ami_encrypted_copy", **one, state="absent")
    for method in ("snapshots", "instance"):
        asked = {**composing, "name": method, "method": method, "device_mapping": [EMPTY_VOLUME], "state": "absent"}
        life.do("ec2_ami_compose_keys", **asked)
    emulator.advance(7200)
    left = [one for region in (HOME, AWAY) for one in look.ec2(region).describe_images(Owners=["self"])["Images"]]
    assert {one["ImageId"] for one in left} <= {spec.image_id for spec in IMAGES}
