"""Small form-js schemas for tests."""

from __future__ import annotations

from typing import Any


def form(*components: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Make a form of these components."""
    return {
        "type": "default",
        "id": "test",
        "schemaVersion": 19,
        "components": list(components),
        **settings,
    }


def field(kind: str, key: str, *, hide: str | None = None, **settings: Any) -> dict[str, Any]:
    """Make a field; ``hide`` is the condition under which it is not shown."""
    made = {"type": kind, "key": key, "label": key, "id": f"Field_{key.replace('.', '_')}"}
    if hide is not None:
        made["conditional"] = {"hide": hide}
    return {**made, **settings}


def options(*values: Any) -> list[dict[str, Any]]:
    """Make fixed choices whose labels are their values."""
    return [{"label": str(value), "value": value} for value in values]
