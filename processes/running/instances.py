"""Running and ended instances as people look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import defer

from feel import from_json, to_plain
from processes.deploying.definition_tables import ProcessVersion
from processes.jobs.incidents import IncidentItem, list_incidents
from processes.paging import COUNT_CAP, Cursor, check_limit, cut, decode_cursor
from processes.running.instance_tables import Incident, InstanceState, ProcessInstance
from processes.running.pictures import draw, without_place
from processes.running.record_cards import load_cards
from processes.running.runtime import open_execution
from services.actors import Permission
from services.errors import Invalid, NotFound
from services.records.types import get_record
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class InstanceItem:
    """One instance in a list.

    Attributes:
        state: ``running``, ``completed``, ``terminated`` or ``cancelled``.
        suspended_at: Since when it stands still; None while it may go on.
        incidents: How many are open.
    """

    id: UUID
    process_key: str
    process_name: str
    version_id: UUID
    version: int
    state: str
    record_type: str | None
    record_id: UUID | None
    record_title: str | None
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    suspended_at: datetime | None
    suspended_by: str | None
    incidents: int


@dataclass(frozen=True)
class InstanceView(InstanceItem):
    """One instance in full.

    Attributes:
        picture: What the viewer draws; see ``pictures.draw``.
        tells_place: The picture says where it stands, and which way it went.
        variables: Plain values; empty for those who don't operate processes.
        stored_variables: The same as they are kept: dates and the like with their type.
        open_incidents: In full for those who operate processes; empty for others.
    """

    picture: dict[str, Any]
    tells_place: bool
    variables: Mapping[str, Any]
    stored_variables: Mapping[str, Any]
    open_incidents: Sequence[IncidentItem]


@dataclass(frozen=True)
class InstancePage:
    """A page of instances; ``total`` as in ``TaskPage``."""

    items: list[InstanceItem]
    next_cursor: str | None
    previous_cursor: str | None
    total: int
    total_is_capped: bool


_WHERE_IT_STANDS: Final = frozenset({"stage", "status"})
"""The fields of records that say how far they have come."""

_INCIDENTS = (
    select(func.count())
    .where(Incident.instance_id == ProcessInstance.id, Incident.resolved_at.is_(None))
    .scalar_subquery()
    .label("incidents")
)


def instance_view(uow: UnitOfWork, instance_id: UUID) -> InstanceView:
    """Return an instance with its diagram, tokens and past.

    Who operates processes sees all; others those about a record that they see, without the
    variables and without the causes of failures. Who may not see where that record stands isn't
    shown either where its process does; the diagram itself is no secret.

    Raises:
        NotFound: There is none, or the actor may not see it.
    """
    row = uow.session.execute(_statement().where(ProcessInstance.id == instance_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such process.")
    instance: ProcessInstance = row.ProcessInstance
    _check_sight(uow, instance)
    operates = uow.actor.may(Permission.INSTANCE_OPERATE)
    is_running = instance.state == InstanceState.RUNNING
    execution = open_execution(uow, instance, even_suspended=True) if is_running else None
    item = _items(uow, [row])[0]
    stored = execution.variables if execution and operates else {}
    tells_place = operates or _WHERE_IT_STANDS.isdisjoint(_hidden_fields(uow, instance))
    picture = draw(uow, instance, execution, shows_causes=operates)
    return InstanceView(
        **{name: getattr(item, name) for name in InstanceItem.__dataclass_fields__},
        picture=picture if tells_place else without_place(picture),
        tells_place=tells_place,
        variables=_plain(stored),
        stored_variables=stored,
        open_incidents=list_incidents(uow, instance_id=instance_id) if operates else (),
    )


def is_suspended(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Tell whether an instance stands still; rights are the caller's to check."""
    statement = select(ProcessInstance.suspended_at).where(ProcessInstance.id == instance_id)
    return uow.session.scalar(statement) is not None


