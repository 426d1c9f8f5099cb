"""The rules in force, as this process knows them.

They are read together with the fields that administrators have added, and anew whenever one of
either has changed; see ``administration``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from services.duplicates.anchors import anchors_of, can_be_double
from services.duplicates.model import DuplicateRule
from services.duplicates.rules import SHIPPED, Rule, Use, by_type
from services.records.types import find_record_type

_Rules = Mapping[str, Mapping[str, Rule]]


class _Book:
    """What was read last."""

    def __init__(self) -> None:
        self.rules: _Rules = SHIPPED


_BOOK: Final = _Book()


def rules_of(record_type: str) -> tuple[Rule, ...]:
    """Return all rules of a type in their order, those too that are switched off."""
    return tuple(_BOOK.rules.get(record_type, {}).values())


def rules_for(record_type: str, use: Use) -> tuple[Rule, ...]:
    """Return the rules of a type that are asked on an occasion.

    One that names a field which is no more is not.
    """
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        return ()
    return tuple(
        rule for rule in rules_of(record_type) if rule.is_for(use) and anchors_of(found, rule)
    )


def merge_rules(stored: Iterable[DuplicateRule]) -> dict[str, dict[str, Rule]]:
    """Return the rules by type and key: those that ship, as changed, and then the others."""
    made = {name: dict(rules) for name, rules in SHIPPED.items()}
    own = by_type(Rule.of(row.rule) for row in stored)
    for name, rules in own.items():
        made.setdefault(name, {}).update(rules)
    return made


def learn_rules(stored: Iterable[DuplicateRule]) -> None:
    """Let the rules in force be those that ship, as changed by ``stored``."""
    _BOOK.rules = merge_rules(stored)
