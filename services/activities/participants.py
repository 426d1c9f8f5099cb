"""Who takes part in an activity, and who has said that they will."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.activities.model import (
    ACTIVITY,
    RESPONSES,
    Activity,
    ActivityStatus,
    Participant,
)
from services.activities.news import tell_declined, tell_invited, untell_invited
from services.activities.which import Which, hold, planned_of, which_argument
from services.actors import Permission
from services.arguments import Key, Keys, Line
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.errors import Invalid, NotFound, not_found_as
from services.operations import Arguments, operation
from services.people.model import User
from services.records.schemas import key_argument
from services.unit_of_work import UnitOfWork

MAX_PARTICIPANTS = 100
_MODELS: Mapping[str, Any] = {"user_id": User, "contact_id": Contact, "lead_id": Lead}


def people_arguments() -> dict[str, Keys]:
    """Return the arguments that name people of all three kinds."""
    titles = {"user_ids": "Colleagues", "contact_ids": "Contacts", "lead_ids": "Leads"}
    return {
        name: Keys(load_default=list, metadata={"title": title, "description": "Their keys."})
        for name, title in titles.items()
    }


class Invite(Arguments):
    """Who is to take part in what."""

    activity_id = key_argument(ACTIVITY)
    user_ids = people_arguments()["user_ids"]
    contact_ids = people_arguments()["contact_ids"]
    lead_ids = people_arguments()["lead_ids"]
    which = which_argument()


class NameParticipant(Arguments):
    """Which participant."""

    participant_id = Key(required=True, metadata={"title": "Participant"})


class Respond(Arguments):
    """Who says what about taking part."""

    activity_id = key_argument(ACTIVITY)
    response = Line(
        required=True,
        validate=validate.OneOf(list(RESPONSES), list(RESPONSES.values())),
        metadata={"title": "Answer"},
    )
    participant_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Participant", "description": "Yourself if empty."},
    )
    which = which_argument()


@dataclass(frozen=True, slots=True)
class Guest:
    """A participant as it is shown; ``name`` is None for somebody whom the actor may not see."""

    id: UUID
    kind: str
    person_id: UUID
    name: str | None
    response: str


@operation("activity.invite", Permission.RECORD_WRITE, Invite, in_diagrams=True)
def invite(uow: UnitOfWork, *, activity_id: UUID, which: str, **people: list[UUID]) -> Activity:
    """Add people to an activity, or to several of its series; who is invited already stays so."""
    activity, series = hold(uow, activity_id, which)
    named = {name: people[f"{name}s"] for name in _MODELS}
    add_participants(uow, activity, named)
    for other in planned_of(uow, activity, which) if series is not None else ():
        if other is not activity:
            add_participants(uow, other, named, tells=False)
    return activity


@operation("activity.uninvite", Permission.RECORD_WRITE, NameParticipant)
def uninvite(uow: UnitOfWork, *, participant_id: UUID) -> dict[str, Any]:
    """Take a person off an activity."""
    found = uow.session.get(Participant, participant_id)
    if found is None:
        raise NotFound("There is no such participant.")
    with not_found_as("There is no such participant."):
        activity = uow.get(Activity, found.activity_id, lock=True)
    if found.user_id is not None:
        untell_invited(uow, activity, found.user_id)
    uow.session.delete(found)
    return {"participant_id": participant_id}


@operation("activity.respond", Permission.RECORD_WRITE, Respond, in_diagrams=True)
def respond(
    uow: UnitOfWork, *, activity_id: UUID, response: str, participant_id: UUID | None, which: str
) -> Activity:
    """Say whether one takes part, or what a guest said about it; once for several of a series."""
    activity = uow.get(Activity, activity_id)
    statement = select(Participant).where(Participant.activity_id == activity.id)
    if participant_id is None:
        if uow.actor.user_id is None:  # a process: NULL would mean the guests from outside
            message = "Say which participant has answered."
            raise Invalid(message, {"participant_id": [message]})
        statement = statement.where(Participant.user_id == uow.actor.user_id)
    else:
        statement = statement.where(Participant.id == participant_id)
    found = uow.session.scalars(statement.with_for_update()).one_or_none()
    if found is None or found.user_id not in {None, uow.actor.user_id}:
        raise NotFound("There is no such participant of whom you could say that.")
    found.response, found.responded_at = response, uow.now
    if which != Which.THIS:
        _answer_for_others(uow, activity, found, which)
    if found.user_id is not None:
        untell_invited(uow, activity, found.user_id)
    if response == "declined" and found.user_id is not None:
        tell_declined(uow, activity)
    return activity


def _answer_for_others(
    uow: UnitOfWork, activity: Activity, answer: Participant, which: str
) -> None:
    """Give the same answer for those others of the series to which the same person is invited."""
    if activity.series_id is None:
        message = "This activity does not repeat."
        raise Invalid(message, {"which": [message]})
    others = uow.select(Activity).where(
        Activity.series_id == activity.series_id,
        Activity.status == ActivityStatus.PLANNED.value,
    )
    if which == Which.FOLLOWING:
        others = others.where(Activity.slot_at >= activity.slot_at)
    column = next(name for name in _MODELS if getattr(answer, name) is not None)
    same = getattr(Participant, column) == getattr(answer, column)
    keys = others.with_only_columns(Activity.id)
    seats = select(Participant).where(Participant.activity_id.in_(keys), same)
    for seat in uow.session.scalars(seats.order_by(Participant.id).with_for_update()):
        seat.response, seat.responded_at = answer.response, uow.now


def add_participants(
    uow: UnitOfWork,
    activity: Activity,
    people: Mapping[str, Iterable[UUID]],
    *,
    tells: bool = True,
) -> list[Participant]:
    """Add people by their keys, a list for each of ``user_id``, ``contact_id``, ``lead_id``.

    Colleagues among them are told, unless ``tells`` says that they know already.

    Raises:
        NotFound: Somebody doesn't exist, or the actor may not see them.
        Invalid: There would be too many.
    """
    there = participants_of(uow, [activity.id])
    known = {(name, getattr(one, name)) for one in there for name in _MODELS}
    added = []
    for name, keys in people.items():
        wanted = [key for key in dict.fromkeys(keys) if (name, key) not in known]
        _check_people(uow, name, wanted)
        added += [Participant(activity_id=activity.id, **{name: key}) for key in wanted]
    if len(there) + len(added) > MAX_PARTICIPANTS:
        message = f"At most {MAX_PARTICIPANTS} people take part."
        raise Invalid(message, {"user_ids": [message]})
    for one in added:
        if one.user_id is not None and one.user_id == uow.actor.user_id:
            one.response, one.responded_at = "accepted", uow.now
    uow.session.add_all(added)
    uow.session.flush()
    if tells and activity.status == ActivityStatus.PLANNED:
        tell_invited(uow, activity, [one.user_id for one in added if one.user_id is not None])
    return added


def participants_of(uow: UnitOfWork, activity_ids: Iterable[UUID]) -> Sequence[Participant]:
    """Return the participants of some activities, in the order they were added."""
    statement = select(Participant).where(Participant.activity_id.in_(list(activity_ids)))
    return uow.session.scalars(statement.order_by(Participant.id)).all()


def guests_of(uow: UnitOfWork, activity: Activity) -> list[Guest]:
    """Return who takes part, with the names of those whom the actor may see."""
    rows = participants_of(uow, [activity.id])
    names: dict[UUID, str] = {}
    for column, model in _MODELS.items():
        keys = [getattr(row, column) for row in rows if getattr(row, column) is not None]
        if keys:
            statement: Any = uow.select(model).where(model.id.in_(keys))
            found = uow.session.execute(statement.with_only_columns(model.id, model.name))
            names |= {key: name for key, name in found}  # noqa: C416 - rows are no pairs to dict
    return [_guest(row, names) for row in rows]


def _guest(row: Participant, names: Mapping[UUID, str]) -> Guest:
    column = next(name for name in _MODELS if getattr(row, name) is not None)
    key: UUID = getattr(row, column)
    return Guest(row.id, column.removesuffix("_id"), key, names.get(key), row.response)


def _check_people(uow: UnitOfWork, name: str, keys: list[UUID]) -> None:
    if not keys:
        return
    model = _MODELS[name]
    statement = uow.select(model).where(model.id.in_(keys))
    if model is User:
        statement = statement.where(User.active)
    found = set(uow.session.scalars(statement.with_only_columns(model.id)))
    if len(found) != len(keys):
        raise NotFound(f"There is no such {name.removesuffix('_id')}.")
