"""The search box of every page: what is found while typing, and the page of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from flask import Blueprint, Flask, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.titles import Titles
from app.views import view
from services.actors import Permission
from services.records.types import Field
from services.search.finding import Hit, find_records
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("search", __name__, url_prefix="/search")

_SUGGESTED: Final = 8
_SHOWN: Final = 50
_BESIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as it is shown.

    Attributes:
        beside: Up to two of the fields that tell records of this type apart.
    """

    kind: RecordKind
    hit: Hit
    url: str
    beside: tuple[Field, ...]


def register(app: Flask) -> None:
    """Add the search."""
    app.register_blueprint(blueprint)


@blueprint.get("")
@view(Permission.RECORD_READ)
def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what is found, of all record types or of one."""
    text, chosen = request.args.get("q", ""), request.args.get("type", "")
    types = [chosen] if chosen in KINDS else []
    found = _found(uow, text, types, _SHOWN)
    return render_template(
        "search/index.html",
        text=text,
        chosen=chosen,
        kinds=[kind for kind in KINDS.values() if _is_searchable(uow, kind)],
        found=found,
        titles=_titles(uow, found),
        is_cut=len(found) == _SHOWN,
    )


@blueprint.get("/suggest")
@view(Permission.RECORD_READ)
def suggest(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the best of what is found by what has been typed so far."""
    text = request.args.get("q", "")
    found = _found(uow, text, [], _SUGGESTED)
    return render_template(
        "search/suggest.html", text=text, found=found, titles=_titles(uow, found)
    )


def _found(uow: UnitOfWork, text: str, types: Sequence[str], limit: int) -> list[Found]:
    """Return the hits that have pages."""
    wanted = types or list(KINDS)
    return [
        Found(kind, hit, url_for(f"{kind.place}.show", key=hit.id), _beside(uow, kind, hit.record))
        for hit in find_records(uow, text, types=wanted, limit=limit)
        if (kind := KINDS.get(hit.record_type)) is not None
    ]


def _beside(uow: UnitOfWork, kind: RecordKind, record: Any) -> tuple[Field, ...]:
    names = [name for name in (*kind.subtitle, *kind.columns) if name != kind.type.title_field]
    fields = (uow.readable_field(kind.type, name) for name in dict.fromkeys(names))
    filled = (
        field
        for field in fields
        if field is not None and not _is_blank(getattr(record, field.name))
    )
    return tuple(islice(filled, _BESIDE))


def _is_blank(value: Any) -> bool:
    return value is None or value == ""  # which may be a list, so no set is asked


def _titles(uow: UnitOfWork, found: Sequence[Found]) -> dict[str, Titles]:
    """Return the names behind relation fields, for each record type that was found."""
    return {
        name: Titles(
            uow,
            _fields_beside([one for one in found if one.kind.record_type == name]),
            [one.hit.record for one in found if one.kind.record_type == name],
        )
        for name in {one.kind.record_type for one in found}
    }


def _fields_beside(found: Iterable[Found]) -> Iterable[Field]:
    """Return each field once; by name, since fields with choices have no hash."""
    return {field.name: field for one in found for field in one.beside}.values()


def _is_searchable(uow: UnitOfWork, kind: RecordKind) -> bool:
    return (
        bool(kind.type.model.__search__)
        and uow.readable_field(kind.type, kind.type.title_field) is not None
    )
