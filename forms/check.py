"""The server's check of what was entered, made from the schema that the browser rendered.

Conditions, limits and choices are evaluated as the browser does: over what the form was opened
with, covered by what was entered, without what is hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final

import orjson

from feel import Calendars
from forms.entries import MISSING, Entry, collect_entries, get_at, put_at, unknown_keys
from forms.errors import FormError
from forms.expressions import Overlay, evaluate, holds, is_expression
from forms.faults import find_faults
from forms.inputs import Refused, read_input
from forms.rules import broken_rules
from forms.schema import Component, Form, build_component

MAX_SCHEMA_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class FormResult:
    """What a check found.

    Attributes:
        values: The accepted values by key, nested where keys have dots (``lead.company`` is
            ``{"lead": {"company": …}}``): of fields that were sent, are shown and may be written,
            and of computed ones. A text left blank is None. To be used only without errors.
        errors: Messages by the field's dotted key; in lists with the row, from 0:
            ``items.2.price``.
    """

    values: dict[str, Any]
    errors: dict[str, list[str]]


def parse_form(text: str | bytes) -> Form:
    """Read a ``.form`` file and check that it can be used.

    Raises:
        FormError: The first fault; `find_faults` names all.
    """
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    if len(raw) > MAX_SCHEMA_BYTES:
        raise FormError(f"The form has more than {MAX_SCHEMA_BYTES} bytes.")
    try:
        schema = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FormError(f"The form is no JSON: {error}.") from error
    return _read_form(orjson.dumps(schema))


def check_form(
    schema: Mapping[str, Any],
    data: Mapping[str, Any],
    context: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
    calendars: Calendars | None = None,
) -> FormResult:
    """Check what was entered into a form.

    Fields that are hidden, disabled or read-only are left out without a word, whatever was sent
    for them; a key that the form does not have is refused.

    Args:
        schema: The form-js schema.
        data: What was sent, nested by key.
        context: What the form was opened with: variables and records by name, read on demand.
        now: The present, for FEEL's ``now()`` and for dates that must not be past.
        calendars: Where FEEL's functions of working time find their calendars.

    Raises:
        FormError: The schema itself is wrong.
    """
    form = _read_form(orjson.dumps(schema, default=dict))
    return _Check(form.root, data, context or {}, now, calendars).result()


@lru_cache(maxsize=256)
def _read_form(canonical: bytes) -> Form:
    schema = orjson.loads(canonical)
    faults = find_faults(schema)
    if faults:
        raise faults[0]
    return Form(schema["id"], build_component(schema), schema)


@dataclass(slots=True)
class _Check:
    """One check: the entries of the form, and what is found about each, step by step."""

    root: Component
    data: Mapping[str, Any]
    inputs: Mapping[str, Any]
    now: datetime | None
    calendars: Calendars | None
    entries: list[Entry] = field(default_factory=list)

    def result(self) -> FormResult:
        self.entries = collect_entries(self.root, self.data, self.inputs)
        self._read()
        # The browser decides in two rounds: what the first hides counts no longer in the second.
        for _ in range(2):
            self._decide_hidden(self._scope())
        scope = self._scope()
        errors = {**unknown_keys(self.root, self.data), **self._broken(scope)}
        return FormResult(self._values(), errors)

    def _read(self) -> None:
        """Take what was sent for each field that may be written.

        Whether a field is read-only may depend on other fields, but never on what was sent for
        one that may be read-only itself.
        """
        inputs = [entry for entry in self.entries if entry.is_input]
        conditional = [one for one in inputs if is_expression(one.component.spec.get("readonly"))]
        self._take(one for one in inputs if one not in conditional)
        scope = self._scope()
        for entry in conditional:
            text = entry.component.spec["readonly"]
            entry.writable = not self._holds(text, entry, scope)
        self._take(conditional)

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry.component.is_always_fixed:
                entry.writable = False
            sent = get_at(self.data, entry.path)
            if not entry.writable or sent is MISSING:
                continue
            entry.sent = True
            try:
                entry.value = read_input(entry.component, sent)
            except Refused as refused:
                entry.refused = str(refused)

    def _scope(self) -> Overlay:
        """Return what expressions see: the answer over what the form was opened with."""
        above: dict[str, Any] = {}
        scope = Overlay(self.inputs, above)
        for entry in self.entries:
            if entry.component.is_list and entry.known is not None:
                put_at(above, entry.path, [{} for _ in range(entry.known)])
            elif entry.is_input:
                put_at(above, entry.path, self._seen(entry))
        for entry in self.entries:
            if entry.component.is_computed:
                entry.value = self._compute(entry, scope, entry.component.spec["expression"])
                put_at(above, entry.path, None if entry.hidden else entry.value)
        return scope

    def _seen(self, entry: Entry) -> Any:
        if not entry.hidden:
            return entry.known
        # In the browser, a hidden field at the top shows through to what it held before.
        return entry.initial if len(entry.path) == 1 else None

    def _compute(self, entry: Entry, scope: Mapping[str, Any], text: str) -> Any:
        return evaluate(text, self._seen_at(entry, scope), self.now, self.calendars)

    def _holds(self, text: str, entry: Entry, scope: Mapping[str, Any]) -> bool:
        return holds(text, self._seen_at(entry, scope), self.now, self.calendars)

    def _seen_at(self, entry: Entry, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what expressions see at the entry: ``this`` is its row, ``i`` its number."""
        this: Any = scope
        parent: Any = None
        numbers: list[int] = []
        for end, part in enumerate(entry.row, 1):
            if isinstance(part, int):
                this, parent = get_at(scope, entry.row[:end]), this
                numbers.append(part + 1)
        local = {"this": this, "parent": parent, "i": numbers}
        hidden_names = {f"_{name}_": value for name, value in local.items()}
        return Overlay(Overlay(local, scope), hidden_names)

    def _decide_hidden(self, scope: Mapping[str, Any]) -> None:
        for entry in self.entries:
            hide = entry.component.hide
            entry.hidden = (entry.parent is not None and entry.parent.hidden) or (
                bool(hide) and self._holds(str(hide), entry, scope)
            )

    def _broken(self, scope: Mapping[str, Any]) -> dict[str, list[str]]:
        errors: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.hidden or not entry.writable:
                continue
            if entry.refused:
                errors[entry.key] = [entry.refused]
            elif entry.is_input:
                compute = partial(self._compute, entry, scope)
                value = entry.value if entry.sent else None
                found = broken_rules(entry.component, value, compute, scope, self.now)
                if found:
                    errors[entry.key] = found
        return errors

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for entry in self.entries:
            if entry.hidden:
                continue
            if entry.component.is_list and entry.sent:
                put_at(values, entry.path, [{} for _ in range(entry.value)])
            elif entry.component.is_computed or (entry.is_input and entry.sent):
                put_at(values, entry.path, _kept(entry))
        return values


def _kept(entry: Entry) -> Any:
    blank = isinstance(entry.value, str) and not entry.value.strip()
    return None if blank and entry.is_input else entry.value
