"""What the operations of fields and types take."""

from __future__ import annotations

import re
from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from services.arguments import Key, Line, LongText, Number, WholeNumber
from services.custom.formulas import FORMULA_KINDS
from services.custom.options import CUSTOM_KINDS
from services.operations import Arguments
from services.records.named import even_if_used
from services.records.schemas import VERSION, AnyRecordType

KEY_LENGTH: Final = 40
MAX_CHOICES: Final = 200
LABEL_LENGTH: Final = 80
HINT_LENGTH: Final = 300
ICONS: Final = (
    "package",
    "bookmark",
    "briefcase",
    "building",
    "calendar",
    "clipboard-list",
    "coin",
    "database",
    "file",
    "flag",
    "folder",
    "heart-handshake",
    "home",
    "key",
    "map-pin",
    "photo",
    "plug",
    "rocket",
    "server",
    "shield-check",
    "star",
    "tag",
    "target",
    "ticket",
    "trophy",
    "users",
    "world",
)
"""The pictures that a type can have; the front end has them all."""

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLACE: Final = re.compile(r"[a-z][a-z0-9-]{0,59}")


class _Short(Line):
    """A line that stands on forms and in headings."""

    max_length = LABEL_LENGTH


class _Hint(Line):
    max_length = HINT_LENGTH


class _Formula(LongText):
    max_length = 2_000


class FieldKey(Line):
    """The name of a field or a type for programs."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not _KEY.fullmatch(text):
            raise ValidationError(
                f"Use a small letter and then small letters, digits and _, {KEY_LENGTH} at most."
            )
        return text


class _Place(Line):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not _PLACE.fullmatch(text):
            raise ValidationError("Use a small letter and then small letters, digits and hyphens.")
        return text


class Choice(Arguments):
    """One thing that can be chosen."""

    value = FieldKey(
        load_default=None,
        allow_none=True,
        metadata={"title": "Value", "description": "For programs; made from the label if empty."},
    )
    label = _Short(required=True, metadata={"title": "Label"})
    retired = fields.Boolean(
        load_default=False, metadata={"title": "Retired", "description": "Nobody can choose it."}
    )


class _FieldArguments(Arguments):
    hint = _Hint(allow_none=True, metadata={"title": "Help text"})
    relation = Line(
        allow_none=True,
        metadata={"title": "Links to", "description": "For links: a record type, user or group."},
    )
    choices = fields.List(
        fields.Nested(Choice),
        validate=validate.Length(max=MAX_CHOICES),
        metadata={"title": "Choices"},
    )
    minimum = Number(allow_none=True, metadata={"title": "At least", "description": "For numbers."})
    maximum = Number(allow_none=True, metadata={"title": "At most", "description": "For numbers."})
    max_length = WholeNumber(
        allow_none=True,
        validate=validate.Range(1, 50_000),
        metadata={"title": "Longest", "description": "For texts, in characters."},
    )
    default = fields.Raw(
        allow_none=True,
        metadata={"title": "Default", "description": "What a new record has if nothing is given."},
    )
    formula = _Formula(
        allow_none=True,
        metadata={"title": "Formula", "description": "FEEL, such as amount * probability / 100."},
    )
    result = Line(
        allow_none=True,
        validate=validate.OneOf(FORMULA_KINDS),
        metadata={"title": "Result", "description": "What the formula computes."},
    )
    is_required = fields.Boolean(metadata={"title": "Required"})
    is_unique = fields.Boolean(metadata={"title": "Unique"})
    is_indexed = fields.Boolean(
        metadata={"title": "Indexed", "description": "Lists can be sorted by it."}
    )
    is_in_list = fields.Boolean(metadata={"title": "Shown in lists"})
    is_in_short_form = fields.Boolean(metadata={"title": "Asked for at once"})


class CreateField(_FieldArguments):
    """Which field is added to which type."""

    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    key = FieldKey(
        load_default=None,
        allow_none=True,
        metadata={"title": "Key", "description": "Such as budget; made from the label if empty."},
    )
    label = _Short(required=True, metadata={"title": "Label"})
    kind = Line(
        required=True,
        validate=validate.OneOf(list(CUSTOM_KINDS), list(CUSTOM_KINDS.values())),
        metadata={"title": "Kind"},
    )


class UpdateField(_FieldArguments):
    """What is changed of a field."""

    field_id = Key(required=True, metadata={"title": "Field"})
    version = VERSION
    even_if_used = even_if_used()
    label = _Short(metadata={"title": "Label"})
    kind = Line(
        validate=validate.OneOf(list(CUSTOM_KINDS), list(CUSTOM_KINDS.values())),
        metadata={"title": "Kind"},
    )


class NameField(Arguments):
    """Which field."""

    field_id = Key(required=True, metadata={"title": "Field"})


class RetireField(NameField):
    """Which field is taken away."""

    even_if_used = even_if_used()


class MoveField(NameField):
    """Which field goes which way."""

    direction = Line(
        required=True, validate=validate.OneOf(("up", "down")), metadata={"title": "Direction"}
    )


class _TypeArguments(Arguments):
    icon = Line(allow_none=True, validate=validate.OneOf(ICONS), metadata={"title": "Icon"})
    title_label = _Short(allow_none=True, metadata={"title": "What its name is called"})


class CreateType(_TypeArguments):
    """Which record type is added."""

    key = FieldKey(
        load_default=None,
        allow_none=True,
        metadata={"title": "Key", "description": "Such as project; made from the name if empty."},
    )
    label = _Short(required=True, metadata={"title": "Name"})
    plural = _Short(required=True, metadata={"title": "Plural"})
    place = _Place(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Address",
            "description": "Made from the plural if empty.",
        },
    )


class UpdateType(_TypeArguments):
    """What is changed of a record type."""

    type_id = Key(required=True, metadata={"title": "Type"})
    version = VERSION
    label = _Short(metadata={"title": "Name"})
    plural = _Short(metadata={"title": "Plural"})


class NameType(Arguments):
    """Which record type."""

    type_id = Key(required=True, metadata={"title": "Type"})
