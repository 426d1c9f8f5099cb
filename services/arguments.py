"""Field kinds of operations' schemas: what people and diagrams may hand in, cleaned once.

Values come from HTML forms (text), JSON and FEEL (numbers, dates), so each kind takes them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validate

from services.money import CURRENCIES
from services.records.contact_points import normalise_email, normalise_phone

CHOICES = "choices"
"""What in an argument's metadata tells its values while modelling: value → label, living ones."""

LINE_LENGTH = 300
TEXT_LENGTH = 50_000
MAX_AMOUNT = Decimal("9999999999999.99")
MAX_CHOICES = 200
MAX_NUMBER = Decimal("999999999999999.9999999999")
MAX_QUANTITY = Decimal("9999999999.999")
_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class Line(fields.String):
    """One line of text; spaces are tidied, and an empty one counts as none."""

    max_length = LINE_LENGTH
    multiline = False

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if _UNKEEPABLE.search(text):
            _refuse("This text has signs that can't be kept.")
        text = self._tidy(text)
        if len(text) > self.max_length:
            _refuse(f"This is longer than {self.max_length} characters.")
        if text or self.allow_none:
            return text or None
        return _refuse("Please fill this in." if self.required else "This must not be empty.")

    def _tidy(self, text: str) -> str:
        return " ".join(text.split())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


class ZoneName(Line):
    """The name of a time zone, such as Europe/Oslo; it may be left out."""

    def __init__(self) -> None:
        told = {"title": "Time zone", "description": "The installation's if left out."}
        super().__init__(load_default=None, allow_none=True, metadata=told)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name is not None and name not in _zones():
            _refuse("There is no such time zone.")
        return name


