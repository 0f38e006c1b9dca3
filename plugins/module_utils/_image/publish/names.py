# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The names of parameters, their versions and labels, as Systems Manager takes them. No AWS, no Ansible."""

from __future__ import annotations

import re
import typing as t

from ..errors import RequestError

# aws_rules §19.
MOST_LEVELS: t.Final = 15
_LONGEST_ARN: t.Final = 1011
_PARAMETER: t.Final = r"[a-zA-Z0-9_.\-]+|(?:/[a-zA-Z0-9_.\-]+)+"
_RESERVED: t.Final = ("aws", "ssm")
_LABEL: t.Final = r"[a-zA-Z_.\-][a-zA-Z0-9_.\-]{0,99}"
_SELECTOR: t.Final = rf"[0-9]+|{_LABEL}"
_ARN: t.Final = r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter(?:/[a-zA-Z0-9_.\-]+)+"
_REFERENCE: t.Final = re.compile(rf"(?:{_PARAMETER}|{_ARN})(?::(?:{_SELECTOR}))?")


def require_parameter_name(name: str, *, region: str) -> str:
    """Return the name when Systems Manager allows it (PutParameter, Name)."""
    what = f"ssm_parameters: name {name[:140]!r}"
    if not re.fullmatch(_PARAMETER, name):
        raise RequestError(
            f"{what} is not allowed; AWS takes letters, digits and _ . -, and a hierarchy that begins with a slash, "
            "such as /golden/web/current; versions and labels (name:label) cannot be written by name"
        )
    levels = name.count("/")
    if levels > MOST_LEVELS:
        raise RequestError(f"{what} has {levels} levels; AWS takes {MOST_LEVELS}")
    if name.lower().lstrip("/").startswith(_RESERVED):
        raise RequestError(f"{what} is reserved: names that begin with aws or ssm are AWS's; choose another")
    longest = _LONGEST_ARN - len(f"arn:aws:ssm:{region}:123456789012:parameter/")
    if len(name) > longest:
        raise RequestError(f"{what}... has {len(name)} characters; in {region} AWS takes {longest}")
    return name


def require_reference(name: str) -> str:
    """Return what names a parameter to read: of another account by its ARN, of AWS, with a version or a label."""
    if _REFERENCE.fullmatch(name):
        return name
    raise RequestError(
        f"image_parameter {name[:140]!r} names no parameter; write its name or ARN, perhaps with a version or a label "
        "(/golden/web/current:candidate)"
    )


def require_selector(text: str, *, what: str) -> str:
    """Return the number or the label of a version."""
    if re.fullmatch(_SELECTOR, text):
        return text
    raise RequestError(f"{what} {text!r} is neither the number of a version nor a label")


def require_label(label: str, *, what: str) -> str:
    """Return the label when Systems Manager takes it."""
    if re.fullmatch(_LABEL, label) and not label.lower().startswith(_RESERVED):
        return label
    raise RequestError(
        f"{what} label {label!r} is not allowed; AWS takes up to 100 letters, digits and _ . -, not beginning with a "
        "digit, aws or ssm"
    )


def require_path(path: str) -> str:
    """Return the part of a hierarchy below which parameters are looked for."""
    if path.startswith("/") and re.fullmatch(_PARAMETER, path.rstrip("/")):
        return path.rstrip("/")
    raise RequestError(f"paths {path!r} is no path of parameters such as /golden/web; it begins with a slash")
