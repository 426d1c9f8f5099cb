"""From an HTML form to an operation's arguments."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

from services.errors import Invalid, LanewiseError


def form_arguments(names: Iterable[str]) -> dict[str, str]:
    """Return those named fields that the form sent, without spaces at their ends.

    An emptied field is an empty text; the operation knows whether it may be empty.
    """
    return {name: _given(name) for name in names if name in request.form}


def _given(name: str) -> str:
    """Return what was sent under a name; several choices, or a tick, come beside an empty one."""
    return ",".join(text for one in request.form.getlist(name) if (text := one.strip()))


def reason_of(error: LanewiseError) -> str:
    """Return an error as one text, the messages of its fields instead of a pointer to them."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return " ".join(text for messages in fields.values() for text in messages) or error.message
