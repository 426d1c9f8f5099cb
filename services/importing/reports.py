"""What is shown of an import: rows with what became of them, and a file of those refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import select

from services.exporting.writers import open_writer
from services.importing.cells import text_of
from services.importing.columns import WHOLE_ROW
from services.importing.deciding import Outcome
from services.importing.guessing import REASON
from services.importing.model import Import, ImportChunk, unpack
from services.unit_of_work import UnitOfWork

PAGE_ROWS: Final = 50
_SHOWN_CELLS: Final = 4
_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row with what became of it.

    Attributes:
        cells: The beginning of its first cells, to know it by.
        messages: Heading of the column (empty: the whole row) and what is said of it.
    """

    number: int
    outcome: str
    record_id: UUID | None
    cells: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]


def report_rows(
    uow: UnitOfWork, one: Import, outcome: str | None = None, after: int = 0
) -> list[ReportRow]:
    """Return the next rows after the one numbered ``after``; of the run, or else the dry run.

    Args:
        uow: Of whoever looks.
        one: The import.
        outcome: Only those with this one; None: all.
        after: 0 for the first.
    """
    found: list[ReportRow] = []
    for chunk in _chunks(uow, one, only_problems=outcome in {Outcome.ERROR, Outcome.SKIP}):
        for row, verdict in _judged(chunk):
            if row[0] > after and outcome in {None, verdict[1]}:
                found.append(_shown(one, row, verdict))
            if len(found) >= PAGE_ROWS:
                return found
    return found


def conflicts_of(uow: UnitOfWork, one: Import, limit: int = 200) -> list[list[Any]]:
    """Return what a revert left alone: type, key, title, why."""
    found: list[list[Any]] = []
    packed = uow.session.scalars(
        select(ImportChunk.conflicts)
        .where(ImportChunk.import_id == one.id, ImportChunk.conflicts.is_not(None))
        .order_by(ImportChunk.position)
    )
    for content in packed:
        found += unpack(content)
        if len(found) >= limit:
            break
    return found[:limit]


def write_refused(uow: UnitOfWork, one: Import, file: BinaryIO) -> int:
    """Write the rows with errors as a file of the same kind, with the reasons beside them.

    Returns:
        How many those are.
    """
    writer = open_writer(one.file_kind, file, one.options.get("delimiter") or ",")
    # Rows that are refused once more have one column of reasons, the newest.
    is_second = one.header[-1] == REASON and len(one.header) - 1 not in _mapped(one)
    header = one.header[:-1] if is_second else one.header
    writer.write([*header, REASON])
    count = 0
    for chunk in _chunks(uow, one, only_problems=True):
        for row, verdict in _judged(chunk):
            if verdict[1] == Outcome.ERROR:
                cells = [text_of(cell) for cell in row[1 : len(header) + 1]]
                cells += [""] * (len(header) - len(cells))
                writer.write([*cells, _reason(one, verdict)])
                count += 1
    writer.close()
    return count


def _mapped(one: Import) -> set[int]:
    return {column["column"] for column in one.plan.get("columns", ())}


def _chunks(uow: UnitOfWork, one: Import, *, only_problems: bool) -> Iterator[ImportChunk]:
    """Yield the chunks one after another, each dropped before the next."""
    statement = select(ImportChunk.position).where(ImportChunk.import_id == one.id)
    if only_problems:
        statement = statement.where(ImportChunk.problems > 0)
    for position in uow.session.scalars(statement.order_by(ImportChunk.position)).all():
        chunk = uow.session.get(ImportChunk, (one.id, position))
        if chunk is not None:
            yield chunk
            uow.session.expunge(chunk)


def _judged(chunk: ImportChunk) -> Iterator[tuple[list[Any], list[Any]]]:
    verdicts = {verdict[0]: verdict for verdict in unpack(chunk.done or chunk.checked)}
    for row in unpack(chunk.rows):
        if row[0] in verdicts:
            yield row, verdicts[row[0]]


def _shown(one: Import, row: Sequence[Any], verdict: Sequence[Any]) -> ReportRow:
    messages = tuple(
        (_heading(one, int(place)), text) for place, text in (verdict[3] or {}).items()
    )
    cells = [text_of(cell)[:_SHOWN_CHARACTERS] for cell in row[1:]]
    key = UUID(verdict[2]) if verdict[2] else None
    known = tuple(cell for cell in cells if cell)[:_SHOWN_CELLS]
    return ReportRow(row[0], verdict[1], key, known, messages)


def _reason(one: Import, verdict: Sequence[Any]) -> str:
    parts = [(_heading(one, int(place)), text) for place, text in (verdict[3] or {}).items()]
    return " ".join(f"{heading}: {text}" if heading else text for heading, text in parts)


def _heading(one: Import, place: int) -> str:
    return "" if place == WHOLE_ROW or place >= len(one.header) else str(one.header[place])
