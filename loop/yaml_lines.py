"""YAML with the line of every value, no object tags, and duplicate keys refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from alloys.errors import InputError

Location = tuple[str | int, ...]


@dataclass
class Document:
    """A parsed YAML mapping.

    Attributes:
        data: plain dicts, lists, strings, numbers, booleans and None.
        lines: the line (from 1) of every value, by its path.
        mistakes: what is wrong on the YAML level, as (line, message).
    """

    data: dict[str, Any]
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def line_of(self, location: Location) -> int:
        """The line of a value, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def parse_yaml(text: str, where: str) -> Document:
    """Parses a YAML document whose top is a mapping.

    Raises:
        InputError: if the text is not YAML, or not a mapping.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise InputError(f"{where}, line {line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{where}: a configuration is a YAML mapping of keys to values")
    document = Document({})
    document.data = _plain(node, (), document)
    return document


# YAML 1.1 asks for a point and a signed exponent; people write 1e-9.
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def parse_value(text: str) -> Any:
    """A single YAML value, such as ``3``, ``[1, 2]`` or ``{tdb: my.tdb}``.

    Raises:
        InputError: if the text is not one.
    """
    document = Document({})
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{text!r} is not a YAML value ({getattr(error, 'problem', error)})") from error
    value = None if node is None else _plain(node, (), document)
    if document.mistakes:
        raise InputError(document.mistakes[0][1])
    return value


_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _tag_message(tag: str) -> str:
    return f"the tag {tag!r} is not allowed; write plain values"


def _plain(node: yaml.Node, path: Location, document: Document) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        document.mistakes.append((node.start_mark.line + 1, _tag_message(node.tag)))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, i), document) for i, child in enumerate(node.value)]
    return _scalar(node, document)


def _mapping(node: yaml.MappingNode, path: Location, document: Document) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else repr(key_node.value)
        line = key_node.start_mark.line + 1
        if key in values:
            first = document.lines[(*path, key)]
            document.mistakes.append((line, f"the key {key!r} is given twice, first on line {first}; keep one"))
            continue
        values[key] = _plain(value_node, (*path, key), document)
        document.lines[(*path, key)] = line
    return values


def _scalar(node: yaml.Node, document: Document) -> Any:
    loader = yaml.SafeLoader("")
    try:
        if node.tag == "tag:yaml.org,2002:str" and not getattr(node, "style", None) and _EXPONENT.fullmatch(node.value):
            return float(node.value)
        return loader.construct_object(node)
    except yaml.YAMLError:
        document.mistakes.append((node.start_mark.line + 1, _tag_message(node.tag)))
        return None
    except ValueError as error:
        document.mistakes.append((node.start_mark.line + 1, f"not a value: {error}"))
        return None
    finally:
        loader.dispose()
