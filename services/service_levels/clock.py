"""The clocks of service requests: begun, stopped, paused and counted anew.

Due times are data: they are written when something happens to a request, and nothing has to look
at the clock in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.calendars.book import CalendarBook
from services.crm.request_model import RequestStatus, ServiceRequest
from services.service_levels.counting import count_due
from services.service_levels.model import TARGETS, SlaClock, SlaPolicy, Target
from services.service_levels.policies import find_policy, list_policies
from services.unit_of_work import UnitOfWork

ENDED: Final = frozenset({RequestStatus.RESOLVED.value, RequestStatus.CLOSED.value})
_DONE: Final = {
    Target.FIRST_RESPONSE.value: "first_responded_at",
    Target.RESOLUTION.value: "resolved_at",
}


def due_field(target: str) -> str:
    """Return the request's field that holds when a target is due."""
    return f"{target}_due_at"


DUE_FIELDS: Final = frozenset(map(due_field, TARGETS))


def begin_clocks(uow: UnitOfWork, request: ServiceRequest) -> list[SlaClock]:
    """Make the clocks of a new request and set its due times; a due time it has stays.

    The clocks are to be added when the request is.
    """
    policy = find_policy(uow, request)
    clocks = []
    for target in TARGETS:
        given = getattr(request, due_field(target))
        clock = SlaClock(request_id=request.id, target=target, started_at=uow.now, pauses=[])
        if given is not None:
            _set_by_hand(uow, clock, given)
        elif policy is None or policy.seconds_for(target) is None:
            continue
        else:
            _promise(uow, clock, policy)
            setattr(request, due_field(target), clock.due_at)
        clocks.append(clock)
    return clocks


def follow_status(
    uow: UnitOfWork, request: ServiceRequest, status: str, times: Mapping[str, Any]
) -> dict[str, Any]:
    """Let the clocks of a request follow it into a status.

    Args:
        uow: The unit of work.
        request: As it is before.
        status: That it enters.
        times: What its status sets: ``first_responded_at``, ``resolved_at``.

    Returns:
        The due times that it then has, by field.
    """
    clocks = _clocks_of(uow, request.id)
    if request.status in ENDED and status not in ENDED:
        clocks = _begin_again(uow, request, clocks)
    for clock in clocks.values():
        name = _DONE[clock.target]
        done_at = times.get(name, getattr(request, name))
        if clock.is_open or done_at is None:
            clock.done_at = None
            _pause(clock, uow.now, waits=status == RequestStatus.WAITING and done_at is None)
            _count(uow, clock)
        clock.done_at = done_at
    uow.session.flush()
    return {due_field(target): clock.due_at for target, clock in clocks.items()}


@dataclass(frozen=True, slots=True)
class Matched:
    """Which policy matches a request before a change, and all that there are."""

    policy: SlaPolicy | None
    policies: Sequence[SlaPolicy]


def matched_before(uow: UnitOfWork, request: ServiceRequest) -> Matched:
    """Return which policy matches a request, to be compared with after its change."""
    if request.status in ENDED:
        return Matched(None, ())  # nothing is promised any more
    policies = list_policies(uow)
    return Matched(find_policy(uow, request, policies), policies)


def follow_changes(
    uow: UnitOfWork, request: ServiceRequest, values: Mapping[str, Any], before: Matched
) -> dict[str, Any]:
    """Let the clocks of a request follow a change of its fields, which was written.

    A due time that was set stays as it is; one that was cleared is counted again. If the change
    makes another policy match, what that promises is counted from when the clocks began. Where
    policies were changed meanwhile, and not the request, it keeps what it was promised; only a
    request without any promise gets that of the policy that matches now.

    Returns:
        The due times that change by it, by field.
    """
    by_hand = {target for target in TARGETS if due_field(target) in values}
    clocks = _clocks_of(uow, request.id)
    was_promised = bool(clocks)
    for target in by_hand:
        given = values[due_field(target)]
        if given is None:
            cleared = clocks.pop(target, None)
            if cleared is not None:
                uow.session.delete(cleared)
            continue
        if target not in clocks:
            clocks[target] = _new_clock(uow, request, target)
        _set_by_hand(uow, clocks[target], given)
    uow.session.flush()
    has_due = any(getattr(request, due_field(target)) is not None for target in TARGETS)
    if request.status in ENDED or (has_due and not clocks and not by_hand):
        return {}  # it is over, or its times were set before there were clocks
    policy = find_policy(uow, request, before.policies)
    is_new = policy is not before.policy or not was_promised
    targets = [one for one in TARGETS if is_new or (one in by_hand and one not in clocks)]
    changed = _promise_again(uow, request, policy, {one: clocks.get(one) for one in targets})
    return {name: due for name, due in changed.items() if due != getattr(request, name)}


def recount(uow: UnitOfWork, request: ServiceRequest) -> dict[str, Any]:
    """Count what an open request was promised anew, by its calendar as it is now.

    Returns:
        The due times that change by it, by field.
    """
    changed = {}
    for target, clock in _clocks_of(uow, request.id).items():
        if clock.is_open:
            _count(uow, clock)
            changed[due_field(target)] = clock.due_at
    return {name: due for name, due in changed.items() if due != getattr(request, name)}


