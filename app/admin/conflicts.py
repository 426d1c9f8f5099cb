"""A form that two people change at once: what one of them left alone is taken from the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from flask import request

from services.errors import LanewiseError, StaleVersion


@dataclass(frozen=True, slots=True)
class Editing:
    """What a form shows.

    Attributes:
        values: By control.
        seen: What was stored when the person began, to be sent along.
        version: That was stored then.
        notes: By control: what is stored now, where the person has typed something else.
    """

    values: Mapping[str, str]
    seen: Mapping[str, str]
    version: str
    notes: dict[str, str] = field(default_factory=dict)


def editing(
    version: int,
    stored: Mapping[str, str],
    given: Mapping[str, str] | None,
    error: LanewiseError | None,
) -> Editing:
    """Return what the form of a row shows: what is stored, or what was sent and refused.

    Where somebody else was quicker, controls that were left alone show what is stored now, and the
    others say so; sent once more, the form is about that version.
    """
    if given is None:
        return Editing(stored, stored, str(version))
    seen = _sent()
    if not isinstance(error, StaleVersion):
        return Editing(given, seen, request.form.get("version", ""))
    values = {
        name: stored[name] if text == seen.get(name) else text for name, text in given.items()
    }
    notes = {
        name: f"Saved now: {stored[name] or 'nothing'}"
        for name, text in values.items()
        if text != stored[name]
    }
    return Editing(values, stored, str(version), notes)


def _sent() -> dict[str, str]:
    with suppress(ValueError):
        seen = json.loads(request.form.get("seen") or "{}")
        return seen if isinstance(seen, dict) else {}
    return {}
