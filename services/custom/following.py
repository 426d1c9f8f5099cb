"""Formulas tell of what they are computed from: who may not see that, may not see them either."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import services.rights.guessable  # noqa: F401 - formulas read what is hidden by it
from feel import names_used
from services.custom.formulas import Formula
from services.records.types import RecordType, find_record_type
from services.rights.reach import follow_hidden

_WORDS: Final = re.compile(r"\w+")
_ANY_FIELD: Final = frozenset({"get", "context"})
"""Words of the functions that reach a field without naming it."""

_KEPT: dict[str, dict[str, Formula]] = {}
_REVISION: list[int] = [0]


def keep_formula(record_type: str, name: str, formula: Formula | None) -> None:
    """Note what a field is computed by; None for a field that is not (any more)."""
    formulas = _KEPT.setdefault(record_type, {})
    if formulas.get(name) == formula:
        return
    formulas.pop(name, None)
    if formula is not None:
        formulas[name] = formula
    _REVISION[0] += 1


def closed_formulas(hidden: Callable[[str], frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """Return the formulas of each type that read what ``hidden`` says is hidden of a type.

    Over a relation it is enough that a formula has the name of any hidden field in it: rather
    one too many is closed.
    """
    closed: dict[str, set[str]] = {name: set() for name in _KEPT}
    types = {name: found for name in _KEPT if (found := find_record_type(name)) is not None}
    has_grown = True
    while has_grown:
        has_grown = False
        everywhere = {one for name in types for one in (*hidden(name), *closed[name])}
        everywhere |= _hidden_beyond(types, hidden)
        for name, record_type in types.items():
            here = _read_as(hidden(name) | closed[name])
            for field, formula in _KEPT[name].items():
                if field not in closed[name] and _tells(
                    record_type, formula, here, _read_as(everywhere)
                ):
                    closed[name].add(field)
                    has_grown = True
    return {name: frozenset(fields) for name, fields in closed.items()}


def _hidden_beyond(
    types: Mapping[str, RecordType], hidden: Callable[[str], frozenset[str]]
) -> set[str]:
    """Return what is hidden of the types that relations lead to, however far."""
    found, seen, waiting = set[str](), set(types), list(types.values())
    while waiting:
        for field in waiting.pop().fields:
            target = find_record_type(field.relation or "")
            if target is not None and target.name not in seen:
                seen.add(target.name)
                waiting.append(target)
    for name in seen:
        found |= hidden(name)
    return found


def _tells(
    record_type: RecordType, formula: Formula, here: frozenset[str], everywhere: frozenset[str]
) -> bool:
    used = names_used(formula.expression)
    if used & here:
        return True
    relations = {field.related_name for field in record_type.fields if field.relation}
    words = set(_WORDS.findall(formula.text))
    return bool(everywhere and used & relations and words & (everywhere | _ANY_FIELD))


def _read_as(names: frozenset[str] | set[str]) -> frozenset[str]:
    """Return the names with those by which expressions go over hidden relations."""
    return frozenset(names) | {name.removesuffix("_id") for name in names}


follow_hidden(closed_formulas, lambda: _REVISION[0])
