"""A form that two people change at once: what one of them left alone is taken from the other."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import g, has_request_context, request

from services.errors import LanewiseError, StaleVersion
from services.joining import joined


@dataclass(frozen=True, slots=True)
class Editing:
    """What a form shows.

    Attributes:
        values: By control.
        seen: What was stored when the person began, to be sent along.
        version: That was stored then.
        notes: By control: what is stored now, where both have changed it; the
            `field` macro shows them below their controls.
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
    sets: Collection[str] = (),
) -> Editing:
    """Return what the form of a row shows: what is stored, or what was sent and refused.

    Where somebody else was quicker, controls that were left alone show what is stored now, and
    those that both changed say so; sent once more, the form is about that version. Of a set, such
    as ticked boxes, what either of them has added or taken away is so.

    Args:
        version: Of the row.
        stored: By control, as text.
        given: What was sent, with a text for each control; None if nothing was.
        error: Why it was refused.
        sets: Controls that hold several values below each other, in no order.
    """
    if given is None:
        return Editing(stored, stored, str(version))
    given = {name: plain_lines(text) for name, text in given.items()}
    seen = seen_before()
    if not isinstance(error, StaleVersion):
        return Editing(given, seen, request.form.get("version", ""))
    values = {
        name: stored[name] if text == seen.get(name) else text for name, text in given.items()
    }
    values |= {name: _joined_lines(stored[name], given[name], seen.get(name)) for name in sets}
    notes = {
        name: f"Saved now: {stored[name] or 'nothing'}"
        for name, text in values.items()
        if name not in sets and stored[name] not in {text, seen.get(name)}
    }
    g.saved_now = notes
    return Editing(values, stored, str(version), notes)


def _joined_lines(stored: str, given: str, seen: str | None) -> str:
    there = stored.splitlines()
    lines = joined(there, given.splitlines(), None if seen is None else seen.splitlines())
    return "\n".join(sorted(lines, key=lambda line: (line not in there, line)))


def saved_now(name: str) -> str:
    """Return what a form says of a control that somebody else has changed meanwhile, if any."""
    notes: Mapping[str, str] = g.get("saved_now", {}) if has_request_context() else {}
    return notes.get(name, "")


def control_texts(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return values as texts by control: a tick is ``1``, several lines stand below each other."""
    return {name: _control_text(values.get(name)) for name in names}


def _control_text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return "\n".join(str(one) for one in value)
    return "1" if value is True else str(value)


def plain_lines(text: str) -> str:
    """Return a text as it is kept: browsers end lines in their own way."""
    return text.replace("\r\n", "\n")


def seen_before() -> dict[str, str]:
    """Return what the controls held when the form was shown, as it was sent along."""
    with suppress(ValueError):
        seen = json.loads(request.form.get("seen") or "{}")
        if isinstance(seen, dict):
            return {name: text for name, text in seen.items() if isinstance(text, str)}
    return {}
