"""Keys by which messages find the instances that they are meant for (BPMN 2.0.2 §8.4.2)."""

from __future__ import annotations

from collections.abc import Mapping

import orjson


def correlation_text(values: Mapping[str, str]) -> str:
    """Return the key that properties make up together, as text.

    Args:
        values: The properties by name, each as text; one alone is the key itself.
    """
    if len(values) == 1:
        return next(iter(values.values()))
    return orjson.dumps([values[name] for name in sorted(values)]).decode()
