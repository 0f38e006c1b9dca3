# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the user of ec2_ami_publish asked for, as values. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..aws_facts import ALIAS_OR_KEY_ARN, KEY_ID
from ..errors import RequestError
from ..options import Options, parse_tags, require_image_id, require_key_reference, require_region_name

Require = t.Literal["none", "available", "encrypted", "verified"]
Overwrite = t.Literal["never", "changed", "always"]

# What Systems Manager takes (aws_rules §19).
MOST_LEVELS: t.Final = 15
MOST_LABELS: t.Final = 10
MOST_WATERMARKS: t.Final = 5
_LONGEST_ARN: t.Final = 1011
_PARAMETER: t.Final = re.compile(r"[a-zA-Z0-9_.\-]+|(?:/[a-zA-Z0-9_.\-]+)+")
_RESERVED: t.Final = ("aws", "ssm")
_LABEL: t.Final = re.compile(r"[a-zA-Z_.\-][a-zA-Z0-9_.\-]{0,99}")
_TEMPLATE_ID: t.Final = re.compile(r"lt-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_TEMPLATE_NAME: t.Final = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_WATERMARK: t.Final = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_NUMBER: t.Final = re.compile(r"[1-9][0-9]*")
_KEY: t.Final = re.compile(f"{KEY_ID}|{ALIAS_OR_KEY_ARN}")
_PLACEHOLDER: t.Final = "{image_id}"


@dataclasses.dataclass(frozen=True)
class WantedParameter:
    """A name that shall hold the image; ``tier`` and ``description`` are given to AWS when it is written."""

    name: str
    overwrite: Overwrite = "changed"
    labels: tuple[str, ...] = ()
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    tier: str | None = None
    description: str | None = None

    @property
    def is_immutable(self) -> bool:
        """Tell whether the name, once written, holds its image for good."""
        return self.overwrite == "never"


@dataclasses.dataclass(frozen=True)
class WantedTemplate:
    """A launch template that shall launch the image.

    ``source`` is ``$Default``, ``$Latest`` or a number. ``default`` of 0 means the version that launches the image,
    None that the default stays, and a number that this version is made the default and none is created.
    """

    template_id: str | None = None
    template_name: str | None = None
    source: str = "$Default"
    default: int | None = 0
    description: str | None = None

    @property
    def label(self) -> str:
        """Name the template as the task does."""
        return self.template_name or self.template_id or ""


@dataclasses.dataclass(frozen=True)
class PublishRequest:
    """One image, and the names and templates that shall lead to it. Times are in seconds."""

    image_id: str
    region: str
    require: Require = "verified"
    allowed_keys: tuple[str, ...] = ()
    parameters: tuple[WantedParameter, ...] = ()
    templates: tuple[WantedTemplate, ...] = ()
    watermarks: tuple[str, ...] = ()
    accept_warnings: bool = False
    present: bool = True
    wait_timeout: int = 300
    wait_delay: int = 15


def parse_publish_request(options: Options, *, region: str | None) -> PublishRequest:
    """Return the request behind the module's options, or say which of them cannot be."""
    if not region:
        raise RequestError("region is missing; parameters and launch templates are those of one region: say which")
    image_id = require_image_id(options["image_id"], option="image_id")
    request = PublishRequest(
        image_id=image_id,
        region=require_region_name(region, option="region"),
        require=options["require"],
        allowed_keys=_parse_keys(options, region=region),
        parameters=tuple(_parse_parameter(one, region) for one in options.get("ssm_parameters") or ()),
        templates=tuple(_parse_template(one, image_id) for one in options.get("launch_templates") or ()),
        watermarks=_parse_watermarks(options.get("watermarks") or ()),
        accept_warnings=options["accept_template_warnings"],
        present=options["state"] == "present",
        wait_timeout=options["wait_timeout"],
        wait_delay=options["wait_delay"],
    )
    _require_consistent(request)
    return request


def _parse_keys(options: Options, *, region: str) -> tuple[str, ...]:
    single = options.get("kms_key_id")
    if single:
        require_key_reference(single, region=region)
    keys = [str(key) for key in options.get("allowed_keys") or ()]
    for key in keys:
        if not _KEY.fullmatch(key):
            raise RequestError(
                f"allowed_keys {key!r} is neither a key id, a key ARN, an alias name (alias/...) nor an alias ARN"
            )
    return tuple(dict.fromkeys([*([single] if single else []), *keys]))


def _parse_parameter(entry: Options, region: str) -> WantedParameter:
    name = require_parameter_name(str(entry["name"]), region=region)
    labels = tuple(str(label) for label in entry.get("labels") or ())
    if len(set(labels)) > MOST_LABELS:
        raise RequestError(f"ssm_parameters {name}: {len(set(labels))} labels; a version has {MOST_LABELS} at most")
    for label in labels:
        if not _LABEL.fullmatch(label) or label.lower().startswith(_RESERVED):
            raise RequestError(
                f"ssm_parameters {name}: label {label!r} is not allowed; AWS takes up to 100 letters, digits and _ . "
                "-, not beginning with a digit, aws or ssm"
            )
    description = entry.get("description")
    if description and len(description) > 1024:
        raise RequestError(f"ssm_parameters {name}: description has {len(description)} characters; AWS takes 1024")
    return WantedParameter(
        name=name,
        overwrite=entry.get("overwrite_value") or "changed",
        labels=tuple(dict.fromkeys(labels)),
        tags=parse_tags(entry.get("tags"), option=f"ssm_parameters {name}: tags") or {},
        tier=entry.get("tier"),
        description=description or None,
    )


def require_parameter_name(name: str, *, region: str) -> str:
    """Return the name when Systems Manager allows it (PutParameter, Name)."""
    what = f"ssm_parameters: name {name[:140]!r}"
    if not _PARAMETER.fullmatch(name):
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


def _parse_template(entry: Options, image_id: str) -> WantedTemplate:
    template_id, name = entry.get("template_id"), entry.get("template_name")
    if bool(template_id) == bool(name):
        raise RequestError("launch_templates: name each template by template_id or template_name, and not by both")
    if template_id and not _TEMPLATE_ID.fullmatch(template_id):
        raise RequestError(f"launch_templates: template_id {template_id!r} is not an id such as lt-0123456789abcdef0")
    if name and not _TEMPLATE_NAME.fullmatch(name):
        raise RequestError(
            f"launch_templates: template_name {name[:140]!r} is not allowed; AWS takes 3 to 128 letters, digits and "
            "( ) . - / _"
        )
    label = template_id or name
    description = (entry.get("version_description") or "").replace(_PLACEHOLDER, image_id)
    if len(description) > 255:
        raise RequestError(f"launch_templates {label}: version_description has {len(description)} characters of 255")
    return WantedTemplate(
        template_id=template_id or None,
        template_name=name or None,
        source=_parse_source(str(entry.get("source_version") or "default"), label),
        default=_parse_default(str(entry.get("default_version") or "new"), label),
        description=description or None,
    )


def _parse_watermarks(names: t.Iterable[t.Any]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(str(name) for name in names))
    for name in found:
        if not _WATERMARK.fullmatch(name):
            raise RequestError(
                f"watermarks {name!r} is not allowed; AWS takes 3 to 128 letters, digits, spaces and ( ) [ ] "
                ". / - ' @ _"
            )
    if len(found) > MOST_WATERMARKS:
        raise RequestError(f"watermarks: {len(found)} are named; an image has {MOST_WATERMARKS} at most")
    return found


def _parse_source(text: str, label: t.Any) -> str:
    word = text.strip().lower().lstrip("$")
    if word in ("default", "latest"):
        return f"${word.capitalize()}"
    if not _NUMBER.fullmatch(word):
        raise RequestError(
            f"launch_templates {label}: source_version {text!r} is neither default, latest nor the number of a version"
        )
    return word


def _parse_default(text: str, label: t.Any) -> int | None:
    word = text.strip().lower()
    if word in ("new", "keep"):
        return 0 if word == "new" else None
    if not _NUMBER.fullmatch(word):
        raise RequestError(
            f"launch_templates {label}: default_version {text!r} is neither new, keep nor the number of a version"
        )
    return int(word)


def _require_consistent(request: PublishRequest) -> None:
    if not request.parameters and not request.templates and not request.watermarks:
        raise RequestError("nothing is to be published; name ssm_parameters, launch_templates or watermarks")
    if request.watermarks and not request.present:
        raise RequestError(
            "watermarks cannot be taken off with state=absent: they say where an image comes from, and its copies keep "
            "theirs (aws ec2 detach-image-watermark)"
        )
    for what, names in (
        # "web" and "/web" have the same ARN.
        ("ssm_parameters", [one.name.lstrip("/") for one in request.parameters]),
        ("launch_templates", [one.label for one in request.templates]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise RequestError(f"{what}: {', '.join(twice)} is listed twice; remove one")
    if request.present and request.require == "verified" and not request.allowed_keys:
        raise RequestError(
            "require=verified needs kms_key_id or allowed_keys: the keys that every snapshot must be under. With "
            "require=encrypted any key will do"
        )
    if request.require != "verified" and request.allowed_keys:
        raise RequestError(f"kms_key_id and allowed_keys are demanded by require=verified alone, not {request.require}")
    if request.wait_timeout < 1 or request.wait_delay < 1:
        raise RequestError("wait_timeout and wait_delay are in seconds and must be at least 1")
