"""What templates may name: every value with its label, as the editor lists it and checks by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from services.documents.values import ORGANIZATION, VALUE_NAMES, related_fields
from services.records.types import (
    Field,
    RecordType,
    all_record_types,
    find_record_type,
    find_relation,
)

WITH_POSITIONS: Final = frozenset({"deal", "quote", "order", "invoice"})
"""The record types whose lines and sums templates are given."""

FieldsOf = Callable[[RecordType], Iterable[Field]]


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a template may name.

    Attributes:
        name: As templates say it, behind the dot.
        kind: As a field's; ``any`` where nothing is known of what it holds.
        parts: What may be named of it; none: it is printed as it is.
        is_list: It is repeated, and its parts are those of one item.
    """

    name: str
    label: str
    kind: str = "text"
    parts: Mapping[str, Value] | None = None
    is_list: bool = False

    def snippet(self, path: str, currency: str) -> str:
        """Return what is typed to print it; ``currency`` is the path of an amount's currency."""
        filters = {
            "money": f" | money({currency})",
            "price": f" | price({currency})",
            "date": " | date",
            "datetime": " | datetime",
            "long_text": " | lines",
            **dict.fromkeys(("decimal", "number", "percent", "markup", "quantity"), " | number"),
        }
        return f"{{{{ {path}{filters.get(self.kind, '')} }}}}"


Vocabulary = Mapping[str, Value]


def _values(*described: tuple[str, str, str]) -> dict[str, Value]:
    return {name: Value(name, label, kind) for name, label, kind in described}


_PERSON: Final = _values(("name", "Name", "text"), ("email", "E-mail", "email"))
_ORGANIZATION: Final = {
    name: Value(name, name.replace("_", " ").capitalize()) for name in (*ORGANIZATION, "terms")
} | _values(("terms", "Terms", "long_text"))
_POSITION: Final = _values(
    ("number", "Number", "number"),
    ("title", "Title", "text"),
    ("description", "Description", "long_text"),
    ("quantity", "Quantity", "quantity"),
    ("unit", "Unit", "text"),
    ("unit_price", "Unit price", "price"),
    ("discount_percent", "Discount in percent", "percent"),
    ("tax_percent", "Tax in percent", "percent"),
    ("total", "Total", "money"),
)
_TAX: Final = _values(
    ("percent", "Rate", "percent"),
    ("base", "Taxed amount", "money"),
    ("tax", "Tax", "money"),
    ("category", "Tax category", "text"),
    ("reason", "Why there is no tax", "text"),
)
_TOTALS: Final = _values(
    ("net", "Net", "money"),
    ("discount", "Discount", "money"),
    ("discount_percent", "Discount in percent", "percent"),
    ("taxable", "Net less discount", "money"),
    ("tax_name", "Name of the tax", "text"),
    ("tax_percent", "Tax in percent", "percent"),
    ("tax", "Tax", "money"),
    ("gross", "Total", "money"),
    ("paid", "Paid", "money"),
    ("credited", "Credited", "money"),
    ("due", "Still to pay", "money"),
    ("currency", "Currency", "currency"),
) | {"taxes": Value("taxes", "Tax by rate", "list", _TAX, is_list=True)}

_ALWAYS: Final = (
    Value("organization", "One's own company", "group", _ORGANIZATION),
    Value("sender", "Who makes or sends it", "group", _PERSON),
    Value("today", "Today", "date"),
    Value("now", "Now", "datetime"),
    Value("link", "Address of the record's page", "url"),
    Value("message", "Text that a mail was sent with", "long_text"),
)
_OF_POSITIONS: Final = (
    Value("positions", "Lines", "list", _POSITION, is_list=True),
    Value("totals", "Sums", "group", _TOTALS),
    Value("valid_until", "Valid until", "date"),
)
LOOP: Final = Value(
    "loop",
    "Of a repetition",
    "group",
    _values(
        *((name, name.capitalize(), "number") for name in ("index", "index0", "length")),
        *((name, name.capitalize(), "number") for name in ("revindex", "revindex0")),
        *((name, name.capitalize(), "boolean") for name in ("first", "last")),
    ),
)


def vocabulary_of(record_types: Iterable[str], fields_of: FieldsOf) -> Vocabulary:
    """Return what a template for these record types may name; for all of them if none is given.

    ``fields_of`` says which fields of a type are known: all, or those that somebody may see.
    """
    chosen = [one for name in record_types if (one := find_record_type(name)) is not None]
    types = chosen or list(all_record_types())
    known = {value.name: value for value in _ALWAYS}
    for one in types:
        _add(known, replace(_group(one, fields_of), name="record", label="The record"))
        _add(known, _group(one, fields_of))
        for name, field in related_fields(tuple(fields_of(one))).items():
            _add(known, _thing(name, field, fields_of))
        if one.name in WITH_POSITIONS:
            known |= {value.name: value for value in _OF_POSITIONS}
        if one.name == "request":
            known["status_link"] = Value("status_link", "The client's page of a request", "url")
    # Several names of one vocabulary keep templates of all types usable for each of them.
    unsaid = VALUE_NAMES - known.keys() if not chosen else frozenset[str]()
    return {**known, **{name: Value(name, name, "any") for name in unsaid}}


def _add(known: dict[str, Value], value: Value) -> None:
    """Add a value; what it shares its name with has the parts of both."""
    there = known.get(value.name)
    parts = {**((there and there.parts) or {}), **(value.parts or {})}
    known[value.name] = replace(value, parts=parts)


def _group(record_type: RecordType, fields_of: FieldsOf) -> Value:
    parts = _values(("title", "Title", "text"), ("id", "Key", "key"))
    for field in fields_of(record_type):
        kind = "list" if field.traits.is_several else field.kind
        parts[field.name] = Value(
            field.name, field.label, "key" if field.relation else kind, is_list=kind == "list"
        )
        if field.choices is not None:
            label = f"{field.name}_label"
            parts[label] = Value(label, f"{field.label}, as people read it", is_list=kind == "list")
    return Value(record_type.name, record_type.label, "group", parts)


def _thing(name: str, field: Field, fields_of: FieldsOf) -> Value:
    """Return what is known of what a field points to."""
    plain = find_relation(field.relation or "")
    if plain is not None:
        parts = {part: Value(part, part.capitalize()) for part in plain.fields}
        return Value(name, field.label, "group", parts)
    found = find_record_type(field.relation or "")
    parts = dict(_group(found, fields_of).parts or {}) if found else {}
    return Value(name, field.label, "group", parts)