def clocks_of(uow: UnitOfWork, request_id: UUID) -> list[SlaClock]:
    """Return the clocks of a request, that of its first response first."""
    found = _clocks_of(uow, request_id)
    return [found[target] for target in TARGETS if target in found]


def _clocks_of(uow: UnitOfWork, request_id: UUID) -> dict[str, SlaClock]:
    rows = uow.session.scalars(select(SlaClock).where(SlaClock.request_id == request_id))
    return {clock.target: clock for clock in rows}


def _begin_again(
    uow: UnitOfWork, request: ServiceRequest, clocks: dict[str, SlaClock]
) -> dict[str, SlaClock]:
    """Promise a resolution anew for a request that is opened again."""
    target = Target.RESOLUTION.value
    policy = find_policy(uow, request)
    clock = clocks.pop(target, None)
    if policy is None or policy.seconds_for(target) is None:
        if clock is not None:
            uow.session.delete(clock)
        return clocks
    clock = clock or _new_clock(uow, request, target)
    clock.started_at, clock.pauses, clock.done_at = uow.now, [], None
    _promise(uow, clock, policy)
    return {**clocks, target: clock}


def _promise_again(
    uow: UnitOfWork,
    request: ServiceRequest,
    policy: SlaPolicy | None,
    clocks: Mapping[str, SlaClock | None],
) -> dict[str, Any]:
    """Let a policy promise those targets that ``clocks`` has; None promises nothing."""
    changed: dict[str, Any] = {}
    for target, clock in clocks.items():
        if clock is not None and not _may_be_promised(clock, policy):
            continue
        if policy is not None and policy.seconds_for(target) is not None:
            if clock is None and getattr(request, _DONE[target]) is not None:
                continue
            kept = clock or _new_clock(uow, request, target)
            _promise(uow, kept, policy)
            changed[due_field(target)] = kept.due_at
        elif clock is not None:
            uow.session.delete(clock)
            changed[due_field(target)] = None
    uow.session.flush()
    return changed


def _may_be_promised(clock: SlaClock, policy: SlaPolicy | None) -> bool:
    """Tell whether a clock is open, counted, and another policy's than this one."""
    if not clock.is_open or clock.set_by is not None:
        return False
    return policy is None or clock.policy_id != policy.id


def _new_clock(uow: UnitOfWork, request: ServiceRequest, target: str) -> SlaClock:
    """Return a clock of a request that had none; what it waited for before is not known."""
    started = uow.now if request.status in ENDED else request.created_at
    waits = request.status == RequestStatus.WAITING
    pauses = [[uow.now.isoformat(), None]] if waits else []
    clock = SlaClock(request_id=request.id, target=target, started_at=started, pauses=pauses)
    uow.session.add(clock)
    return clock


def _promise(uow: UnitOfWork, clock: SlaClock, policy: SlaPolicy) -> None:
    clock.policy_id, clock.policy_name = policy.id, policy.name
    clock.calendar_id = policy.calendar_id
    clock.seconds = policy.seconds_for(clock.target)
    clock.at_risk_percent = policy.at_risk_percent
    clock.set_by = None
    _count(uow, clock)


def _set_by_hand(uow: UnitOfWork, clock: SlaClock, due_at: datetime) -> None:
    clock.policy_id = clock.policy_name = clock.seconds = clock.at_risk_at = None
    clock.due_at, clock.set_by = due_at, uow.actor.name


def _pause(clock: SlaClock, now: datetime, *, waits: bool) -> None:
    """Let a clock stand or run; what is written is a new list, so that the change is seen.

    A transaction's moment is that of its beginning: one that had to wait for another may come
    after it with an earlier one, and time never runs backwards on a clock.
    """
    last = clock.pauses[-1] if clock.pauses else [clock.started_at.isoformat(), None]
    now = max(now, *(datetime.fromisoformat(one) for one in last if one))
    if waits and not clock.is_paused:
        clock.pauses = [*clock.pauses, [now.isoformat(), None]]
    elif not waits and clock.is_paused:
        clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], now.isoformat()]]


def _count(uow: UnitOfWork, clock: SlaClock) -> None:
    """Write when a counted clock is due; one that is done keeps what it had."""
    if clock.seconds is None or not clock.is_open:
        return
    calendar = CalendarBook(uow).by_key(clock.calendar_id) or CalendarBook(uow).find(None)
    if calendar is None:
        clock.due_at = clock.at_risk_at = None
        return
    amount = timedelta(seconds=clock.seconds)
    risky = amount * clock.at_risk_percent / 100
    clock.due_at = count_due(calendar, clock.started_at, clock.pauses, amount)
    clock.at_risk_at = count_due(calendar, clock.started_at, clock.pauses, risky)


def add_clocks(uow: UnitOfWork, clocks: Iterable[SlaClock]) -> None:
    """Insert the clocks of a request that was just inserted."""
    uow.session.add_all(clocks)
    uow.session.flush()
