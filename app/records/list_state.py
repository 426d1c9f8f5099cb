"""What a list shows: from its address, from a saved view, or from both.

What the address says goes before what the view says, so that a view can be looked at otherwise
without being changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from flask import request, url_for

from app.layout import page_url
from app.records.kind import RecordKind
from app.records.titles import find_titles
from services.errors import Invalid, NotFound
from services.filtering import (
    Filter,
    all_of,
    compile_filter,
    describe_parts,
    named_in,
    parse_arguments,
    parse_filter,
    parse_filter_text,
)
from services.records.lists import MAX_LIMIT
from services.unit_of_work import UnitOfWork
from services.views.grouping import group_fields
from services.views.model import SavedView
from services.views.views import ListedView

SHAPE: Final = ("filter", "columns", "sort", "group", "limit")
"""The arguments that say what a view says too."""

USUAL_SORT: Final = "-created_at"
USUAL_SIZE: Final = 50
EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition of the list, and the address of the list without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class ListState:
    """What the list shows.

    Attributes:
        view: The saved view that it begins from; None for none.
        views: Those that the actor may open.
        where: The filter that is built, without the quick ones.
        quick: The arguments of the filter bar.
        problem: Why the view's filter can't be read; empty if it can.
        is_changed: The address says otherwise than the view.
    """

    view: ListedView | None
    views: Sequence[ListedView]
    where: Filter
    quick: Mapping[str, str]
    columns: tuple[str, ...]
    sort: str
    group_by: str
    page_size: int
    problem: str
    is_changed: bool

    def whole(self, kind: RecordKind) -> Filter:
        """Return all that the list is narrowed by, besides words."""
        return all_of(kind.type, self.where, parse_arguments(kind.type, self.quick))

    @property
    def filter_text(self) -> str:
        """The built filter as an address carries it."""
        return "" if self.where.is_empty else text_of(self.where.raw)


def default_view_url(kind: RecordKind, views: Sequence[ListedView]) -> str | None:
    """Return the address of the list as its reader opens it; None if this is it."""
    default = next((one for one in views if one.is_default), None)
    if default is None or set(request.args) - {"after", "before"}:
        return None
    return url_for(f"{kind.place}.index", view=default.view.id)


def read_state(kind: RecordKind, uow: UnitOfWork, views: Sequence[ListedView]) -> ListState:
    """Return what this request's list shows.

    Raises:
        Invalid: The address has a filter that can't be read.
        NotFound: It names a view that there is not.
    """
    listed = _view(views)
    view = None if listed is None else listed.view
    where, problem = _where(kind, uow, view)
    names = tuple(name for text in request.args.getlist("columns") for name in text.split(","))
    saved = tuple(view.columns) if view else ()
    return ListState(
        view=listed,
        views=views,
        where=where,
        quick=_quick(kind),
        columns=names or saved or kind.list_columns,
        sort=request.args.get("sort") or _saved_sort(kind, uow, view) or USUAL_SORT,
        group_by=request.args.get("group", _saved_grouping(kind, uow, view)),
        page_size=_page_size(view),
        problem=problem,
        is_changed=view is not None and any(name in request.args for name in SHAPE),
    )


def chips(uow: UnitOfWork, state: ListState) -> list[Chip]:
    """Return the conditions of the built filter, each with the way to be rid of it."""
    if state.where.is_empty:
        return []
    texts = describe_parts(state.where, namer(uow, state.where))
    raw = state.where.raw
    if len(texts) == 1 or set(raw) != {"and"}:
        return [Chip(text, page_url(filter="", after=None, before=None)) for text in texts]
    return [
        Chip(text, page_url(filter=text_of(_without(raw, place)), after=None, before=None))
        for place, text in enumerate(texts)
    ]


def with_condition(where: Filter, condition: Mapping[str, Any]) -> str:
    """Return the text of a filter that asks for one more condition."""
    if where.is_empty:
        return text_of({"and": [condition]})
    held = where.raw["and"] if set(where.raw) == {"and"} else [where.raw]
    return text_of({"and": [*held, condition]})


def text_of(raw: Mapping[str, Any]) -> str:
    """Return a filter as an address carries it."""
    return orjson.dumps(raw, default=str).decode() if raw else ""


def matching_text(kind: RecordKind, state: ListState) -> str:
    """Return all that a list is narrowed by, besides words, as a form carries it."""
    return text_of(state.whole(kind).raw)


def _without(raw: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    parts = [part for number, part in enumerate(raw["and"]) if number != place]
    return {"and": parts} if parts else {}


def _view(views: Sequence[ListedView]) -> ListedView | None:
    asked = request.args.get("view", "")
    if asked in {"", EVERYTHING}:
        return None
    found = next((one for one in views if str(one.view.id) == asked), None)
    if found is None:
        raise NotFound("There is no such view.")
    return found


def _where(kind: RecordKind, uow: UnitOfWork, view: SavedView | None) -> tuple[Filter, str]:
    if "filter" in request.args:
        return parse_filter_text(kind.type, request.args["filter"]), ""
    nothing = parse_filter(kind.type, None)
    if view is None:
        return nothing, ""
    try:
        where = parse_filter(kind.type, view.filter)
        compile_filter(uow, where)
    except Invalid as error:
        return nothing, str(error)
    return where, ""


def _saved_sort(kind: RecordKind, uow: UnitOfWork, view: SavedView | None) -> str:
    """Return by what a view is sorted; nothing if its reader can't sort by that (any more)."""
    name = view.sort.removeprefix("-") if view else ""
    usable = name in kind.type.sorts and uow.readable_field(kind.type, name) is not None
    return view.sort if view and usable else ""


def _saved_grouping(kind: RecordKind, uow: UnitOfWork, view: SavedView | None) -> str:
    """Return by what a view is grouped; nothing if its reader can't group by that (any more)."""
    usable = view and view.group_by in {field.name for field in group_fields(uow, kind.type)}
    return view.group_by if view and usable else ""


def _quick(kind: RecordKind) -> dict[str, str]:
    chosen = {name: request.args[name] for name in kind.filters if request.args.get(name)}
    if request.args.get("owner") == "me":
        chosen["owner_id"] = "me"
    return chosen


def _page_size(view: SavedView | None) -> int:
    text = request.args.get("limit", "")
    if text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT:  # noqa: PLR2004
        return int(text)
    return view.page_size if view else USUAL_SIZE


def namer(uow: UnitOfWork, where: Filter) -> Callable[[str, UUID], str | None]:
    """Return what names all that a filter names, which was read in a statement for each kind."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for relation, key in named_in(where.root):
        wanted[relation].add(key)
    found = {relation: find_titles(uow, relation, keys) for relation, keys in wanted.items()}

    def name(relation: str, key: UUID) -> str | None:
        title = found.get(relation, {}).get(key)
        return None if title is None else title.text

    return name
