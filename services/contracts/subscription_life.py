"""A subscription's life: started, paused, resumed, cancelled, ended, and invoiced in between."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Day, Line, Truth
from services.contracts.billing import invoice_adjustments, invoice_next, invoice_until, is_due
from services.contracts.days import DAY, check_years, first_boundary
from services.contracts.following import find_deleted_draft, settle_subscription
from services.contracts.giving_back import give_back
from services.contracts.revenue import settle_revenue
from services.contracts.subscription_model import SUBSCRIPTION, Subscription
from services.days import show_day, today
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.sales.documents import require
from services.sales.lines import lines_of
from services.unit_of_work import Job, UnitOfWork

CARRY_ON: Final = "subscriptions.carry_on"
"""The job that does what is due with some subscriptions."""

WHEN: Final = {"period_end": "At the end of the paid period", "now": "Today"}


class SubscriptionArguments(Arguments):
    """Which subscription."""

    subscription_id = key_argument(SUBSCRIPTION)


class StartSubscription(SubscriptionArguments):
    """Which subscription is started, and from when on it is invoiced."""

    invoice_from = Day(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Invoice from",
            "description": "Its start if it is empty; later for one that was invoiced elsewhere.",
        },
    )


class PauseSubscription(SubscriptionArguments):
    """Which subscription is paused, and until when."""

    resumes_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Resumes on", "description": "By hand if it is empty."},
    )


class CancelSubscription(SubscriptionArguments):
    """Why a subscription is to end, and when."""

    reason = Line(required=True, metadata={"title": "Reason"})
    when = Line(
        load_default="period_end",
        validate=validate.OneOf(list(WHEN), list(WHEN.values())),
        metadata={"title": "When"},
    )
    refund = Truth(
        load_default=False,
        metadata={
            "title": "Give back what is paid for later days",
            "description": "By a credit note, if it ends today.",
        },
    )


@operation("subscription.activate", Permission.RECORD_WRITE, StartSubscription, in_diagrams=True)
def activate_subscription(
    uow: UnitOfWork, *, subscription_id: UUID, invoice_from: date | None = None
) -> Subscription:
    """Start a subscription; from now on its periods are invoiced."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    require(subscription, "draft")
    starts = subscription.starts_on
    if starts is None:
        message = "Say when the subscription starts."
        raise Invalid(message, {"starts_on": [message]})
    if not lines_of(uow, subscription):
        raise Conflict("This subscription has no lines.")
    check_years("invoice_from", invoice_from)
    first = max(starts, invoice_from or starts)
    anchor = subscription.anchor_day or starts.day
    changes = {
        "status": "active",
        "anchor_day": anchor,
        "anchored_on": first_boundary(starts, anchor),
        "next_invoice_on": first,
    }
    change_record(uow, subscription, changes, kind="status")
    settle_revenue(uow, subscription, starts)
    _settle(uow, subscription)
    uow.emit("subscription.started", "subscription", subscription.id, starts_on=starts.isoformat())
    return subscription


@operation("subscription.pause", Permission.RECORD_WRITE, PauseSubscription, in_diagrams=True)
def pause_subscription(
    uow: UnitOfWork, *, subscription_id: UUID, resumes_on: date | None = None
) -> Subscription:
    """Pause a subscription: no further period is invoiced; what is invoiced stays."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    require(subscription, "active")
    day = today(uow)
    check_years("resumes_on", resumes_on)
    if resumes_on is not None and resumes_on <= day:
        message = "Use a day to come."
        raise Invalid(message, {"resumes_on": [message]})
    invoice_until(uow, subscription, day)
    changes = {"status": "paused", "paused_on": day, "resumes_on": resumes_on}
    change_record(uow, subscription, changes, kind="status")
    settle_revenue(uow, subscription, day)
    _settle(uow, subscription)
    uow.emit("subscription.paused", "subscription", subscription.id, resumes_on=_iso(resumes_on))
    return subscription


@operation("subscription.resume", Permission.RECORD_WRITE, SubscriptionArguments, in_diagrams=True)
def resume_subscription(uow: UnitOfWork, *, subscription_id: UUID) -> Subscription:
    """Let a paused subscription go on from today; the days that were paused cost nothing."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    require(subscription, "paused")
    _resume(uow, subscription, today(uow))
    return subscription


