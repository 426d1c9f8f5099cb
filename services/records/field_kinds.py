"""The kinds of fields: what each takes, what it answers, how it is compared and typed in.

Whatever depends on the kind of a field asks this registry: schemas, the API, filters, lists,
forms. A new kind is one more entry here, and a control and a cell in the templates if none fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import fields

from services import arguments


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A kind of fields.

    Attributes:
        name: As ``Field.kind`` names it.
        argument: Takes a value, from a form, JSON or FEEL.
        answer: How the API describes and writes a value.
        control: What a form shows: a name that ``records/cells.html`` knows.
        is_ordered: Values are smaller and greater: numbers and times.
        is_textual: Values are texts, which are searched in parts and sorted without case.
        is_numeric: Values are numbers, which stand at the right of a column.
        is_several: A value is a list.
    """

    name: str
    label: str
    argument: type[fields.Field[Any]]
    answer: type[fields.Field[Any]] = fields.String
    control: str = "text"
    is_ordered: bool = False
    is_textual: bool = False
    is_numeric: bool = False
    is_several: bool = False

    @property
    def is_decimal(self) -> bool:
        """Whether values are exact decimals, which JSON carries as text."""
        return issubclass(self.answer, fields.Decimal)


def _text(
    name: str,
    label: str,
    argument: type[fields.Field[Any]],
    control: str,
    answer: type[fields.Field[Any]] = fields.String,
) -> FieldKind:
    return FieldKind(name, label, argument, answer, control, is_textual=True)


def _number(
    name: str,
    label: str,
    argument: type[fields.Field[Any]],
    control: str = "decimal",
    answer: type[fields.Field[Any]] = fields.Decimal,
) -> FieldKind:
    return FieldKind(name, label, argument, answer, control, is_ordered=True, is_numeric=True)


class _ManyTexts(fields.List[Any]):
    """A list of texts, as the API answers several choices."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)


_ALL: Final = (
    _text("text", "Text", arguments.Line, "text"),
    _text("long_text", "Long text", arguments.LongText, "long_text"),
    _text("email", "E-mail address", arguments.Email, "email", fields.Email),
    _text("phone", "Phone number", arguments.Phone, "phone"),
    _text("url", "Web address", arguments.WebAddress, "url", fields.Url),
    _number("number", "Whole number", arguments.WholeNumber, "number", fields.Integer),
    _number("decimal", "Number", arguments.Number),
    _number("money", "Money", arguments.Money, "money"),
    _number("percent", "Percent", arguments.Percent),
    _number("markup", "Surcharge in percent", arguments.Markup),
    _number("quantity", "Quantity", arguments.Quantity),
    FieldKind("currency", "Currency", arguments.Currency),
    FieldKind("date", "Date", arguments.Day, fields.Date, "date", is_ordered=True),
    FieldKind(
        "datetime",
        "Date and time",
        arguments.Moment,
        fields.AwareDateTime,
        "datetime",
        is_ordered=True,
    ),
    FieldKind("choice", "Choice", arguments.Line, control="choice"),
    FieldKind(
        "multi_choice",
        "Several choices",
        arguments.Choices,
        _ManyTexts,
        "multi_choice",
        is_several=True,
    ),
    FieldKind("boolean", "Yes or no", arguments.Truth, fields.Boolean, "boolean"),
    FieldKind("relation", "Link to a record", arguments.Key, fields.UUID, "relation"),
    FieldKind("file", "File", arguments.Key, fields.UUID, "file"),
)

FIELD_KINDS: Final[Mapping[str, FieldKind]] = {kind.name: kind for kind in _ALL}
