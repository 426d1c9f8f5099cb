"""Values as answers show them: plain JSON, but for what is temporal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from feel import from_json, to_json


def simple(value: Any) -> Any:
    """Return a FEEL value as JSON: numbers as such, temporal values with `@type` and `@value`."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [simple(item) for item in value]
    if isinstance(value, Mapping):
        return {name: simple(item) for name, item in value.items()}
    return to_json(value)


def simple_all(forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return variables in the JSON form of `feel.to_json` as `simple` does."""
    return {name: simple(from_json(form)) for name, form in forms.items()}
