"""Moving a deal: by hand from its page, or by dragging its card; the stage may ask for more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments
from app.records.edit import shown_text
from app.records.titles import Titles
from app.views import wants_json
from app.wire import json_response
from services.crm.board import check_stages_seen
from services.crm.deal_model import DEAL, Deal
from services.crm.deal_moves import stage_before
from services.crm.deal_requirements import Asked, asked_of
from services.crm.pipeline_model import Category, Stage
from services.crm.pipelines import find_stage, first_of, list_lost_reasons, list_stages
from services.errors import Conflict, Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_TOLD: Final[Mapping[Category, tuple[str, ...]]] = {
    Category.OPEN: (),
    Category.ON_HOLD: ("hold_until", "hold_reason"),
    Category.WON: ("closed_on",),
    Category.LOST: ("reason", "details", "competitor", "closed_on"),
}
_OTHER_REASON: Final = "other"


@dataclass(frozen=True, slots=True)
class _Choice:
    """Where a deal may go, and where it is about to.

    Attributes:
        is_reopened: The deal is closed or on hold, and goes on.
    """

    stages: Sequence[Stage]
    chosen: Stage
    asked: Asked
    is_reopened: bool


def ask(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show what the chosen stage asks for; as a dialog's content where a script wants it."""
    deal = uow.get(Deal, key)
    check_stages_seen(uow)
    choice = _choice(uow, deal)
    writable = {field.name for field in uow.writable_fields(DEAL)}
    fields = [field for field in choice.asked.fields if field.name in writable]
    # What was typed before stays, also if the stage asks for it no more.
    typed = writable & set(request.form.getlist("asked")) - {field.name for field in fields}
    fields += [field for field in DEAL.fields if field.name in typed]
    seen = request.form.get("version")
    template = "deals/move_dialog.html" if "HX-Request" in request.headers else "deals/move.html"
    return render_template(
        template,
        deal=deal,
        choice=choice,
        told=_TOLD[Category(choice.chosen.category)],
        fields=fields,
        closed_fields=[field for field in choice.asked.fields if field.name not in writable],
        values={
            **{field.name: shown_text(getattr(deal, field.name)) for field in fields},
            **request.form.to_dict(),
        },
        confirmed=request.form.getlist("confirmed"),
        titles=Titles(uow, fields, [deal], request.form),
        reasons=[
            *((one.name, one.name) for one in list_lost_reasons(uow)),
            (_OTHER_REASON, "Another reason"),
        ],
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
        conflict=isinstance(error, Conflict),
        # Who was told what others have changed meanwhile decides about the deal as it is now.
        version=deal.version if isinstance(error, Conflict) else seen or deal.version,
        back=_back(key),
    )


def move(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Fill in what the stage asks for and move the deal, or say what is missing."""
    deal = uow.get(Deal, key, lock=True)
    stages = list_stages(uow, deal.pipeline_id)
    target = find_stage(stages, request.form.get("stage", ""))
    version = request.form.get("version")
    given = _given(uow, asked_of(uow, deal, target, request.form.getlist("confirmed")))
    if given:
        run(uow, "deal.update", {"deal_id": str(key), "version": version, **given})
        version = None
    arguments: dict[str, Any] = {
        "deal_id": str(key),
        "stage": target.key,
        "confirmed": request.form.getlist("confirmed"),
        "version": version,
    }
    here = find_stage(stages, deal.stage)
    if here.category != Category.OPEN and target.category == Category.OPEN:
        run(uow, "deal.reopen", arguments)
    else:
        told = form_arguments(_TOLD[Category(target.category)])
        run(uow, "deal.move_stage", {**arguments, **_reason(told)})
    if wants_json():
        return json_response({"stage": target.key})
    flash(f"Moved to {target.name}.", "good")
    return redirect(_back(key))


def move_pipeline(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Move the deal to another pipeline."""
    pipeline = request.form.get("pipeline_id", "")
    run(uow, "deal.move_pipeline", {"deal_id": str(key), "pipeline_id": pipeline})
    flash("Moved to the other pipeline.", "good")
    return redirect(url_for("deals.show", key=key))


def _choice(uow: UnitOfWork, deal: Deal) -> _Choice:
    """Return where the deal may go: a closed one only back to an open stage."""
    every = list_stages(uow, deal.pipeline_id)
    here = find_stage(every, deal.stage)
    stages = [
        stage
        for stage in every
        if stage.key == deal.stage
        or (stage.archived_at is None and (stage.category == Category.OPEN or not here.closes))
    ]
    asked_for = request.values.get("stage", "")
    category = request.args.get("to", "")
    if category == Category.OPEN and here.category != Category.OPEN:
        chosen = stage_before(uow, deal, every)
    elif category in set(Category):
        chosen = here if here.category == category else first_of(every, Category(category))
    else:
        chosen = next((stage for stage in stages if stage.key == asked_for), here)
    asked = Asked((), (), None) if chosen is here else asked_of(uow, deal, chosen)
    reopened = here.category != Category.OPEN and chosen.category == Category.OPEN
    return _Choice(stages, chosen, asked, reopened)


def _given(uow: UnitOfWork, asked: Asked) -> dict[str, str]:
    """Return what the form fills in: missing fields, and those that were when it was shown.

    What the stage asks for may have been changed meanwhile; what was typed is not to get lost.
    """
    shown = {field.name for field in uow.writable_fields(DEAL)} & set(request.form.getlist("asked"))
    sent = form_arguments({field.name for field in asked.fields} | shown)
    return {name: value for name, value in sent.items() if value}


def _reason(told: dict[str, str]) -> dict[str, str]:
    """Return what was told, the words of another reason in the place of the listed one."""
    if told.get("reason") != _OTHER_REASON:
        return told
    if not told.get("details"):
        message = "Please say in your own words why."
        raise Invalid(message, {"details": [message]})
    return {**told, "reason": told["details"].splitlines()[0][:100]}


def _back(key: UUID) -> str:
    """Return the page of this site that the person came from: the board, or the deal's own."""
    wanted = request.values.get("back", "")
    parts = urlsplit(wanted)
    if parts.path == url_for("board.index") and not parts.netloc and not parts.scheme:
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return url_for("deals.show", key=key)
