"""Numbers of documents: without gaps within a series, counted by year where the pattern says so.

The counter's row is held to the commit, so a number is never given twice, and one that a
rolled-back transaction took is given to the next (as tax law asks for invoices).
"""

from __future__ import annotations

import re
from datetime import date

from marshmallow import ValidationError
from sqlalchemy import UniqueConstraint, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import Line
from services.database import Base, Keyed, Timestamped, Versioned
from services.errors import NotFound
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.unit_of_work import UnitOfWork

SERIES = {
    "quote": "Q-{year}-{number:05}",
    "order": "O-{year}-{number:05}",
    "invoice": "INV-{year}-{number:05}",
    "credit_note": "CN-{year}-{number:05}",
    "contract": "C-{year}-{number:05}",
    "subscription": "S-{year}-{number:05}",
}
"""The shipped patterns."""

_PATTERN = re.compile(r"[^{}]{0,40}(?:\{year\}[^{}]{0,20})?\{number(?::0?\d{1,2})?\}[^{}]{0,20}")


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


class NumberCounter(Keyed, Base):
    """The last number of a series that was given; ``year`` is 0 where it is not counted by year."""

    __tablename__ = "number_counters"
    __table_args__ = (UniqueConstraint("series", "year"),)

    series: Mapped[str]
    year: Mapped[int]
    last: Mapped[int]


def _check_pattern(pattern: str) -> None:
    if not _PATTERN.fullmatch(pattern):
        raise ValidationError("Use a text with {number}, or {number:05}, and maybe {year}.")


class SetSeries(Arguments):
    """How the numbers of one kind of document look from now on."""

    name = Line(required=True, metadata={"title": "Series"})
    pattern = Line(required=True, validate=_check_pattern, metadata={"title": "Pattern"})
    version = VERSION


@operation("numbering.set_pattern", Permission.CATALOGUE_WRITE, SetSeries)
def set_pattern(
    uow: UnitOfWork, *, name: str, pattern: str, version: int | None = None
) -> NumberSeries:
    """Set how the numbers of a kind of document look; those that were given stay."""
    series = _get_series(uow, name)
    check_version(uow, series, version)
    series.pattern = pattern
    uow.session.flush()
    return series


def next_number(uow: UnitOfWork, name: str, on: date) -> str:
    """Give the next number of a series to a document of that day.

    Raises:
        NotFound: There is no such series.
    """
    pattern = _get_series(uow, name).pattern
    year = on.year if "{year}" in pattern else 0
    row = {"series": name, "year": year, "last": 0}
    uow.session.execute(insert(NumberCounter).values(row).on_conflict_do_nothing().inline())
    counted = (
        update(NumberCounter)
        .where(NumberCounter.series == name, NumberCounter.year == year)
        .values(last=NumberCounter.last + 1)
        .returning(NumberCounter.last)
    )
    number = uow.session.execute(counted).scalar_one()
    return pattern.format(year=on.year, number=number)


def _get_series(uow: UnitOfWork, name: str) -> NumberSeries:
    """Return a series; a shipped one is made on first use.

    Raises:
        NotFound: There is none.
    """
    known = select(NumberSeries).where(NumberSeries.name == name)
    found = uow.session.scalars(known).one_or_none()
    if found is not None:
        return found
    if name not in SERIES:
        raise NotFound(f"There is no series of numbers called {name}.")
    values = {"name": name, "pattern": SERIES[name], "created_at": uow.now, "updated_at": uow.now}
    uow.session.execute(insert(NumberSeries).values(values).on_conflict_do_nothing())
    return uow.session.scalars(known).one()
