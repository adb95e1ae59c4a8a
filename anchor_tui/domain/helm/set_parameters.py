"""Parse Helm's `--set` syntax, which Argo CD uses for `helm.parameters`.

The rules are those of Helm's package strvals: `true`, `false`, `null` and integers are typed unless a string is forced;
`{a,b}` is a list; a backslash escapes a dot or a comma.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anchor_tui.domain.yaml.limits import MAX_DEPTH
from anchor_tui.domain.yaml.nodes import Json, KeyPath

if TYPE_CHECKING:
    from collections.abc import Sequence


class WholeNumber(int):
    """An integer from a parameter. A template writes it unchanged, whereas an integer of a file may become 1e+06."""


MAX_INDEX = 65536
_NAME_STEP = re.compile(r"((?:\\.|[^.\[\]\\])*)((?:\[\d{1,5}\])*)(?:\.|$)")
_WHOLE_NUMBER = re.compile(r"-?[1-9][0-9]{0,17}|0")


def parse_parameter_name(name: str) -> KeyPath:
    """Return the key path of a name such as `gateway.env[0].value`. Raises ValueError if it is not a name."""
    path: list[str | int] = []
    position = 0
    while position < len(name):
        found = _NAME_STEP.match(name, position)
        if found is None or found.end() == position:
            raise ValueError(f"`{name}` is not a name of a Helm parameter")
        key, indices = found.groups()
        if not key:
            raise ValueError(f"`{name}` is not a name of a Helm parameter")
        path.append(re.sub(r"\\(.)", r"\1", key))
        path.extend(int(index) for index in re.findall(r"\d+", indices))
        position = found.end()
        if len(path) > MAX_DEPTH:
            raise ValueError(f"the name of a Helm parameter has more than {MAX_DEPTH} levels")
    if not path:
        raise ValueError("a Helm parameter has no name")
    return tuple(path)


def parse_parameter_value(text: str, *, force_string: bool = False) -> Json:
    """Return the typed value of a parameter's text. Raises ValueError for a list above Helm's limit of indices."""
    if text.startswith("{") and text.endswith("}"):
        inner = text[1:-1]
        if inner.count(",") > MAX_INDEX:
            raise ValueError(f"a list has more than {MAX_INDEX} items")
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
    """Return a layer that sets `value` at `path`.

    If the path goes through an item of a list, the other items are copied from the topmost of the layers `below` that
    has the list. Raises ValueError for an index above Helm's limit.
    """
    top: dict[str, Json] = {}
    target: dict[str, Json] | list[Json] = top
    for position, step in enumerate(path):
        is_last = position == len(path) - 1
        child: Json = value
        if not is_last:
            child = _copy_list_at(below, path[: position + 1]) if isinstance(path[position + 1], int) else {}
        if isinstance(target, dict):
            target[str(step)] = child
        else:
            index = int(step)
            if index > MAX_INDEX:
                raise ValueError(f"index {index} is above Helm's limit of {MAX_INDEX}")
            target.extend([None] * (index + 1 - len(target)))
            existing = target[index]
            target[index] = {**existing} if not is_last and isinstance(existing, dict) and child == {} else child
            child = target[index]
        if isinstance(child, dict | list):
            target = child
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


def count_list_items(layer: dict[str, Json], path: KeyPath) -> int:
    """Return the number of items in the lists on the path of a parameter: one index can create 65,536 of them."""
    count = 0
    node: Json = layer
    for step in path:
        if isinstance(node, list):
            count += len(node)
            node = node[int(step)] if int(step) < len(node) else None
        elif isinstance(node, dict):
            node = node.get(str(step))
    return count
