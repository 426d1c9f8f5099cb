"""Two records, and whether a rule calls them the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from rapidfuzz.fuzz import ratio

from services.duplicates.rules import Condition, Method, Rule
from services.records.folding import fold, name_words

_NONE: Final[frozenset[Any]] = frozenset()
SURE: Final = 100
_NOT_SURE: Final = 99
_FIGURE: Final = re.compile(r"(?<!\w)\d(?!\w)")
_NUMBER: Final = re.compile(r"\d+")


@dataclass(slots=True)
class Subject:
    """What is compared of a record, or of what somebody types.

    Attributes:
        key: None for what is no record yet.
        values: Field → all values that it has, in one spelling.
        words: Field → the words of a text, sorted, for comparing how similar they are.
        name_key: What similar names have in common; see ``folding.match_key``.
    """

    key: UUID | None
    values: Mapping[str, frozenset[Any]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    name_key: str = ""

    def marks(self, condition: Condition) -> frozenset[Any]:
        """Return what others that meet an anchor with it have in common with it."""
        if condition.method == Method.SIMILAR:
            return frozenset({self.name_key} if self.name_key else ())
        return self.values.get(condition.field, _NONE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why two records are the same.

    Attributes:
        score: 100 where all that agrees is exact, else how similar the texts are.
        reasons: What agrees, for people.
    """

    score: int
    reasons: tuple[str, ...]


def similarity(one: str, other: str) -> int:
    """Return how similar two names are, 0 to 100, whatever the order of their words."""
    return round(ratio(words_of(one), words_of(other)))


def words_of(text: Any) -> str:
    """Return the folded words of a text in one order; nothing for an empty one."""
    if not text:
        return ""
    # Initials tell little of a name, but numbers tell "Plant 1" from "Plant 2".
    words = [*name_words(str(text)), *_FIGURE.findall(str(text))]
    return " ".join(sorted(set(words)))


def numbers_in(words: str) -> tuple[str, ...]:
    """Return the numbers in words of ``words_of``."""
    return tuple(_NUMBER.findall(words))


def tells_apart(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Tell whether two names are of different things because their numbers differ."""
    return bool(ours and theirs and ours != theirs)


def in_one_spelling(value: Any) -> Any:
    """Return a value so that two that are the same are equal; None for nothing."""
    if isinstance(value, str):
        return fold(value) or None
    return value


def subject_of(
    key: UUID | None,
    rules: Iterable[Rule],
    read: Mapping[str, Any],
    points: Mapping[str, Iterable[str]] | None = None,
    *,
    name_key: str = "",
) -> Subject:
    """Return what ``rules`` compare of a record.

    Args:
        key: The record's own.
        rules: Those that will judge it.
        read: Field → its value.
        points: Field → the values besides, of what may have several.
        name_key: What similar names have in common.
    """
    values: dict[str, frozenset[Any]] = {}
    words: dict[str, str] = {}
    for rule in rules:
        for one in rule.conditions:
            value = read.get(one.field)
            if one.method == Method.SIMILAR:
                words[one.field] = words_of(value)
            elif one.field not in values:
                several = (value, *(points or {}).get(one.field, ()))
                spelled = (in_one_spelling(each) for each in several)
                values[one.field] = frozenset(each for each in spelled if each is not None)
    return Subject(key, values, words, name_key)


def judge(rule: Rule, labels: Mapping[str, str], one: Subject, other: Subject) -> Verdict | None:
    """Return why a rule calls two records the same; None if it doesn't.

    ``labels`` are the names of the fields, as people read them.
    """
    points = closeness = 0
    is_sure = True
    reasons = []
    for condition in rule.conditions:
        name = condition.field
        if condition.method == Method.SIMILAR:
            score = _alike(one.words.get(name), other.words.get(name), condition.at_least)
            is_sure = is_sure and not score
        else:
            ours, theirs = one.values.get(name, _NONE), other.values.get(name, _NONE)
            is_same = not ours.isdisjoint(theirs)
            if condition.method == Method.NOT_DIFFERENT:
                if ours and theirs and not is_same:
                    return None
                continue
            score = SURE if is_same else 0
        if score:
            points += condition.weight
            closeness += condition.weight * score
            reasons.append(f"{condition.method} {labels[name].lower()}")
    if points < rule.needed_points:
        return None
    score = round(closeness / points)
    return Verdict(score if is_sure else min(score, _NOT_SURE), tuple(reasons))


def _alike(one: str | None, other: str | None, at_least: int) -> int:
    if not one or not other or tells_apart(numbers_in(one), numbers_in(other)):
        return 0
    score = round(ratio(one, other))
    return score if score >= at_least else 0
