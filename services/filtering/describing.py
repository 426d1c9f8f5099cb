"""Filters as people read them: “Amount ≥ 5,000 and City is Oslo”."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.filtering.model import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Me,
    MyTeam,
    Node,
    Not,
    Period,
    Related,
    nodes_of,
)
from services.filtering.operators import operator_of
from services.records.types import Field

Namer = Callable[[str, UUID], str | None]
"""Names what a relation field points to: (``account``, key) → title, or None if it is unknown."""


def describe(filter_: Filter, name: Namer | None = None) -> str:
    """Return a filter in plain English; empty for one that lets everything through."""
    return "" if filter_.is_empty else describe_node(filter_.root, name)


def describe_parts(filter_: Filter, name: Namer | None = None) -> list[str]:
    """Return the text of each condition that must hold, as chips show them."""
    root = filter_.root
    return [describe_node(one, name) for one in (root.parts if isinstance(root, AllOf) else [root])]


def named_in(node: Node) -> Iterator[tuple[str, UUID]]:
    """Yield what a namer will be asked for: relation and key of all that a filter names."""
    for part in nodes_of(node):
        if isinstance(part, Related):
            yield from named_in(part.where)
        elif isinstance(part, Condition) and part.field.relation is not None:
            relation = part.field.relation
            yield from ((relation, value) for value in part.values if isinstance(value, UUID))


def describe_node(node: Node, name: Namer | None = None, *, inside: bool = False) -> str:
    """Return a part of a filter in plain English, in brackets where it needs them."""
    if isinstance(node, AllOf | AnyOf):
        return _group(node, name, inside=inside)
    if isinstance(node, Not):
        return f"not ({describe_node(node.part, name)})"
    if isinstance(node, Condition):
        return _condition(node, name)
    if isinstance(node, Related):
        start = "has " if node.quantifier == "some" else "has no "
        where = describe_node(node.where, name)
        return f"{start}{node.records.label.lower()}{f' with {where}' if where else ''}"
    return f"contains the words “{node.text}”"


def _group(node: AllOf | AnyOf, name: Namer | None, *, inside: bool) -> str:
    if not node.parts:
        return "" if isinstance(node, AllOf) else "nothing"
    word = " and " if isinstance(node, AllOf) else " or "
    text = word.join(describe_node(part, name, inside=True) for part in node.parts)
    return f"({text})" if inside and len(node.parts) > 1 else text


def _condition(condition: Condition, name: Namer | None) -> str:
    field = condition.field
    operator = operator_of(field, condition.op)
    label = " ".join([*(hop.field.label for hop in condition.hops), field.label])
    words = operator.words if operator else condition.op
    values = [_value(field, value, name) for value in condition.values]
    joint = " and " if condition.op == "between" else ", "
    return " ".join(part for part in (label, words, joint.join(values)) if part)


def _value(field: Field, value: Any, name: Namer | None) -> str:
    if isinstance(value, Me):
        return "me"
    if isinstance(value, MyTeam):
        return "my team"
    if isinstance(value, Period):
        return value.text
    if isinstance(value, UUID):
        known = name(field.relation, value) if name and field.relation else None
        return known or "something hidden"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _plain(field, value)


def _plain(field: Field, value: Any) -> str:
    if field.choices is not None:
        return str(field.choices.get(value, value))
    if isinstance(value, int | Decimal):
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, date):
        return value.isoformat()
    return f"“{value}”" if " " in str(value) else str(value)
