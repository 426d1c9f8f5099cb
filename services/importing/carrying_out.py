"""Carrying out what was decided about some rows, in the transaction of their chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from marshmallow import missing
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError

from services.batches import batch
from services.changes import RowChange
from services.duplicates.finding import one_of
from services.errors import Invalid, LanewiseError
from services.importing.abouts import with_about
from services.importing.columns import WHOLE_ROW, places
from services.importing.deciding import Decider, Decision, Outcome
from services.importing.first_lines import import_field, is_of_line, target_of, with_line
from services.importing.links import Links
from services.importing.matching import Seen
from services.importing.plan import FULL_NAME
from services.importing.types import change_kind, import_type, is_record_type, operation_for
from services.operations import get_operation, handler_of
from services.records.types import RecordType, get_record_type
from services.unit_of_work import UnitOfWork

REFUSALS: Final = (LanewiseError, IntegrityError, DataError)

NEEDS_NO_TRIAL: Final = frozenset({"account", "contact", "lead", "request"})
"""Types whose fields say all that is checked, or whose numbers a trial would use up."""

_EACH_ALONE: Final = 1


@dataclass(slots=True)
class Done:
    """What a chunk has made: relation → keys of linked records, and how many rows got what."""

    decisions: list[Decision] = field(default_factory=list)
    made: dict[str, list[UUID]] = field(default_factory=dict)


def carry_out(uow: UnitOfWork, decider: Decider, rows: Sequence[Sequence[Any]]) -> Done:
    """Decide about rows and write what follows; a row that is refused says why.

    Rows about the same new record come one after another: the first makes it, the others find it.
    So do a parent and its children.
    """
    done = Done()
    left, may_wait = list(rows), True
    while left:
        seen = Seen(decider.record_type, decider.plan)
        decisions, links = decider.decide(uow, left, seen, lock=True, may_wait=may_wait)
        later = {one.row.number for one in decisions if one.earlier is not None} | links.waiting
        now = [decision for decision in decisions if decision.row.number not in later]
        _make_links(uow, decider, now, links, done)
        _create(uow, decider, [one for one in now if one.outcome == Outcome.CREATE], links)
        for decision in now:
            if decision.outcome == Outcome.UPDATE:
                _alone(uow, decider, decision)
        done.decisions += now
        may_wait = bool(now)  # of those that only wait for one another, none is ever made
        left = [row for row in left if row[0] in later]
    done.decisions.sort(key=lambda decision: decision.row.number)
    return done


def try_out(uow: UnitOfWork, decider: Decider, decisions: Iterable[Decision]) -> None:
    """Carry decisions out and undo all of it, so that what an operation refuses is known."""
    if decider.record_type.name in NEEDS_NO_TRIAL:
        return
    with suppress(_UndoneError), uow.savepoint():
        for decision in decisions:
            if decision.earlier is None and not decision.row.links:
                known = decision.record_id
                if decision.outcome in {Outcome.CREATE, Outcome.UPDATE}:
                    _alone(uow, decider, decision)
                decision.record_id = known
        raise _UndoneError


class _UndoneError(Exception):
    """A trial is over."""


def _create(uow: UnitOfWork, decider: Decider, decisions: list[Decision], links: Links) -> None:
    """Make the new records all at once, or each alone if one of them is refused."""
    if not decisions:
        return
    has_lines = any(is_of_line(name) for name in decider.plan.targets())
    # Lines need the key of their record, and a price is compared with those written before it.
    is_gathered = not has_lines and is_record_type(decider.record_type.name)
    if len(decisions) > _EACH_ALONE and is_gathered:
        try:
            with uow.savepoint(), batch(uow, links.visible):
                create = _creator(uow, decider.record_type)
                keys = [create(**decision.values).id for decision in decisions]
        except REFUSALS:
            keys = []
        if keys:
            for decision, key in zip(decisions, keys, strict=True):
                decision.record_id = key
            return
    for decision in decisions:
        _alone(uow, decider, decision)


def _alone(uow: UnitOfWork, decider: Decider, decision: Decision) -> None:
    """Make or change one record; a refusal leaves nothing of it."""
    name = decider.record_type.name
    try:
        with uow.savepoint():
            if decision.outcome == Outcome.CREATE:
                decision.record_id = _creator(uow, decider.record_type)(**decision.values).id
            else:
                change = handler_of(uow, operation_for(name, "update"))
                change(uow, **{f"{name}_id": decision.record_id}, **decision.values)
            uow.session.flush()
    except Invalid as error:
        _refuse_fields(decider, decision, error)
    except LanewiseError as error:
        decision.refuse(error.message)
    except (IntegrityError, DataError):
        decision.refuse(
            "The database refuses this row: something in it must be unique, or is too large."
        )


def _creator(uow: UnitOfWork, record_type: RecordType) -> Callable[..., Any]:
    name = operation_for(record_type.name, "create")
    handler, besides = handler_of(uow, name), _left_out(record_type, name)
    return lambda **values: handler(uow, **{**besides, **with_about(with_line(values))})


def _left_out(record_type: RecordType, name: str) -> dict[str, Any]:
    """Return what an operation takes besides the record's fields, as if it had been left out."""
    defaults = {
        name: argument.load_default
        for name, argument in get_operation(name).schema().fields.items()
        if argument.load_default is not missing and record_type.field(name) is None
    }
    return {name: made() if callable(made) else made for name, made in defaults.items()}


