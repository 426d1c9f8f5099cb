"""Arguments that several routes of the API take."""

from __future__ import annotations

import re

from flask import request

from services.errors import Invalid


def limit_argument() -> int:
    """Return the argument ``limit``, 50 if there is none.

    Raises:
        Invalid: It is no number from 1 to 200.
    """
    text = request.args.get("limit", "50")
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 200:  # noqa: PLR2004
        raise Invalid("A page has 1 to 200 entries.", {"limit": ["Use 1 to 200."]})
    return int(text)
