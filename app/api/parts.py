"""What belongs to a record over the API: tags, addresses, places, conversations, old values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from app.api.arguments import limit_argument
from app.api.routes import Route
from app.api.sales import PARTS
from app.records.around import shows_points
from app.records.kind import RecordKind
from app.wire import json_response
from services.actors import Permission
from services.crm.contact_accounts import Place, places_at_account, places_of_contact
from services.crm.contact_model import Contact
from services.crm.deal_people import contacts_of, members_of
from services.mail.model import Mail
from services.mail.shown_addresses import hidden_of, shown_sender
from services.mail.threads import find_threads, mails_of_thread
from services.points.keeping import is_primary, points_of
from services.points.model import ContactPoint
from services.records.field_history import field_history
from services.records.types import get_record
from services.tags.tags import tags_of
from services.unit_of_work import UnitOfWork

_POINT: Final = (
    *("id", "kind", "value", "normalised", "label", "opted_out_at", "opt_out_reason"),
    *("invalid_since", "invalid_reason", "created_at"),
)
_MAIL: Final = (
    *("id", "state", "message_id", "from_address", "to_addresses", "cc_addresses"),
    *("reply_to", "subject", "text"),
    *("record_type", "record_id", "sender_name", "sent_at", "created_at", "read_at", "read_by"),
)

Part = Callable[[UnitOfWork, Any], list[dict[str, Any]]]


def shared_part_routes() -> tuple[Route, ...]:
    """Return the routes of what records of all types have; their functions take the kind first."""
    read = Permission.RECORD_READ
    older = {
        "field": "Only changes of this field.",
        "before": "The key of an entry: only older ones.",
        "limit": "1 to 200 entries.",
    }
    key, history = "/<uuid:key>", "List which fields were changed, newest first"
    return (
        Route("GET", f"{key}/history", "history", read, _history, history, query=older),
        *(
            Route("GET", f"{key}/{name}", name, read, partial(_part, part), summary)
            for name, summary, part in _EVERY
        ),
    )


def part_routes(kind: RecordKind) -> Iterator[Route]:
    """Yield the routes of what belongs to a record of this kind."""
    for route in shared_part_routes():
        yield replace(route, function=partial(route.function, kind))
    of_type = (*_OF_TYPE.get(kind.record_type, ()), *PARTS.get(kind.record_type, ()))
    for name, summary, part in of_type:
        function = partial(_part, part, kind)
        yield Route("GET", f"/<uuid:key>/{name}", name, Permission.RECORD_READ, function, summary)


def thread_routes() -> tuple[Route, ...]:
    """Return the routes of conversations."""
    return (
        Route(
            "GET",
            "/<uuid:key>",
            "get",
            Permission.RECORD_READ,
            _thread,
            "List the mails of a conversation that one may see, oldest first",
        ),
    )


def _history(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    before = request.args.get("before", type=UUID)
    field = request.args.get("field") or None
    limit = limit_argument()
    found = field_history(uow, kind.record_type, key, field, before=before, limit=limit)
    return json_response({"items": [asdict(change) for change in found]})


def _part(part: Part, kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response({"items": part(uow, get_record(uow, kind.record_type, key))})


def _thread(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response({"items": [_mail(uow, mail) for mail in mails_of_thread(uow, key)]})


def _mail(uow: UnitOfWork, mail: Mail) -> dict[str, Any]:
    hidden = hidden_of(uow, mail)
    shown = _chosen(mail, tuple(name for name in _MAIL if name not in hidden))
    return {**shown, "sender_name": shown_sender(uow, mail.record_type, mail.sender_name)}


def _tags(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    names = ("id", "name", "colour")
    return [_chosen(tag, names) for tag in tags_of(uow, [record.id]).get(record.id, [])]


def _threads(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    return [asdict(thread) for thread in find_threads(uow, record.id, limit_argument())]


def _points(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    if not shows_points(uow, record):
        return []
    return [_point(record, point) for point in points_of(uow, record)]


def _point(record: Any, point: ContactPoint) -> dict[str, Any]:
    return {**_chosen(point, _POINT), "is_primary": is_primary(record, point)}


def _accounts(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    return [_place(place) for place in places_of_contact(uow, record)]


def _contacts(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    return [_place(place) for place in places_at_account(uow, record)]


def _place(place: Place) -> dict[str, Any]:
    names = ("id", "contact_id", "account_id", "role", "position", "since", "until")
    return {
        **_chosen(place.link, names),
        "contact_name": place.contact.name,
        "account_name": place.account.name,
        "is_primary": place.is_primary,
        "is_over": place.is_over,
    }


def _team(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    return [_chosen(one, ("user_id", "role")) for one in members_of(uow, record.id)]


def _contact_roles(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    found = contacts_of(uow, record.id)
    wanted = uow.select(Contact).where(Contact.id.in_([one.contact_id for one in found]))
    visible = set(uow.session.scalars(wanted.with_only_columns(Contact.id)))
    return [_chosen(one, ("contact_id", "role")) for one in found if one.contact_id in visible]


def _chosen(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


_EVERY: Final[tuple[tuple[str, str, Part], ...]] = (
    ("tags", "List its tags", _tags),
    ("threads", "List its conversations by mail, the newest first", _threads),
)
_REACHED: Final = ("points", "List the addresses and numbers by which it is reached", _points)
_OF_TYPE: Final[Mapping[str, tuple[tuple[str, str, Part], ...]]] = {
    "lead": (_REACHED,),
    "contact": (_REACHED, ("accounts", "List where a contact works and worked", _accounts)),
    "account": (_REACHED, ("contacts", "List who works and worked with an account", _contacts)),
    "deal": (
        ("team", "List who works on a deal besides its owner", _team),
        ("contacts", "List which contacts have a part in a deal", _contact_roles),
    ),
}
