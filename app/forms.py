"""From an HTML form to an operation's arguments."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

from services.errors import Invalid, LanewiseError


def form_arguments(names: Iterable[str]) -> dict[str, str]:
    """Return those named fields that the form sent, without spaces at their ends.

    An emptied field is an empty text; the operation knows whether it may be empty.
    """
    return {name: request.form[name].strip() for name in names if name in request.form}


def reason_of(error: LanewiseError) -> str:
    """Return an error as one text, the messages of its fields instead of a pointer to them."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return " ".join(text for messages in fields.values() for text in messages) or error.message
