"""Saving views, sharing them, and opening lists with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services import arguments
from services.actors import Actor, Permission
from services.errors import Invalid, NotAllowed, NotFound
from services.filtering import compile_filter, parse_filter
from services.operations import Arguments, operation
from services.people.model import Group
from services.records.lists import COUNT_CAP, MAX_LIMIT
from services.records.time_limit import within_time
from services.records.types import RecordType, find_record_type
from services.unit_of_work import UnitOfWork
from services.views.model import Audience, DefaultView, SavedView

MAX_VIEWS: Final = 200
"""Of one person and record type."""
MAX_COLUMNS: Final = 40
_USUAL_SIZE: Final = 50


class SaveView(Arguments):
    """Arguments of ``view.save``."""

    view_id = arguments.Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "View", "description": "The one to change; none makes a new one."},
    )
    record_type = fields.String(required=True, metadata={"title": "Record type"})
    name = arguments.Line(required=True, metadata={"title": "Name"})
    filter = fields.Dict(load_default=dict, metadata={"title": "Filter"})
    columns = fields.List(
        fields.String(),
        load_default=list,
        validate=validate.Length(max=MAX_COLUMNS),
        metadata={"title": "Columns", "description": "Names of fields; none are the usual ones."},
    )
    sort = fields.String(load_default="", metadata={"title": "Sort"})
    group_by = fields.String(load_default="", metadata={"title": "Group by"})
    page_size = fields.Integer(
        load_default=_USUAL_SIZE,
        validate=validate.Range(1, MAX_LIMIT),
        metadata={"title": "Records on a page"},
    )


class OfView(Arguments):
    """Arguments of what is done with one view."""

    view_id = arguments.Key(required=True, metadata={"title": "View"})


class ShareView(OfView):
    """Arguments of ``view.share``."""

    audience = fields.String(
        required=True,
        validate=validate.OneOf(list(Audience), ["Only me", "A team", "Everybody"]),
        metadata={"title": "For"},
    )
    group_id = arguments.Key(load_default=None, allow_none=True, metadata={"title": "Team"})


class OpenWith(Arguments):
    """Arguments of ``view.set_default``."""

    record_type = fields.String(required=True, metadata={"title": "Record type"})
    view_id = arguments.Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "View", "description": "None: the list of everything."},
    )


@dataclass(frozen=True, slots=True)
class ListedView:
    """A view that somebody may open.

    Attributes:
        is_default: The list of its record type opens with it.
        is_own: The actor may change it.
    """

    view: SavedView
    is_default: bool
    is_own: bool


@operation("view.save", Permission.PROFILE_WRITE, SaveView)
def save_view(
    uow: UnitOfWork, *, view_id: UUID | None, record_type: str, name: str, **shown: Any
) -> SavedView:
    """Save what a list shows under a name, as a new view of one's own or in place of another.

    Raises:
        Invalid: The filter, a column or the sort is not one of the record type's.
        NotFound: There is no such view or record type.
        NotAllowed: The view is somebody else's.
    """
    kind = _find_type(record_type)
    _check_shown(uow, kind, shown)
    owner = _person(uow)
    if view_id is None:
        _check_number(uow, owner, record_type)
        return uow.add(SavedView(record_type=record_type, owner_id=owner, name=name, **shown))
    view = _own_view(uow, view_id)
    if view.record_type != record_type:
        raise NotFound("There is no such view.")
    for key, value in {"name": name, **shown}.items():
        setattr(view, key, value)
    return view


@operation("view.share", Permission.PROFILE_WRITE, ShareView)
def share_view(
    uow: UnitOfWork, *, view_id: UUID, audience: str, group_id: UUID | None
) -> SavedView:
    """Let a team or everybody use a view, or nobody else any more.

    Sharing with everybody is for those who manage layouts, with a team for its members.

    Raises:
        Invalid: No team is named.
        NotAllowed: The view is somebody else's, or the actor may not share like this.
    """
    view = _own_view(uow, view_id)
    manages = uow.actor.may(Permission.LAYOUT_WRITE)
    if audience == Audience.ALL and not manages:
        raise NotAllowed("Views for everybody are made by those who manage layouts.")
    if audience == Audience.TEAM:
        if group_id is None:
            raise Invalid("Choose a team.", {"group_id": ["Choose a team."]})
        uow.get(Group, group_id)
        if not manages and group_id not in uow.actor.group_ids:
            raise NotAllowed("You can share a view with your own teams.")
    view.audience = audience
    view.group_id = group_id if audience == Audience.TEAM else None
    return view


@operation("view.delete", Permission.PROFILE_WRITE, OfView)
def delete_view(uow: UnitOfWork, *, view_id: UUID) -> None:
    """Delete a view; lists that opened with it show everything again.

    Raises:
        NotFound: There is no such view.
        NotAllowed: It is somebody else's.
    """
    uow.session.delete(_own_view(uow, view_id))


@operation("view.set_default", Permission.PROFILE_WRITE, OpenWith)
def set_default_view(uow: UnitOfWork, *, record_type: str, view_id: UUID | None) -> None:
    """Choose the view that one's list of a record type opens with.

    Raises:
        NotFound: There is no such view of this type.
    """
    person = _person(uow)
    if view_id is None:
        chosen = (DefaultView.user_id == person, DefaultView.record_type == record_type)
        uow.session.execute(delete(DefaultView).where(*chosen))
        return
    if get_view(uow, view_id).record_type != record_type:
        raise NotFound("There is no such view.")
    row = {"user_id": person, "record_type": record_type, "view_id": view_id}
    statement = insert(DefaultView).values(row)
    key = [DefaultView.user_id, DefaultView.record_type]
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=key, set_={"view_id": view_id})
    )


def get_view(uow: UnitOfWork, view_id: UUID) -> SavedView:
    """Return a view that the actor may use.

    Raises:
        NotFound: There is none.
    """
    statement = select(SavedView).where(SavedView.id == view_id, _usable(uow.actor))
    view = uow.session.scalars(statement).one_or_none()
    if view is None:
        raise NotFound("There is no such view.")
    return view


def list_views(uow: UnitOfWork, record_type: str) -> Sequence[ListedView]:
    """Return the views of a record type that the actor may use, its own ones first."""
    default = and_(
        DefaultView.view_id == SavedView.id,
        DefaultView.user_id == uow.actor.user_id,
        DefaultView.record_type == record_type,
    )
    statement = (
        select(SavedView, DefaultView.view_id.is_not(None))
        .outerjoin(DefaultView, default)
        .where(SavedView.record_type == record_type, _usable(uow.actor))
        .order_by(SavedView.owner_id != uow.actor.user_id, func.lower(SavedView.name), SavedView.id)
        .limit(MAX_VIEWS)
    )
    return [
        ListedView(view, is_default, may_change(uow.actor, view))
        for view, is_default in uow.session.execute(statement)
    ]


def count_view(uow: UnitOfWork, view: SavedView) -> int:
    """Return how many records a view shows to the actor, at most one more than lists count.

    Raises:
        Invalid: Its filter reads what there is no longer, or what the actor may not see.
        TookTooLong: What it asks for takes too long to find.
    """
    kind = _find_type(view.record_type)
    where = parse_filter(kind, view.filter)
    some = uow.select(kind.model).where(compile_filter(uow, where))
    capped = some.with_only_columns(kind.model.id).limit(COUNT_CAP + 1).subquery()
    with within_time(uow, where):
        return uow.session.scalar(select(func.count()).select_from(capped)) or 0


def may_change(actor: Actor, view: SavedView) -> bool:
    """Tell whether a view is the actor's, or shared and the actor manages layouts."""
    is_shared = view.audience != Audience.OWN
    return view.owner_id == actor.user_id or (is_shared and actor.may(Permission.LAYOUT_WRITE))


