"""All records that match: what a list is narrowed to, without its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select

from services.actors import Verb
from services.filtering import all_of, compile_filter, parse_arguments, parse_filter
from services.records.types import get_record_type
from services.search.conditions import search_condition
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records are meant.

    Attributes:
        where: A filter of the filter language.
        filters: As arguments of an address, such as ``stage`` or ``amount__gte``.
        search: Words that they are found by.
    """

    record_type: str
    where: Mapping[str, Any] | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    search: str | None = None


def select_matching(uow: UnitOfWork, asked: Asked, verb: Verb) -> Select[Any]:
    """Return the query of those records that the actor sees and may do ``verb`` with.

    Raises:
        Invalid: A filter is none of those there are.
        NotFound: There is no such record type.
    """
    record_type = get_record_type(asked.record_type)
    model = record_type.model
    narrowed = parse_arguments(record_type, dict(asked.filters))
    if asked.where is not None:
        narrowed = all_of(record_type, parse_filter(record_type, dict(asked.where)), narrowed)
    readable = uow.select(model).with_only_columns(model.id)
    statement = uow.select(model, verb=verb).where(
        model.id.in_(readable), compile_filter(uow, narrowed)
    )
    if asked.search and asked.search.strip():
        statement = statement.where(search_condition(uow, record_type, asked.search))
    return statement
