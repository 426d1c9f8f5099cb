"""The card of a contact's or an account's points, the page of a member, and what is done there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.titles import record_url
from app.views import view
from services.actors import Permission, Verb
from services.errors import LanewiseError
from services.loyalty.figures import (
    entries_of,
    open_programmes,
    redemptions_of,
    reversed_among,
    standing_of,
)
from services.loyalty.ledger_model import ENTRY_KINDS
from services.loyalty.members import members_of, seen_member
from services.loyalty.prizes import prizes_of
from services.operations import run
from services.records.types import get_record, title_of
from services.unit_of_work import UnitOfWork

_ROWS: Final = 50
_WRITE: Final = Permission.RECORD_WRITE
_MANAGE: Final = Permission.LOYALTY_MANAGE
# Name → operation, what its form sends, and what it asks for.
_STEPS: Final[Mapping[str, tuple[str, tuple[str, ...], Permission]]] = {
    "earn": ("loyalty.earn", ("points", "reason"), _WRITE),
    "spend": ("loyalty.spend", ("points", "reason"), _WRITE),
    "adjust": ("loyalty.adjust", ("points", "reason"), _MANAGE),
    "redeem": ("loyalty.redeem", ("prize_id", "quantity"), _WRITE),
    "cancel": ("loyalty.cancel_redemption", ("redemption_id", "reason"), _WRITE),
    "reverse": ("loyalty.reverse", ("entry_id", "reason"), _MANAGE),
}
_NAMES_ITSELF: Final = frozenset({"cancel", "reverse"})


def add_routes(blueprint: Blueprint) -> None:
    """Add the cards and the page of members."""
    read = view(Permission.RECORD_READ)
    for kind in ("contact", "account"):
        rule = f"/of-{kind}/<uuid:key>"
        blueprint.add_url_rule(rule, f"of_{kind}", read(partial(card, kind)))
        enrolled = view(_WRITE, again=partial(_explain_enrolment, kind))(partial(enrol, kind))
        blueprint.add_url_rule(rule, f"enrol_{kind}", enrolled, methods=["POST"])
    blueprint.add_url_rule("/members/<uuid:key>", "member", read(show))
    for name, (operation, fields, permission) in _STEPS.items():
        decided = view(permission, again=_explain)(_doing(name, operation, fields))
        blueprint.add_url_rule(f"/members/<uuid:key>/{name}", name, decided, methods=["POST"])


def card(kind: str, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the points of a contact or an account; nothing where there is no programme for it."""
    holder = get_record(uow, kind, key)
    standings = [standing_of(uow, member) for member in members_of(uow, holder)]
    joined = {standing.programme.id for standing in standings}
    return render_template(
        "loyalty/card.html",
        holder=holder,
        standings=standings,
        programmes=[one for one in open_programmes(uow, kind) if one.id not in joined],
        may_change=uow.actor.may(_WRITE) and uow.may_do(Verb.UPDATE, holder),
    )


def enrol(kind: str, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Let a contact or an account take part in a programme."""
    programme = request.form.get("programme_id", "")
    member = run(uow, "loyalty.enrol", {f"{kind}_id": str(key), "programme_id": programme})
    flash("Joined.", "good")
    return redirect(url_for("points.member", key=member.id))


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show a member's balance, level, prizes and bookings."""
    member, holder = seen_member(uow, key)
    before = request.args.get("before", type=UUID)
    entries = entries_of(uow, member, before=before, limit=_ROWS)
    redemptions = redemptions_of(uow, member)
    return render_template(
        "loyalty/member.html",
        member=member,
        holder=holder,
        holder_title=title_of(holder),
        holder_url=record_url(holder.record_type, holder.id),
        standing=standing_of(uow, member),
        entries=entries,
        kinds=ENTRY_KINDS,
        undone=reversed_among(uow, entries),
        redemptions=redemptions,
        prizes=prizes_of(uow, member.programme_id, to_take=True),
        may_change=uow.actor.may(_WRITE) and uow.may_do(Verb.UPDATE, holder),
        older=entries[-1].id if len(entries) == _ROWS else None,
        by_prize={redemption.entry_id for redemption in redemptions},
    )


def _doing(name: str, operation: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    def do(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
        about = {} if name in _NAMES_ITSELF else {"member_id": str(key)}
        told = run(uow, operation, {**form_arguments(fields), **about})
        short = told.get("short", 0)
        if short:
            flash(f"{short:,} of these points were spent already and stay with the member.", "warn")
        flash(f"Booked. The balance is {told['balance']:,} points.", "good")
        return redirect(url_for("points.member", key=key))

    return do


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the member's page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("points.member", key=key))


def _explain_enrolment(
    kind: str, _uow: UnitOfWork, error: LanewiseError, *, key: UUID
) -> ResponseReturnValue:
    """Say on the page of a contact or an account why it did not join."""
    flash(reason_of(error), "bad")
    return redirect(record_url(kind, key))
