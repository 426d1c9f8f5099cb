"""Making and changing records: links checked, versions compared, the timeline written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, select
from sqlalchemy.orm.attributes import flag_modified

from services.actors import Scope, Verb
from services.changes import changed_fields
from services.days import show_day
from services.errors import NotAllowed, NotFound, StaleVersion
from services.money import known_currency, round_money, show_money
from services.people.model import User
from services.records.timeline import TimelineRow, add_entry, move_entries
from services.records.types import (
    Field,
    RecordType,
    find_relation,
    get_record,
    get_record_type,
    related_title,
    title_of,
)
from services.records.uniqueness import check_unique
from services.rights.telling import told_changes
from services.unit_of_work import UnitOfWork

DEFAULT_CURRENCY = "EUR"
_SHOWN_CHARACTERS = 500

Follower = Callable[[UnitOfWork, Any, Mapping[str, tuple[Any, Any]] | None], None]
_FOLLOWERS: dict[str, list[Follower]] = {}


def follower(*record_types: str) -> Callable[[Follower], Follower]:
    """Have a function set what follows from the other fields of records of these types.

    It is called as ``function(uow, record, changes)`` before the record is written, with the
    changes as name → (before, after), or None for a new one. It sets attributes and may read;
    nothing is flushed meanwhile.
    """

    def register(function: Follower) -> Follower:
        for record_type in record_types:
            _FOLLOWERS.setdefault(record_type, []).append(function)
        return function

    return register


def add_record(
    uow: UnitOfWork, record: Any, *, title: str, tells: Iterable[str] = (), plain: str | None = None
) -> Any:
    """Insert ``record``, owned by the person who makes it, and begin its timeline.

    See ``add_entry`` for ``tells`` and ``plain``.
    """
    if record.owner_id is None and record.team_id is None:
        record.owner_id = uow.actor.user_id
    check_creation(uow, record)
    _follow(uow, record, None)
    added = get_record_type(record.record_type).added_fields
    _round_amounts(record, added)
    check_unique(uow, record, added)
    uow.add(record)
    add_entry(uow, record, "created", title, tells=tells, plain=plain)
    return record


def check_creation(uow: UnitOfWork, record: Any) -> None:
    """Refuse a new record of a type, or for an owner or team, that the actor's roles don't give.

    Raises:
        NotAllowed: They don't.
    """
    actor, record_type = uow.actor, get_record_type(record.record_type)
    if actor.rights is None:
        return
    reach = actor.reach(record_type.name, Verb.CREATE)
    is_own = record.owner_id == actor.user_id
    is_teams = is_own or record.team_id in actor.team_ids
    if reach is Scope.NONE:
        raise NotAllowed(f"Your roles don't let you create {record_type.plural.lower()}.")
    if (reach is Scope.OWN and not is_own) or (reach is Scope.TEAM and not is_teams):
        raise NotAllowed(f"Your roles let you create only your own {record_type.plural.lower()}.")


def check_links(uow: UnitOfWork, record: Any) -> None:
    """Check everything that a new record is linked to.

    Raises:
        NotFound: Something does not exist, or the actor may not see it.
    """
    for field in get_record_type(record.record_type).fields:
        if field.relation is not None:
            check_link(uow, field, getattr(record, field.name))


def check_given_links(uow: UnitOfWork, record_type: RecordType, values: Mapping[str, Any]) -> None:
    """Check what a record is to be linked to, before there is one.

    Raises:
        NotFound: Something does not exist, or the actor may not see it.
    """
    for field in record_type.fields:
        if field.relation is not None:
            check_link(uow, field, values.get(field.name))


def change_record(
    uow: UnitOfWork,
    record: Any,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    kind: str = "changed",
    title: str | None = None,
    follows: bool = True,
    tells: Iterable[str] = (),
) -> bool:
    """Set ``values`` on ``record`` and tell its timeline what changed from what to what.

    ``version`` is what the actor saw; with None the last write wins. The sentence ``title`` is
    made from the changes if it is None. What follows from the values is set too, unless
    ``follows`` says that they are all there is to set. ``tells``: of what else the sentence
    ``title`` tells, as in ``add_entry``.

    Returns:
        Whether anything changed.

    Raises:
        StaleVersion: Somebody changed the record since ``version``.
        NotAllowed: The actor may not change this record.
        NotFound: It is linked to something that the actor may not see.
    """
    if not uow.may_do(Verb.UPDATE, record):
        raise NotAllowed("You may see this, but not change it.")
    check_version(uow, record, version)
    record_type = get_record_type(record.record_type)
    for name, value in values.items():
        field = record_type.field(name)
        if field is not None and field.relation is not None and value != getattr(record, name):
            check_link(uow, field, value)
        setattr(record, name, value)
    _round_amounts(record, [f for f in record_type.added_fields if f.name in values])
    changed = changed_fields(record)
    if not changed:
        return False
    if follows and record.record_type in _FOLLOWERS:
        _follow(uow, record, changed)
        changed = changed_fields(record)
    added = [field for field in record_type.added_fields if field.name in changed]
    check_unique(uow, record, added)
    shown = [
        _change(uow, record, field, *changed[field.name])
        for field in record_type.fields
        if field.name in changed and field.is_told
    ]
    uow.session.flush()
    if "account_id" in changed:
        move_entries(uow, record)
    if shown or title:
        details = {"changes": shown, "version": record.version}
        plain = "Changed" if tells else None
        title = title or _sentence(shown)
        add_entry(uow, record, kind, title, None, details, tells=tells, plain=plain)
    return True


def tell_parts(
    uow: UnitOfWork, record: Any, title: str, before: Mapping[str, Any], *, parts: str
) -> None:
    """Tell the timeline that something was changed that a record is made of, such as its lines.

    The record gets a new version, so that nobody who saw the old one writes over it unasked.

    Args:
        uow: Of whoever did it.
        record: With what follows from its parts set already.
        title: The sentence.
        before: Fields that follow from its parts, as they were.
        parts: What they are called in "Anna changed the lines".
    """
    flag_modified(record, "updated_at")
    uow.session.flush()
    fields = [get_record_type(record.record_type).field(name) for name in before]
    shown = [
        _change(uow, record, field, before[field.name], getattr(record, field.name))
        for field in fields
        if field is not None and before[field.name] != getattr(record, field.name)
    ]
    details = {"changes": shown, "version": record.version, "parts": parts}
    add_entry(uow, record, "changed", title, details=details)


def _follow(uow: UnitOfWork, record: Any, changes: Mapping[str, tuple[Any, Any]] | None) -> None:
    """Set what follows from the fields of a record, by the functions that know."""
    with uow.session.no_autoflush:
        for function in _FOLLOWERS.get(record.record_type, ()):
            function(uow, record, changes)


def _round_amounts(record: Any, added: Iterable[Field]) -> None:
    """Round amounts in added fields to what the record's currency can be paid in."""
    for field in added:
        amount = getattr(record, field.name) if field.kind == "money" else None
        if amount is not None and not field.is_computed:
            currency = known_currency(getattr(record, "currency", None) or DEFAULT_CURRENCY)
            setattr(record, field.name, round_money(amount, currency))


