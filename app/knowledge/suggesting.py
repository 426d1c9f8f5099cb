"""The card of a request's page: articles that may answer it, and those that it is linked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission, Verb
from services.crm.request_model import REQUEST, ServiceRequest
from services.errors import LanewiseError
from services.knowledge.finding import find_articles, suggest_articles
from services.knowledge.links import articles_of_request
from services.operations import run
from services.unit_of_work import UnitOfWork

_SUGGESTED: Final = 5
_DONE: Final = {
    "link": "Linked.",
    "unlink": "The article is no longer linked.",
    "insert": "The article's text stands at the end of the answer.",
}


def add_routes(blueprint: Blueprint) -> None:
    """Add the card of a request's page, and what its buttons do."""
    shown = view(Permission.RECORD_READ)(suggestions)
    blueprint.add_url_rule("/for/<uuid:key>", "suggestions", shown)
    for name in _DONE:
        decided = view(Permission.RECORD_WRITE, again=_explain)(_doing(name))
        blueprint.add_url_rule(f"/for/<uuid:key>/{name}", name, decided, methods=["POST"])


def suggestions(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the articles that may answer a request, by its subject or by other words."""
    about = uow.get(ServiceRequest, key)
    asked = request.args.get("q")
    linked = articles_of_request(uow, about)
    known = {article.id for _, article in linked}
    if asked:
        found = find_articles(uow, asked, limit=_SUGGESTED)
    else:
        found = suggest_articles(uow, _subject(uow, about), limit=_SUGGESTED + len(known))
    may_change = uow.actor.may(Permission.RECORD_WRITE) and uow.may_do(Verb.UPDATE, about)
    locked = uow.actor.locked_fields(REQUEST.name)
    return render_template(
        "knowledge/found.html" if asked is not None else "knowledge/suggestions.html",
        about=about,
        linked=linked,
        found=[one for one in found if asked or one.article.id not in known][:_SUGGESTED],
        known=known,
        asked=asked or "",
        may_change=may_change,
        may_insert=may_change and "answer" not in locked,
    )


def _subject(uow: UnitOfWork, about: ServiceRequest) -> str:
    """Return the subject, where the actor may see it: what is suggested would tell of it."""
    return about.subject if uow.readable_field(REQUEST, "subject") is not None else ""


def _doing(name: str) -> Callable[..., ResponseReturnValue]:
    def do(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
        run(uow, f"article.{name}", {"request_id": str(key), **form_arguments(["article_id"])})
        flash(_DONE[name], "good")
        return _back(key)

    return do


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the request's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key)


def _back(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("requests.show", key=key))
