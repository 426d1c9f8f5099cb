"""Hit policies: what several rules that match come to (DMN 1.5, 8.2.8 and 8.2.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from feel import FeelContext, Run, UnaryTests, Value, invoke
from feel.builtin import BUILTINS
from feel.compare import same

# The values of an output in their order, which is also their priority.
OutputOrder = Sequence[UnaryTests]


@dataclass(frozen=True)
class Hits:
    """The rules that match.

    Attributes:
        rows: Their outputs.
        names: The names of the outputs.
        orders: For each output, the order of its values.
        rules: The numbers of the rules, from 1.
    """

    rows: list[list[Value]]
    names: list[str]
    orders: list[OutputOrder]
    rules: list[int]

    def result(self, row: list[Value]) -> Value:
        """Return a row as a value: its only output, or a context of all."""
        if len(row) == 1:
            return row[0]
        return FeelContext(zip(self.names, row, strict=True))

    def results(self, rows: list[list[Value]]) -> list[Value]:
        """Return rows as a list of values."""
        return [self.result(row) for row in rows]

    def by_priority(self, run: Run) -> list[list[Value]]:
        """Return the rows in the order of the values of their outputs, from left to right."""
        keys = [
            [_rank(value, order, run) for value, order in zip(row, self.orders, strict=True)]
            for row in self.rows
        ]
        indexes = sorted(range(len(self.rows)), key=keys.__getitem__)
        return [self.rows[index] for index in indexes]


def _rank(value: Value, order: OutputOrder, run: Run) -> int:
    for rank, test in enumerate(order):
        if test.run(value, {}, run) is True:
            return rank
    return len(order)


@dataclass(frozen=True)
class HitPolicy:
    """A hit policy.

    Attributes:
        choose: Returns the result of the hits, of which there is at least one.
        takes_first: Whether the first rule that matches is enough.
    """

    choose: Callable[[Hits, Run, str], Value]
    takes_first: bool = False


def _unique(hits: Hits, run: Run, place: str) -> Value:
    if len(hits.rows) > 1:
        return run.null(f"{place}: rules {_list_rules(hits)} match, but only one may")
    return hits.result(hits.rows[0])


def _any(hits: Hits, run: Run, place: str) -> Value:
    first = hits.rows[0]
    if not all(same(first, row, run) for row in hits.rows):
        return run.null(f"{place}: rules {_list_rules(hits)} match with different outputs")
    return hits.result(first)


def _list_rules(hits: Hits) -> str:
    return ", ".join(map(str, hits.rules))


def _first(hits: Hits, run: Run, place: str) -> Value:
    del run, place
    return hits.result(hits.rows[0])


def _priority(hits: Hits, run: Run, place: str) -> Value:
    del place
    return hits.result(hits.by_priority(run)[0])


def _in_rule_order(hits: Hits, run: Run, place: str) -> Value:
    del run, place
    return hits.results(hits.rows)


def _in_output_order(hits: Hits, run: Run, place: str) -> Value:
    del place
    return hits.results(hits.by_priority(run))


def _count(hits: Hits, run: Run, place: str) -> Value:
    del run, place
    return Decimal(len(hits.rows))


def _aggregate(function: str) -> Callable[[Hits, Run, str], Value]:
    def choose(hits: Hits, run: Run, place: str) -> Value:
        columns = [list(column) for column in zip(*hits.rows, strict=True)]
        return hits.result([invoke(BUILTINS[function], run, [column], place) for column in columns])

    return choose


HIT_POLICIES = {
    "UNIQUE": HitPolicy(_unique),
    "ANY": HitPolicy(_any),
    "PRIORITY": HitPolicy(_priority),
    "FIRST": HitPolicy(_first, takes_first=True),
    "RULE ORDER": HitPolicy(_in_rule_order),
    "OUTPUT ORDER": HitPolicy(_in_output_order),
    "COLLECT": HitPolicy(_in_rule_order),
    "COLLECT SUM": HitPolicy(_aggregate("sum")),
    "COLLECT MIN": HitPolicy(_aggregate("min")),
    "COLLECT MAX": HitPolicy(_aggregate("max")),
    "COLLECT COUNT": HitPolicy(_count),
}
