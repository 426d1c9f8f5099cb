"""Whether what an administrator says of a field makes sense, and what of it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError

from services.custom.formulas import check_formula
from services.custom.keys import key_from
from services.custom.model import CustomField
from services.custom.options import (
    CHOICE_KINDS,
    FORMULA,
    LENGTH_KINDS,
    NUMBER_KINDS,
    UNIQUE_KINDS,
    UNSORTED_KINDS,
    attribute_of,
    field_of,
)
from services.custom.values import storage_of
from services.errors import Invalid
from services.records.schemas import argument_with_rules
from services.records.types import RecordType, find_record_type, find_relation

OPTION_NAMES: Final = (
    "hint",
    "relation",
    "choices",
    "minimum",
    "maximum",
    "max_length",
    "default",
    "formula",
    "result",
)
"""Those arguments of the operations that are kept in ``CustomField.options``."""

_RELATIONS: Final = ("user", "group")
Errors = dict[str, list[str]]


def checked_options(
    row: CustomField,
    record_type: RecordType,
    options: Mapping[str, Any],
    others: Sequence[CustomField],
) -> dict[str, Any]:
    """Return what is kept of ``options`` for the kind of ``row``; the rest is dropped.

    ``others`` are the type's other fields.

    Raises:
        Invalid: With messages by argument.
    """
    kept: dict[str, Any] = {"hint": options.get("hint")}
    errors: Errors = {}
    if row.kind == FORMULA:
        _check_formula(row, record_type, options, others)
        kept |= {"formula": options["formula"], "result": options["result"]}
    elif row.kind == "relation":
        kept["relation"] = _relation(options.get("relation"), errors)
    elif row.kind in CHOICE_KINDS:
        kept["choices"] = _choices(options.get("choices") or [], errors)
    elif row.kind in NUMBER_KINDS:
        kept |= _bounds(options, errors)
    elif row.kind in LENGTH_KINDS:
        kept["max_length"] = options.get("max_length")
    if errors:
        raise Invalid("Please check the marked fields.", errors)
    row.options = {name: value for name, value in kept.items() if value is not None}
    default = options.get("default")
    if row.kind not in {FORMULA, "file"} and default not in (None, "", []):
        row.options = {**row.options, "default": _default(row, default)}
    return row.options


def check_flags(row: CustomField) -> None:
    """Refuse what a field of this kind can't be; a unique one is indexed, since it is looked for.

    Raises:
        Invalid: With messages by argument.
    """
    if row.is_unique and row.kind not in UNIQUE_KINDS:
        raise _refused("is_unique", "Values of this kind can't be unique.")
    if row.is_unique and row.options.get("default") is not None:
        raise _refused("default", "A unique field has no default.")
    if row.kind == "relation":
        row.is_indexed = True  # the page of what it points to looks for it
    elif row.is_indexed and row.kind in UNSORTED_KINDS:
        raise _refused("is_indexed", "Lists can't be sorted by values of this kind.")
    if row.is_required and row.kind in {FORMULA, "file"}:
        raise _refused("is_required", "Values of this kind can't be required.")
    row.is_indexed = row.is_indexed or row.is_unique


def _check_formula(
    row: CustomField,
    record_type: RecordType,
    options: Mapping[str, Any],
    others: Sequence[CustomField],
) -> None:
    for name in ("formula", "result"):
        if not options.get(name):
            raise _refused(name, "Please fill this in.")
    formulas = {attribute_of(one): one.options["formula"] for one in others if one.kind == FORMULA}
    check_formula(options["formula"], options["result"], record_type, attribute_of(row), formulas)


def _relation(name: str | None, errors: Errors) -> str | None:
    known = name in _RELATIONS if find_relation(name or "") else find_record_type(name or "")
    if not known:
        errors["relation"] = ["Say which records, people or groups it links to."]
    return name


def _choices(given: Sequence[Mapping[str, Any]], errors: Errors) -> list[dict[str, Any]]:
    """Return the choices, each with a value of its own."""
    kept: list[dict[str, Any]] = []
    values: set[str] = {one["value"] for one in given if one.get("value")}
    for one in given:
        value = one.get("value")
        if value is None:
            value = key_from(one["label"], values, otherwise="choice")
            values.add(value)
        kept.append({"value": value, "label": one["label"]})
        if one.get("retired"):
            kept[-1]["retired"] = True
    if not any("retired" not in one for one in kept):
        errors["choices"] = ["Add a choice at least."]
    labels = [one["label"].casefold() for one in kept]
    if len(set(labels)) < len(labels) or len({one["value"] for one in kept}) < len(kept):
        errors["choices"] = ["Two choices are the same."]
    return kept


def _bounds(options: Mapping[str, Any], errors: Errors) -> dict[str, Any]:
    found = {
        name: Decimal(str(options[name]))
        for name in ("minimum", "maximum")
        if options.get(name) is not None
    }
    if len(found) > 1 and found["minimum"] > found["maximum"]:
        errors["maximum"] = ["This is less than the minimum."]
    return {name: format(number, "f") for name, number in found.items()}


def _default(row: CustomField, given: Any) -> Any:
    """Return a default as it is kept: as values of its kind are."""
    argument = argument_with_rules(field_of(row), required=True)
    try:
        value = argument.deserialize(_chosen(row, given) if row.kind in CHOICE_KINDS else given)
    except ValidationError as error:
        raise _refused("default", str(error.messages[0])) from error
    return None if value is None else storage_of(row.kind).encode(value)


def _chosen(row: CustomField, given: Any) -> Any:
    """Return choices by their values, where they were given as people read them."""
    values = {one["label"].casefold(): one["value"] for one in row.options["choices"]}

    def value_of(text: Any) -> Any:
        return values.get(text.strip().casefold(), text) if isinstance(text, str) else text

    if row.kind == "choice" or value_of(given) in values.values():
        return value_of(given)
    several = given.split(",") if isinstance(given, str) else given
    return [value_of(one) for one in several] if isinstance(several, list) else several


def _refused(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})
