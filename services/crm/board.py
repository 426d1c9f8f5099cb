"""The board: a pipeline's stages as columns, each with its newest deals and what they add up to.

However many deals there are, it takes six statements: every column reads its first cards through
an index of its own (a lateral join), and more of them by key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_

from services.access import row_condition
from services.activities.model import Activity, ActivityStatus
from services.actors import Verb
from services.crm.account_model import Account
from services.crm.board_parts import Board, BoardColumn, BoardQuery, Card, NextActivity
from services.crm.deal_model import DEAL, Deal
from services.crm.pipeline_model import STAGE_NAMES, Pipeline, Stage
from services.errors import Invalid, NotAllowed, NotFound
from services.filtering import compile_filter
from services.people.model import User
from services.sales.currencies import OwnMoney, own_money
from services.unit_of_work import UnitOfWork

CARDS: Final = 20
CLOSED_DAYS: Final = 30
"""For how long the board shows what was won and lost."""
_DAY: Final = timedelta(days=1)


_COLUMNS: Final = (
    "id",
    "version",
    "name",
    "amount",
    "currency",
    "account_id",
    "owner_id",
    "stage",
    "stage_since",
    "rots_at",
    "probability",
    "expected_close_on",
    "hold_until",
)


def load_board(uow: UnitOfWork, query: BoardQuery, *, cards: int = CARDS) -> Board:
    """Return the board of a pipeline with the first cards of each column.

    Raises:
        NotFound: There is no such pipeline.
        NotAllowed: The actor may not see the stages of deals.
    """
    check_stages_seen(uow)
    pipelines, stages = _pipelines(uow)
    pipeline = _chosen(pipelines, query.pipeline_id)
    shown = [stage for stage in stages if stage.pipeline_id == pipeline.id]
    columns = {stage.key: BoardColumn(stage) for stage in shown}
    money = _add_up(uow, query, pipeline.id, columns)
    conditions = board_conditions(uow, query, pipeline.id)
    people = _people(uow)
    rows = _first_rows(uow, conditions, pipeline.id, cards + 1)
    names = _account_names(uow, rows)
    for key, column in columns.items():
        found = [row for row in rows if row.stage == key]
        column.next_cursor = _cursor(found[cards - 1]) if len(found) > cards else None
        column.cards = [_card(uow, row, names, people) for row in found[:cards]]
    return Board(
        pipeline=pipeline,
        pipelines=[one for one in pipelines if one.archived_at is None or one is pipeline],
        columns=[one for one in columns.values() if one.count or one.stage.archived_at is None],
        people=people,
        currency=money.currency,
        shows_amounts="amount" in _readable(uow),
    )


def more_cards(
    uow: UnitOfWork, query: BoardQuery, stage: Stage, cursor: str | None, *, cards: int = CARDS
) -> BoardColumn:
    """Return the next cards of one column; without a cursor the first ones.

    Raises:
        Invalid: The cursor is none of this board's.
        NotAllowed: The actor may not see the stages of deals.
    """
    check_stages_seen(uow)
    statement = _visible(uow).where(*board_conditions(uow, query, stage.pipeline_id))
    statement = statement.where(
        Deal.pipeline_id == stage.pipeline_id,
        Deal.stage == stage.key,
    )
    if cursor:
        place = tuple_(Deal.stage_since, Deal.id)
        statement = statement.where(place < _read_cursor(cursor))
    rows = uow.session.execute(statement.limit(cards + 1)).all()
    names, people = _account_names(uow, rows), _people(uow)
    column = BoardColumn(stage)
    column.next_cursor = _cursor(rows[cards - 1]) if len(rows) > cards else None
    column.cards = [_card(uow, row, names, people) for row in rows[:cards]]
    return column


def check_stages_seen(uow: UnitOfWork) -> None:
    """Refuse to arrange deals by their stages for those from whom these are hidden.

    Raises:
        NotAllowed: The actor may not see the stages of deals.
    """
    if "stage" in uow.actor.hidden_fields("deal"):
        raise NotAllowed("Your roles don't let you see the stages of deals.")


def _pipelines(uow: UnitOfWork) -> tuple[list[Pipeline], list[Stage]]:
    """Return all pipelines and all stages, in order, with one statement."""
    statement = select(Pipeline, Stage).join(Stage, Stage.pipeline_id == Pipeline.id)
    order = (Pipeline.position, Pipeline.name, Stage.position, Stage.key)
    rows = uow.session.execute(statement.order_by(*order)).all()
    STAGE_NAMES.learn((stage.key, stage.name) for _, stage in rows)
    pipelines = {pipeline.id: pipeline for pipeline, _ in rows}
    return list(pipelines.values()), [stage for _, stage in rows]


def _chosen(pipelines: Sequence[Pipeline], key: UUID | None) -> Pipeline:
    for pipeline in pipelines:
        if pipeline.id == key or (key is None and pipeline.is_default):
            return pipeline
    raise NotFound("There is no such pipeline.")


def _readable(uow: UnitOfWork) -> set[str]:
    return {one.name for one in uow.readable_fields(DEAL)} | {"id", "version", "stage", "name"}


def board_conditions(
    uow: UnitOfWork, query: BoardQuery, pipeline_id: UUID
) -> list[ColumnElement[bool]]:
    """Return what narrows the board, besides rights."""
    since = uow.now - CLOSED_DAYS * _DAY
    found = [
        Deal.pipeline_id == pipeline_id,
        or_(Deal.closed_at.is_(None), Deal.stage_since >= since),
    ]
    if query.owner_id is not None:
        found.append(Deal.owner_id == query.owner_id)
    if query.rotting:
        found.append(Deal.rots_at < uow.now)
    if query.where is not None:
        found.append(compile_filter(uow, query.where))
    return found


def _visible(uow: UnitOfWork) -> Any:
    """Return the columns of the visible deals, those that came last into their stage first."""
    statement = uow.select(Deal).with_only_columns(
        *(getattr(Deal, name) for name in _COLUMNS), _next_activity(uow), _may_move(uow)
    )
    return statement.order_by(Deal.stage_since.desc(), Deal.id.desc())


def _may_move(uow: UnitOfWork) -> Any:
    """Return whether the actor may change a deal: one that is shared may be only to be read."""
    condition = row_condition(uow, Deal, Verb.UPDATE)
    return (true() if condition is None else condition).label("may_move")


def _next_activity(uow: UnitOfWork) -> Any:
    """Return what is planned next about a deal, as JSON."""
    shown = func.json_build_array(Activity.subject, Activity.kind, Activity.due_at)
    statement = (
        uow.select(Activity)
        .with_only_columns(shown)
        .where(Activity.regarding_id == Deal.id, Activity.status == ActivityStatus.PLANNED.value)
    )
    order = (Activity.due_at.asc().nulls_last(), Activity.id)
    return statement.order_by(*order).limit(1).correlate(Deal).scalar_subquery().label("planned")


def _first_rows(
    uow: UnitOfWork, conditions: Sequence[ColumnElement[bool]], pipeline_id: UUID, limit: int
) -> Sequence[Any]:
    """Return the first deals of every stage."""
    of_stage = _visible(uow).where(*conditions, Deal.stage == Stage.key).limit(limit)
    cards = of_stage.correlate(Stage).lateral("cards")
    statement = select(*cards.c).select_from(Stage).join(cards, true())
    return uow.session.execute(statement.where(Stage.pipeline_id == pipeline_id)).all()


def _add_up(
    uow: UnitOfWork, query: BoardQuery, pipeline_id: UUID, columns: Mapping[str, BoardColumn]
) -> OwnMoney:
    """Fill in counts and sums."""
    rotting = func.count().filter(and_(Deal.rots_at < uow.now))
    expected = func.sum(Deal.amount * Deal.probability / 100)
    statement = uow.select(Deal).with_only_columns(
        Deal.stage, Deal.currency, func.count(), rotting, func.sum(Deal.amount), expected
    )
    statement = statement.where(*board_conditions(uow, query, pipeline_id))
    rows = uow.session.execute(statement.group_by(Deal.stage, Deal.currency)).all()
    money = own_money(uow)
    shows_amounts = "amount" in _readable(uow)
    expectations: dict[str, dict[str, Decimal]] = {}
    for stage, currency, count, rotten, amount, weighted in rows:
        column = columns[stage]
        column.count += count
        column.rotting += rotten
        if shows_amounts and amount:
            column.sums[currency] = amount
            expectations.setdefault(stage, {})[currency] = weighted
    for key, column in columns.items():
        if shows_amounts:
            column.total = money.sum_of(column.sums)
        if shows_amounts and "probability" in _readable(uow):
            column.expected = money.sum_of(expectations.get(key, {}))
    return money


def _people(uow: UnitOfWork) -> dict[UUID, str]:
    rows = uow.session.execute(select(User.id, User.name).order_by(User.name))
    return {row.id: row.name for row in rows}


def _account_names(uow: UnitOfWork, rows: Sequence[Any]) -> dict[UUID, str]:
    keys = {row.account_id for row in rows if row.account_id is not None}
    if not keys or "account_id" not in _readable(uow):
        return {}
    statement = uow.select(Account).with_only_columns(Account.id, Account.name)
    return {row.id: row.name for row in uow.session.execute(statement.where(Account.id.in_(keys)))}


def _card(
    uow: UnitOfWork, row: Any, accounts: Mapping[UUID, str], people: Mapping[UUID, str]
) -> Card:
    readable = _readable(uow)
    seen = {
        name: getattr(row, name) if name in readable or name in {"stage_since", "rots_at"} else None
        for name in _COLUMNS
    }
    return Card(
        deal=seen,
        account=accounts.get(row.account_id),
        owner=people.get(row.owner_id) if "owner_id" in readable else None,
        days=max(0, (uow.now - row.stage_since).days),
        is_rotting=row.rots_at is not None and row.rots_at < uow.now,
        may_move=bool(row.may_move),
        next_activity=None if row.planned is None else _planned(uow, row.planned),
    )


def _planned(uow: UnitOfWork, found: Sequence[Any]) -> NextActivity:
    subject, kind, due = found
    due_at = None if due is None else datetime.fromisoformat(due)
    return NextActivity(subject, kind, due_at, due_at is not None and due_at < uow.now)


def _cursor(row: Any) -> str:
    text = orjson.dumps([row.stage_since.isoformat(), row.id.hex])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        since, key = orjson.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromisoformat(since).astimezone(UTC), UUID(key)
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        raise Invalid("This page is not there.", {"after": ["Not one of this board."]}) from error