def _usable(actor: Actor) -> ColumnElement[bool]:
    of_team = and_(
        SavedView.audience == Audience.TEAM.value, SavedView.group_id.in_(actor.group_ids)
    )
    managed = SavedView.audience != Audience.OWN.value
    shared = managed if actor.may(Permission.LAYOUT_WRITE) else of_team
    return or_(
        SavedView.owner_id == actor.user_id, SavedView.audience == Audience.ALL.value, shared
    )


def _own_view(uow: UnitOfWork, view_id: UUID) -> SavedView:
    view = get_view(uow, view_id)
    if not may_change(uow.actor, view):
        raise NotAllowed("This view is somebody else's. Save it under a name of your own.")
    return view


def _find_type(name: str) -> RecordType:
    found = find_record_type(name)
    if found is None:
        message = f"There is no record type called {name}."
        raise Invalid(message, {"record_type": [message]})
    return found


def _check_shown(uow: UnitOfWork, kind: RecordType, shown: dict[str, Any]) -> None:
    compile_filter(uow, parse_filter(kind, shown["filter"]))
    named = [("columns", name) for name in shown["columns"]]
    named += [("group_by", shown["group_by"])] if shown["group_by"] else []
    for argument, name in named:
        if uow.readable_field(kind, name) is None:
            message = f"{kind.label} has no field {name}."
            raise Invalid(message, {argument: [message]})
    sort = shown["sort"].removeprefix("-")
    if sort and (sort not in kind.sorts or uow.readable_field(kind, sort) is None):
        message = f"{kind.plural} can't be sorted by {sort}."
        raise Invalid(message, {"sort": [message]})


def _check_number(uow: UnitOfWork, owner: UUID, record_type: str) -> None:
    own = (SavedView.owner_id == owner, SavedView.record_type == record_type)
    count = uow.session.scalar(select(func.count()).select_from(SavedView).where(*own)) or 0
    if count >= MAX_VIEWS:
        raise Invalid(f"You have {MAX_VIEWS} views of this list. Delete some of them first.")


def _person(uow: UnitOfWork) -> UUID:
    if uow.actor.user_id is None:
        raise NotAllowed("Views belong to people.")
    return uow.actor.user_id
