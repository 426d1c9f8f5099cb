"""The page of one record: where it stands, what it holds, what is to be done, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.records.around import around
from app.records.edit import shown_text
from app.records.happenings import Happening, happenings
from app.records.kind import Action, RecordKind
from app.records.kinds import KINDS
from app.records.lists import Column, list_columns
from app.records.made import made_documents
from app.records.sections import parts_of
from app.records.titles import Titles
from processes.events.record_ends import ends_with
from processes.running.instance_tables import InstanceState
from processes.running.instances import InstanceItem, instance_view, instances_of_record
from processes.tasks.inbox import tasks_of_record
from services.actors import Scope, Verb
from services.operations import get_operation
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import Field, get_record, title_of
from services.rights.sharing import is_shareable, shares_with_names
from services.sales.lines import count_and_sums, lines_of, sees_prices
from services.service_levels.explain import explain_request
from services.unit_of_work import UnitOfWork

TIMELINE_ROWS: Final = 30
LINES_SHOWN: Final = 100
_FEW_FIELDS: Final = 12
_RELATED_ROWS: Final = 10
_RELATED_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One field of the bar on top of a record."""

    name: str
    value: str
    state: str


@dataclass(frozen=True, slots=True)
class RelatedList:
    """Other records that belong to this one; ``can_add``: more can be made by hand."""

    label: str
    can_add: bool
    kind: RecordKind
    columns: list[Column]
    records: Sequence[Any]
    titles: Titles


