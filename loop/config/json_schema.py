"""The configuration as a JSON schema, for editors that complete keys and mark mistakes while a person writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alloys.physics.registry import physics_names
from generators.registry import family_names
from loop.config.schema import CampaignConfig
from loop.config.tiers import PEOPLE
from validation.registry import settings_schemas, validator_names


def json_schema() -> dict[str, Any]:
    """The schema. Names of physics, validators and generators are those that are installed; others are let through."""
    schema = CampaignConfig.model_json_schema()
    validators, families = (*PEOPLE, *validator_names()), family_names()
    parts = schema["$defs"]
    for section, key, names in (
        (schema, "physics", physics_names()),
        (parts["ValidatorConfig"], "name", validators),
        (parts["TierConfig"], "name", validators),
        (parts["GeneratorConfig"], "family", families),
    ):
        section["properties"][key] |= _suggested(names)
    for name, settings in settings_schemas().items():
        parts[f"Settings_{name}"] = settings
        known = {"properties": {"settings": {"$ref": f"#/$defs/Settings_{name}"}}}
        for part in ("ValidatorConfig", "TierConfig"):
            parts[part].setdefault("allOf", []).append({"if": {"properties": {"name": {"const": name}}}, "then": known})
    parts["GeneratorConfig"]["properties"]["families"]["propertyNames"] = _suggested(families)
    plain: dict[str, Any] = {"type": ["string", "number", "boolean"]}
    short = [plain, {"type": "array", "items": plain, "minItems": 1}]
    parts["VariableSpec"] = {"anyOf": [parts["VariableSpec"], *short]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _suggested(names: Sequence[str]) -> dict[str, Any]:
    """Names that an editor offers; another one may come from a package that it does not know."""
    return {"anyOf": [{"enum": list(names)}, {"type": "string"}]}
