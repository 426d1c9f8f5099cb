"""Pages behind mailed links: confirming a consent, unsubscribing, choosing what one receives.

A page never says whether an address is known here: links name people by key, and an answer to
somebody who is gone is the same as to anybody else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Flask, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.context import settings
from app.limits import HOOK, PUBLIC_FORM, limit_route
from app.views import Audience, view
from services.consents.answering import address_of_link, find_pending, find_person, receives
from services.consents.keeping import present_consents
from services.consents.links import read_choice_link
from services.consents.model import Channel, ConsentPurpose
from services.consents.purposes import LANGUAGES, latest_text, list_purposes
from services.errors import NotFound
from services.operations import run
from services.unit_of_work import UnitOfWork

# As browsers name them: Filipino, and the two written forms of Norwegian.
_SHORTER: Final = {"fil": "tl", "nb": "no", "nn": "no"}

blueprint: Final = Blueprint("consent", __name__, url_prefix="/consent")


def register(app: Flask) -> None:
    """Add the pages behind mailed links."""
    app.register_blueprint(blueprint)
    for endpoint in ("consent.confirm", "consent.choose"):
        limit_route(app, endpoint, PUBLIC_FORM)
    # Mail programs' servers unsubscribe for many people from one address.
    limit_route(app, "consent.unsubscribe", HOOK)


@blueprint.get("/confirm/<token>")
@view(Audience.PUBLIC)
def ask_to_confirm(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Show what is confirmed, and a button: programs that look at links press none."""
    purpose, _, _ = find_pending(uow, token)
    words = latest_text(uow, purpose)
    return render_template(
        "public/confirm.html",
        token=token,
        title=purpose.title(_language(purpose.titles)),
        words=None if words is None else words.texts[_language(words.texts)],
        is_done=False,
    )


@blueprint.post("/confirm/<token>")
@view(Audience.PUBLIC)
def confirm(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Note the consent, and thank for it."""
    purpose, _, _ = find_pending(uow, token)
    run(uow, "consent.confirm", {"token": token})
    title = purpose.title(_language(purpose.titles))
    return render_template("public/confirm.html", title=title, is_done=True)


@blueprint.get("/unsubscribe/<token>")
@view(Audience.PUBLIC)
def ask_to_unsubscribe(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Show the button that unsubscribes; the page by itself changes nothing."""
    choice = read_choice_link(settings(), token)
    purpose = uow.session.get(ConsentPurpose, choice.purpose_id)
    title = None if purpose is None else purpose.title(_language(purpose.titles))
    return render_template("public/unsubscribe.html", token=token, title=title)


@blueprint.post("/unsubscribe/<token>")
@view(Audience.SECRET)
def unsubscribe(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Unsubscribe with one click, from the page or from a mail program (RFC 8058).

    A mail program has neither a session nor a token of ours against forgery: the signed link is
    what proves it. It follows no redirection either.
    """
    try:
        run(uow, "consent.unsubscribe", {"token": token})
    except NotFound:
        page = render_template("public/unsubscribe.html", is_invalid=True)
        return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return render_template("public/unsubscribe.html", token=token, is_done=True)


@blueprint.get("/choose/<token>")
@view(Audience.PUBLIC)
def preferences(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Show what there is to receive by mail, and what of it is chosen."""
    return _show_preferences(uow, token, is_saved=False)


@blueprint.post("/choose/<token>")
@view(Audience.PUBLIC)
def choose(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Save what is chosen."""
    chosen = request.form.getlist("purposes")
    run(uow, "consent.choose", {"token": token, "purposes": chosen})
    uow.session.flush()
    return _show_preferences(uow, token, is_saved=True)


def _show_preferences(uow: UnitOfWork, token: str, *, is_saved: bool) -> ResponseReturnValue:
    choice = read_choice_link(settings(), token)
    person = find_person(uow, choice)
    present = {} if person is None else present_consents(uow, person.id)
    address = None if person is None else address_of_link(uow, person, choice)
    choices = []
    for purpose in list_purposes(uow):
        entry = present.get((Channel.MAIL.value, purpose.id))
        words = latest_text(uow, purpose)
        choices.append(
            {
                "key": purpose.key,
                "title": purpose.title(_language(purpose.titles)),
                "text": "" if words is None else words.texts[_language(words.texts)],
                "chosen": receives(purpose, entry, address),
            }
        )
    return render_template(
        "public/preferences.html", token=token, choices=choices, is_saved=is_saved
    )


def _language(texts: dict[str, str]) -> str:
    """Return which language of a text suits the reader best."""
    for named, quality in request.accept_languages:
        first = named.partition("-")[0].lower()
        language = _SHORTER.get(first, first)
        if quality and language in LANGUAGES and texts.get(language):
            return language
    return "en"
