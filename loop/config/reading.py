"""A configuration read from its YAML file, and every mistake in it at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from alloys.errors import InputError, no_text, without_secrets
from alloys.files import read_plain
from alloys.space import kinds_of_space
from loop.config.checking import semantic_mistakes
from loop.config.home import folders_of
from loop.config.schema import CampaignConfig
from loop.config.yaml_lines import Document, Location, parse_value, parse_yaml

_SERVERS = {
    "directory": "a campaign on a server has its URL as `state`",
    "tracking.folder": "a server of MLflow is named by MLFLOW_TRACKING_URI",
}
"""By the key of each folder: what names a server."""

MOST_BYTES = 1_000_000
"""The largest configuration that is read."""


def load_config(path: Path, overrides: Sequence[str] = (), **given: Any) -> CampaignConfig:
    """Reads and checks a configuration file.

    Args:
        path: the YAML file.
        overrides: ``key=value`` texts with dotted keys, values read as YAML.
        given: further top-level values that win over the file; None is left out.

    Raises:
        InputError: naming every mistake with its line.
    """
    config, mistakes = check_config(path, overrides, **given)
    if config is None or mistakes:
        raise InputError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return config


def check_config(path: Path, overrides: Sequence[str] = (), **given: Any) -> tuple[CampaignConfig | None, list[str]]:
    """The configuration, or None, and every mistake in it, in the order of lines.

    Raises:
        InputError: if no campaign can be in this folder, or there is no such file.
    """
    if told := no_text([str(Path().resolve())]):
        raise InputError(told)
    document = read_document(path, overrides, **given)
    config: CampaignConfig | None = None
    mistakes = list(document.mistakes)
    try:
        config = CampaignConfig.model_validate(document.data)
    except ValidationError as error:
        mistakes += [_schema_mistake(document, detail) for detail in error.errors(include_url=False)]
    for key, folder in folders_of(config).items() if config else ():
        if "://" in folder:
            told = f"{key} is a folder of this machine, got {without_secrets(folder)!r}; {_SERVERS[key]}"
            mistakes.append((document.line_of(tuple(key.split("."))), told))
    for location, message in semantic_mistakes(document.data):
        mistakes.append((document.line_of(location), message))
    ordered = [f"line {line}: {message}" if line else f"--set {message}" for line, message in sorted(set(mistakes))]
    return (None if ordered else config), ordered


def read_document(path: Path, overrides: Sequence[str] = (), **given: Any) -> Document:
    """The file as a document, with overrides applied.

    Raises:
        InputError: if the file cannot be read, is not YAML, or an override is not ``key=value``.
    """
    try:
        text = read_plain(path, "", MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {path}: {error}") from error
    document = parse_yaml(text, str(path))
    for override in overrides:
        document.overridden.add(apply_override(document.data, override))
    document.data.update({key: value for key, value in given.items() if value is not None})
    return document


def apply_override(data: dict[str, Any], override: str) -> Location:
    """Sets one value of a configuration: ``key=value`` with a dotted key, the value read as YAML. Returns its path.

    Raises:
        InputError: if that is not what it is.
    """
    key, separator, text = override.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not separator or not all(parts):
        raise InputError(f"--set takes key=value with a dotted key, got {override!r}")
    try:
        value = parse_value(text)
    except InputError as error:
        raise InputError(f"--set {key}: {error}") from error
    target = data
    for part in parts[:-1]:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise InputError(f"--set {key}: {part!r} is not a section")
    target[parts[-1]] = value
    return tuple(parts)


def _schema_mistake(document: Document, detail: Any) -> tuple[int, str]:
    location: Location = tuple(detail["loc"])
    if location[:1] == ("space",):  # after which the kind stands, that is no key of the file
        location = (*location[:1], *location[2:])
    where = ".".join(str(part) for part in location)
    message = str(detail["msg"])
    if detail["type"] == "extra_forbidden":
        message = "unknown key"
        known = _known_keys(location[:-1])
        if known:
            message += f"; known here are {', '.join(known)}"
    elif detail["type"] == "union_tag_invalid":
        message = f"unknown kind {detail['ctx']['tag']!r}; known are {', '.join(kinds_of_space())}"
    elif detail["type"] != "missing":
        message += f", got {without_secrets(str(detail['input']))[:60]!r}"
    return document.line_of(location), f"{where}: {message}"


def _known_keys(location: Location) -> list[str]:
    models: list[Any] = [CampaignConfig]
    for part in location:
        if isinstance(part, int):  # one of a list, whose type is known already
            continue
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = [found for annotation in fields for found in _models_in(annotation)]
    keys = [field.alias or name for model in models for name, field in model.model_fields.items()]
    return list(dict.fromkeys(keys))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
