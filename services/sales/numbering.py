"""Numbers of documents: without gaps within a series, counted by year where the series says so.

The counter's row is held to the commit, so a number is never given twice, and one that a
rolled-back transaction took is given to the next (as tax law asks for invoices).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from marshmallow import ValidationError, validate
from sqlalchemy import UniqueConstraint, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import Line, Truth, WholeNumber
from services.database import Base, Keyed, Timestamped, Versioned
from services.days import today
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.sales.model import Invoice, Order, Quote
from services.sales.number_patterns import NumberPattern, parse_pattern
from services.unit_of_work import UnitOfWork

_HIGHEST: Final = 2**31 - 2


@dataclass(frozen=True, slots=True)
class Series:
    """A kind of document that is numbered.

    Attributes:
        pattern: The shipped one.
        column: Where its documents keep their numbers; no two of them may have the same one.
    """

    name: str
    label: str
    pattern: str
    column: Any


SERIES: dict[str, Series] = {}
"""All series by name, in the order in which pages show them."""


def register_series(series: Series) -> None:
    """Let there be a series of numbers."""
    SERIES[series.name] = series


register_series(Series("quote", "Quotes", "Q-{year}-{number:05}", Quote.number))
register_series(Series("order", "Orders", "O-{year}-{number:05}", Order.number))
register_series(Series("invoice", "Invoices", "INV-{year}-{number:05}", Invoice.number))
register_series(Series("credit_note", "Credit notes", "CN-{year}-{number:05}", Invoice.number))


class NumberSeries(Versioned, Timestamped, Base):
    """How the numbers of one kind of document look.

    Attributes:
        pattern: Text with ``{number}``, or ``{number:05}`` for five digits, and maybe ``{year}``.
        yearly: Whether a pattern with ``{year}`` begins at 1 each year.
    """

    __tablename__ = "number_series"
    __audited__ = True

    name: Mapped[str] = mapped_column(unique=True)
    pattern: Mapped[str]
    yearly: Mapped[bool] = mapped_column(default=True, server_default="true")

    @property
    def parts(self) -> NumberPattern:
        """The parts of the pattern."""
        return parse_pattern(self.pattern)

    def counter_year(self, on: date) -> int:
        """Return the year whose counter counts on a day; 0 where all years have the same one."""
        return on.year if self.yearly and self.parts.has_year else 0


class NumberCounter(Keyed, Base):
    """The last number of a series that was given; ``year`` is 0 where it is not counted by year."""

    __tablename__ = "number_counters"
    __table_args__ = (UniqueConstraint("series", "year"),)

    series: Mapped[str]
    year: Mapped[int]
    last: Mapped[int]


def _check_pattern(pattern: str) -> None:
    try:
        parse_pattern(pattern)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class SetSeries(Arguments):
    """How the numbers of one kind of document look from now on."""

    name = Line(required=True, metadata={"title": "Series"})
    pattern = Line(required=True, validate=_check_pattern, metadata={"title": "Pattern"})
    yearly = Truth(
        load_default=True,
        metadata={"title": "Begins at 1 each year", "description": "If the year is in it."},
    )
    next_number = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, _HIGHEST),
        metadata={"title": "Next number", "description": "To go on from another system's."},
    )
    version = VERSION


@operation("numbering.set_pattern", Permission.CATALOGUE_WRITE, SetSeries)
def set_pattern(
    uow: UnitOfWork,
    *,
    name: str,
    pattern: str,
    yearly: bool,
    next_number: int | None = None,
    version: int | None = None,
) -> NumberSeries:
    """Set how the numbers of a kind of document look; those that were given stay.

    It counts on after the highest number that looks like that, so that none is given twice.
    """
    series = _get_series(uow, name, lock=True)
    check_version(uow, series, version)
    _refuse_shape_of_another(uow, name, parse_pattern(pattern))
    series.pattern, series.yearly = pattern, yearly
    uow.session.flush()
    for year, last in _given(uow, series).items():
        _raise_counter(uow, name, year, last)
    if next_number is not None:
        _go_on_from(uow, series, next_number)
    return series


def next_number(uow: UnitOfWork, name: str, on: date) -> str:
    """Give the next number of a series to a document of that day.

    Raises:
        NotFound: There is no such series.
        Conflict: A document of another series has that number, or there is no further one.
    """
    series = _get_series(uow, name)
    year = series.counter_year(on)
    row = {"series": name, "year": year, "last": 0}
    uow.session.execute(insert(NumberCounter).values(row).on_conflict_do_nothing().inline())
    counted = (
        update(NumberCounter)
        .where(
            NumberCounter.series == name,
            NumberCounter.year == year,
            NumberCounter.last <= _HIGHEST,
        )
        .values(last=NumberCounter.last + 1)
        .returning(NumberCounter.last)
    )
    given = uow.session.execute(counted).scalar_one_or_none()
    if given is None:
        label = SERIES[name].label
        raise Conflict(f"{label} have used up their numbers; give them another look.")
    made = series.parts.format(given, on)
    column = SERIES[name].column
    if uow.session.scalar(select(column).where(column == made)) is not None:
        raise Conflict(f"The number {made} is given already; say where the series goes on.")
    return made


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series as its page shows it.

    Attributes:
        last: The last counter that was given in what it counts now, 0 for none.
        next: What the next document of today gets.
        version: None as long as nobody has changed what ships.
    """

    name: str
    label: str
    pattern: NumberPattern
    yearly: bool
    last: int
    next: str
    version: int | None


