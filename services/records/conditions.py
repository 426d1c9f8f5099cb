"""Conditions in FEEL over one record, which goes by the name of its type: ``deal.amount > 0``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from feel import FeelError, compile_expression, names_used
from services.calendars.book import CalendarBook
from services.days import local_now
from services.records.types import LiveRecord, RecordType, get_record_type
from services.unit_of_work import UnitOfWork


def condition_problem(text: str, record_type: str) -> str | None:
    """Return what is wrong with a condition over a record of this type, or None."""
    probe = _Probe(get_record_type(record_type))
    try:
        compiled = compile_expression(text.removeprefix("="))
        others = names_used(compiled) - {record_type}
        if others:
            return f"Only the {record_type} is known here, not {', '.join(sorted(others))}."
        compiled({record_type: probe})
    except FeelError as error:
        return f"This can't be read: {error}"
    return f"A {record_type} has no field {probe.missing[0]}." if probe.missing else None


def holds(uow: UnitOfWork, condition: str, record: Any) -> bool:
    """Tell whether ``record`` meets ``condition``; what is neither true nor false is not met.

    Raises:
        FeelError: It can't be evaluated, though it was checked when it was written.
    """
    now = local_now(uow)
    compiled = compile_expression(condition.removeprefix("="))
    context = {record.record_type: LiveRecord(uow, record)}
    return compiled(context, now, CalendarBook(uow)) is True


class _Probe(Mapping[str, Any]):
    """A record without values that remembers which fields it was asked for in vain."""

    def __init__(self, record_type: RecordType) -> None:
        self.missing: list[str] = []
        names = {field.name for field in record_type.fields} | {"id"}
        self._known = names | {name.removesuffix("_id") for name in names}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self.missing.append(name)
        return None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
