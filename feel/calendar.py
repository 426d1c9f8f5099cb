"""The proleptic Gregorian calendar for years from -999,999,999 to 999,999,999.

Python's `datetime` ends at the years 1 and 9999. Year 0 exists here, as in ISO 8601 and XSD 1.1.
The day counts follow the well-known scheme of eras of 400 years that begin on 1 March.
"""

MAX_YEAR = 999_999_999
_DAYS_BEFORE_EPOCH = 719_468  # from 0000-03-01 to 1970-01-01
_DAYS_PER_ERA = 146_097
_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap_year(year: int) -> bool:
    """Tell whether a year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Return the length of a month (1 to 12)."""
    return 29 if month == 2 and is_leap_year(year) else _MONTH_LENGTHS[month - 1]  # noqa: PLR2004


def is_valid_date(year: int, month: int, day: int) -> bool:
    """Tell whether the three make a date of the calendar."""
    return (
        -MAX_YEAR <= year <= MAX_YEAR
        and 1 <= month <= 12  # noqa: PLR2004
        and 1 <= day <= days_in_month(year, month)
    )


def to_day_number(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01, which is day 0."""
    if month <= 2:  # noqa: PLR2004
        year -= 1
        month += 12
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_PER_ERA + day_of_era - _DAYS_BEFORE_EPOCH


def from_day_number(number: int) -> tuple[int, int, int]:
    """Return year, month and day of a day counted from 1970-01-01."""
    era, day_of_era = divmod(number + _DAYS_BEFORE_EPOCH, _DAYS_PER_ERA)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9  # noqa: PLR2004
    year = era * 400 + year_of_era + (month <= 2)  # noqa: PLR2004
    return year, month, day


def add_months(year: int, month: int, day: int, months: int) -> tuple[int, int, int]:
    """Return the date so many months later, its day cut to the length of that month."""
    years, month_index = divmod(year * 12 + month - 1 + months, 12)
    return years, month_index + 1, min(day, days_in_month(years, month_index + 1))


def to_weekday(number: int) -> int:
    """Return the day of the week of a day number, 1 for Monday to 7 for Sunday."""
    return (number + 3) % 7 + 1


def to_iso_week(number: int) -> int:
    """Return the number of the ISO 8601 week that a day number lies in."""
    thursday = number - to_weekday(number) + 4
    year = from_day_number(thursday)[0]
    return (thursday - to_day_number(year, 1, 1)) // 7 + 1
