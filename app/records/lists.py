"""The list of one record type: searched, narrowed, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.layout import page_url
from app.records.kind import RecordKind
from app.records.list_state import (
    ListState,
    chips,
    default_view_url,
    read_state,
    with_condition,
)
from app.records.titles import Title, Titles, find_titles
from services.activities.agenda import next_activities
from services.actors import Permission
from services.bin.contents import restorable_until
from services.people.groups import list_groups
from services.people.model import Group
from services.records.deletion import SHOWN, list_deleted
from services.records.lists import RecordPage, list_records
from services.records.time_limit import TookTooLong
from services.records.types import Field
from services.service_levels.standing import standings_of
from services.tags.tags import tags_of
from services.unit_of_work import UnitOfWork
from services.views.grouping import Groups, count_groups, group_fields
from services.views.views import list_views

_WIDE_ONLY = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list, as the table macro takes it."""

    key: str
    label: str
    field: Field
    sortable: bool
    numeric: bool
    hidden: str


@dataclass(frozen=True, slots=True)
class GroupStrip:
    """The groups of a list: text, number of records and address of each."""

    found: Groups
    shown: list[tuple[str, int, str]]


def show_list(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show the page of records that the address, or the view that it names, asks for."""
    views = list_views(uow, kind.record_type)
    elsewhere = default_view_url(kind, views)
    if elsewhere is not None:
        return redirect(elsewhere)
    state = read_state(kind, uow, views)
    search = request.args.get("q") or None
    page, groups, too_long = _read(kind, uow, state, search)
    columns = list_columns(kind, uow, state.columns)
    keys = [record.id for record in page.items]
    return render_template(
        "records/list.html",
        tags=tags_of(uow, keys),
        planned=next_activities(uow, keys),
        standings=standings_of(uow, keys, [one.key for one in columns])
        if kind.record_type == "request"
        else {},
        kind=kind,
        page=page,
        columns=columns,
        sort=state.sort,
        state=state,
        chips=chips(uow, state),
        groups=groups,
        too_long=too_long,
        group_options=[
            (one.name, f"By {one.label.lower()}") for one in group_fields(uow, kind.type)
        ],
        offered=[field for field in uow.readable_fields(kind.type) if field.kind != "long_text"],
        own_groups=_own_groups(uow, state),
        shown=count_text(page),
        titles=Titles(uow, [column.field for column in columns], page.items),
        narrowed=bool(search or state.quick or not state.where.is_empty),
    )


def _read(
    kind: RecordKind, uow: UnitOfWork, state: ListState, search: str | None
) -> tuple[RecordPage, GroupStrip | None, str]:
    """Return the page and the groups, or why it takes too long to find them."""
    try:
        page = list_records(
            uow,
            kind.record_type,
            where=state.whole(kind),
            search=search,
            sort=state.sort,
            cursor=request.args.get("after") or request.args.get("before"),
            limit=state.page_size,
        )
        groups = _groups(kind, uow, state, search)
    except TookTooLong as error:
        return RecordPage((), None, None, 0, total_is_capped=False), None, error.message
    return page, groups, ""


def show_bin(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show what was deleted last, to be restored."""
    records = list_deleted(uow, kind.record_type)
    until = restorable_until(uow, kind.type, records)
    return render_template("records/bin.html", kind=kind, records=records, most=SHOWN, until=until)


def list_columns(
    kind: RecordKind, uow: UnitOfWork, chosen: tuple[str, ...] | None = None
) -> list[Column]:
    """Return the title's column and those that are chosen, as far as the actor sees them."""
    wanted = kind.list_columns if chosen is None else chosen
    names = dict.fromkeys((kind.type.title_field, *wanted))
    found = [uow.readable_field(kind.type, name) for name in names]
    return [
        Column(
            key=field.name,
            label=field.label,
            field=field,
            sortable=field.name in kind.type.sorts,
            numeric=field.traits.is_numeric,
            hidden="lg" if position >= _WIDE_ONLY else "",
        )
        for position, field in enumerate(field for field in found if field is not None)
    ]


def count_text(page: RecordPage) -> str:
    """Return how many records there are, as far as they were counted."""
    if page.total_is_capped:
        return f"More than {page.total:,}"
    return f"{page.total:,} in all" if page.total else ""


def _groups(
    kind: RecordKind, uow: UnitOfWork, state: ListState, search: str | None
) -> GroupStrip | None:
    """Return how many records there are by each value of the field that they are grouped by."""
    if not state.group_by:
        return None
    found = count_groups(uow, kind.record_type, state.group_by, state.whole(kind), search)
    keys = [value for value, _ in found.counts if isinstance(value, UUID)]
    named = find_titles(uow, found.field.relation, keys) if found.field.relation and keys else {}
    return GroupStrip(found, [_group(state, found.field, pair, named) for pair in found.counts])


def _group(
    state: ListState, field: Field, pair: tuple[Any, int], named: Mapping[UUID, Title]
) -> tuple[str, int, str]:
    value, count = pair
    condition: dict[str, Any] = {"field": field.name, "op": "eq", "value": value}
    if value is None:
        text, condition = f"No {field.label.lower()}", {"field": field.name, "op": "empty"}
    elif isinstance(value, UUID):
        text = named[value].text if value in named else "Hidden"
    elif isinstance(value, bool):
        text = f"{field.label}: {'yes' if value else 'no'}"
    else:
        text = (field.choices or {}).get(str(value), str(value))
    url = page_url(filter=with_condition(state.where, condition), after=None, before=None)
    return text, count, url


def _own_groups(uow: UnitOfWork, state: ListState) -> list[Group]:
    """Return the teams that the view may be shared with."""
    if state.view is None or not state.view.is_own:
        return []
    groups = list_groups(uow)
    if uow.actor.may(Permission.LAYOUT_WRITE):
        return list(groups)
    return [group for group in groups if group.id in uow.actor.group_ids]
