"""What the layout's templates need beyond Flask: addresses of this page, initials, amounts."""

import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from babel.numbers import format_decimal
from flask import Flask, g, request, url_for
from markupsafe import Markup

from app.conflicts import saved_now
from app.zones import ZONE_FIELD, reader_zone
from services.mail.text import with_links
from services.money import money_in_locale

_AVATAR_TONES: Final = 8
_DEFAULT_LOCALE: Final = "en"
_BARE_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#]\S*)?")
_LINK_ATTRIBUTES: Final = ' target="_blank" rel="noopener noreferrer nofollow"'


def init_layout(app: Flask) -> None:
    """Give templates `page_url`, `initials`, `tone`, amounts and times."""
    app.jinja_env.filters["linked"] = linked
    app.jinja_env.filters["web_address"] = web_address
    app.jinja_env.globals.update(
        page_url=page_url,
        initials=initials,
        tone=tone,
        amount=amount,
        unit_price=unit_price,
        plain_decimal=plain_decimal,
        utc_iso=utc_iso,
        saved_now=saved_now,
        zone_field=ZONE_FIELD,
        reader_zone=reader_zone,
        present=present,
    )


def page_url(**changes: str | int | None) -> str:
    """Return this page's address with some query arguments changed; None takes one away.

    Arguments given several times, such as `?state=open&state=new`, keep all their values.
    """
    arguments: dict[str, object] = {
        name: values if len(values) > 1 else values[0] for name, values in request.args.lists()
    }
    arguments |= changes
    kept = {name: value for name, value in arguments.items() if value is not None}
    return url_for(request.endpoint or "", **{**_plain(kept), **(request.view_args or {})})


def linked(text: str) -> Markup:
    """Return plain text with its web addresses as links, which say nothing of this page."""
    return Markup(with_links(text, _LINK_ATTRIBUTES))  # noqa: S704 - escaped there


def web_address(text: str) -> str | None:
    """Return what a link to a typed website points to; None for what is no address of the web."""
    if text.lower().startswith(("http://", "https://")):
        return text
    return f"https://{text}" if _BARE_HOST.fullmatch(text) else None


def initials(name: str) -> str:
    """Return up to two capitals that stand for a person or company: "Ada Lovelace" is "AL"."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    chosen = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in chosen).upper()


def tone(name: str) -> int:
    """Return the avatar colour (0 to 7) of a name: the same for the same name in every process."""
    return zlib.crc32(name.encode()) % _AVATAR_TONES


def amount(value: Decimal | int | float | None, currency: str) -> str:
    """Return an amount as text in the reader's locale, empty for None."""
    if value is None:
        return ""
    return money_in_locale(Decimal(str(value)), currency, g.get("locale", _DEFAULT_LOCALE))


def unit_price(value: Decimal | None, currency: str) -> str:
    """Return a price as text in the reader's locale, with all digits that it has.

    A screw may cost less than a cent; what is left of the currency's digits is filled up.
    """
    if value is None:
        return ""
    return money_in_locale(value, currency, g.get("locale", _DEFAULT_LOCALE), exact=True)


def plain_decimal(value: Decimal) -> str:
    """Return a number as text in the reader's locale, with all digits that it has."""
    locale = g.get("locale", _DEFAULT_LOCALE)
    return str(format_decimal(value, locale=locale, decimal_quantization=False))


def utc_iso(moment: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, to the second, with a Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def present() -> datetime | None:
    """Return the moment that this page shows; None where it reads nothing, as on error pages.

    Scripts count "in 3 days" from it: the reader's clock may be wrong, and a demo's is moved.
    """
    uow = g.get("uow")
    return None if uow is None else uow.now


def _plain(arguments: Mapping[str, object]) -> dict[str, Any]:
    # url_for takes these names for itself; a visitor's query must not be able to set them.
    reserved = {"endpoint", "_anchor", "_method", "_scheme", "_external"}
    return {name: value for name, value in arguments.items() if name not in reserved}
