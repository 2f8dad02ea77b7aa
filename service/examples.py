"""An example of anything that the OpenAPI document describes, composed of the examples of its fields."""

from collections.abc import Mapping
from typing import Any

from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN

PATTERNS: Mapping[str, str] = {SCHOOL_PATTERN: "11ZZ03", PUPIL_PATTERN: "pahsihwbnepg3eqqyupsqqwskrl"}
FORMATS: Mapping[str, str] = {"date": "2026-11-16", "date-time": "2026-11-15T17:00:00Z", "binary": ""}
KINDS: Mapping[str, Any] = {"string": "", "integer": 1, "number": 0.5, "boolean": True, "null": None}


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value that `schema` allows; `schemas` are those it may refer to, by name."""
    for given in ("example", "const"):
        if given in schema:
            return schema[given]
    for several in ("examples", "enum"):
        if schema.get(several):
            return _whole(schema, schema[several][0])
    return _composed(schema, schemas)


def _composed(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a value made of the examples of what `schema` holds."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    choices = next((schema[several] for several in ("anyOf", "oneOf", "allOf") if several in schema), None)
    if choices:
        return example(choices[0], schemas)
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    if schema.get("type") == "object":
        return _object(schema, schemas)
    if "default" in schema:
        return schema["default"]
    written = {**FORMATS, **PATTERNS}
    return written.get(schema.get("format") or schema.get("pattern", ""), KINDS.get(schema.get("type", "")))


def _whole(schema: Mapping[str, Any], given: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the example of a field; where the field is a list, that of one item stands for the list."""
    return [given] if schema.get("type") == "array" and not isinstance(given, list) else given


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example of each property; where names are free, as of links, of one."""
    values = schema.get("additionalProperties")
    found = {name: example(inner, schemas) for name, inner in schema.get("properties", {}).items()}
    return found or ({"self": example(values, schemas)} if isinstance(values, Mapping) else {})