@operation("subscription.cancel", Permission.RECORD_WRITE, CancelSubscription, in_diagrams=True)
def cancel_subscription(
    uow: UnitOfWork,
    *,
    subscription_id: UUID,
    reason: str,
    when: str = "period_end",
    refund: bool = False,
) -> Subscription:
    """Cancel a subscription: today, or at the end of what is paid for."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    require(subscription, "draft", "active", "paused")
    if subscription.status == "draft":
        change_record(
            uow, subscription, {"status": "ended", "cancel_reason": reason}, kind="status"
        )
        return subscription
    day = today(uow)
    at_once = when in {"now", WHEN["now"]}
    if refund and not at_once:
        message = "Only what ends today leaves something to give back."
        raise Invalid(message, {"refund": [message]})
    last = day if at_once else _paid_until(subscription, day)
    title = f"Cancelled to {show_day(last)}: {reason}"
    changes = {"ends_on": last, "cancel_reason": reason}
    change_record(uow, subscription, changes, kind="status", title=title)
    if refund:
        give_back(uow, subscription, day)
    uow.emit(
        "subscription.cancelled",
        "subscription",
        subscription.id,
        ends_on=last.isoformat(),
        reason=reason,
    )
    if last < day or subscription.status == "paused" or at_once:
        _end(uow, subscription)
    _settle(uow, subscription)
    return subscription


@operation("subscription.keep", Permission.RECORD_WRITE, SubscriptionArguments, in_diagrams=True)
def keep_subscription(uow: UnitOfWork, *, subscription_id: UUID) -> Subscription:
    """Take the cancellation of a subscription back before its last day is over."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    require(subscription, "active")
    if subscription.ends_on is None:
        raise Conflict("This subscription is not cancelled.", code="wrong_status")
    changes = {"ends_on": None, "cancel_reason": None}
    change_record(uow, subscription, changes, kind="status", title="Took the cancellation back")
    _settle(uow, subscription)
    return subscription


@operation("subscription.invoice", Permission.RECORD_WRITE, SubscriptionArguments, in_diagrams=True)
def invoice_subscription(uow: UnitOfWork, *, subscription_id: UUID) -> dict[str, Any]:
    """Invoice the next period of a subscription that has begun; each is invoiced once.

    What a deleted draft was for comes first, also of a subscription that has ended.
    """
    subscription = uow.get(Subscription, subscription_id, lock=True)
    first = subscription.next_invoice_on
    if not is_due(uow, subscription, today(uow)):
        require(subscription, "active")
        last = subscription.last_day
        goes_on = first is not None and (last is None or first <= last)
        due = f"The next invoice is due on {show_day(first)}." if first and goes_on else ""
        raise Conflict(due or "Nothing is left to be invoiced.", code="nothing_due")
    invoice = invoice_next(uow, subscription)
    return {"invoice_id": invoice and invoice.id, "next_invoice_on": subscription.next_invoice_on}


@operation("subscription.carry_on", Permission.RECORD_WRITE, SubscriptionArguments)
def carry_on_subscription(uow: UnitOfWork, *, subscription_id: UUID) -> Subscription:
    """Do the next thing that is due with a subscription: resume it, invoice it, or end it."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    day = today(uow)
    if find_deleted_draft(uow, subscription) is not None:
        invoice_next(uow, subscription)
        return subscription
    if subscription.status not in {"active", "paused"}:
        return subscription
    last = subscription.last_day
    resumes = subscription.resumes_on if subscription.status == "paused" else None
    if resumes is not None and resumes <= day and (last is None or resumes <= last):
        _resume(uow, subscription, resumes)
    elif is_due(uow, subscription, day):
        invoice_next(uow, subscription)
    elif last is not None and last < day:
        _end(uow, subscription)
    return subscription


def _resume(uow: UnitOfWork, subscription: Subscription, day: date) -> None:
    first = subscription.next_invoice_on
    changes = {
        "status": "active",
        "paused_on": None,
        "resumes_on": None,
        "next_invoice_on": day if first is None else max(first, day),
    }
    change_record(uow, subscription, changes, kind="status")
    settle_revenue(uow, subscription, day)
    _settle(uow, subscription)
    uow.emit("subscription.resumed", "subscription", subscription.id)


def _paid_until(subscription: Subscription, day: date) -> date:
    """Return the last day that is paid for, or will be once its period is invoiced."""
    first = subscription.next_invoice_on or day
    if subscription.status == "active" and first <= day:
        return subscription.rhythm.period_at(day).last
    return max(first - DAY, day - DAY)


def _end(uow: UnitOfWork, subscription: Subscription) -> None:
    """End a subscription, and invoice what changes have cost."""
    last = subscription.last_day or today(uow)
    invoice_until(uow, subscription, last)
    invoice_adjustments(uow, subscription)
    changes = {
        "status": "ended",
        "ends_on": last,
        "next_invoice_on": None,
        "paused_on": None,
        "resumes_on": None,
    }
    change_record(uow, subscription, changes, kind="status")
    settle_revenue(uow, subscription, last + DAY)
    settle_subscription(uow, subscription)
    uow.session.flush()
    uow.emit(
        "subscription.ended",
        "subscription",
        subscription.id,
        ends_on=last.isoformat(),
        reason=subscription.cancel_reason,
    )


def _settle(uow: UnitOfWork, subscription: Subscription) -> None:
    """Note when something is due next; what is due today is left to a job at once."""
    settle_subscription(uow, subscription)
    uow.session.flush()
    if subscription.due_on is not None and subscription.due_on <= today(uow):
        key = str(subscription.id)
        uow.defer(Job(CARRY_ON, {"subscription_ids": [key]}, lock=f"subscription:{key}"))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
