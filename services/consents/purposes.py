"""Purposes and their texts: what administrators let people agree to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.actors import Permission
from services.arguments import Key, Line, LongText, Truth
from services.consents.model import PURPOSES, ConsentPurpose, ConsentText
from services.custom.layout import change_layout, on_reading
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

MARKETING: Final = "marketing"
"""The purpose of advertising that names no other; it ships."""

INQUIRY: Final = "inquiry"
"""The purpose of the tick in the public form for leads; it ships."""

LANGUAGES: Final = {
    "en": "English",
    "ru": "Russian",
    "tr": "Turkish",
    "no": "Norwegian",
    "tl": "Filipino",
    "mn": "Mongolian",
    "uk": "Ukrainian",
    "de": "German",
}
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_STOCK: Final = {
    MARKETING: (
        "News and offers",
        (
            "I agree to receive news and offers. I can withdraw this at any time with the link in "
            "each message."
        ),
    ),
    INQUIRY: (
        "Answering an inquiry",
        (
            "You may contact me about this and keep what I wrote for it. I can withdraw this at "
            "any time."
        ),
    ),
}


def _by_language(of: fields.Field[Any], **more: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(LANGUAGES))), values=of, **more
    )


class CreatePurpose(Arguments):
    """A new purpose."""

    key = Line(
        required=True,
        validate=validate.Regexp(_KEY, error="Use small letters, digits and _; at most 40."),
        metadata={"title": "Key", "description": "By which operations name it; it never changes."},
    )
    titles = _by_language(Line(), required=True, metadata={"title": "Titles"})
    texts = _by_language(LongText(), required=True, metadata={"title": "Texts"})
    needs_consent = Truth(
        load_default=True,
        metadata={"title": "Needs consent", "description": "Otherwise only a refusal counts."},
    )
    confirms_by_mail = Truth(load_default=False, metadata={"title": "Confirmed by a mailed link"})


class NamePurpose(Arguments):
    """Which purpose."""

    purpose_id = Key(required=True, metadata={"title": "Purpose"})


class ChangePurpose(NamePurpose):
    """What becomes of a purpose."""

    titles = _by_language(Line(), metadata={"title": "Titles"})
    texts = _by_language(LongText(), metadata={"title": "Texts"})
    needs_consent = Truth(metadata={"title": "Needs consent"})
    confirms_by_mail = Truth(metadata={"title": "Confirmed by a mailed link"})


@operation("consent_purpose.create", Permission.DATA_MANAGE, CreatePurpose)
def create_purpose(
    uow: UnitOfWork, *, key: str, titles: Mapping[str, str], texts: Mapping[str, str], **how: bool
) -> dict[str, Any]:
    """Add a purpose that people can agree to be contacted for."""
    _check_english("titles", titles)
    _check_english("texts", texts)
    try:
        with uow.session.begin_nested():
            purpose = uow.add(ConsentPurpose(key=key, titles=dict(titles), **how))
    except IntegrityError as error:
        message = "There is a purpose with this key already."
        raise Invalid(message, {"key": [message]}) from error
    _add_text(uow, purpose, texts, 1)
    change_layout(uow)
    return {"purpose_id": purpose.id}


@operation("consent_purpose.update", Permission.DATA_MANAGE, ChangePurpose)
def update_purpose(
    uow: UnitOfWork,
    *,
    purpose_id: UUID,
    texts: Mapping[str, str] | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Change a purpose; another text is another version, and consents keep theirs."""
    purpose = _get(uow, purpose_id)
    if "titles" in values:
        _check_english("titles", values["titles"])
    for name, value in values.items():
        setattr(purpose, name, value)
    if texts is not None:
        _check_english("texts", texts)
        last = latest_text(uow, purpose)
        if last is None or last.texts != dict(texts):
            _add_text(uow, purpose, texts, 1 if last is None else last.number + 1)
    change_layout(uow)
    return {"purpose_id": purpose.id}


