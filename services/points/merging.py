"""What is known of addresses that both of two merged records have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.points.keeping import points_of
from services.points.model import ContactPoint
from services.unit_of_work import UnitOfWork

# When, and why: whoever said no to one of the two said no.
_MARKS: Final = (("opted_out_at", "opt_out_reason"), ("invalid_since", "invalid_reason"))


def carry_marks(uow: UnitOfWork, kept: Any, dropped: Any) -> list[dict[str, Any]]:
    """Let points that both have be opted out, or invalid, if either of them is.

    Returns:
        What was set, as ``put_marks_back`` takes it.
    """
    ours = {(point.kind, point.normalised): point for point in points_of(uow, kept)}
    carried = []
    for theirs in points_of(uow, dropped):
        point = ours.get((theirs.kind, theirs.normalised))
        for at, why in _MARKS:
            if point is not None and getattr(theirs, at) and not getattr(point, at):
                setattr(point, at, getattr(theirs, at))
                setattr(point, why, getattr(theirs, why))
                moment = getattr(theirs, at).isoformat()
                carried.append({"id": str(point.id), "mark": at, "at": moment})
    uow.session.flush()
    return carried


def put_marks_back(uow: UnitOfWork, carried: Iterable[Mapping[str, Any]]) -> None:
    """Take off the marks that a merge has set, unless they were set anew since."""
    reasons = dict(_MARKS)
    for one in carried:
        point = uow.session.get(ContactPoint, UUID(one["id"]))
        mark = one["mark"]
        if point is not None and getattr(point, mark) == datetime.fromisoformat(one["at"]):
            setattr(point, mark, None)
            setattr(point, reasons[mark], None)
    uow.session.flush()
