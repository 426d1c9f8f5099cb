"""The form in which a filter is built: rows of field, operator and value, and groups of them.

The form and the filter's JSON are two spellings of the same. What the form can't show, such as
conditions over records that point here, is kept as text that can be edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from werkzeug.datastructures import MultiDict

from app.records.titles import find_titles
from services.errors import Invalid
from services.filtering.further_fields import further_fields
from services.filtering.operators import TIME_KINDS, Operator, operator_of, operators_of
from services.filtering.parsing import find_field, target_of_type
from services.filtering.periods import SUGGESTED
from services.filtering.relations import target_of
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

MAX_ROWS: Final = 30
_TRUTHS: Final = [("true", "Yes"), ("false", "No")]
_WORDS: Final = {
    "user": [("me", "Me"), ("my team", "My team")],
    "group": [("my team", "My teams")],
}
"""What people and groups are told by without naming one."""


@dataclass(slots=True)
class Row:
    """One condition of the form; ``group`` 0 stands outside of every group.

    Attributes:
        options: What can be chosen; of what is searched for, only what was chosen.
        words: What can be said instead of one that is searched for.
        several: More than one of those can be chosen.
    """

    group: int
    path: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    operators: Sequence[Operator] = ()
    control: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    several: bool = False
    relation: str = ""
    label: str = ""


@dataclass(slots=True)
class FilterForm:
    """A filter as its form shows it.

    Attributes:
        match: ``and`` or ``or``: how the outer rows and the groups are joined.
        groups: Number of a group → how its rows are joined.
        text: The filter as JSON, if the rows can't show it.
    """

    match: str = "and"
    rows: list[Row] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)
    text: str | None = None

    def raw(self, record_type: RecordType) -> dict[str, Any]:
        """Return the filter that the rows say; empty for none."""
        parts = [self._condition(record_type, row) for row in self._of(0)]
        for number, match in self.groups.items():
            inner = [self._condition(record_type, row) for row in self._of(number)]
            if inner:
                parts.append({match: inner})
        return {self.match: parts} if parts else {}

    def _of(self, group: int) -> Iterator[Row]:
        return (row for row in self.rows if row.group == group and row.path)

    def _condition(self, record_type: RecordType, row: Row) -> dict[str, Any]:
        _, found = find_field(target_of_type(record_type), row.path)
        operator = operator_of(found, row.op) or operators_of(found)[0]
        raw: dict[str, Any] = {"field": row.path, "op": operator.name}
        given = [value for value in row.values if value.strip()]
        if operator.takes == "nothing":
            return raw
        if operator.takes == "many" and not _is_chosen(found):
            given = [part.strip() for value in given for part in value.split(",") if part.strip()]
        if not given:
            message = f"{found.label}: give a value."
            raise Invalid(message, {"filter": [message]})
        return {**raw, "value": given if operator.takes in {"many", "two"} else given[0]}


def read_form(arguments: MultiDict[str, str]) -> FilterForm:
    """Return the form that an address carries: ``field-1``, ``op-1``, ``value-1``, ``group-1``."""
    form = FilterForm(match="or" if arguments.get("match") == "or" else "and")
    for name in arguments:
        kind, _, number = name.partition("-")
        if kind == "group" and number.isdigit() and len(form.rows) < MAX_ROWS:
            group = arguments[name]
            form.rows.append(
                Row(
                    int(group) if group.isdigit() and len(group) < 3 else 0,  # noqa: PLR2004
                    arguments.get(f"field-{number}", ""),
                    arguments.get(f"op-{number}", ""),
                    arguments.getlist(f"value-{number}"),
                )
            )
        if kind == "match" and number.isdigit() and len(number) < 3:  # noqa: PLR2004
            form.groups[int(number)] = "or" if arguments[name] == "or" else "and"
    for row in form.rows:
        if row.group and row.group not in form.groups:
            form.groups[row.group] = "or"
    return form


def form_of(raw: Mapping[str, Any]) -> FilterForm | None:
    """Return the form of a filter that is sound; None if rows and groups can't show it."""
    if not raw:
        return FilterForm()
    if "field" in raw:
        raw = {"and": [raw]}
    if len(raw) != 1 or next(iter(raw)) not in {"and", "or"}:
        return None
    form = FilterForm(match=next(iter(raw)))
    for part in raw[form.match]:
        if "field" in part:
            form.rows.append(_row_of(0, part))
            continue
        match = next(iter(part))
        inner = part[match]
        if match not in {"and", "or"} or not all("field" in one for one in inner):
            return None
        number = len(form.groups) + 1
        form.groups[number] = match
        form.rows += [_row_of(number, one) for one in inner]
    return form


