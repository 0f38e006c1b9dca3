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
from ..marks import parse_watermarks
from ..options import Options, parse_tags, require_image_id, require_key_reference, require_region_name
from .names import require_label, require_parameter_name, require_path, require_reference, require_selector

Require = t.Literal["none", "available", "encrypted", "verified"]
Overwrite = t.Literal["never", "changed", "always"]

# What Systems Manager takes (aws_rules §19).
MOST_LABELS: t.Final = 10
_TEMPLATE_ID: t.Final = re.compile(r"lt-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_TEMPLATE_NAME: t.Final = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_NUMBER: t.Final = re.compile(r"[1-9][0-9]*")
_KEY: t.Final = re.compile(f"{KEY_ID}|{ALIAS_OR_KEY_ARN}")
_PLACEHOLDER: t.Final = "{image_id}"


@dataclasses.dataclass(frozen=True)
class WantedParameter:
    """A name that shall hold the image; ``tier`` and ``description`` are given to AWS when it is written.

    With ``version``, a number or a label, nothing is written: the labels move to that version, which holds the image.
    """

    name: str
    overwrite: Overwrite = "changed"
    labels: tuple[str, ...] = ()
    version: str = ""
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
    """One image, and the names and templates that shall lead to it. Times are in seconds.

    ``image_parameter`` is the name that says which image it is; ``image_id`` is empty until it is read.
    """

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
    image_parameter: str = ""
    replaces: str = ""
    validates: bool = False
    paths: tuple[str, ...] = ()

    def with_image(self, image_id: str) -> PublishRequest:
        """Return the request for the image that ``image_parameter`` leads to."""
        templates = tuple(
            dataclasses.replace(one, description=one.description and one.description.replace(_PLACEHOLDER, image_id))
            for one in self.templates
        )
        return dataclasses.replace(self, image_id=image_id, templates=templates)


def parse_publish_request(options: Options, *, region: str | None) -> PublishRequest:
    """Return the request behind the module's options, or say which of them cannot be."""
    if not region:
        raise RequestError("region is missing; parameters and launch templates are those of one region: say which")
    image_id, named = options.get("image_id") or "", options.get("image_parameter") or ""
    if bool(image_id) == bool(named):
        raise RequestError("name the image by image_id or by image_parameter, and not by both")
    request = PublishRequest(
        image_id="",
        image_parameter=require_reference(named) if named else "",
        region=require_region_name(region, option="region"),
        require=options["require"],
        allowed_keys=_parse_keys(options, region=region),
        parameters=tuple(_parse_parameter(one, region) for one in options.get("ssm_parameters") or ()),
        templates=tuple(_parse_template(one) for one in options.get("launch_templates") or ()),
        replaces=require_image_id(options["replaces"], option="replaces") if options.get("replaces") else "",
        watermarks=parse_watermarks(options.get("watermarks")),
        accept_warnings=options["accept_template_warnings"],
        present=options["state"] != "absent",
        validates=options["state"] == "validated",
        paths=tuple(dict.fromkeys(require_path(str(one)) for one in options.get("paths") or ())),
        wait_timeout=options["wait_timeout"],
        wait_delay=options["wait_delay"],
    )
    _require_consistent(request)
    return request.with_image(require_image_id(image_id, option="image_id")) if image_id else request


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
    """Return one parameter to publish in, or say what SSM would refuse."""
    name = require_parameter_name(str(entry["name"]), region=region)
    labels = tuple(str(label) for label in entry.get("labels") or ())
    if len(set(labels)) > MOST_LABELS:
        raise RequestError(f"ssm_parameters {name}: {len(set(labels))} labels; a version has {MOST_LABELS} at most")
    for label in labels:
        require_label(label, what=f"ssm_parameters {name}:")
    description = entry.get("description")
    if description and len(description) > 1024:
        raise RequestError(f"ssm_parameters {name}: description has {len(description)} characters; AWS takes 1024")
    return WantedParameter(
        name=name,
        overwrite=entry.get("overwrite_value") or "changed",
        labels=tuple(dict.fromkeys(labels)),
        version=_parse_version(entry, name),
        tags=parse_tags(entry.get("tags"), option=f"ssm_parameters {name}: tags") or {},
        tier=entry.get("tier"),
        description=description or None,
    )


def _parse_version(entry: Options, name: str) -> str:
    """Return the version, by number or label, that gets the labels; nothing else can be asked of it."""
    version = str(entry.get("version") or "")
    if not version:
        return ""
    require_selector(version, what=f"ssm_parameters {name}: version")
    if not entry.get("labels"):
        raise RequestError(f"ssm_parameters {name}: version {version} needs labels, which move to it")
    written = [one for one in ("tier", "description") if entry.get(one)]
    written += ["overwrite_value=always"] if entry.get("overwrite_value") == "always" else []
    if written:
        raise RequestError(
            f"ssm_parameters {name}: {' and '.join(written)} cannot be had with version {version}, for nothing is "
            "written then: labels move"
        )
    return version


def _parse_template(entry: Options) -> WantedTemplate:
    """Return one launch template to publish in, or say what EC2 would refuse."""
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
    description = entry.get("version_description") or ""
    length = len(description.replace(_PLACEHOLDER, "ami-0123456789abcdef0"))
    if length > 255:
        raise RequestError(f"launch_templates {label}: version_description has {length} characters of 255")
    return WantedTemplate(
        template_id=template_id or None,
        template_name=name or None,
        source=_parse_source(str(entry.get("source_version") or "default"), label),
        default=_parse_default(str(entry.get("default_version") or "new"), label),
        description=description or None,
    )


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


def _require_of_state(request: PublishRequest) -> None:
    selected = next((one for one in request.parameters if one.version), None)
    if not request.present and (selected or request.image_parameter):
        raise RequestError(
            f"{'version of ssm_parameters' if selected else 'image_parameter'} cannot be had with state=absent, which "
            "deletes whole parameters if they hold the image_id"
        )
    if request.paths and not request.validates:
        raise RequestError("paths are looked at with state=validated alone; what is below them is never changed")
    if request.replaces and request.validates:
        raise RequestError("replaces cannot be had with state=validated, which replaces nothing")
    if request.replaces and not request.present:
        raise RequestError("replaces cannot be had with state=absent, which takes down what holds the image_id alone")


def _require_consistent(request: PublishRequest) -> None:
    """Refuse options that contradict each other, before anything is read."""
    _require_of_state(request)
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
