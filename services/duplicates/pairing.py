"""The pairs within a block, found without comparing each record with each where it is large.

Texts are compared by rapidfuzz, one with all others in a call. Names that are spelled alike are
compared once, however many bear them; whom they belong to is then looked up by what must not
differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice, pairwise
from typing import Any, Final, TypeAlias
from uuid import UUID

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from services.duplicates.blocks import Block, Step
from services.duplicates.comparing import Subject, judge, numbers_in, tells_apart
from services.duplicates.rules import Condition, Method

WHOLE: Final = 30
"""In a larger block that is the same for certain, each is paired with the next one only."""

WINDOW: Final = 20
"""So many partners of one record are looked at among those of one other spelling."""

LARGE: Final = 1_000
FEW: Final = 3
"""That many are looked at in a block of more than ``LARGE`` records."""

MAX_SPELLINGS: Final = 3_000
NEIGHBOURS: Final = 200
"""In a block of more spellings, only those that stand near each other are compared."""

_NONE: Final[frozenset[Any]] = frozenset()

Found: TypeAlias = tuple[UUID, UUID, int, str]
"""Two keys, a score, and what agrees."""


class Pairing:
    """Finds the pairs of one step.

    Attributes:
        cut: Mark → size of the blocks in which not each was compared with each.
    """

    def __init__(self, step: Step, labels: Mapping[str, str]) -> None:
        self._step = step
        self._labels = labels
        self._rule = step.rule
        self._name = next(
            (one for one in step.rule.counted if _is_must(step, one)),
            None,
        )
        musts = [one for one in step.rule.conditions if _is_must(step, one, similar=False)]
        self._guard = min(musts, key=lambda one: one.is_counted, default=None)
        plain = {self._name, self._guard}
        is_veto = self._guard is None or not self._guard.is_counted
        self._is_plain = is_veto and set(step.rule.conditions) <= plain
        self.cut: dict[str, int] = {}

    def pairs(self, block: Block) -> Iterator[Found]:
        """Yield the pairs of a block."""
        if block.size > len(block.subjects):
            self.cut[block.mark] = block.size
        if self._step.is_enough:
            return self._all(block)
        return self._judged(block) if self._name is None else self._alike(block, self._name)

    def _all(self, block: Block) -> Iterator[Found]:
        reason = f"same {self._labels[self._step.anchor.field].lower()}"
        for one, other in self._each_with_each(block):
            yield _key(one), _key(other), 100, reason

    def _judged(self, block: Block) -> Iterator[Found]:
        for one, other in self._each_with_each(block):
            yield from self._verdict(one, other)

    def _each_with_each(self, block: Block) -> Iterable[tuple[Subject, Subject]]:
        if len(block.subjects) <= WHOLE:
            return combinations(block.subjects, 2)
        self.cut[block.mark] = block.size
        return pairwise(block.subjects)

    def _alike(self, block: Block, name: Condition) -> Iterator[Found]:
        spelled: defaultdict[str, list[Subject]] = defaultdict(list)
        for subject in block.subjects:
            if words := subject.words.get(name.field):
                spelled[words].append(subject)
        if len(spelled) > MAX_SPELLINGS:
            self.cut[block.mark] = block.size
        whose = {words: _Partners(self._guard, some) for words, some in spelled.items()}
        for mine in spelled.values():
            if len(mine) > 1:
                yield from self._of_one_name(block, mine)
        for words, other, score in _similar(sorted(spelled), name.at_least):
            for one in spelled[words]:
                yield from self._with(block, one, whose[other].of(one), score)

    def _of_one_name(self, block: Block, bearers: Sequence[Subject]) -> Iterator[Found]:
        """Yield the pairs of those whose names are the same: each with those before."""
        before = _Partners(self._guard)
        for one in bearers:
            yield from self._with(block, one, before.of(one), 100)
            before.add(one)

    def _with(
        self, block: Block, one: Subject, partners: Iterable[Subject], score: float
    ) -> Iterator[Found]:
        """Yield the pairs of a record with the first few of others whose name is alike."""
        window = WINDOW if block.size <= LARGE else FEW
        some = list(islice(partners, window + 1))
        if len(some) > window:
            self.cut[block.mark] = block.size
        for other in some[:window]:
            if self._is_plain:
                yield _key(one), _key(other), min(round(score), 99), self._reason
            else:
                yield from self._verdict(one, other)

    @property
    def _reason(self) -> str:
        return "" if self._name is None else f"similar {self._labels[self._name.field].lower()}"

    def _verdict(self, one: Subject, other: Subject) -> Iterator[Found]:
        verdict = judge(self._rule, self._labels, one, other)
        if verdict is not None:
            yield _key(one), _key(other), verdict.score, ", ".join(verdict.reasons)


class _Partners:
    """The bearers of one name, by what must not differ."""

    def __init__(self, guard: Condition | None, subjects: Iterable[Subject] = ()) -> None:
        self._guard = guard
        self._all: list[Subject] = []
        self._by_value: defaultdict[Any, list[Subject]] = defaultdict(list)
        for subject in subjects:
            self.add(subject)

    def add(self, subject: Subject) -> None:
        """Take one more in."""
        self._all.append(subject)
        if self._guard is not None:
            for value in subject.values.get(self._guard.field, _NONE) or (None,):
                self._by_value[value].append(subject)

    def of(self, one: Subject) -> Iterable[Subject]:
        """Return those that may be the same as ``one``."""
        if self._guard is None or not self._all:
            return self._all
        values = one.values.get(self._guard.field, _NONE)
        is_veto = self._guard.method == Method.NOT_DIFFERENT
        if not values:
            return self._all if is_veto else ()
        found = chain.from_iterable(self._by_value.get(value, ()) for value in values)
        return chain(found, self._by_value.get(None, ())) if is_veto else found


def _similar(spellings: Sequence[str], at_least: int) -> Iterator[tuple[str, str, float]]:
    """Yield those of some names that are similar, with their ratio."""
    numbers = {words: numbers_in(words) for words in spellings}
    reach = len(spellings) if len(spellings) <= MAX_SPELLINGS else NEIGHBOURS
    for place, words in enumerate(spellings):
        others = spellings[place + 1 : place + 1 + reach]
        for other, score, _ in extract(
            words, others, scorer=ratio, processor=None, score_cutoff=at_least, limit=None
        ):
            if not tells_apart(numbers[words], numbers[other]):
                yield words, other, score


def _is_must(step: Step, condition: Condition, *, similar: bool = True) -> bool:
    """Tell whether a rule never calls two records the same where a condition doesn't hold."""
    if (condition.method == Method.SIMILAR) is not similar:
        return False
    rest = sum(one.weight for one in step.rule.counted) - condition.weight
    return not condition.is_counted or rest < step.rule.needed_points


def _key(subject: Subject) -> UUID:
    if subject.key is None:
        raise ValueError("only records that are there are paired")
    return subject.key
