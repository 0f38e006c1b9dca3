# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play every playbook with each of its variables alone: one variable may not lean on another that people leave out.

One run plays a whole playbook: each host of its inventory has what is needed and one variable more. The system tests
play all variables together, and all of them blank.
"""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest

from system.copy.asking import SOURCES
from system.looking import Looking
from system.playbooks.conftest import example_variables
from system.playbooks.test_every_variable import (
    HOME,
    NAMES,
    NEEDED,
    OTHERWISE,
    TYPED,
    known,
    prepare,
    unknown_to_botocore,
)
from system.running import Play, RunPlaybook

WHERE = {"sealed_ami_hosts", "audit_hosts", "retire_hosts"}  # They choose the hosts of these very runs.
# Tasks that run once decide by these for all hosts, so that each gets a run of its own.
ONCE = {"sealed_ami_only_with_tags", "sealed_ami_of_copies", "sealed_ami_may_select_nothing"}
REPORTS = {"audit_html_path": "", "audit_json_path": "", "audit_fail_on": "none"}
RETIREMENTS = {"retire_html_path": "", "retire_json_path": "", "retire_undo_folder": ""}
# What a variable asks for beside itself. A name without an owner could be anybody's.
OWNERS = {"sealed_ami_source_owners": TYPED["sealed_ami_source_owners"]}
# One key for all devices must be that of each volume of the instance.
VOLUMES = {"sealed_ami_device_mapping": OTHERWISE["s5_image_from_instance"]["sealed_ami_device_mapping"]}
# An image is named in one way.
NO_ID = {"sealed_ami_publish_image_id": ""}
BESIDE = {
    **{(name, "sealed_ami_source_name"): OWNERS for name in NAMES},
    ("retire", "retire_replacement_tag"): {"retire_replacement": "newest"},
    ("s5_image_from_instance", "sealed_ami_kms_key_id"): VOLUMES,
    **{("publish", f"sealed_ami_publish_image_{one}"): NO_ID for one in ("name", "parameter")},
}
# The example's volumes fit the example's image.
INSTEAD = {
    "s6_multi_key_image": {"sealed_ami_source_image_id": SOURCES["plain-root"]},
    "publish": {one: TYPED[one] for one in ("sealed_ami_publish_image_name", "sealed_ami_publish_image_parameter")},
}
FLEET = {
    "sealed_ami_region": "eu-west-1", "sealed_ami_source_region": HOME, "sealed_ami_kms_key_id": "alias/golden",
    "sealed_ami_source_image_ids": SOURCES["plain-root"],
}  # fmt: skip


def needed(name: str) -> dict[str, t.Any]:
    """Return what the playbook cannot do without."""
    if name == "fleet_copy":
        return FLEET
    found = {one: value for one, value in example_variables(name).items() if one in NEEDED}
    found |= RETIREMENTS if name == "retire" else {}
    return {**found, **(REPORTS if "audit_hosts" in known(name) else {})}


def alone(name: str, look: Looking, folder: pathlib.Path) -> dict[str, dict[str, t.Any]]:
    """Return for each variable of the playbook what is given when it is the only one beside those that are needed."""
    (folder / "tasks.yml").write_text("- ansible.builtin.debug:\n    msg: mine\n")
    instance = next(iter(look.emulator.catalogue()["instances"]))
    places = {"/tasks.yml": str(folder / "tasks.yml"), "the catalogue's": instance}
    base = needed(name)
    if "sealed_ami_instance_id" in base:
        base = {**base, "sealed_ami_instance_id": instance}
    values = {**TYPED, **OTHERWISE.get(name, {}), **INSTEAD.get(name, {})}
    typed = {one: places.get(values[one], values[one]) for one in sorted(known(name) - WHERE)}
    return {one: {**base, **BESIDE.get((name, one), {}), one: value} for one, value in typed.items()}


def played(run: RunPlaybook, name: str, hosts: dict[str, dict[str, t.Any]], folder: pathlib.Path) -> Play:
    """Play it in check mode on a host for each set of variables."""
    local = {"ansible_connection": "local"}
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {host: {**local, **given} for host, given in hosts.items()}}}))
    where = {one: "all" for one in WHERE & known(name)}
    return run(pathlib.Path(f"sealed.ami.{name}"), "--check", "--forks", "4", "-i", str(inventory), **where)


def troubles(play: Play, hosts: t.Iterable[str]) -> dict[str, str]:
    """Return for each host that did not come to the end what its failed task said."""
    stats = play.report["stats"]
    bad = [host for host in hosts if host not in stats or stats[host]["failures"] or stats[host]["unreachable"]]
    results = [
        (host, str(result.get("msg")), result.get("results") or ())
        for one in play.report["plays"]
        for task in one["tasks"]
        for host, result in task["hosts"].items()
        if result.get("failed")
    ]
    said = {
        host: f"{text} {[item.get('msg') for item in items if item.get('failed')] or ''}"
        for host, text, items in results
    }
    return {host: said.get(host, play.errors[-300:] or "did not take part") for host in bad}


@pytest.mark.parametrize("name", NAMES)
def test_each_variable_alone(
    run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path, name: str
) -> None:
    hosts = alone(name, served_look, tmp_path)
    single = ONCE & set(hosts) if name == "fleet_copy" else set()
    prepare(served_look)
    found: dict[str, str] = {}
    for group in (set(hosts) - single, *({one} for one in sorted(single))):
        chosen = {host: hosts[host] for host in sorted(group)}
        found |= troubles(played(run_playbook, name, chosen, tmp_path), chosen)
    refused = unknown_to_botocore() & set(hosts)
    assert {one: text for one, text in found.items() if one not in refused} == {}
    assert [one for one in refused if not re.search("botocore .* does not know", found.get(one, ""))] == []
    assert len(hosts) > 10
    assert served_look.mutations() == []


def test_a_variable_that_cannot_be_understood_is_seen(
    run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path
) -> None:
    """The other tests would see it: of two hosts the wrong one fails, with the reason."""
    hosts = alone("s3_encrypt", served_look, tmp_path)
    pair = {"right": hosts["sealed_ami_wait"], "wrong": {**hosts["sealed_ami_wait"], "sealed_ami_wait": "perhaps"}}
    found = troubles(played(run_playbook, "s3_encrypt", pair, tmp_path), pair)
    assert set(found) == {"wrong"} and "perhaps" in found["wrong"]
