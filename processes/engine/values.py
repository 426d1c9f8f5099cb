"""Values between the engine and the world around it.

Inside, a variable is kept in the JSON form of `feel.to_json`: what JSON has no word for (decimals,
dates, durations) is an object with `@type` and `@value`. Scripts and services get plain JSON.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import UTC
from typing import Any, Protocol, TypeGuard, runtime_checkable

import feel
from processes.engine.errors import EngineError, StepFailed
from processes.engine.timers import parse_moment


def evaluated(value: Any) -> Any:
    """Return the value of an expression in JSON form.

    A live record is kept as a copy of its own fields, without the records it leads to: they lead
    on to others and back to it.

    Raises:
        StepFailed: It can't be kept: a function, or too large.
    """
    try:
        return feel.to_json(_still(value))
    except feel.FeelError as problem:
        raise StepFailed(f"A value can't be kept in a variable: {problem}") from problem


def record_fields(value: Any, names: Container[str], depth: int = 4) -> Any:
    """Return of a live record, as plain JSON, the fields with these names, at most so deep."""
    if not _is_live(value):
        return plain(evaluated(value))
    if depth == 0:
        return {}
    return {key: record_fields(value[key], names, depth - 1) for key in value if key in names}


def _still(value: Any) -> Any:
    if isinstance(value, list):
        return [_still(item) for item in value]
    if isinstance(value, dict):
        return type(value)((key, _still(item)) for key, item in value.items())
    if not _is_live(value):
        return value
    entries = ((key, value[key]) for key in value)
    return {key: item for key, item in entries if not _is_live(item)}


@runtime_checkable
class Described(Protocol):
    """A live record that knows what people call its fields."""

    def called(self, name: str) -> str:
        """Return what people call a field, with whose it is."""
        ...


def is_described(value: Any) -> TypeGuard[Described]:
    """Tell whether a live record knows what people call its fields."""
    return isinstance(value, Described)


def _is_live(value: Any) -> bool:
    return isinstance(value, Mapping) and not isinstance(value, dict)


def received(value: Any) -> Any:
    """Return a value that the layer above brings, plain JSON or a FEEL value, in JSON form.

    Raises:
        EngineError: It is neither.
    """
    try:
        return feel.to_json(feel.from_json(value))
    except feel.FeelError as problem:
        raise EngineError(f"A value can't be kept in a variable: {problem}") from problem


def received_all(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return values by name, each as `received` does."""
    return {name: received(value) for name, value in (values or {}).items()}


def answered(value: Any) -> Any:
    """Return what the host answered in JSON form.

    Raises:
        StepFailed: It is no value.
    """
    try:
        return received(value)
    except EngineError as problem:
        raise StepFailed(str(problem)) from problem


def plain(form: Any) -> Any:
    """Return a JSON form as plain JSON: numbers as such, dates and times as ISO 8601 text.

    A time in a named zone gets that zone's offset, which other systems can read.
    """
    if isinstance(form, list):
        return [plain(part) for part in form]
    if not isinstance(form, dict):
        return form
    if form.keys() != {"@type", "@value"}:
        return {key: plain(part) for key, part in form.items()}
    kind, content = form["@type"], form["@value"]
    if kind == "dateTime" and "@" in content:
        return parse_moment(content, UTC).isoformat()
    return feel.to_plain(feel.from_json(form))


def plain_all(forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON forms by name as plain JSON."""
    return {name: plain(form) for name, form in forms.items()}


def named_result(form: Any, variable: str) -> dict[str, Any]:
    """Return a result in JSON form by name: under a result variable if there is one.

    Raises:
        StepFailed: It has no names of its own and there is no result variable.
    """
    if variable:
        return {variable: form}
    if form is None:
        return {}
    if isinstance(form, dict) and form.keys() != {"@type", "@value"}:
        return form
    raise StepFailed("The result is a single value, but no result variable is named for it.")
