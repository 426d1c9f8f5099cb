"""Functions of numbers (DMN 1.5, 10.3.4.5)."""

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

from feel.builtin.registry import builtin
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import NullResult
from feel.numbers import CONTEXT, ZERO, to_integer

_MIN_SCALE, _MAX_SCALE = -6111, 6176
_TWO = Decimal(2)
# Enough digits to hold any number and any scale at once before it is rounded to 34 again.
_WIDE = Context(prec=13_000, Emin=-20_000, Emax=20_000)


def round_at(number: Decimal, scale: Decimal, rounding: str) -> Decimal:
    """Round a number to so many digits after the point, or before it if negative.

    Raises:
        NullResult: The scale is out of bounds.
    """
    digits = to_integer(scale.to_integral_value(ROUND_DOWN))
    if digits is None or not _MIN_SCALE <= digits <= _MAX_SCALE:
        raise NullResult("scale is out of bounds")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= digits:
        return number
    unit = Decimal((0, (1,), -digits))
    return CONTEXT.plus(number.quantize(unit, rounding=rounding, context=_WIDE))


@builtin("decimal", "n: number, scale: number")
def round_half_even(number: Decimal, scale: Decimal) -> Decimal:
    """Round, a half to the even neighbour."""
    return round_at(number, scale, ROUND_HALF_EVEN)


@builtin("floor", "n: number, scale?: number")
def floor(number: Decimal, scale: Decimal = ZERO) -> Decimal:
    """Round towards minus infinity."""
    return round_at(number, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number, scale?: number")
def ceiling(number: Decimal, scale: Decimal = ZERO) -> Decimal:
    """Round towards infinity."""
    return round_at(number, scale, ROUND_CEILING)


@builtin("round up", "n: number, scale: number")
def round_up(number: Decimal, scale: Decimal) -> Decimal:
    """Round away from zero."""
    return round_at(number, scale, ROUND_UP)


@builtin("round down", "n: number, scale: number")
def round_down(number: Decimal, scale: Decimal) -> Decimal:
    """Round towards zero."""
    return round_at(number, scale, ROUND_DOWN)


@builtin("round half up", "n: number, scale: number")
def round_half_up(number: Decimal, scale: Decimal) -> Decimal:
    """Round, a half away from zero."""
    return round_at(number, scale, ROUND_HALF_UP)


@builtin("round half down", "n: number, scale: number")
def round_half_down(number: Decimal, scale: Decimal) -> Decimal:
    """Round, a half towards zero."""
    return round_at(number, scale, ROUND_HALF_DOWN)


@builtin("abs", "n: number|days and time duration|years and months duration")
def absolute(
    value: Decimal | DayTimeDuration | YearMonthDuration,
) -> Decimal | DayTimeDuration | YearMonthDuration:
    """Return a number or duration without its sign."""
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(abs(value.nanos))
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(abs(value.total))
    return CONTEXT.abs(value)


def _remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return what is left of a division, with the sign of the dividend, however large."""
    if not divisor:
        raise NullResult("divisor is zero")
    return CONTEXT.plus(_WIDE.remainder(dividend, divisor))


@builtin("modulo", "dividend: number, divisor: number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return what is left of a division, with the sign of the divisor."""
    rest = _remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = CONTEXT.add(rest, divisor)
    return rest


@builtin("sqrt", "number: number")
def square_root(number: Decimal) -> Decimal:
    """Return the square root of a number that is not negative."""
    return CONTEXT.sqrt(number)


@builtin("log", "number: number")
def natural_logarithm(number: Decimal) -> Decimal:
    """Return the natural logarithm of a positive number."""
    if number <= 0:
        raise NullResult("number is not positive")
    return CONTEXT.ln(number)


@builtin("exp", "number: number")
def exponential(number: Decimal) -> Decimal:
    """Return e to the power of a number."""
    return CONTEXT.exp(number)


@builtin("odd", "number: number")
def is_odd(number: Decimal) -> bool:
    """Tell whether a number is an odd integer."""
    return abs(_remainder(number, _TWO)) == 1


@builtin("even", "number: number")
def is_even(number: Decimal) -> bool:
    """Tell whether a number is an even integer."""
    return _remainder(number, _TWO) == 0
