"""What an administrator says of a field besides its kind, as it is kept and as ``Field`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from services.custom.attributes import PREFIX
from services.custom.model import CustomField
from services.records.types import Field, FieldRules

GOING: Final = "is_going"
"""Among the options of a field whose values are being deleted, and then itself."""

FORMULA: Final = "formula"
"""The kind of fields that are computed; what they compute has a kind of its own."""

CUSTOM_KINDS: Final[Mapping[str, str]] = {
    "text": "Text",
    "long_text": "Long text",
    "number": "Whole number",
    "decimal": "Number",
    "money": "Money",
    "date": "Date",
    "datetime": "Date and time",
    "boolean": "Yes or no",
    "choice": "Choice",
    "multi_choice": "Several choices",
    "relation": "Link to a record",
    "email": "E-mail address",
    "phone": "Phone number",
    "url": "Web address",
    "file": "File",
    FORMULA: "Formula",
}
"""The kinds that administrators can give a field, and what pages call them."""

CHOICE_KINDS: Final = frozenset({"choice", "multi_choice"})
KEY_KINDS: Final = frozenset({"relation", "file"})
NUMBER_KINDS: Final = frozenset({"number", "decimal", "money"})
LENGTH_KINDS: Final = frozenset({"text", "long_text"})
UNIQUE_KINDS: Final = frozenset({"text", "email", "phone", "url", "number", "decimal", "date"})
UNSORTED_KINDS: Final = frozenset({"long_text", "multi_choice", "relation", "file", FORMULA})
"""Kinds by which lists are not sorted, so that an index would be of no use."""


def attribute_of(row: CustomField) -> str:
    """Return the name of the field as records have it, such as ``c_budget``."""
    return PREFIX + row.key


def field_of(row: CustomField) -> Field:
    """Return an added field as record types have it."""
    options = row.options
    is_computed = row.kind == FORMULA
    choices = options.get("choices")
    return Field(
        name=attribute_of(row),
        label=row.label,
        kind=options.get("result", "text") if is_computed else row.kind,
        choices=None if choices is None else {one["value"]: one["label"] for one in choices},
        relation="document" if row.kind == "file" else options.get("relation"),
        writable=not is_computed,
        hint=options.get("hint") or "",
        is_computed=is_computed,
        is_added=True,
        is_in_list=row.is_in_list,
        is_in_short_form=row.is_in_short_form and not is_computed,
        rules=FieldRules(
            default=options.get("default"),
            minimum=_decimal(options.get("minimum")),
            maximum=_decimal(options.get("maximum")),
            max_length=options.get("max_length"),
            is_unique=row.is_unique,
            retired_choices=frozenset(one["value"] for one in choices or () if one.get("retired")),
        ),
    )


def _decimal(text: Any) -> Decimal | None:
    try:
        return None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None
