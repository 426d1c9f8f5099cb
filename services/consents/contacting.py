"""Who may be contacted for what: consents, opt-outs and dead addresses in one condition.

Mail, segments, campaigns and calls all ask here, so that no way of sending forgets a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, exists, false, func, select
from sqlalchemy.orm import aliased

from services.consents.model import (
    PERSON_TYPES,
    POINT_KIND_OF,
    ConsentEntry,
    ConsentPurpose,
    ConsentState,
)
from services.consents.purposes import find_purpose
from services.points.keeping import is_primary, points_of
from services.points.model import ContactPoint
from services.unit_of_work import UnitOfWork


def may_contact(
    uow: UnitOfWork, person: Any, channel: str, purpose: str, address: str | None = None
) -> bool:
    """Tell whether a contact or a lead may be contacted by ``channel`` for a purpose's key.

    With ``address``, in its normal spelling, whether it may be there; else anywhere. Rights are
    the caller's business. See ``contactable`` for the rules.
    """
    model = type(person)
    uow.session.flush()
    found = select(model.id).where(
        model.id == person.id,
        model.deleted_at.is_(None),
        contactable(uow, model, channel, purpose, address),
    )
    return uow.session.scalar(found) is not None


def contact_address(uow: UnitOfWork, person: Any, channel: str, purpose: str) -> str | None:
    """Return the address or number to use, the primary one if it may be; None: don't contact."""
    held = [point for point in points_of(uow, person) if point.kind == POINT_KIND_OF[channel]]
    held.sort(key=lambda point: not is_primary(person, point))
    usable = (
        point.normalised
        for point in held
        if may_contact(uow, person, channel, purpose, point.normalised)
    )
    return next(usable, None)


def contactable(
    uow: UnitOfWork, model: Any, channel: str, purpose: str, address: str | None = None
) -> ColumnElement[bool]:
    """Return the SQL condition of the contacts or leads that may be contacted.

    All of this must hold, and whoever has the same address or number speaks for the others:

    - The person has an address or number of the channel's kind at which something arrives; with
      ``address`` it is that one.
    - Nobody opted out of advertising at one of its addresses or numbers of that kind.
    - The last thing that was said for the channel and purpose is not a withdrawal.
    - If the purpose needs consent, the last thing that this person said is that it is given, and
      it was given for the address or number at which something arrives.

    An unknown or archived purpose, and what is no person, give nobody.
    """
    found = find_purpose(uow, purpose)
    if found is None or found.archived_at is not None or model.record_type not in PERSON_TYPES:
        return false()
    kind = POINT_KIND_OF[channel]
    last_of_all = _last(found, channel, _same_holders(model, kind), ConsentEntry.state)
    wanted: list[Any] = [] if address is None else [address]
    if found.needs_consent:
        said = select(ConsentEntry).where(ConsentEntry.record_id == model.id)
        is_given = ConsentEntry.state == ConsentState.GIVEN.value
        agreed = case((is_given, ConsentEntry.address))
        wanted.append(_last(found, channel, said.correlate(model), agreed))
    return and_(
        _reachable(model, kind, wanted),
        ~_opted_out(model, kind),
        func.coalesce(last_of_all, "") != ConsentState.WITHDRAWN.value,
    )


def _last(
    purpose: ConsentPurpose, channel: str, entries: Select[ConsentEntry], what: Any
) -> ScalarSelect[Any]:
    """Return the scalar query of what was said last. What is pending changes nothing."""
    return (
        entries.with_only_columns(what)
        .where(
            ConsentEntry.channel == channel,
            ConsentEntry.purpose_id == purpose.id,
            ConsentEntry.state != ConsentState.PENDING.value,
        )
        .order_by(ConsentEntry.at.desc(), ConsentEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _same_holders(model: Any, kind: str) -> Select[ConsentEntry]:
    """Return the query of what all said that share an address or number of ``kind``.

    The person is one of them. Joins and not an *or* lead from its few points to their entries;
    otherwise all entries would be read for each person.
    """
    own, other = aliased(ContactPoint), aliased(ContactPoint)
    return (
        select(ConsentEntry)
        .join(other, other.record_id == ConsentEntry.record_id)
        .join(own, and_(own.kind == other.kind, own.normalised == other.normalised))
        .where(own.record_id == model.id, own.kind == kind)
        .correlate(model)
    )


def _reachable(model: Any, kind: str, wanted: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition of persons with a point that works, equal to all that is ``wanted``."""
    point = aliased(ContactPoint)
    dead = aliased(ContactPoint)
    comes_back = exists().where(
        dead.kind == point.kind,
        dead.normalised == point.normalised,
        dead.invalid_since.is_not(None),
    )
    equal = [point.normalised == one for one in wanted]
    return exists().where(point.record_id == model.id, point.kind == kind, *equal, ~comes_back)


def _opted_out(model: Any, kind: str) -> ColumnElement[bool]:
    point, refused = aliased(ContactPoint), aliased(ContactPoint)
    return exists().where(
        point.record_id == model.id,
        point.kind == kind,
        refused.kind == point.kind,
        refused.normalised == point.normalised,
        refused.opted_out_at.is_not(None),
    )
