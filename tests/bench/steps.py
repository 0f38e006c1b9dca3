# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the copy module as Ansible's target does, and print as JSON what its parts take of processor time, in seconds."""

from __future__ import annotations

import importlib
import json
import sys
import time

_PARTS = (
    ("core", ("ansible.module_utils.basic",)),
    ("theirs", ("boto3", "ansible_collections.amazon.aws.plugins.module_utils.modules")),
    ("ours", ("ansible_collections.sealed.ami.plugins.modules.ec2_ami_encrypted_copy",)),
)


def main() -> None:
    """Import part by part, then run ``main`` with the parameters on the command line."""
    spent = {}
    for part, names in _PARTS:
        before = time.process_time()
        for name in names:
            importlib.import_module(name)
        spent[part] = time.process_time() - before
    # What the tests need to run a module here is not the module's.
    running = importlib.import_module("system.running")
    before = time.process_time()
    result = running.run_here("ec2_ami_encrypted_copy", json.loads(sys.argv[1]))
    spent["work"] = time.process_time() - before
    print(json.dumps({"changed": result["changed"], "spent": spent}))


if __name__ == "__main__":
    main()
