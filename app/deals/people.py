"""Who takes part in a deal, changed from its page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from services.errors import LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork


def set_member(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take somebody into the team, or give a member another role."""
    return _run(uow, "deal.set_member", key, form_arguments(["user_id", "role"]))


def remove_member(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take somebody out of the team."""
    return _run(uow, "deal.remove_member", key, form_arguments(["user_id"]))


def set_contact(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Say what part a contact plays."""
    given: dict[str, Any] = form_arguments(["contact_id", "role"])
    return _run(uow, "deal.set_contact", key, given | {"is_primary": "is_primary" in request.form})


def remove_contact(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take a contact out of the deal."""
    return _run(uow, "deal.remove_contact", key, form_arguments(["contact_id"]))


def explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the deal's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _deal(key)


def _run(uow: UnitOfWork, operation: str, key: UUID, given: dict[str, Any]) -> ResponseReturnValue:
    run(uow, operation, {"deal_id": str(key), **given})
    return _deal(key)


def _deal(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("deals.show", key=key))