class LongText(Line):
    """Text of many lines."""

    max_length = TEXT_LENGTH
    multiline = True

    def _tidy(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\r", "\n").strip()


class Email(Line):
    """An e-mail address in its normal spelling."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        return _normalised(super()._deserialize(value, attr, data, **kwargs), normalise_email)


class Phone(Line):
    """A phone number in its normal spelling."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        return _normalised(super()._deserialize(value, attr, data, **kwargs), normalise_phone)


class WebAddress(Line):
    """The address of a web page; ``https://`` is put before one without a scheme."""

    max_length = 2_000

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return _normalised(text, _web_address)


class _BlankIsNone(fields.Field[Any]):
    """Takes empty text, as HTML forms send it, for no value."""

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the cleaned value.

        Raises:
            ValidationError: It breaks a rule of this kind.
        """
        if self.allow_none and isinstance(value, str) and not value.strip():
            value = None
        return super().deserialize(value, attr, data, **kwargs)


class WholeNumber(_BlankIsNone, fields.Integer):
    """A whole number; ``80``, ``80.0`` and ``"80"`` are the same."""

    def _validated(self, value: Any) -> int:
        number = _decimal(value)
        if number != number.to_integral_value():
            _refuse("This is not a whole number.")
        if abs(number) > 2**31 - 1:
            _refuse("This number is out of range.")
        return int(number)


class Number(_BlankIsNone, fields.Decimal):
    """Any number, rounded half up to ten places."""

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if abs(number) > MAX_NUMBER:
            _refuse("This number is out of range.")
        rounded = number.quantize(Decimal("1e-10"), ROUND_HALF_UP).normalize() + 0
        return rounded if rounded.as_tuple().exponent <= 0 else rounded.quantize(Decimal(1))  # type: ignore[operator]


class Truth(_BlankIsNone, fields.Boolean):
    """Yes or no; nothing, as forms send it for a box without a tick, is no where it must be one."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if isinstance(value, str) and not value.strip():
            return False
        return super()._deserialize(value, attr, data, **kwargs)


class Money(_BlankIsNone, fields.Decimal):
    """An amount of 0 or more with two places, or up to four if it has them.

    No currency has more (ISO 4217). Who knows the currency rounds to what that has.
    """

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not 0 <= number <= MAX_AMOUNT:
            _refuse("This amount is out of range.")
        cents = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
        exact = number.quantize(Decimal("0.0001"), ROUND_HALF_UP)
        if exact == cents:
            return cents
        return exact.quantize(Decimal("0.001")) if exact == round(exact, 3) else exact


class Percent(_BlankIsNone, fields.Decimal):
    """0 to 100, rounded half up to two places."""

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not 0 <= number <= 100:  # noqa: PLR2004
            _refuse("A percentage is 0 to 100.")
        return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


class Markup(_BlankIsNone, fields.Decimal):
    """A percentage to add, or below 0 to take off, rounded half up to two places."""

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not -100 <= number <= 1000:  # noqa: PLR2004
            _refuse("This is -100 to 1000 percent.")
        return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


class Quantity(_BlankIsNone, fields.Decimal):
    """How much of something: more than 0, rounded half up to three places."""

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not 0 < number <= MAX_QUANTITY:
            _refuse("A quantity is more than 0.")
        return number.quantize(Decimal("0.001"), ROUND_HALF_UP)


class UnitPrice(_BlankIsNone, fields.Decimal):
    """A price of 0 or more with up to six places: a screw may cost less than a cent."""

    def _validated(self, value: Any) -> Decimal:
        number = _decimal(value)
        if not 0 <= number <= MAX_AMOUNT:
            _refuse("This price is out of range.")
        return number.quantize(Decimal("0.000001"), ROUND_HALF_UP).normalize() + 0


class Currency(Line):
    """The three letters of a currency (ISO 4217)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        code = super()._deserialize(value, attr, data, **kwargs)
        if code is not None and code.upper() not in CURRENCIES:
            _refuse("Use a currency's three letters, such as EUR.")
        return code and code.upper()


class Moment(_BlankIsNone, fields.AwareDateTime):
    """A point in time; without an offset it counts as UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = value.isoformat() if isinstance(value, datetime) else value
        try:
            return super()._deserialize(text, attr, data, **kwargs).astimezone(UTC)
        except OverflowError:
            return _refuse("This is not a date and time.")


class Day(_BlankIsNone, fields.Date):
    """A calendar date."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = value.isoformat() if isinstance(value, date) else value
        return super()._deserialize(text, attr, data, **kwargs)


class Key(_BlankIsNone, fields.UUID):
    """The key of a record, a document or a user."""


class Choices(_BlankIsNone, fields.List[Any]):
    """Several choices, each once; a text with commas between them will do."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Line(), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        several = value.split(",") if isinstance(value, str) else value
        if not isinstance(several, list | tuple) or len(several) > MAX_CHOICES:
            _refuse("This is not a list of choices.")
        given = [one for one in several if not (isinstance(one, str) and not one.strip())]
        found = super()._deserialize(given, attr, data, **kwargs)
        if not found and not self.allow_none:
            _refuse("Please choose something.")
        return list(dict.fromkeys(found)) or None


class Keys(fields.List[Any]):
    """A list of keys, so many at most; a single one need not be a list."""

    def __init__(self, *, most: int = 100, **kwargs: Any) -> None:
        super().__init__(Key(), validate=validate.Length(max=most), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        several = value if isinstance(value, list | tuple) else [value]
        return super()._deserialize([key for key in several if key], attr, data, **kwargs)


def _web_address(text: str) -> str:
    """Return the address with its scheme.

    Raises:
        ValueError: It is none that a browser may be sent to.
    """
    address = text if "://" in text else f"https://{text}"
    message = "Use a web address, such as https://example.com."
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(message) from error
    if parts.scheme not in {"http", "https"} or not host or port == 0 or " " in text:
        raise ValueError(message)
    return address


def _decimal(value: Any) -> Decimal:
    """Read a number exactly as it is written; a binary float by its shortest spelling."""
    if not isinstance(value, bool) and isinstance(value, int | float | Decimal | str):
        try:
            number = Decimal(str(value).strip().replace(" ", "").replace("\u00a0", ""))
        except InvalidOperation:
            return _refuse("This is not a number.")
        if number.is_finite() and number.adjusted() < 40:  # noqa: PLR2004
            return number
    return _refuse("This is not a number.")


def _normalised(text: str | None, normalise: Callable[[str], str]) -> str | None:
    if text is None:
        return None
    try:
        return normalise(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def _refuse(message: str) -> NoReturn:
    raise ValidationError(message)