def instances_of_record(uow: UnitOfWork, record_type: str, record_id: UUID) -> list[InstanceItem]:
    """Return the instances about a record, newest first.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    get_record(uow, record_type, record_id)
    statement = (
        _statement()
        .where(ProcessInstance.record_id == record_id)
        .order_by(ProcessInstance.id.desc())
        .options(defer(ProcessInstance.snapshot))
        .limit(50)
    )
    return _items(uow, uow.session.execute(statement).all())


def list_instances(
    uow: UnitOfWork,
    filters: Mapping[str, str] | None = None,
    cursor: str | None = None,
    *,
    limit: int = 50,
) -> InstancePage:
    """Return a page of instances, newest first, to those who operate processes.

    Args:
        uow: Of whoever looks.
        filters: By ``process`` (key), ``version`` (id), ``state`` (also ``suspended``:
            those of the running that stand still), ``record_id``, and ``incidents`` (``open``).
        cursor: From the page before or after.
        limit: 1 to 200.

    Raises:
        NotFound: The actor does not operate processes.
        Invalid: There is no such filter or page.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such list.")
    conditions = [condition_of(name, value) for name, value in (filters or {}).items() if value]
    place = decode_cursor(cursor) if cursor else None
    statement = _statement().where(*conditions).options(defer(ProcessInstance.snapshot))
    column = ProcessInstance.id
    if place is not None:
        statement = statement.where(column > place.key if place.is_backward else column < place.key)
    is_upwards = place is not None and place.is_backward
    ordered = statement.order_by(column.asc() if is_upwards else column.desc())
    rows = uow.session.execute(ordered.limit(check_limit(limit) + 1)).all()
    page, first, last = cut(rows, limit, place)
    capped = select(column).where(*conditions).limit(COUNT_CAP + 1).subquery()
    total = uow.session.scalar(select(func.count()).select_from(capped)) or 0
    return InstancePage(
        items=_items(uow, page),
        previous_cursor=_cursor(first, is_backward=True),
        next_cursor=_cursor(last, is_backward=False),
        total=min(total, COUNT_CAP),
        total_is_capped=total > COUNT_CAP,
    )


def _statement() -> Select[Any]:
    return select(ProcessInstance, ProcessVersion.name, ProcessVersion.version, _INCIDENTS).join(
        ProcessVersion, ProcessVersion.id == ProcessInstance.version_id
    )


def _check_sight(uow: UnitOfWork, instance: ProcessInstance) -> None:
    if uow.actor.may(Permission.INSTANCE_OPERATE):
        return
    if instance.record_type is None or instance.record_id is None:
        raise NotFound("There is no such process.")
    if not uow.actor.may(Permission.RECORD_READ):
        raise NotFound("There is no such process.")
    try:
        get_record(uow, instance.record_type, instance.record_id)
    except NotFound:
        raise NotFound("There is no such process.") from None


def _hidden_fields(uow: UnitOfWork, instance: ProcessInstance) -> frozenset[str]:
    return uow.actor.hidden_fields(instance.record_type) if instance.record_type else frozenset()


def _items(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> list[InstanceItem]:
    instances = [row.ProcessInstance for row in rows]
    cards = load_cards(
        uow,
        ((one.record_type, one.record_id) for one in instances if one.record_id is not None),
    )
    return [_item(row, cards) for row in rows]


def _item(row: Row[Any], cards: Mapping[Any, Any]) -> InstanceItem:
    instance: ProcessInstance = row.ProcessInstance
    card = cards.get((instance.record_type, instance.record_id))
    return InstanceItem(
        id=instance.id,
        process_key=instance.process_key,
        process_name=row.name,
        version_id=instance.version_id,
        version=row.version,
        state=instance.state,
        record_type=instance.record_type,
        record_id=instance.record_id,
        record_title=card.title if card else None,
        started_at=instance.started_at,
        started_by=instance.started_by,
        ended_at=instance.ended_at,
        suspended_at=instance.suspended_at,
        suspended_by=instance.suspended_by,
        incidents=row.incidents,
    )


def condition_of(name: str, value: str) -> Any:
    """Return the SQL condition of one filter of instances; see ``list_instances``.

    Raises:
        Invalid: There is no such filter.
    """
    match name:
        case "process":
            return ProcessInstance.process_key == value
        case "version":
            return ProcessInstance.version_id == _key(name, value)
        case "state" if value == "suspended":
            return ProcessInstance.suspended_at.is_not(None)
        case "state":
            return ProcessInstance.state == value
        case "record_id":
            return ProcessInstance.record_id == _key(name, value)
        case "incidents":
            return _INCIDENTS.element > 0
        case _:
            raise Invalid("There is no such filter.", {name: ["This can't be filtered by."]})


def _key(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid("Please check the filters.", {name: ["This is no key."]}) from None


def _cursor(row: Row[Any] | None, *, is_backward: bool) -> str | None:
    return None if row is None else Cursor(is_backward, None, row.ProcessInstance.id).encode()


def _plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_plain(from_json(value)) for name, value in variables.items()}