def show_series(uow: UnitOfWork, on: date) -> list[ShownSeries]:
    """Return all series with the number that comes next, in two statements."""
    kept = {row.name: row for row in uow.session.scalars(select(NumberSeries))}
    counters = {
        (row.series, row.year): row.last for row in uow.session.scalars(select(NumberCounter))
    }
    shown = []
    for name, series in SERIES.items():
        row = kept.get(name) or NumberSeries(name=name, pattern=series.pattern, yearly=True)
        last = counters.get((name, row.counter_year(on)), 0)
        following = row.parts.format(last + 1, on)
        shown.append(
            ShownSeries(
                name, series.label, row.parts, row.yearly, last, following, row.version or None
            )
        )
    return shown


def _get_series(uow: UnitOfWork, name: str, *, lock: bool = False) -> NumberSeries:
    """Return a series; a shipped one is made on first use.

    Raises:
        NotFound: There is none.
    """
    known = select(NumberSeries).where(NumberSeries.name == name)
    if lock:
        known = known.with_for_update().execution_options(populate_existing=True)
    found = uow.session.scalars(known).one_or_none()
    if found is not None:
        return found
    if name not in SERIES:
        raise NotFound(f"There is no series of numbers called {name}.")
    values = {
        "name": name,
        "pattern": SERIES[name].pattern,
        "created_at": uow.now,
        "updated_at": uow.now,
    }
    uow.session.execute(insert(NumberSeries).values(values).on_conflict_do_nothing())
    return uow.session.scalars(known).one()


def _refuse_shape_of_another(uow: UnitOfWork, name: str, pattern: NumberPattern) -> None:
    """Refuse a pattern that gives the numbers of another series kept in the same place.

    Raises:
        Invalid: Invoices and credit notes, say, would look alike.
    """
    kept = {row.name: row.pattern for row in uow.session.scalars(select(NumberSeries))}
    for other in SERIES.values():
        if other.name == name or other.column is not SERIES[name].column:
            continue
        if parse_pattern(kept.get(other.name, other.pattern)).shape == pattern.shape:
            message = f"{other.label} have numbers like that; no two may be the same."
            raise Invalid(message, {"pattern": [message]})


def _given(uow: UnitOfWork, series: NumberSeries) -> Mapping[int, int]:
    """Return the highest counters that documents have in this pattern, by counter's year.

    Raises:
        Invalid: There is no counting on from there.
    """
    column, pattern = SERIES[series.name].column, series.parts
    matched = select(func.regexp_matches(column, pattern.matcher).label("parts")).where(
        column.startswith(pattern.prefix, autoescape=True)
    )
    found: dict[int, int] = {}
    for (parts,) in uow.session.execute(matched):
        year = int(parts[0]) if series.yearly and pattern.has_year else 0
        found[year] = max(found.get(year, 0), int(parts[-1]))
    highest = max(found.values(), default=0)
    if highest > _HIGHEST:
        message = f"It would count on from {highest}, which is too high; use another text."
        raise Invalid(message, {"pattern": [message]})
    return found


def _raise_counter(uow: UnitOfWork, name: str, year: int, last: int) -> None:
    """Let a counter stand at ``last`` at least."""
    row = insert(NumberCounter).values(series=name, year=year, last=last)
    highest = func.greatest(NumberCounter.last, row.excluded.last)
    uow.session.execute(
        row.on_conflict_do_update(index_elements=["series", "year"], set_={"last": highest})
    )


def _go_on_from(uow: UnitOfWork, series: NumberSeries, number: int) -> None:
    """Let the series go on from a number.

    Raises:
        Invalid: That number, or a later one, is given already.
    """
    year = series.counter_year(today(uow))
    _raise_counter(uow, series.name, year, 0)
    held = select(NumberCounter).where(
        NumberCounter.series == series.name, NumberCounter.year == year
    )
    counter = uow.session.scalars(
        held.with_for_update().execution_options(populate_existing=True)
    ).one()
    if number <= counter.last:
        message = f"{counter.last} is given already; go on from {counter.last + 1} or more."
        raise Invalid(message, {"next_number": [message]})
    counter.last = number - 1
    uow.session.flush()
