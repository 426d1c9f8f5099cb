"""Any text of a date, time, date and time or duration."""

from feel.dates import FeelDate, FeelDateTime, FeelTime, parse_date, parse_date_time, parse_time
from feel.durations import DayTimeDuration, YearMonthDuration, parse_duration

Temporal = FeelDate | FeelTime | FeelDateTime | DayTimeDuration | YearMonthDuration


def parse_temporal(text: str) -> Temporal | None:
    """Read a text of any of the temporal types; None if it is of none."""
    return parse_date_time(text) or parse_date(text) or parse_time(text) or parse_duration(text)
