"""Helm's `--set` as Argo CD's `helm.parameters` use it: a name with dots and indices, and a text with a type.

The rules are those of Helm's package strvals: `true`, `false`, `null` and whole numbers are such, unless the
text is forced; `{a,b}` is a list; a backslash takes a dot or a comma its meaning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anchor_tui.domain.yaml.nodes import Json, KeyPath

if TYPE_CHECKING:
    from collections.abc import Sequence


class WholeNumber(int):
    """A whole number out of a parameter: a template writes it as it is, where one of a file becomes 1e+06."""


_NAME_STEP = re.compile(r"((?:\\.|[^.\[\]\\])*)((?:\[\d{1,5}\])*)(?:\.|$)")
_WHOLE_NUMBER = re.compile(r"-?[1-9][0-9]{0,17}|0")
MAX_INDEX = 65536


def parse_parameter_name(name: str) -> KeyPath:
    """The key path of a parameter: `gateway.env[0].value`; ValueError where it is none."""
    path: list[str | int] = []
    position = 0
    while position < len(name):
        found = _NAME_STEP.match(name, position)
        if found is None or found.end() == position:
            raise ValueError(f"`{name}` is no name of a Helm parameter")
        key, indices = found.groups()
        if not key:
            raise ValueError(f"`{name}` is no name of a Helm parameter")
        path.append(re.sub(r"\\(.)", r"\1", key))
        path.extend(int(index) for index in re.findall(r"\d+", indices))
        position = found.end()
    if not path:
        raise ValueError("a Helm parameter has no name")
    return tuple(path)


def parse_parameter_value(text: str, *, force_string: bool = False) -> Json:
    """What a parameter's text means."""
    if text.startswith("{") and text.endswith("}"):
        inner = text[1:-1]
        items = re.split(r"(?<!\\),", inner) if inner else []
        return [_parse_typed_text(item.strip(), force_string=force_string) for item in items]
    return _parse_typed_text(text, force_string=force_string)


def _parse_typed_text(text: str, *, force_string: bool) -> Json:
    text = re.sub(r"\\([,.\\{}=])", r"\1", text)
    if force_string:
        return text
    words: dict[str, Json] = {"true": True, "false": False, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    return WholeNumber(text) if _WHOLE_NUMBER.fullmatch(text) else text


def build_parameter_layer(path: KeyPath, value: Json, below: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """A layer that says `value` at `path`. A list that it changes one item of is taken from the layers below."""
    top: dict[str, Json] = {}
    target: dict[str, Json] | list[Json] = top
    for position, step in enumerate(path):
        last = position == len(path) - 1
        here = path[: position + 1]
        following: Json = value
        if not last:
            following = _copy_list_at(below, here) if isinstance(path[position + 1], int) else {}
        if isinstance(target, dict):
            target[str(step)] = following
        else:
            index = int(step)
            if index > MAX_INDEX:
                raise ValueError(f"index {index} is beyond what Helm takes")
            target.extend([None] * (index + 1 - len(target)))
            under = target[index]
            target[index] = {**under} if not last and isinstance(under, dict) and following == {} else following
            following = target[index]
        if isinstance(following, dict | list):
            target = following
    return top


def _copy_list_at(below: Sequence[dict[str, Json]], path: KeyPath) -> list[Json]:
    for layer in reversed(below):
        node: Json = layer
        for step in path:
            if isinstance(node, dict) and str(step) in node:
                node = node[str(step)]
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                break
        else:
            return list(node) if isinstance(node, list) else []
    return []
