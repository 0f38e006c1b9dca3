# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What an audit demands of snapshots and keys. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..answers import parse_list, parse_names
from ..aws_facts import ALIAS_OR_KEY_ARN
from ..errors import RequestError
from ..options import Options

_ALLOWED: t.Final = re.compile(ALIAS_OR_KEY_ARN)
_WATERMARK: t.Final = re.compile(r"\d{12}:[A-Za-z0-9()\[\] ./\-'@_*?]{1,128}")
_TYPE: t.Final = re.compile(r"[A-Za-z0-9_.*-]{1,24}")
_OF_IMAGE: t.Final = ("watermarks", "instance_types")
_DEMANDS: t.Final = ("encrypted", "customer_managed", "key_usable", "allowed_keys", "allowed_key_tags")
_RULES: t.Final = (*_DEMANDS, "associated_keys")


@dataclasses.dataclass(frozen=True)
class Rules:
    """What one device's snapshot must be. Every rule about the key demands encryption too.

    ``associated_keys`` says what holds for other keys that open the snapshot: the rules for its own key
    (``same_rules``), that there are none (``forbid``), or nothing (``ignore``).
    """

    encrypted: bool = False
    customer_managed: bool = False
    key_usable: bool = False
    allowed_keys: tuple[str, ...] = ()
    allowed_key_tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    associated_keys: str = "same_rules"

    @property
    def names_keys(self) -> bool:
        """Tell whether only certain keys will do."""
        return bool(self.allowed_keys or self.allowed_key_tags)

    @property
    def judges_own_key(self) -> bool:
        """Tell whether any rule looks at the snapshot's own key."""
        return self.customer_managed or self.key_usable or self.names_keys

    @property
    def judges_key(self) -> bool:
        """Tell whether any rule looks at any key."""
        return self.judges_own_key or self.associated_keys == "forbid"

    @property
    def judges_anything(self) -> bool:
        """Tell whether a device can fail these rules at all."""
        return self.encrypted or self.judges_key


@dataclasses.dataclass(frozen=True)
class Policy:
    """The rules for all devices, and those for devices of certain names.

    Some watermark has to fit some of the patterns, and each type that the image is limited to has to fit one.
    """

    rules: Rules
    devices: t.Mapping[str, Rules] = dataclasses.field(default_factory=dict)
    watermarks: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()

    @property
    def judges_image(self) -> bool:
        """Tell whether a rule looks at the image itself, whatever devices it has."""
        return bool(self.watermarks or self.instance_types)

    def rules_for(self, device_name: str) -> Rules:
        """Return the rules that hold for a device."""
        return self.devices.get(device_name, self.rules)

    @property
    def needs_tags(self) -> bool:
        """Tell whether the tags of keys have to be read."""
        return any(rules.allowed_key_tags for rules in (self.rules, *self.devices.values()))


def parse_policy(options: Options | None) -> Policy | None:
    """Return the policy; a device's options override those of the same name at the top. None stays None."""
    if options is None:
        return None
    top = {name: options[name] for name in _RULES if options.get(name) is not None}
    rules = _parse_rules(top, where="policy")
    devices: dict[str, Rules] = {}
    for device in options.get("devices") or ():
        name = str(device["device_name"])
        if name in devices:
            raise RequestError(f"policy.devices names {name} twice")
        own = {rule: device[rule] for rule in _RULES if device.get(rule) is not None}
        devices[name] = _parse_rules({**top, **own}, where=f"policy.devices {name}")
    types = _parse_instance_types(options.get("instance_types"))
    policy = Policy(rules, devices, _parse_watermarks(options.get("watermarks")), types)
    if not policy.judges_image and not any(one.judges_anything for one in (rules, *devices.values())):
        known = _named((*_DEMANDS, *_OF_IMAGE))
        raise RequestError(f"policy demands nothing, so that everything would pass; set at least one of {known}")
    return policy


def _parse_rules(options: Options, *, where: str) -> Rules:
    """Return the rules, or refuse a list of keys that is empty: nothing could ever be compliant with it."""
    keys, tags = options.get("allowed_keys"), options.get("allowed_key_tags")
    keys = keys if keys is None else parse_list(keys)
    for name, value in (("allowed_keys", keys), ("allowed_key_tags", tags)):
        if value is not None and not value:
            raise RequestError(f"{where}: {name} is empty, so that no key could pass; name keys or leave it out")
    for key in keys or ():
        if not _ALLOWED.fullmatch(str(key)):
            raise RequestError(
                f"{where}: allowed_keys {key!r} is neither a key ARN, an alias name (alias/…) nor an alias ARN"
            )
    return Rules(
        encrypted=bool(options.get("encrypted")),
        customer_managed=bool(options.get("customer_managed")),
        key_usable=bool(options.get("key_usable")),
        allowed_keys=tuple(str(key) for key in keys or ()),
        allowed_key_tags={str(key): "" if value is None else str(value) for key, value in (tags or {}).items()},
        associated_keys=str(options.get("associated_keys") or "same_rules"),
    )


def _parse_watermarks(value: t.Any) -> tuple[str, ...]:
    """Return the patterns; who may put a watermark on an image is half of what it says, so the account is needed."""
    patterns = tuple(dict.fromkeys(parse_names(value)))
    if value is not None and not patterns:
        raise RequestError("policy: watermarks is empty, so that no image could pass; name some or leave it out")
    for pattern in patterns:
        if not _WATERMARK.fullmatch(pattern):
            raise RequestError(
                f"policy: watermarks {pattern!r} is not an account and a name, such as 123456789012:golden-*; every "
                "account can attach a watermark of any name to its own images"
            )
    return patterns


def _parse_instance_types(value: t.Any) -> tuple[str, ...]:
    """Return the patterns of instance types that images may be limited to."""
    patterns = tuple(dict.fromkeys(parse_list(value)))
    if value is not None and not patterns:
        raise RequestError("policy: instance_types is empty, so that no image could pass; name some or leave it out")
    for pattern in patterns:
        if not _TYPE.fullmatch(pattern):
            raise RequestError(f"policy: instance_types {pattern!r} is not an instance type such as m7i.large or t3.*")
    return patterns


def _named(names: t.Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
