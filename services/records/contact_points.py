"""E-mail addresses, phone numbers and names in one spelling, so that they can be compared.

Phone numbers become ``+`` and digits (as E.164) when they are written internationally, and bare
digits otherwise: which country a local number belongs to is not guessed.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from services.records.folding import fold

MAX_EMAIL_LENGTH = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PHONE = re.compile(r"[+]?[0-9 ().\-/\u00a0]+")

# Mail hosts of private people: sharing one says nothing about sharing an employer.
_PRIVATE_HOSTS = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "web.de",
        "t-online.de",
        "mail.ru",
        "bk.ru",
        "list.ru",
        "inbox.ru",
        "yandex.ru",
        "yandex.com",
        "ya.ru",
        "rambler.ru",
        "ukr.net",
        "i.ua",
        "proton.me",
        "protonmail.com",
        "online.no",
        "zoho.com",
        "mail.com",
        "mynet.com",
    }
)


def normalise_email(text: str) -> str:
    """Return the address in lower case, its host in ASCII (IDNA).

    Raises:
        ValueError: It is not an address that mail can be sent to.
    """
    local, at, host = text.strip().rpartition("@")
    try:
        ascii_host = host.lower().rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        ascii_host = ""
    address = f"{local.lower()}@{ascii_host}"
    fits = bool(at) and len(local) <= 64 and len(address) <= MAX_EMAIL_LENGTH  # noqa: PLR2004
    if not (fits and _LOCAL_PART.fullmatch(local) and _HOST.fullmatch(ascii_host)):
        raise ValueError("This is not a valid e-mail address.")
    return address


def normalise_phone(text: str) -> str:
    """Return ``+`` and digits for an international number, digits for a local one.

    Raises:
        ValueError: It has other signs, or not 3 to 15 digits (E.164 allows 15).
    """
    stripped = text.strip()
    digits = re.sub(r"\D", "", stripped)
    international = stripped.startswith("+")
    if digits.startswith("00"):
        digits, international = digits[2:], True
    if international:
        # "+49 (0)30 …": the bracketed trunk zero is not dialled from abroad.
        digits = re.sub(r"\D", "", stripped.replace("(0)", "")).removeprefix("00")
    if not _PHONE.fullmatch(stripped) or not 3 <= len(digits) <= 15:  # noqa: PLR2004
        raise ValueError("This is not a valid phone number.")
    return f"+{digits}" if international else digits


def name_key(name: str) -> str:
    """Return a company's name for comparison: folded, without punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", fold(name)).split())


def website_domain(website: str | None) -> str | None:
    """Return the host of ``website`` without ``www.``, or None."""
    if not website:
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host and "." in host else None


def company_domain(email: str | None) -> str | None:
    """Return the host of a company's e-mail address; None for a private person's."""
    host = email.rpartition("@")[2] if email else ""
    return host if host and host not in _PRIVATE_HOSTS else None


def split_name(name: str) -> tuple[str | None, str]:
    """Split a person's name into first names and the last one."""
    first, _, last = name.strip().rpartition(" ")
    return (first.strip() or None), last
