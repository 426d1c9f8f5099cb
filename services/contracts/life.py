"""A contract's life: put into force, renewed, cancelled, ended; its owner reminded in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Day, Line, Truth, WholeNumber
from services.contracts.contracts import check_terms
from services.contracts.days import check_years, next_end
from services.contracts.ending import check_end, earliest_end
from services.contracts.following import decide_by, remind_on, settle_contract
from services.contracts.model import CONTRACT, Contract
from services.days import show_day, today
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation, run
from services.people.model import User
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.sales.documents import require
from services.timers import tell_timers
from services.unit_of_work import UnitOfWork


class ContractArguments(Arguments):
    """Which contract."""

    contract_id = key_argument(CONTRACT)


class CancelContract(ContractArguments):
    """Why a contract is to end, and when."""

    reason = Line(required=True, metadata={"title": "Reason"})
    ends_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Last day", "description": "The earliest one if it is empty."},
    )
    given_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Notice given on", "description": "Today if it is empty."},
    )
    by_agreement = Truth(
        load_default=False,
        metadata={
            "title": "Both sides agree",
            "description": "The notice period and the term don't count then.",
        },
    )


class RenewContract(ContractArguments):
    """By how long a contract goes on."""

    months = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 240),
        metadata={"title": "Months", "description": "Those it renews by if it is empty."},
    )
    until = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Until", "description": "The last day, instead of months."},
    )


@operation("contract.activate", Permission.RECORD_WRITE, ContractArguments, in_diagrams=True)
def activate_contract(uow: UnitOfWork, *, contract_id: UUID) -> Contract:
    """Put a contract into force; what was agreed can't be changed any more."""
    contract = uow.get(Contract, contract_id, lock=True)
    require(contract, "draft")
    if contract.starts_on is None:
        message = "Say when the contract starts."
        raise Invalid(message, {"starts_on": [message]})
    check_terms(contract, {})
    change_record(uow, contract, {"status": "active"}, kind="status")
    settle_contract(uow, contract)
    uow.emit("contract.activated", "contract", contract.id, **_terms(contract))
    return contract


@operation("contract.cancel", Permission.RECORD_WRITE, CancelContract, in_diagrams=True)
def cancel_contract(
    uow: UnitOfWork,
    *,
    contract_id: UUID,
    reason: str,
    ends_on: date | None = None,
    given_on: date | None = None,
    by_agreement: bool = False,
) -> Contract:
    """Cancel a contract to a day that its notice period allows; it is in force until then."""
    contract = uow.get(Contract, contract_id, lock=True)
    require(contract, "draft", "active")
    if contract.status == "draft":
        changes = {"status": "cancelled", "cancelled_on": today(uow), "cancel_reason": reason}
        change_record(uow, contract, changes, kind="status")
        return contract
    if contract.cancels_on is not None:
        raise Conflict(f"It is cancelled already, to {show_day(contract.cancels_on)}.")
    given = _given(uow, contract, given_on)
    if by_agreement:
        chosen = _agreed(uow, ends_on)
    else:
        chosen = ends_on or max(earliest_end(contract, given), today(uow))
        check_end(contract, chosen, given)
        _check_not_past(uow, chosen)
    changes = {"cancels_on": chosen, "cancelled_on": given, "cancel_reason": reason}
    title = f"Cancelled to {show_day(chosen)}: {reason}"
    change_record(uow, contract, changes, kind="status", title=title)
    settle_contract(uow, contract)
    tell_timers(uow, "contract", contract.id)
    uow.emit(
        "contract.cancelled", "contract", contract.id, ends_on=chosen.isoformat(), reason=reason
    )
    return contract


@operation("contract.keep", Permission.RECORD_WRITE, ContractArguments, in_diagrams=True)
def keep_contract(uow: UnitOfWork, *, contract_id: UUID) -> Contract:
    """Take the cancellation of a contract back before its last day is over."""
    contract = uow.get(Contract, contract_id, lock=True)
    require(contract, "active")
    if contract.cancels_on is None:
        raise Conflict("This contract is not cancelled.", code="wrong_status")
    changes = dict.fromkeys(("cancels_on", "cancelled_on", "cancel_reason"))
    change_record(uow, contract, changes, kind="status", title="Took the cancellation back")
    settle_contract(uow, contract)
    tell_timers(uow, "contract", contract.id)
    uow.emit("contract.kept", "contract", contract.id, **_terms(contract))
    return contract


@operation("contract.renew", Permission.RECORD_WRITE, RenewContract, in_diagrams=True)
def renew_contract(
    uow: UnitOfWork, *, contract_id: UUID, months: int | None = None, until: date | None = None
) -> Contract:
    """Let a contract go on after its term; one that has ended is in force again."""
    contract = uow.get(Contract, contract_id, lock=True)
    require(contract, "active", "ended")
    if contract.cancels_on is not None:
        raise Conflict("It is cancelled; take that back first.", code="wrong_status")
    _renew(uow, contract, _renewed_end(contract, months, until))
    return contract


