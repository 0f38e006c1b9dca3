# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Understand what people type into surveys and variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: answer
version_added: 1.0.0
short_description: Understand what a person typed
description:
  - Turns an answer of a survey, or a variable, into the value that was meant. All roles and playbooks of this
    collection use it, so that text and structured values are taken everywhere and in the same way.
  - Whatever is not blank is understood or refused, with the line quoted. Nothing is left out.
  - A blank answer means that nothing is said. To say that there is to be nothing, write V(none), or give an empty list
    or dictionary. AWX hands over a question that was left blank as empty text, so that blank cannot mean "clear it".
author:
  - sealed.ami contributors (@sealed-ami)
positional: kind, blank
options:
  _input:
    description: What was typed, or a value of the right type already.
    type: raw
    required: true
  kind:
    description:
      - V(text) is text without the blanks around it.
      - V(list) is a list, or items with commas, blanks or lines between them, or a JSON list.
      - V(names) is a list of names that may hold blanks, or one name a line, commas between them, or a JSON list.
      - "V(pairs) is a dictionary, or C(name=value) or C(name: value) with lines, blanks or commas between the pairs, or
        JSON. Neither names nor values hold blanks."
      - "V(tags) is a dictionary, or one C(name=value) or C(name: value) a line, or JSON. Values may hold blanks."
      - V(records) is a list of dictionaries, or one line of pairs for each of them, or JSON.
      - V(dict) is a dictionary or JSON, V(bool) a truth, and V(int) a whole number.
    type: str
    choices: [text, list, names, pairs, tags, records, dict, bool, int]
    default: text
  blank:
    description:
      - What to return where nothing is said, such as C(omit). By default it is the empty value of the kind.
    type: raw
"""

EXAMPLES = r"""
- name: Say what was typed
  ansible.builtin.debug:
    msg: "{{ typed_regions | sealed.ami.answer('list') }} {{ typed_keys | sealed.ami.answer('pairs') }}"
  vars:
    # ['us-east-1', 'us-west-2'] and {'/dev/sdf': 'alias/data', '/dev/sdg': 'alias/logs'}
    typed_regions: us-east-1, us-west-2
    typed_keys: |
      /dev/sdf = alias/data
      /dev/sdg: alias/logs

- name: Leave the description as it is unless something was typed
  sealed.ami.ec2_ami_encrypted_copy:
    source_region: us-east-1
    source_image_id: ami-00ec2000000000001
    region: eu-west-1
    description: "{{ typed_description | default('') | sealed.ami.answer('text', omit) }}"
"""

RETURN = r"""
_value:
  description: The value that was meant, or O(blank).
  type: raw
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.sealed.ami.plugins.module_utils._image import answers
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError

PARSERS: t.Final[dict[str, t.Callable[[t.Any], t.Any]]] = {
    "text": answers.parse_text,
    "list": answers.parse_list,
    "names": answers.parse_names,
    "pairs": answers.parse_pairs,
    "tags": answers.parse_tags,
    "records": answers.parse_records,
    "dict": answers.parse_dict,
    "bool": answers.parse_bool,
    "int": answers.parse_int,
}
_EMPTY: t.Final = object()


def answer(typed: t.Any, kind: str = "text", blank: t.Any = _EMPTY) -> t.Any:
    """Return what was meant, or ``blank`` where nothing was said."""
    if kind not in PARSERS:
        raise AnsibleFilterError(f"answer knows the kinds {', '.join(PARSERS)}, not {kind!r}")
    if blank is not _EMPTY and answers.is_blank(typed):
        return blank
    try:
        return PARSERS[kind](typed)
    except RequestError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"answer": answer}
