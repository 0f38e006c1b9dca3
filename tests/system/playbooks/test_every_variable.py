# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook with every variable that it knows: all of them left blank, and all of them typed.

Check mode is enough: it is the module's own plan, and every template is filled in.
"""

from __future__ import annotations

import functools
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml

from emulated_aws.catalogue_images import image_id
from system.copy.asking import SOURCES
from system.looking import Looking
from system.playbooks.conftest import PLAYBOOKS, example_variables
from system.running import MODULE_PYTHON, ROOT, RunPlaybook

HOME = "us-east-1"
SEALED, PARAMETER = image_id("database-sealed"), "/typed/by-hand"
# Those of AWX, its workflow, and what goes back have their own tests; distribute has no variables but its role's and
# the inventory's.
APART = {"awx_setup", "audit_workflow", "report_failure", "report_refused", "rollback", "distribute"}
NAMES = sorted({path.stem for path in PLAYBOOKS.glob("*.yml")} - APART)
# What playbooks tell themselves, each other, or the inventory.
INTERNAL = {
    *(
        "tagged",
        "aws_config",
        "container",
        "credentials_found",
        "copies",
        "ids",
        "composed",
        "image_ids_",
        "target",
        "published_",
    ),
    *(
        "pipeline_image_ids",
        "multi_key_image_id",
        "image_id",
        "image_ids",
        "composed_image_ids",
        "profile",
        "role_arn",
        "environment",
    ),
    *("credential_source",),
}
TYPED = {
    "sealed_ami_hosts": "localhost",
    "sealed_ami_source_region": f" {HOME}\r\n",
    "sealed_ami_source_image_ids": f"{SOURCES['plain-root']}\r\n",
    "sealed_ami_source_image_id": f"{SOURCES['database']} ",
    "sealed_ami_source_name": "database",
    "sealed_ami_source_owners": "self, 123456789012",
    "sealed_ami_regions": "eu-west-1, eu-central-1",
    "sealed_ami_destinations": "region=eu-west-1 kms_key_id=alias/golden\n\nregion: us-west-2, kms_key_id: alias/os",
    "sealed_ami_region": HOME,
    "sealed_ami_availability_zone": "",
    "sealed_ami_availability_zone_id": " ",
    "sealed_ami_outpost_arn": "",
    "sealed_ami_build_region": HOME,
    "sealed_ami_encrypted": "yes",
    "sealed_ami_kms_key_id": "alias/golden",
    "sealed_ami_root_kms_key_id": "alias/golden",
    "sealed_ami_name": "typed-by-hand",
    "sealed_ami_image_name": "typed-by-hand",
    "sealed_ami_multi_key_name": "typed-by-hand",
    "sealed_ami_description": "Typed by hand",
    "sealed_ami_copy_tags": "on",
    "sealed_ami_tags": "Team=platform, east\nOwner: Jane Doe",
    "sealed_ami_purge_tags": "false",
    "sealed_ami_snapshot_tags": '{"Team": "storage"}',
    "sealed_ami_temporary_tags": "CostCenter=42",
    "sealed_ami_share_with": "210987654321 111122223333",
    "sealed_ami_launch_permissions": '{"user_ids": ["210987654321"]}',
    "sealed_ami_deprecate_at": "2029-06-30T00:00:00Z",
    "sealed_ami_deregistration_protection": "enabled",
    "sealed_ami_imds_support": " v2.0\r\n",
    "sealed_ami_watermarks": "golden, team platform",
    "sealed_ami_instance_type_specification": '{"supported_instance_types": ["t3.*"]}',
    "sealed_ami_snapshot_copy_completion_duration_minutes": "30",
    "sealed_ami_of_copies": "no",
    "sealed_ami_only_with_tags": "Distribute=fleet",
    "sealed_ami_may_select_nothing": "no",
    "sealed_ami_superseded": "keep",
    "sealed_ami_retired": "report",
    "sealed_ami_check_key_access": "true",
    "sealed_ami_on_failure": "rollback",
    "sealed_ami_wait": "true",
    "sealed_ami_wait_timeout": "600",
    "sealed_ami_wait_delay": " 1 ",
    "sealed_ami_instance_id": "the catalogue's",
    "sealed_ami_no_reboot": "true",
    "sealed_ami_snapshot_location": " ",
    "sealed_ami_volume_initialization_rate": " 200\r\n",
    "sealed_ami_device_keys": "/dev/sdf = alias/data\n/dev/sdg: alias/logs",
    "sealed_ami_device_mapping": "device_name=/dev/sdh volume_size=5 kms_key_id=alias/golden",
    "sealed_ami_volumes": "device_name=/dev/sdh volume_size=5 kms_key_id=alias/golden",
    "sealed_ami_method": "instance",
    "sealed_ami_instance": '{"instance_type": "t3.small"}',
    "sealed_ami_instance_type": "t3.small",
    "sealed_ami_subnet_id": "subnet-0123456789abcdef0",
    "sealed_ami_security_group_ids": "sg-0123456789abcdef0, sg-0123456789abcdef1",
    "sealed_ami_iam_instance_profile": "builder",
    "sealed_ami_key_name": "builders",
    "sealed_ami_user_data": "#!/bin/sh",
    "sealed_ami_before_tasks": "/tasks.yml",
    "sealed_ami_after_tasks": "/tasks.yml",
    "sealed_ami_tasks_file": "/tasks.yml",
    "sealed_ami_publish_image_id": SEALED,
    "sealed_ami_publish_image_name": "database-sealed",
    "sealed_ami_publish_image_owners": "self",
    "sealed_ami_publish_image_parameter": PARAMETER,
    "sealed_ami_publish_copy_of": SOURCES["database"],
    "sealed_ami_require": "verified",
    "sealed_ami_allowed_keys": "alias/os, alias/data\nalias/logs",
    "sealed_ami_ssm_parameters": "name=/golden/typed labels=candidate\nname=/golden/fixed overwrite_value=never",
    "sealed_ami_launch_templates": "template_name=typed-by-hand",
    "sealed_ami_replaces": SOURCES["plain-root"],
    "sealed_ami_accept_template_warnings": "no",
    "sealed_ami_state": "present",
    "sealed_ami_paths": "",
    "sealed_ami_report_path": "",
    "audit_hosts": "localhost",
    "audit_accounts": "role_arn=arn:aws:iam::210987654321:role/image-auditor external_id=sealed-ami name=production",
    "audit_regions": f"{HOME}\n",
    "audit_home_region": HOME,
    "audit_image_ids": "",
    "audit_kms_key_ids": "",
    "audit_block_public_access": "yes",
    "audit_owners": "self",
    "audit_filters": '{"state": "available"}',
    "audit_require_encrypted": "yes",
    "audit_require_customer_managed": "no",
    "audit_require_usable_key": "true",
    "audit_allowed_keys": "alias/golden, alias/os\nalias/data",
    "audit_allowed_key_tags": "",
    "audit_fail_on": "none",
    "audit_allow_nothing": "yes",
    "audit_html_path": "none",
    "audit_json_path": "none",
    "audit_html_limit": " 50\r\n",
    "audit_title": "Typed by hand",
    "audit_verdicts_limit": " 50\r\n",
    "audit_s3_bucket": "reports",
    "audit_s3_prefix": "nightly/",
    "audit_s3_kms_key_id": "alias/golden",
    "retire_hosts": "localhost",
    "retire_act": "yes",
    "retire_state": " retired\r\n",
    "retire_regions": f"{HOME}\n",
    "retire_filters": '{"tag:Stage": "golden"}\r\n',
    "retire_group_by": "tag:Team",
    "retire_image_ids": f"{SOURCES['plain-root']}\r\n",
    "retire_due_image_ids": f"{SOURCES['plain-root']}",
    "retire_keep_newest": " 1 ",
    "retire_keep_younger_than_days": "0",
    "retire_keep_tags": "Keep=true\nOwner: Jane Doe",
    "retire_keep_shared": "no",
    "retire_keep_public": "yes",
    "retire_launched_within_days": "30",
    "retire_report_max_age": "48",
    "retire_when_unknown": "keep",
    "retire_last_step": "deprecate",
    "retire_disable_after_days": "30",
    "retire_deregister_after_days": "90",
    "retire_require_recycle_bin": "true",
    "retire_locked_snapshots": "leave",
    "retire_disable_protection": "no",
    "retire_replacement": "newest",
    "retire_replacement_tag": "ReplacedBy",
    "retire_limit": "50",
    "retire_estimate_cost": "yes",
    "retire_trust_recorded_permissions": "no",
    "retire_wait_timeout": "60",
    "retire_html_path": "none",
    "retire_json_path": "none",
    "retire_title": "Typed by hand",
    "retire_undo_folder": "none",
    "retire_due_limit": " 50\r\n",
}
# What needs operations of 2026, which the newest botocore for Python 3.9 lacks: they are refused with a sentence.
YOUNG = {
    "sealed_ami_watermarks": "AttachImageWatermark",
    "sealed_ami_instance_type_specification": "ReplaceImageInstanceTypeSpecification",
}
# What a playbook cannot be asked for, and why.
SHARING = ("sealed_ami_share_with", "sealed_ami_launch_permissions")
NOT_FOR = {
    # Without a key the copies are under the AWS managed one, which cannot be shared.
    "s1_preserve_status": (*SHARING, "sealed_ami_kms_key_id", "sealed_ami_encrypted", "sealed_ami_destinations"),
    "s2_preserve_encrypted_root": (
        *SHARING,
        "sealed_ami_kms_key_id",
        "sealed_ami_encrypted",
        "sealed_ami_destinations",
    ),
    # They are for retire_state: restored, and tests of the role have them.
    "retire": ("retire_undo", "retire_undo_file"),
    # Check mode has no copies to compose an image of, and to audit.
    "golden_pipeline": ("audit_image_ids", "audit_accounts"),
}
# What is typed otherwise there.
OTHERWISE = {
    # One image of several keys is composed of one source, in a region that has a copy.
    "golden_pipeline": {"sealed_ami_source_image_ids": "", "sealed_ami_build_region": "eu-west-1"},
    "fleet_copy": {"sealed_ami_hosts": "production*", "sealed_ami_name": ""},
    # An instance is launched, and no snapshot copied.
    "compose_keys": {"sealed_ami_snapshot_copy_completion_duration_minutes": ""},
    # An image is named in one way, and there are no copies yet.
    "publish": {
        "sealed_ami_regions": HOME,
        "sealed_ami_publish_image_name": "",
        "sealed_ami_publish_image_parameter": "",
        "sealed_ami_publish_copy_of": "",
    },
    "s5_image_from_instance": {
        "sealed_ami_kms_key_id": "alias/os",
        "sealed_ami_device_mapping": (
            "device_name=/dev/sdf kms_key_id=alias/data\ndevice_name=/dev/sdg kms_key_id=alias/logs"
        ),
    },
}
# These copy two images, by id and by name, which cannot have one name.
COPYING = ("s1_preserve_status", "s2_preserve_encrypted_root", "s3_encrypt", "s4_reencrypt", "golden_pipeline")
NEEDED = {
    "sealed_ami_source_region", "sealed_ami_source_image_ids", "sealed_ami_source_image_id", "sealed_ami_source_name",
    "sealed_ami_source_owners", "sealed_ami_regions", "sealed_ami_destinations", "sealed_ami_region", "sealed_ami_name",
    "sealed_ami_image_name", "sealed_ami_publish_image_id", "sealed_ami_allowed_keys", "sealed_ami_ssm_parameters",
    "sealed_ami_instance_id", "sealed_ami_kms_key_id", "sealed_ami_volumes", "audit_regions",
    "retire_regions", "retire_filters", "retire_group_by",
}  # fmt: skip


def known(name: str) -> set[str]:
    """Return the variables that the files of a playbook name."""
    text, seen = "", set()
    files = [PLAYBOOKS / f"{name}.yml"]
    while files:
        path = files.pop()
        if path not in seen:
            seen.add(path)
            text += path.read_text()
            imported = re.findall(r"import_playbook: sealed\.ami\.(\w+)", path.read_text())
            files += [PLAYBOOKS / f"{one}.yml" for one in imported]
            files += [PLAYBOOKS / one for one in re.findall(r"include_tasks: (tasks/\w+\.yml)", path.read_text())]
    found = {one for one in re.findall(r"\bsealed_ami_[a-z_]+", text) if "__" not in one}
    if "sealed.ami.audit" in text:
        found |= set(yaml.safe_load((ROOT / "roles/audit/defaults/main.yml").read_text())) - {"audit_policy"}
        found |= {one for one in re.findall(r"\baudit_[a-z_]+", text) if "__" not in one and one != "audit_policy"}
    if "sealed.ami.retire" in text:
        found |= {"retire_hosts", *yaml.safe_load((ROOT / "roles/retire/defaults/main.yml").read_text())}
    return found - {f"sealed_ami_{one}" for one in INTERNAL} - set(NOT_FOR.get(name, ()))


@functools.cache
def unknown_to_botocore() -> frozenset[str]:
    """Return the variables for which the botocore that the modules run with is too old."""
    script = "import botocore.session as b; print(*b.get_session().get_service_model('ec2').operation_names)"
    shown = subprocess.run([MODULE_PYTHON, "-c", script], capture_output=True, text=True, check=True)
    return frozenset(one for one, operation in YOUNG.items() if operation not in shown.stdout.split())


def prepare(look: Looking) -> None:
    """Make what the typed variables name."""
    ec2, ssm = look.ec2(HOME), t.cast(t.Any, look.emulator.session(region=HOME).client("ssm"))
    ec2.create_tags(Resources=[SOURCES["plain-root"]], Tags=[{"Key": "Distribute", "Value": "fleet"}])
    ssm.put_parameter(Name=PARAMETER, Value=SEALED, Type="String", DataType="aws:ec2:image", Overwrite=True)
    if not ec2.describe_launch_templates()["LaunchTemplates"]:
        data: t.Any = {"ImageId": SOURCES["plain-root"]}
        ec2.create_launch_template(LaunchTemplateName="typed-by-hand", LaunchTemplateData=data)
    look.emulator.clear_calls()


def played(run: RunPlaybook, look: Looking, name: str, variables: dict[str, t.Any], folder: pathlib.Path) -> None:
    """Play it in check mode, and demand that it ends well and changes nothing."""
    tasks = folder / "tasks.yml"
    tasks.write_text("- ansible.builtin.debug:\n    msg: mine\n")
    instance = next(iter(look.emulator.catalogue()["instances"]))
    places = {"/tasks.yml": str(tasks), "the catalogue's": instance}
    given = {key: places.get(value, value) if isinstance(value, str) else value for key, value in variables.items()}
    if "sealed_ami_instance_id" in given:
        given["sealed_ami_instance_id"] = instance
    inventory = {"fleet_copy": str(PLAYBOOKS / "vars" / "image_targets.yml"), "publish": "localhost,"}.get(name)
    prepare(look)
    play = run(pathlib.Path(f"sealed.ami.{name}"), "--check", *(("-i", inventory) if inventory else ()), **given)
    assert play.status == 0, play.explain()
    assert look.mutations() == []


def test_every_variable_has_something_to_type() -> None:
    assert [(name, sorted(known(name) - set(TYPED))) for name in NAMES if known(name) - set(TYPED)] == []


@pytest.mark.parametrize("name", NAMES)
def test_all_variables_typed(
    run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path, name: str
) -> None:
    typed = {one: TYPED[one] for one in known(name) - unknown_to_botocore()}
    typed |= {**({"sealed_ami_name": "{source_name}-typed"} if name in COPYING else {}), **OTHERWISE.get(name, {})}
    played(run_playbook, served_look, name, typed, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_all_variables_blank_but_those_that_are_needed(
    run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path, name: str
) -> None:
    example = {one: value for one, value in example_variables(name).items() if one in NEEDED}
    paths = {"audit_html_path": "", "audit_json_path": "", "audit_fail_on": "none"}
    blank = {one: "" for one in known(name) if one not in ("audit_home_region", "audit_regions")}
    if name == "fleet_copy":
        example = {}
    played(run_playbook, served_look, name, {**blank, **example, **(paths if "audit_hosts" in blank else {})}, tmp_path)


def test_a_new_key_by_the_variable_that_it_is_named_for(
    run_playbook: RunPlaybook, served_look: Looking, tmp_path: pathlib.Path
) -> None:
    ids = {"sealed_ami_source_image_ids": SOURCES["encrypted-root"], "sealed_ami_source_region": HOME}
    alone = {**ids, "sealed_ami_regions": "eu-west-1", "sealed_ami_kms_key_id": "alias/golden"}
    played(run_playbook, served_look, "s4_reencrypt", alone, tmp_path)
    without = run_playbook(pathlib.Path("sealed.ami.s4_reencrypt"), **{**alone, "sealed_ami_kms_key_id": "none"})
    assert without.status != 0 and "set sealed_ami_kms_key_id" in without.explain()
