"""What a form is opened with: as much of records and variables as it shows, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from forms.entries import MISSING, Path, get_at
from forms.expressions import expressions_in
from forms.plain import is_leaf, to_plain
from forms.schema import Component, build_component, form_keys

MAX_VALUE_DEPTH: Final = 6
MAX_LIST_LENGTH: Final = 1_000

_CHAIN = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_TEXT_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"')


def form_initial_data(
    schema: Mapping[str, Any],
    record_values: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the data that the browser opens a form with, nested by key and ready for JSON.

    It has the values under the form's keys, and what its expressions, templates and choices
    name; nothing else of a record or of the variables leaves the server. A variable shadows a
    record of the same name.

    Args:
        schema: The form-js schema, without faults.
        record_values: Records by name (``deal``), read on demand.
        variables: The variables that the task sees.
    """
    data: dict[str, Any] = {}
    dates, empty = _special_keys(schema)
    for path in sorted({*_keys(schema), *_named_paths(schema)} - empty, key=len):
        source = variables if path[0] in variables else record_values
        found = get_at(source, path)
        if found is not MISSING:
            _place(data, path, _shown(found, 0, date_only=path in dates))
    return data


def _keys(schema: Mapping[str, Any]) -> set[Path]:
    return {tuple(key.split(".")) for key in form_keys(schema)}


def _special_keys(schema: Mapping[str, Any]) -> tuple[set[Path], set[Path]]:
    """Return the keys of dates, which cut a moment to its day, and those that start empty."""
    dates: set[Path] = set()
    empty: set[Path] = set()
    pending: list[tuple[Path, Component]] = [((), build_component(schema))]
    while pending:
        prefix, component = pending.pop()
        path = (*prefix, *component.path)
        if component.type == "datetime" and component.spec.get("subtype", "date") == "date":
            dates.add(path)
        if component.is_field and component.starts_empty:
            empty.add(path)
        pending.extend((path, inner) for inner in component.components)
    return dates, empty


def _named_paths(schema: Mapping[str, Any]) -> Iterator[Path]:
    """Yield each name, with what follows its dots, in the schema's expressions and templates."""
    for name, text in _texts(schema):
        if name == "valuesKey":
            yield (text,)
            continue
        for expression in expressions_in(text):
            for chain in _CHAIN.findall(_TEXT_LITERAL.sub(" ", expression)):
                yield tuple(part.strip() for part in chain.split("."))


def _texts(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, inner in node.items():
            if isinstance(inner, str):
                yield name, inner
            else:
                yield from _texts(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts(inner)


def _place(data: dict[str, Any], path: Path, value: Any) -> None:
    place = data
    for part in path[:-1]:
        inner = place.setdefault(str(part), {})
        if not isinstance(inner, dict):
            return  # already there as a whole
        place = inner
    if isinstance(place.get(str(path[-1])), dict) and isinstance(value, dict):
        place[str(path[-1])].update(value)
    else:
        place[str(path[-1])] = value


def _shown(value: Any, depth: int, *, date_only: bool = False) -> Any:
    """Return a value ready for JSON; what a record relates to is not followed."""
    if depth > MAX_VALUE_DEPTH:
        return None
    if isinstance(value, dict):
        return {str(name): _shown(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, Mapping):
        return {str(name): to_plain(inner) for name, inner in value.items() if is_leaf(inner)}
    if not is_leaf(value):
        return [_shown(inner, depth + 1) for inner in value[:MAX_LIST_LENGTH]]
    plain = to_plain(value)
    return plain[:10] if date_only and isinstance(plain, str) else plain
