# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suite itself: it cleans up after itself, and its table of rules is current."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

from .builders import DEFAULT_KEY, a_key, a_volume, an_image, an_instance, copied, copy
from .cleaning import Ledger
from .place import Place, own_ids
from .rules import rule

HERE = pathlib.Path(__file__).parent
COMMAND = "python -m pytest tests/conformance --collect-only -q --write-rules tests/conformance/README.md"


@pytest.mark.emulator_only
@rule("suite", "README")
def test_nothing_is_left_behind(home: Place, away: Place) -> None:
    """Images, snapshots, volumes, instances and keys that a test made are gone after it."""
    ledgers = [Ledger(home), Ledger(away)]
    with ledgers[0].open(), ledgers[1].open():
        key = a_key(home)
        source = an_image(home, data={"/dev/sdf": DEFAULT_KEY})
        copied(home, source, Encrypted=True, KmsKeyId=key)
        copied(away, source, home)
        copy(away, source, home, Encrypted=True, KmsKeyId="alias/conformance-absent")
        a_volume(home)
        an_instance(home, source)
    for ledger in ledgers:
        ledger.clear()
    assert own_ids(home) == own_ids(away) == set()
    assert home.ec2.describe_volumes()["Volumes"] == []
    assert home.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.emulator_only
@rule("suite", "README")
def test_table_of_rules_is_current(tmp_path: pathlib.Path) -> None:
    """README.md lists every rule with its source and its test."""
    readme = tmp_path / "README.md"
    shutil.copy(HERE / "README.md", readme)
    collect = [
        "-m",
        "pytest",
        str(HERE),
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "--write-rules",
        str(readme),
    ]
    subprocess.run([sys.executable, *collect], check=True, cwd=HERE.parents[1], stdout=subprocess.DEVNULL)
    assert readme.read_text() == (HERE / "README.md").read_text(), f"renew it: {COMMAND}"
