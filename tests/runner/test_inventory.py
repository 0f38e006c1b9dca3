# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as ansible-inventory, which AWX runs too, shows it: hosts, groups, variables, cache, errors."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest
import yaml

from .engine import BIN, Command, quiet_environment

NAME = "sealed.ami.image_targets"


def documented_example() -> str:
    """Return the example as ``ansible-doc`` shows it."""
    command: Command = [BIN / "ansible-doc", "-t", "inventory", "--json", NAME]
    shown = subprocess.run(command, env=quiet_environment(), capture_output=True, text=True, check=True)
    return str(json.loads(shown.stdout)[NAME]["examples"])


EXAMPLES, PER_ACCOUNT, PLACES = documented_example().split("---\n")


@pytest.fixture
def example(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a file with the documented example."""
    path = tmp_path / "aws.image_targets.yml"
    path.write_text(EXAMPLES)
    return path


def show(path: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ansible-inventory on a file."""
    command: Command = [BIN / "ansible-inventory", "-i", path, "--list", "--export", *arguments]
    variables = quiet_environment(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", **environment)
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def listed(path: pathlib.Path, *arguments: str) -> dict[str, t.Any]:
    """Return what ansible-inventory says about a file that is right."""
    shown = show(path, *arguments)
    assert shown.returncode == 0, shown.stderr
    return t.cast(dict[str, t.Any], json.loads(shown.stdout))


def test_the_documented_example(example: pathlib.Path) -> None:
    found = listed(example)
    hosts = found["_meta"]["hostvars"]
    europe = ["production.eu-west-1", "production.eu-central-1", "staging.eu-west-1"]
    assert sorted(hosts) == sorted([*europe, "production.us-east-1", "staging.us-east-1"])
    assert found["europe"]["hosts"] == europe
    assert found["live"]["hosts"] == ["production.us-east-1", "production.eu-west-1", "production.eu-central-1"]
    assert found["region_eu_west_1"]["hosts"] == ["production.eu-west-1", "staging.eu-west-1"]
    frankfurt = hosts["production.eu-central-1"]
    settings = ("description", "kms_key_id", "source_image_ids", "source_region", "tags")
    assert frankfurt.pop("sealed_ami_target") == {name: frankfurt[f"sealed_ami_{name}"] for name in settings}
    assert frankfurt == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "sealed_ami_account": "production",
        "sealed_ami_account_id": "123456789012",
        "sealed_ami_description": "For production",
        "sealed_ami_kms_key_id": "alias/golden-de",
        "sealed_ami_region": "eu-central-1",
        "sealed_ami_role_arn": "arn:aws:iam::123456789012:role/image-copier",
        "sealed_ami_source_image_ids": ["ami-0123456789abcdef0", "ami-0fedcba9876543210"],
        "sealed_ami_source_region": "us-east-1",
        "sealed_ami_tags": {"Residency": "eu"},
    }


def test_the_documented_example_of_accounts(example: pathlib.Path) -> None:
    example.write_text(PER_ACCOUNT)
    found = listed(example)
    hosts = found["_meta"]["hostvars"]
    assert sorted(hosts) == ["production", "staging"]
    assert found["live"]["hosts"] == ["production"]
    production = hosts["production"]
    destinations = [
        {"region": "us-east-1", "kms_key_id": "alias/golden"},
        {"region": "eu-west-1", "kms_key_id": "alias/golden"},
        {"region": "eu-central-1", "kms_key_id": "alias/golden-de", "tags": {"Residency": "eu"}},
    ]
    images = ["ami-0123456789abcdef0", "ami-0fedcba9876543210"]
    assert production.pop("sealed_ami_target") == {
        "destinations": destinations,
        "source_image_ids": images,
        "source_region": "us-east-1",
    }
    assert production == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "sealed_ami_account": "production",
        "sealed_ami_account_id": "123456789012",
        "sealed_ami_destinations": destinations,
        "sealed_ami_regions": ["us-east-1", "eu-west-1", "eu-central-1"],
        "sealed_ami_role_arn": "arn:aws:iam::123456789012:role/image-copier",
        "sealed_ami_source_image_ids": images,
        "sealed_ami_source_region": "us-east-1",
    }


