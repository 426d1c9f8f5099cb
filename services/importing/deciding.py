"""Deciding what becomes of each row: the same for the dry run and for the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.importing.abouts import is_about, is_other
from services.importing.beginnings import is_of_beginning
from services.importing.columns import WHOLE_ROW, Row, RowReader, places
from services.importing.first_lines import is_of_line
from services.importing.links import Links, coming_titles, resolve_links
from services.importing.matching import Matches, Seen, find_matches, load_records
from services.importing.plan import FULL_NAME, KEY_FIELD, Plan, Policy
from services.importing.prices import check_lists, fixed_fields, round_prices
from services.importing.types import PRICE
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork


class Outcome(StrEnum):
    """What becomes of a row."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    SKIP = "skip"
    ERROR = "error"


OUTCOMES = {
    Outcome.CREATE: "Created",
    Outcome.UPDATE: "Updated",
    Outcome.UNCHANGED: "Already so",
    Outcome.SKIP: "Skipped",
    Outcome.ERROR: "With errors",
}


@dataclass(slots=True)
class Decision:
    """What becomes of one row.

    Attributes:
        record_id: The record that it is about; None for a new one.
        values: What is written.
        earlier: The row before it that is about the same record, which must be carried out first.
        reason: Why it is skipped.
    """

    row: Row
    outcome: Outcome
    record_id: UUID | None = None
    values: dict[str, Any] = field(default_factory=dict)
    earlier: int | None = None
    reason: str = ""

    def as_json(self) -> list[Any]:
        """Return what a chunk keeps of it: number, outcome, key, messages by column."""
        messages = {str(place): text for place, text in self.row.errors.items()}
        if self.reason:
            messages[str(WHOLE_ROW)] = self.reason
        return [self.row.number, self.outcome, self.record_id, messages or None]

    def refuse(self, message: str, place: int = WHOLE_ROW) -> None:
        """Make it an error."""
        self.row.errors[place] = message
        self.outcome = Outcome.ERROR


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides about rows of one import."""

    record_type: RecordType
    plan: Plan
    reader: RowReader

    def decide(
        self,
        uow: UnitOfWork,
        rows: Sequence[Sequence[Any]],
        seen: Seen,
        *,
        lock: bool,
        may_wait: bool = True,
    ) -> tuple[list[Decision], Links]:
        """Return what becomes of each of these rows, and what they are linked to.

        Args:
            uow: Of the one who imports.
            rows: As chunks keep them.
            seen: The rows before; these are added.
            lock: Whether the records that are found stay as they are to the commit.
            may_wait: Whether a row may link to what another row makes.
        """
        read = [self._read(row) for row in rows]
        seen.titles |= coming_titles(self.record_type, self.plan, read)
        coming = seen.titles if may_wait else set()
        links = resolve_links(uow, self.record_type, self.plan, read, coming)
        if self.record_type is PRICE:
            check_lists(uow, read, places(self.plan), lock=lock)
        matches = find_matches(uow, self.record_type, self.plan, [r for r in read if not r.errors])
        found = {key for match in matches.values() for key in match.keys}
        records = load_records(uow, self.record_type, found, lock=lock)
        return [self._decide(row, matches, records, seen) for row in read], links

    def remember(self, rows: Sequence[Sequence[Any]], seen: Seen) -> None:
        """Add to ``seen`` what ``decide`` would, without looking anything up."""
        for one in rows:
            row = self._read(one)
            seen.titles |= coming_titles(self.record_type, self.plan, [row])
            if not row.errors:
                seen.add(row)

    def _read(self, cells: Sequence[Any]) -> Row:
        row = self.reader.read(cells)
        if self.record_type is PRICE:
            round_prices(row, places(self.plan))
        return row

    def _decide(
        self, row: Row, matches: dict[int, Matches], records: dict[UUID, Any], seen: Seen
    ) -> Decision:
        if row.errors:
            return Decision(row, Outcome.ERROR)
        if self.plan.policy == Policy.ALL:
            return self._create(row)
        match = matches[row.number]
        if refused := self._refusal(row, match):
            return refused
        earlier = seen.find(row)
        if earlier is None:
            seen.add(row)
        if match.keys:
            return self._about(row, records.get(next(iter(match.keys))))
        if earlier is not None:
            return self._again(row, earlier)
        if self.plan.policy == Policy.UPDATE:
            return Decision(row, Outcome.SKIP, reason="There is no such record yet.")
        return self._create(row)

    def _refusal(self, row: Row, match: Matches) -> Decision | None:
        """Refuse a row of which it can't be told which record it is about."""
        if self.plan.policy == Policy.CREATE:
            return None
        made = Decision(row, Outcome.ERROR)
        if match.unseen and not match.keys:
            place = self.plan.targets()[KEY_FIELD].column
            made.refuse("There is no record with this key that you may see.", place)
            return made
        if len(match.keys) > 1:
            made.refuse(f"{len(match.keys)} records fit this row; it can't be told which is meant.")
            return made
        return None

    def _about(self, row: Row, record: Any) -> Decision:
        """Decide about a row whose record is there; None: it was, a moment ago."""
        if record is None:
            gone = Decision(row, Outcome.ERROR)
            gone.refuse("Its record was deleted at this moment.")
            return gone
        if self.plan.policy == Policy.CREATE:
            return Decision(row, Outcome.SKIP, record.id, reason="It is there already.")
        if refused := self._refused_line(row) or self._refused_beginning(row, record):
            return refused
        if any(map(is_about, row.values)) and is_other(record, row.values):
            moved = Decision(row, Outcome.ERROR)
            told = "Only a new activity takes what it is about from a file."
            moved.refuse(told, self._column_of(next(filter(is_about, row.values))))
            return moved
        changed = {
            name: value
            for name, value in row.values.items()
            if not is_about(name)
            and self._counts(record, name)
            and not _same(getattr(record, name), value)
        }
        outcome = Outcome.UPDATE if changed or row.links else Outcome.UNCHANGED
        made = Decision(row, outcome, record.id, changed)
        if self.record_type is PRICE and (fixed := fixed_fields(changed)):
            told = "A price stays on its list and with its product; leave the key out for another."
            made.refuse(told, self._column_of(fixed[0]))
        return made

    def _refused_line(self, row: Row) -> Decision | None:
        """Refuse a line for a record that has lines, or may have."""
        named = next((name for name in (*row.values, *row.links) if is_of_line(name)), None)
        if named is None:
            return None
        made = Decision(row, Outcome.ERROR)
        made.refuse("A line is taken for a new record only.", self._column_of(named))
        return made

    def _refused_beginning(self, row: Row, record: Any = None) -> Decision | None:
        """Refuse what only a new record takes, unless it is so already."""
        for name, value in row.values.items():
            if not is_of_beginning(self.record_type, name):
                continue
            if record is None or not _same(getattr(record, name), value):
                made = Decision(row, Outcome.ERROR)
                label = self.record_type.label.lower()
                told = f"Only a new {label} takes it from a file; one that is there is moved."
                made.refuse(told, self._column_of(name))
                return made
        return None

    def _counts(self, record: Any, name: str) -> bool:
        return not self.plan.only_empty or _is_empty(getattr(record, name))

    def _again(self, row: Row, earlier: int) -> Decision:
        """Decide about a row about the same record as one before it."""
        if self.plan.policy == Policy.BOTH:
            if refused := self._refused_line(row) or self._refused_beginning(row):
                return refused
            return Decision(row, Outcome.UPDATE, values=row.values, earlier=earlier)
        return Decision(row, Outcome.SKIP, reason=f"It is the same as in row {earlier:,}.")

    def _create(self, row: Row) -> Decision:
        made = Decision(row, Outcome.CREATE, values={**self.plan.values, **row.values})
        for name in self.record_type.required:
            if name not in made.values and name not in row.links:
                column = self._column_of(name)
                one = self.record_type.field(name)
                made.refuse(f"{one.label if one else name} is missing.", column)
        return made

    def _column_of(self, name: str) -> int:
        targets = self.plan.targets()
        found = targets.get(name) or targets.get(FULL_NAME)
        return found.column if found else WHOLE_ROW


def _same(stored: Any, value: Any) -> bool:
    if isinstance(stored, datetime) and isinstance(value, datetime) and not value.microsecond:
        stored = stored.replace(microsecond=0)  # a file's times have no fractions of seconds
    return bool(stored == value) or (_is_empty(stored) and _is_empty(value))


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [])
