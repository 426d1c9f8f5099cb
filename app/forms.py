"""From an HTML form to an operation's arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request

from services.errors import Invalid, LanewiseError


def form_arguments(names: Iterable[str]) -> dict[str, Any]:
    """Return those named fields that the form sent, an emptied one as None.

    A browser leaves an unticked box out, so a box that may be unticked is preceded in its form
    by a hidden field of the same name that is empty.
    """
    return {name: request.form[name].strip() or None for name in names if name in request.form}


def reason_of(error: LanewiseError) -> str:
    """Return an error as one text, the messages of its fields instead of a pointer to them."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return " ".join(text for messages in fields.values() for text in messages) or error.message
