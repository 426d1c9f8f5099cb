"""What a migration would do to instances: each is taken over and put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, select

from processes.commands.common import note_of
from processes.deploying.definitions import Definition
from processes.engine import EngineError
from processes.migration.one_instance import take_over
from processes.migration.runs import blockers_of
from processes.running.element_names import name_of
from processes.running.instance_tables import InstanceState, ProcessInstance
from processes.running.record_cards import load_cards
from processes.running.runtime import lock_instance
from services.unit_of_work import UnitOfWork

TRIED_AT_MOST = 200
"""How many instances a dry run looks at; the run itself looks at each again."""


class _Tried(Exception):  # noqa: N818 - ends a dry run, which is no failure
    """Undoes what a dry run did."""


def try_instances(
    uow: UnitOfWork,
    chosen: Sequence[ColumnElement[bool]],
    source: Definition,
    target: Definition,
    mapping: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return for each instance whether it could go, and what blocks it; nothing is kept.

    Args:
        uow: Of whoever asks.
        chosen: Conditions on the instances; at most ``TRIED_AT_MOST`` are tried.
        source: The version that they are on.
        target: The version that they would go to.
        mapping: By hand: old to new element ids.

    Returns:
        ``{"instance_id", "record_title", "ok", "blockers"}`` of each, oldest first.
    """
    found = select(ProcessInstance.id, ProcessInstance.record_id).where(*chosen)
    rows = uow.session.execute(found.order_by(ProcessInstance.id).limit(TRIED_AT_MOST)).all()
    titles = _titles(uow, source, [row.record_id for row in rows if row.record_id is not None])
    return [
        {
            "instance_id": row.id,
            "record_title": titles.get(row.record_id),
            **_try(uow, row.id, source, target, mapping),
        }
        for row in rows
    ]


def _try(
    uow: UnitOfWork, key: UUID, source: Definition, target: Definition, mapping: Mapping[str, str]
) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    try:
        with uow.savepoint():
            instance = lock_instance(uow, key)
            if instance.state == InstanceState.RUNNING and instance.version_id == source.id:
                take_over(uow, instance, target, mapping, note_of("instance.migrate", ""))
            _put_back()
    except _Tried:
        pass
    except EngineError as error:
        found = named(source, blockers_of(error))
    uow.session.expire_all()
    return {"ok": not found, "blockers": found}


def _titles(uow: UnitOfWork, source: Definition, record_ids: Sequence[UUID]) -> dict[UUID, str]:
    kind = source.record_type
    if kind is None:
        return {}
    cards = load_cards(uow, ((kind, key) for key in record_ids))
    return {key: card.title for (_, key), card in cards.items()}


def _put_back() -> NoReturn:
    raise _Tried


def named(source: Definition, blockers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return blockers with the names of their elements."""
    return [
        {**one, "name": name_of(source.process, one["element_id"]) if one["element_id"] else None}
        for one in blockers
    ]