def test_the_documented_example_of_places(example: pathlib.Path) -> None:
    example.write_text(PLACES)
    hosts = listed(example)["_meta"]["hostvars"]
    outpost = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
    destinations = [
        {"region": "us-east-1", "kms_key_id": "alias/golden"},
        {"region": "us-east-1", "availability_zone": "us-east-1-bos-1a", "kms_key_id": "alias/golden-boston"},
        {"region": "us-east-1", "outpost_arn": outpost, "kms_key_id": "alias/golden"},
    ]
    names = [
        "production.us-east-1",
        "production.us-east-1.us-east-1-bos-1a",
        "production.us-east-1.op-0123456789abcdef0",
    ]
    assert sorted(hosts) == sorted(names)
    for name, expected in zip(names, destinations, strict=True):
        own = {"region": hosts[name]["sealed_ami_region"], **hosts[name]["sealed_ami_target"]}
        assert {key: value for key, value in own.items() if not key.startswith("source_")} == expected


def test_the_cache_answers_until_the_file_changes(example: pathlib.Path, tmp_path: pathlib.Path) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    example.write_text(yaml.safe_dump({**yaml.safe_load(EXAMPLES), **cache}))
    first = listed(example)
    (kept,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    kept.write_text(kept.read_text().replace("alias/golden-de", "alias/from-the-cache"))
    second = json.dumps(listed(example))
    assert second == json.dumps(first).replace("alias/golden-de", "alias/from-the-cache")
    assert listed(example, "--flush-cache") == first
    example.write_text(example.read_text().replace("alias/golden-de", "alias/new"))
    assert "alias/new" in json.dumps(listed(example))


def test_templates_and_values_of_the_vault(tmp_path: pathlib.Path) -> None:
    (tmp_path / "password").write_text("open sesame")
    vault = ["--vault-password-file", str(tmp_path / "password")]
    command: Command = [BIN / "ansible-vault", "encrypt_string", *vault, "alias/golden"]
    secret = subprocess.run(command, env=quiet_environment(), capture_output=True, text=True, check=True).stdout
    path, kept = tmp_path / "x.image_targets.yml", tmp_path / "cache"
    path.write_text(f"""
plugin: sealed.ami.image_targets
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: {kept}
host_per: region
source_image_ids: ami-0123456789abcdef0, ami-0fedcba9876543210
kms_key_id: {secret}
description: none
accounts:
  - account: "{{{{ lookup('ansible.builtin.env', 'STAGE') }}}}"
    regions: "{{{{ places }}}}"
    tags:
      Stage: "{{{{ places | length }}}}"
""")
    places = json.dumps({"places": ["eu-west-1", "us-west-2"]})
    shown = show(path, "-e", places, *vault, STAGE="production")
    assert shown.returncode == 0, shown.stderr
    hosts = json.loads(shown.stdout)["_meta"]["hostvars"]
    assert sorted(hosts) == ["production.eu-west-1", "production.us-west-2"]
    assert hosts["production.eu-west-1"]["sealed_ami_target"] == {
        "source_image_ids": ["ami-0123456789abcdef0", "ami-0fedcba9876543210"],
        "kms_key_id": "alias/golden",
        "description": "",
        "tags": {"Stage": 2},
    }
    # A secret is not written to a cache.
    assert not [one for one in kept.rglob("*") if one.is_file()]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("role/image-copier", "user/somebody", "aws.image_targets.yml: account 1: role_arn"),
        ("groups: [live]", "secret_key: x", "aws.image_targets.yml: account 1: secret_key does not belong"),
        (
            "- us-east-1\n",
            "- Virginia\n",
            "account production, region Virginia: region 'Virginia' is not a region code",
        ),
    ],
)
def test_an_error_names_the_file_and_the_place(example: pathlib.Path, right: str, wrong: str, words: str) -> None:
    example.write_text(EXAMPLES.replace(right, wrong, 1))
    shown = show(example)
    assert shown.returncode != 0
    assert words in " ".join(shown.stderr.split())


def test_a_file_of_another_name_is_left_to_others(tmp_path: pathlib.Path) -> None:
    other = tmp_path / "aws_ec2.yml"
    other.write_text(EXAMPLES)
    shown = show(other)
    assert shown.returncode != 0
    assert f"'{other}' could not be verified by inventory plugin 'sealed.ami.image_targets'" in " ".join(
        shown.stderr.split()
    )
