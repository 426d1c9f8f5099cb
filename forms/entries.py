"""The fields of a form as they stand in one answer: lists repeated for each row that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from forms.expressions import browser_value
from forms.inputs import hold_initial
from forms.schema import Component

Path = tuple[str | int, ...]

MAX_ROWS: Final = 200
MAX_ENTRIES: Final = 10_000
MAX_UNKNOWN: Final = 20

NO_SUCH_FIELD: Final = "This form has no such field."

MISSING: Final = object()
"""Stands for a value that is not there, which null would be."""


@dataclass(slots=True, eq=False)
class Entry:
    """A field or container at its place in the answer.

    Attributes:
        path: Where its value stands; whole numbers are rows of lists, from 0.
        parent: The container around it; None for the form itself.
        row: The path of the innermost row it stands in; empty outside of lists.
        initial: What it held when the form was opened; for a list the number of rows that the
            browser begins with, None where the data has some.
        value: What was sent, made uniform; for a list the number of its rows.
        sent: Whether something was sent that it may take.
        writable: Whether the person may change it.
        refused: Why what was sent is not accepted; None if it is.
    """

    component: Component
    path: Path
    parent: Entry | None
    row: Path = ()
    initial: Any = None
    value: Any = None
    sent: bool = False
    writable: bool = True
    refused: str | None = None
    hidden: bool = False

    @property
    def key(self) -> str:
        """The path as an error names it: ``items.2.price``."""
        return ".".join(str(part) for part in self.path)

    @property
    def is_input(self) -> bool:
        """Whether it is a field that a person may fill in, if it is not read-only."""
        return self.component.is_field and not self.component.is_computed

    @property
    def known(self) -> Any:
        """What the field holds now: what was sent, else what it held."""
        return self.value if self.sent else self.initial


def collect_entries(
    root: Component, data: Mapping[str, Any], inputs: Mapping[str, Any]
) -> list[Entry]:
    """Return the entries of a form in its order, containers before what stands inside."""
    collector = _Collector(data, inputs, [])
    collector.collect(root, None, ())
    return collector.entries


@dataclass(slots=True)
class _Collector:
    """Goes through the components with what was sent and what the form was opened with."""

    data: Mapping[str, Any]
    inputs: Mapping[str, Any]
    entries: list[Entry]

    def collect(self, component: Component, parent: Entry | None, prefix: Path) -> None:
        """Add the entry of a component, and those of what stands inside."""
        entry = Entry(component, (*prefix, *component.path), parent, _row_of(prefix))
        self.entries.append(entry)
        if component.is_field:
            entry.initial = self._initial(entry)
            return
        for inner_prefix in self._row_prefixes(entry) if component.is_list else [entry.path]:
            for inner in component.components:
                self.collect(inner, entry, inner_prefix)

    def _initial(self, entry: Entry) -> Any:
        component = entry.component
        found = MISSING if component.starts_empty else get_at(self.inputs, entry.path)
        if found is MISSING:
            return component.start_value
        return hold_initial(component, browser_value(found))

    def _row_prefixes(self, entry: Entry) -> list[Path]:
        """Take the rows that were sent for a list, and return the path of each."""
        rows = get_at(self.data, entry.path)
        if rows is MISSING or rows is None:
            if not isinstance(get_at(self.inputs, entry.path), list | tuple):
                entry.initial = entry.component.spec.get("defaultRepetitions", 1)
            return []
        entry.refused = self._rows_fault(entry, rows)
        if entry.refused:
            return []
        entry.sent, entry.value = True, len(rows)
        return [(*entry.path, index) for index in range(len(rows))]

    def _rows_fault(self, entry: Entry, rows: Any) -> str | None:
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            return "Please enter a list of rows."
        if len(rows) > MAX_ROWS:
            return f"Please enter at most {MAX_ROWS} rows."
        if len(self.entries) + len(rows) * len(entry.component.components) > MAX_ENTRIES:
            return "These are too many rows."
        if not entry.component.spec.get("allowAddRemove", True):
            before = get_at(self.inputs, entry.path)
            fixed = entry.component.spec.get("defaultRepetitions", 1)
            if len(rows) != (len(before) if isinstance(before, list | tuple) else fixed):
                return "Rows can't be added or removed here."
        return None


def _row_of(prefix: Path) -> Path:
    """Return the part of a path up to its last row."""
    last = max((place for place, part in enumerate(prefix) if isinstance(part, int)), default=-1)
    return prefix[: last + 1]


def get_at(data: Any, path: Path) -> Any:
    """Return the value at a path, or `MISSING`."""
    found = data
    for part in path:
        if isinstance(part, int):
            if not isinstance(found, list | tuple) or part >= len(found):
                return MISSING
            found = found[part]
        elif isinstance(found, Mapping) and part in found:
            found = found[part]
        else:
            return MISSING
    return found


def put_at(target: dict[str, Any], path: Path, value: Any) -> None:
    """Set the value at a path, making the objects on the way; rows must be there."""
    place: Any = target
    for part in path[:-1]:
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
    place[path[-1]] = value


def unknown_keys(root: Component, data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return an error for each key that was sent and that the form does not have."""
    tree: dict[str, Any] = {}
    _grow(tree, root)
    found: dict[str, list[str]] = {}
    for key in _strangers(tree, data, ""):
        found[key[:200]] = [NO_SUCH_FIELD]
        if len(found) == MAX_UNKNOWN:
            break
    return found


class _Rows(dict[str, Any]):
    """What the rows of a list may hold."""


def _grow(tree: dict[str, Any], component: Component) -> None:
    """Add the keys of a component to the tree: None for a field, a dict for what has keys."""
    node = tree
    for part in component.path[:-1]:
        node = node.setdefault(part, {})
    if component.is_field:
        node[component.path[-1]] = None
        return
    if component.path:
        made: dict[str, Any] = _Rows() if component.is_list else {}
        node = node.setdefault(component.path[-1], made)
    for inner in component.components:
        _grow(node, inner)


def _strangers(tree: Mapping[str, Any], data: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in data.items():
        key = f"{prefix}{name}"
        if name not in tree:
            yield key
            continue
        node = tree[name]
        if isinstance(node, _Rows):
            yield from _strange_rows(node, value, key)
        elif isinstance(node, dict) and isinstance(value, Mapping):
            yield from _strangers(node, value, f"{key}.")
        elif isinstance(node, dict):
            yield key


def _strange_rows(node: _Rows, rows: Any, key: str) -> Iterator[str]:
    if not isinstance(rows, list):
        return  # the list itself is refused
    for index, row in enumerate(rows[:MAX_ROWS]):
        if isinstance(row, Mapping):
            yield from _strangers(node, row, f"{key}.{index}.")
