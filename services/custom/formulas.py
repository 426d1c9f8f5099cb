"""Fields that are computed: a FEEL expression over the record's own fields, at each reading.

`amount * probability / 100`, `account.city`. Nothing is stored, so nothing can be out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import structlog
from sqlalchemy.orm import object_session

from feel import (
    Expression,
    FeelDate,
    FeelDateTime,
    FeelError,
    compile_expression,
    names_used,
    to_date,
    to_datetime,
    to_plain,
)
from services.arguments import MAX_NUMBER
from services.calendars.book import CalendarBook
from services.days import local_now
from services.errors import Invalid
from services.records.types import (
    Field,
    LiveRecord,
    RecordType,
    find_record_type,
    find_relation,
)

log = structlog.get_logger(__name__)

_RUNNING: Final = "formulas_running"
"""Of a session: which formulas of which records are being computed."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula.

    Attributes:
        kind: Of its results; another one counts as none.
    """

    expression: Expression
    kind: str
    text: str


def compile_formula(text: str, kind: str) -> Formula:
    """Compile the text of a formula.

    Raises:
        FeelSyntaxError: It is none.
    """
    return Formula(compile_expression(text.strip().removeprefix("=")), kind, text)


def value_of_formula(record: Any, key: str, formula: Formula) -> Any:
    """Compute a formula for ``record``; None for what is no value of its kind, or fails.

    It was checked when it was written; what fails now must not keep the record from being shown.
    """
    session = object_session(record)
    uow = None if session is None else session.info.get("uow")
    if session is None or uow is None:
        return None
    running: set[Any] = session.info.setdefault(_RUNNING, set())
    mark = (type(record), record.id, key)
    if mark in running:
        return None  # records can stand in a circle where their types don't
    running.add(mark)
    now = local_now(uow)
    try:
        found = formula.expression(LiveRecord(uow, record), now, CalendarBook(uow))
        return _RESULTS[formula.kind](found)
    except (FeelError, ValueError, OverflowError) as error:
        log.warning("formula_failed", field=key, error=str(error))
        return None
    finally:
        running.discard(mark)


def check_formula(
    text: str, kind: str, record_type: RecordType, own: str, others: Mapping[str, str]
) -> None:
    """Check the formula of the field ``own`` of a type.

    ``others`` are the formulas of that type: attribute → text.

    Raises:
        Invalid: It can't be read, names what the type has not, or needs itself.
    """
    try:
        formula = compile_formula(text, kind)
        probe = _Probe(record_type, own)
        formula.expression(probe)
    except FeelError as error:
        raise _refused(f"This can't be read: {error}") from error
    used = names_used(formula.expression)
    unknown = sorted(name for name in used if name not in probe)
    if unknown or probe.missing:
        named = unknown[0] if unknown else probe.missing[0]
        raise _refused(f"There is no field {named}.")
    if own in _reached(used, others):
        raise _refused("This formula needs its own result.")


def fields_read(text: str, record_type: RecordType) -> frozenset[tuple[str, str]]:
    """Return the fields that a formula reads, over relations too: each by its type and name."""
    expression = compile_expression(text.strip().removeprefix("="))
    probe = _Probe(record_type)
    try:
        expression(probe)
    except FeelError:
        log.info("formula_not_followed", type=record_type.name)
    for name in names_used(expression):
        probe.note(name)
    return frozenset(probe.asked)


def _reached(used: frozenset[str], formulas: Mapping[str, str]) -> set[str]:
    """Return all names that are needed, by other formulas too."""
    reached: set[str] = set()
    waiting = set(used)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            if name in formulas:
                waiting |= names_used(compile_expression(formulas[name].removeprefix("=")))
    return reached


class _Probe(Mapping[str, Any]):
    """A record without values that remembers which fields it was asked for in vain."""

    def __init__(
        self, record_type: RecordType, own: str | None = None, above: _Probe | None = None
    ) -> None:
        self.missing: list[str] = [] if above is None else above.missing
        self.asked: set[tuple[str, str]] = set() if above is None else above.asked
        self._type = record_type
        self._known = {"id"} | {field.name for field in record_type.fields}
        self._known |= {field.related_name for field in record_type.fields if field.relation}
        self._known |= {own} if own else set()

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self.missing.append(name)
            return None
        self.note(name)
        related = self._related(name)
        if related is None or related.relation is None:
            return None
        target = find_record_type(related.relation)
        if target is not None:
            return _Probe(target, above=self)
        plain = find_relation(related.relation)
        return None if plain is None else dict.fromkeys(("id", *plain.fields))

    def note(self, name: str) -> None:
        """Remember that a name was read; that of what a relation leads to stands for its field."""
        related = self._related(name)
        self.asked.add((self._type.name, name if related is None else related.name))

    def _related(self, name: str) -> Field | None:
        relations = (field for field in self._type.fields if field.relation)
        return next((field for field in relations if field.related_name == name), None)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    plain = to_plain(value)
    return str(plain) if not isinstance(plain, list | dict) else None


def _number_of(places: int) -> Callable[[Any], Decimal | None]:
    """Return what rounds to so many places at most, as fields of that kind are kept."""

    def read(value: Any) -> Decimal | None:
        if not isinstance(value, Decimal) or abs(value) > MAX_NUMBER:
            return None
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).normalize() + 0
        return Decimal(format(rounded, "f"))  # 100, where normalize makes 1E+2 of it

    return read


def _day(value: Any) -> Any:
    return to_date(value) if isinstance(value, FeelDate | FeelDateTime) else None


def _moment(value: Any) -> Any:
    if not isinstance(value, FeelDate | FeelDateTime):
        return None
    moment = to_datetime(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_RESULTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": _text,
    "decimal": _number_of(10),
    "money": _number_of(4),
    "percent": _number_of(2),
    "date": _day,
    "datetime": _moment,
    "boolean": lambda value: value if isinstance(value, bool) else None,
}
FORMULA_KINDS: Final = tuple(_RESULTS)


def _refused(message: str) -> Invalid:
    return Invalid(message, {"formula": [message]})
