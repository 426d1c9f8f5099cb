"""Pages of the record types that administrators have added: the same as of those that ship.

Their routes are one set below ``/x/<place>``, so that a new type needs none of its own. What is
linked to as ``x-projects.show`` becomes ``x.show`` with the place ``projects``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue

from app.records.kind import RecordKind
from app.records.kinds import KINDS
from services.custom.layout import on_layout
from services.custom.model import CustomType
from services.custom.operations import TYPE_PREFIX
from services.errors import NotFound
from services.unit_of_work import UnitOfWork

PREFIX: Final = "x-"
_PLACES: Final[dict[str, str]] = {}
"""Part of the address → name of the type."""


def init_added_kinds(app: Flask) -> None:
    """Let addresses of added types be built as those of types that ship; tell templates of them."""
    app.url_build_error_handlers.append(_build_address)
    app.jinja_env.globals.update(added_kinds=added_kinds, added_place=added_place)


def added_kinds() -> list[RecordKind]:
    """Return the kinds of the added types, in their order."""
    return [KINDS[name] for name in _PLACES.values() if name in KINDS]


def added_place() -> str | None:
    """Return the place of the added type whose page this is; None on other pages."""
    place = (request.view_args or {}).get("place")
    return PREFIX + place if request.blueprint == "x" and place else None


def kind_at(place: str) -> RecordKind:
    """Return the kind of the added type at this place.

    Raises:
        NotFound: There is none, or it is retired.
    """
    kind = KINDS.get(_PLACES.get(place, ""))
    if kind is None:
        raise NotFound("There is no such page.")
    return kind


def by_place(function: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Return a view that asks its address for which kind ``function`` is to be called."""

    def call(uow: UnitOfWork, *rest: Any, place: str, **arguments: Any) -> ResponseReturnValue:
        return function(kind_at(place), uow, *rest, **arguments)

    return call


@on_layout
def _take_over(types: Sequence[CustomType]) -> None:
    """Make the kinds of the types that there are now, and forget the others."""
    places = {one.place: TYPE_PREFIX + one.key for one in types}
    for name in set(_PLACES.values()) - set(places.values()):
        KINDS.pop(name, None)
    for one in types:
        KINDS[TYPE_PREFIX + one.key] = RecordKind(
            record_type=TYPE_PREFIX + one.key,
            place=PREFIX + one.place,
            icon=one.icon,
            columns=("owner_id", "created_at"),
            subtitle=(),
            create_fields=("name",),
        )
    _PLACES.clear()
    _PLACES.update(places)


def _build_address(error: Exception, endpoint: str, values: dict[str, Any]) -> str:
    for start, blueprint in ((PREFIX, "x"), (f"api_{PREFIX}", "api_x")):
        if endpoint.startswith(start):
            place, _, name = endpoint.removeprefix(start).partition(".")
            if place in _PLACES:
                return url_for(f"{blueprint}.{name}", place=place, **values)
    raise error
