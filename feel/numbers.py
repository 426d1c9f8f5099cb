"""Numbers: decimals of 34 digits, rounded half to even (decimal128; DMN 1.5, 10.3.2.3.1)."""

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

DIGITS = 34
CONTEXT = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
ZERO = Decimal(0)
ONE = Decimal(1)
# What the operations of the context raise: the result has no number.
NO_NUMBER = (InvalidOperation, DivisionByZero, Overflow)
MAX_INTEGER = Decimal(10) ** 18


def to_number(value: Decimal | int | float) -> Decimal | None:
    """Return a number of 34 digits; None for what is not finite.

    A float becomes the decimal that Python prints for it: 0.1 is one tenth.
    """
    try:
        number = CONTEXT.create_decimal(repr(value) if isinstance(value, float) else value)
    except NO_NUMBER:
        return None
    return number if number.is_finite() else None


def read_number(text: str) -> Decimal | None:
    """Return the number that a decimal literal stands for; None if there is none so large."""
    try:
        return to_number(Decimal(text))
    except InvalidOperation:
        # The exponent is beyond what Python's decimals can hold.
        return None


def to_integer(number: Decimal) -> int | None:
    """Return the integer that a number is; None if it has a fraction or more than 18 digits."""
    if abs(number) > MAX_INTEGER or number != number.to_integral_value():
        return None
    return int(number)


def format_number(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at the end of its fraction."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
