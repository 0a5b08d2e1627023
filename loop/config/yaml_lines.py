"""YAML with the line of every value, no object tags, and duplicate keys refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from alloys.errors import InputError

Location = tuple[str | int, ...]

DEEPEST = 30
"""How deep values may be nested; a configuration needs five or six levels."""
LARGEST = 10_000
"""How many values a document may have, those that aliases repeat counted again."""


@dataclass
class Document:
    """A parsed YAML mapping.

    Attributes:
        data: plain dicts, lists, strings, numbers, booleans and None.
        lines: the line (from 1) of every value, by its path.
        mistakes: what is wrong on the YAML level, as (line, message).
        overridden: paths of values that were given elsewhere, in place of those of the text.
        values: how many values were read, those that aliases repeat counted again.
        construct: makes a plain value of a scalar.
    """

    data: dict[str, Any]
    lines: dict[Location, int] = field(default_factory=dict)
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    overridden: set[Location] = field(default_factory=set)
    values: int = 0
    construct: Callable[[Node], Any] = field(default_factory=lambda: _reader().constructor.construct_object)

    def line_of(self, location: Location) -> int:
        """The line of a value, or of the nearest mapping or list around it; 0 of one that is not of the text."""
        if any(location[:length] in self.overridden for length in range(1, len(location) + 1)):
            return 0
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def parse_yaml(text: str, where: str) -> Document:
    """Parses a YAML document whose top is a mapping.

    Raises:
        InputError: if the text is not YAML, not a mapping, or nested too deep or too large.
    """
    try:
        node = _composed(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise InputError(f"{where}, line {line}: not YAML: {getattr(error, 'problem', error)}") from error
    except InputError as error:
        raise InputError(f"{where}, {error}") from error
    if not isinstance(node, MappingNode):
        raise InputError(f"{where}: a configuration is a YAML mapping of keys to values")
    document = Document({})
    try:
        document.data = _plain(node, (), document)
    except InputError as error:
        raise InputError(f"{where}, {error}") from error
    return document


def _reader() -> YAML:
    return YAML(typ="safe", pure=True)


def _composed(text: str) -> Node | None:
    """The tree of a text that is neither too deep nor too large; events are counted before anything is built of them.

    Raises:
        InputError: if it is one of these.
        YAMLError: if it is not YAML.
    """
    depth = 0
    for count, event in enumerate(_reader().parse(text)):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        _refuse_excess(depth, count, event.start_mark.line + 1 if event.start_mark else 1)
    node: Node | None = _reader().compose(text)
    return node


def _refuse_excess(depth: int, count: int, line: int) -> None:
    if depth > DEEPEST:
        raise InputError(f"line {line}: values are nested more than {DEEPEST} levels deep, or hold themselves")
    if count > LARGEST:
        raise InputError(f"line {line}: more than {LARGEST} values, counting what aliases repeat; write fewer")


def parse_value(text: str) -> Any:
    """A single YAML value, such as ``3``, ``[1, 2]`` or ``{tdb: my.tdb}``.

    Raises:
        InputError: if the text is not one.
    """
    document = Document({})
    try:
        node = _composed(text)
    except YAMLError as error:
        raise InputError(f"{text!r} is not a YAML value ({getattr(error, 'problem', error)})") from error
    value = None if node is None else _plain(node, (), document)
    if document.mistakes:
        raise InputError(document.mistakes[0][1])
    return value


_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def _tag_message(tag: str | None) -> str:
    return f"the tag {tag!r} is not allowed; write plain values"


def _plain(node: Node, path: Location, document: Document) -> Any:
    document.values += 1
    _refuse_excess(len(path), document.values, node.start_mark.line + 1)
    document.lines[path] = node.start_mark.line + 1
    if not isinstance(node, ScalarNode) and node.tag not in _PLAIN_TAGS:
        document.mistakes.append((node.start_mark.line + 1, _tag_message(node.tag)))
    if isinstance(node, MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, SequenceNode):
        return [_plain(child, (*path, i), document) for i, child in enumerate(node.value)]
    return _scalar(node, document)


def _mapping(node: MappingNode, path: Location, document: Document) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else repr(key_node.value)
        line = key_node.start_mark.line + 1
        if key in values:
            first = document.lines[(*path, key)]
            document.mistakes.append((line, f"the key {key!r} is given twice, first on line {first}; keep one"))
            continue
        values[key] = _plain(value_node, (*path, key), document)
        document.lines[(*path, key)] = line
    return values


def _scalar(node: Node, document: Document) -> Any:
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in node.value):
        document.mistakes.append((node.start_mark.line + 1, "a text holds a NUL or half of a surrogate pair"))
        return None
    try:
        return document.construct(node)
    except YAMLError:
        document.mistakes.append((node.start_mark.line + 1, _tag_message(node.tag)))
    except (ValueError, LookupError, AttributeError, ArithmeticError) as error:  # no scalar with a tag is checked
        document.mistakes.append((node.start_mark.line + 1, f"{node.value[:40]!r} is not a value: {error}"))
    return None