def show(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the record with everything that belongs to it."""
    record = get_record(uow, kind.record_type, key)
    step = getattr(record, kind.step_field or "") if sees_step(kind, uow) else None
    instances = instances_of_record(uow, kind.record_type, key)
    may_delete = _may_delete(kind, uow, record)
    return render_template(
        "records/show.html",
        kind=kind,
        record=record,
        title=title_of(record),
        steps=steps(kind, step) if sees_step(kind, uow) else [],
        step=step,
        own=None if kind.own is None else kind.own.load(uow, record),
        empty_fields=_empty_fields(kind, uow, record),
        parts=parts_of(kind.record_type, _seen_beside(kind, uow)),
        actions=[action for action in kind.actions if _is_offered(uow, action, step)],
        titles=Titles(uow, uow.readable_fields(kind.type), [record]),
        tasks=tasks_of_record(uow, kind.record_type, key),
        timeline=_timeline(kind, uow, key),
        rows=TIMELINE_ROWS,
        group=request.args.get("group"),
        with_parts=_with_parts(),
        around=around(uow, record),
        no_titles=Titles(uow, (), ()),
        local=shown_text,
        related=related_lists(kind, uow, key),
        made=made_documents(kind, uow, record),
        promises=explain_request(uow, record) if kind.record_type == "request" else [],
        shares=shares_with_names(uow, record),
        can_be_shared=is_shareable(record),
        may_change=_may_change(kind, uow, record),
        may_delete=may_delete,
        ending=_ending(uow, record, instances) if may_delete else [],
        **_lines(kind, uow, record),
        priced=sees_prices(uow, kind.record_type),
        instances=instances,
        picture=_picture(uow, instances),
    )


def _empty_fields(kind: RecordKind, uow: UnitOfWork, record: Any) -> list[Field]:
    """Return the added fields without a value, where there are many: they would bury the others."""
    added = [one for one in uow.readable_fields(kind.type) if one.is_added]
    if len(added) <= _FEW_FIELDS:
        return []
    return [one for one in added if one.kind != "long_text" and getattr(record, one.name) is None]


def _seen_beside(kind: RecordKind, uow: UnitOfWork) -> list[Field]:
    """Return the fields that the page shows beside, without texts that its own part shows."""
    shown = kind.own.shown if kind.own else ()
    return [field for field in uow.readable_fields(kind.type) if field.name not in shown]


def _lines(kind: RecordKind, uow: UnitOfWork, record: Any) -> dict[str, Any]:
    """Return what is shown of a paper's lines: the first ones, or all where that is asked for."""
    if not kind.lines:
        return {}
    limit = None if request.args.get("lines") == "all" else LINES_SHOWN
    count, sums = count_and_sums(uow, record)
    return {"lines": lines_of(uow, record, limit), "line_count": count, "sums": sums}


def _is_offered(uow: UnitOfWork, action: Action, step: str | None) -> bool:
    if not action.is_offered or step in action.unless:
        return False
    return uow.actor.may(get_operation(action.operation).permission)


def _may_change(kind: RecordKind, uow: UnitOfWork, record: Any) -> bool:
    if not uow.actor.may(kind.write) or not uow.may_do(Verb.UPDATE, record):
        return False
    return kind.own is None or kind.own.lets_change(uow, record)


def _may_delete(kind: RecordKind, uow: UnitOfWork, record: Any) -> bool:
    if not uow.actor.may(kind.write) or not uow.may_do(Verb.DELETE, record):
        return False
    return kind.own is None or kind.own.lets_change(uow, record)


def older_timeline(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the entries before the one that the address names, for appending to the page."""
    return render_template(
        "records/timeline.html",
        kind=kind,
        record_id=key,
        timeline=_timeline(kind, uow, key),
        rows=TIMELINE_ROWS,
        group=request.args.get("group"),
        with_parts=_with_parts(),
    )


def _timeline(kind: RecordKind, uow: UnitOfWork, key: UUID) -> list[Happening]:
    """Return the page of the timeline that the address asks for."""
    entries = timeline_of(
        uow,
        kind.record_type,
        key,
        before=request.args.get("before", type=UUID),
        limit=TIMELINE_ROWS,
        group=request.args.get("group") or None,
        with_parts=_with_parts(),
    )
    return happenings(entries, on=key)


def _with_parts() -> bool:
    """Tell whether an account's page tells of the accounts below it too."""
    return request.args.get("parts") == "1"


def steps(kind: RecordKind, current: str | None) -> list[Step]:
    """Return the bar: what is past, where it stands, what may come; one end at most."""
    field = kind.type.field(kind.step_field or "")
    if field is None or field.choices is None:
        return []
    shown = [value for value in field.choices if value == current or value not in kind.bad_ends]
    if current in kind.bad_ends:
        shown = [value for value in shown if value not in kind.ends or value == current]
    here = shown.index(current) if current in shown else -1
    return [
        Step(field.choices[value], value, _state(position, here, lost=value in kind.bad_ends))
        for position, value in enumerate(shown)
    ]


def sees_step(kind: RecordKind, uow: UnitOfWork) -> bool:
    """Tell whether the actor may see where the record stands."""
    return uow.readable_field(kind.type, kind.step_field or "") is not None


def related_lists(kind: RecordKind, uow: UnitOfWork, key: UUID) -> list[RelatedList]:
    """Return the first rows of each list of records that point to this one."""
    found = []
    for related in kind.related_lists:
        other = KINDS.get(related.record_type)
        if other is None:
            continue
        field = uow.readable_field(other.type, related.field)
        if field is None or uow.actor.reach(related.record_type) is Scope.NONE:
            continue
        page = list_records(
            uow,
            related.record_type,
            filters={related.field: str(key)},
            limit=_RELATED_ROWS,
            counts=False,
        )
        columns = [c for c in list_columns(other, uow) if c.key != related.field][:_RELATED_COLUMNS]
        titles = Titles(uow, [column.field for column in columns], page.items)
        can_add = field in uow.writable_fields(other.type)
        found.append(RelatedList(related.label, can_add, other, columns, page.items, titles))
    return found


def _state(position: int, here: int, *, lost: bool) -> str:
    """Return how the bar shows a step."""
    if position == here:
        return "lost" if lost else "current"
    return "past" if position < here else "future"


def _ending(uow: UnitOfWork, record: Any, instances: Sequence[InstanceItem]) -> list[InstanceItem]:
    """Return the processes that are cancelled if the record is deleted."""
    if not any(one.state == InstanceState.RUNNING for one in instances):
        return []
    ends = ends_with(uow, [record.id])
    return [one for one in instances if one.id in ends]


def _picture(uow: UnitOfWork, instances: Sequence[Any]) -> Any:
    """Return the diagram that is shown: the one asked for, else the newest."""
    asked = request.args.get("instance")
    chosen = next((one for one in instances if str(one.id) == asked), None)
    chosen = chosen or next(iter(instances), None)
    return None if chosen is None else instance_view(uow, chosen.id)
