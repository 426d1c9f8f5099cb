"""Reading a filter: from JSON, or from the arguments of an address, into typed conditions.

What can't be read is refused with a sentence that says where and why, before anything is asked of
the database. Who may see which field is checked when the filter is compiled: that is known then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.errors import Invalid
from services.filtering.model import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Hop,
    Node,
    Not,
    Related,
    Words,
)
from services.filtering.operators import OPERATORS, operator_of
from services.filtering.relations import (
    Target,
    find_related,
    related_field,
    related_records,
    target_of,
)
from services.filtering.values import read_values, storable
from services.records.types import Field, RecordType

MAX_DEPTH: Final = 6
MAX_CONDITIONS: Final = 50
MAX_HOPS: Final = 3
MAX_RELATED: Final = 2
"""How deep ``some`` and ``none`` may lie in one another."""
MAX_BYTES: Final = 20_000
MAX_WORDS: Final = 200
_SHAPES: Final = (
    'A part of a filter is {"field": …, "op": …, "value": …}, {"and": […]}, {"or": […]}, '
    '{"not": …}, {"some": …, "where": …}, {"none": …, "where": …} or {"q": …}.'
)


def parse_filter(record_type: RecordType, raw: Any) -> Filter:
    """Read a filter of ``record_type`` from JSON that was decoded, or None for no filter.

    Raises:
        Invalid: It is no filter of this type; the message says where and why.
    """
    if not raw:
        return Filter(record_type.name, EVERYTHING, {})
    if not isinstance(raw, Mapping):
        raise refused("A filter is a JSON object.")
    reader = _Reader()
    root = reader.node(target_of_type(record_type), raw, depth=1, related=0)
    return Filter(record_type.name, root, raw)


def parse_filter_text(record_type: RecordType, text: str | None) -> Filter:
    """Read a filter from JSON as an address carries it; empty text for no filter.

    Raises:
        Invalid: It is no JSON, too long, or no filter of this type.
    """
    if not text or not text.strip():
        return parse_filter(record_type, None)
    if len(text) > MAX_BYTES:
        raise refused("This filter is too long.")
    try:
        raw = orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise refused("A filter is a JSON object.") from error
    return parse_filter(record_type, raw)


def parse_arguments(record_type: RecordType, arguments: Mapping[str, str]) -> Filter:
    """Read a filter from names and texts: ``stage``, ``amount__gte``, ``account.city__contains``.

    ``in`` and its like take values with commas; ``empty`` takes true or false. All must hold.

    Raises:
        Invalid: One is not to be read; ``fields`` names it.
    """
    parts: list[Mapping[str, Any]] = []
    for name, text in arguments.items():
        raw = _argument(name, text)
        try:
            parse_filter(record_type, raw)
        except Invalid as error:
            raise Invalid(str(error), {name: [str(error)]}) from error
        parts.append(raw)
    return parse_filter(record_type, {"and": parts} if parts else None)


def all_of(record_type: RecordType, *filters: Filter) -> Filter:
    """Return what fulfils every one of ``filters``."""
    kept = [one for one in filters if not one.is_empty]
    if len(kept) == 1:
        return kept[0]
    root = AllOf(tuple(one.root for one in kept))
    return Filter(record_type.name, root, {"and": [one.raw for one in kept]} if kept else {})


def refused(message: str) -> Invalid:
    """Return the refusal of a filter."""
    return Invalid(message, {"filter": [message]})


def find_field(target: Target, path: str) -> tuple[tuple[Hop, ...], Field]:
    """Return the way to the field that ``path`` names, such as ``account.city``.

    Raises:
        Invalid: There is no such field, or it lies too far away.
    """
    *segments, name = path.split(".")
    if len(segments) > MAX_HOPS:
        raise refused(f"{_shown(path)} goes over more than {MAX_HOPS} relations.")
    hops: list[Hop] = []
    for segment in segments:
        source = target.record_type
        field = None if source is None else related_field(source, segment)
        beyond = None if field is None else target_of(field)
        if field is None or beyond is None:
            raise refused(f"{target.label} has no relation {_shown(segment)} to filter by.")
        hops.append(Hop(field, beyond))
        target = beyond
    field = target.field(name)
    if field is None:
        raise refused(f"{target.label} has no field {_shown(name)} to filter by.")
    if field.is_computed:
        raise refused(f"{field.label} is computed, so it can't be filtered by.")
    return tuple(hops), field


@dataclass(slots=True)
class _Reader:
    """Reads one filter, and counts what it has read."""

    conditions: int = 0

    def node(self, target: Target, raw: Any, *, depth: int, related: int) -> Node:
        self._count(raw, depth)
        keys = set(raw)
        if keys in ({"and"}, {"or"}):
            group = keys.pop()
            parts = self._parts(target, raw[group], depth=depth, related=related)
            return AllOf(parts) if group == "and" else AnyOf(parts)
        if keys == {"not"}:
            return Not(self.node(target, raw["not"], depth=depth + 1, related=related))
        if keys == {"q"}:
            return _words(target, raw["q"])
        if "field" in keys and keys <= {"field", "op", "value"}:
            return _condition(target, raw)
        for quantifier in ("some", "none"):
            if quantifier in keys and keys <= {quantifier, "where"}:
                return self._related(quantifier, target, raw, depth=depth, related=related)
        raise refused(_SHAPES)

    def _count(self, raw: Any, depth: int) -> None:
        if not isinstance(raw, Mapping):
            raise refused("Each part of a filter is a JSON object.")
        if depth > MAX_DEPTH:
            raise refused(f"Groups lie in one another {MAX_DEPTH} deep at most.")
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise refused(f"A filter has {MAX_CONDITIONS} parts at most.")

    def _parts(self, target: Target, raw: Any, *, depth: int, related: int) -> tuple[Node, ...]:
        if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
            raise refused("A group of a filter is a list of its parts.")
        return tuple(self.node(target, part, depth=depth + 1, related=related) for part in raw)

    def _related(
        self, quantifier: Any, target: Target, raw: Mapping[str, Any], *, depth: int, related: int
    ) -> Node:
        name = raw[quantifier]
        source = target.record_type
        found = None
        if isinstance(name, str) and source is not None:
            found = find_related(source, name)
        if found is None:
            known = [] if source is None else sorted({one.name for one in related_records(source)})
            names = ", ".join(name for name in known if "." not in name) or "nothing"
            raise refused(
                f"No {_shown(name)} belong to {_article(target.label)}; there is: {names}."
            )
        if related >= MAX_RELATED:
            raise refused("Related records lie in one another two deep at most.")
        where: Node = EVERYTHING
        if raw.get("where"):
            where = self.node(
                target_of_type(found.record_type),
                raw["where"],
                depth=depth + 1,
                related=related + 1,
            )
        return Related(quantifier, found, where)


def target_of_type(record_type: RecordType) -> Target:
    """Return a record type as that which filters look into."""
    return Target(record_type.label, record_type.model, record_type, tuple(record_type.fields))


def _words(target: Target, text: Any) -> Node:
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_WORDS:
        raise refused("Give the words to search for, 200 characters at most.")
    if target.record_type is None:
        raise refused("Only records are searched for words.")
    return Words(storable(text.strip()))


def _condition(target: Target, raw: Mapping[str, Any]) -> Node:
    path, name = raw["field"], raw.get("op", "eq")
    if not isinstance(path, str) or not isinstance(name, str):
        raise refused("The field and the operator of a condition are texts.")
    hops, field = find_field(target, path)
    operator = operator_of(field, name)
    if operator is None:
        known = OPERATORS.get(name)
        how = f'"{known.label}"' if known else _shown(name)
        raise refused(f"{field.label} can't be compared with {how}.")
    return Condition(hops, field, name, read_values(field, operator, raw.get("value")))


def _argument(name: str, text: str) -> dict[str, Any]:
    path, mark, op = name.rpartition("__")
    if not mark or op not in OPERATORS:
        path, op = (name, "eq") if not mark or "." in op else (path, op)
    if op == "empty":
        if text not in {"true", "false"}:
            raise Invalid("Use true or false.", {name: ["Use true or false."]})
        return {"field": path, "op": "empty" if text == "true" else "not_empty"}
    operator = OPERATORS.get(op)
    several = operator is not None and operator.takes in {"many", "two"}
    return {"field": path, "op": op, "value": text.split(",") if several else text}


def _article(label: str) -> str:
    return f"{'an' if label[:1] in 'AEIOU' else 'a'} {label.lower()}"


def _shown(value: Any) -> str:
    """Return what was written, as a message repeats it."""
    text = storable(value if isinstance(value, str) else str(value))
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"  # noqa: PLR2004
