"""Whether the rules of a table overlap, or leave something out.

Each input is cut into parts in which no cell changes its answer; one value of each part stands for
it. A set of parts or of rules is an integer whose bits are its members, so that a table with many
rules takes little time; what would take long is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from feel import FeelContext, FeelError, Run, UnaryTests
from feel.analysis import find_bounds
from processes.engine.decisions.elements import fail
from processes.engine.decisions.outlines import TableOutline
from processes.engine.decisions.table_values import Sample, find_samples
from processes.engine.errors import ModelError

_MAX_COLUMNS = 100
_MAX_PAIRS = 200_000
_MAX_LOOKS = 20_000
_MAX_TOLD = 5
_SINGLE = frozenset({"UNIQUE", "ANY", "PRIORITY", "FIRST"})


@dataclass(frozen=True)
class _Column:
    """What is known of an input: its samples, and for each rule the set of those it takes."""

    label: str
    samples: list[Sample]
    taken: list[int | None]

    def show(self, sample: Sample) -> str:
        return f"{self.label} is {sample.shown}"


def find_overlaps(table: TableOutline) -> Iterator[tuple[ModelError, bool]]:
    """Go through pairs of rules of which only one may hold and both can.

    Yields:
        The fault, and whether it is certain: whether it happens for values of inputs that are
        independent of one another, as far as a table can tell.
    """
    if table.policy != "UNIQUE" or not 0 < len(table.columns) <= _MAX_COLUMNS:
        return
    columns = [_read_column(table, index) for index in range(len(table.columns))]
    are_independent = len({column.text for column in table.columns}) == len(columns) and all(
        _is_path(column.text) for column in table.columns
    )
    pairs = islice(combinations(range(len(table.rows)), 2), _MAX_PAIRS)
    found = ((pair, _common(columns, pair)) for pair in pairs)
    for (one, other), common in islice((each for each in found if each[1]), _MAX_TOLD):
        samples = [_pick(column, mask) for column, mask in zip(columns, common, strict=True)]
        example = _example(columns, samples)
        problem = fail(
            table.element,
            f"{table.place}: rules {one + 1} and {other + 1} both hold{example}.",
            "Let only one of them hold, or choose another hit policy than UNIQUE.",
        )
        yield problem, are_independent and all(sample.is_likely for sample in samples)


def _is_path(text: str) -> bool:
    return all(part.strip().isidentifier() for part in text.split("."))


def _common(columns: list[_Column], pair: tuple[int, int]) -> list[int]:
    """Return for each input the samples that both rules take; nothing if there are none."""
    common: list[int] = []
    for column in columns:
        one, other = column.taken[pair[0]], column.taken[pair[1]]
        if not one or not other or not one & other:
            return []
        common.append(one & other)
    return common


def _pick(column: _Column, mask: int) -> Sample:
    samples = [sample for bit, sample in enumerate(column.samples) if mask >> bit & 1]
    return next((sample for sample in samples if sample.is_likely), samples[0])


def _example(columns: Sequence[_Column], samples: Sequence[Sample]) -> str:
    shown = [
        column.show(sample)
        for column, sample in zip(columns, samples, strict=False)
        if len(column.samples) > 1
    ]
    return f", for example where {' and '.join(shown)}" if shown else ""


def find_gaps(table: TableOutline) -> Iterator[ModelError]:
    """Go through values of inputs for which no rule holds, where one should."""
    if table.policy not in _SINGLE or table.has_default or not table.rows:
        return
    if not 0 < len(table.columns) <= _MAX_COLUMNS:
        return
    columns = [_read_column(table, index) for index in range(len(table.columns))]
    for samples in islice(_Sweep(columns, len(table.rows)).run(), _MAX_TOLD):
        yield fail(
            table.element,
            f"{table.place}: no rule holds{_example(columns, samples)}.",
            "Add a rule or a default output, unless this can't happen.",
        )


class _Sweep:
    """Looks for values that no rule takes, input by input.

    A rule of which too little is known counts as taking everything: what is found is a gap.
    """

    def __init__(self, columns: list[_Column], rows: int) -> None:
        self._all = (1 << rows) - 1
        self._parts = [_parts_of(column, self._all) for column in columns]
        self._covered: set[tuple[int, int]] = set()
        self._looks = _MAX_LOOKS

    def run(self) -> Iterator[list[Sample]]:
        yield from self._sweep(0, self._all, [])

    def _sweep(self, index: int, rules: int, chosen: list[Sample]) -> Iterator[list[Sample]]:
        self._looks -= 1
        if not rules:
            yield chosen
            return
        if index == len(self._parts) or (index, rules) in self._covered or self._looks < 0:
            return
        is_covered = True
        for sample, takers in self._parts[index]:
            for gap in self._sweep(index + 1, rules & takers, [*chosen, sample]):
                is_covered = False
                yield gap
        if is_covered:
            self._covered.add((index, rules))


def _parts_of(column: _Column, everything: int) -> list[tuple[Sample, int]]:
    """Return a sample for each set of rules that take the same; likely ones first.

    What no rule takes is told value by value, not once for all.
    """
    unknown = sum(1 << row for row, mask in enumerate(column.taken) if mask is None)
    parts: list[tuple[Sample, int]] = []
    seen: set[int] = set()
    order = sorted(enumerate(column.samples), key=lambda pair: not pair[1].is_likely)
    for bit, sample in order:
        takers = sum(1 << row for row, mask in enumerate(column.taken) if mask and mask >> bit & 1)
        takers |= unknown
        if takers not in seen or not takers:
            parts.append((sample, takers))
            seen.add(takers)
    return parts or [(Sample(None, "anything"), everything)]


def _read_column(table: TableOutline, index: int) -> _Column:
    column = table.columns[index]
    cells = [row[index] for row in table.rows]
    bounds = [find_bounds(cell.text) for cell in cells]
    allowed = find_bounds(column.allowed.text) if column.allowed else []
    known = [bound for found in (*bounds, allowed) for bound in found or ()]
    samples = None if allowed is None else find_samples(known, column.kind, column.allowed)
    if samples is None:
        # Only cells that take anything say something here.
        whole = [Sample(None, "anything")]
        return _Column(column.label, whole, [1 if cell.is_any else None for cell in cells])
    taken = [
        None if found is None else _mask_of(cell, samples)
        for cell, found in zip(cells, bounds, strict=True)
    ]
    return _Column(column.label, samples, taken)


def _mask_of(cell: UnaryTests, samples: list[Sample]) -> int | None:
    try:
        return sum(
            1 << bit
            for bit, sample in enumerate(samples)
            if cell.run(sample.value, FeelContext(), Run()) is True
        )
    except FeelError:
        return None
