"""The logo: a picture that stands in the head of documents in place of the initial."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

from marshmallow import fields

from services.actors import Permission
from services.documents.layout import Look, draw_pdf
from services.documents.pictures import Picture, read_picture
from services.errors import Invalid
from services.operations import Arguments, operation
from services.people.organization import Organization, get_organization
from services.unit_of_work import UnitOfWork

MAX_LOGO_BYTES: Final = 300 * 1024
MAX_SIDE: Final = 3_000
_TRIAL: Final = '<header class="letterhead"><div>Logo</div><div></div></header>'


class SetLogo(Arguments):
    """The picture that stands on papers."""

    content = fields.String(
        required=True,
        allow_none=True,
        metadata={"title": "Picture", "description": "PNG or JPEG as base64; null takes it away."},
    )


@operation(
    "organization.set_logo",
    Permission.TEMPLATE_WRITE,
    SetLogo,
    secret_fields=frozenset({"content"}),
)
def set_logo(uow: UnitOfWork, *, content: str | None) -> Organization:
    """Set the picture that stands on papers, or take it away."""
    organization = get_organization(uow)
    if content is None:
        organization.logo = organization.logo_type = None
    else:
        organization.logo = _decoded(content)
        organization.logo_type = _checked(organization.logo).content_type
    uow.session.flush()
    return organization


def _decoded(text: str) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("This is not base64.") from error
    if len(content) > MAX_LOGO_BYTES:
        raise _refused(f"A logo has {MAX_LOGO_BYTES >> 10} KB at most.")
    return content


def _checked(content: bytes) -> Picture:
    """Return what a logo is, after a document was drawn with it.

    Raises:
        Invalid: It is no picture, too large a one, or damaged.
    """
    try:
        picture = read_picture(content)
    except ValueError as error:
        raise _refused(str(error)) from error
    sides = (picture.width, picture.height)
    if not 1 <= min(sides) <= max(sides) <= MAX_SIDE:
        raise _refused(f"A logo has 1 to {MAX_SIDE:,} points on each side.")
    try:
        draw_pdf(_TRIAL, Look("Trial", "L", "#1f4e79", "", logo=content))
    except Invalid as error:
        raise _refused("This picture is damaged.") from error
    return picture


def _refused(message: str) -> Invalid:
    return Invalid(message, {"content": [message]})