@operation("contract.carry_on", Permission.RECORD_WRITE, ContractArguments)
def carry_on_contract(uow: UnitOfWork, *, contract_id: UUID) -> Contract:
    """Do what is due with a contract: remind of its end, renew it, or end it."""
    contract = uow.get(Contract, contract_id, lock=True)
    day = today(uow)
    while contract.status == "active" and _is_over(contract, day):
        if contract.cancels_on is None and contract.renewal_months:
            _renew(uow, contract, _renewed_end(contract, None, None))
        else:
            _end(uow, contract)
    reminded = remind_on(contract) if contract.status == "active" else None
    if reminded is not None and reminded <= day:
        _remind(uow, contract)
    settle_contract(uow, contract)
    return contract


def _given(uow: UnitOfWork, contract: Contract, given_on: date | None) -> date:
    """Return the day on which notice was given.

    Raises:
        Invalid: It is yet to come, or before there was anything to cancel.
    """
    day = today(uow)
    if given_on is None:
        return day
    if given_on > day:
        message = "Notice can't have been given on a day to come."
        raise Invalid(message, {"given_on": [message]})
    begun = contract.created_at.date()
    if given_on < min(contract.starts_on or begun, begun):
        message = "Notice can't have been given before there was a contract."
        raise Invalid(message, {"given_on": [message]})
    return given_on


def _agreed(uow: UnitOfWork, ends_on: date | None) -> date:
    if ends_on is None:
        message = "Say on which last day both sides have agreed."
        raise Invalid(message, {"ends_on": [message]})
    check_years("ends_on", ends_on)
    _check_not_past(uow, ends_on)
    return ends_on


def _check_not_past(uow: UnitOfWork, chosen: date) -> None:
    if chosen < today(uow):
        message = "The last day can't be over already."
        raise Invalid(message, {"ends_on": [message]})


def _renewed_end(contract: Contract, months: int | None, until: date | None) -> date:
    """Return the last day of the next term.

    Raises:
        Invalid: Nobody says how long it is, or it would be no longer than the present one.
    """
    end, starts = contract.ends_on, contract.starts_on
    if end is None or starts is None:
        raise Conflict("This contract has no end; it goes on by itself.")
    if until is not None:
        check_years("until", until)
        if until <= end:
            message = f"It goes on until {show_day(end)} already."
            raise Invalid(message, {"until": [message]})
        return until
    length = months or contract.renewal_months
    if length is None:
        message = "Say by how many months, or until when."
        raise Invalid(message, {"months": [message]})
    return next_end(starts, end, length)


def _renew(uow: UnitOfWork, contract: Contract, end: date) -> None:
    before = contract.ends_on
    change_record(
        uow,
        contract,
        {"ends_on": end, "status": "active"},
        kind="status",
        title=f"Renewed until {show_day(end)}",
    )
    settle_contract(uow, contract)
    tell_timers(uow, "contract", contract.id)
    previous = before and before.isoformat()
    uow.emit(
        "contract.renewed", "contract", contract.id, previous_ends_on=previous, **_terms(contract)
    )


def _end(uow: UnitOfWork, contract: Contract) -> None:
    status = "cancelled" if contract.cancels_on is not None else "ended"
    change_record(uow, contract, {"status": status}, kind="status")
    last = contract.cancels_on or contract.ends_on
    uow.emit(
        "contract.ended",
        "contract",
        contract.id,
        status=status,
        ends_on=last and last.isoformat(),
    )


def _remind(uow: UnitOfWork, contract: Contract) -> None:
    """Give the owner a task about the end of a contract, and tell the processes."""
    decided, end = decide_by(contract), contract.ends_on
    if decided is None or end is None:
        return
    contract.reminded_for = end
    renewed = bool(contract.renewal_months)
    follows = f"renews after {show_day(end)}" if renewed else f"ends on {show_day(end)}"
    if renewed and decided < today(uow):
        text = f"It {follows}; the last day for notice was {show_day(decided)}"
    elif renewed:
        text = f"It {follows}; notice can be given until {show_day(decided)}"
    else:
        text = f"It {follows}"
    add_entry(uow, contract, "status", f"Reminded: {text[0].lower()}{text[1:]}")
    _plan_task(uow, contract, text, max(decided, today(uow)))
    uow.emit(
        "contract.expiring",
        "contract",
        contract.id,
        decide_by=decided.isoformat(),
        renews=renewed,
        **_terms(contract),
    )


def _plan_task(uow: UnitOfWork, contract: Contract, text: str, due_on: date) -> None:
    owner = uow.session.get(User, contract.owner_id) if contract.owner_id else None
    zone = uow.platform.settings.timezone
    due = datetime.combine(due_on, time(17), zone).astimezone(UTC)
    task: dict[str, Any] = {
        "kind": "task",
        "subject": f"Contract {contract.number}: decide how it goes on",
        "description": text,
        "due_at": due.isoformat(),
        "regarding_type": "contract",
        "regarding_id": str(contract.id),
        "owner_id": str(owner.id) if owner is not None and owner.active else None,
        "team_id": str(contract.team_id) if contract.team_id else None,
    }
    run(uow, "activity.create", task)


def _is_over(contract: Contract, day: date) -> bool:
    end = contract.cancels_on or contract.ends_on
    return end is not None and end < day


def _terms(contract: Contract) -> dict[str, str | None]:
    """Return what the processes are told of a contract's term."""
    names = ("starts_on", "ends_on")
    days = {name: getattr(contract, name) for name in names}
    return {name: day and day.isoformat() for name, day in days.items()}
