"""Which of a series a change is meant for: this one, this and those that follow, or all."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.activities.model import Activity, ActivitySeries, ActivityStatus
from services.actors import Verb
from services.arguments import Line
from services.errors import Invalid
from services.unit_of_work import UnitOfWork


class Which(StrEnum):
    """How much of a series."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


WHICH: Final = {
    Which.THIS.value: "Only this one",
    Which.FOLLOWING.value: "This and all that follow",
    Which.ALL.value: "All that are planned",
}


def which_argument() -> Line:
    """Return the argument by which an operation asks for how much of a series it is meant."""
    return Line(
        load_default=Which.THIS.value,
        validate=validate.OneOf(list(WHICH), list(WHICH.values())),
        metadata={
            "title": "Of a series",
            "description": "this, following (this one too) or all that are planned.",
        },
    )


def hold(uow: UnitOfWork, activity_id: UUID, which: str) -> tuple[Activity, ActivitySeries | None]:
    """Lock an activity and, if more of them are meant, first its series.

    Raises:
        NotFound: There is no such activity, or the actor may not see it.
        NotAllowed: The actor may not change it.
        Invalid: More are meant of what does not come again.
    """
    if which == Which.THIS:
        return uow.get(Activity, activity_id, lock=True), None
    activity = uow.get(Activity, activity_id, verb=Verb.UPDATE)
    series = hold_series(uow, activity)
    if series is None:
        message = "This activity does not repeat."
        raise Invalid(message, {"which": [message]})
    return activity, series


def hold_series(uow: UnitOfWork, activity: Activity) -> ActivitySeries | None:
    """Lock the series of an activity, then the activity; None if it is in none.

    The series always comes first, so that two who change it wait for one another.
    """
    while (key := activity.series_id) is not None:
        held = select(ActivitySeries).where(ActivitySeries.id == key).with_for_update()
        series = uow.session.scalars(held.execution_options(populate_existing=True)).one()
        uow.get(Activity, activity.id, lock=True)
        if activity.series_id == key:
            return series
    return None


def planned_of(
    uow: UnitOfWork, activity: Activity, which: str, verb: Verb = Verb.UPDATE
) -> Sequence[Activity]:
    """Return what is planned of the activity's series, as far as the actor may do ``verb``.

    They are locked, in their order, the activity among them.
    """
    statement = uow.select(Activity, verb=verb).where(
        Activity.series_id == activity.series_id,
        Activity.status == ActivityStatus.PLANNED.value,
    )
    if which == Which.FOLLOWING:
        statement = statement.where(Activity.slot_at >= activity.slot_at)
    uow.session.flush()
    held = statement.order_by(Activity.slot_at).with_for_update(of=Activity)
    return uow.session.scalars(held.execution_options(populate_existing=True)).all()