@operation("consent_purpose.archive", Permission.DATA_MANAGE, NamePurpose)
def archive_purpose(uow: UnitOfWork, *, purpose_id: UUID) -> dict[str, Any]:
    """Let nobody be contacted for a purpose any more; what was said is kept."""
    purpose = _get(uow, purpose_id)
    if purpose.key == MARKETING:
        raise Conflict("Advertising that names no purpose uses this one; it stays.")
    purpose.archived_at = purpose.archived_at or uow.now
    change_layout(uow)
    return {"purpose_id": purpose.id}


@operation("consent_purpose.restore", Permission.DATA_MANAGE, NamePurpose)
def restore_purpose(uow: UnitOfWork, *, purpose_id: UUID) -> dict[str, Any]:
    """Use an archived purpose again; what people said of it holds as before."""
    purpose = _get(uow, purpose_id)
    purpose.archived_at = None
    change_layout(uow)
    return {"purpose_id": purpose.id}


def find_purpose(uow: UnitOfWork, key: str) -> ConsentPurpose | None:
    """Return the purpose with this key, archived or not; None if there is none."""
    return uow.session.scalars(
        select(ConsentPurpose).where(ConsentPurpose.key == key)
    ).one_or_none()


def get_purpose(uow: UnitOfWork, key: str) -> ConsentPurpose:
    """Return the purpose with this key that is in use.

    Raises:
        Invalid: There is none, or it is archived.
    """
    found = find_purpose(uow, key)
    if found is None or found.archived_at is not None:
        message = f"There is no purpose called {key}."
        raise Invalid(message, {"purpose": [message]})
    return found


def list_purposes(uow: UnitOfWork, *, archived: bool = False) -> Sequence[ConsentPurpose]:
    """Return the purposes in the order they came, with the archived ones if wanted."""
    statement = select(ConsentPurpose).order_by(ConsentPurpose.id)
    if not archived:
        statement = statement.where(ConsentPurpose.archived_at.is_(None))
    return uow.session.scalars(statement).all()


def latest_text(uow: UnitOfWork, purpose: ConsentPurpose) -> ConsentText | None:
    """Return what people agree to at present."""
    return next(iter(text_versions(uow, purpose)), None)


def text_versions(uow: UnitOfWork, purpose: ConsentPurpose) -> Sequence[ConsentText]:
    """Return all versions of a purpose's text, the newest first."""
    statement = select(ConsentText).where(ConsentText.purpose_id == purpose.id)
    return uow.session.scalars(statement.order_by(ConsentText.number.desc())).all()


def seed_purposes(uow: UnitOfWork) -> None:
    """Add the purposes that ship, if there are none at all."""
    if uow.session.scalar(select(ConsentPurpose.id).limit(1)) is not None:
        return
    for key, (title, words) in _STOCK.items():
        purpose = uow.add(
            ConsentPurpose(key=key, titles={"en": title}, confirms_by_mail=key == MARKETING)
        )
        _add_text(uow, purpose, {"en": words}, 1)
    uow.session.flush()


def _add_text(
    uow: UnitOfWork, purpose: ConsentPurpose, texts: Mapping[str, str], number: int
) -> None:
    uow.session.add(
        ConsentText(
            purpose_id=purpose.id,
            number=number,
            texts=dict(texts),
            created_at=uow.now,
            created_by=uow.actor.name,
        )
    )


def _get(uow: UnitOfWork, purpose_id: UUID) -> ConsentPurpose:
    found = uow.session.get(ConsentPurpose, purpose_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such purpose.")
    return found


def _check_english(field: str, given: Mapping[str, str]) -> None:
    if not given.get("en"):
        message = "The English one is needed; it stands in for the others."
        raise Invalid(message, {field: [message]})


@on_reading
def _read_titles(session: Session | None) -> None:
    """Learn what every process offers as a choice; without a session that is what ships."""
    if session is None:
        PURPOSES.learn((key, title) for key, (title, _) in _STOCK.items())
        return
    found = session.scalars(select(ConsentPurpose).order_by(ConsentPurpose.id)).all()
    retired = {one.key for one in found if one.archived_at is not None}
    PURPOSES.learn([(one.key, one.title()) for one in found], retired)


_read_titles(None)
