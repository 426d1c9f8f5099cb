"""Texts that must look a certain way: patterns of the form, e-mail addresses, phone numbers.

Patterns are written for the browser's engine and run here by RE2, whose time grows with the
text and not with the pattern: a form can't hang the server.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN_LENGTH = 1_000
MAX_PATTERN_BYTES = 1 << 20
MAX_EMAIL_LENGTH = 254

# The browser's \uXXXX is \x{XXXX} in RE2; an escaped backslash before it stays one.
_UNICODE_ESCAPE = re.compile(r"((?:^|[^\\])(?:\\\\)*)\\u([0-9a-fA-F]{4})")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_PHONE = re.compile(r"(?:\+|00)[1-9][0-9]{5,14}")
_PHONE_PUNCTUATION = re.compile(r"[ ().\-/]")


class BadPatternError(ValueError):
    """The pattern can't be run; the text says why."""


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """Return the compiled pattern.

    Raises:
        BadPatternError: It is no pattern, or needs look-around or back-references.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise BadPatternError(f"it has more than {MAX_PATTERN_LENGTH} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_BYTES
    try:
        return re2.compile(_UNICODE_ESCAPE.sub(r"\1\\x{\2}", pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPatternError(text) from error


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern is found anywhere in the text, as in the browser."""
    return compile_pattern(pattern).search(text) is not None


def is_email(text: str) -> bool:
    """Tell whether the text is one e-mail address (the addr-spec that browsers accept)."""
    return len(text) <= MAX_EMAIL_LENGTH and _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Tell whether the text is an international phone number (ITU-T E.164)."""
    return _PHONE.fullmatch(_PHONE_PUNCTUATION.sub("", text)) is not None