def change_form(form: FilterForm, arguments: Mapping[str, str]) -> None:
    """Add or take away what a button of the form says."""
    removed, added = arguments.get("remove", ""), arguments.get("add", "")
    if removed.isdigit() and int(removed) < len(form.rows):
        del form.rows[int(removed)]
    if added == "group":
        number = max(form.groups, default=0) + 1
        form.groups[number] = "and" if form.match == "or" else "or"
        form.rows.append(Row(number))
    elif added.isdigit() and len(form.rows) < MAX_ROWS:
        form.rows.append(Row(int(added)))
    held = {row.group for row in form.rows}
    form.groups = {number: match for number, match in form.groups.items() if number in held}
    if not form.rows:
        form.rows.append(Row(0))


def equip(uow: UnitOfWork, record_type: RecordType, form: FilterForm) -> None:
    """Give each row its operators and the control of its value."""
    target = target_of_type(record_type)
    for row in form.rows:
        if not row.path:
            continue
        try:
            _, found = find_field(target, row.path)
        except Invalid:
            row.path = ""
            continue
        row.operators = operators_of(found)
        operator = operator_of(found, row.op) or row.operators[0]
        if operator.name != row.op:
            row.op, row.values = operator.name, row.values[:1]
        row.label = found.label
        _equip_value(uow, row, found, operator)


def field_options(
    uow: UnitOfWork, record_type: RecordType
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the fields that rows offer: those of the type, and those of what it points to."""
    own = [one for one in uow.readable_fields(record_type) if not one.is_computed]
    further = further_fields(uow, record_type)
    offered = [(record_type.label, [(one.name, one.label) for one in (*own, *further)])]
    for relation in own:
        target = target_of(relation)
        if target is None or target.record_type is None:
            continue
        beyond = (
            *uow.readable_fields(target.record_type),
            *further_fields(uow, target.record_type),
        )
        paths = [
            (f"{relation.related_name}.{one.name}", f"{relation.label}: {one.label}")
            for one in beyond
            if not one.is_computed
        ]
        offered.append((relation.label, paths))
    return offered


def _row_of(group: int, raw: Mapping[str, Any]) -> Row:
    value = raw.get("value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    return Row(group, raw["field"], raw.get("op", "eq"), [_shown(one) for one in values])


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_chosen(found: Field) -> bool:
    return found.choices is not None or found.relation is not None or found.kind == "boolean"


def _equip_value(uow: UnitOfWork, row: Row, found: Field, operator: Operator) -> None:
    several = operator.takes == "many"
    if operator.takes == "nothing":
        row.control = "none"
    elif found.choices is not None:
        row.control, row.options = "several" if several else "one", list(found.choices.items())
    elif found.kind == "boolean":
        row.control, row.options = "one", _TRUTHS
    elif found.relation is not None:
        row.control, row.relation, row.several = "record", found.relation, several
        row.values = row.values if several else row.values[:1]
        row.words = _WORDS.get(found.relation, [])
        row.options = chosen_of(uow, found.relation, row.values)
    elif found.kind in TIME_KINDS:
        row.control = "two_days" if operator.takes == "two" else "day"
        row.options = [(text, text) for text in SUGGESTED]
    else:
        row.control = "two" if operator.takes == "two" else "text"
        if several:
            row.values = [", ".join(row.values)] if row.values else []


def chosen_of(uow: UnitOfWork, relation: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """Return key and title of what was chosen, in order, as far as the actor may see it."""
    keys = []
    for value in values:
        try:
            keys.append(UUID(value))
        except ValueError:
            continue
    titles = find_titles(uow, relation, keys) if keys else {}
    return [(str(key), titles[key].text) for key in dict.fromkeys(keys) if key in titles]