def _refuse_fields(decider: Decider, decision: Decision, error: Invalid) -> None:
    """Put each message beside the cell that it is about."""
    where = places(decider.plan)
    if not error.fields:
        decision.refuse(error.message)
    for name, texts in error.fields.items():
        place = where.get(target_of(name), where.get(FULL_NAME, WHOLE_ROW))
        decision.refuse(" ".join(texts), place)


def _make_links(
    uow: UnitOfWork, decider: Decider, decisions: list[Decision], links: Links, done: Done
) -> None:
    """Make the records that rows link to and that are not there yet, each once.

    Rows whose record is refused say why.
    """
    keys: dict[tuple[str, str], UUID] = {}
    refused: dict[tuple[str, str], str] = {}
    wanted = {
        (relation, text.casefold()): text
        for one in decisions
        if one.outcome in {Outcome.CREATE, Outcome.UPDATE}
        for name, text in one.row.links.items()
        if (relation := _relation(decider.record_type, name))
    }
    by_relation: dict[str, list[tuple[str, str]]] = {}
    for (relation, folded), text in wanted.items():
        by_relation.setdefault(relation, []).append((folded, text))
    for relation, texts in by_relation.items():
        made, why = _make_titled(uow, get_record_type(relation), texts)
        keys.update({(relation, folded): key for folded, key in made.items()})
        refused.update({(relation, folded): reason for folded, reason in why.items()})
        links.visible.update((relation, key) for key in made.values())
        done.made.setdefault(relation, []).extend(made.values())
    where = places(decider.plan)
    for one in decisions:
        for name, text in one.row.links.items():
            wanted_key = (_relation(decider.record_type, name), text.casefold())
            if wanted_key in keys:
                one.values[name] = keys[wanted_key]
            elif wanted_key in refused:
                one.refuse(refused[wanted_key], where[name])


def _make_titled(
    uow: UnitOfWork, record_type: RecordType, texts: Sequence[tuple[str, str]]
) -> tuple[dict[str, UUID], dict[str, str]]:
    """Make records that have nothing but a title, at once or each alone if one is refused.

    Returns:
        Folded title → key, and folded title → why there is none.
    """
    title = record_type.title_field
    with suppress(*REFUSALS), uow.savepoint(), batch(uow):
        create = _creator(uow, record_type)
        return {folded: create(**{title: text}).id for folded, text in texts}, {}
    keys: dict[str, UUID] = {}
    refused: dict[str, str] = {}
    for folded, text in texts:
        try:
            with uow.savepoint():
                keys[folded] = _creator(uow, record_type)(**{title: text}).id
                uow.session.flush()
        except LanewiseError as error:
            refused[folded] = error.message
        except (IntegrityError, DataError):
            refused[folded] = f"The database refuses “{text[:80]}”."
        if folded in refused:
            keys.pop(folded, None)
    return keys, refused


def _relation(record_type: RecordType, name: str) -> str:
    one = import_field(record_type, name)
    return (one.relation if one else None) or ""


def undo_entries(
    uow: UnitOfWork, record_type: str, done: Done, changes: Iterable[RowChange]
) -> list[list[Any]]:
    """Return what undoing needs: type, key, whether it was made, version, fields as they were.

    What has no version has its fields as they were made instead.
    """
    about: dict[str, set[UUID]] = {name: set(keys) for name, keys in done.made.items()}
    own = about.setdefault(record_type, set())
    own.update(
        one.record_id
        for one in done.decisions
        if one.record_id is not None and one.outcome in {Outcome.CREATE, Outcome.UPDATE}
    )
    merged: dict[tuple[str, UUID], tuple[bool, dict[str, list[Any]]]] = {}
    kinds = {change_kind(name): name for name in about}
    for change in changes:
        kind = kinds.get(change.kind, "")
        if change.row_id not in about.get(kind, ()):
            continue
        created, fields = merged.setdefault((kind, change.row_id), (change.created, {}))
        if not created or not is_record_type(kind):
            for name, (before, after) in change.fields.items():
                fields[name] = [fields[name][0] if name in fields else before, after]
    versions: dict[UUID, int] = {}
    for name, keys in about.items():
        if not is_record_type(name):
            continue
        model = import_type(name).model
        rows = uow.session.execute(select(model.id, model.version).where(one_of(model.id, keys)))
        versions.update({row.id: row.version for row in rows})
    return [
        [kind, key, created, versions.get(key), fields]
        for (kind, key), (created, fields) in merged.items()
    ]
