# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What every module needs to run; amazon.aws's own fragment names older releases than the modules take."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.9
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
notes:
  - On a Python without the package C(packaging), amazon.aws cannot tell which releases it has, and warns of that.
"""
