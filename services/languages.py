"""Languages by their codes (ISO 639-1), with what they are called in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from babel import Locale
from babel.localedata import locale_identifiers

_LETTERS: Final = 2


def _named() -> Mapping[str, str]:
    """Return the languages in which dates and numbers can be written."""
    names = Locale("en").languages
    codes = {code for code in locale_identifiers() if len(code) == _LETTERS} & names.keys()
    return {code: names[code] for code in sorted(codes, key=lambda code: str(names[code]))}


LANGUAGES: Final = _named()
"""Code → name, by name."""