def check_version(uow: UnitOfWork, record: Any, version: int | None) -> None:
    """Refuse a change to a record that was changed since its ``version`` was seen.

    Raises:
        StaleVersion: With the changes that were made meanwhile.
    """
    if version is None or record.version == version:
        return
    since = cast(TimelineRow.details["version"].astext, BigInteger) > version
    rows = uow.session.scalars(
        select(TimelineRow)
        .where(TimelineRow.record_id == record.id, since)
        .order_by(TimelineRow.at)
    ).all()
    changes = [
        {**change, "actor_name": row.actor_name, "at": row.at.isoformat()}
        for row in rows
        for change in told_changes(uow.actor, row.record_type, row.details.get("changes", []))
    ]
    names = ", ".join(dict.fromkeys(row.actor_name for row in rows)) or "Somebody"
    said = [change["label"] for change in changes]
    said += [row.details["parts"] for row in rows if "parts" in row.details]
    labels = ", ".join(dict.fromkeys(said)) or "something"
    raise StaleVersion(f"{names} changed {labels} in the meantime. Please look again.", changes)


def check_link(uow: UnitOfWork, field: Field, key: UUID | None) -> None:
    """Check that what a relation field points to exists and may be seen.

    Raises:
        NotFound: It does not, or may not.
    """
    if key is None or field.relation is None:
        return
    if (field.relation, key) in uow.session.info.get("batch", ()):
        return  # looked at with all others of the batch
    if field.relation == "user":
        user = uow.session.get(User, key)
        if user is None or not user.active:
            raise NotFound("There is no such user.")
    elif (other := find_relation(field.relation)) is not None:
        uow.get(other.model, key)
    else:
        get_record(uow, field.relation, key, hold=True)


def display(uow: UnitOfWork, record: Any, field: Field, value: Any) -> str | None:
    """Return ``value`` of ``field`` as people read it; None for nothing.

    A time is ISO 8601 in UTC: each reader has a time zone.
    """
    if value is None or value == "":
        return None
    if field.choices is not None:
        several = value if isinstance(value, list) else [value]
        return ", ".join(field.choices.get(str(one), str(one)) for one in several)
    if field.relation is not None:
        return related_title(uow, field.relation, value)
    if isinstance(value, Decimal):
        return _display_number(record, field, value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return show_day(value) if isinstance(value, date) else str(value)[:_SHOWN_CHARACTERS]


def _display_number(record: Any, field: Field, value: Decimal) -> str:
    if field.kind == "money":
        return show_money(value, getattr(record, "currency", None) or "")
    if field.kind == "decimal":
        return f"{value:,f}"
    plain = f"{value.normalize():,f}"
    return f"{plain} %" if field.kind in {"percent", "markup"} else plain


def _change(
    uow: UnitOfWork, record: Any, field: Field, before: Any, after: Any
) -> dict[str, str | None]:
    change = {
        "field": field.name,
        "label": field.label,
        "old": display(uow, record, field, before),
        "new": display(uow, record, field, after),
    }
    return {**change, "kind": field.kind} if field.kind == "datetime" else change


def _sentence(changes: list[dict[str, str | None]]) -> str:
    """Say what changed: one change in full, several by their labels."""
    if len(changes) > 1:
        labels = [str(change["label"]) for change in changes]
        return f"Changed {', '.join(labels[:-1])} and {labels[-1]}"
    label, old, new = (changes[0][part] for part in ("label", "old", "new"))
    if new is None:
        return f"Cleared {label}"
    if "kind" in changes[0]:
        return f"{'Set' if old is None else 'Changed'} {label}"
    if old is None or len(old) + len(new) > 80:  # noqa: PLR2004
        return f"Set {label} to {new}" if len(new) <= 80 else f"Changed {label}"  # noqa: PLR2004
    return f"Changed {label} from {old} to {new}"


def link_text(record: Any) -> str:
    """Return how a sentence names ``record``: its kind and its title."""
    return f"{get_record_type(record.record_type).label.lower()} “{title_of(record)}”"
